"""Makes, knows and takes back secrets that open one thing: links to read a story, and tokens by which a program is a person.

Only a secret's hash is kept, and it is looked for by that: neither a copy of the database nor the time of an answer gives a
secret away. Each deed is logged.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, insert, select, update
from sqlmodel import col

from core.errors import CommandError, NotFound
from core.store.database import Database
from core.store.deeds import What, note
from core.store.people_tables import Ticket as Row
from core.types import Value

Kind = Literal["story", "person"]

#: 32 random bytes, as ``secrets.token_urlsafe`` writes them.
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
ENDING = 4  # letters that are kept to be shown; the 39 others are 234 bits
MOST = 20  # that stand of each story, and of each person
MOST_LABEL = 60  # characters
MADE: dict[Kind, What] = {"story": "link_made", "person": "token_made"}
REVOKED: dict[Kind, What] = {"story": "link_revoked", "person": "token_revoked"}


class Ticket(Value):
    """A secret as its maker sees it afterwards."""

    id: str
    opens: str
    label: str
    ending: str
    by: str
    at: datetime


COLUMNS = [col(getattr(Row, name)) for name in Ticket.model_fields]


class Tickets:
    """The secrets of one kind in one data folder."""

    def __init__(self, database: Database, kind: Kind) -> None:
        self._database = database
        self._kind: Kind = kind

    def make(self, opens: str, by: str, label: str = "") -> str:
        """A new secret, which is told this once. ``CommandError`` if there are too many that open this."""
        with self._database.writing() as db:
            return make(db, self._kind, opens, by, label)

    def opened_by(self, secret: str) -> str | None:
        """What this secret opens; None if it is none, or was taken back."""
        if not SECRET.fullmatch(secret):
            return None
        hash = hash_of(secret)
        found = select(col(Row.opens)).where(col(Row.hash) == hash, col(Row.kind) == self._kind, col(Row.revoked_at).is_(None))
        with self._database.reading() as db:
            return db.scalar(found)

    def of(self, opens: str) -> list[Ticket]:
        """The secrets that open this, the newest first."""
        with self._database.reading() as db:
            return _standing(db, self._kind, opens)

    def revoke(self, id: str, opens: str, by: str) -> None:
        """Takes a secret back: from now on it opens nothing. ``NotFound`` if none of this id opens this."""
        with self._database.writing() as db:
            if id not in {ticket.id for ticket in _standing(db, self._kind, opens)}:
                raise NotFound("This was taken back already.")
            _revoke(db, self._kind, opens, by, col(Row.id) == id)

    def revoke_all(self, opens: str, by: str) -> None:
        """Takes all secrets that open this back."""
        with self._database.writing() as db:
            if _standing(db, self._kind, opens):
                _revoke(db, self._kind, opens, by)


def make(db: Connection, kind: Kind, opens: str, by: str, label: str) -> str:
    """As :meth:`Tickets.make`, within a transaction that somebody else began."""
    if len(_standing(db, kind, opens)) >= MOST:
        raise CommandError("There are {most} already, the most there may be: take one back first.", most=MOST)
    secret = secrets.token_urlsafe(32)
    known = {"id": secrets.token_hex(8), "hash": hash_of(secret), "ending": secret[-ENDING:], "label": label_of(label)}
    row = {"kind": kind, "opens": opens, "by": by, "at": datetime.now(UTC), "revoked_at": None}
    db.execute(insert(Row), [{**known, **row}])
    note(db, by, MADE[kind], opens)
    return secret


def hash_of(secret: str) -> str:
    """A secret of 256 random bits can't be guessed from its plain hash: no salt, no slow hashing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def label_of(label: str) -> str:
    """A label as it is kept: in one line, and not too long."""
    return " ".join(label.split())[:MOST_LABEL]


def _standing(db: Connection, kind: Kind, opens: str) -> list[Ticket]:
    which = (col(Row.kind) == kind, col(Row.opens) == opens, col(Row.revoked_at).is_(None))
    found = select(*COLUMNS).where(*which).order_by(col(Row.at).desc(), col(Row.id))
    return [Ticket.model_validate(dict(row)) for row in db.execute(found).mappings()]


def _revoke(db: Connection, kind: Kind, opens: str, by: str, *which: object) -> None:
    mine = (col(Row.kind) == kind, col(Row.opens) == opens, col(Row.revoked_at).is_(None))
    db.execute(update(Row).where(*mine, *which).values(revoked_at=datetime.now(UTC)))  # type: ignore[arg-type]
    note(db, by, REVOKED[kind], opens)
