"""Shows a host how the studio is, and does what only a host may: who is here, what they have, what waits, what the disk holds.

Hosts are whom the settings name, once they have signed in, and whoever owns the machine. They see names, figures and story ids:
never a title, a word or a picture of anybody's story. What they do is logged.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from core.errors import CommandError
from core.store import Deed, Deeds, Tickets
from core.store.database import FILE
from studio.caps import DAY, MB, Limits
from studio.passwords import GUEST
from studio.visitors import Visitor

if TYPE_CHECKING:
    from studio.controller import Controller
    from studio.signin import Door
    from studio.visitors import Presence

LISTED = 200  # people, those who were here last
ENTRIES = 30  # of the log
BETWEEN_COUNTS = 60.0  # seconds that a count of pictures holds, for it asks the disk about each
PATIENCE = 15.0  # seconds that a call in flight has to give way before a person's data is deleted
BETWEEN_LOOKS = 0.05  # seconds


#: Counts pictures, and their bytes.
Count = Callable[[], tuple[int, int]]


@dataclass(frozen=True)
class Person:
    """One person, as a host sees them. ``seen`` is None where that is not known."""

    name: str
    guest: bool
    stories: int
    running: int
    megabytes: float
    seconds: float  # of models, within a day
    seen: datetime | None
    sessions: int
    tokens: int

    @property
    def is_in(self) -> bool:
        """Whether there is something that signing them out would end."""
        return bool(self.sessions or self.tokens)


@dataclass(frozen=True)
class Waiting:
    """A story with work to do, and whose it is. ``live``: it is in the models' call in flight."""

    story: str
    owner: str
    since: datetime
    live: bool


@dataclass(frozen=True)
class Disk:
    """The data folder and its disk. Sizes are in bytes."""

    folder: str
    pictures: int
    picture_bytes: int
    database_bytes: int
    free: int
    total: int


@dataclass(frozen=True)
class Overview:
    """All that a host sees at once. ``more``: people who are not listed."""

    people: tuple[Person, ...]
    more: int
    limits: Limits
    queue: tuple[Waiting, ...]
    held: bool
    disk: Disk
    log: tuple[Deed, ...]
    me: str


