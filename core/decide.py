"""Decides whether a person's wish is allowed, and which facts it makes. Pure: no models, no disk.

``decide`` answers a command with facts, or with a :class:`~core.errors.CommandError` that says why not; ``loses`` says
beforehand which pictures it would make stale.
"""

from __future__ import annotations

from functools import reduce
from typing import assert_never

from core.commands import (
    Choose,
    Command,
    EditPlan,
    EditStep,
    InsertStep,
    LockStep,
    MoveStep,
    Open,
    Overrule,
    Pause,
    Redo,
    RemoveStep,
    Rename,
    Replan,
    Resume,
    Retry,
    SetNotes,
    SetPolicy,
    SplitStep,
    Undo,
)
from core.errors import CommandError
from core.events import (
    Event,
    Judged,
    NotesSet,
    Opened,
    Paused,
    PlanEdited,
    PolicySet,
    Redone,
    Renamed,
    Resumed,
    Settled,
    StepEdited,
    Undone,
)
from core.trajectory import Trajectory, evolve
from core.types import MAX_STEPS, AttemptKey, PlannedStep, Step, StepId, Verdict


def decide(t: Trajectory, command: Command, by: str) -> tuple[Event, ...]:
    """The facts that ``command`` makes of story ``t``; ``by`` is ``person:<name>``. Raises ``CommandError``."""
    if isinstance(command, Open):
        return (_open(t, command, by),)
    if t.request is None:
        raise CommandError("This story has not been opened yet.")
    facts = _facts(t, command, by)
    match getattr(command, "stale", "redraw"):
        case "keep" if lost := _lost(t, facts) - _redrawn(command):
            kept = reduce(evolve, facts, t)
            steps = tuple(step.model_copy(update={"locked": True}) if step.id in lost else step for step in kept.steps)
            return (*facts, PlanEdited(plan_revision=kept.plan_revision + 1, steps=steps, by=by, continued=True))
        case "later" if _lost(t, facts) and not t.paused:
            return (*facts, Paused(by=by))
        case _:
            return facts


def loses(t: Trajectory, command: Command) -> tuple[StepId, ...]:
    """The other steps, in order, whose pictures ``command`` would make stale if they were not kept. Raises ``CommandError``."""
    lost = _lost(t, _facts(t, command, "person:local")) - _redrawn(command)
    return tuple(step.id for step in t.steps if step.id in lost)


def _lost(t: Trajectory, facts: tuple[Event, ...]) -> set[StepId]:
    """The steps that have their picture now, are still there after ``facts``, and have it no longer."""
    had = {standing.step.id for standing in t.standings if standing.image}
    after = reduce(evolve, facts, t).standings
    return had & {standing.step.id for standing in after if not standing.image and standing.step.prompt}


def _redrawn(command: Command) -> set[StepId]:
    """The step whose new picture is just what is wanted."""
    match command:
        case EditStep(step=step_id) | SplitStep(step=step_id) | Retry(step=step_id) | LockStep(step=step_id):
            return {step_id}
        case Overrule(attempt=key, accepted=False):
            return {key.step}
        case _:
            return set()


def _facts(t: Trajectory, command: Command, by: str) -> tuple[Event, ...]:
    """What a command says; who accepts an attempt at a step that has its picture wants this one to be it."""
    fact = _decided(t, command, by)
    if isinstance(command, Overrule) and command.accepted and (standing := t.standing(command.attempt.step)):
        present = any(tried.attempt.key == command.attempt for tried in standing.tries)
        if present and standing.settled and (standing.settled.attempt, standing.settled.why) != (command.attempt, "person"):
            return (fact, _chosen(t, command.attempt, by).model_copy(update={"continued": True}))
    return (fact,)


def _decided(t: Trajectory, command: Command, by: str) -> Event:
    """The fact that a command makes of an opened story."""
    match command:
        case Rename(title=title):
            return Renamed(title=" ".join(title.split()), by=by)
        case SetPolicy(policy=policy):
            return PolicySet(policy=policy, by=by)
        case SetNotes(notes=notes):
            return NotesSet(notes=notes, by=by)
        case EditStep(step=step_id, words=words):
            return StepEdited(step=_reworded(t, _step(t, step_id), words), by=by)
        case Retry(step=step_id):
            return StepEdited(step=_retried(t, _step(t, step_id)), by=by)
        case LockStep(step=step_id, locked=locked):
            return StepEdited(step=_locked(t, _step(t, step_id), locked), by=by)
        case InsertStep() | SplitStep() | MoveStep() | RemoveStep() | EditPlan():
            return _edited(t, _rearranged(t, command), by)
        case Replan():
            return PlanEdited(plan_revision=t.plan_revision + 1, steps=(), by=by)
        case Choose(attempt=key):
            return _chosen(t, key, by)
        case Overrule():
            return _overruled(t, command, by)
        case Pause(now=now):
            if t.paused and (t.stop_now or not now):
                raise CommandError("The story is paused already.")
            return Paused(now=now, by=by)
        case Resume():
            return Resumed(by=by)
        case Undo():
            if not t.past:
                raise CommandError("There is nothing to undo.")
            return Undone(by=by)
        case Redo():
            if not t.future:
                raise CommandError("There is nothing to redo.")
            return Redone(by=by)
        case Open():
            raise CommandError("This story is open already.")
        case _:
            assert_never(command)


