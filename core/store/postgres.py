"""Owns the way to a PostgreSQL database that several studios share: who may write, how, and what a refusal means. Knows no story.

The pictures stay in a folder that all of them share. The folder and the database name each other, so that no studio ever
shows the stories of one with the pictures of another. One transaction writes at a time, as with SQLite: it takes
milliseconds where a call of a model takes seconds, and so every rule that holds there holds here.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import SQLModel

from core.errors import ReadOnly, Sentence, StoreError, WriteConflict
from core.store import people_tables, review_tables, tables

try:
    import psycopg
    from psycopg.types.string import StrDumper
except ImportError as missing:
    raise StoreError("A PostgreSQL database needs psycopg, which is in requirements.txt.") from missing

DRIVER = "postgresql+psycopg"
BUSY_SECONDS = 5.0  # how long a writer waits for another one
#: Both ends notice within about half a minute that the other machine is gone, rather than within hours.
ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
SETTINGS = {
    "lock_timeout": f"{BUSY_SECONDS:g}s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
WRITERS = 0x1EAF  # the first of the two numbers of the lock that writers take one after the other
#: What the tables of these modules are made from; each has told it of its own.
TABLES = SQLModel.metadata
assert {tables.Story.__tablename__, review_tables.Review.__tablename__, people_tables.Ticket.__tablename__} <= set(TABLES.tables)


class Server:
    """A PostgreSQL database, and the data folder with its pictures."""

    shared = True

    def __init__(self, folder: Path, mark: Path, address: str, write: bool) -> None:
        """``mark``: the folder's file that names its database."""
        self.read_only = "" if write else Sentence("The data folder was opened to look only.")
        self._folder = folder
        self._mark = mark
        self.engine = _engine(address)

    def close(self) -> None:
        self.engine.dispose()

    def to_read(self) -> Engine:
        return self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def to_write(self) -> Engine:
        return self.engine

    def wait_for_turn(self, db: Connection) -> None:
        db.execute(text("SELECT pg_advisory_xact_lock(:writers, 0)"), {"writers": WRITERS})

    def check(self) -> None:
        """``StoreError`` unless the folder and the database name each other, or neither is there yet."""
        try:
            with self.engine.connect() as db:
                known = db.scalar(text("SELECT id FROM studio")) if self.version(db) else None
        except DBAPIError as error:
            raise self.answer(error.orig) or StoreError("The database cannot be used.") from error
        named = self._mark.read_text("ascii").strip() if self._mark.is_file() else None
        if known and not named:
            raise StoreError(
                "The pictures of this database's stories are in another folder than {name!r}: is it there, and shared?",
                name=self._folder.name,
            )
        if known and named != known:
            raise StoreError("The pictures in {name!r} are of another database's stories.", name=self._folder.name)

    def create(self, db: Connection) -> bool:
        """Makes all tables, and lets the folder and the database name each other."""
        TABLES.create_all(db)
        db.exec_driver_sql("CREATE TABLE studio (id VARCHAR NOT NULL PRIMARY KEY, version INTEGER NOT NULL)")
        named = self._mark.read_text("ascii").strip() if self._mark.is_file() else self._name()
        db.execute(text("INSERT INTO studio VALUES (:id, 0)"), {"id": named})
        return True

    def version(self, db: Connection) -> int:
        """The one row of the table ``studio`` says how many migrations the database has seen."""
        if db.scalar(text("SELECT to_regclass('studio')")) is None:
            return 0
        version: int = db.execute(text("SELECT version FROM studio")).scalar_one()
        return version

    def set_version(self, db: Connection, version: int) -> None:
        db.execute(text("UPDATE studio SET version = :version"), {"version": version})

    def damage(self, db: Connection) -> list[str]:
        """Nothing: the server sees to its files, and to it that every row belongs to a story."""
        return []

    def answer(self, fault: Any) -> StoreError | None:
        match getattr(fault, "sqlstate", None):
            case "23505":
                return WriteConflict("Somebody else changed this story first; load it again.")
            case "53100":
                return ReadOnly("The disk is full: free some space, then go on; nothing that was kept is lost.")
            case "55P03" | "40P01" | "40001":
                return ReadOnly("Another process is writing to the data folder and does not finish; try again in a moment.")
            case "25006" | "42501":
                return ReadOnly("The database may be read here, not changed; ask who looks after it.")
            case "XX001" | "XX002":
                return StoreError("The database of the data folder is damaged; restore it from a copy.")
        if isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError):  # gone, or full, or closing
            return ReadOnly("The database cannot be reached now; what was kept is safe. Try again in a moment.")
        return None

    def _name(self) -> str:
        """Makes the mark: a name that no other folder has."""
        name = secrets.token_hex(8)
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._mark, "x", encoding="ascii") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        return name


class _WithoutNul(StrDumper):
    """PostgreSQL's texts have no NUL. Facts are JSON, which escapes it; of their projections, nobody misses it."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd"))


def _engine(address: str) -> Engine:
    """``StoreError``, which does not quote the address and its password, if it is none."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreError("This is no address of a database: it is like postgresql+psycopg://user:password@host/name.") from error
    if url.drivername not in (DRIVER, "postgresql"):
        raise StoreError("A database for several studios is a PostgreSQL one: postgresql+psycopg://user:password@host/name.")
    asked = url.query.get("options", "")
    options = " ".join([*([asked] if isinstance(asked, str) else asked), *(f"-c {key}={said}" for key, said in SETTINGS.items())])
    how = {"connect_timeout": 10, "application_name": "interleave-studio", "options": options}
    address_alone = url.set(drivername=DRIVER).difference_update_query(["options"])
    engine = create_engine(address_alone, connect_args={**ALIVE, **how}, max_overflow=-1, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def adapt(connection: Any, record: Any) -> None:
        connection.adapters.register_dumper(str, _WithoutNul)

    return engine
