"""Deletes all that a person has in a data folder, so that nothing is left of it: the one place where facts are ever deleted.

Theirs are their stories, deleted ones too, with all that was said of them, and links and tokens. What others have stays whole:
a branch of one of these stories gets the facts that it stands on, and a picture stays as long as another story names it. What
the person said of others' stories stays as well, for it is others' data by now, but nobody's name is at it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, delete, or_, select, update
from sqlmodel import col

from core.events import EVENT
from core.store.deeds import note
from core.store.people_tables import Ticket
from core.store.review_tables import Gold, Guideline, Lease, Review, Reviewable, Skip
from core.store.rows import uproot
from core.store.tables import Attempt, Event, Story, Timing
from core.store.usage import pictures_of
from core.types import Value

NOBODY = "erased-"  # and eight digits, so that the answers of one who is gone are still those of one person
HASH = re.compile(r"\b[0-9a-f]{64}\b")


class Erased(Value):
    """What was deleted: stories, by their ids, and the hashes of pictures that no story names any more."""

    stories: tuple[str, ...]
    pictures: frozenset[str]


def erase(db: Connection, person: str, by: str) -> Erased:
    """Within a transaction that somebody else began; the pictures' files are to be deleted once it has ended."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("PRAGMA secure_delete = ON")  # what was deleted is written over, not just let go of
    mine = select(col(Story.id)).where(col(Story.owner) == person)
    stories, pictures = tuple(db.scalars(mine.order_by(col(Story.id)))), pictures_of(db, person)
    branches = select(col(Story.id)).where(col(Story.trunk).in_(mine), col(Story.owner) != person)
    for branch in db.scalars(branches).all():
        uproot(db, branch)
    _delete(db, person)
    _forget(db, person)
    note(db, by, "data_deleted", person)
    return Erased(stories=stories, pictures=unnamed(db, pictures))


def unnamed(db: Connection, pictures: Iterable[str]) -> frozenset[str]:
    """Those of these pictures, by their hashes, that no story names."""
    asked = frozenset(pictures)
    return asked - set(_named(db, asked))


def _delete(db: Connection, person: str) -> None:
    """All rows of a person's stories, and of what they let others open."""
    mine = select(col(Story.id)).where(col(Story.owner) == person)
    items = select(col(Reviewable.id)).where(col(Reviewable.story_id).in_(mine))
    for said in (Review, Skip, Lease, Gold):
        db.execute(delete(said).where(col(said.item_id).in_(items)))
    for row in (Reviewable, Attempt, Timing, Event):
        db.execute(delete(row).where(col(row.story_id).in_(mine)))
    opens = or_(
        (col(Ticket.kind) == "story") & col(Ticket.opens).in_(mine),
        (col(Ticket.kind) == "person") & (col(Ticket.opens) == person),
    )
    db.execute(delete(Ticket).where(opens))
    db.execute(update(Story).where(col(Story.owner) == person).values(trunk=None))
    db.execute(delete(Story).where(col(Story.owner) == person))


def _forget(db: Connection, person: str) -> None:
    """Puts nobody's name where a person's stood in what is left."""
    nobody = f"{NOBODY}{secrets.token_hex(4)}"
    db.execute(delete(Lease).where(col(Lease.reviewer) == person))
    for table in (Review, Skip):
        db.execute(update(table).where(col(table.reviewer) == person).values(reviewer=nobody))
    for signed in (Gold, Guideline):
        db.execute(update(signed).where(col(signed.by) == person).values(by=nobody))
    theirs = col(Event.by) == f"person:{person}"
    for story_id, seq, payload in db.execute(select(col(Event.story_id), col(Event.seq), col(Event.payload)).where(theirs)).all():
        fact = EVENT.validate_json(payload).model_copy(update={"by": f"person:{nobody}"})
        kept = {"by": fact.by, "payload": EVENT.dump_json(fact).decode()}
        db.execute(update(Event).where(col(Event.story_id) == story_id, col(Event.seq) == seq).values(**kept))


def _named(db: Connection, pictures: frozenset[str]) -> Iterator[str]:
    """Those of these pictures that a story still names, drawn or given."""
    for column in (col(Attempt.image), col(Attempt.source)):
        yield from (sha256 for sha256 in db.scalars(select(column).distinct()) if sha256 in pictures)
    for payload in db.scalars(select(col(Event.payload)).where(col(Event.kind) == "opened")):
        yield from pictures.intersection(HASH.findall(payload))
