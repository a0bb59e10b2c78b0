"""The laws of scene programs: one line for each scene, and as much as possible of any line is drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pocket.world import MAX_THINGS, SLOTS, Scene, drawable, parse_program
from tests.core.pocket.test_render import scenes

STAGE = "beach 2 day clear"
CAT, BALLOON = "left: one medium orange cat", "top right: one big red balloon"
PARTS = [CAT, BALLOON, "left: one big red house", "top left: one small red balloon", "right: one big green cat", "middle: x", ""]
MORE = ["middle: one big red house", "right: one medium green tree", "top left: one medium blue bird"]


@given(scenes())
def test_a_scene_and_its_program_name_each_other(scene: Scene) -> None:
    assert parse_program(scene.program()) == drawable(scene.program()) == scene


@pytest.mark.parametrize(
    "program",
    [
        "",
        "beach",
        "moon 1 day clear",
        "beach 4 day clear",
        "desert 1 day snow",
        f"{STAGE};{CAT}",
        f"{STAGE}; {CAT}; {BALLOON}",
        f"{STAGE}; {CAT}; {CAT}",
    ],
)
def test_a_line_that_is_no_program_is_refused(program: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_program(program)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ("left: one big red house", "the slot is taken"),
        ("right: one big white cat", "there is a cat already"),
        ("right: one big green dragon", "no such kind"),
        ("top left: one big green tree", "trees don't fly"),
        ("middle of nowhere", "no thing at all"),
    ],
)
def test_what_can_not_be_drawn_is_left_out_and_the_rest_is_drawn(extra: str, why: str) -> None:
    assert drawable(f"{STAGE}; {CAT}; {extra}; {BALLOON}") == parse_program(f"{STAGE}; {BALLOON}; {CAT}"), why


def test_of_too_many_things_the_first_are_drawn() -> None:
    scene = drawable("; ".join([STAGE, CAT, BALLOON, *MORE]))
    assert len(scene.things) == MAX_THINGS
    assert scene.find("bird") is None


@given(st.lists(st.sampled_from([*PARTS, *MORE])) | st.lists(st.text()))
def test_any_words_after_a_stage_are_drawn_as_a_scene(parts: list[str]) -> None:
    scene = drawable("; ".join([STAGE, *parts]))
    assert (scene.place, scene.view) == ("beach", 2)
    assert [thing.slot for thing in scene.things] == sorted((thing.slot for thing in scene.things), key=SLOTS.index)


@given(st.text())
def test_words_without_a_stage_are_no_picture(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        drawable("?" + text)
