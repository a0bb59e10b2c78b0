"""Decides what the facts of a story mean: ``evolve`` folds them, and the questions below read the result. Pure.

Staleness is derived, not stored. A step is settled *for a revision and a source picture*; when either moves on, because
the step or one before it was edited, the settlement no longer holds and the step is drawn again. Nothing is deleted: an
attempt that nobody wants any more is still an attempt, and comes back if its revision and source do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Literal, assert_never

from core.events import (
    Drawn,
    Event,
    Failed,
    Judged,
    Opened,
    Paused,
    PlanEdited,
    Planned,
    PolicySet,
    Resumed,
    Settled,
    StepEdited,
    made_by_person,
)
from core.types import Attempt, AttemptKey, ImageRef, Policy, Request, Step, StepId, Value, Verdict

State = Literal["done", "open", "waiting", "stale"]


class Try(Value):
    """An attempt with what was said of it. A person's verdict outranks the critic's."""

    attempt: Attempt
    critic: Verdict | None = None
    person: Verdict | None = None

    @property
    def verdict(self) -> Verdict | None:
        return self.person or self.critic

    @property
    def rank(self) -> float:
        """How good the attempt is, 0 to 1: the judge's score, else the critic's P(success); below all if a person said no."""
        if self.person is not None:
            return 1.0 if self.person.accepted else -1.0
        if self.critic is None:
            return 0.0
        if self.critic.score is not None:
            return self.critic.score / 10
        return self.critic.p_success or 0.0


class Settlement(Value):
    """How a step was settled, and for which revision and source picture that holds."""

    step: StepId
    revision: int
    attempt: AttemptKey | None
    source: ImageRef | None
    why: Literal["accepted", "budget", "text", "person"]


class Failure(Value):
    """A call that failed and is not forgiven yet."""

    task: Literal["plan", "draw", "judge"]
    attempt: AttemptKey | None
    code: str
    message: str


@dataclass(frozen=True)
class Standing:
    """Where one step stands: the picture it is (to be) drawn on, if that is known yet, and how it was settled, if that holds."""

    step: Step
    state: State
    source: ImageRef | None
    source_known: bool
    settled: Settlement | None
    tries: tuple[Try, ...]  # of this revision, on this source, in order
    image: ImageRef | None  # the settled picture


class Trajectory(Value):
    """A story so far. ``Trajectory()`` is the story that nobody has opened yet."""

    request: Request | None = None
    policy: Policy = Policy()
    profile: str = ""
    plan_revision: int = 0
    thought: str = ""
    steps: tuple[Step, ...] = ()
    tries: tuple[Try, ...] = ()
    settlements: tuple[Settlement, ...] = ()  # the newest of each step
    failures: tuple[Failure, ...] = ()  # since the last success, edit or resume
    paused: bool = False
    stop_now: bool = False
    unreviewed: bool = False  # a model made a plan or a verdict that no person has gone on from
    last_id: int = 0  # highest step number ever given, so that none is given twice

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def find(self, key: AttemptKey) -> Try | None:
        return next((found for found in self.tries if found.attempt.key == key), None)

    def tries_of(self, step: Step) -> tuple[Try, ...]:
        """All attempts at this step's present revision, on whatever source."""
        return tuple(t for t in self.tries if (t.attempt.key.step, t.attempt.key.revision) == (step.id, step.revision))

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """One standing a step, in order: each drawn step builds on the picture of the nearest drawn step before it."""
        newest = {settled.step: settled for settled in self.settlements}
        source = self.request.images[-1] if self.request and self.request.images else None
        known, any_open, standings = True, False, list[Standing]()
        for step in self.steps:
            settled = newest.get(step.id)
            if settled and (settled.revision != step.revision or (step.prompt and not (known and settled.source == source))):
                settled = None
            tries = tuple(t for t in self.tries_of(step) if t.attempt.source == source) if known else ()
            state: State = "done" if settled else "waiting" if any_open else "open"
            if not settled and step.id in newest and newest[step.id].attempt is not None:
                state = "stale" if any_open else "open"
            chosen = self.find(settled.attempt) if settled and settled.attempt else None
            image = chosen.attempt.image if chosen else None
            standings.append(Standing(step, state, source, known, settled, tries, image))
            any_open = any_open or settled is None
            if step.prompt is not None:
                source, known = (image, True) if settled else (None, False)
        return tuple(standings)

    def standing(self, step_id: str) -> Standing | None:
        return next((standing for standing in self.standings if standing.step.id == step_id), None)

    @property
    def first_open(self) -> Standing | None:
        return next((standing for standing in self.standings if standing.settled is None), None)

    def times_failed(self, task: str, key: AttemptKey | None) -> int:
        return sum(failed.task == task and failed.attempt == key for failed in self.failures)


