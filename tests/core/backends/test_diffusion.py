"""What holds for a drawing with any diffusers pipeline: seen on tiny pipelines of the real classes, with random weights."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as qwen
from PIL import Image

from core.backends.diffusion import DiffusionPainter, PipelineCall, check_reference
from core.backends.pipelines import DiffusionModel
from core.errors import AgentError, BadImage, DrawError, OutOfMemory, ProfileError
from core.ports import DrawCase, StepProgress
from tests.core.backends.streams import drain
from tests.core.backends.tiny_pipelines import (
    KLEIN_OPTIONS,
    SIDE,
    tiny_klein,
    tiny_klein_kv,
    tiny_kontext,
    tiny_qwen_edit,
    tiny_stable_diffusion,
)

STEPS = 3
KLEIN = {"max_sequence_length": 32, "options": KLEIN_OPTIONS}
PIPELINES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "klein": (tiny_klein, {"guidance": 1.0, **KLEIN}),
    "klein-undistilled": (lambda: tiny_klein(distilled=False), {"guidance": 4.0, **KLEIN}),
    "klein-kv": (tiny_klein_kv, {"guidance": 1.0, **KLEIN}),
    # Without this option, Kontext makes a megapixel of every reference.
    "kontext": (tiny_kontext, {"guidance": 2.5, "max_sequence_length": 16, "options": {"_auto_resize": False}}),
    "qwen-edit": (tiny_qwen_edit, {"guidance": 4.0}),
    "stable-diffusion": (tiny_stable_diffusion, {"guidance": 7.5}),
}
EDITORS = [name for name in PIPELINES if name != "stable-diffusion"]


def model(**settings: Any) -> DiffusionModel:
    return DiffusionModel(**{"model": "tiny", "width": SIDE, "height": SIDE, "steps": STEPS, **settings})


def painter(kind: str, **settings: Any) -> tuple[DiffusionPainter, Any]:
    make, usual = PIPELINES[kind]
    pipe = make()
    return DiffusionPainter(PipelineCall(pipe, model(**{**usual, **settings}), f"{kind}@0")), pipe


@pytest.fixture(params=PIPELINES)
def any_painter(request: pytest.FixtureRequest) -> DiffusionPainter:
    return painter(request.param)[0]


@pytest.fixture(params=EDITORS)
def editor(request: pytest.FixtureRequest) -> DiffusionPainter:
    return painter(request.param)[0]


@pytest.fixture(autouse=True)
def small_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qwen-Image-Edit makes a megapixel of every reference; the tiny one would spend its seconds on that."""
    monkeypatch.setattr(qwen, "VAE_IMAGE_SIZE", SIDE * SIDE)


def photo(width: int = SIDE, height: int = SIDE, hue: int = 0) -> Image.Image:
    ramp = torch.arange(width * height * 3).reshape(height, width, 3) * 7 + hue
    return Image.fromarray((ramp % 256).byte().numpy())


def draw(painter: DiffusionPainter, prompt: str = "a cat", source: Image.Image | None = None, seed: int = 1) -> Any:
    return drain(painter.draw([DrawCase(prompt, source, seed)]))[1][0]


def pixels(image: Any) -> bytes:
    assert isinstance(image, Image.Image), image
    return image.tobytes()


