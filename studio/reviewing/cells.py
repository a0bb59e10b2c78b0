"""Lists the attempts behind a number of the agreement page, each with what was said of it. Keeps reviewers from each other.

What others said of an attempt is for those who have answered it, and for leads. Which cell an attempt is in says what others
said of it, too: so the list has no attempt that its reader has not answered, but for leads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from core.agreement import Case
from core.errors import NotFound, StoreError
from core.reviewing import Review
from core.types import Value
from studio.reviewing.access import Reviewer
from studio.reviewing.attempt import AttemptReview, attempt_of
from studio.reviewing.dashboard import Cell, Sieve, in_cell
from studio.reviewing.ledger import Ledger
from studio.reviewing.said import Said, said_of
from studio.speech import later

if TYPE_CHECKING:
    from core.store import Store

PAGE = 12  # attempts at a time: each is told from its story's facts
MOST_ANSWERS = 10  # that the review page can be asked for of each
#: What a list of attempts is headed with.
TITLES: dict[Cell | Literal["all"], str] = {
    "accepted_good": later("The critic passed them, and people accepted them"),
    "accepted_bad": later("The critic passed them, but people refused them"),
    "refused_good": later("The critic refused them, but people accepted them"),
    "refused_bad": later("The critic refused them, and people refused them"),
    "all": later("All attempts that the critic and people spoke of"),
}


class Wanted(Value):
    """Which attempts a reader wants to see: those of a cell of the table, from number ``start`` on."""

    cell: Cell | Literal["all"]
    sieve: Sieve = Sieve()
    start: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Shown:
    """One attempt that both sides speak of. ``mine``: its reader has answered it."""

    case: Case
    view: AttemptReview
    said: Said
    mine: bool


@dataclass(frozen=True)
class Listed:
    """Some of the attempts of a cell. ``hidden`` more are in it that the reader has not answered; ``next`` is where more begin.

    ``review`` is what the review page is to be asked for, so that it hands out those that the reader has not answered.
    """

    shown: tuple[Shown, ...]
    total: int
    hidden: int
    next: int | None
    review: Mapping[str, str]


def listed(store: Store, ledger: Ledger, wanted: Wanted, reader: Reviewer) -> Listed:
    """The attempts that this reader may see, those first in which the critic was furthest from people."""
    held = in_cell((case for case in ledger.cases if wanted.sieve.lets(case)), None if wanted.cell == "all" else wanted.cell)
    answered = ledger.answered_by(reader.name)
    open_to = held if reader.leads else [case for case in held if case.item in answered]
    end = wanted.start + PAGE
    found = (_shown(store, case, reader) for case in open_to[wanted.start : end])
    return Listed(
        shown=tuple(each for each in found if each),
        total=len(open_to),
        hidden=len(held) - len(open_to),
        next=end if end < len(open_to) else None,
        review=_query(wanted, [len(ledger.reviews[case.item]) for case in held if case.item not in answered]),
    )


def _query(wanted: Wanted, answers: Sequence[int]) -> dict[str, str]:
    """Filters of the review page that let these through, and as many others as would tell on them: not what people said."""
    verdict = "" if wanted.cell == "all" else "accepted" if wanted.cell.startswith("accepted") else "refused"
    sieve = wanted.sieve
    required = min(max(answers, default=0) + 1, MOST_ANSWERS)
    asked = {"verdict": verdict, "model": sieve.critic or sieve.painter, "faults": sieve.fault, "required": str(required)}
    return {name: value for name, value in asked.items() if value}


def _shown(store: Store, case: Case, reader: Reviewer) -> Shown | None:
    """None if there is nothing to show: the reader has just taken their answer back, or the story can't be read any more."""
    try:
        reviews = _reviews_for(store, case, reader)
        if not reviews:
            return None
        events = store.events(case.item.story)
        view, said = attempt_of(case.item, events), said_of(case.item, events, reviews, reader.name)
    except (NotFound, StoreError):  # the doctor says what is wrong with a story
        return None
    return Shown(case, view, said, any(review.reviewer == reader.name for review in reviews))


def _reviews_for(store: Store, case: Case, reader: Reviewer) -> tuple[Review, ...]:
    """Asked now, not taken from the ledger: what may be seen is the store's to say."""
    if reader.leads:
        return store.reviews.answers_to_adjudicate(case.item)
    return store.reviews.answers_of(case.item, reader.name)
