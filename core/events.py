"""The facts of a story, past tense, durable. ``evolve`` folds them; nothing else is ever stored as truth.

Every fact says who made it (``by``: ``person:<name>``, ``planner:<model>``, ``critic:<model>``, ``painter:<model>`` or
``policy``) and when (``at``, UTC). Facts that a model made keep its raw reply. A change of any field here is a new
:data:`SCHEMA` and a numbered migration; ``tests/core/fixtures/facts_v*.jsonl`` hold each shape
that was ever kept, and must stay readable.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from core.types import Attempt, AttemptKey, ImageRef, Notes, Policy, Request, Step, StepId, Value, Verdict

SCHEMA = 2
MAX_TITLE = 200  # characters; what fits a line of a list, several times


class Fact(Value):
    """What all facts share. ``continued``: made by the same command as the fact before it, and undone together with it."""

    by: str = "policy"
    continued: bool = False
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Opened(Fact):
    """A person asked for a story, to be told by the models of ``profile`` within ``policy``."""

    kind: Literal["opened"] = "opened"
    request: Request
    policy: Policy = Policy()
    profile: str = ""


class PolicySet(Fact):
    """A person changed what the story may cost, or when it waits."""

    kind: Literal["policy_set"] = "policy_set"
    policy: Policy


class NotesSet(Fact):
    """A person changed what holds for the whole story; what is drawn from now on follows it."""

    kind: Literal["notes_set"] = "notes_set"
    notes: Notes


class Branched(Fact):
    """A person began another story with the first ``length`` facts of ``trunk``, which are kept there and not again here.

    It has its own ``seed`` from here on, so that what is drawn again is drawn differently.
    """

    kind: Literal["branched"] = "branched"
    trunk: str
    length: int = Field(ge=1)
    seed: int = Field(ge=0, lt=2**31)


class Imported(Fact):
    """A person brought a story in from a file. ``origin`` is its id where it was told, ``digest`` the sha256 of its facts."""

    kind: Literal["imported"] = "imported"
    origin: str = Field(max_length=32)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Renamed(Fact):
    """A person gave the story a title; an empty one gives it back its own."""

    kind: Literal["renamed"] = "renamed"
    title: str = Field(max_length=MAX_TITLE)


class Planned(Fact):
    """The planner answered. Inert if a person changed the plan since ``plan_revision``."""

    kind: Literal["planned"] = "planned"
    plan_revision: int
    steps: tuple[Step, ...]
    thought: str = ""
    raw: str = ""
    seconds: float = 0.0


class PlanEdited(Fact):
    """A person put the steps into this order, added some, or took some away."""

    kind: Literal["plan_edited"] = "plan_edited"
    plan_revision: int
    steps: tuple[Step, ...]


class StepEdited(Fact):
    """A person changed one step's words. A new ``revision`` means that it is drawn again."""

    kind: Literal["step_edited"] = "step_edited"
    step: Step


class Drawn(Fact):
    """The painter drew an attempt. Its picture is in the image store before this fact is."""

    kind: Literal["drawn"] = "drawn"
    attempt: Attempt
    seconds: float = 0.0


class Judged(Fact):
    """The critic, or a person, judged an attempt. A person's judgement outranks the critic's."""

    kind: Literal["judged"] = "judged"
    attempt: AttemptKey
    verdict: Verdict
    seconds: float = 0.0


class Settled(Fact):
    """A step is done: with this attempt's picture, or with none (``text``). Holds while the step's revision and source do."""

    kind: Literal["settled"] = "settled"
    step: StepId
    revision: int
    attempt: AttemptKey | None
    source: ImageRef | None
    why: Literal["accepted", "budget", "text", "person"]


class Failed(Fact):
    """A model did not do its task; the policy decides whether it is asked again."""

    kind: Literal["failed"] = "failed"
    task: Literal["plan", "draw", "judge"]
    attempt: AttemptKey | None = None
    code: str
    message: str
    seconds: float = 0.0


class Paused(Fact):
    """A person stopped the story: after the call in flight, or at once (``now``)."""

    kind: Literal["paused"] = "paused"
    now: bool = False


class Resumed(Fact):
    """A person let the story go on; failures so far are forgiven."""

    kind: Literal["resumed"] = "resumed"


class Undone(Fact):
    """A person took back their last change that still holds; what models made meanwhile is kept."""

    kind: Literal["undone"] = "undone"


class Redone(Fact):
    """A person wants the change back that they took back last."""

    kind: Literal["redone"] = "redone"


Event = Annotated[
    Opened
    | Branched
    | Imported
    | Renamed
    | PolicySet
    | NotesSet
    | Planned
    | PlanEdited
    | StepEdited
    | Drawn
    | Judged
    | Settled
    | Failed
    | Paused
    | Resumed
    | Undone
    | Redone,
    Field(discriminator="kind"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def made_by_person(event: Event) -> bool:
    """Whether a person, not a model or the policy, is behind this fact."""
    return event.by.startswith("person:")


def founds(event: Event) -> bool:
    """Whether this fact makes its author the story's owner; the last one that does holds."""
    return isinstance(event, Opened | Branched | Imported)
