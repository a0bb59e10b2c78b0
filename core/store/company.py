"""What a store does because other processes write to its database, too: claims stories to tell, and keeps up with the others.

A thread asks every second how far the stories are that live here: one query, however many there are, which finds out in the
same breath that the database is gone. Knows no rule of a story.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlmodel import col

from core.errors import StoreError
from core.events import Event
from core.store import rows
from core.store.claims import Claims
from core.store.database import Database
from core.store.tables import Event as Fact
from core.store.tables import Story as StoryRow
from core.story import Story

log = logging.getLogger("core.store")

SECONDS = 1.0  # between two looks
DAY = 86_400.0  # seconds: what a process that was killed left in its folder is gone after that
PROCESSES = "processes"
AT_ONCE = 500  # stories in one query


class Head(NamedTuple):
    """How far a story is: how many facts it has, and whether it was deleted."""

    story_id: str
    length: int
    deleted: bool


def heads_of(db: Connection, story_ids: Sequence[str]) -> Iterator[Head]:
    """How far these stories are, of those that there are."""
    asked = select(col(StoryRow.id), func.max(col(Fact.seq)) + 1, col(StoryRow.deleted))
    joined = asked.join(Fact, col(Fact.story_id) == col(StoryRow.id)).group_by(col(StoryRow.id), col(StoryRow.deleted))
    for start in range(0, len(story_ids), AT_ONCE):
        some = col(StoryRow.id).in_(story_ids[start : start + AT_ONCE])
        yield from (Head(*row) for row in db.execute(joined.where(some)))


class Company:
    """The other processes, as a store sees them, until it is closed."""

    def __init__(self, database: Database, live: Callable[[], Mapping[str, Story]], deleted: set[str]) -> None:
        """``live``: the stories that live here now. In ``deleted``, this writes which of them are."""
        self._database = database
        self._live = live
        self._deleted = deleted
        self._claims = Claims(database.engine)
        self.own_folder = _own_folder(database.folder / PROCESSES)
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="company", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Lets others tell what was told here."""
        self._closing.set()
        self._thread.join()
        self._claims.close()
        shutil.rmtree(self.own_folder, ignore_errors=True)

    def claim(self, story_id: str) -> bool:
        """Whether this process may tell the story: no other one does."""
        with self._database.answering():
            return self._claims.take(story_id)

    def release(self, story_id: str) -> None:
        with self._database.answering():
            self._claims.release(story_id)

    def since(self, story_id: str, length: int) -> Sequence[Event]:
        """The facts of a story, deleted or not, from number ``length`` on."""
        with self._database.reading() as db:
            return rows.parsed(story_id, rows.facts_of(db, story_id, length - 1), length)

    def look(self) -> None:
        """Brings what lives here in step with what other processes have written."""
        os.utime(self.own_folder)  # which says that it is still wanted
        with self._database.answering():
            self._claims.check()
        live = self._live()
        with self._database.reading() as db:
            heads = list(heads_of(db, [*live, *(self._deleted - live.keys())]))
        for head in heads:
            (self._deleted.add if head.deleted else self._deleted.discard)(head.story_id)
            if head.story_id in live and head.length > live[head.story_id].length:
                live[head.story_id].catch_up()

    def _run(self) -> None:
        well = True
        while not self._closing.wait(SECONDS):
            try:
                self.look()
            except (StoreError, OSError) as error:
                if well:  # said once, until it goes well again
                    log.warning("What others do can't be seen: %s", error)
                well = False
            else:
                well = True


def _own_folder(folder: Path) -> Path:
    """A new folder for what one process alone writes and reads."""
    own = folder / secrets.token_hex(8)
    own.mkdir(parents=True)
    for other in folder.iterdir():
        if time.time() - other.stat().st_mtime > DAY:
            shutil.rmtree(other, ignore_errors=True)
    return own
