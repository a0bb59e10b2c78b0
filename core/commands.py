"""What a person may wish of a story: imperatives, as values. :mod:`core.decide` says which of them a story allows.

A command that takes the ground from under pictures says what shall become of them (``stale``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.events import MAX_TITLE
from core.types import AttemptKey, Notes, PlannedStep, Policy, Request, StepId, Text, Value

#: What becomes of pictures that a change takes the ground from: draw them again at once; keep them, by locking their steps; or
#: leave them stale, and the story paused, until the person goes on.
Stale = Literal["redraw", "keep", "later"]


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


class Rename(Value):
    """Give the story a title; an empty one gives it back its own."""

    kind: Literal["rename"] = "rename"
    title: str = Field(max_length=MAX_TITLE)


class SetNotes(Value):
    """Change the story's style, characters, unwanted things or language; what is drawn already stays."""

    kind: Literal["set_notes"] = "set_notes"
    notes: Notes


class EditStep(Value):
    """Give a step these words. Another prompt means that it, and what was drawn on top of it, is drawn again."""

    kind: Literal["edit_step"] = "edit_step"
    step: StepId
    words: PlannedStep
    stale: Stale = "redraw"


class InsertStep(Value):
    """Put a new step at ``position`` (0 is first)."""

    kind: Literal["insert_step"] = "insert_step"
    position: int
    words: PlannedStep
    stale: Stale = "redraw"


class MoveStep(Value):
    """Move a step to ``position`` among the others."""

    kind: Literal["move_step"] = "move_step"
    step: StepId
    position: int
    stale: Stale = "redraw"


class RemoveStep(Value):
    """Take a step out of the plan. Its pictures are kept."""

    kind: Literal["remove_step"] = "remove_step"
    step: StepId
    stale: Stale = "redraw"


class SplitStep(Value):
    """Make two steps of one: ``first`` takes its place and its pictures, where its prompt is the same; ``second`` follows it."""

    kind: Literal["split_step"] = "split_step"
    step: StepId
    first: PlannedStep
    second: PlannedStep
    stale: Stale = "redraw"


class LockStep(Value):
    """Keep a step's picture whatever is changed in it or before it; or let it follow again."""

    kind: Literal["lock_step"] = "lock_step"
    step: StepId
    locked: bool
    stale: Stale = "redraw"


class EditPlan(Value):
    """Replace the whole plan: steps with an id keep their pictures where their prompt is the same, new ones have none."""

    kind: Literal["edit_plan"] = "edit_plan"
    steps: tuple[tuple[StepId | None, PlannedStep], ...]
    stale: Stale = "redraw"


class Replan(Value):
    """Throw the plan away and ask the planner again. The pictures drawn so far are kept on record."""

    kind: Literal["replan"] = "replan"


class Retry(Value):
    """Draw a step afresh, with its own prompt, new seeds and a new budget."""

    kind: Literal["retry"] = "retry"
    step: StepId
    stale: Stale = "redraw"


class Choose(Value):
    """Make this attempt the step's picture, whatever was said of it."""

    kind: Literal["choose"] = "choose"
    attempt: AttemptKey
    stale: Stale = "redraw"


class Overrule(Value):
    """Judge an attempt oneself; the critic's verdict stays on record beside it."""

    kind: Literal["overrule"] = "overrule"
    attempt: AttemptKey
    accepted: bool
    refined_prompt: Text | None = None
    note: Text = ""
    stale: Stale = "redraw"


class Pause(Value):
    """Stop after the call in flight, or at once."""

    kind: Literal["pause"] = "pause"
    now: bool = False


class Resume(Value):
    """Go on."""

    kind: Literal["resume"] = "resume"


class Undo(Value):
    """Take back one's last change of the story that still holds."""

    kind: Literal["undo"] = "undo"


class Redo(Value):
    """Bring back what was undone last."""

    kind: Literal["redo"] = "redo"


Command = Annotated[
    Open
    | Rename
    | SetPolicy
    | SetNotes
    | EditStep
    | InsertStep
    | SplitStep
    | MoveStep
    | RemoveStep
    | LockStep
    | EditPlan
    | Replan
    | Retry
    | Choose
    | Overrule
    | Pause
    | Resume
    | Undo
    | Redo,
    Field(discriminator="kind"),
]
