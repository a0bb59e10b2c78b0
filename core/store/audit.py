"""Finds what is wrong with the database: facts that are missing or unreadable, rows that do not follow from the facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlmodel import col

from core.errors import StoreError
from core.events import Event, Opened
from core.store.projection import Row, attempt_rows, failures_of
from core.store.rows import facts_of, parsed, story_projection
from core.store.tables import Attempt, Story
from core.trajectory import Trajectory, fold


@dataclass(frozen=True)
class Audit:
    """The story that the readable facts tell, how many there are, and what is wrong with them or their rows, a sentence each."""

    story: Trajectory
    facts: int
    faults: tuple[str, ...]


def audit(db: Connection, story_id: str) -> Audit:
    rows = facts_of(db, story_id)
    try:
        events = parsed(story_id, rows)
    except StoreError as error:
        return Audit(Trajectory(), 0, (str(error),))
    story = fold(events)
    if not events or not isinstance(events[0], Opened):
        return Audit(story, len(events), ("Its first fact does not open it.",))
    misfiled = [
        f"Fact {row['seq']} is filed as {row['kind']!r} and says {event.kind!r}."
        for row, event in zip(rows, events, strict=True)
        if row["kind"] != event.kind
    ]
    return Audit(story, len(events), (*misfiled, *_projection_faults(db, story_id, events, story)))


def damage(db: Connection) -> list[str]:
    """What SQLite itself finds wrong with the file, and rows that belong to no story."""
    broken = [str(found) for found in db.exec_driver_sql("PRAGMA integrity_check").scalars() if found != "ok"]
    orphans = db.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [*broken, *(f"Row {row[1]} of the table {row[0]} belongs to no story." for row in orphans)]


def _projection_faults(db: Connection, story_id: str, events: list[Event], t: Trajectory) -> Iterator[str]:
    stored = db.execute(select(Story).where(col(Story.id) == story_id)).mappings().one()
    for name, value in story_projection(events, t).items():
        if stored[name] != value:
            yield f"Its row says {name} {stored[name]!r}, its facts say {value!r}."
    wanted = {_key(row): row for row in attempt_rows(t, failures_of(events))}
    found = db.execute(select(Attempt).where(col(Attempt.story_id) == story_id)).mappings()
    there = {_key(dict(row)): {name: value for name, value in row.items() if name != "story_id"} for row in found}
    for key in sorted(wanted.keys() | there.keys()):
        if wanted.get(key) != there.get(key):
            which = "is missing" if key not in there else "has no fact" if key not in wanted else "differs from the facts"
            yield f"The row of attempt {key[2]} at {key[0]}, revision {key[1]}, {which}."


def _key(row: Row) -> tuple[str, int, int]:
    return row["step"], row["revision"], row["number"]
