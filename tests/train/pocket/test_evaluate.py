"""The measures see what they are there to see."""

from __future__ import annotations

import pytest

from core.dialect import parse_plan
from core.pocket.world import drawable
from core.types import Plan, PlannedStep
from train.pocket.evaluate import Balance, held_out, imagined, remembers_places
from train.pocket.evaluate import Share as S


def plan(*prompts: str | None) -> Plan:
    return Plan(steps=tuple(PlannedStep(title="x", prompt=prompt, caption="x") for prompt in prompts))


START = "Mila the orange cat on the left, at the beach by day."
MOVE = "Move the red balloon at the top right to the top left."
BALLOON = "Add a red balloon at the top right. Keep the rest."


@pytest.mark.parametrize(
    ("prompts", "remembers"),
    [
        ((START, BALLOON, "Make the red balloon at the top right big. Keep the rest."), True),
        ((START, BALLOON, "Make the red balloon at the top left big. Keep the rest."), False),
        ((START, BALLOON, None, "Keep the red balloon at the top middle. Make it night."), False),
        ((START, BALLOON, MOVE, "Make it night."), True),
        (
            (START, BALLOON, MOVE, "Make the balloon at the top right big."),
            False,
        ),
        ((START, BALLOON, "Make the balloon big."), True),
    ],
)
def test_a_plan_is_caught_when_it_forgets_where_it_put_things(prompts: tuple[str | None, ...], remembers: bool) -> None:
    assert remembers_places(plan(*prompts)) is remembers


def test_the_teachers_own_plans_remember() -> None:
    assert all(remembers_places(parse_plan(case.completion)) for case in held_out("planner", 40))


def test_what_a_perfect_painter_would_draw_is_imagined() -> None:
    first = imagined(START, None)
    assert first == drawable("beach 1 day clear; left: one medium orange cat")
    second = imagined(BALLOON, first)
    assert second is not None
    assert second.find("balloon") is not None
    assert second.at("left") == first.at("left")  # type: ignore[union-attr]
    assert imagined("Remove the duck.", first) is None


def test_balance_weighs_good_and_bad_pictures_alike() -> None:
    balance = Balance(S(10, 10), S(0, 90))
    assert (balance.value, balance.of) == (0.5, 100)
    low, high = balance.interval
    assert 0 < low < 0.5 < high < 1
    narrow = Balance(S(100, 100), S(0, 900)).interval
    assert narrow[1] - narrow[0] < high - low, "more cases, a narrower interval"
