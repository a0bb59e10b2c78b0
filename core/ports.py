"""What the engine needs of a model: one verb each, lists in, lists out, progress on the way. Protocols only, no models.

A port's call is a generator (:data:`Stream`): it yields :class:`Delta` values while it works and returns one result per
case, in order. A case that fails on its own comes back as an :class:`~core.errors.AgentError` in its place, so that one
bad reply does not spoil a batch; an error that is raised fails the whole call. Closing the generator gives the call up
as soon as the model can stop; nothing is yielded after that.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from core.errors import AgentError
from core.types import NO_NOTES, ImageRef, Notes, Plan, Value, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image


class TextDelta(Value):
    """More of a planner's or critic's reply, for the case at ``index`` of the batch."""

    index: int
    text: str


class StepProgress(Value):
    """A painter finished denoising step ``done`` of ``total`` for the case at ``index``."""

    index: int
    done: int
    total: int


@dataclass(frozen=True)
class PreviewImage:
    """What a drawing looks like so far: small, approximate, for the eye only."""

    index: int
    image: Image


Delta = TextDelta | StepProgress | PreviewImage

T = TypeVar("T")
Stream = Generator[Delta, None, T]
Results = list[T | AgentError]


@dataclass(frozen=True)
class PlanCase:
    """A request to plan; ``seed`` moves with every re-ask.

    ``images`` are the request's pictures in order, ``given`` the pieces of a sequence to continue, and ``references`` pictures
    only to look at. ``answer`` is ``"text"`` where nothing is to be drawn.
    """

    text: str
    images: tuple[Image, ...]
    seed: int
    given: tuple[tuple[str, Image | None], ...] = ()
    references: tuple[Image, ...] = ()
    notes: Notes = NO_NOTES
    answer: Literal["pictures", "text"] = "pictures"


@dataclass(frozen=True)
class DrawCase:
    """A picture to draw: an edit of ``source``, or from text alone where there is none.

    ``references`` show what is to look alike, for painters that can look at more than one picture.
    """

    prompt: str
    source: Image | None
    seed: int
    notes: Notes = NO_NOTES
    references: tuple[Image, ...] = ()


@dataclass(frozen=True)
class JudgeCase:
    """An attempt to judge: the pictures before and after, the step's own prompt, and the prompt it was drawn with."""

    before: Image | None
    after: Image
    prompt: str
    current: str
    seed: int


@dataclass(frozen=True)
class Score:
    """A judge's marks, 0 to 10 each (VIEScore's two axes: does it follow the edit, and is it a good picture)."""

    semantics: float
    quality: float

    @property
    def overall(self) -> float:
        """The geometric mean, as in VIEScore: one bad axis is not made up for by the other."""
        return float((self.semantics * self.quality) ** 0.5)


class Planner(Protocol):
    """Turns requests into plans. ``name`` is its provenance, ``<model>@<revision>``."""

    @property
    def name(self) -> str: ...
    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]: ...


class Painter(Protocol):
    """Draws pictures, from text or as edits of one."""

    @property
    def name(self) -> str: ...
    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]: ...


class Critic(Protocol):
    """Judges attempts and refines their prompts."""

    @property
    def name(self) -> str: ...
    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]: ...


class Judge(Protocol):
    """Scores attempts, for curation and rewards; never steers a story."""

    @property
    def name(self) -> str: ...
    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]: ...


Role = Literal["planner", "painter", "critic"]


@dataclass(frozen=True)
class Agents:
    """The models of one profile.

    The painter draws ``abreast`` pictures at once: one if it denoises, which keeps a device busy; more if it is on several
    devices, or decodes. ``crowded``: they are not in the device's memory all at once, so that changing costs time.
    """

    planner: Planner
    painter: Painter
    critic: Critic
    abreast: int = 1
    crowded: bool = False


class Gallery(Protocol):
    """Where pictures live by content: :class:`core.images.ImageStore`, or a dictionary in a test."""

    def load(self, ref: ImageRef) -> Image: ...
    def save(self, image: Image) -> ImageRef: ...
