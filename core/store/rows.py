"""Reads and writes rows within a transaction that somebody else began. Knows the tables and the projections, no rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlmodel import col

from core.errors import StoreError
from core.events import EVENT, Branched, Event, Failed, Imported, Redone, Undone
from core.store import gathering
from core.store.projection import Row, attempt_rows, failures_of, founding_row, story_row, timing_rows, touched
from core.store.sql import put
from core.store.tables import Attempt, Story, Timing
from core.store.tables import Event as Fact
from core.trajectory import Trajectory, fold
from core.types import AttemptKey

# ---------------------------------------------------------------- facts


def length_of(db: Connection, story_id: str) -> int:
    """How many facts the story has, with those that its trunk keeps for it."""
    last = db.scalar(select(func.max(col(Fact.seq))).where(col(Fact.story_id) == story_id))
    return trunk_of(db, story_id)[1] if last is None else int(last) + 1


def trunk_of(db: Connection, story_id: str) -> tuple[str | None, int]:
    """The story that keeps this one's first facts, and how many these are; None and 0 for most."""
    row = db.execute(select(col(Story.trunk), col(Story.trunk_length)).where(col(Story.id) == story_id)).one_or_none()
    return (row.trunk, row.trunk_length) if row else (None, 0)


def is_deleted(db: Connection, story_id: str) -> bool | None:
    """None if there is no such story."""
    return db.scalar(select(col(Story.deleted)).where(col(Story.id) == story_id))


def facts_of(db: Connection, story_id: str, after: int = -1) -> list[Row]:
    """Number, kind and JSON of a story's facts from number ``after + 1`` on, as they are stored, wherever they are."""
    facts = list[Row]()
    for keeper, below in stem_of(db, story_id):
        if below is not None and after + 1 >= below:
            break
        mine = select(col(Fact.seq), col(Fact.kind), col(Fact.payload)).where(col(Fact.story_id) == keeper, col(Fact.seq) > after)
        if below is not None:
            mine = mine.where(col(Fact.seq) < below)
        facts[:0] = [dict(row) for row in db.execute(mine.order_by(col(Fact.seq))).mappings()]
    return facts


def parsed(story_id: str, rows: Sequence[Row], first: int = 0) -> list[Event]:
    """The facts of these rows, which are number ``first`` and on. ``StoreError`` if one is missing or cannot be read."""
    events = list[Event]()
    for seq, row in enumerate(rows, start=first):
        if row["seq"] != seq:
            raise StoreError("Fact {number} of the story {story} is missing.", number=seq, story=story_id)
        try:
            events.append(EVENT.validate_json(row["payload"]))
        except ValidationError as error:
            raise StoreError("Fact {number} of the story {story} cannot be read.", number=seq, story=story_id) from error
    return events


def stem_of(db: Connection, story_id: str) -> list[tuple[str, int | None]]:
    """The stories that keep this one's facts, itself first, and below which number each keeps them; None: all of its own."""
    stem, keeper, below = list[tuple[str, int | None]](), story_id, None
    while True:
        stem.append((keeper, below))
        trunk, length = trunk_of(db, keeper)
        if trunk is None or (below is not None and length >= below):  # a branch of itself never ends
            return stem
        keeper, below = trunk, length


def family_of(db: Connection, story_id: str) -> set[str]:
    """The stories that grew on one stem with this one, itself included: its trunks down to the first, and all their branches."""
    root = story_id
    while (trunk := trunk_of(db, root)[0]) is not None and trunk != root:
        root = trunk
    family, grown = {root}, {root}
    while grown:
        branches = db.scalars(select(col(Story.id)).where(col(Story.trunk).in_(grown)))
        grown = set(branches) - family
        family |= grown
    return family


def put_facts(db: Connection, story_id: str, seq: int, events: Sequence[Event], t: Trajectory) -> None:
    """Appends the facts, and brings all rows in line with ``t``, the story after them."""
    now = {**story_row(t), **founding_row(events), "updated_at": events[-1].at}
    failures = sum(isinstance(event, Failed) for event in events)
    if seq == 0:
        _put_story(db, story_id, {**now, "failures": failures})
    else:
        change_story(db, story_id, {**now, "failures": col(Story.failures) + failures})
    db.execute(insert(Fact), [_fact(story_id, number, event) for number, event in enumerate(events, start=seq)])
    if any(isinstance(event, Imported) for event in events):
        db.execute(delete(Timing).where(col(Timing.story_id) == story_id))
    _put(db, Timing, story_id, timing_rows(seq, events, t.profile))
    keys = touched(events)
    if any(isinstance(event, Undone | Redone) for event in events):
        keys |= _kept(db, story_id)
    if keys:
        _put(db, Attempt, story_id, attempt_rows(t, failures_of(_failed(db, story_id)), keys))
    gathering.put_made(db, story_id, (seq, events, t), keys)


