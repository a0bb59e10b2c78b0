"""Decides whether a person's wish is allowed, and which facts it makes. Pure: no models, no disk.

``decide`` answers a command with facts, or with a :class:`~core.errors.CommandError` that says why not.
"""

from __future__ import annotations

from typing import Annotated, Literal, assert_never

from pydantic import Field

from core.errors import CommandError
from core.events import Event, Judged, Opened, Paused, PlanEdited, PolicySet, Resumed, Settled, StepEdited
from core.trajectory import Trajectory
from core.types import MAX_STEPS, AttemptKey, PlannedStep, Policy, Request, Step, StepId, Text, Value, Verdict


class Open(Value):
    """Begin a story."""

    kind: Literal["open"] = "open"
    request: Request
    policy: Policy = Policy()
    profile: str = ""


class SetPolicy(Value):
    """Change what the story may cost, or when it waits."""

    kind: Literal["set_policy"] = "set_policy"
    policy: Policy


class EditStep(Value):
    """Give a step these words. Another prompt means that it, and what was drawn on top of it, is drawn again."""

    kind: Literal["edit_step"] = "edit_step"
    step: StepId
    words: PlannedStep


class InsertStep(Value):
    """Put a new step at ``position`` (0 is first)."""

    kind: Literal["insert_step"] = "insert_step"
    position: int
    words: PlannedStep


class MoveStep(Value):
    """Move a step to ``position`` among the others."""

    kind: Literal["move_step"] = "move_step"
    step: StepId
    position: int


class RemoveStep(Value):
    """Take a step out of the plan. Its pictures are kept."""

    kind: Literal["remove_step"] = "remove_step"
    step: StepId


class EditPlan(Value):
    """Replace the whole plan: steps with an id keep their pictures where their prompt is the same, new ones have none."""

    kind: Literal["edit_plan"] = "edit_plan"
    steps: tuple[tuple[StepId | None, PlannedStep], ...]


class Replan(Value):
    """Throw the plan away and ask the planner again. The pictures drawn so far are kept on record."""

    kind: Literal["replan"] = "replan"


class Retry(Value):
    """Draw a step afresh, with its own prompt, new seeds and a new budget."""

    kind: Literal["retry"] = "retry"
    step: StepId


class Choose(Value):
    """Make this attempt the step's picture, whatever was said of it."""

    kind: Literal["choose"] = "choose"
    attempt: AttemptKey


class Overrule(Value):
    """Judge an attempt oneself; the critic's verdict stays on record beside it."""

    kind: Literal["overrule"] = "overrule"
    attempt: AttemptKey
    accepted: bool
    refined_prompt: Text | None = None
    note: Text = ""


class Pause(Value):
    """Stop after the call in flight, or at once."""

    kind: Literal["pause"] = "pause"
    now: bool = False


class Resume(Value):
    """Go on."""

    kind: Literal["resume"] = "resume"


Command = Annotated[
    Open
    | SetPolicy
    | EditStep
    | InsertStep
    | MoveStep
    | RemoveStep
    | EditPlan
    | Replan
    | Retry
    | Choose
    | Overrule
    | Pause
    | Resume,
    Field(discriminator="kind"),
]


def decide(t: Trajectory, command: Command, by: str) -> tuple[Event, ...]:
    """The facts that ``command`` makes of story ``t``; ``by`` is ``person:<name>``. Raises ``CommandError``."""
    if isinstance(command, Open):
        return (_open(t, command, by),)
    if t.request is None:
        raise CommandError("This story has not been opened yet.")
    match command:
        case SetPolicy(policy=policy):
            return (PolicySet(policy=policy, by=by),)
        case EditStep(step=step_id, words=words):
            return (StepEdited(step=_reworded(_step(t, step_id), words), by=by),)
        case InsertStep(position=position, words=words):
            new = _new_step(t.last_id + 1, words)
            return (_edited(t, _put(t.steps, new, position), by),)
        case MoveStep(step=step_id, position=position):
            step = _step(t, step_id)
            others = tuple(other for other in t.steps if other.id != step_id)
            return (_edited(t, _put(others, step, position), by),)
        case RemoveStep(step=step_id):
            _step(t, step_id)
            return (_edited(t, tuple(step for step in t.steps if step.id != step_id), by),)
        case EditPlan(steps=drafts):
            return (_edited(t, _redrafted(t, drafts), by),)
        case Replan():
            return (PlanEdited(plan_revision=t.plan_revision + 1, steps=(), by=by),)
        case Retry(step=step_id):
            step = _step(t, step_id)
            if step.prompt is None:
                raise CommandError("This step is text only: there is nothing to draw.")
            return (StepEdited(step=step.model_copy(update={"revision": step.revision + 1}), by=by),)
        case Choose(attempt=key):
            return (_chosen(t, key, by),)
        case Overrule():
            return (_overruled(t, command, by),)
        case Pause(now=now):
            if t.paused and (t.stop_now or not now):
                raise CommandError("The story is paused already.")
            return (Paused(now=now, by=by),)
        case Resume():
            return (Resumed(by=by),)
        case _:
            assert_never(command)


def _open(t: Trajectory, command: Open, by: str) -> Opened:
    if t.request is not None:
        raise CommandError("This story is open already.")
    if not command.request.text.strip() and not command.request.images:
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


def _reworded(step: Step, words: PlannedStep) -> Step:
    checked = _checked(words)
    revision = step.revision + (checked.prompt != step.prompt)
    return Step(id=step.id, revision=revision, **checked.model_dump())


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
            steps.append(_reworded(_step(t, step_id), words))
    if len({step.id for step in steps}) != len(steps):
        raise CommandError("The plan names the same step twice.")
    return tuple(steps)


def _edited(t: Trajectory, steps: tuple[Step, ...], by: str) -> PlanEdited:
    if not 1 <= len(steps) <= MAX_STEPS:
        raise CommandError(f"A story has 1 to {MAX_STEPS} steps; this would make {len(steps)}.")
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
