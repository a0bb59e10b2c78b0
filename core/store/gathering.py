"""Writes what can be reviewed, and what its reviews come to, within a transaction that somebody else began.

An item's row keeps its id for good: reviews hang on it. What follows from facts and what follows from reviews are written
apart, each from its own source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, select, union, update
from sqlmodel import col

from core.events import Event
from core.store import reviewable
from core.store.projection import Row
from core.store.review_tables import Gold, Review, Reviewable, Skip
from core.store.sql import put
from core.trajectory import Trajectory
from core.types import AttemptKey

#: Facts that are the story's own, the number of the first of them, and the story after the last.
Told = tuple[int, Sequence[Event], Trajectory]


def put_made(db: Connection, story_id: str, told: Told, keys: Iterable[AttemptKey]) -> None:
    """Brings the rows in line with facts that were appended; ``keys`` are the attempts that they are about."""
    first, events, t = told
    unjudged = {"superseded": False, "critic": None, "accepted": None, "p_success": None, "score": None, "person_accepted": None}
    rows = [{"story_id": story_id, **row, **unjudged} for row in reviewable.made(story_id, first, events, t)]
    put(db, Reviewable, rows, key=("story_id", "kind", "key"))
    for said in reviewable.opinions(story_id, events, t, keys):
        _change(db, story_id, said)
    if reviewable.replanned(events):
        _supersede(db, story_id)


def put_all(db: Connection, story_id: str, told: Told) -> None:
    """Writes all columns of the story's rows anew."""
    put_made(db, story_id, told, {tried.attempt.key for tried in told[2].tries})
    nothing = reviewable.tally([], flagged=0, gold=False)
    db.execute(update(Reviewable).where(col(Reviewable.story_id) == story_id).values(**nothing))
    spoken_of = union(*(select(col(table.item_id)) for table in (Review, Skip, Gold)))
    mine = select(col(Reviewable.id)).where(col(Reviewable.story_id) == story_id, col(Reviewable.id).in_(spoken_of))
    for item_id in db.scalars(mine).all():
        assert item_id is not None
        recount(db, item_id)


def recount(db: Connection, item_id: int) -> None:
    """Writes what an item's standing answers, flags and gold answer come to."""
    standing = select(col(Review.answer), col(Review.adjudicated)).where(
        col(Review.item_id) == item_id, col(Review.retracted_at).is_(None)
    )
    answers = [(reviewable.ANSWER.validate_json(row.answer), bool(row.adjudicated)) for row in db.execute(standing)]
    flags = select(func.count()).where(col(Skip.item_id) == item_id, col(Skip.undone_at).is_(None), col(Skip.flagged).is_(True))
    gold = db.scalar(select(func.count()).where(col(Gold.item_id) == item_id))
    counted = reviewable.tally(answers, db.scalar(flags) or 0, bool(gold))
    db.execute(update(Reviewable).where(col(Reviewable.id) == item_id).values(**counted))


def _change(db: Connection, story_id: str, said: Row) -> None:
    which = (col(Reviewable.story_id) == story_id, col(Reviewable.kind) == said["kind"], col(Reviewable.key) == said["key"])
    changed = {name: value for name, value in said.items() if name not in ("kind", "key")}
    db.execute(update(Reviewable).where(*which).values(**changed))


def _supersede(db: Connection, story_id: str) -> None:
    plans = (col(Reviewable.story_id) == story_id, col(Reviewable.kind) == "plan")
    newest = db.scalar(select(func.max(col(Reviewable.seq))).where(*plans))
    db.execute(update(Reviewable).where(*plans).values(superseded=col(Reviewable.seq) != newest))
