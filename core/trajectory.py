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
    Branched,
    Drawn,
    Event,
    Failed,
    Imported,
    Judged,
    NotesSet,
    Opened,
    Paused,
    PlanEdited,
    Planned,
    PolicySet,
    Redone,
    Renamed,
    Resumed,
    Settled,
    StepEdited,
    Undone,
    made_by_person,
)
from core.types import Attempt, AttemptKey, ImageRef, Notes, Policy, Request, Step, StepId, Value, Verdict

#: Changes that can be undone; older ones are too far back to remember what undoing them would do.
HISTORY = 100

State = Literal["done", "open", "waiting", "stale"]


class Try(Value):
    """An attempt with what was said of it. A person's verdict outranks the critic's.

    ``born`` and ``overruled`` count the attempts of the story so far: when it was drawn, and when a person judged it last.
    """

    attempt: Attempt
    critic: Verdict | None = None
    person: Verdict | None = None
    born: int = 0
    overruled: int = 0

    @property
    def round(self) -> int:
        """Candidates of one round were drawn with one prompt."""
        return self.attempt.key.number if self.attempt.round is None else self.attempt.round

    @property
    def rejected(self) -> bool:
        """Whether a person said no."""
        return self.person is not None and not self.person.accepted

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


class Memory(Value):
    """What a person can change of a story, as it was before they did; ``what`` and ``step`` say what they changed."""

    what: str
    step: StepId | None
    title: str
    steps: tuple[Step, ...]
    policy: Policy
    notes: Notes
    settlements: tuple[Settlement, ...]
    persons: tuple[tuple[AttemptKey, Verdict, int], ...]


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
    title: str = ""  # that a person gave it
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
    revisions: tuple[tuple[StepId, int], ...] = ()  # highest revision ever given to each step, for the same reason
    trunk: str = ""  # the story that this one branched off
    past: tuple[Memory, ...] = ()  # what undoing leads back to, the nearest last
    future: tuple[Memory, ...] = ()  # what redoing leads to, the nearest last

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def find(self, key: AttemptKey) -> Try | None:
        return next((found for found in self.tries if found.attempt.key == key), None)

    def next_revision(self, step: Step) -> int:
        return max(dict(self.revisions).get(step.id, 0), step.revision) + 1

    def passes(self, tried: Try) -> bool:
        """Whether a person accepts it; else whether the critic's P(success) reaches the policy's threshold, or it says so."""
        if tried.person is not None:
            return tried.person.accepted
        if tried.critic is None:
            return False
        if self.policy.threshold is None or tried.critic.p_success is None:
            return tried.critic.accepted
        return tried.critic.p_success >= self.policy.threshold

    def tries_of(self, step: Step) -> tuple[Try, ...]:
        """All attempts at this step's present revision, on whatever source."""
        return tuple(t for t in self.tries if (t.attempt.key.step, t.attempt.key.revision) == (step.id, step.revision))

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """One standing a step, in order: each drawn step builds on the picture of the nearest drawn step before it."""
        newest = {settled.step: settled for settled in self.settlements}
        source = self.request.pictures[-1] if self.request and self.request.pictures else None
        known, any_open, standings = True, False, list[Standing]()
        for step in self.steps:
            settled = newest.get(step.id)
            if settled and not _holds(settled, step, known, source):
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


def _holds(settled: Settlement, step: Step, known: bool, source: ImageRef | None) -> bool:
    """Whether a step that was settled like this still is, on this source (``known``: it has one)."""
    if step.prompt is None:
        return settled.revision == step.revision
    if step.locked and settled.attempt:
        return True
    return settled.revision == step.revision and known and settled.source == source


def evolve(t: Trajectory, event: Event) -> Trajectory:
    """``t`` after one more fact. A fact about what a person has since changed is kept in the log and changes nothing here."""
    evolved = _evolve(t, event)
    if changes(event) and not event.continued:
        evolved = _with(evolved, past=(*t.past, _memory(t, event.kind, _about(event)))[-HISTORY:], future=())
    if evolved.unreviewed and _goes_on(t, event):
        evolved = _with(evolved, unreviewed=False)
    return evolved


def _goes_on(t: Trajectory, event: Event) -> bool:
    """Whether a person who was waited for has answered: by a choice, or by wanting a step drawn again that was drawn before.

    Whoever only writes into the plan goes on writing, and says so when they are ready.
    """
    match event:
        case Settled():
            return made_by_person(event)
        case StepEdited(step=edited):
            before = t.step(edited.id)
            return before is not None and edited.revision != before.revision and bool(t.tries_of(before))
        case _:
            return False


