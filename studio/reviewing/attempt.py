"""Says how an attempt is shown to who reviews it. Pure values from facts: no markup, no store.

The step is shown as it was when the attempt was drawn, whatever became of it since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.differences import Change, changes
from core.errors import NotFound
from core.events import Drawn, Event, Judged, made_by_person
from core.reviewing import AttemptItem, Fault
from core.trajectory import Trajectory, evolve, fold
from core.types import AttemptKey, ImageRef, Notes, Step
from studio.cards import Badge, Picture, percent_of
from studio.speech import later, say

#: What the faults are called; the order is that of the keys 1 to 7.
FAULT_NAMES: dict[Fault, str] = {
    "intent": later("intent missed"),
    "anatomy": later("anatomy"),
    "artefact": later("artefact"),
    "collateral": later("collateral change"),
    "text": later("text"),
    "style": later("style drift"),
    "other": later("other"),
}


@dataclass(frozen=True)
class CriticView:
    """What the critic said of an attempt; ``changed`` is what it would change in the prompt, empty if nothing."""

    badge: Badge
    accepted: bool
    p_success: str
    thought: str
    refined: str
    changed: tuple[Change, ...]
    model: str


@dataclass(frozen=True)
class AttemptReview:
    """One attempt on a reviewer's desk. ``changed``: how the prompt that it was drawn with differs from the step's own.

    ``critic`` is None where it has not judged, and where the reviewer is not to see it yet (``blind``).
    """

    story: str
    request: str
    notes: Notes
    title: str
    place: str
    label: str
    before: Picture | None
    after: Picture
    prompt: str
    current: str
    changed: tuple[Change, ...]
    instruction: str
    caption: str
    painter: str
    blind: bool
    critic: CriticView | None

    @property
    def refined(self) -> str:
        """What a reviewer's better prompt begins with."""
        return (self.critic and self.critic.refined) or self.current

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script needs beside the markup."""
        return {"critic": self.critic.accepted if self.critic else None, "refined": self.refined, "blind": self.blind}


def attempt_of(item: AttemptItem, events: Sequence[Event], blind: bool = False) -> AttemptReview:
    """How the attempt is shown; ``NotFound`` if these facts drew none such."""
    at, drawn = _drawing(item.attempt, events)
    attempt, known = drawn.attempt, fold(events)
    step, number, then = _step_at(item.attempt, events[: at + 1])
    assert then.request is not None
    title = step.title or say("Step {number}", number=number or "?")
    return AttemptReview(
        story=item.story,
        request=then.request.text,
        notes=then.request.notes,
        title=title,
        place=say("Step {number} of {count}", number=number, count=len(then.steps)) if number else "",
        label=say("Attempt {number}", number=attempt.key.number + 1),
        before=_picture(attempt.source, say("Before: what the step is drawn on")),
        after=Picture(attempt.image.sha256, attempt.image.width, attempt.image.height, say("After: {what}", what=title)),
        prompt=step.prompt or "",
        current=attempt.prompt,
        changed=changes(step.prompt or "", attempt.prompt) if attempt.prompt != step.prompt else (),
        instruction=step.instruction,
        caption=step.caption or "",
        painter=drawn.by.partition(":")[2],
        blind=blind,
        critic=None if blind else critic_of(item.attempt, events, known),
    )


def critic_of(key: AttemptKey, events: Sequence[Event], t: Trajectory) -> CriticView | None:
    """What the critic says now of an attempt of this story; None if it says nothing."""
    tried = t.find(key)
    if tried is None or tried.critic is None:
        return None
    judged = [event for event in events if isinstance(event, Judged) and event.attempt == key and not made_by_person(event)]
    verdict = tried.critic
    refined = "" if verdict.accepted else verdict.refined_prompt or ""
    return CriticView(
        badge=Badge("good", say("Passed")) if verdict.accepted else Badge("bad", say("Not yet")),
        accepted=verdict.accepted,
        p_success=percent_of(verdict),
        thought=verdict.thought,
        refined=refined,
        changed=changes(tried.attempt.prompt, refined) if refined and refined != tried.attempt.prompt else (),
        model=judged[-1].by.partition(":")[2] if judged else "",
    )


def _drawing(key: AttemptKey, events: Sequence[Event]) -> tuple[int, Drawn]:
    for at, event in enumerate(events):
        if isinstance(event, Drawn) and event.attempt.key == key:
            return at, event
    raise NotFound("There is no such attempt, plan or pair to review.")


def _step_at(key: AttemptKey, events: Sequence[Event]) -> tuple[Step, int, Trajectory]:
    """The step as the attempt was drawn for it, its place (from 1; 0 if it was taken out before), and the story then."""
    t, step = Trajectory(), Step(id=key.step, revision=key.revision)
    for event in events:
        t = evolve(t, event)
        now = t.step(key.step)
        if now is not None and now.revision == key.revision:
            step = now
    number = next((number for number, each in enumerate(t.steps, start=1) if each.id == key.step), 0)
    return step, number, t


def _picture(ref: ImageRef | None, alt: str) -> Picture | None:
    return Picture(ref.sha256, ref.width, ref.height, alt) if ref else None
