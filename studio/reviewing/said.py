"""Says what the critic and the annotators said of an item, to somebody who has answered it or is to decide it. Pure values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from core.events import Event
from core.reviewing import Answer, AnyAnswer, AttemptItem, Item, PairAnswer, PairItem, PlanAnswer, PlanItem, Review
from core.store.reviewable import side_of
from core.trajectory import fold
from studio.cards import Badge
from studio.reviewing.attempt import FAULT_NAMES, CriticView, critic_of
from studio.speech import say


@dataclass(frozen=True)
class Word:
    """One answer as others read it. ``mine``: the reader gave it. ``differs``: it takes another side than the reader's."""

    who: str
    mine: bool
    differs: bool
    badge: Badge
    faults: tuple[str, ...]
    marks: tuple[str, ...]
    comment: str
    refined: str
    decides: bool


@dataclass(frozen=True)
class Said:
    """All that was said of one item. ``agreement`` compares the reader with the critic; ``right`` is gold, if it is known."""

    title: str
    critics: tuple[tuple[str, CriticView], ...]  # with what each is about, where there are several
    agreement: str
    words: tuple[Word, ...]
    right: Word | None

    @property
    def mine(self) -> Word | None:
        return next((word for word in self.words if word.mine), None)

    @property
    def others(self) -> tuple[Word, ...]:
        return tuple(word for word in self.words if not word.mine)


def said_of(item: Item, events: Sequence[Event], reviews: Sequence[Review], reader: str, gold: AnyAnswer | None = None) -> Said:
    """What was said of an item of the story that these facts tell; ``reader`` may see all of it."""
    own = next((review.answer for review in reviews if review.reviewer == reader), None)
    critics = tuple(_critics(item, events))
    return Said(
        title=_title(item, events),
        critics=critics,
        agreement=_agreement(own, critics),
        words=tuple(
            _word(item, review.answer, own, review.reviewer, review.reviewer == reader, review.adjudicated) for review in reviews
        ),
        right=_word(item, gold, own, "", mine=False, decides=True) if gold is not None else None,
    )


def _title(item: Item, events: Sequence[Event]) -> str:
    t = fold(events)
    match item:
        case PlanItem():
            return t.title or (t.request.text if t.request else "")
        case AttemptItem(attempt=key) | PairItem(first=key):
            number = next((number for number, step in enumerate(t.steps, start=1) if step.id == key.step), None)
            step = t.step(key.step)
            return (step.title if step else "") or say("Step {number}", number=number or "?")
        case _:
            assert_never(item)


def _critics(item: Item, events: Sequence[Event]) -> list[tuple[str, CriticView]]:
    t = fold(events)
    match item:
        case PlanItem():
            keys = []
        case AttemptItem(attempt=key):
            keys = [("", key)]
        case PairItem(first=first, second=second):
            both = sorted((first, second), key=lambda key: key.number)
            keys = [(say("Attempt {number}", number=key.number + 1), key) for key in both]
        case _:
            assert_never(item)
    found = [(label, critic_of(key, events, t)) for label, key in keys]
    return [(label, critic) for label, critic in found if critic is not None]


def _agreement(own: AnyAnswer | None, critics: Sequence[tuple[str, CriticView]]) -> str:
    if not isinstance(own, Answer) or not critics:
        return ""
    agrees = own.accepted == critics[0][1].accepted
    return say("You agree with the critic.") if agrees else say("You overturn the critic.")


def _word(item: Item, answer: AnyAnswer, own: AnyAnswer | None, who: str, mine: bool, decides: bool) -> Word:
    of_attempt = answer if isinstance(answer, Answer) else None
    return Word(
        who=who,
        mine=mine,
        differs=own is not None and side_of(answer) != side_of(own),
        badge=_badge(item, answer),
        faults=tuple(say(FAULT_NAMES[fault]) for fault in of_attempt.faults) if of_attempt else (),
        marks=tuple(_marks(of_attempt)) if of_attempt else (),
        comment=answer.comment,
        refined=(of_attempt and of_attempt.refined_prompt) or "",
        decides=decides,
    )


def _badge(item: Item, answer: AnyAnswer) -> Badge:
    match answer:
        case Answer(accepted=accepted):
            return Badge("good", say("Passed")) if accepted else Badge("bad", say("Did not pass"))
        case PlanAnswer(rating=rating, steps=steps):
            label = say("{rating} of 5, corrected", rating=rating) if steps else say("{rating} of 5", rating=rating)
            return Badge("good" if side_of(answer) else "bad", label)
        case PairAnswer(better="neither"):
            return Badge("waiting", say("Neither is better"))
        case PairAnswer(better=better):
            assert isinstance(item, PairItem)
            chosen = item.first if better == "first" else item.second
            return Badge("kept", say("Attempt {number} is better", number=chosen.number + 1))
        case _:
            assert_never(answer)


def _marks(answer: Answer) -> Iterator[str]:
    if answer.semantics is not None:
        yield say("meaning {mark}", mark=f"{answer.semantics:g}")
    if answer.quality is not None:
        yield say("quality {mark}", mark=f"{answer.quality:g}")