def put_branch(db: Connection, story_id: str, before: Sequence[Event], branched: Branched, t: Trajectory) -> None:
    """A new story of the facts ``before``, which stay where they are, and ``branched``; ``t`` is what they tell together."""
    row = story_projection([*before, branched], t)
    _put_story(db, story_id, {**row, "trunk": branched.trunk, "trunk_length": branched.length})
    db.execute(insert(Fact), [_fact(story_id, branched.length, branched)])


def uproot(db: Connection, story_id: str) -> None:
    """A branch keeps all its facts itself from now on, and what it tells is the same."""
    _, shared = trunk_of(db, story_id)
    events = parsed(story_id, facts_of(db, story_id))
    db.execute(insert(Fact), [_fact(story_id, number, event) for number, event in enumerate(events[:shared])])
    change_story(db, story_id, {"trunk": None, "trunk_length": 0})
    put_projections(db, story_id, events, fold(events))


def _fact(story_id: str, seq: int, event: Event) -> Row:
    payload = EVENT.dump_json(event).decode()
    return {"story_id": story_id, "seq": seq, "kind": event.kind, "payload": payload, "by": event.by, "at": event.at}


def _failed(db: Connection, story_id: str) -> list[Event]:
    mine = select(col(Fact.payload)).where(col(Fact.story_id) == story_id, col(Fact.kind) == "failed")
    return [EVENT.validate_json(payload) for payload in db.scalars(mine)]


# ---------------------------------------------------------------- projections


def put_projections(db: Connection, story_id: str, events: Sequence[Event], t: Trajectory) -> None:
    """Writes all rows that follow from the story's facts anew."""
    change_story(db, story_id, story_projection(events, t))
    _, shared = trunk_of(db, story_id)
    for table, rows in ((Attempt, own_attempts(events, t, shared)), (Timing, own_timings(events, t, shared))):
        db.execute(delete(table).where(col(table.story_id) == story_id))
        _put(db, table, story_id, rows)
    gather(db, story_id, events, t, shared)


def gather(db: Connection, story_id: str, events: Sequence[Event], t: Trajectory, shared: int) -> None:
    """Writes the rows of all that can be reviewed of the story, and says that it did; their ids, and reviews, stay."""
    gathering.put_all(db, story_id, (shared, events[shared:], t))
    change_story(db, story_id, {"gathered": True})


def story_projection(events: Sequence[Event], t: Trajectory) -> Row:
    """All columns of a story's row that follow from its facts, the first of which opened it."""
    failures = sum(isinstance(event, Failed) for event in events)
    return {**founding_row(events), **story_row(t), "updated_at": events[-1].at, "failures": failures}


def own_attempts(events: Sequence[Event], t: Trajectory, shared: int) -> list[Row]:
    """The rows of the attempts that a story's own facts, those after the ``shared`` ones, are about."""
    return attempt_rows(t, failures_of(events[shared:]), touched(events[shared:]))


def own_timings(events: Sequence[Event], t: Trajectory, shared: int) -> list[Row]:
    return timing_rows(shared, events[shared:], t.profile)


def change_story(db: Connection, story_id: str, values: Row) -> None:
    db.execute(update(Story).where(col(Story.id) == story_id).values(**values))


def _put_story(db: Connection, story_id: str, values: Row) -> None:
    unless_said = {"deleted": False, "starred": False, "trunk": None, "trunk_length": 0, "gathered": True}
    db.execute(insert(Story), [{"id": story_id, **unless_said, **values}])


def _put(db: Connection, table: type[Any], story_id: str, rows: Iterable[Row]) -> None:
    key = [column.name for column in table.__table__.primary_key]
    put(db, table, [{"story_id": story_id, **row} for row in rows], key)


def _kept(db: Connection, story_id: str) -> set[AttemptKey]:
    """The attempts that the story has rows of."""
    key = select(col(Attempt.step), col(Attempt.revision), col(Attempt.number)).where(col(Attempt.story_id) == story_id)
    return {AttemptKey(**row) for row in db.execute(key).mappings()}
