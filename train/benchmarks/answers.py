"""What a story answers to a request: its steps' words and the pictures that were kept, as the field's benchmarks take them.

The words of a step are its caption, which is what the planner wrote to be shown; a step that has none is told by its
instruction. A story that did not come to its end answers with the steps that are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.policy import Rest, next_task
from core.trajectory import Trajectory
from core.types import ImageRef
from train.benchmarks.runner import Telling
from train.told import Told, told

NO_FAULT_OF_ITS_OWN = ("unreachable", "memory")  # a story that ended with one of these was not answered, neither well nor badly


@dataclass(frozen=True)
class Said:
    """One step of an answer."""

    text: str
    image: ImageRef | None


@dataclass(frozen=True)
class Answer:
    """A request, its story and what it says. ``unknown``: why nobody can know what the models would have answered."""

    telling: Telling
    story: Told
    steps: tuple[Said, ...]
    unknown: str = ""

    @property
    def id(self) -> str:
        return self.telling.prompt.id

    @property
    def text(self) -> str:
        """All words; the steps are numbered, a line each, if there are several."""
        return numbered([step.text for step in self.steps])

    @property
    def pictures(self) -> tuple[ImageRef, ...]:
        return tuple(step.image for step in self.steps if step.image)

    @property
    def last(self) -> ImageRef | None:
        """The picture that the story ends with: each step edits the one before, so all that was done is in it."""
        return self.pictures[-1] if self.pictures else None


def answer_of(telling: Telling) -> Answer:
    story = told(telling.story, telling.events)
    steps = tuple(Said(step.caption or step.instruction, image) for step, image in story.shown)
    return Answer(telling, story, steps, _unknown(story.trajectory))


def _unknown(t: Trajectory) -> str:
    match next_task(t):
        case Rest(reason="done"):
            return ""
        case Rest(reason="stuck", message=message):
            return message if t.failures[-1].code in NO_FAULT_OF_ITS_OWN else ""
        case _:
            return "The story was not told to its end."


def numbered(texts: Sequence[str], first: int = 1) -> str:
    if len(texts) == 1 and first == 1:
        return texts[0]
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, start=first))
