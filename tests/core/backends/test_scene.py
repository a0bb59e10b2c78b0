"""The pocket painter writes a scene program; what it wrote is what is drawn, and goes with the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from core.backends.scene import ScenePainter
from core.backends.vlm import Vlm, load_vlm
from core.dialect import Pack, painter_messages
from core.errors import DrawError, ReplyError
from core.pocket.render import render
from core.pocket.world import parse_program
from core.ports import DrawCase, PreviewImage, StepProgress
from tests.core.backends.streams import drain
from tests.core.backends.tiny_vlm import teach, tiny_vlm

PACK = Pack(name="test", planner="{{request}}", critic="{{prompt}}", painter="{{images}}{{prompt}}")
BEACH = "beach 2 day clear; top right: one big red balloon; left: one medium orange cat"
NIGHT = "beach 2 night clear; top right: one big red balloon; left: one medium orange cat"
NO_SCENE = "moon 2 day clear; left: one big red dragon"
SIDE = 96


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> Vlm:
    """Has learned one picture, one edit of it, and one thing that nobody can draw."""
    tiny = tiny_vlm([BEACH, NIGHT, NO_SCENE] * 3, vocabulary=500)
    before = render(parse_program(BEACH), SIDE)
    lessons = [
        (painter_messages(PACK, "A cat at the beach.", False), [], BEACH),
        (painter_messages(PACK, "Night falls.", True), [before], NIGHT),
        (painter_messages(PACK, "A dragon.", False), [], NO_SCENE),
    ]
    assert teach(tiny, lessons, steps=120) < 0.05
    return load_vlm(str(tiny.save(tmp_path_factory.mktemp("painter"))), max_new_tokens=60)


@pytest.fixture(scope="module")
def painter(vlm: Vlm) -> ScenePainter:
    return ScenePainter(vlm, PACK, side=SIDE)


def same(one: object, other: object) -> bool:
    assert isinstance(one, Image.Image)
    assert isinstance(other, Image.Image)
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


def test_a_picture_is_the_program_drawn_and_carries_it(painter: ScenePainter) -> None:
    _, [picture] = drain(painter.draw([DrawCase("A cat at the beach.", None, 0)]))
    assert same(picture, render(parse_program(BEACH), SIDE))
    assert isinstance(picture, Image.Image)
    assert picture.info["program"] == BEACH


def test_an_edit_starts_from_the_pictures_pixels(painter: ScenePainter) -> None:
    _, [picture] = drain(painter.draw([DrawCase("Night falls.", render(parse_program(BEACH), 2 * SIDE), 0)]))
    assert same(picture, render(parse_program(NIGHT), SIDE))


def test_words_that_name_no_scene_fail_in_their_place(painter: ScenePainter) -> None:
    cases = [DrawCase(prompt, None, 0) for prompt in ("A cat at the beach.", "A dragon.", "A cat at the beach.")]
    _, [before, dragon, after] = drain(painter.draw(cases))
    assert isinstance(dragon, DrawError)
    assert same(before, after)


def test_the_picture_grows_part_by_part_and_ends_complete(painter: ScenePainter) -> None:
    deltas, [_, _] = drain(painter.draw([DrawCase("A cat at the beach.", None, 0)] * 2))
    for index in (0, 1):
        own = [delta for delta in deltas if delta.index == index]
        done = [delta.done / delta.total for delta in own if isinstance(delta, StepProgress)]
        assert done == sorted(set(done))
        assert done[-1] == 1.0
        previews = [delta.image for delta in own if isinstance(delta, PreviewImage)]
        place, with_balloon = BEACH.split("; ")[:1], BEACH.split("; ")[:2]
        assert [
            same(preview, render(parse_program("; ".join(parts)), preview.width))
            for preview, parts in zip(previews, (place, with_balloon), strict=True)
        ] == [True, True]


def test_a_case_and_seed_name_a_picture_also_when_sampled(vlm: Vlm) -> None:
    warm = ScenePainter(replace(vlm, decoding=replace(vlm.decoding, temperature=4.0)), PACK, side=SIDE)
    cases = [DrawCase("A cat at the beach.", None, seed) for seed in range(8)]
    raw = [painter_messages(PACK, "A cat at the beach.", False)] * 8
    _, said = drain(warm.vlm.generate(raw, [[]] * 8, list(range(8))))
    assert len({str(reply) for reply in said}) > 1
    _, once = drain(warm.draw(cases))
    _, again = drain(warm.draw(cases))
    assert [type(picture) for picture in once] == [type(picture) for picture in again]
    assert all(same(a, b) for a, b in zip(once, again, strict=True) if isinstance(a, Image.Image))


def test_closing_a_drawing_gives_it_up(painter: ScenePainter) -> None:
    stream = painter.draw([DrawCase("A cat at the beach.", None, 0)])
    next(stream)
    stream.close()
    _, [picture] = drain(painter.draw([DrawCase("A cat at the beach.", None, 0)]))
    assert same(picture, render(parse_program(BEACH), SIDE))


def test_a_prompt_that_is_too_long_is_a_failed_drawing(painter: ScenePainter) -> None:
    _, [picture] = drain(painter.draw([DrawCase("word " * 600, None, 0)]))
    assert isinstance(picture, ReplyError)
    assert Path(painter.name).name == painter.name  # provenance, never a path
