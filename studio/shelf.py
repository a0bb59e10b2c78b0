"""Says how a story stands on the shelf: its title, how it is, and the picture on its cover. Pure values, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from core.store import Status, StoryCard

Look = Literal["busy", "waiting", "paused", "turn", "done", "bad"]

#: How each status looks, in a word.
LOOKS: dict[Status, tuple[Look, str]] = {
    "running": ("waiting", "In line"),
    "waiting": ("turn", "Your turn"),
    "paused": ("paused", "Paused"),
    "stuck": ("bad", "Stuck"),
    "done": ("done", "Finished"),
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
    look, label = ("busy", "Working") if working else LOOKS[card.status]
    steps = f"{card.steps} {'step' if card.steps == 1 else 'steps'}" if card.steps else ""
    return Card(card.id, card.title, look, label, steps, card.cover.sha256 if card.cover else None)
