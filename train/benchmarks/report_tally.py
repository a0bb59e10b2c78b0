"""Counts over a run's stories what its outcome lines don't say: acceptance by attempt, P(success) and the truth, who told them.

Reads one story at a time, and keeps counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.agreement import Calibration, Case, Share, calibration
from core.errors import StudioError
from core.events import Drawn, Event, Judged, Planned, made_by_person
from core.reviewing import AttemptItem
from train.benchmarks.report_reading import FinishedRun
from train.benchmarks.report_strips import Kind, Truth, critic_asked
from train.told import Told, told

if TYPE_CHECKING:
    from core.store import Store

LATE = 2  # attempts before the one that was kept: where a second redrawing was needed, mending took long


@dataclass(frozen=True)
class ByNumber:
    """The attempts of one number, from 1: how many of those that were judged passed, how many steps were done by then, and how
    many drawings are good in truth (of 0 where that is not known)."""

    number: int
    accepted: Share
    done: Share
    good: Share


@dataclass
class Tally:
    """What was counted. ``latest``: the number, from 0, of the last attempt that a story kept, by request."""

    models: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    latest: dict[str, int] = field(default_factory=dict)
    whys: Counter[str] = field(default_factory=Counter)  # how steps with a picture were settled
    judged: Counter[int] = field(default_factory=Counter)
    accepted: Counter[int] = field(default_factory=Counter)
    drawn: Counter[int] = field(default_factory=Counter)
    good: Counter[int] = field(default_factory=Counter)
    known: Counter[int] = field(default_factory=Counter)
    passed: Counter[int] = field(default_factory=Counter)  # steps that were settled as accepted, by the attempt's number
    steps: int = 0
    cases: list[Case] = field(default_factory=list)

    @property
    def critic_asked(self) -> bool:
        return bool(self.judged)

    @property
    def by_number(self) -> tuple[ByNumber, ...]:
        found, done = [], 0
        for number in sorted(self.drawn):
            done += self.passed[number]
            accepted = Share(self.accepted[number], self.judged[number])
            good = Share(self.good[number], self.known[number])
            found.append(ByNumber(number + 1, accepted, Share(done, self.steps), good))
        return tuple(found)

    @property
    def calibration(self) -> Calibration:
        """Of P(success), against the truth."""
        return calibration(self.cases)

    def kind_of(self, request: str, passed: bool | None) -> Kind:
        """How a request ended."""
        if passed is None:
            return "unscored"
        if not passed:
            return "failure"
        return "late" if self.latest.get(request, 0) >= LATE else "success"


def tally_of(run: FinishedRun, store: Store) -> Tally:
    """The counts over all stories of a run; one that is gone is not counted."""
    tally = Tally()
    for result in run.results:
        if result.story is None:
            continue
        try:
            events = store.events(result.story)
            story = told(result.story, events)
        except StudioError:
            continue
        _hear(tally, events)
        _count_steps(tally, result.id, story)
        _count_attempts(tally, story, Truth(store.images.load) if run.exact else None, critic_asked(events))
    return tally


def _hear(tally: Tally, events: Iterable[Event]) -> None:
    for event in events:
        if isinstance(event, Planned | Drawn | Judged) and not made_by_person(event):
            role, _, name = event.by.partition(":")
            tally.models[role].add(name or role)


def _count_steps(tally: Tally, request: str, story: Told) -> None:
    for standing in story.trajectory.standings:
        if standing.step.prompt is None:
            continue
        tally.steps += 1
        if standing.settled is None or standing.settled.attempt is None:
            continue
        number = standing.settled.attempt.number
        tally.whys[standing.settled.why] += 1
        tally.passed[number] += standing.settled.why == "accepted"
        tally.latest[request] = max(tally.latest.get(request, 0), number)


def _count_attempts(tally: Tally, story: Told, truth: Truth | None, critic: bool) -> None:
    for case in story.cases:
        attempt, verdict = case.attempt, case.critic.verdict if case.critic and critic else None
        number = attempt.key.number
        tally.drawn[number] += 1
        if verdict:
            tally.judged[number] += 1
            tally.accepted[number] += verdict.accepted
        exact = truth.of(attempt, case.prompt) if truth else None
        if exact is None:
            continue
        tally.known[number] += 1
        tally.good[number] += exact.accepted
        if verdict:
            item = AttemptItem(story=story.id, attempt=attempt.key)
            tally.cases.append(Case(item, exact.accepted, verdict.accepted, verdict.p_success))
