"""The nouns of the language: frozen values that say what was asked, planned, drawn and judged. No behaviour, no pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

#: Longest text anyone (a person or a model) may put into one field. Bounds rows, pages and prompts.
MAX_TEXT = 8_000
#: Most steps that a plan may have; the paper's longest stories have about ten.
MAX_STEPS = 30
MAX_PICTURES = 8  # of one kind in a request; more than any painter looks at
MAX_GIVEN = 20  # pieces of a sequence to go on from

StepId = Annotated[str, Field(pattern=r"^s[1-9][0-9]{0,5}$")]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class Value(BaseModel):
    """A frozen value: equal by content, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageRef(Value):
    """A picture by its content: the sha256 of its file, and its size in pixels. The pixels live in the image store."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Notes(Value):
    """What holds for a whole story: its style, who appears and how they look, what is not wanted, and the captions' language.

    They go into every call that they concern; an attempt's own prompt does not repeat them. Empty means: as the models like.
    """

    style: Text = ""
    characters: Text = ""
    avoid: Text = ""
    language: str = Field(default="", max_length=60)


NO_NOTES = Notes()


class Given(Value):
    """One piece of a picture-text sequence that a story goes on from: a picture, the text under it, or both."""

    text: Text = ""
    image: ImageRef | None = None


class Request(Value):
    """What a person asked for.

    ``images`` are pictures to go on from, ``given`` a sequence to continue; the last picture of both is the first step's
    source. ``references`` are pictures to look at (a character, a style), never edited. ``answer`` is ``"text"`` where only
    words are wanted about what was given (METHOD: task A): nothing is drawn then, whatever the planner writes.
    """

    text: Text
    images: tuple[ImageRef, ...] = Field(default=(), max_length=MAX_PICTURES)
    given: tuple[Given, ...] = Field(default=(), max_length=MAX_GIVEN)
    references: tuple[ImageRef, ...] = Field(default=(), max_length=MAX_PICTURES)
    notes: Notes = NO_NOTES
    answer: Literal["pictures", "text"] = "pictures"
    seed: int = Field(default=0, ge=0, lt=2**31)

    @property
    def pictures(self) -> tuple[ImageRef, ...]:
        """The pictures to go on from, in order."""
        return (*self.images, *(piece.image for piece in self.given if piece.image))


class Step(Value):
    """One step of a plan. ``prompt is None`` means a text-only step: nothing is drawn.

    ``id`` is ours, never the model's own number, and is never used twice in a story. ``revision`` counts the edits that
    change what is drawn; an edit of the words around the picture keeps it. A ``locked`` step keeps the picture it has,
    whatever is changed in it or before it.
    """

    id: StepId
    revision: int = Field(default=0, ge=0)
    locked: bool = False
    title: Text = ""
    instruction: Text = ""
    prompt: Text | None = None
    caption: Text | None = None


class PlannedStep(Value):
    """The words of one planned step; fields as in :class:`Step`."""

    title: Text = ""
    instruction: Text = ""
    prompt: Text | None = None
    caption: Text | None = None


class Plan(Value):
    """A planner's answer before the story gives its steps ids: the steps' words in order, the thought, and the raw reply."""

    steps: tuple[PlannedStep, ...] = Field(min_length=1, max_length=MAX_STEPS)
    thought: str = ""
    raw: str = ""


class AttemptKey(Value):
    """Names one attempt in a story: which step, at which revision, and the how-manieth drawing of it (from 0)."""

    step: StepId
    revision: int = Field(ge=0)
    number: int = Field(ge=0)


class Attempt(Value):
    """One drawing of a step: what it was drawn from, with which prompt and seed, and what came out.

    Candidates are drawn with the same prompt and judged against each other; they share a ``round``. None: alone in its own.
    """

    key: AttemptKey
    prompt: Text
    seed: int
    source: ImageRef | None
    image: ImageRef
    round: int | None = Field(default=None, ge=0)


class Verdict(Value):
    """A judgement of one attempt.

    ``p_success`` is the critic's own probability of "success", read from its verdict token; ``score`` (0 to 10) is a
    judge's, where one was asked. ``refined_prompt`` is what to draw with next; ``None`` repeats the current prompt.
    """

    accepted: bool
    thought: str = ""
    refined_prompt: Text | None = None
    p_success: float | None = Field(default=None, ge=0.0, le=1.0)
    score: float | None = Field(default=None, ge=0.0, le=10.0)
    raw: str = ""


class Policy(Value):
    """What a person allowed: how many attempts a step may cost, and when the story waits for them.

    ``max_attempts`` is the paper's T_max (5 in its tables): drawings of one step, candidates included. ``candidates`` are
    drawn at a time and judged together, and the best of them goes on. ``threshold`` is the least P(success) that passes; None
    leaves it to the critic's word. ``max_failures`` bounds re-asks of one task. ``on_exhausted`` says what happens when no
    attempt passed: keep the best, keep the last, or wait for a person. Under ``review`` the story rests after the plan and
    after each verdict until a person goes on.
    """

    max_attempts: int = Field(default=5, ge=1, le=20)
    candidates: int = Field(default=1, ge=1, le=8)
    threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    max_failures: int = Field(default=3, ge=1, le=10)
    on_exhausted: Literal["best", "last", "pause"] = "best"
    review: bool = False
