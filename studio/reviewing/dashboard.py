"""Works out the figures of the agreement page from a ledger: critic and people, people and each other. Pure values, no markup.

Whoever reviews may see them: they are counts over all, and say of no single attempt what anybody answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from core.agreement import (
    Balance,
    Calibration,
    Case,
    Confusion,
    Key,
    Share,
    StepKind,
    alpha,
    calibration,
    confusion,
    grouped,
    independent,
    kappas,
)
from core.reviewing import FAULTS, Answer, AttemptItem, Fault, Review
from core.store import Calibration as Marks
from core.types import Value
from studio.reviewing.attempt import FAULT_NAMES
from studio.reviewing.ledger import Ledger
from studio.speech import later, say

#: Where the critic and people come together in the table: the critic's word first.
Cell = Literal["accepted_good", "accepted_bad", "refused_good", "refused_bad"]
CELLS: tuple[Cell, ...] = get_args(Cell)
FEW = 30  # cases: with fewer, an interval is some 35 points wide, and the page says so
STEPS: dict[StepKind, str] = {
    "first picture": later("first picture"),
    "edit": later("change of a picture"),
    "text": later("text"),
}
KEYS: dict[Key, str] = {
    "critic": later("Critic and its revision"),
    "painter": later("Painter and its revision"),
    "step": later("Kind of step"),
    "fault": later("Fault that people found"),
}


class Sieve(Value):
    """Which attempts are looked at; what is empty leaves all in."""

    critic: str = Field(default="", max_length=200)
    painter: str = Field(default="", max_length=200)
    step: StepKind | Literal[""] = ""
    fault: Fault | Literal[""] = ""

    def lets(self, case: Case) -> bool:
        asked = ((self.critic, case.critic), (self.painter, case.painter), (self.step, case.step))
        return all(wanted in ("", there) for wanted, there in asked) and (not self.fault or self.fault in case.faults)


@dataclass(frozen=True)
class Pair:
    """Two people, Cohen's kappa between them, and how many attempts both answered; None where nothing can be found out."""

    one: str
    other: str
    kappa: float | None
    of: int


@dataclass(frozen=True)
class Group:
    """The figures of the cases of one model, kind of step, or fault. ``key`` and ``value`` name it in a sieve."""

    key: Key
    value: str
    name: str
    of: int
    accuracy: Share
    balanced: Balance | None


@dataclass(frozen=True)
class Measured:
    """How one reviewer's answers to gold attempts compare with what is right; ``balanced`` is None if one sort is missing."""

    reviewer: str
    marks: Marks
    balanced: Balance | None

    @property
    def of(self) -> int:
        return self.marks.of_accepted + self.marks.of_refused


@dataclass(frozen=True)
class Figures:
    """All that the page tells in numbers. ``split``: people disagree and nobody has decided; ``unjudged``: no critic spoke."""

    at: datetime
    reviews: int
    people: tuple[str, ...]
    attempts: int
    split: int
    unjudged: int
    confusion: Confusion
    calibration: Calibration
    alpha: float | None
    shared: int  # attempts that two or more people answered
    pairs: tuple[Pair, ...]
    groups: Mapping[Key, tuple[Group, ...]]

    @property
    def few(self) -> bool:
        return 0 < self.confusion.of < FEW


def figures_of(ledger: Ledger, sieve: Sieve | None = None) -> Figures:
    """The figures of the attempts that the sieve lets through."""
    sieve = sieve or Sieve()
    found = [case for case in ledger.cases if sieve.lets(case)]
    reviews = _let_through(ledger, sieve)
    said = independent(review for given in reviews.values() for review in given)
    judged = [item for item in reviews if item in ledger.opinions]
    return Figures(
        at=ledger.at,
        reviews=sum(map(len, reviews.values())),
        people=tuple(sorted({review.reviewer for given in reviews.values() for review in given})),
        attempts=len(reviews),
        split=len(judged) - len({case.item for case in ledger.cases} & set(judged)),
        unjudged=len(reviews) - len(judged),
        confusion=confusion(found),
        calibration=calibration(found),
        alpha=alpha(said),
        shared=sum(len(answers) > 1 for answers in said.values()),
        pairs=tuple(Pair(*pair, value, of) for pair, (value, of) in kappas(said).items()),
        groups={key: groups_of(found, key) for key in KEYS},
    )


def groups_of(found: Iterable[Case], key: Key) -> tuple[Group, ...]:
    """The figures of each group, the largest group first; faults in their own order."""
    groups = []
    for value, held in grouped(found, key).items():
        counts = confusion(held)
        groups.append(Group(key, value, name_of(key, value), counts.of, counts.accuracy, counts.balanced))
    order: Callable[[Group], object] = (lambda group: FAULTS.index(group.value)) if key == "fault" else (lambda group: -group.of)
    return tuple(sorted(groups, key=order))  # type: ignore[arg-type]


def name_of(key: Key, value: str) -> str:
    """What a group is called: models by their own names, the others in the language that is spoken."""
    names: Mapping[str, str] = {"step": STEPS, "fault": FAULT_NAMES}.get(key, {})  # type: ignore[assignment]
    return say(names[value]) if value in names else value or say("unknown")


def choices_of(ledger: Ledger) -> dict[Key, list[tuple[str, str]]]:
    """What a sieve can be set to, with what it is called: all that the cases have."""
    return {key: [(value, name_of(key, value)) for value in grouped(ledger.cases, key)] for key in KEYS}


def in_cell(found: Iterable[Case], cell: Cell | None) -> list[Case]:
    """The cases of a cell of the table, or of all; those first in which the critic was furthest from people."""
    held = [case for case in found if cell is None or cell_of(case) == cell]
    return sorted(held, key=lambda case: (-_apart(case), case.item.story, case.item.attempt.step, case.item.attempt.number))


def cell_of(case: Case) -> Cell:
    if case.accepted:
        return "accepted_good" if case.good else "accepted_bad"
    return "refused_good" if case.good else "refused_bad"


def measured(marks: Mapping[str, Marks]) -> tuple[Measured, ...]:
    """The reviewers who answered gold attempts, by name."""
    found = []
    for reviewer, mark in sorted(marks.items()):
        good, bad = Share(mark.accepted, mark.of_accepted), Share(mark.refused, mark.of_refused)
        if good.of or bad.of:
            found.append(Measured(reviewer, mark, Balance(good, bad) if good.of and bad.of else None))
    return tuple(found)


def _apart(case: Case) -> float:
    said = float(case.accepted) if case.p_success is None else case.p_success
    return abs(case.good - said)


def _let_through(ledger: Ledger, sieve: Sieve) -> dict[AttemptItem, Sequence[Review]]:
    """The reviews of attempts that fit; those that people disagree about are among them, which are no cases."""
    return {item: given for item, given in ledger.reviews.items() if _fits(ledger, item, given, sieve)}


def _fits(ledger: Ledger, item: AttemptItem, given: Collection[Review], sieve: Sieve) -> bool:
    if sieve.fault and not any(isinstance(each.answer, Answer) and sieve.fault in each.answer.faults for each in given):
        return False
    if not (sieve.critic or sieve.painter or sieve.step):
        return True
    opinion = ledger.opinions.get(item)
    return opinion is not None and (
        sieve.critic in ("", opinion.critic) and sieve.painter in ("", opinion.painter) and sieve.step in ("", opinion.step)
    )
