"""Decides how lists are asked for: the question, a page of the answer, and the query that walks an index to it.

Pages go on from the last card of the page before (keyset), so that the hundredth costs what the first does, and a story that
is begun meanwhile moves none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime, Field
from sqlalchemy import RowMapping, Select, literal, select, tuple_
from sqlmodel import col

from core.store.projection import Status, StoryCard
from core.store.sql import holds
from core.store.tables import Story, Utc
from core.types import ImageRef, Value

CARD_COLUMNS = [col(getattr(Story, name)) for name in StoryCard.model_fields]
WORDS = 20  # to search for; each is one more condition
MOST = 500  # cards on a page; each costs some microseconds and a line of somebody's screen


class Cursor(Value):
    """The last card of a page: where the next one begins."""

    created_at: AwareDatetime
    id: str


class StoryQuery(Value):
    """Which stories, the newest first. What is None leaves all of them in.

    All of ``words`` are in the title or the request, in any case. ``since`` is the first moment, ``until`` the one after the
    last. ``after`` is the page before's ``next``.
    """

    owner: str | None = None
    words: str = ""
    status: Status | None = None
    profile: str | None = None
    starred: bool | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    after: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=MOST)


class Page(Value):
    """Some cards of a list. ``next`` is None on the last page."""

    cards: tuple[StoryCard, ...]
    next: Cursor | None


def selected(query: StoryQuery) -> Select[Any]:
    """The rows of this page, and of one card more, which says that there is another."""
    chosen = cards().order_by(col(Story.created_at).desc(), col(Story.id).desc()).limit(query.limit + 1)
    for name in ("owner", "status", "profile", "starred"):
        if (wanted := getattr(query, name)) is not None:
            chosen = chosen.where(col(getattr(Story, name)) == wanted)
    for word in query.words.casefold().split()[:WORDS]:
        chosen = chosen.where(holds(col(Story.words), word))
    if query.since:
        chosen = chosen.where(col(Story.created_at) >= query.since)
    if query.until:
        chosen = chosen.where(col(Story.created_at) < query.until)
    if query.after:
        last = tuple_(literal(query.after.created_at, Utc()), literal(query.after.id))
        chosen = chosen.where(tuple_(col(Story.created_at), col(Story.id)) < last)
    return chosen


def cards() -> Select[Any]:
    """The cards of all stories that are not deleted, in no order."""
    return select(*CARD_COLUMNS).where(col(Story.deleted).is_(False))


def page_of(found: Sequence[RowMapping], limit: int) -> Page:
    """The page that these rows, perhaps one too many, make."""
    shown = tuple(map(card_of, found[:limit]))
    more = len(found) > limit
    return Page(cards=shown, next=Cursor(created_at=shown[-1].created_at, id=shown[-1].id) if more else None)


def card_of(row: RowMapping) -> StoryCard:
    cover = ImageRef.model_validate_json(row["cover"]) if row["cover"] else None
    return StoryCard(**{**row, "cover": cover})