def _rearranged(t: Trajectory, command: InsertStep | SplitStep | MoveStep | RemoveStep | EditPlan) -> tuple[Step, ...]:
    match command:
        case InsertStep(position=position, words=words):
            return _put(t.steps, _new_step(t.last_id + 1, words), position)
        case SplitStep(step=step_id, first=first, second=second):
            step = _step(t, step_id)
            at = t.steps.index(step)
            return (*t.steps[:at], _reworded(t, step, first), _new_step(t.last_id + 1, second), *t.steps[at + 1 :])
        case MoveStep(step=step_id, position=position):
            step = _step(t, step_id)
            return _put(tuple(other for other in t.steps if other.id != step_id), step, position)
        case RemoveStep(step=step_id):
            _step(t, step_id)
            return tuple(step for step in t.steps if step.id != step_id)
        case EditPlan(steps=drafts):
            return _redrafted(t, drafts)
        case _:
            assert_never(command)


def _open(t: Trajectory, command: Open, by: str) -> Opened:
    if t.request is not None:
        raise CommandError("This story is open already.")
    if not command.request.text.strip() and not command.request.pictures:
        raise CommandError("Say in a few words what the story is about.")
    return Opened(request=command.request, policy=command.policy, profile=command.profile, by=by)


def _step(t: Trajectory, step_id: str) -> Step:
    step = t.step(step_id)
    if step is None:
        raise CommandError("This step is no longer in the plan.")
    return step


def _checked(words: PlannedStep) -> PlannedStep:
    prompt, caption = (words.prompt or "").strip() or None, (words.caption or "").strip() or None
    if prompt is None and caption is None:
        raise CommandError("A step needs a prompt to draw or a caption to show.")
    return words.model_copy(update={"prompt": prompt, "caption": caption})


def _new_step(number: int, words: PlannedStep) -> Step:
    return Step(id=f"s{number}", **_checked(words).model_dump())


def _reworded(t: Trajectory, step: Step, words: PlannedStep) -> Step:
    checked = _checked(words)
    revision = step.revision if checked.prompt == step.prompt else t.next_revision(step)
    return Step(id=step.id, revision=revision, locked=step.locked and checked.prompt is not None, **checked.model_dump())


def _retried(t: Trajectory, step: Step) -> Step:
    if step.prompt is None:
        raise CommandError("This step is text only: there is nothing to draw.")
    return step.model_copy(update={"revision": t.next_revision(step), "locked": False})


def _locked(t: Trajectory, step: Step, locked: bool) -> Step:
    standing = t.standing(step.id)
    if locked and (standing is None or standing.image is None):
        raise CommandError("This step has no picture yet that could be kept.")
    return step.model_copy(update={"locked": locked})


def _put(steps: tuple[Step, ...], step: Step, position: int) -> tuple[Step, ...]:
    at = max(0, min(position, len(steps)))
    return (*steps[:at], step, *steps[at:])


def _redrafted(t: Trajectory, drafts: tuple[tuple[str | None, PlannedStep], ...]) -> tuple[Step, ...]:
    number, steps = t.last_id, list[Step]()
    for step_id, words in drafts:
        if step_id is None:
            number += 1
            steps.append(_new_step(number, words))
        else:
            steps.append(_reworded(t, _step(t, step_id), words))
    if len({step.id for step in steps}) != len(steps):
        raise CommandError("The plan names the same step twice.")
    return tuple(steps)


def _edited(t: Trajectory, steps: tuple[Step, ...], by: str) -> PlanEdited:
    if not 1 <= len(steps) <= MAX_STEPS:
        raise CommandError("A story has 1 to {most} steps; this would make {count}.", most=MAX_STEPS, count=len(steps))
    return PlanEdited(plan_revision=t.plan_revision + 1, steps=steps, by=by)


def _chosen(t: Trajectory, key: AttemptKey, by: str) -> Settled:
    _step(t, key.step)
    standing = t.standing(key.step)
    if t.find(key) is None or standing is None:
        raise CommandError("There is no such attempt.")
    if standing.step.prompt is None:
        raise CommandError("This step is text only: it has no picture to choose.")
    if not standing.source_known:
        raise CommandError("An earlier step has no picture yet; choose once it has one.")
    return Settled(step=key.step, revision=standing.step.revision, attempt=key, source=standing.source, why="person", by=by)


def _overruled(t: Trajectory, command: Overrule, by: str) -> Judged:
    tried = t.find(command.attempt)
    if tried is None:
        raise CommandError("There is no such attempt.")
    refined = (command.refined_prompt or "").strip() or None
    verdict = Verdict(accepted=command.accepted, thought=command.note, refined_prompt=None if command.accepted else refined)
    return Judged(attempt=command.attempt, verdict=verdict, by=by)