def fold(events: Iterable[Event]) -> Trajectory:
    """The story that these facts tell."""
    return reduce(evolve, events, Trajectory())


def evolve(t: Trajectory, event: Event) -> Trajectory:
    """``t`` after one more fact. A fact about what a person has since changed is kept in the log and changes nothing here."""
    evolved = _evolve(t, event)
    if made_by_person(event) and evolved.unreviewed and not isinstance(event, Paused):
        evolved = _with(evolved, unreviewed=False)
    return evolved


def _evolve(t: Trajectory, event: Event) -> Trajectory:
    match event:
        case Opened(request=request, policy=policy, profile=profile):
            return _with(t, request=request, policy=policy, profile=profile)
        case PolicySet(policy=policy):
            return _with(t, policy=policy, failures=())
        case Planned():
            if event.plan_revision != t.plan_revision:
                return t
            planned = _with_steps(t, event.steps, t.plan_revision + 1)
            return _with(planned, thought=event.thought, unreviewed=True)
        case PlanEdited():
            return _with_steps(t, event.steps, event.plan_revision)
        case StepEdited(step=edited):
            steps = tuple(edited if step.id == edited.id else step for step in t.steps)
            return _with(t, steps=steps, failures=())
        case Drawn(attempt=attempt):
            return _with(t, tries=(*t.tries, Try(attempt=attempt)), failures=())
        case Judged():
            return _judged(t, event)
        case Settled():
            others = tuple(settled for settled in t.settlements if settled.step != event.step)
            return _with(t, settlements=(*others, Settlement(**event.model_dump(exclude={"kind", "by", "at"}))))
        case Failed(task=task, attempt=key, code=code, message=message):
            return _with(t, failures=(*t.failures, Failure(task=task, attempt=key, code=code, message=message)))
        case Paused(now=now):
            return _with(t, paused=True, stop_now=now)
        case Resumed():
            return _with(t, paused=False, stop_now=False, failures=(), unreviewed=False)
        case _:
            assert_never(event)


def _judged(t: Trajectory, event: Judged) -> Trajectory:
    person = made_by_person(event)
    field = "person" if person else "critic"
    tries = tuple(
        tried.model_copy(update={field: event.verdict}) if tried.attempt.key == event.attempt else tried for tried in t.tries
    )
    settlements = t.settlements
    if person and not event.verdict.accepted:  # a rejected picture can't stay the step's picture
        settlements = tuple(settled for settled in t.settlements if settled.attempt != event.attempt)
    return _with(t, tries=tries, settlements=settlements, failures=(), unreviewed=not person)


def _with_steps(t: Trajectory, steps: tuple[Step, ...], plan_revision: int) -> Trajectory:
    last_id = max([t.last_id, *(int(step.id[1:]) for step in steps)])
    return _with(t, steps=steps, plan_revision=plan_revision, last_id=last_id, failures=())


def _with(t: Trajectory, **changes: object) -> Trajectory:
    # Not model_copy: that would carry the cached standings along.
    return Trajectory.model_construct(**{**{name: getattr(t, name) for name in Trajectory.model_fields}, **changes})
