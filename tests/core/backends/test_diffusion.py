"""What holds for a drawing with any diffusers pipeline: seen on tiny pipelines of the real classes, with random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from core.backends.diffusion import DiffusionPainter, check_reference
from core.dialect import Pack
from core.errors import BadImage, DrawError, ProfileError
from core.ports import DrawCase, StepProgress
from core.types import Notes
from tests.core.backends.streams import drain
from tests.core.backends.tiny_painters import (
    EDITORS,
    KLEIN_OPTIONS,
    PIPELINES,
    STEPS,
    before,
    draw,
    painter,
    photo,
    pixels,
    small_references,
)
from tests.core.backends.tiny_pipelines import SIDE

pytestmark = pytest.mark.usefixtures(small_references.__name__)


@pytest.fixture(params=PIPELINES)
def any_painter(request: pytest.FixtureRequest) -> DiffusionPainter:
    return painter(request.param)[0]


@pytest.fixture(params=EDITORS)
def editor(request: pytest.FixtureRequest) -> DiffusionPainter:
    return painter(request.param)[0]


def test_a_seed_draws_the_same_picture_again_and_another_seed_another_one(any_painter: DiffusionPainter) -> None:
    first = draw(any_painter, seed=1)
    assert first.size == (SIDE, SIDE)
    assert first.mode == "RGB"
    assert pixels(draw(any_painter, seed=2)) != pixels(first)
    assert pixels(draw(any_painter, seed=1)) == pixels(first)


def test_an_edit_depends_on_its_source_and_on_its_prompt(editor: DiffusionPainter) -> None:
    edit = draw(editor, source=photo())
    assert edit.size == (SIDE, SIDE)
    assert pixels(edit) != pixels(draw(editor, source=photo(hue=90)))
    assert pixels(edit) != pixels(draw(editor, source=photo(), prompt="a dog"))
    assert pixels(edit) == pixels(draw(editor, source=photo()))


def test_every_denoising_step_of_every_case_is_reported_in_order(any_painter: DiffusionPainter) -> None:
    deltas, pictures = drain(any_painter.draw([DrawCase("a cat", None, 1), DrawCase("a dog", None, 2)]))
    assert deltas == [StepProgress(index=index, done=done + 1, total=STEPS) for index in range(2) for done in range(STEPS)]
    assert pixels(pictures[0]) != pixels(pictures[1])


def test_a_pipeline_that_only_edits_begins_on_a_white_canvas_of_the_profiles_size() -> None:
    artist, _ = painter("qwen-edit", width=96)
    begun = draw(artist)
    assert begun.size == (96, SIDE)
    assert pixels(begun) == pixels(draw(artist, source=Image.new("RGB", (96, SIDE), "white")))


def test_another_pipeline_may_draw_what_has_no_source() -> None:
    edits, _ = painter("qwen-edit")
    from_text, _ = painter("stable-diffusion")
    both = DiffusionPainter(edits._edits, from_text._edits)
    assert pixels(draw(both)) == pixels(draw(from_text))
    assert pixels(draw(both, source=photo())) == pixels(draw(edits, source=photo()))
    assert both.name == "qwen-edit@0+stable-diffusion@0"


def test_a_pipeline_that_cannot_edit_says_so_in_place_and_draws_the_rest() -> None:
    artist, _ = painter("stable-diffusion")
    _, (edit, begun) = drain(artist.draw([DrawCase("a cat", photo(), 1), DrawCase("a cat", None, 1)]))
    assert isinstance(edit, DrawError)
    assert "StableDiffusionPipeline only draws from text" in str(edit)
    assert isinstance(begun, Image.Image)


def test_a_source_of_other_proportions_keeps_them_in_about_the_same_area() -> None:
    artist, _ = painter("klein")
    assert draw(artist, source=photo(128, 128)).size == (64, 64)
    assert draw(artist, source=photo(200, 100)).size == (96, 48)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "CMYK"])
def test_a_source_of_any_mode_is_taken(mode: str) -> None:
    artist, _ = painter("klein")
    assert draw(artist, source=photo().convert(mode)).mode == "RGB"


def test_what_is_transparent_in_a_source_is_white_to_the_pipeline() -> None:
    artist, _ = painter("klein")
    clear = Image.merge("RGBA", [*photo().split(), Image.new("L", (SIDE, SIDE), 0)])
    assert pixels(draw(artist, source=clear)) == pixels(draw(artist, source=Image.new("RGB", (SIDE, SIDE), "white")))


@pytest.mark.parametrize("size", [(63, 64), (64, 63), (64, 513), (600, 70)])
def test_a_reference_too_small_or_too_narrow_is_refused_before_the_model_runs(size: tuple[int, int]) -> None:
    with pytest.raises(BadImage, match=f"{size[0]} × {size[1]} pixels"):
        check_reference(photo(*size))
    artist, pipe = painter("klein")
    with before(pipe.text_encoder, lambda *_: pytest.fail("the model ran")):
        assert isinstance(draw(artist, source=photo(*size)), DrawError)


@pytest.mark.parametrize("size", [(64, 64), (64, 512), (512, 64), (1000, 700)])
def test_a_reference_within_the_bounds_is_taken(size: tuple[int, int]) -> None:
    check_reference(photo(*size))


def test_guidance_reaches_each_class_by_the_name_it_has_there() -> None:
    # An undistilled klein, Stable Diffusion and Kontext by guidance_scale, Qwen by true_cfg_scale and a negative prompt.
    for kind, weak, strong in [
        ("klein-undistilled", 1.0, 6.0),
        ("stable-diffusion", 1.0, 9.0),
        ("kontext", 1.0, 4.0),
        ("qwen-edit", 1.0, 6.0),
    ]:
        assert pixels(draw(painter(kind, guidance=weak)[0])) != pixels(draw(painter(kind, guidance=strong)[0])), kind


def test_an_option_that_the_pipeline_does_not_have_is_an_error_at_the_start() -> None:
    with pytest.raises(ProfileError, match="Flux2KleinPipeline takes no option 'strength'"):
        painter("klein", options={"strength": 0.5})


def test_klein_reads_a_prompt_once_and_draws_as_if_it_had_read_it_again() -> None:
    artist, pipe = painter("klein")
    reads = 0

    def count(*_: Any) -> None:
        nonlocal reads
        reads += 1

    with before(pipe.text_encoder.model, count):
        pictures = [pixels(draw(artist, seed=seed)) for seed in (1, 2, 3)]
        draw(artist, prompt="a dog")
    assert reads == 2
    arguments = {"width": SIDE, "height": SIDE, "num_inference_steps": STEPS, "guidance_scale": 1.0, "max_sequence_length": 32}
    plain = pipe(prompt="a cat", generator=torch.Generator("cpu").manual_seed(3), **arguments, **KLEIN_OPTIONS).images[0]
    assert plain.tobytes() == pictures[2]


# ---------------------------------------------------------------- a story's notes and references

NOTES = Notes(style="ink", characters="Mila, an orange cat", avoid="balloons")
PACK = Pack(name="test", planner="", critic="", painter="", painter_notes="Style: {{style}}\nNo: {{avoid}}")


def test_a_storys_notes_are_part_of_what_the_pipeline_reads(editor: DiffusionPainter) -> None:
    noting = DiffusionPainter(editor._edits, pack=PACK)
    _, [plain, noted] = drain(noting.draw([DrawCase("a cat", photo(), 1), DrawCase("a cat", photo(), 1, NOTES)]))
    assert pixels(plain) == pixels(draw(editor, source=photo()))
    assert pixels(noted) != pixels(plain)


def test_what_is_not_wanted_is_a_negative_prompt_where_one_is_read_and_else_part_of_the_prompt() -> None:
    guided, _ = painter("qwen-edit", guidance=4.0)
    assert guided._edits.heeded(NOTES).avoid == ""
    assert guided._edits._arguments(DrawCase("a cat", photo(), 1, NOTES), lambda *_: None)["negative_prompt"] == "balloons"
    distilled, _ = painter("klein")
    assert distilled._edits.heeded(NOTES) == NOTES


@pytest.mark.parametrize("kind", ["klein", "klein-kv", "qwen-edit"])
def test_reference_pictures_are_looked_at_beside_the_source(kind: str) -> None:
    artist, _ = painter(kind)
    alone = draw(artist, source=photo())
    for look in (photo(hue=90), photo(hue=180)):
        _, [seen] = drain(artist.draw([DrawCase("a cat", photo(), 1, references=(look,))]))
        assert pixels(seen) != pixels(alone)
        alone = seen


def test_a_reference_that_no_painter_takes_fails_that_drawing_in_one_sentence() -> None:
    artist, _ = painter("klein")
    _, [failed] = drain(artist.draw([DrawCase("a cat", None, 1, references=(Image.new("RGB", (600, 64)),))]))
    assert isinstance(failed, DrawError)
    assert "times as long as wide" in str(failed)
