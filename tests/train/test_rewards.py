"""Rewards are the formulas of the paper and of its code, and what could not be scored has none."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dialect import parse_verdict, verdict_reply
from core.ports import Score
from core.types import Verdict
from train.rewards import CODE, EVEN, KEPT, PAPER, VARIANTS, Weights, degenerate, format_reward, marks, wants_drawing, without

marks_of_ten = st.floats(0, 10)
scores = st.builds(Score, marks_of_ten, marks_of_ten)
weightings = st.sampled_from([PAPER, CODE, EVEN])


def told(accepted: bool, thought: str = "So it is.") -> Verdict:
    return parse_verdict(verdict_reply(Verdict(accepted=accepted, thought=thought, refined_prompt="Do it."), "Do."))


verdicts = st.builds(told, st.booleans())


@given(verdict=verdicts, truth=st.booleans(), before=scores, after=scores)
def test_paper_is_its_formula(verdict: Verdict, truth: bool, before: Score, after: Score) -> None:
    accuracy = -abs(verdict.accepted - truth)
    step = (after.overall - before.overall) / 10
    assert marks(verdict, truth, before, [after], PAPER).reward == pytest.approx(0.5 + 0.5 * (0.2 * accuracy + 0.8 * step))


@given(verdict=verdicts, truth=st.booleans(), before=scores, after=scores)
def test_code_is_its_formula(verdict: Verdict, truth: bool, before: Score, after: Score) -> None:
    accuracy = 1 - abs(verdict.accepted - truth)
    semantics = ((after.semantics - before.semantics) / 10 + 1) / 2
    quality = ((after.quality - before.quality) / 10 + 1) / 2
    expected = 0.5 + 0.5 * (0.2 * accuracy + 0.6 * semantics + 0.2 * quality)
    reward = marks(verdict, truth, before, [after], CODE).reward
    assert reward == pytest.approx(expected)
    assert 0 <= (reward or 0) <= 1 + 1e-9


@given(verdict=verdicts, before=scores, after=scores)
def test_even_weighs_a_right_verdict_as_it_weighs_a_picture_mended_from_worst_to_best(
    verdict: Verdict, before: Score, after: Score
) -> None:
    right, wrong = (marks(verdict, truth, before, KEPT, EVEN).reward or 0 for truth in (verdict.accepted, not verdict.accepted))
    mended = marks(told(False), False, Score(0, 0), [Score(10, 10)], EVEN).reward or 0
    assert right - wrong == pytest.approx(mended - (marks(told(False), False, None, KEPT, EVEN).reward or 0))


def test_a_picture_that_stays_is_worth_nothing_in_the_paper_and_half_in_the_code() -> None:
    assert marks(told(True), True, None, KEPT, PAPER).reward == pytest.approx(0.5)
    assert marks(told(True), True, None, KEPT, CODE).reward == pytest.approx(0.5 + 0.1 + 0.2)


@given(verdict=st.none() | verdicts, truth=st.booleans())
def test_where_the_truth_is_success_nothing_is_drawn(verdict: Verdict | None, truth: bool) -> None:
    assert wants_drawing(verdict, truth) == (not truth and verdict is not None and not verdict.accepted)


@given(truth=st.booleans(), before=scores, after=scores, weights=weightings)
def test_what_was_not_scored_has_no_reward(truth: bool, before: Score, after: Score, weights: Weights) -> None:
    assert marks(told(False), truth, before, [], weights).reward is None
    assert marks(told(False), truth, None, [after], weights).reward is None
    assert marks(told(False), truth, before, [after], weights).reward is not None


@given(truth=st.booleans(), verdict=verdicts, before=scores, after=scores, weights=weightings)
def test_a_reply_that_cannot_be_read_earns_less_than_any_in_format(
    truth: bool, verdict: Verdict, before: Score, after: Score, weights: Weights
) -> None:
    outcome = [after] if wants_drawing(verdict, truth) else KEPT
    unread, read = marks(None, truth, before, KEPT, weights).reward, marks(verdict, truth, before, outcome, weights).reward
    assert unread is not None
    assert read is not None
    assert unread < read


@given(before=scores, drawn=st.lists(scores, min_size=1, max_size=4), weights=weightings)
def test_a_prompt_earns_the_mean_of_its_drawings(before: Score, drawn: list[Score], weights: Weights) -> None:
    alone = [marks(told(False), False, before, [after], weights).reward or 0.0 for after in drawn]
    assert marks(told(False), False, before, drawn, weights).reward == pytest.approx(fmean(alone))


@given(truth=st.booleans(), before=scores, one=scores, other=scores, weights=weightings)
def test_a_better_picture_never_earns_less(truth: bool, before: Score, one: Score, other: Score, weights: Weights) -> None:
    worse = Score(min(one.semantics, other.semantics), min(one.quality, other.quality))
    low, high = (marks(told(False), truth, before, [after], weights).reward for after in (worse, one))
    assert low is not None
    assert high is not None
    assert low <= high + 1e-12


@given(truth=st.booleans(), before=scores, after=scores, weights=weightings)
def test_a_right_judgement_earns_more_by_its_weight(truth: bool, before: Score, after: Score, weights: Weights) -> None:
    right, wrong = (marks(told(judged), truth, before, [after], weights).reward for judged in (truth, not truth))
    assert right is not None
    assert wrong is not None
    assert right - wrong == pytest.approx(weights.accuracy * (weights.right - weights.wrong))


@pytest.mark.parametrize(
    ("reply", "worth"),
    [
        ("<think>Seen.</think><answer>{'previous_step_success': True, 'refine_prompt': 'x'}</answer>", 1.0),
        ("<answer>{'previous_step_success': True, 'refine_prompt': 'x'}</answer>", 0.0),
        ("<think></think><answer>{'previous_step_success': True, 'refine_prompt': 'x'}</answer>", 0.0),
        ("Seen.</think><answer>{'previous_step_success': True, 'refine_prompt': 'x'}</answer>", 0.0),
    ],
)
def test_the_format_is_a_thought_and_an_answer(reply: str, worth: float) -> None:
    assert format_reward(parse_verdict(reply)) == worth
    assert format_reward(None) == 0


@pytest.mark.parametrize("weights", VARIANTS.values())
def test_an_ablation_takes_one_part_away(weights: Weights) -> None:
    before, after = Score(1, 9), Score(9, 9)
    full = marks(told(False), False, before, [after], weights).reward
    no_step = marks(told(False), False, None, [], without(weights, "step")).reward
    no_accuracy = marks(told(True), False, before, [after], without(weights, "accuracy")).reward
    assert not without(weights, "step").draws
    assert no_step == pytest.approx(weights.format + weights.accuracy * weights.right)
    assert full == pytest.approx((no_accuracy or 0) + weights.accuracy * weights.right)


def test_a_group_whose_replies_all_earn_the_same_teaches_nothing() -> None:
    assert degenerate([1.0, 1.0, None])
    assert degenerate([None, 1.0])
    assert not degenerate([None, 1.0, 0.5])
