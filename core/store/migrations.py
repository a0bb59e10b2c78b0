"""Brings a database to today's shape: numbered functions, each run once, in order, in a transaction of its own.

SQLite's ``user_version`` is the number of migrations that a database has seen. A migration that has shipped never changes:
to change a table or a fact's shape, add the next one. Knows no domain value.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

FIRST_TABLES = """
CREATE TABLE story (
    id VARCHAR NOT NULL PRIMARY KEY,
    owner VARCHAR NOT NULL,
    profile VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    words VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    steps INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    cover VARCHAR,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    deleted BOOLEAN NOT NULL
);
CREATE INDEX story_newest ON story (deleted, created_at, id);
CREATE INDEX story_newest_of_owner ON story (owner, deleted, created_at, id);
CREATE INDEX story_by_status ON story (status, created_at);

CREATE TABLE event (
    story_id VARCHAR NOT NULL REFERENCES story (id),
    seq INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (story_id, seq)
);
CREATE INDEX event_failed ON event (story_id) WHERE kind = 'failed';

CREATE TABLE attempt (
    story_id VARCHAR NOT NULL REFERENCES story (id),
    step VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    number INTEGER NOT NULL,
    prompt VARCHAR NOT NULL,
    seed INTEGER NOT NULL,
    source VARCHAR,
    image VARCHAR NOT NULL,
    accepted BOOLEAN,
    p_success FLOAT,
    score FLOAT,
    person_accepted BOOLEAN,
    failures INTEGER NOT NULL,
    PRIMARY KEY (story_id, step, revision, number)
);
CREATE INDEX attempt_image ON attempt (image);

CREATE TABLE review (
    id INTEGER NOT NULL PRIMARY KEY,
    story_id VARCHAR NOT NULL REFERENCES story (id),
    step VARCHAR NOT NULL,
    revision INTEGER NOT NULL,
    number INTEGER NOT NULL,
    reviewer VARCHAR NOT NULL,
    accepted BOOLEAN NOT NULL,
    refined_prompt VARCHAR,
    note VARCHAR NOT NULL,
    guideline VARCHAR NOT NULL,
    at DATETIME NOT NULL
);
CREATE INDEX review_of_attempt ON review (story_id, step, revision, number);
"""

LIBRARY = """
ALTER TABLE story ADD COLUMN starred BOOLEAN DEFAULT 0 NOT NULL;
ALTER TABLE story ADD COLUMN trunk VARCHAR REFERENCES story (id);
ALTER TABLE story ADD COLUMN trunk_length INTEGER DEFAULT 0 NOT NULL;
CREATE INDEX story_of_trunk ON story (trunk) WHERE trunk IS NOT NULL;
DROP INDEX story_by_status;
CREATE INDEX story_newest_of_status ON story (status, deleted, created_at, id);
CREATE INDEX story_newest_of_profile ON story (profile, deleted, created_at, id);
CREATE INDEX story_newest_starred ON story (starred, deleted, created_at, id);
CREATE INDEX story_profiles ON story (owner, deleted, profile);

CREATE TABLE timing (
    story_id VARCHAR NOT NULL REFERENCES story (id),
    seq INTEGER NOT NULL,
    profile VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    seconds FLOAT NOT NULL,
    at DATETIME NOT NULL,
    PRIMARY KEY (story_id, seq)
);
CREATE INDEX timing_latest ON timing (profile, kind, at, seconds);
INSERT INTO timing
    SELECT * FROM (
        SELECT story_id, seq, story.profile, kind, CASE WHEN json_valid(payload) THEN payload ->> '$.seconds' END AS seconds, at
        FROM event JOIN story ON story.id = story_id
        WHERE kind IN ('planned', 'drawn', 'judged') AND substr("by", 1, 7) <> 'person:'
    )
    WHERE seconds > 0;
"""


def _1_first_tables(db: Connection) -> None:
    _run(db, FIRST_TABLES)


def _2_library(db: Connection) -> None:
    _run(db, LIBRARY)


def _run(db: Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.exec_driver_sql(statement)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_1_first_tables, _2_library)


def version_of(db: Connection) -> int:
    """How many migrations this database has seen."""
    version: int = db.exec_driver_sql("PRAGMA user_version").scalar_one()
    return version


def migrate(db: Connection) -> bool:
    """Runs the next migration that this database has not seen; returns False if there is none."""
    version = version_of(db)
    if version >= len(MIGRATIONS):
        return False
    MIGRATIONS[version](db)
    db.exec_driver_sql(f"PRAGMA user_version = {version + 1}")
    return True
