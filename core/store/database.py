"""The database of a data folder: a file in it, or PostgreSQL for several processes. Knows no story.

Whichever it is, one transaction writes at a time and every other one reads a state that does not change, so that what holds
of one holds of the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.errors import ReadOnly, Sentence, StoreError
from core.store.migrations import MIGRATIONS
from core.store.sqlite import FILE, File

ADDRESS = "STUDIO_DATABASE"  # the variable with the address of the PostgreSQL database
MARK = "postgresql"  # the file of a data folder that says which PostgreSQL database its stories are in


class Keeper(Protocol):
    """What keeps the rows. ``read_only`` says why it may not be written, and is empty if it may."""

    @property
    def engine(self) -> Engine: ...
    @property
    def read_only(self) -> str: ...
    @property
    def shared(self) -> bool: ...  # whether other processes write, too
    def to_read(self) -> Engine: ...
    def to_write(self) -> Engine: ...
    def wait_for_turn(self, db: Connection) -> None: ...  # in a transaction that just began, to be the only one that writes
    def check(self) -> None: ...  # raises what speaks against opening it
    def create(self, db: Connection) -> bool: ...  # whether it made all tables in today's shape
    def version(self, db: Connection) -> int: ...  # how many migrations it has seen
    def set_version(self, db: Connection, version: int) -> None: ...
    def damage(self, db: Connection) -> list[str]: ...
    def answer(self, fault: Any) -> StoreError | None: ...
    def close(self) -> None: ...


class Database:
    """The database of one data folder. ``read_only`` says why it may not be written, and is empty if it may."""

    def __init__(self, folder: Path, write: bool = True, address: str | None = None) -> None:
        """Opens the folder, and makes it if it is missing; without ``write`` it only looks, and keeps nobody from writing.

        ``address`` makes a folder whose stories are in the PostgreSQL database there. Where they are of a folder that is there
        already, the folder says, and for PostgreSQL the environment says how to reach it.
        """
        self.folder = folder
        self._keeper = self._kept(write, address)
        self._closed = Sentence("")
        try:
            self._prepare()
        except BaseException:
            self._keeper.close()
            raise

    @property
    def engine(self) -> Engine:
        return self._keeper.engine

    @property
    def read_only(self) -> str:
        return self._closed or self._keeper.read_only

    @property
    def shared(self) -> bool:
        """Whether other processes write here, too."""
        return self._keeper.shared

    def close(self) -> None:
        """Gives the folder to whoever opens it next."""
        self._closed = Sentence("The data folder has been closed.")
        self._keeper.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with self.answering(), self._keeper.to_read().begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, or leaves nothing. ``ReadOnly`` if nobody may write now."""
        if self.read_only:
            raise ReadOnly(self.read_only)
        with self.answering(), self._keeper.to_write().begin() as db:
            self._keeper.wait_for_turn(db)
            yield db

    def damage(self) -> list[str]:
        """What the database itself finds wrong with what it keeps."""
        with self.reading() as db:
            return self._keeper.damage(db)

    def _kept(self, write: bool, address: str | None) -> Keeper:
        return _keeper(self.folder, write, address)

    def _prepare(self) -> None:
        self._keeper.check()
        with self.reading() as db:
            version = self._keeper.version(db)
        if version > len(MIGRATIONS):
            raise StoreError("A newer version of the studio wrote this data folder; use that version.")
        if version < len(MIGRATIONS) and self.read_only:
            raise StoreError("This data folder is from an older version, or just being made; open it for writing first.")
        while not self.read_only and self._migrate():
            pass

    def _migrate(self) -> bool:
        """Runs the next migration that this database has not seen; returns False if there is none."""
        with self.writing() as db:
            version = self._keeper.version(db)
            if version >= len(MIGRATIONS):
                return False
            if version == 0 and self._keeper.create(db):
                version = len(MIGRATIONS)
            else:
                MIGRATIONS[version](db)
                version += 1
            self._keeper.set_version(db, version)
            return True

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turns the database's refusals into sentences; its complaints about our own statements go through."""
        try:
            yield
        except DBAPIError as error:
            if answer := self._keeper.answer(error.orig):
                raise answer from error
            raise


def wanted_address(folder: Path) -> str | None:
    """Where the environment wants a new folder's stories; None: in a file, or that is where they are."""
    return None if (folder / FILE).exists() else os.environ.get(ADDRESS) or None


class Beside(Database):
    """A data folder for a process beside its owner: to write what the owner keeps no copy of in its memory, and nothing else."""

    def _kept(self, write: bool, address: str | None) -> Keeper:
        if (self.folder / MARK).is_file():  # there, whoever writes is one of many
            return super()._kept(write, address)
        return File(self.folder, write, beside=True)

    def _prepare(self) -> None:
        self._keeper.check()
        with self.reading() as db:
            if self._keeper.version(db) != len(MIGRATIONS):
                raise StoreError("Another version of the studio wrote this data folder; open the studio once, then try again.")


def _keeper(folder: Path, write: bool, address: str | None) -> Keeper:
    marked = (folder / MARK).is_file()
    if address and not marked and (folder / FILE).exists():
        raise StoreError(
            "The stories of this data folder are in a file in it: choose another folder, or unset {name}.", name=ADDRESS
        )
    if not (marked or address):
        return File(folder, write)
    if not (address := address or os.environ.get(ADDRESS)):
        raise StoreError("The stories of this data folder are in a PostgreSQL database: set {name} to its address.", name=ADDRESS)
    from core.store.postgres import Server  # psycopg is there only where somebody wants it

    return Server(folder, folder / MARK, address, write)
