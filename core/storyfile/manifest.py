"""What a story file says of itself: the values of ``manifest.json``, and the names of the other entries. No disk."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal

from pydantic import Field, ValidationError

from core.errors import BadFile
from core.events import SCHEMA
from core.pictures import MAX_BYTES
from core.types import ImageRef, Value

FORMAT = "interleave-story"
VERSION = 1  # of the file, as SCHEMA is of the facts in it
MANIFEST, FACTS = "manifest.json", "facts.jsonl"
MAX_FACTS = 10_000  # what folds in seconds; a story of thirty steps has some hundreds
MAX_FACT_BYTES = 64 * 2**20

#: The entries that a story file may have, and the most bytes of each.
ENTRIES = {
    re.compile(re.escape(MANIFEST)): 2 * 2**20,
    re.compile(re.escape(FACTS)): MAX_FACT_BYTES,
    re.compile(r"pictures/[0-9a-f]{64}\.png"): MAX_BYTES,
}


class Facts(Value):
    """How many facts there are, and the sha256 of ``facts.jsonl``."""

    count: int = Field(ge=1, le=MAX_FACTS)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Picture(ImageRef):
    """A picture that the facts name, and the size of its file."""

    bytes: int = Field(gt=0, le=MAX_BYTES)

    @property
    def ref(self) -> ImageRef:
        return ImageRef(sha256=self.sha256, width=self.width, height=self.height)


class Manifest(Value):
    """What is in a story file. ``story`` is the story's id where it was told; its title is only for people who look."""

    format: Literal["interleave-story"] = "interleave-story"
    version: Literal[1] = 1
    facts_schema: int = Field(default=SCHEMA, ge=1, le=SCHEMA)
    story: str = Field(pattern=r"^[a-z0-9]{12}$")
    title: str = Field(max_length=500)
    facts: Facts
    pictures: tuple[Picture, ...]

    def json_bytes(self) -> bytes:
        return (self.model_dump_json(indent=2) + "\n").encode()


def entry_of(sha256: str) -> str:
    """The name of a picture's entry."""
    return f"pictures/{sha256}.png"


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def parse_manifest(data: bytes) -> Manifest:
    """``BadFile`` if it is of no story file, or of one that only a newer studio can read."""
    try:
        said = json.loads(data)
        newer = said["format"] == FORMAT and (said["version"] > VERSION or said["facts_schema"] > SCHEMA)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadFile("This is not a story file: its manifest says nothing of a story.") from error
    if newer:
        raise BadFile("A newer version of the studio wrote this story file; use that version.")
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise BadFile("The story file's manifest is malformed at {place}: {why}.", place=place, why=fault["msg"]) from error
