"""Counts what reviewers have done: how far they are, how fast, and how often they are right where it is known."""

from __future__ import annotations

from datetime import datetime
from statistics import median

from sqlalchemy import Connection, func, select
from sqlmodel import col

from core.store import queue
from core.store.queue import Query
from core.store.review_tables import Gold, Review
from core.store.reviewable import ANSWER
from core.types import Value

LAST = 20  # answers that the pace is measured by


class Progress(Value):
    """Answers of a reviewer, and of all on the items that match a query.

    ``pace`` is in answers per minute, from the first to the last of their latest 20; ``median_seconds`` is how long they looked
    at each of these. None where there are too few. ``today`` begins with the day of the moment asked about, in its time zone.
    """

    today: int
    own: int
    done: int
    all: int
    pace: float | None
    median_seconds: float | None


class Calibration(Value):
    """How many gold attempts that are right a reviewer accepted, and how many that are wrong they refused, and of how many."""

    accepted: int
    of_accepted: int
    refused: int
    of_refused: int


def progress_of(db: Connection, reviewer: str, query: Query, now: datetime) -> Progress:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    mine = (col(Review.reviewer) == reviewer, col(Review.retracted_at).is_(None))
    count = select(func.count()).select_from(Review).where(*mine)
    own, today = db.scalar(count), db.scalar(count.where(col(Review.at) >= midnight))
    done, matching = db.execute(queue.done_and_all(query)).one()
    latest = select(col(Review.at), col(Review.answer))
    last = db.execute(latest.where(*mine).order_by(col(Review.at).desc()).limit(LAST)).all()
    minutes = (last[0].at - last[-1].at).total_seconds() / 60 if last else 0.0
    return Progress(
        today=today or 0,
        own=own or 0,
        done=done,
        all=matching,
        pace=(len(last) - 1) / minutes if minutes else None,
        median_seconds=median(ANSWER.validate_json(row.answer).seconds for row in last) if last else None,
    )


def calibration_of(db: Connection, reviewer: str) -> Calibration:
    newest = select(func.max(col(Gold.id))).group_by(col(Gold.item_id))
    answered = select(Gold.__table__.c.accepted.label("right"), Review.__table__.c.accepted.label("said")).where(  # type: ignore[attr-defined]
        col(Review.reviewer) == reviewer,
        col(Review.retracted_at).is_(None),
        col(Review.item_id) == col(Gold.item_id),
        col(Gold.accepted).is_not(None),
        col(Gold.id).in_(newest),
    )
    pairs = [(row.right, row.said) for row in db.execute(answered)]
    return Calibration(
        accepted=pairs.count((True, True)),
        of_accepted=sum(right for right, _ in pairs),
        refused=pairs.count((False, False)),
        of_refused=sum(not right for right, _ in pairs),
    )
