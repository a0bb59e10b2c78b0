"""Says what a story's card in the library shows, and what a library is asked for. Pure values, no markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import CommandError
from core.store import Cursor, StoryQuery
from core.types import Value
from studio.shelf import Card, card_for

if TYPE_CHECKING:
    from core.store import StoryCard

MOST_WORDS = 200  # characters to search for
YEARS = range(1900, 9000)  # outside of them, moments can't be turned into UTC, nor have people told stories here


@dataclass(frozen=True)
class Tale:
    """One story's card. ``profile`` and ``owner`` are empty where they go without saying."""

    card: Card
    created: datetime
    starred: bool
    branch: bool
    profile: str
    owner: str
    resumes: bool
    active: bool  # models work on it, or will: it changes by itself

    @property
    def stamp(self) -> str:
        """Sorts as the library does: later stories have larger ones, among those of one moment the larger id."""
        return f"{self.created.timestamp():017.6f} {self.card.id}"


@dataclass(frozen=True)
class Shown:
    """A page of the library; ``next`` is where the one after it begins."""

    tales: tuple[Tale, ...]
    next: Cursor | None = None


class Asked(Value):
    """What a browser asks a library for; the rest of the query is not its business."""

    words: str = ""
    status: str | None = None
    profile: str | None = None
    starred: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None

    def query(self, owner: str | None, limit: int) -> StoryQuery:
        """``ValidationError`` or ``CommandError`` say what of it no library can be asked."""
        for moment in (self.since, self.until, self.after.created_at if self.after else None):
            if moment is not None and moment.year not in YEARS:
                raise CommandError("This day is too far away: choose another.")
        said = self.model_dump() | {"words": self.words[:MOST_WORDS]}
        return StoryQuery.model_validate(said | {"owner": owner, "limit": limit})


def tale_of(card: StoryCard, working: bool, titles: Mapping[str, str], visitor: str) -> Tale:
    """``working``: a model is at it just now. ``titles`` are what profiles are called; ``visitor`` is who looks."""
    goes_without_saying = list(titles) == [card.profile]
    return Tale(
        card=card_for(card, working),
        created=card.created_at,
        starred=card.starred,
        branch=card.trunk is not None,
        profile="" if goes_without_saying else titles.get(card.profile, card.profile),
        owner=card.owner if card.owner != visitor else "",
        resumes=card.status in ("paused", "stuck") and not working,
        active=card.status == "running" or working,
    )
