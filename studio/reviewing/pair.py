"""Says how two attempts at one step are shown to who compares them. Pure values from facts: no markup, no store.

Nothing here tells which attempt came first, or what anybody thought of either; their own prompts are left out for that, too:
later ones tend to be longer. Left is the item's first, and which attempt that is, the store draws by the item's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.events import Event
from core.reviewing import AttemptItem, PairItem
from core.types import Notes
from studio.cards import Picture
from studio.reviewing.attempt import attempt_of
from studio.speech import say


@dataclass(frozen=True)
class PairReview:
    """Two attempts at a step on a reviewer's desk; ``before`` is what both were drawn on."""

    story: str
    request: str
    notes: Notes
    title: str
    place: str
    prompt: str
    instruction: str
    caption: str
    before: Picture | None
    left: Picture
    right: Picture

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script needs beside the markup: nothing."""
        return {}


def pair_of(item: PairItem, events: Sequence[Event]) -> PairReview:
    """How the pair is shown; ``NotFound`` if these facts did not draw both."""
    left, right = (
        attempt_of(AttemptItem(story=item.story, attempt=key), events, blind=True) for key in (item.first, item.second)
    )
    step = left if item.first.number > item.second.number else right  # as it was once both were there
    return PairReview(
        story=item.story,
        request=step.request,
        notes=step.notes,
        title=step.title,
        place=step.place,
        prompt=step.prompt,
        instruction=step.instruction,
        caption=step.caption,
        before=replace(step.before, alt=say("The picture before")) if step.before else None,
        left=replace(left.after, alt=say("The left picture")),
        right=replace(right.after, alt=say("The right picture")),
    )
