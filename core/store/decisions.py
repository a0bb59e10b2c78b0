"""Writes what reviewers decide, and who has what in hand, within a transaction that somebody else began.

Every decision is added; undoing marks it and, where it had replaced an answer, lets that one stand again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlmodel import col

from core.errors import CommandError
from core.reviewing import AnyAnswer
from core.store import reviewable
from core.store.gathering import recount
from core.store.queue import next_turn
from core.store.review_tables import Gold, Lease, Review, Reviewable, Skip
from core.store.sql import put

LEASE = timedelta(minutes=10)


class Deciding(NamedTuple):
    """Who decides on which item, and when."""

    reviewer: str
    item_id: int
    now: datetime


# ---------------------------------------------------------------- leases


def lease(db: Connection, by: Deciding) -> datetime:
    """Gives the item to the reviewer, whoever else has it; returns until when."""
    until = by.now + LEASE
    put(db, Lease, [{"item_id": by.item_id, "reviewer": by.reviewer, "until": until}], key=("item_id", "reviewer"))
    return until


def release(db: Connection, reviewer: str, item_id: int) -> None:
    db.execute(delete(Lease).where(col(Lease.item_id) == item_id, col(Lease.reviewer) == reviewer))


def expire(db: Connection, now: datetime) -> None:
    """Frees all whose time is up, and what was given before somebody set the clock back: nobody has anything for longer."""
    db.execute(delete(Lease).where(or_(col(Lease.until) <= now, col(Lease.until) > now + 2 * LEASE)))


def put_back(db: Connection, reviewer: str, except_for: set[int]) -> None:
    """Frees all that the reviewer has in hand except these."""
    db.execute(delete(Lease).where(col(Lease.reviewer) == reviewer, col(Lease.item_id).not_in(except_for)))


def has_room(db: Connection, by: Deciding, required: int) -> bool:
    """Whether the reviewer may have the item in hand: fewer others than ``required`` answered it or have it in hand."""
    others = select(func.count()).where(
        col(Lease.item_id) == by.item_id, col(Lease.reviewer) != by.reviewer, col(Lease.until) > by.now
    )
    return needs(db, by, required - (db.scalar(others) or 0))


def needs(db: Connection, by: Deciding, required: int) -> bool:
    """Whether the reviewer's answer is needed: it is gold, or undecided and answered by fewer others than ``required``."""
    if db.scalar(select(func.count()).where(col(Gold.item_id) == by.item_id)):
        return True
    others = select(func.count()).where(
        col(Review.item_id) == by.item_id, col(Review.reviewer) != by.reviewer, col(Review.retracted_at).is_(None)
    )
    settled = db.scalar(select(col(Reviewable.settled)).where(col(Reviewable.id) == by.item_id))
    return not settled and (db.scalar(others) or 0) < required


def _holds(db: Connection, by: Deciding) -> bool:
    mine = (col(Lease.item_id) == by.item_id, col(Lease.reviewer) == by.reviewer, col(Lease.until) > by.now)
    return bool(db.scalar(select(func.count()).where(*mine)))


# ---------------------------------------------------------------- decisions


def put_answer(db: Connection, by: Deciding, answer: AnyAnswer, guideline: int, adjudicated: bool = False) -> int:
    """Adds an answer, which replaces the reviewer's own that stood; returns its number."""
    turn, before = next_turn(db, by.reviewer), _standing(db, by)
    if before is not None:
        db.execute(update(Review).where(col(Review.id) == before).values(retracted_at=by.now))
    row = {"item_id": by.item_id, "reviewer": by.reviewer, "turn": turn, "accepted": reviewable.accepted_of(answer)}
    row |= {"answer": answer.model_dump_json(), "guideline": guideline, "at": by.now, "adjudicated": adjudicated}
    added = db.execute(insert(Review).values(**row, replaces=before, retracted_at=None))
    release(db, by.reviewer, by.item_id)
    recount(db, by.item_id)
    assert added.inserted_primary_key
    return int(added.inserted_primary_key[0])


def check_needed(db: Connection, by: Deciding, required: int) -> None:
    """``CommandError`` unless the reviewer has the item in hand, has answered it, or it still needs an answer."""
    if not (_holds(db, by) or _standing(db, by) is not None or needs(db, by, required)):
        raise CommandError("Others have answered this one meanwhile, and it needs no more answers; go on with the next.")


def put_skip(db: Connection, by: Deciding, flagged: bool) -> None:
    turn = next_turn(db, by.reviewer)
    row = {"item_id": by.item_id, "reviewer": by.reviewer, "turn": turn, "flagged": flagged, "at": by.now}
    db.execute(insert(Skip).values(**row, undone_at=None))
    release(db, by.reviewer, by.item_id)
    recount(db, by.item_id)


def take_back(db: Connection, reviewer: str, since: datetime, now: datetime) -> int | None:
    """Takes back the reviewer's last decision that stands, unless it is from before ``since``; returns its item."""
    answers = select(col(Review.id), col(Review.item_id), col(Review.turn), col(Review.at), col(Review.replaces)).where(
        col(Review.reviewer) == reviewer, col(Review.retracted_at).is_(None)
    )
    skips = select(col(Skip.id), col(Skip.item_id), col(Skip.turn), col(Skip.at)).where(
        col(Skip.reviewer) == reviewer, col(Skip.undone_at).is_(None)
    )
    answer = db.execute(answers.order_by(col(Review.turn).desc()).limit(1)).first()
    skip = db.execute(skips.order_by(col(Skip.turn).desc()).limit(1)).first()
    if answer and (not skip or answer.turn > skip.turn):
        if answer.at < since:
            return None
        db.execute(update(Review).where(col(Review.id) == answer.id).values(retracted_at=now))
        if answer.replaces is not None:
            db.execute(update(Review).where(col(Review.id) == answer.replaces).values(retracted_at=None))
        item_id = int(answer.item_id)
    elif skip and skip.at >= since:
        db.execute(update(Skip).where(col(Skip.id) == skip.id).values(undone_at=now))
        item_id = int(skip.item_id)
    else:
        return None
    recount(db, item_id)
    return item_id


def put_gold(db: Connection, by: Deciding, answer: AnyAnswer) -> None:
    row = {"item_id": by.item_id, "accepted": reviewable.accepted_of(answer), "answer": answer.model_dump_json()}
    db.execute(insert(Gold).values(**row, by=by.reviewer, at=by.now))
    recount(db, by.item_id)


def _standing(db: Connection, by: Deciding) -> int | None:
    mine = (col(Review.item_id) == by.item_id, col(Review.reviewer) == by.reviewer, col(Review.retracted_at).is_(None))
    return db.scalar(select(col(Review.id)).where(*mine))
