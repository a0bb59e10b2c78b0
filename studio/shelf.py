"""Says how a story stands on the shelf: its title, how it is, and the picture on its cover. Pure values, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from studio.speech import later, say

if TYPE_CHECKING:
    from core.store import Status, StoryCard

Look = Literal["busy", "waiting", "paused", "turn", "done", "bad"]

#: How each status looks, in a word.
LOOKS: dict[Status, tuple[Look, str]] = {
    "running": ("waiting", later("In line")),
    "waiting": ("turn", later("Your turn")),
    "paused": ("paused", later("Paused")),
    "stuck": ("bad", later("Stuck")),
    "done": ("done", later("Finished")),
}


@dataclass(frozen=True)
class Card:
    """One story on the shelf."""

    id: str
    title: str
    look: Look
    label: str
    progress: str
    cover: str | None  # a picture's content


def card_for(card: StoryCard, working: bool) -> Card:
    """``working``: a model is at it just now."""
    look, label = ("busy", later("Working")) if working else LOOKS[card.status]
    steps = say("1 step") if card.steps == 1 else say("{count} steps", count=card.steps) if card.steps else ""
    return Card(card.id, card.title, look, say(label), steps, card.cover.sha256 if card.cover else None)
