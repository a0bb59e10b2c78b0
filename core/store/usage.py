"""Knows what people have had of this machine: the stories, the seconds that models worked for them, the pictures that they keep.

Deleted stories count, too: their facts and pictures stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, case, func, select
from sqlmodel import col

from core.events import EVENT, Opened
from core.store.tables import Attempt, Event, Story, Timing
from core.types import Value


class Share(Value):
    """What one person has: stories that are not deleted, those of them with work to do, and models' seconds since a moment.

    ``changed_at`` is when any of their stories changed last.
    """

    stories: int = 0
    running: int = 0
    seconds: float = 0.0
    changed_at: datetime | None = None


def shares(db: Connection, since: datetime) -> Mapping[str, Share]:
    """What everybody has who ever began a story, by name; seconds are those since a moment."""
    there = case((col(Story.deleted).is_(False), 1), else_=0)
    running = case((col(Story.status) == "running", there), else_=0)
    of_stories = select(
        col(Story.owner),
        func.sum(there).label("stories"),
        func.sum(running).label("running"),
        func.max(col(Story.updated_at)).label("changed_at"),
    )
    worked = select(col(Story.owner), func.sum(col(Timing.seconds)).label("seconds"))
    worked = worked.join(Timing, col(Timing.story_id) == col(Story.id)).where(col(Timing.at) > since)
    seconds = {row.owner: row.seconds for row in db.execute(worked.group_by(col(Story.owner)))}
    rows = db.execute(of_stories.group_by(col(Story.owner))).mappings()
    return {
        row["owner"]: Share(
            stories=row["stories"],
            running=row["running"],
            seconds=seconds.get(row["owner"], 0.0),
            changed_at=row["changed_at"],
        )
        for row in rows
    }


def worked_for(db: Connection, owner: str, since: datetime) -> list[tuple[datetime, float]]:
    """When calls for a person's stories ended after a moment, the oldest first, and how many seconds each took."""
    theirs = select(col(Story.id)).where(col(Story.owner) == owner, col(Story.updated_at) > since)
    calls = select(col(Timing.at), col(Timing.seconds)).where(col(Timing.story_id).in_(theirs), col(Timing.at) > since)
    return [(at, seconds) for at, seconds in db.execute(calls.order_by(col(Timing.at)))]


def pictures_of(db: Connection, owner: str) -> set[str]:
    """The hashes of all pictures that a person's stories have, drawn or given."""
    theirs = select(col(Story.id)).where(col(Story.owner) == owner)
    drawn = set(db.scalars(select(col(Attempt.image)).distinct().where(col(Attempt.story_id).in_(theirs))))
    openings = select(col(Event.payload)).where(col(Event.story_id).in_(theirs), col(Event.kind) == "opened")
    for payload in db.scalars(openings):
        opened = EVENT.validate_json(payload)
        assert isinstance(opened, Opened)
        drawn |= {ref.sha256 for ref in (*opened.request.pictures, *opened.request.references)}
    return drawn
