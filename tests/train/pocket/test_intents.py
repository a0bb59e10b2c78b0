"""The exact truth of the pocket world: what a prompt asks, and whether a picture does it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pocket.world import Scene, parse_program
from train.pocket import faults
from train.pocket.intents import NOTHING, Finding, Intent, Wanted, check, expect
from train.pocket.wishes import random_edit, random_scene, random_two_edits, whole_wish

SEEDS = st.integers(0, 2**31)
BEACH = parse_program("beach 2 day clear; top right: one big red balloon; left: one medium orange cat")


def picture(program: str) -> Scene:
    return parse_program(program)


@given(SEEDS)
def test_a_picture_that_does_its_wish_passes(seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    for wish in (random_edit(rng, before), random_two_edits(rng, before)):
        assert check(wish.intent, before, wish.target).success
    assert check(whole_wish(before).intent, None, before).success


@given(SEEDS)
def test_every_fault_fails(seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    wish = random_edit(rng, before)
    wrong, name = faults.spoiled(rng, wish.intent, before, wish.target)
    assert not check(wish.intent, before, wrong).success, name
    assert name in faults.FAULTS


@given(SEEDS)
def test_doing_nothing_passes_only_where_nothing_was_asked(seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    wish = random_edit(rng, before)
    assert check(wish.intent, before, before).success == (wish.intent.given(before) == Intent(False))


@pytest.mark.parametrize(
    ("after", "finding"),
    [
        ("beach 2 night clear; top right: one big blue balloon; left: one medium orange cat", None),
        ("beach 2 night clear; top right: one big red balloon", Finding("cat", "kind", "cat", NOTHING)),
        (
            "beach 2 night clear; top right: one big red balloon; left: one medium white cat",
            Finding("cat", "colour", "orange", "white"),
        ),
        (
            "beach 2 night clear; top right: one big red balloon; left: one big orange cat",
            Finding("cat", "size", "medium", "big"),
        ),
        (
            "beach 2 night clear; top right: one big red balloon; right: one medium orange cat",
            Finding("cat", "slot", "left", "right"),
        ),
        (
            "beach 3 night clear; top right: one big red balloon; left: one medium orange cat",
            Finding("picture", "view", "2", "3"),
        ),
        (
            "town 2 night clear; top right: one big red balloon; left: one medium orange cat",
            Finding("picture", "place", "beach", "town"),
        ),
        (
            "beach 2 night rain; top right: one big red balloon; left: one medium orange cat",
            Finding("picture", "weather", "clear", "rain"),
        ),
    ],
)
def test_an_edit_keeps_what_nobody_spoke_of(after: str, finding: Finding | None) -> None:
    if finding is None:
        intent = Intent(False, time="night", wanted=(Wanted("balloon", colour="blue"),))
        assert check(intent, BEACH, picture(after)).success
    else:
        found = check(Intent(False, time="night"), BEACH, picture(after))
        assert found.collateral == (finding,)
        assert not found.unmet


def test_a_wish_that_is_not_met_is_no_collateral() -> None:
    findings = check(Intent(False, time="night", wanted=(Wanted("cat", colour="white"),)), BEACH, BEACH)
    assert findings.unmet == (Finding("picture", "time", "night", "day"), Finding("cat", "colour", "white", "orange"))
    assert not findings.collateral


def test_a_thing_that_should_be_gone_is_unmet_while_it_is_there() -> None:
    intent = Intent(False, gone=("balloon",))
    assert check(intent, BEACH, BEACH).unmet == (Finding("balloon", "kind", NOTHING, "balloon"),)
    assert check(intent, BEACH, picture("beach 2 day clear; left: one medium orange cat")).success


def test_a_whole_picture_holds_what_was_asked_for_and_no_more() -> None:
    asked = Intent(True, place="beach", wanted=(Wanted("cat"),))
    assert check(asked, None, picture("beach 1 night rain; right: one big white cat")).success
    assert check(asked, None, BEACH).collateral == (Finding("balloon", "kind", NOTHING, "balloon"),)
    assert check(Intent(True, place="beach"), None, BEACH).success, "where no thing is asked for, things are free"


def test_a_new_place_may_change_its_view_and_the_weather_it_cannot_have() -> None:
    rainy = picture("beach 2 day rain; left: one medium orange cat")
    assert check(Intent(False, place="desert"), rainy, picture("desert 1 day clear; left: one medium orange cat")).success
    assert not check(Intent(False, place="town"), rainy, picture("town 1 day clear; left: one medium orange cat")).success


def test_a_thing_gives_way_to_one_that_was_put_into_its_slot_but_stays_in_the_picture() -> None:
    swap = Intent(False, wanted=(Wanted("dog", slot="left"),))
    assert check(swap, BEACH, picture(f"{BEACH.program().replace('left: one medium orange', 'middle: one medium orange')}")).unmet
    moved = "beach 2 day clear; top right: one big red balloon; left: one small brown dog; middle: one medium orange cat"
    assert check(swap, BEACH, picture(moved)).success
    assert not check(swap, BEACH, picture("beach 2 day clear; top right: one big red balloon; left: one small brown dog")).success


@given(SEEDS)
def test_what_is_expected_of_a_wish_is_what_its_target_shows(seed: int) -> None:
    rng = Random(seed)
    before = random_scene(rng)
    wish = random_edit(rng, before)
    expected = expect(wish.intent, before)
    assert {thing.kind for thing in expected.things} == {thing.kind for thing in wish.target.things}
    assert (expected.place, expected.time) == (wish.target.place, wish.target.time)


def test_an_intent_given_a_picture_leaves_out_what_is_so_already() -> None:
    intent = Intent(False, place="beach", time="night", wanted=(Wanted("cat", colour="orange", slot="right"), Wanted("balloon")))
    assert intent.given(BEACH) == Intent(False, time="night", wanted=(Wanted("cat", slot="right"),))
