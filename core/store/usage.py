"""Knows what a person has had of this machine: the seconds that models worked for them, and the pictures that they keep.

Deleted stories count, too: their facts and pictures stay.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlmodel import col

from core.events import EVENT, Opened
from core.store.tables import Attempt, Event, Story, Timing


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
