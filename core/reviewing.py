"""What annotators say of attempts, plans and pairs of attempts, and what several of them come to. Values and one rule, pure.

A review never changes a story: it stands beside it, and training reads both. Nobody sees what others said of an item before
they have answered themselves; that is the store's to keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field

from core.types import AttemptKey, PlannedStep, Text, Value

#: What can be wrong with a picture. The order is that of the keys 1 to 7.
Fault = Literal["intent", "anatomy", "artefact", "collateral", "text", "style", "other"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
Mark = Annotated[float, Field(ge=0, le=10)]


class AttemptItem(Value):
    """One attempt, to be accepted or not."""

    kind: Literal["attempt"] = "attempt"
    story: str
    attempt: AttemptKey


class PlanItem(Value):
    """The plan that a planner made; ``revision`` is the plan's."""

    kind: Literal["plan"] = "plan"
    story: str
    revision: int = Field(ge=0)


class PairItem(Value):
    """Two attempts at one step, on one source: which follows the prompt better?"""

    kind: Literal["pair"] = "pair"
    story: str
    first: AttemptKey
    second: AttemptKey


Item = Annotated[AttemptItem | PlanItem | PairItem, Field(discriminator="kind")]


class Answer(Value):
    """What an annotator says of an attempt.

    ``refined_prompt`` is what they would draw with next; None leaves the critic's. ``blind``: the critic's answer was hidden.
    ``seconds`` is how long they looked.
    """

    kind: Literal["attempt"] = "attempt"
    accepted: bool
    refined_prompt: Text | None = None
    faults: tuple[Fault, ...] = ()
    semantics: Mark | None = None
    quality: Mark | None = None
    comment: str = Field(default="", max_length=4000)
    flagged: bool = False
    blind: bool = False
    seconds: float = Field(default=0.0, ge=0)


class PlanAnswer(Value):
    """What an annotator says of a plan: how good it is, and the plan that it should have been (None: as it is)."""

    kind: Literal["plan"] = "plan"
    rating: int = Field(ge=1, le=5)
    steps: tuple[PlannedStep, ...] | None = None
    comment: str = Field(default="", max_length=4000)
    flagged: bool = False
    seconds: float = Field(default=0.0, ge=0)


class PairAnswer(Value):
    """Which of two attempts follows the step's prompt better."""

    kind: Literal["pair"] = "pair"
    better: Literal["first", "second", "neither"]
    comment: str = Field(default="", max_length=4000)
    flagged: bool = False
    seconds: float = Field(default=0.0, ge=0)


AnyAnswer = Annotated[Answer | PlanAnswer | PairAnswer, Field(discriminator="kind")]


class Review(Value):
    """An answer with its provenance. ``guideline`` is the version that the annotator had before them, 0 where there was none.

    ``adjudicated``: given by somebody who had seen that the others disagree; it settles the item.
    """

    id: int
    item: Item
    answer: AnyAnswer
    reviewer: str
    guideline: int = Field(ge=0)
    at: datetime
    adjudicated: bool = False


class Consensus(Value):
    """What the annotators of one attempt come to. ``review`` is the one whose words count, ``votes`` those who agree with it."""

    accepted: bool
    review: Review
    votes: int
    of: int


def consensus(reviews: Sequence[Review]) -> Consensus | None:
    """The last adjudication; else what most say, in the words of the latest of them; None if there is no most, or no answer.

    ``reviews`` are of one attempt, in the order in which they were given; of one annotator the last one counts.
    """
    latest = {review.reviewer: review for review in reviews if isinstance(review.answer, Answer)}
    given = sorted(latest.values(), key=lambda review: review.id)
    if not given:
        return None
    if settled := [review for review in given if review.adjudicated]:
        return _agreed(settled[-1], given)
    yes = [review for review in given if _accepts(review)]
    no = [review for review in given if not _accepts(review)]
    if len(yes) == len(no):
        return None
    return _agreed(max(yes, no, key=len)[-1], given)


def _agreed(review: Review, given: Sequence[Review]) -> Consensus:
    accepted = _accepts(review)
    return Consensus(accepted=accepted, review=review, votes=sum(_accepts(each) == accepted for each in given), of=len(given))


def _accepts(review: Review) -> bool:
    assert isinstance(review.answer, Answer)
    return review.answer.accepted