def _evolve(t: Trajectory, event: Event) -> Trajectory:
    match event:
        case Opened(request=request, policy=policy, profile=profile):
            return _with(t, request=request, policy=policy, profile=profile)
        case Branched(trunk=trunk, seed=seed):
            assert t.request is not None
            request = t.request.model_copy(update={"seed": seed})
            return _with(t, request=request, trunk=trunk, paused=True, stop_now=False, past=(), future=())
        case Imported():
            return _with(t, paused=True, stop_now=False, past=(), future=())
        case Renamed(title=title):
            return _with(t, title=title.strip())
        case PolicySet(policy=policy):
            return _with(t, policy=policy, failures=())
        case NotesSet(notes=notes):
            assert t.request is not None
            return _with(t, request=t.request.model_copy(update={"notes": notes}))
        case Planned():
            if event.plan_revision != t.plan_revision:
                return t
            planned = _with_steps(t, event.steps, t.plan_revision + 1)
            return _with(planned, thought=event.thought, unreviewed=True)
        case PlanEdited():
            return _with_steps(t, event.steps, event.plan_revision)
        case StepEdited(step=edited):
            steps = tuple(edited if step.id == edited.id else step for step in t.steps)
            return _with(t, steps=steps, revisions=_revised(t, steps), failures=())
        case Drawn(attempt=attempt):
            return _with(t, tries=(*t.tries, Try(attempt=attempt, born=len(t.tries))), failures=())
        case Judged():
            return _judged(t, event)
        case Settled():
            others = tuple(settled for settled in t.settlements if settled.step != event.step)
            return _with(t, settlements=(*others, Settlement(**{name: getattr(event, name) for name in Settlement.model_fields})))
        case Failed(task=task, attempt=key, code=code, message=message):
            return _with(t, failures=(*t.failures, Failure(task=task, attempt=key, code=code, message=message)))
        case Paused(now=now):
            return _with(t, paused=True, stop_now=now)
        case Resumed():
            return _with(t, paused=False, stop_now=False, failures=(), unreviewed=False)
        case Undone():
            return _undone(t)
        case Redone():
            return _redone(t)
        case _:
            assert_never(event)


def _judged(t: Trajectory, event: Judged) -> Trajectory:
    person = made_by_person(event)
    said = {"person": event.verdict, "overruled": len(t.tries)} if person else {"critic": event.verdict}
    tries = tuple(tried.model_copy(update=said) if tried.attempt.key == event.attempt else tried for tried in t.tries)
    settlements = t.settlements
    if person and not event.verdict.accepted:  # a rejected picture can't stay the step's picture
        settlements = tuple(settled for settled in t.settlements if settled.attempt != event.attempt)
    return _with(t, tries=tries, settlements=settlements, failures=(), unreviewed=not person)


def _with_steps(t: Trajectory, steps: tuple[Step, ...], plan_revision: int) -> Trajectory:
    last_id = max([t.last_id, *(int(step.id[1:]) for step in steps)])
    revisions = _revised(t, steps)
    return _with(t, steps=steps, plan_revision=plan_revision, last_id=last_id, revisions=revisions, failures=())


def _revised(t: Trajectory, steps: tuple[Step, ...]) -> tuple[tuple[StepId, int], ...]:
    highest = dict(t.revisions)
    for step in steps:
        highest[step.id] = max(highest.get(step.id, 0), step.revision)
    return tuple(highest.items())


# ---------------------------------------------------------------- undo


def changes(event: Event) -> bool:
    """Whether this fact is a person's change of the story, which can be undone. Pausing and resuming undo one another."""
    match event:
        case Renamed() | PolicySet() | NotesSet() | PlanEdited() | StepEdited():
            return True
        case Judged() | Settled():
            return made_by_person(event)
        case _:
            return False


def _about(event: Event) -> StepId | None:
    match event:
        case StepEdited(step=step):
            return step.id
        case Judged(attempt=key):
            return key.step
        case Settled(step=step_id):
            return step_id
        case _:
            return None


def _memory(t: Trajectory, what: str, step: StepId | None) -> Memory:
    persons = tuple((tried.attempt.key, tried.person, tried.overruled) for tried in t.tries if tried.person)
    notes = t.request.notes if t.request else Notes()
    return Memory.model_construct(
        what=what,
        step=step,
        title=t.title,
        steps=t.steps,
        policy=t.policy,
        notes=notes,
        settlements=t.settlements,
        persons=persons,
    )


def _undone(t: Trajectory) -> Trajectory:
    if not t.past:
        return t
    before = t.past[-1]
    now = _memory(t, before.what, before.step)
    return _with(_recalled(t, before), past=t.past[:-1], future=(*t.future, now))


def _redone(t: Trajectory) -> Trajectory:
    if not t.future:
        return t
    after = t.future[-1]
    now = _memory(t, after.what, after.step)
    return _with(_recalled(t, after), past=(*t.past, now), future=t.future[:-1])


def _recalled(t: Trajectory, memory: Memory) -> Trajectory:
    """The story as a person had it then, with all that models have made since: their pictures, verdicts and settled steps."""
    assert t.request is not None
    persons = {key: (verdict, overruled) for key, verdict, overruled in memory.persons}
    tries = []
    for tried in t.tries:
        person, overruled = persons.get(tried.attempt.key, (None, 0))
        tries.append(tried.model_copy(update={"person": person, "overruled": overruled}))
    then = {settled.step for settled in memory.settlements}
    rejected = {key for key, (verdict, _) in persons.items() if not verdict.accepted}
    since = tuple(s for s in t.settlements if s.why != "person" and s.step not in then and s.attempt not in rejected)
    moved = memory.steps != t.steps
    return _with(
        t,
        title=memory.title,
        steps=memory.steps,
        plan_revision=t.plan_revision + moved,
        policy=memory.policy,
        request=t.request.model_copy(update={"notes": memory.notes}),
        tries=tuple(tries),
        settlements=(*memory.settlements, *since),
        failures=(),
    )


def _with(t: Trajectory, **changes: object) -> Trajectory:
    # Not model_copy: that would carry the cached standings along.
    return Trajectory.model_construct(**{**{name: getattr(t, name) for name in Trajectory.model_fields}, **changes})
