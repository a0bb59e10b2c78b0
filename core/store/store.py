"""Keeps stories: appends their facts, folds them back, lists them. Knows no model and decides nothing about a story.

A fact and the rows that follow from it are written in one transaction: both are there afterwards, or neither. Pictures are
in the image store before a fact names them. Where several processes share a database, live stories are kept in step with it.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, select
from sqlmodel import col

from core.commands import Open
from core.errors import NotFound, StoreError, WriteConflict
from core.events import Branched, Drawn, Event, Opened
from core.images import ImageStore
from core.policy import derive_seed
from core.store import erasing, library, rows, usage
from core.store.audit import Audit, audit
from core.store.company import Company
from core.store.database import Database
from core.store.erasing import Erased
from core.store.library import Page, StoryQuery
from core.store.projection import StoryCard
from core.store.reviews import Reviews
from core.store.tables import Story as StoryRow
from core.store.timings import Timings, timings_of
from core.story import Source, Story
from core.trajectory import Trajectory, evolve, fold
from core.types import ImageRef

ID = re.compile(r"[a-z0-9]{12}")
IMAGES = "images"
EVERYTHING = StoryQuery()
AN_HOUR = 3600.0  # seconds: what is half written for so long in a folder that several processes share, nobody goes on with


class Store:
    """The stories of one data folder, for any number of threads. All threads share one live :class:`Story` of each id.

    ``read_only`` says why nothing can be written here (another process owns the folder, ...), and is empty if it can.
    """

    def __init__(self, folder: Path, write: bool = True, address: str | None = None) -> None:
        """Opens a data folder, and makes it if it is missing. Without ``write`` it only looks, and keeps nobody from writing.

        ``address``, of a PostgreSQL database, is where the stories of a new folder go; a folder that is there knows it.
        """
        self.images = ImageStore(folder / IMAGES)
        self.database = Database(folder, write, address)
        self._live: WeakValueDictionary[str, Story] = WeakValueDictionary()
        self._deleted = set[str]()  # so that a live story that was deleted is not found either
        self._opening = Lock()
        self._reviews: Reviews | None = None
        self._company = Company(self.database, self._living, self._deleted) if self.database.shared and write else None
        self._source: Source | None = self._company.since if self._company else None
        if not self.read_only:
            self.images.sweep(older_than=AN_HOUR if self.database.shared else 0.0)

    @property
    def read_only(self) -> str:
        return self.database.read_only

    @property
    def reviews(self) -> Reviews:
        """What annotators say of these stories."""
        with self._opening:
            if self._reviews is None:
                self._reviews = Reviews(self.database)
            return self._reviews

    def close(self) -> None:
        """Gives the folder back. Stories that are still in use can no longer record."""
        if self._company:
            self._company.close()
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
        story.source = self._source
        with self._opening:
            return self._live.setdefault(story.id, story)

    def open_story(self, story_id: str) -> Story:
        """The live story of this id, the same for all who ask. Where others write, each call reads it anew."""
        with self._opening:
            live = None if self.read_only or story_id in self._deleted else self._live.get(story_id)
            if live is None:
                events = self.events(story_id)
                live = Story(story_id, fold(events), len(events), sink=self.append, source=self._source)
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
        for picture in _pictures_in(events):
            self.images.see_to(picture)

    def branch(self, story_id: str, by: str, seed: int | None = None) -> Story:
        """A new story, of ``by``, that begins with all facts of this one and goes its own way: paused, with its own seed.

        The facts stay where they are and the pictures are shared: a branch costs one row and one fact, however long it is.
        """
        before = self.events(story_id)  # facts never change, so that these are the first ones also when others follow now
        branch = new_id()
        seed = derive_seed(0, "branch", branch) if seed is None else seed
        fact = Branched(trunk=story_id, length=len(before), seed=seed, by=by)
        trajectory = evolve(fold(before), fact)
        with self.database.writing() as db:
            rows.put_branch(db, branch, before, fact, trajectory)
        with self._opening:
            story = Story(branch, trajectory, len(before) + 1, sink=self.append, source=self._source)
            return self._live.setdefault(branch, story)

    def duplicate(self, story_id: str, by: str) -> Story:
        """A branch that keeps the seed, so that what is drawn again in both is the same in both."""
        request = self.open_story(story_id).trajectory.request
        return self.branch(story_id, by, request.seed if request else None)

    def star(self, story_id: str, on: bool) -> None:
        self._mark(story_id, "starred", on)

    def delete(self, story_id: str) -> None:
        """Takes a story off all lists. Its facts and pictures are kept, and :meth:`restore` brings it back."""
        self._mark(story_id, "deleted", True)
        self._deleted.add(story_id)

    def restore(self, story_id: str) -> None:
        self._mark(story_id, "deleted", False)
        self._deleted.discard(story_id)

    # ------------------------------------------------------------ among several processes

    @property
    def shared(self) -> bool:
        """Whether other processes may tell and change these stories, too."""
        return self.database.shared

    @property
    def own_folder(self) -> Path:
        """Where this process may keep what it alone reads: the data folder, or one of its own in a shared one."""
        return self._company.own_folder if self._company else self.database.folder

    def claim(self, story_id: str) -> bool:
        """Whether this process may tell the story: no other one does. Holds until :meth:`release`, or the process ends."""
        return self._company is None or self._company.claim(story_id)

    def release(self, story_id: str) -> None:
        """Lets other processes tell the story."""
        if self._company:
            self._company.release(story_id)

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

    def owner(self, story_id: str) -> str:
        """Whose story this is, deleted or not."""
        with self.database.reading() as db:
            owner: str | None = db.scalar(select(col(StoryRow.owner)).where(col(StoryRow.id) == story_id))
        if owner is None:
            raise NotFound("There is no such story.")
        return owner

    def cards(self, story_ids: Sequence[str]) -> list[StoryCard]:
        """The cards of those of these stories that there are, in no order."""
        with self.database.reading() as db:
            return list(map(library.card_of, db.execute(library.cards().where(col(StoryRow.id).in_(story_ids))).mappings()))

    def page(self, query: StoryQuery = EVERYTHING) -> Page:
        """Cards, the newest story first, as many as asked for."""
        with self.database.reading() as db:
            return library.page_of(db.execute(library.selected(query)).mappings().all(), query.limit)

    def relatives(self, story_id: str) -> list[StoryCard]:
        """The other stories on this one's stem, the newest first: what it branched off, and what branched off that."""
        with self.database.reading() as db:
            family = rows.family_of(db, story_id) - {story_id}
        return sorted(self.cards(sorted(family)), key=lambda card: card.created_at, reverse=True)

    def profiles(self, owner: str | None = None) -> list[str]:
        """The profiles that stories of all owners, or of one, were told by."""
        told_by = select(col(StoryRow.profile)).distinct().where(col(StoryRow.deleted).is_(False))
        with self.database.reading() as db:
            return list(
                db.scalars((told_by if owner is None else told_by.where(col(StoryRow.owner) == owner)).order_by("profile"))
            )

    def timings(self, profile: str) -> Timings | None:
        """How long calls of this profile's models took here of late; None if there were none."""
        with self.database.reading() as db:
            return timings_of(db, profile)

    def worked_for(self, owner: str, since: datetime) -> list[tuple[datetime, float]]:
        """When models' calls for a person's stories ended since then, the oldest first, and how many seconds each took."""
        with self.database.reading() as db:
            return usage.worked_for(db, owner, since)

    def kept_by(self, owner: str) -> int:
        """The bytes of all pictures that a person's stories have, deleted ones too."""
        with self.database.reading() as db:
            pictures = usage.pictures_of(db, owner)
        return self.images.bytes_of(pictures)

    def shares(self, since: datetime) -> Mapping[str, usage.Share]:
        """What everybody has who ever began a story; seconds of models are those since a moment."""
        with self.database.reading() as db:
            return usage.shares(db, since)

    def erase(self, person: str, by: str) -> Erased:
        """Deletes all that a person has here, for good (:mod:`core.store.erasing`), and the pictures that only they had."""
        with self.database.writing() as db:
            erased = erasing.erase(db, person, by)
        with self._opening:
            self._deleted.update(erased.stories)  # so that no live story of theirs is found
        with self.database.writing() as db:  # nobody names one of them meanwhile; who does so afterwards writes it again
            self.images.remove(erasing.unnamed(db, erased.pictures))
        return erased

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
        return self.database.damage()

    # ------------------------------------------------------------ inside

    def _forget_behind(self, story_id: str, length: int) -> None:
        """Whoever opens the story next gets it as it is stored, not a live one that somebody else has overtaken."""
        with self._opening:
            live = self._live.get(story_id)
            if live and live.length < length and not self.shared:  # where others write, it catches up instead
                del self._live[story_id]

    def _living(self) -> dict[str, Story]:
        with self._opening:
            return dict(self._live)

    def _mark(self, story_id: str, column: str, on: bool) -> None:
        with self.database.writing() as db:
            if rows.is_deleted(db, story_id) is None:
                raise NotFound("There is no such story.")
            rows.change_story(db, story_id, {column: on})

    def _ids(self, *which: ColumnElement[bool]) -> list[str]:
        with self.database.reading() as db:
            return list(db.scalars(select(col(StoryRow.id)).where(*which).order_by(col(StoryRow.created_at))))


def new_id() -> str:
    """A story's name: 12 characters that nobody can guess, and that need no escaping anywhere."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))


def _pictures_in(events: Sequence[Event]) -> Iterator[ImageRef]:
    """The pictures that these facts are the first to name in their story."""
    for event in events:
        match event:
            case Drawn():
                yield event.attempt.image
            case Opened(request=asked):
                yield from (*asked.images, *asked.references, *(piece.image for piece in asked.given if piece.image))
