"""Says how a planner's plan is shown to who reviews it. Pure values from facts: no markup, no store.

The plan is shown as the planner wrote it, and the request as the planner had it, whatever became of either since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import NotFound
from core.events import Event, Planned, made_by_person
from core.reviewing import PlanItem
from core.trajectory import fold
from core.types import MAX_STEPS, ImageRef, Notes, PlannedStep, Step
from studio.cards import Picture
from studio.speech import say


@dataclass(frozen=True)
class GivenView:
    """One piece of the sequence that the story goes on from."""

    text: str
    picture: Picture | None


@dataclass(frozen=True)
class PlanReview:
    """One plan on a reviewer's desk, beside what was asked for. ``text_only``: words were wanted, no pictures."""

    story: str
    request: str
    images: tuple[Picture, ...]
    given: tuple[GivenView, ...]
    references: tuple[Picture, ...]
    notes: Notes
    text_only: bool
    thought: str
    steps: tuple[PlannedStep, ...]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script needs beside the markup."""
        return {"steps": [step.model_dump() for step in self.steps], "most": MAX_STEPS}


def plan_of(item: PlanItem, events: Sequence[Event]) -> PlanReview:
    """How the plan is shown; ``NotFound`` if these facts hold none such."""
    at, planned = _planning(item, events)
    request = fold(events[: at + 1]).request
    assert request is not None
    return PlanReview(
        story=item.story,
        request=request.text,
        images=_pictures(request.images, say("A picture to go on from")),
        given=tuple(GivenView(piece.text, _picture(piece.image, say("A picture to go on from"))) for piece in request.given),
        references=_pictures(request.references, say("A picture to look at")),
        notes=request.notes,
        text_only=request.answer == "text",
        thought=planned.thought,
        steps=tuple(map(_words, planned.steps)),
    )


def _planning(item: PlanItem, events: Sequence[Event]) -> tuple[int, Planned]:
    for at, event in enumerate(events):
        if isinstance(event, Planned) and not made_by_person(event) and event.plan_revision + 1 == item.revision:
            return at, event
    raise NotFound("There is no such attempt, plan or pair to review.")


def _words(step: Step) -> PlannedStep:
    """The step without its id, which the planner did not write."""
    return PlannedStep(title=step.title, instruction=step.instruction, prompt=step.prompt, caption=step.caption)


def _pictures(refs: Sequence[ImageRef], alt: str) -> tuple[Picture, ...]:
    return tuple(Picture(ref.sha256, ref.width, ref.height, alt) for ref in refs)


def _picture(ref: ImageRef | None, alt: str) -> Picture | None:
    return Picture(ref.sha256, ref.width, ref.height, alt) if ref else None
