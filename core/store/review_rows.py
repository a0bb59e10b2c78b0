"""Reads items and reviews from their rows, within a transaction that somebody else began. Knows no rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select
from sqlmodel import col

from core.errors import NotFound, StoreError
from core.reviewing import Item, Review
from core.store import rows
from core.store.review_tables import Review as ReviewRow
from core.store.review_tables import Reviewable
from core.store.reviewable import ANSWER, item_of, name_of
from core.trajectory import fold


def id_of(db: Connection, item: Item) -> int | None:
    """The row of an item, which may be named by any branch that shares it."""
    name = name_of(item)
    for keeper, below in rows.stem_of(db, name.story):
        found = select(col(Reviewable.id)).where(
            col(Reviewable.story_id) == keeper, col(Reviewable.kind) == name.kind, col(Reviewable.key) == name.key
        )
        item_id = db.scalar(found if below is None else found.where(col(Reviewable.seq) < below))
        if item_id is not None:
            return int(item_id)
    return None


def find(db: Connection, item: Item) -> int:
    item_id = id_of(db, item)
    if item_id is None:
        raise NotFound("There is no such attempt, plan or pair to review.")
    return item_id


def item_at(db: Connection, item_id: int) -> Item:
    named = select(col(Reviewable.story_id), col(Reviewable.kind), col(Reviewable.key)).where(col(Reviewable.id) == item_id)
    return item_of(*db.execute(named).one())


def seq_of(db: Connection, item_id: int) -> int:
    """The number of the fact that made an item."""
    return db.execute(select(col(Reviewable.seq)).where(col(Reviewable.id) == item_id)).scalar_one()


def standing() -> Select[Any]:
    """All reviews that stand, with what they are of."""
    columns = [col(getattr(ReviewRow, name)) for name in ("id", "reviewer", "answer", "guideline", "at", "adjudicated")]
    named = (col(Reviewable.story_id), col(Reviewable.kind), col(Reviewable.key))
    joined = select(*columns, *named).join(Reviewable, col(Reviewable.id) == col(ReviewRow.item_id))
    return joined.where(col(ReviewRow.retracted_at).is_(None))


def reviews_in(db: Connection, selected: Select[Any]) -> list[Review]:
    """The reviews of these rows, in order of id."""
    reviews = [
        Review(
            id=row.id,
            item=item_of(row.story_id, row.kind, row.key),
            answer=ANSWER.validate_json(row.answer),
            reviewer=row.reviewer,
            guideline=row.guideline,
            at=row.at,
            adjudicated=row.adjudicated,
        )
        for row in db.execute(selected)
    ]
    return sorted(reviews, key=lambda review: review.id)


def review_at(db: Connection, review_id: int) -> Review:
    return reviews_in(db, standing().where(col(ReviewRow.id) == review_id))[0]


def gather_story(db: Connection, story_id: str) -> None:
    try:
        events = rows.parsed(story_id, rows.facts_of(db, story_id))
    except StoreError:  # the doctor says so; until it is healed there is nothing to show of it
        rows.change_story(db, story_id, {"gathered": True})
        return
    rows.gather(db, story_id, events, fold(events), rows.trunk_of(db, story_id)[1])