class Hosting:
    """What hosts see and do."""

    def __init__(self, controller: Controller, hosts: Iterable[str], door: Door | None, presence: Presence) -> None:
        """``hosts``: the names of those who may, once they have signed in. ``door`` is None where nobody signs in."""
        self._controller = controller
        self._hosts = frozenset(hosts)
        self._door = door
        self._presence = presence
        self._deeds = Deeds(controller.store.database)
        self._tokens = Tickets(controller.store.database, "person")
        self._counted: dict[str, tuple[float, int, int]] = {}  # when; how many; bytes
        self._lock = Lock()

    def allows(self, visitor: Visitor) -> bool:
        """Whether this visitor is a host."""
        return visitor.owns_all or (not visitor.guest and visitor.name in self._hosts)

    def overview(self, visitor: Visitor) -> Overview:
        self._check(visitor)
        people, more = self._people()
        held = self._controller.worker.held
        limits, log = self._controller.caps.limits, tuple(self._deeds.latest(ENTRIES))
        return Overview(people, more, limits, self._queue(), held, self._disk(), log, visitor.name)

    # ------------------------------------------------------------ acts

    def hold(self, on: bool, visitor: Visitor) -> None:
        """Lets models begin nothing more, or again. The call in flight ends, and nothing is lost."""
        self._check(visitor)
        if self._controller.worker.held != on:
            self._controller.worker.hold(on)
            self._deeds.note(visitor.by, "drain_begun" if on else "drain_ended", "")

    def sign_out(self, name: str, visitor: Visitor) -> None:
        """Ends all sessions of a person, and takes their tokens back. They may sign in again as long as the file names them."""
        self._check(visitor)
        if self._door:
            self._door.sign_out(name)
        self._tokens.revoke_all(name, visitor.by)
        self._deeds.note(visitor.by, "signed_out", name)

    def erase(self, name: str, typed: str, visitor: Visitor) -> int:
        """Deletes all that a person has here, for good; returns how many stories that were. ``typed`` has to be the name."""
        self._check(visitor)
        if not name or typed.strip() != name:
            raise CommandError("The name that you typed is another: nothing was deleted.")
        self._stop(name, visitor)
        if self._door:
            self._door.sign_out(name)
        self._controller.forget(name)
        return len(self._controller.store.erase(name, visitor.by).stories)

    # ------------------------------------------------------------ inside

    def _check(self, visitor: Visitor) -> None:
        if not self.allows(visitor):
            raise CommandError("Only hosts come here: those whom the setting STUDIO_ADMINS names, once they have signed in.")

    def _stop(self, name: str, visitor: Visitor) -> None:
        """No model is at a story of this person, and none will be."""
        cards = [story for story in self._controller.store.unfinished() if self._controller.store.owner(story) == name]
        self._controller.librarian.delete(cards, Visitor(visitor.name, owns_all=True))
        end = time.monotonic() + PATIENCE
        while any(self._controller.passing(story).live for story in cards):
            if time.monotonic() > end:
                raise CommandError("A model's call for one of the stories does not end yet: try again in a moment.")
            time.sleep(BETWEEN_LOOKS)

    def _people(self) -> tuple[tuple[Person, ...], int]:
        """Those who were here last, and how many others there are."""
        shares = self._controller.store.shares(datetime.now(UTC) - timedelta(seconds=DAY))
        known = set(self._door.people.names()) if self._door else set()
        seen = self._presence.seen()
        last = {name: share.changed_at for name, share in shares.items()} | dict.fromkeys(known - shares.keys()) | seen
        long_ago = datetime.min.replace(tzinfo=UTC)
        names = sorted(last, key=lambda name: (last[name] or long_ago, name), reverse=True)
        people = []
        for name in names[:LISTED]:
            share = shares.get(name)
            people.append(
                Person(
                    name=name,
                    guest=name.startswith(GUEST),
                    stories=share.stories if share else 0,
                    running=share.running if share else 0,
                    megabytes=self._kept_by(name) / MB if share else 0.0,
                    seconds=share.seconds if share else 0.0,
                    seen=last[name],
                    sessions=self._door.sessions_of(name) if self._door else 0,
                    tokens=len(self._tokens.of(name)),
                )
            )
        return tuple(people), max(len(names) - LISTED, 0)

    def _queue(self) -> tuple[Waiting, ...]:
        """In the order in which their turn comes; those who are not in line yet come last."""
        store, places, found = self._controller.store, dict[str, float](), list[Waiting]()
        for card in store.cards(store.unfinished()):
            passing = self._controller.passing(card.id)
            places[card.id] = math.inf if passing.place is None else passing.place
            found.append(Waiting(card.id, card.owner, card.created_at, passing.live is not None))
        return tuple(sorted(found, key=lambda waiting: (not waiting.live, places[waiting.story], waiting.since)))

    def _disk(self) -> Disk:
        folder = self._controller.store.database.folder
        pictures, size = self._count("", self._all_pictures)
        usage = shutil.disk_usage(folder)
        database = sum(path.stat().st_size for path in folder.glob(f"{FILE}*") if path.is_file())
        return Disk(str(folder.resolve()), pictures, size, database, usage.free, usage.total)

    def _all_pictures(self) -> tuple[int, int]:
        hashes = {sha256 for _, sha256 in self._controller.store.images.files() if sha256}
        return len(hashes), self._controller.store.images.bytes_of(hashes)

    def _kept_by(self, name: str) -> int:
        return self._count(name, lambda: (0, self._controller.store.kept_by(name)))[1]

    def _count(self, whose: str, count: Count) -> tuple[int, int]:
        """A count that holds for a minute: what somebody keeps, or all there is."""
        now = time.monotonic()
        with self._lock:
            at, pictures, size = self._counted.get(whose, (-BETWEEN_COUNTS, 0, 0))
            if now - at >= BETWEEN_COUNTS:
                pictures, size = count()
                self._counted[whose] = (now, pictures, size)
            return pictures, size
