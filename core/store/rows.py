"""Reads and writes rows within a transaction that somebody else began. Knows the tables and the projections, no rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Select, delete, func, insert, select, update
from sqlmodel import col

from core.errors import StoreError
from core.events import EVENT, Event, Failed, Opened
from core.store.projection import Row, StoryCard, attempt_rows, failures_of, origin_row, story_row, touched
from core.store.tables import Attempt, Story
from core.store.tables import Event as Fact
from core.trajectory import Trajectory

CARD_COLUMNS = [col(getattr(Story, name)) for name in StoryCard.model_fields]


def length_of(db: Connection, story_id: str) -> int:
    """How many facts the story has."""
    last = db.scalar(select(func.max(col(Fact.seq))).where(col(Fact.story_id) == story_id))
    return 0 if last is None else int(last) + 1


def is_deleted(db: Connection, story_id: str) -> bool | None:
    """None if there is no such story."""
    return db.scalar(select(col(Story.deleted)).where(col(Story.id) == story_id))


def facts_of(db: Connection, story_id: str, after: int = -1) -> list[Row]:
    """Number, kind and JSON of a story's facts from number ``after + 1`` on, as they are stored."""
    columns = select(col(Fact.seq), col(Fact.kind), col(Fact.payload))
    mine = columns.where(col(Fact.story_id) == story_id, col(Fact.seq) > after)
    return [dict(row) for row in db.execute(mine.order_by(col(Fact.seq))).mappings()]


def parsed(story_id: str, rows: Sequence[Row], first: int = 0) -> list[Event]:
    """The facts of these rows, which are number ``first`` and on. ``StoreError`` if one is missing or cannot be read."""
    events = list[Event]()
    for seq, row in enumerate(rows, start=first):
        if row["seq"] != seq:
            raise StoreError(f"Fact {seq} of the story {story_id} is missing.")
        try:
            events.append(EVENT.validate_json(row["payload"]))
        except ValidationError as error:
            raise StoreError(f"Fact {seq} of the story {story_id} cannot be read.") from error
    return events


def put_facts(db: Connection, story_id: str, seq: int, events: Sequence[Event], t: Trajectory) -> None:
    """Appends the facts, and brings the story's and the attempts' rows in line with ``t``, the story after them."""
    now = {**story_row(t), "updated_at": events[-1].at}
    failures = sum(isinstance(event, Failed) for event in events)
    if isinstance(events[0], Opened):
        db.execute(insert(Story), [{"id": story_id, **origin_row(events[0]), **now, "failures": failures, "deleted": False}])
    else:
        change_story(db, story_id, {**now, "failures": col(Story.failures) + failures})
    db.execute(insert(Fact), [_fact(story_id, number, event) for number, event in enumerate(events, start=seq)])
    if keys := touched(events):
        put_attempts(db, story_id, attempt_rows(t, failures_of(_failed(db, story_id)), keys))


def put_projections(db: Connection, story_id: str, events: Sequence[Event], t: Trajectory) -> None:
    """Writes the story's and all attempts' rows anew."""
    change_story(db, story_id, story_projection(events, t))
    db.execute(delete(Attempt).where(col(Attempt.story_id) == story_id))
    put_attempts(db, story_id, attempt_rows(t, failures_of(events)))


def story_projection(events: Sequence[Event], t: Trajectory) -> Row:
    """All columns of a story's row that follow from its facts, the first of which opened it."""
    opened = events[0]
    assert isinstance(opened, Opened)
    failures = sum(isinstance(event, Failed) for event in events)
    return {**origin_row(opened), **story_row(t), "updated_at": events[-1].at, "failures": failures}


def change_story(db: Connection, story_id: str, values: Row) -> None:
    db.execute(update(Story).where(col(Story.id) == story_id).values(**values))


def put_attempts(db: Connection, story_id: str, rows: Iterable[Row]) -> None:
    if values := [{"story_id": story_id, **row} for row in rows]:
        db.execute(insert(Attempt).prefix_with("OR REPLACE"), values)


def newest(owner: str | None, search: str | None) -> Select[Any]:
    """The query for lists; walks an index, so that a page of ten thousand stories costs what a page of ten does."""
    query = select(*CARD_COLUMNS).where(col(Story.deleted).is_(False))
    if owner is not None:
        query = query.where(col(Story.owner) == owner)
    for word in (search or "").casefold().split():
        query = query.where(func.instr(col(Story.words), word) > 0)
    return query.order_by(col(Story.created_at).desc(), col(Story.id).desc())


def _fact(story_id: str, seq: int, event: Event) -> Row:
    payload = EVENT.dump_json(event).decode()
    return {"story_id": story_id, "seq": seq, "kind": event.kind, "payload": payload, "by": event.by, "at": event.at}


def _failed(db: Connection, story_id: str) -> list[Event]:
    mine = select(col(Fact.payload)).where(col(Fact.story_id) == story_id, col(Fact.kind) == "failed")
    return [EVENT.validate_json(payload) for payload in db.scalars(mine)]
