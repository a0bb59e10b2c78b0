"""Knows how long the models of a profile took of late, for who wonders how long a story will take."""

from __future__ import annotations

from sqlalchemy import Connection, func, select
from sqlmodel import col

from core.store.tables import Timing
from core.types import Value

LATEST = 100  # calls of each kind: enough for a mean, few enough to forget the machine that one had before


class Timings(Value):
    """Mean seconds of a profile's latest calls here, and of how many; None where there were none."""

    plan_seconds: float | None
    draw_seconds: float | None
    judge_seconds: float | None
    plans: int
    drawings: int
    verdicts: int


def timings_of(db: Connection, profile: str) -> Timings | None:
    """None if nothing was timed yet."""
    (plan, plans), (draw, drawings), (judge, verdicts) = (_mean(db, profile, kind) for kind in ("planned", "drawn", "judged"))
    if not plans + drawings + verdicts:
        return None
    return Timings(plan_seconds=plan, draw_seconds=draw, judge_seconds=judge, plans=plans, drawings=drawings, verdicts=verdicts)


def _mean(db: Connection, profile: str, kind: str) -> tuple[float | None, int]:
    mine = select(col(Timing.seconds)).where(col(Timing.profile) == profile, col(Timing.kind) == kind)
    latest = mine.order_by(col(Timing.at).desc()).limit(LATEST).subquery()
    seconds, calls = db.execute(select(func.avg(latest.c.seconds), func.count()).select_from(latest)).one()
    return seconds, calls
