"""Brings a database to today's shape: numbered functions, each run once, in order, in a transaction of its own.

A migration that has shipped never changes: to change a table or a fact's shape, add the next one. The first four are for
SQLite alone: a PostgreSQL database begins in the shape of the day when it is made, and sees those that come after. Knows no
domain value.
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

REVIEWING = """
ALTER TABLE story ADD COLUMN gathered BOOLEAN DEFAULT 0 NOT NULL;
CREATE INDEX story_to_gather ON story (id) WHERE gathered = 0;

CREATE TABLE reviewable (
    id INTEGER NOT NULL PRIMARY KEY,
    story_id VARCHAR NOT NULL REFERENCES story (id),
    kind VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    seq INTEGER NOT NULL,
    at DATETIME NOT NULL,
    painter VARCHAR NOT NULL,
    critic VARCHAR,
    words VARCHAR NOT NULL,
    accepted BOOLEAN,
    p_success FLOAT,
    score FLOAT,
    person_accepted BOOLEAN,
    superseded BOOLEAN NOT NULL,
    answers INTEGER DEFAULT 0 NOT NULL,
    yes INTEGER DEFAULT 0 NOT NULL,
    no INTEGER DEFAULT 0 NOT NULL,
    flags INTEGER DEFAULT 0 NOT NULL,
    faults INTEGER DEFAULT 0 NOT NULL,
    split BOOLEAN DEFAULT 0 NOT NULL,
    settled BOOLEAN DEFAULT 0 NOT NULL,
    uncertainty FLOAT GENERATED ALWAYS AS (coalesce(abs(p_success - 0.5), 1.0)) VIRTUAL,
    disagreement FLOAT GENERATED ALWAYS AS (max(0.0, max(coalesce(p_success, accepted, 0.0), coalesce(score / 10.0, 0.0), \
coalesce(person_accepted, 0.0), yes > 0) - min(coalesce(p_success, accepted, 1.0), coalesce(score / 10.0, 1.0), \
coalesce(person_accepted, 1.0), no = 0))) VIRTUAL,
    dice INTEGER GENERATED ALWAYS AS (((id * 2654435761) % 2147483647) * (id + 12345) % 2147483647) VIRTUAL
);
CREATE UNIQUE INDEX reviewable_key ON reviewable (story_id, kind, key);
CREATE INDEX reviewable_disagreement ON reviewable (kind, settled, answers, disagreement);
CREATE INDEX reviewable_uncertain ON reviewable (kind, settled, answers, uncertainty);
CREATE INDEX reviewable_newest ON reviewable (kind, settled, answers, at);
CREATE INDEX reviewable_random ON reviewable (kind, settled, answers, dice);
CREATE INDEX reviewable_story ON reviewable (kind, settled, answers, story_id, seq);
CREATE INDEX reviewable_split ON reviewable (kind) WHERE split = 1;
CREATE INDEX reviewable_painters ON reviewable (painter);
CREATE INDEX reviewable_critics ON reviewable (critic);

DROP INDEX review_of_attempt;
ALTER TABLE review RENAME TO old_review;
INSERT INTO reviewable (
        story_id, kind, key, seq, at, painter, words, accepted, p_success, score, person_accepted, superseded
    )
    SELECT old.story_id, 'attempt', old.step || '/' || old.revision || '/' || old.number, 0, min(old.at), '',
        coalesce(attempt.prompt, ''), attempt.accepted, attempt.p_success, attempt.score, attempt.person_accepted, 0
    FROM old_review AS old LEFT JOIN attempt USING (story_id, step, revision, number)
    GROUP BY old.story_id, old.step, old.revision, old.number;

CREATE TABLE review (
    id INTEGER NOT NULL PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES reviewable (id),
    reviewer VARCHAR NOT NULL,
    turn INTEGER NOT NULL,
    accepted BOOLEAN,
    answer VARCHAR NOT NULL,
    guideline INTEGER NOT NULL,
    at DATETIME NOT NULL,
    adjudicated BOOLEAN NOT NULL,
    replaces INTEGER,
    retracted_at DATETIME
);
INSERT INTO review
    SELECT old.id, reviewable.id, old.reviewer, row_number() OVER (PARTITION BY old.reviewer ORDER BY old.id), old.accepted,
        json_object(
            'kind', 'attempt', 'accepted', json(iif(old.accepted, 'true', 'false')),
            'refined_prompt', substr(old.refined_prompt, 1, 8000), 'comment', substr(old.note, 1, 4000)
        ),
        CASE WHEN old.guideline GLOB '[0-9]*' THEN CAST(old.guideline AS INTEGER) ELSE 0 END, old.at, 0, NULL,
        CASE WHEN old.id < max(old.id) OVER (PARTITION BY reviewable.id, old.reviewer) THEN old.at END
    FROM old_review AS old JOIN reviewable
    ON reviewable.story_id = old.story_id AND reviewable.key = old.step || '/' || old.revision || '/' || old.number;
DROP TABLE old_review;
CREATE UNIQUE INDEX review_standing ON review (item_id, reviewer) WHERE retracted_at IS NULL;
CREATE INDEX review_turn ON review (reviewer, turn) WHERE retracted_at IS NULL;
CREATE INDEX review_at ON review (reviewer, at) WHERE retracted_at IS NULL;

CREATE TABLE skip (
    id INTEGER NOT NULL PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES reviewable (id),
    reviewer VARCHAR NOT NULL,
    turn INTEGER NOT NULL,
    flagged BOOLEAN NOT NULL,
    at DATETIME NOT NULL,
    undone_at DATETIME
);
CREATE INDEX skip_standing ON skip (item_id, reviewer) WHERE undone_at IS NULL;
CREATE INDEX skip_turn ON skip (reviewer, turn) WHERE undone_at IS NULL;

CREATE TABLE lease (
    item_id INTEGER NOT NULL REFERENCES reviewable (id),
    reviewer VARCHAR NOT NULL,
    until DATETIME NOT NULL,
    PRIMARY KEY (item_id, reviewer)
);
CREATE INDEX lease_until ON lease (until);
CREATE INDEX lease_of_reviewer ON lease (reviewer);

CREATE TABLE gold (
    id INTEGER NOT NULL PRIMARY KEY,
    item_id INTEGER NOT NULL REFERENCES reviewable (id),
    accepted BOOLEAN,
    answer VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL
);
CREATE INDEX gold_of_item ON gold (item_id);

CREATE TABLE guideline (
    version INTEGER NOT NULL PRIMARY KEY,
    text VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL
);
"""


PEOPLE = """
CREATE TABLE ticket (
    id VARCHAR NOT NULL PRIMARY KEY,
    kind VARCHAR NOT NULL,
    opens VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    ending VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    at DATETIME NOT NULL,
    revoked_at DATETIME
);
CREATE UNIQUE INDEX ticket_hash ON ticket (hash);
CREATE INDEX ticket_opens ON ticket (kind, opens, at);

CREATE TABLE deed (
    id VARCHAR NOT NULL PRIMARY KEY,
    "by" VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    whom VARCHAR NOT NULL,
    at DATETIME NOT NULL
);
CREATE INDEX deed_latest ON deed (at);
"""


def _1_first_tables(db: Connection) -> None:
    _run(db, FIRST_TABLES)


def _2_library(db: Connection) -> None:
    _run(db, LIBRARY)


def _3_reviewing(db: Connection) -> None:
    _run(db, REVIEWING)


def _4_people(db: Connection) -> None:
    _run(db, PEOPLE)


def _run(db: Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.exec_driver_sql(statement)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_1_first_tables, _2_library, _3_reviewing, _4_people)
