"""Keeps the log of what people did beside their stories: who made or took back a link, signed whom out, deleted whose data.

An entry is written in the transaction of the deed: both are there, or neither. Nothing here is ever changed.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from core.store.database import Database
from core.store.people_tables import Deed as Row
from core.types import Value

What = Literal[
    "link_made",
    "link_revoked",
    "token_made",
    "token_revoked",
    "signed_out",
    "data_deleted",
    "drain_begun",
    "drain_ended",
]


class Deed(Value):
    """One entry: who did what to whom, or to which story."""

    by: str
    what: What
    whom: str
    at: datetime


def note(db: Connection, by: str, what: What, whom: str) -> None:
    """Writes an entry within a transaction that somebody else began."""
    db.execute(insert(Row), [{"id": secrets.token_hex(8), "by": by, "what": what, "whom": whom, "at": datetime.now(UTC)}])


class Deeds:
    """The log of one data folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, by: str, what: What, whom: str) -> None:
        with self._database.writing() as db:
            note(db, by, what, whom)

    def latest(self, most: int) -> list[Deed]:
        """The last entries, the newest first."""
        newest = select(*(col(getattr(Row, name)) for name in Deed.model_fields)).order_by(col(Row.at).desc(), col(Row.id))
        with self._database.reading() as db:
            return [Deed.model_validate(dict(row)) for row in db.execute(newest.limit(most)).mappings()]