@contextmanager
def before(module: torch.nn.Module, act: Callable[..., object]) -> Iterator[None]:
    """Lets ``act`` see every call of a module; what it raises, the module raises."""

    def see(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:  # what a hook returns would replace the inputs
        act(*inputs)

    hook = module.register_forward_pre_hook(see)
    try:
        yield
    finally:
        hook.remove()


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


def test_a_drawing_given_up_midway_leaves_no_trace_in_the_next_one(any_painter: DiffusionPainter) -> None:
    untouched = pixels(draw(any_painter, seed=5))
    stream = any_painter.draw([DrawCase("a dog", None, 1), DrawCase("a bear", None, 2)])
    next(stream)
    stream.close()
    assert pixels(draw(any_painter, seed=5)) == untouched


def test_a_drawing_given_up_ends_at_its_next_denoising_step_and_the_other_cases_are_not_begun() -> None:
    artist, pipe = painter("klein")
    release = threading.Event()
    steps, pictures = [0], [0]

    def wait_after_the_first(*_: Any) -> None:
        steps[0] += 1
        if steps[0] > 1:
            release.wait(10)

    def decode(*_: Any) -> None:
        pictures[0] += 1

    with before(pipe.transformer, wait_after_the_first), before(pipe.vae.decoder, decode):
        stream = artist.draw([DrawCase("a dog", None, 1)] * 5)
        next(stream)
        threading.Timer(0.2, release.set).start()  # by then, the stream is being closed
        stream.close()
    assert (steps, pictures) == ([2], [0])


def test_an_offloaded_pipeline_draws_the_same_and_is_whole_after_a_drawing_given_up() -> None:
    artist, pipe = painter("klein")
    resident = pixels(draw(artist, seed=5))
    pipe.enable_model_cpu_offload(device="cpu")  # the hooks are the same on any device
    assert pixels(draw(artist, seed=5)) == resident
    stream = artist.draw([DrawCase("a dog", None, 1)])
    next(stream)
    at_work = pipe.transformer._hf_hook
    stream.close()
    assert pipe.transformer._hf_hook is not at_work
    assert pixels(draw(artist, seed=5)) == resident


def test_a_call_given_up_between_two_cases_reads_no_further_prompt() -> None:
    artist, pipe = painter("klein")
    release = threading.Event()
    prompts = [0]

    def read(*_: Any) -> None:
        prompts[0] += 1

    with before(pipe.text_encoder.model, read), before(pipe.vae.decoder, lambda *_: release.wait(10)):
        stream = artist.draw([DrawCase("a dog", None, 1), DrawCase("a bear", None, 2)])
        for _ in range(STEPS):
            next(stream)
        threading.Timer(0.2, release.set).start()  # by then, the stream is being closed
        stream.close()
    assert prompts == [1]


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


def test_numbers_that_are_none_are_an_error_not_a_black_picture_and_are_not_kept() -> None:
    artist, pipe = painter("klein")
    sound = pixels(draw(artist))
    artist, pipe = painter("klein")
    weight = pipe.text_encoder.model.embed_tokens.weight
    kept = weight.detach().clone()
    weight.data.fill_(float("nan"))
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "no finite picture" in str(failed)
    weight.data.copy_(kept)
    assert pixels(draw(artist)) == sound


def test_a_black_picture_is_an_error() -> None:
    artist, pipe = painter("klein")
    out = pipe.vae.decoder.conv_out
    out.weight.data.zero_()
    out.bias.data.fill_(-1.0)
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "black" in str(failed)


def test_what_a_pipeline_refuses_is_one_failed_case() -> None:
    artist, _ = painter("stable-diffusion", width=68)  # not a multiple of 8
    failed = draw(artist)
    assert isinstance(failed, DrawError)
    assert "divisible by 8" in str(failed)


def memory_for(most_positions: int) -> Callable[..., None]:
    """An accelerator that can decode so many latent positions at once, and no more."""

    def allocate(latents_BCHW: torch.Tensor) -> None:
        if latents_BCHW.shape[-1] * latents_BCHW.shape[-2] > most_positions:
            raise torch.OutOfMemoryError("out of memory")

    return allocate


def test_out_of_memory_is_answered_by_one_more_try_in_tiles_and_the_next_case_is_untiled() -> None:
    artist, pipe = painter("klein")
    roomy = pixels(draw(artist))
    pipe.vae.tile_latent_min_size, pipe.vae.tile_sample_min_size = 4, 32  # small enough to make tiles of 64 px
    with before(pipe.vae.decoder, memory_for(4 * 4)):
        tiled = draw(artist)
    assert pixels(tiled) != roomy
    assert pixels(draw(artist)) == roomy


def test_memory_that_never_suffices_is_one_failed_case_and_the_others_go_on() -> None:
    artist, pipe = painter("klein")
    tries = 0

    def never_twice(*_: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise torch.OutOfMemoryError("out of memory")

    with before(pipe.transformer, never_twice):
        _, results = drain(artist.draw([DrawCase("a cat", None, 1), DrawCase("a dog", None, 2)]))
    assert isinstance(results[0], OutOfMemory)
    assert isinstance(results[0], AgentError)
    assert isinstance(results[1], Image.Image)


def test_a_fault_of_ours_is_not_taken_for_the_models() -> None:
    artist, pipe = painter("klein")

    def broken(*_: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with before(pipe.transformer, broken), pytest.raises(RuntimeError, match="shapes"):
        draw(artist)
