"""The rows about people: what they let others open, and what was done in their name. Only the store reads or writes them.

Nobody's password is here: who may sign in stands in a file of the host's. Ids are text, so that no database has to count.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from core.store.tables import Utc


class Ticket(SQLModel, table=True):
    """A secret that opens one thing: a story, to read it (``kind`` is "story"), or the studio, as a person ("person").

    The secret itself is kept nowhere. ``opens`` is the story's id or the person's name; ``ending`` the secret's last letters, by
    which its maker tells it from others. It opens until ``revoked_at``.
    """

    __table_args__ = (Index("ticket_hash", "hash", unique=True), Index("ticket_opens", "kind", "opens", "at"))

    id: str = Field(primary_key=True)
    kind: str
    opens: str
    label: str
    hash: str  # sha256 of the secret
    ending: str
    by: str
    at: datetime = Field(sa_type=Utc)
    revoked_at: datetime | None = Field(sa_type=Utc)


class Deed(SQLModel, table=True):
    """Something that somebody did which is no fact of a story, such as making a link or deleting a person's data."""

    __table_args__ = (Index("deed_latest", "at"),)

    id: str = Field(primary_key=True)
    by: str
    what: str
    whom: str  # what it was done to: a story's id, or a person's name
    at: datetime = Field(sa_type=Utc)
