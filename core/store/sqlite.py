"""Owns the database file and the lock of a data folder: who may write, how, and what a refusal means. Knows no story.

One process owns a folder, by a lock that ends with the process; every other one may look. Writes are immediate
transactions, because a deferred one that reads first fails at once where it should wait; and durable ones (WAL with
``synchronous=FULL``), because a call of a model costs hundreds of times what the flush does.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from core.errors import NotFound, ReadOnly, Sentence, StoreError, WriteConflict
from core.folders import make

FILE, LOCK = "studio.db", "lock"
BUSY_SECONDS = 5.0  # how long a writer waits for another one
READ_ONLY_PRAGMAS = ("query_only = ON",)
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
BEGIN = "begin"  # the execution option that says how a transaction begins


class File:
    """A database in a file of the data folder. ``read_only`` says why it may not be written, and is empty if it may."""

    shared = False

    def __init__(self, folder: Path, write: bool, beside: bool = False) -> None:
        """``beside`` the process that owns the folder, and has the lock, it writes without."""
        self._folder = folder
        self._beside = beside
        self._wanted = write
        self._lock: int | None = None
        self.read_only = self._standing(write)
        self.engine = _engine(folder / FILE, not self.read_only)

    def close(self) -> None:
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def to_read(self) -> Engine:
        return self.engine

    def to_write(self) -> Engine:
        return self.engine.execution_options(**{BEGIN: "IMMEDIATE"})

    def wait_for_turn(self, db: Connection) -> None:
        """How the transaction began has seen to it."""

    def check(self) -> None:
        """``NotFound`` if there is nothing to look at, ``ReadOnly`` if nothing can be made."""
        if (self.read_only or self._beside) and not (self._folder / FILE).exists():
            if self._wanted and self.read_only:  # a new folder that can't be made is not one that is empty
                raise ReadOnly(self.read_only)
            raise NotFound("There are no stories in the folder {name!r}.", name=self._folder.name)

    def version(self, db: Connection) -> int:
        """SQLite's ``user_version`` is the number of migrations that a database has seen."""
        version: int = db.exec_driver_sql("PRAGMA user_version").scalar_one()
        return version

    def set_version(self, db: Connection, version: int) -> None:
        db.exec_driver_sql(f"PRAGMA user_version = {version}")

    def create(self, db: Connection) -> bool:
        """False: a new database sees every migration there ever was."""
        return False

    def damage(self, db: Connection) -> list[str]:
        """What SQLite itself finds wrong with the file, and rows that belong to no story."""
        broken = [str(found) for found in db.exec_driver_sql("PRAGMA integrity_check").scalars() if found != "ok"]
        orphans = db.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [*broken, *(f"Row {row[1]} of the table {row[0]} belongs to no story." for row in orphans)]

    def answer(self, fault: Any) -> StoreError | None:
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

    def _standing(self, write: bool) -> str:
        if not write:
            return Sentence("The data folder was opened to look only.")
        return Sentence("") if self._beside else self._own()

    def _own(self) -> str:
        """Takes the lock; returns why not, if it can't be had."""
        try:
            make(self._folder)
            lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
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
        with suppress(OSError):  # who it is helps whoever comes second; on a full disk it stays unsaid
            os.truncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
        self._lock = lock
        return ""


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
