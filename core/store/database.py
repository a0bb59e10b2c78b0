"""Owns the database file and the lock of a data folder: who may write, how, and what a refusal means. Knows no story.

One process owns a folder, by a lock that ends with the process; every other one may look. Writes are immediate
transactions, because a deferred one that reads first fails at once where it should wait; and durable ones (WAL with
``synchronous=FULL``), because a call of a model costs hundreds of times what the flush does.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from core.errors import NotFound, ReadOnly, Sentence, StoreError, WriteConflict
from core.store.migrations import MIGRATIONS, migrate, version_of

FILE, LOCK = "studio.db", "lock"
BUSY_SECONDS = 5.0  # how long a writer waits for another one
READ_ONLY_PRAGMAS = ("query_only = ON",)
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
BEGIN = "begin"  # the execution option that says how a transaction begins


class Database:
    """The database of one data folder. ``read_only`` says why it may not be written, and is empty if it may."""

    def __init__(self, folder: Path, write: bool = True) -> None:
        """Opens the folder, and makes it if it is missing; without ``write`` it only looks, and leaves the lock alone."""
        self.folder = folder
        self._lock: int | None = None
        self.read_only = self._own() if write else Sentence("The data folder was opened to look only.")
        self.engine = _engine(folder / FILE, self._lock is not None)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Gives the folder to whoever opens it next."""
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            self.read_only = Sentence("The data folder has been closed.")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with _answering(), self.engine.begin() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, or leaves nothing. ``ReadOnly`` if nobody may write now."""
        if self.read_only:
            raise ReadOnly(self.read_only)
        with _answering(), self.engine.execution_options(**{BEGIN: "IMMEDIATE"}).begin() as db:
            yield db

    def _own(self) -> str:
        """Takes the lock; returns why not, if it can't be had."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            return Sentence(
                "The data folder cannot be written ({why}): its stories can be read, not changed.", why=error.strerror
            )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it when this process ends, however it ends
        except OSError:
            owner = os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(lock)
            return Sentence("Process {owner} has this data folder open: its stories can be read here, not changed.", owner=owner)
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self._lock = lock
        return ""

    def _prepare(self) -> None:
        if self.read_only and not (self.folder / FILE).exists():
            raise NotFound("There are no stories in the folder {name!r}.", name=self.folder.name)
        with self.reading() as db:
            version = version_of(db)
        if version > len(MIGRATIONS):
            raise StoreError("A newer version of the studio wrote this data folder; use that version.")
        if version < len(MIGRATIONS) and self.read_only:
            raise StoreError("This data folder is from an older version, or just being made; open it for writing first.")
        while not self.read_only and self._migrate():
            pass

    def _migrate(self) -> bool:
        with self.writing() as db:
            return migrate(db)


def _engine(path: Path, write: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        uri = f"file:{quote(str(path.absolute()))}?mode={'rwc' if write else 'ro'}"
        if not write and not os.access(path.parent, os.W_OK) and not path.with_name(f"{FILE}-wal").exists():
            uri += "&immutable=1"  # a look into a folder that nobody can write: WAL would want to make files there
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        for pragma in PRAGMAS if write else READ_ONLY_PRAGMAS:
            db.execute(f"PRAGMA {pragma}").close()
        return db

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        db.exec_driver_sql(f"BEGIN {db.get_execution_options().get(BEGIN, 'DEFERRED')}")

    return engine


@contextmanager
def _answering() -> Iterator[None]:
    """Turns the database's refusals into sentences; its complaints about our own statements go through."""
    try:
        yield
    except DBAPIError as error:
        if answer := _answer(error.orig):
            raise answer from error
        raise


def _answer(fault: Any) -> StoreError | None:
    code: int = getattr(fault, "sqlite_errorcode", 0)
    if code in (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE):
        return WriteConflict("Somebody else changed this story first; load it again.")
    match code & 0xFF:  # the primary code; the rest says where exactly
        case sqlite3.SQLITE_FULL:
            return ReadOnly("The disk is full: free some space, then go on; nothing that was kept is lost.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return ReadOnly("Another process is writing to the data folder and does not finish; try again in a moment.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return ReadOnly("The data folder cannot be written or read ({why}); check its disk and permissions.", why=fault)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError("The database of the data folder is damaged; restore it from a copy.")
    return None
