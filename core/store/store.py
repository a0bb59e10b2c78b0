"""Keeps stories: appends their facts, folds them back, lists them. Knows no model and decides nothing about a story.

A fact and the rows that follow from it are written in one transaction: both are there afterwards, or neither. Pictures are
in the image store before a fact names them.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, Select, select
from sqlmodel import col

from core.commands import Open
from core.errors import NotFound, StoreError, WriteConflict
from core.events import Event
from core.images import ImageStore
from core.store import rows
from core.store.audit import Audit, audit, damage
from core.store.database import Database
from core.store.projection import StoryCard
from core.store.tables import Story as StoryRow
from core.story import Story
from core.trajectory import Trajectory, fold
from core.types import ImageRef

ID = re.compile(r"[a-z0-9]{12}")
IMAGES = "images"


class Store:
    """The stories of one data folder, for any number of threads. All threads share one live :class:`Story` of each id.

    ``read_only`` says why nothing can be written here (another process owns the folder, ...), and is empty if it can.
    """

    def __init__(self, folder: Path, write: bool = True) -> None:
        """Opens a data folder, and makes it if it is missing. Without ``write`` it only looks, and keeps nobody from writing."""
        self.images = ImageStore(folder / IMAGES)
        self.database = Database(folder, write)
        self._live: WeakValueDictionary[str, Story] = WeakValueDictionary()
        self._deleted = set[str]()  # by this process, so that a live story that was deleted is not found either
        self._opening = Lock()
        if not self.read_only:
            self.images.sweep()

    @property
    def read_only(self) -> str:
        return self.database.read_only

    def close(self) -> None:
        """Gives the folder back. Stories that are still in use can no longer record."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------ stories

    def create(self, command: Open, by: str = "person:local", story_id: str | None = None) -> Story:
        """Opens a new story for ``by``, who owns it. ``WriteConflict`` if there is one of this id already."""
        story = Story(story_id or new_id(), sink=self.append)
        if not ID.fullmatch(story.id):
            raise StoreError("A story's id is 12 lower-case letters and digits.")
        story.send(command, by)
        with self._opening:
            return self._live.setdefault(story.id, story)

    def open_story(self, story_id: str) -> Story:
        """The live story of this id, the same for all who ask. Where others write, each call reads it anew."""
        with self._opening:
            live = None if self.read_only or story_id in self._deleted else self._live.get(story_id)
            if live is None:
                events = self.events(story_id)
                live = Story(story_id, fold(events), len(events), sink=self.append)
                if not self.read_only:
                    self._live[story_id] = live
            return live

    def append(self, story_id: str, seq: int, events: Sequence[Event], trajectory: Trajectory) -> None:
        """Makes facts number ``seq`` and on durable, all or none; the sink of every story here.

        ``WriteConflict`` if fact ``seq`` is there already, ``ReadOnly`` if nothing can be written now.
        """
        if not events:
            return
        with self.database.writing() as db:
            length = rows.length_of(db, story_id)
            if seq != length:
                self._forget_behind(story_id, length)
                raise WriteConflict("Somebody else changed this story first; load it again.")
            rows.put_facts(db, story_id, seq, events, trajectory)

    def fork(self, story_id: str, upto: int, by: str | None = None) -> str:
        """A new story that begins with the first ``upto`` facts of this one, pictures included; opened now, by ``by``."""
        events = self.events(story_id)
        if not 1 <= upto <= len(events):
            raise StoreError(f"This story has {len(events)} facts; a fork keeps between 1 and all of them.")
        opened = events[0].model_copy(update={"by": by or events[0].by, "at": datetime.now(UTC)})
        kept = [opened, *events[1:upto]]
        fork = new_id()
        self.append(fork, 0, kept, fold(kept))
        return fork

    def delete(self, story_id: str) -> None:
        """Takes a story off all lists. Its facts and pictures are kept, and :meth:`restore` brings it back."""
        self._mark(story_id, deleted=True)
        self._deleted.add(story_id)

    def restore(self, story_id: str) -> None:
        self._mark(story_id, deleted=False)
        self._deleted.discard(story_id)

    # ------------------------------------------------------------ looks

    def events(self, story_id: str, after: int = -1) -> list[Event]:
        """The facts of a story, in order, from number ``after + 1`` on."""
        with self.database.reading() as db:
            if rows.is_deleted(db, story_id) is not False:
                raise NotFound("There is no such story.")
            facts = rows.facts_of(db, story_id, after)
        return rows.parsed(story_id, facts, after + 1)

    def card(self, story_id: str) -> StoryCard:
        cards = self.cards([story_id])
        if not cards:
            raise NotFound("There is no such story.")
        return cards[0]

    def cards(self, story_ids: Sequence[str]) -> list[StoryCard]:
        """The cards of those of these stories that there are, in no order."""
        return self._cards(rows.newest(None, None).where(col(StoryRow.id).in_(story_ids)))

    def stories(self, owner: str | None = None, search: str | None = None, limit: int = 50, offset: int = 0) -> list[StoryCard]:
        """Cards, the newest story first: of all owners or one, and those whose request has all words of ``search`` in it."""
        return self._cards(rows.newest(owner, search).limit(limit).offset(offset))

    def unfinished(self) -> list[str]:
        """The ids of the stories that have work to do, the oldest first."""
        return self._ids(col(StoryRow.deleted).is_(False), col(StoryRow.status) == "running")

    def ids(self) -> list[str]:
        """The ids of all stories, deleted ones too, the oldest first."""
        return self._ids()

    # ------------------------------------------------------------ upkeep

    def rebuild(self) -> None:
        """Writes all projections again from the facts."""
        for story_id in self.ids():
            with self.database.writing() as db:
                events = rows.parsed(story_id, rows.facts_of(db, story_id))
                rows.put_projections(db, story_id, events, fold(events))

    def audit(self, story_id: str) -> Audit:
        """What is wrong with a story's facts and rows, deleted or not."""
        with self.database.reading() as db:
            return audit(db, story_id)

    def damage(self) -> list[str]:
        """What is wrong with the database as a whole."""
        with self.database.reading() as db:
            return damage(db)

    # ------------------------------------------------------------ inside

    def _forget_behind(self, story_id: str, length: int) -> None:
        """Whoever opens the story next gets it as it is stored, not a live one that somebody else has overtaken."""
        with self._opening:
            live = self._live.get(story_id)
            if live and live.length < length:
                del self._live[story_id]

    def _mark(self, story_id: str, deleted: bool) -> None:
        with self.database.writing() as db:
            if rows.is_deleted(db, story_id) is None:
                raise NotFound("There is no such story.")
            rows.change_story(db, story_id, {"deleted": deleted})

    def _cards(self, query: Select[Any]) -> list[StoryCard]:
        with self.database.reading() as db:
            found = db.execute(query).mappings().all()
        covers = [row["cover"] and ImageRef.model_validate_json(row["cover"]) for row in found]
        return [StoryCard(**{**row, "cover": cover}) for row, cover in zip(found, covers, strict=True)]

    def _ids(self, *which: ColumnElement[bool]) -> list[str]:
        with self.database.reading() as db:
            return list(db.scalars(select(col(StoryRow.id)).where(*which).order_by(col(StoryRow.created_at))))


def new_id() -> str:
    """A story's name: 12 characters that nobody can guess, and that need no escaping anywhere."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))
