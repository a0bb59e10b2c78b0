"""The rows of the data folder's database. Only the store reads or writes them; domain values are never rows.

``event`` is the truth. ``story``, ``attempt`` and ``timing`` are projections of it, for lists and queries: written in the
transaction of the fact, and rebuildable. What annotators said is in :mod:`core.store.review_tables`. A change of any column is
a numbered migration, too.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Index, false, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from core.store.sql import partial


class Utc(TypeDecorator[datetime]):
    """A moment. No time zone is kept: it is UTC in the row, and says so again when it is read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Story(SQLModel, table=True):
    """One story as a list shows it.

    No projections are ``deleted``, which hides a story and keeps its facts; ``starred``; and ``trunk`` with ``trunk_length``,
    which say where a branch's first facts are kept: the first so many of that story. ``gathered``: what can be reviewed of it
    has its rows; a story that an older version kept gets them when somebody first reviews.
    """

    __table_args__ = (
        Index("story_newest", "deleted", "created_at", "id"),
        Index("story_newest_of_owner", "owner", "deleted", "created_at", "id"),
        Index("story_newest_of_status", "status", "deleted", "created_at", "id"),
        Index("story_newest_of_profile", "profile", "deleted", "created_at", "id"),
        Index("story_newest_starred", "starred", "deleted", "created_at", "id"),
        Index("story_profiles", "owner", "deleted", "profile"),
        partial("story_of_trunk", "trunk", where="trunk IS NOT NULL"),
        partial("story_to_gather", "id", where="gathered = 0", there="NOT gathered"),
    )

    id: str = Field(primary_key=True)
    owner: str
    profile: str
    title: str
    words: str  # the title that a person gave and the whole request, case-folded, to search in
    status: str
    steps: int
    attempts: int
    accepted: int  # steps whose picture the critic, or a person, accepted
    failures: int
    cover: str | None  # an ImageRef as JSON
    created_at: datetime = Field(sa_type=Utc)
    updated_at: datetime = Field(sa_type=Utc)
    deleted: bool
    starred: bool = Field(sa_column_kwargs={"server_default": false()})
    trunk: str | None = Field(foreign_key="story.id")
    trunk_length: int = Field(sa_column_kwargs={"server_default": text("0")})
    gathered: bool = Field(sa_column_kwargs={"server_default": false()})


class Event(SQLModel, table=True):
    """One fact. The primary key is what keeps two writers from both appending number ``seq``."""

    __table_args__ = (partial("event_failed", "story_id", where="kind = 'failed'"),)

    story_id: str = Field(primary_key=True, foreign_key="story.id")
    seq: int = Field(primary_key=True)
    kind: str
    payload: str  # the fact as JSON
    by: str
    at: datetime = Field(sa_type=Utc)


class Attempt(SQLModel, table=True):
    """One drawing, with what was said of it. A branch has rows of those attempts that its own facts are about."""

    __table_args__ = (Index("attempt_image", "image"),)

    story_id: str = Field(primary_key=True, foreign_key="story.id")
    step: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    prompt: str
    seed: int
    source: str | None  # sha256 of the picture it was drawn on
    image: str  # sha256
    accepted: bool | None  # by the critic
    p_success: float | None
    score: float | None
    person_accepted: bool | None
    failures: int  # calls that failed before it was drawn, or judged


class Timing(SQLModel, table=True):
    """How long a model's call took on this machine: one row for each fact that says so and was recorded here."""

    __table_args__ = (Index("timing_latest", "profile", "kind", "at", "seconds"),)

    story_id: str = Field(primary_key=True, foreign_key="story.id")
    seq: int = Field(primary_key=True)
    profile: str
    kind: str  # of the fact
    seconds: float
    at: datetime = Field(sa_type=Utc)
