"""Finds what is wrong with the database: facts that are missing or unreadable, rows that do not follow from the facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlmodel import col

from core.errors import StoreError
from core.events import Branched, Event, Opened
from core.store.projection import Row
from core.store.review_tables import Reviewable
from core.store.reviewable import all_rows
from core.store.rows import facts_of, own_attempts, own_timings, parsed, story_projection, trunk_of
from core.store.tables import Attempt, Story, Timing
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


def _projection_faults(db: Connection, story_id: str, events: Sequence[Event], t: Trajectory) -> Iterator[str]:
    stored = db.execute(select(Story).where(col(Story.id) == story_id)).mappings().one()
    for name, value in story_projection(events, t).items():
        if stored[name] != value:
            yield f"Its row says {name} {stored[name]!r}, its facts say {value!r}."
    trunk, shared = trunk_of(db, story_id)
    if trunk is not None and not _branches(events, trunk, shared):
        yield f"Its row says that it branched off {trunk} after {shared} facts, its facts do not."
    for step, revision, number, how in _differences(db, Attempt, story_id, own_attempts(events, t, shared)):
        yield f"The row of attempt {number} at {step}, revision {revision}, {how}."
    for seq, how in _differences(db, Timing, story_id, own_timings(events, t, shared)):
        yield f"The row of what fact {seq} took {how}."
    if stored["gathered"]:
        yield from _unlike(db, story_id, all_rows(story_id, shared, events[shared:], t))


def _unlike(db: Connection, story_id: str, wanted: dict[tuple[str, str], Row]) -> Iterator[str]:
    """What is wrong with the rows of what can be reviewed; rows without a fact may still have reviews, and do no harm."""
    there = {
        (row["kind"], row["key"]): row
        for row in db.execute(select(Reviewable).where(col(Reviewable.story_id) == story_id)).mappings()
    }
    for name, row in wanted.items():
        stored = there.get(name)
        if stored is None or any(stored[column] != value for column, value in row.items()):
            yield f"The row to review {name[0]} {name[1]} {'is missing' if stored is None else 'differs from the facts'}."


def _branches(events: Sequence[Event], trunk: str, shared: int) -> bool:
    first = events[shared] if 0 < shared < len(events) else None
    return isinstance(first, Branched) and (first.trunk, first.length) == (trunk, shared)


def _differences(db: Connection, table: type[Any], story_id: str, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
    """The keys of those rows that are not as they should be, and how they are not."""
    names = [column.name for column in table.__table__.primary_key if column.name != "story_id"]
    wanted = {tuple(row[name] for name in names): row for row in rows}
    found = db.execute(select(table).where(col(table.story_id) == story_id)).mappings()
    there = {tuple(row[name] for name in names): {k: value for k, value in row.items() if k != "story_id"} for row in found}
    for key in sorted(wanted.keys() | there.keys()):
        if wanted.get(key) != there.get(key):
            yield *key, "is missing" if key not in there else "has no fact" if key not in wanted else "differs from the facts"
