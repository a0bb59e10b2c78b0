"""What a reviewer can do: the one door to the reviews for the review page. It knows the rules and the clock, and no markup.

Whatever is not there is ``NotFound``; what can't be done is a ``CommandError`` that says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, assert_never

from core.errors import CommandError, ReadOnly, StoreError
from core.reviewing import AnyAnswer, AttemptItem, Item, PairItem, PlanItem
from core.store import Progress, Query
from studio.reviewing.access import Reviewer
from studio.reviewing.attempt import AttemptReview, attempt_of
from studio.reviewing.guidelines import LONGEST, first_guideline
from studio.reviewing.pair import PairReview, pair_of
from studio.reviewing.plan import PlanReview, plan_of
from studio.reviewing.said import Said, said_of

if TYPE_CHECKING:
    from core.events import Event
    from core.store import Store

ItemView = AttemptReview | PlanReview | PairReview
DAMAGED = 20  # items whose story can't be read that are passed over before the reviewer is told that there is none
LEADS_ONLY = "Only those who lead the reviewing here do this; the host names them in STUDIO_LEADS."


@dataclass(frozen=True)
class Handed:
    """An item on the desk, with how it is shown. It is the reviewer's alone until then."""

    item: Item
    view: ItemView
    seq: int
    until: datetime
    blind: bool


@dataclass(frozen=True)
class Guidance:
    """What reviewers are told; version 0 is the studio's own, where nobody has published one."""

    version: int
    text: str


class Desk:
    """What reviewers do with the stories of one data folder."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------ in hand

    def take(self, reviewer: Reviewer, query: Query, beside: Sequence[Item] = ()) -> Handed | None:
        """The next item for this reviewer; None if there is none. They keep what is ``beside`` in hand."""
        passed = list(beside)
        for _ in range(DAMAGED):
            taken = self._store.reviews.take(reviewer.name, query, _now(), passed)
            if taken is None:
                return None
            try:
                view = self._view(taken.item, taken.blind)
            except ReadOnly:  # the data folder can't be asked now: that is not the item's fault, and it is not all that there is
                raise
            except StoreError:  # the doctor says what is wrong with its story; the others can be reviewed meanwhile
                passed.append(taken.item)
                continue
            return Handed(taken.item, view, taken.seq, taken.until, taken.blind)
        return None

    def renew(self, reviewer: Reviewer, query: Query, item: Item) -> datetime:
        """Keeps an item, or takes it up again; returns until when."""
        return self._store.reviews.renew(reviewer.name, item, _now(), query.required)

    def release(self, reviewer: Reviewer, items: Sequence[Item]) -> None:
        """Lets others have these."""
        for item in items:
            self._store.reviews.release(reviewer.name, item)

    # ------------------------------------------------------------ decisions

    def answer(self, reviewer: Reviewer, query: Query, item: Item, answer: AnyAnswer, guideline: int) -> Said:
        """Records an answer; returns what the critic and the others said, which the reviewer may see from now on."""
        self._store.reviews.answer(reviewer.name, item, answer, _now(), guideline=guideline, required=query.required)
        return self.said(reviewer, item)

    def skip(self, reviewer: Reviewer, item: Item) -> None:
        self._store.reviews.skip(reviewer.name, item, _now())

    def flag(self, reviewer: Reviewer, item: Item) -> None:
        self._store.reviews.flag(reviewer.name, item, _now())

    def undo(self, reviewer: Reviewer, query: Query, since: datetime) -> tuple[Item, Handed | None] | None:
        """Takes back the reviewer's last decision since then; returns its item, handed to them if nobody else has it now.

        None if there is nothing to take back.
        """
        item = self._store.reviews.undo(reviewer.name, since, _now(), query.required)
        if item is None:
            return None
        try:
            until = self.renew(reviewer, query, item)
            return item, Handed(item, self._view(item, query.blind), 0, until, query.blind)
        except (CommandError, StoreError):  # others have it in hand or have answered it; or its story is gone
            return item, None

    # ------------------------------------------------------------ what was said

    def said(self, reviewer: Reviewer, item: Item) -> Said:
        """What the critic and the others said of an item that the reviewer has answered; ``CommandError`` if they have not."""
        reviews = self._store.reviews.answers_of(item, reviewer.name)
        if not reviews:
            raise CommandError("Answer this one first: then you see what the critic and the others said.")
        gold = self._store.reviews.gold_of(item, reviewer.name)
        return said_of(item, self._events(item), reviews, reviewer.name, gold)

    def disputed(self, reviewer: Reviewer, query: Query) -> tuple[Item, ...]:
        """The items that reviewers disagree about, and that nobody has decided."""
        _check_leads(reviewer)
        return self._store.reviews.disagreements(query)

    def dispute(self, reviewer: Reviewer, item: Item) -> tuple[ItemView, Said]:
        """A disputed item with all that was said of it."""
        _check_leads(reviewer)
        events, reviews = self._events(item), self._store.reviews.answers_to_adjudicate(item)
        return view_of(item, events), said_of(item, events, reviews, reviewer.name)

    def adjudicate(self, reviewer: Reviewer, item: Item, answer: AnyAnswer, guideline: int) -> None:
        """Decides a disputed item."""
        _check_leads(reviewer)
        self._store.reviews.adjudicate(reviewer.name, item, answer, _now(), guideline=guideline)

    def set_gold(self, reviewer: Reviewer, item: Item, answer: AnyAnswer) -> None:
        """Makes this the right answer, by which reviewers are measured."""
        _check_leads(reviewer)
        self._store.reviews.set_gold(item, answer, reviewer.name, _now())

    # ------------------------------------------------------------ around it

    def progress(self, reviewer: Reviewer, query: Query, minutes: int = 0) -> Progress:
        """How far the reviewer is, and all of them; their day begins so many minutes before it does in Greenwich."""
        return self._store.reviews.progress(reviewer.name, query, _now().astimezone(timezone(timedelta(minutes=minutes))))

    def models(self) -> tuple[str, ...]:
        return self._store.reviews.models()

    def profiles(self) -> list[str]:
        return self._store.profiles()

    def guideline(self) -> Guidance:
        """The newest guideline."""
        newest = self._store.reviews.guideline()
        return Guidance(newest.version, newest.text) if newest else Guidance(0, first_guideline())

    def publish(self, reviewer: Reviewer, text: str) -> Guidance:
        """Makes this the guideline from now on."""
        _check_leads(reviewer)
        if not text.strip():
            raise CommandError("A guideline needs words: write what reviewers are to look for.")
        if len(text) > LONGEST:
            raise CommandError("A guideline may have {most} characters: make it shorter.", most=LONGEST)
        self._store.reviews.publish(text.strip(), reviewer.name, _now())
        return self.guideline()

    # ------------------------------------------------------------ inside

    def _view(self, item: Item, blind: bool) -> ItemView:
        return view_of(item, self._events(item), blind)

    def _events(self, item: Item) -> list[Event]:
        return self._store.events(item.story)


def view_of(item: Item, events: Sequence[Event], blind: bool = False) -> ItemView:
    """How an item of the story that these facts tell is shown."""
    match item:
        case AttemptItem():
            return attempt_of(item, events, blind)
        case PlanItem():
            return plan_of(item, events)
        case PairItem():
            return pair_of(item, events)
        case _:
            assert_never(item)


def _check_leads(reviewer: Reviewer) -> None:
    if not reviewer.leads:
        raise CommandError(LEADS_ONLY)


def _now() -> datetime:
    return datetime.now(UTC)
