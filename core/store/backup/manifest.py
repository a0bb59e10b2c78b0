"""What a backup says of itself: the values of ``backup.json``. No disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from core.errors import StoreError
from core.events import SCHEMA
from core.store.migrations import MIGRATIONS
from core.store.sqlite import FILE
from core.types import Value

FORMAT = "interleave-backup"
VERSION = 1  # of the folder; SCHEMA is that of the facts, and the migrations are that of the tables
MANIFEST, FILES, PICTURES = "backup.json", "files", "pictures"

#: The files of a data folder that are kept, beside its pictures: the database, and what judges said of attempts.
Kept = Literal["studio.db", "scores.jsonl"]
DATABASE: Kept = "studio.db"
assert DATABASE == FILE
OTHERS: tuple[Kept, ...] = ("scores.jsonl",)

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Bytes = Annotated[int, Field(ge=0)]


class Copied(Value):
    """A file of the data folder as it was: the sha256 and the size of its content."""

    sha256: Hash
    bytes: Bytes


class Counts(Value):
    """What the database holds, deleted stories too."""

    stories: int = Field(ge=0)
    facts: int = Field(ge=0)
    reviews: int = Field(ge=0)


class Manifest(Value):
    """What is in a backup. ``pictures`` have their sizes; ``damaged`` ones were so in the data folder already, and are left out.

    ``tables`` is how many migrations the database has seen.
    """

    format: Literal["interleave-backup"] = "interleave-backup"
    version: Literal[1] = 1
    tables: int = Field(default=len(MIGRATIONS), ge=1, le=len(MIGRATIONS))
    facts_schema: int = Field(default=SCHEMA, ge=1, le=SCHEMA)
    made_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    counts: Counts
    files: dict[Kept, Copied]
    pictures: dict[Hash, Bytes]
    damaged: tuple[Hash, ...] = ()

    @property
    def database(self) -> Copied:
        return self.files[DATABASE]

    @property
    def size(self) -> int:
        """Bytes of all that it names."""
        return sum(self.pictures.values()) + sum(file.bytes for file in self.files.values())

    def json_bytes(self) -> bytes:
        return (self.model_dump_json(indent=1) + "\n").encode()


def parse_manifest(data: bytes) -> Manifest:
    """``StoreError`` if it is of no backup, or of one that only a newer studio can read."""
    try:
        said = json.loads(data)
        newest = {"version": VERSION, "tables": len(MIGRATIONS), "facts_schema": SCHEMA}
        newer = said["format"] == FORMAT and any(said[name] > newest[name] for name in newest)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(f"This is no backup: its {MANIFEST} says nothing of one.") from error
    if newer:
        raise StoreError("A newer version of the studio made this backup; use that version.")
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise StoreError(f"The backup's {MANIFEST} is malformed at {place}: {fault['msg']}.") from error
    if DATABASE not in manifest.files:
        raise StoreError(f"The backup's {MANIFEST} names no database.")
    return manifest
