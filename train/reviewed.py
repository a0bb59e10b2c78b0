"""Whose word counts where several people and models spoke of one thing. This rule is here and nowhere else. Pure.

**Of an attempt**, in this order:

1. an adjudicator, who had seen that annotators disagree, and settled it;
2. the annotators, where more of them say one thing than the other (:func:`core.reviewing.consensus`);
3. the creator of the story, who overruled the critic;
4. the critic.

Annotators stand before the creator: they judge for the data set, by one guideline, and often several of them, while a creator
overrules to get on with a story. Where annotators are split there is no word at all: the attempt is dropped, unless
``Curation.ties`` hands it to the next in this order. A refined prompt is that of the annotator whose words count; if they
wrote none, the latest of those who agree and did; else the critic's. A comment is the thought of who overturns the critic, as
a creator's note is.

**Of a plan**: an adjudicator alone, else all annotators, by their last answers. It is corrected where at least half of them
corrected it, in the latest one's words; its rating is the mean. Then the creator's own plan, then the planner's.

**Of two attempts**: an adjudicator, else what more annotators say than anything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.agreement import faults_of
from core.reviewing import Answer, Consensus, Fault, PairAnswer, PairItem, PlanAnswer, PlanItem, Review, consensus
from core.types import AttemptKey, PlannedStep, Verdict


@dataclass(frozen=True)
class Reviewed:
    """The standing reviews of one story, each in order of id."""

    attempts: Mapping[AttemptKey, tuple[Review, ...]] = field(default_factory=dict)
    plans: tuple[Review, ...] = ()
    pairs: tuple[Review, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.attempts or self.plans or self.pairs)


NOT_REVIEWED = Reviewed()


@dataclass(frozen=True)
class Vote:
    """How annotators came to what they say: ``reviewers`` say so, ``of`` answered. ``guideline`` is who spoke last's."""

    reviewers: tuple[str, ...]
    of: int
    guideline: int
    adjudicated: bool
    faults: tuple[Fault, ...] = ()

    @property
    def share(self) -> float:
        """How many of them agree; an adjudicator's word is everybody's."""
        return 1.0 if self.adjudicated else len(self.reviewers) / self.of


@dataclass(frozen=True)
class Said:
    """A verdict, and who gave it when. ``vote`` is annotators'."""

    verdict: Verdict
    by: str
    at: datetime
    vote: Vote | None = None


@dataclass(frozen=True)
class PlanSaid:
    """What annotators say of a planner's plan. ``steps`` is what it should have been, None: as it is."""

    steps: tuple[PlannedStep, ...] | None
    rating: float
    by: str
    at: datetime
    vote: Vote


@dataclass(frozen=True)
class Compared:
    """Which of two attempts annotators find better; None where they disagree."""

    first: AttemptKey
    second: AttemptKey
    better: Literal["first", "second", "neither"] | None
    by: str
    at: datetime
    vote: Vote

    @property
    def ranked(self) -> tuple[AttemptKey, AttemptKey] | None:
        """The better one and the worse one."""
        if self.better in (None, "neither"):
            return None
        return (self.first, self.second) if self.better == "first" else (self.second, self.first)


# ---------------------------------------------------------------- attempts


def attempt_said(reviews: Sequence[Review], critic: Verdict | None) -> Said | None:
    """What the annotators of an attempt come to; None if they come to nothing."""
    agreed = consensus(reviews)
    if agreed is None:
        return None
    review = agreed.review
    assert isinstance(review.answer, Answer)
    agreeing = [each for each in _last(reviews) if isinstance(each.answer, Answer) and each.answer.accepted == agreed.accepted]
    overturned = critic is None or critic.accepted != agreed.accepted
    verdict = Verdict(
        accepted=agreed.accepted,
        thought=review.answer.comment if overturned else "",
        refined_prompt=None if agreed.accepted else _refined(agreed, agreeing),
    )
    return Said(verdict, _by(review), review.at, _vote(review, agreeing, agreed.of, faults_of(reviews, agreed)))


def _refined(agreed: Consensus, agreeing: Sequence[Review]) -> str | None:
    heard = [agreed.review] if agreed.review.adjudicated else agreeing
    written = [(each.answer.refined_prompt or "").strip() for each in heard if isinstance(each.answer, Answer)]
    return next((prompt for prompt in reversed(written) if prompt), None)


# ---------------------------------------------------------------- plans and pairs


def plan_said(reviews: Iterable[Review], revision: int, as_it_is: tuple[PlannedStep, ...]) -> PlanSaid | None:
    """What the annotators of the plan of this revision come to; None if nobody answered."""
    heard = _heard([each for each in reviews if isinstance(each.item, PlanItem) and each.item.revision == revision])
    if not heard:
        return None
    answers = [(each, each.answer) for each in heard if isinstance(each.answer, PlanAnswer)]
    corrections = [each for each, answer in answers if answer.steps and answer.steps != as_it_is]
    corrected = 2 * len(corrections) >= len(answers)
    agreeing = corrections if corrected else [each for each, _ in answers if each not in corrections]
    review = agreeing[-1]
    steps = review.answer.steps if corrected and isinstance(review.answer, PlanAnswer) else None
    rating = sum(answer.rating for _, answer in answers) / len(answers)
    return PlanSaid(steps, rating, _by(review), review.at, _vote(review, agreeing, len(answers)))


def pairs_said(reviews: Iterable[Review]) -> tuple[Compared, ...]:
    """What annotators say of each pair, in the order of its first review."""
    by_pair: dict[PairItem, list[Review]] = {}
    for review in reviews:
        if isinstance(review.item, PairItem) and isinstance(review.answer, PairAnswer):
            by_pair.setdefault(review.item, []).append(review)
    return tuple(_compared(pair, given) for pair, given in by_pair.items())


def _compared(pair: PairItem, given: Sequence[Review]) -> Compared:
    heard = _heard(given)
    said = {each.id: each.answer.better for each in heard if isinstance(each.answer, PairAnswer)}
    (better, most), *others = Counter(said.values()).most_common()
    tied = any(count == most for _, count in others)
    agreeing = [each for each in heard if tied or said[each.id] == better]
    vote = _vote(agreeing[-1], agreeing, len(heard))
    return Compared(pair.first, pair.second, None if tied else better, _by(agreeing[-1]), agreeing[-1].at, vote)


# ---------------------------------------------------------------- who said it


def _last(reviews: Iterable[Review]) -> list[Review]:
    """Each annotator's last answer, in order."""
    last = {review.reviewer: review for review in sorted(reviews, key=lambda review: review.id)}
    return sorted(last.values(), key=lambda review: review.id)


def _heard(reviews: Iterable[Review]) -> list[Review]:
    """The answers that count: the last adjudication alone, else everybody's last."""
    last = _last(reviews)
    return [review for review in last if review.adjudicated][-1:] or last


def _by(review: Review) -> str:
    return f"person:{review.reviewer}"


def _vote(review: Review, agreeing: Sequence[Review], of: int, faults: tuple[Fault, ...] = ()) -> Vote:
    return Vote(tuple(each.reviewer for each in agreeing), of, review.guideline, review.adjudicated, faults)
