"""Agreement is what the literature says it is, and says nothing where there is nothing to say."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agreement import (
    Balance,
    Case,
    Confusion,
    Opinion,
    Share,
    alpha,
    calibration,
    cases,
    confusion,
    faults_of,
    grouped,
    independent,
    kappa,
    kappas,
    step_kind,
)
from core.reviewing import Answer, AttemptItem, Review, consensus
from core.types import AttemptKey, ImageRef, Verdict

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PICTURE = ImageRef(sha256="0" * 64, width=64, height=64)


def item(number: int) -> AttemptItem:
    return AttemptItem(story="a" * 12, attempt=AttemptKey(step="s1", revision=0, number=number))


def review(id: int, number: int, reviewer: str, accepted: bool, faults: Sequence[str] = (), adjudicated: bool = False) -> Review:
    answer = Answer(accepted=accepted, faults=tuple(faults))  # type: ignore[arg-type]
    return Review(id=id, item=item(number), answer=answer, reviewer=reviewer, guideline=1, at=NOW, adjudicated=adjudicated)


def opinion(accepted: bool, p: float | None = None, critic: str = "critic@1") -> Opinion:
    return Opinion(Verdict(accepted=accepted, p_success=p), critic, "painter@1", "edit")


def rated(*observers: str) -> dict[Hashable, dict[str, Hashable]]:
    """What observers wrote in a row, a character for each unit; a dot is nothing."""
    units = range(len(observers[0]))
    return {unit: {str(n): row[unit] for n, row in enumerate(observers) if row[unit] != "."} for unit in units}


# ---------------------------------------------------------------- worked examples


@pytest.mark.parametrize(
    ("observers", "expected"),
    [
        (("0100000010", "1110010000"), 0.095),  # A: two observers, binary
        (("aabbdcccedda", "babbbccceddd"), 0.692),  # B: two observers, five values
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),  # C: four, with gaps
    ],
)
def test_alpha_is_krippendorffs_own_in_his_examples(observers: tuple[str, ...], expected: float) -> None:
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A to C."""
    found = alpha(rated(*observers))
    assert found is not None
    assert round(found, 3) == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.676),  # Fleiss, Levin & Paik, Statistical Methods for Rates (2003), table 18.1
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
    ],
)
def test_kappa_is_the_textbooks(table: list[list[int]], expected: float) -> None:
    said = [(one, other) for one, row in enumerate(table) for other, count in enumerate(row) for _ in range(count)]
    found = kappa([one for one, _ in said], [other for _, other in said])
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_newcombes(right: int, of: int, low: float, high: float) -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3 (Wilson)."""
    assert Share(right, of).interval == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_a_calibration_curve_worked_by_hand() -> None:
    given = [(0.05, False), (0.15, False), (0.15, True), (0.95, True), (1.0, True), (1.0, False), (None, True)]
    curve = calibration(Case(item(n), good, True, p) for n, (p, good) in enumerate(given))
    assert [(each.low, each.good.right, each.good.of) for each in curve.bins] == [(0.0, 0, 1), (0.1, 1, 2), (0.9, 2, 3)]
    assert [round(each.predicted, 4) for each in curve.bins] == [0.05, 0.15, 0.9833]
    assert curve.error == pytest.approx((1 * 0.05 + 2 * 0.35 + 3 * abs(2 / 3 - 2.95 / 3)) / 6)
    assert curve.of == 6, "a case without P(success) is in no bin"


def test_a_confusion_worked_by_hand() -> None:
    counts = Confusion(accepted_good=20, accepted_bad=5, refused_good=10, refused_bad=15)
    assert counts.of == 50
    assert counts.accuracy == Share(35, 50)
    assert counts.balanced == Balance(Share(20, 30), Share(15, 20))
    assert counts.balanced is not None
    assert counts.balanced.value == pytest.approx((20 / 30 + 15 / 20) / 2)
    assert counts.kappa == pytest.approx(0.4)


# ---------------------------------------------------------------- properties

values = st.sampled_from("abc")
several = st.dictionaries(
    st.integers(0, 30), st.dictionaries(st.sampled_from(["ann", "bob", "cem", "dua"]), values, max_size=4), max_size=20
)
pairs = st.lists(st.tuples(values, values), max_size=40)


@given(several)
def test_alpha_does_not_know_who_said_what_or_how_answers_and_things_are_named(answers: dict) -> None:
    renamed = {
        f"thing {n}": {f"{name}!": {"a": 3, "b": 1, "c": 2}[v] for name, v in reversed(said.items())}
        for n, said in answers.items()
    }
    assert alpha(renamed) == pytest.approx(alpha(answers)) if alpha(answers) is not None else alpha(renamed) is None


@given(several)
def test_alpha_is_at_most_one_and_one_just_where_all_agree(answers: dict) -> None:
    found = alpha(answers)
    agreed = all(len(set(said.values())) == 1 for said in answers.values() if len(said) > 1)
    assert found is None or found <= 1
    assert found is None or (found == 1) == agreed


@given(several, values)
def test_alpha_hears_nothing_in_what_one_alone_has_answered(answers: dict, value: str) -> None:
    assert alpha({**answers, "alone": {"eve": value}, "unanswered": {}}) == alpha(answers)


def test_alpha_and_kappa_of_dice_are_near_nothing() -> None:
    dice = random.Random(7)
    said = {n: {name: dice.choice("ab") for name in ("ann", "bob", "cem")} for n in range(4000)}
    assert abs(alpha(said) or 0) < 0.03
    assert all(abs(found or 0) < 0.05 and shared == 4000 for found, shared in kappas(said).values())


@given(pairs)
def test_kappa_is_the_same_from_either_side_and_at_most_one(said: list[tuple[str, str]]) -> None:
    one, other = [a for a, _ in said], [b for _, b in said]
    found = kappa(one, other)
    assert found == kappa(other, one)
    assert found is None or found <= 1
    assert kappa(one, one) == (1 if len(set(one)) > 1 else None)


def test_nothing_is_said_where_all_say_the_same_one_thing_or_nobody_says_anything() -> None:
    assert kappa([True, True], [True, True]) is None
    assert kappa([], []) is None
    assert alpha({}) is None
    assert alpha({1: {"ann": True, "bob": True}}) is None
    assert calibration([]).error is None
    assert Confusion(accepted_good=3).balanced is None, "a half of a balance is none"


def test_two_annotators_are_compared_on_what_both_answered() -> None:
    said = {1: {"ann": True, "bob": True}, 2: {"ann": False, "bob": False, "cem": True}, 3: {"cem": True}}
    assert kappas(said) == {("ann", "bob"): (1.0, 2), ("ann", "cem"): (0.0, 1), ("bob", "cem"): (0.0, 1)}


cased = st.builds(
    Case,
    item=st.just(item(0)),
    good=st.booleans(),
    accepted=st.booleans(),
    p_success=st.none() | st.floats(0, 1),
    critic=st.sampled_from(["critic@1", "critic@2"]),
    step=st.sampled_from(["first picture", "edit"]),
    faults=st.sampled_from([(), ("anatomy",), ("anatomy", "text")]),
)


@given(st.lists(cased))
def test_groups_by_model_and_step_kind_part_all_cases_and_those_by_fault_hold_each_as_often_as_it_has_faults(found: list) -> None:
    for key in ("critic", "step"):
        parts = [confusion(group) for group in grouped(found, key).values()]  # type: ignore[arg-type]
        assert sum(part.of for part in parts) == confusion(found).of == len(found)
        assert sum(part.refused_bad for part in parts) == confusion(found).refused_bad
    assert sum(map(len, grouped(found, "fault").values())) == sum(len(case.faults) for case in found)


@given(st.lists(cased), st.integers(1, 20))
def test_a_curve_holds_each_p_in_its_own_bin_and_its_error_is_a_share(found: list, bins: int) -> None:
    curve = calibration(found, bins)
    assert curve.of == sum(case.p_success is not None for case in found)
    for each in curve.bins:
        assert each.low - 1e-9 <= each.predicted <= each.high + 1e-9
        assert each.good.interval[0] <= each.good.value <= each.good.interval[1]
    assert curve.error is None or 0 <= curve.error <= 1


# ---------------------------------------------------------------- from reviews


def test_a_case_is_what_most_people_say_beside_what_the_critic_said() -> None:
    given = [review(1, 0, "ann", False, ["text"]), review(2, 0, "bob", False, ["anatomy"]), review(3, 0, "cem", True, ["style"])]
    (case,) = cases(given, {item(0): opinion(True, 0.8)})
    assert (case.good, case.accepted, case.p_success) == (False, True, 0.8)
    assert case.faults == ("anatomy", "text"), "of those who agree, in the order of the keys"
    assert (case.critic, case.painter, case.step) == ("critic@1", "painter@1", "edit")


def test_an_attempt_is_no_case_where_people_disagree_or_the_critic_was_silent() -> None:
    split = [review(1, 0, "ann", True), review(2, 0, "bob", False), review(3, 1, "ann", True)]
    assert cases(split, {item(0): opinion(True)}) == ()
    settled = [*split, review(4, 0, "cem", False, ["other"], adjudicated=True)]
    (case,) = cases(settled, {item(0): opinion(True)})
    assert (case.good, case.faults) == (False, ("other",))


def test_adjudicators_are_not_among_those_who_answered_for_themselves() -> None:
    given = [review(1, 0, "ann", True), review(2, 0, "bob", False), review(3, 0, "cem", True, adjudicated=True)]
    assert independent(given) == {item(0): {"ann": True, "bob": False}}
    assert independent([*given, review(4, 0, "bob", True)])[item(0)]["bob"] is True, "the last answer counts"


def test_an_adjudicators_faults_are_the_faults() -> None:
    given = [review(1, 0, "ann", False, ["text"]), review(2, 0, "cem", False, ["style"], adjudicated=True)]
    agreed = consensus(given)
    assert agreed is not None
    assert faults_of(given, agreed) == ("style",)


def test_a_step_asks_for_a_first_picture_a_change_or_only_words() -> None:
    assert [step_kind("A cat", None), step_kind("A cat", PICTURE), step_kind(None, PICTURE)] == ["first picture", "edit", "text"]
