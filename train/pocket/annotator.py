"""An annotator who is never wrong: answers attempts of a data folder as a person does on the Review page, by the exact truth.

What people's corrections are worth to a critic is measured with it: the same stories, with its answers and without. It takes
items from the queue and gives answers like everybody, so whatever keeps people from each other's answers keeps it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import AgentError
from core.ports import JudgeCase
from core.reviewing import Answer, AttemptItem
from core.store import Query, Store
from train.pocket.teacher import ExactCritic
from train.told import Case, told

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.types import ImageRef, Verdict

NAME = "exact"


@dataclass(frozen=True)
class Answered:
    """One answer; ``overturned``: the critic had said otherwise."""

    item: AttemptItem
    accepted: bool
    overturned: bool


def annotate(store: Store, count: int, query: Query, now: Callable[[], datetime]) -> Iterator[Answered]:
    """Answers at most so many attempts, in the query's order. A picture that no pocket painter drew is set aside."""
    critic = ExactCritic()
    for _ in range(count):
        while True:
            taken = store.reviews.take(NAME, query, now())
            if taken is None:
                return
            assert isinstance(taken.item, AttemptItem)
            case = _case(store, taken.item)
            truth = _judged(critic, store, case)
            if truth is not None:
                break
            store.reviews.skip(NAME, taken.item, now())
        store.reviews.answer(NAME, taken.item, _answer(truth), now(), required=query.required)
        own = case.critic.verdict if case.critic else None
        yield Answered(taken.item, truth.accepted, own is not None and own.accepted != truth.accepted)


def _case(store: Store, item: AttemptItem) -> Case:
    cases = told(item.story, store.events(item.story)).cases
    return next(case for case in cases if case.attempt.key == item.attempt)


def _judged(critic: ExactCritic, store: Store, case: Case) -> Verdict | None:
    def picture(ref: ImageRef | None) -> Image | None:
        return store.images.load(ref) if ref else None

    attempt = case.attempt
    after = picture(attempt.image)
    assert after is not None
    asked = JudgeCase(picture(attempt.source), after, case.prompt, attempt.prompt, attempt.seed)
    verdict = critic.verdict(asked)
    return None if isinstance(verdict, AgentError) else verdict


def _answer(truth: Verdict) -> Answer:
    """What a person would write: a comment is the thought of who overturns the critic (:mod:`train.reviewed`)."""
    return Answer(accepted=truth.accepted, refined_prompt=truth.refined_prompt, comment=truth.thought)
