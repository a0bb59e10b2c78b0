"""Decides what text may go into a book: characters that every format can carry, and names made of plain letters. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
#: What XML 1.0 or a PNG's text can't hold: controls, surrogates, non-characters; and the mark of a file's beginning.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_STEERING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # turns the direction of what follows, also of what is not theirs
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def printable(text: str) -> str:
    """The text without what no format can hold; its lines end with a line feed."""
    return _UNPRINTABLE.sub("", _BREAKS.sub("\n", text))


def readable(text: str) -> str:
    """The text as a reader gets it: printable, with nothing in it that turns the direction of the words around it."""
    return _STEERING.sub("", printable(text)).replace("\t", " ").strip()


def in_one_line(text: str) -> str:
    """The readable text in one line."""
    return " ".join(readable(text).split())


def _not_empty(line: str) -> str:
    if not line:
        raise ValueError("there is nothing to read in it")
    return line


Printable = Annotated[str, AfterValidator(printable)]
Readable = Annotated[str, AfterValidator(readable)]
Line = Annotated[str, AfterValidator(in_one_line)]
Words = Annotated[Line, AfterValidator(_not_empty)]


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a text: its lines that have something in them."""
    return tuple(line for line in map(str.strip, text.split("\n")) if line)


def slug(text: str, otherwise: str, most: int = 60) -> str:
    """The text as a file's name, of ``[a-z0-9-]`` alone; ``otherwise`` where none of its letters is plain."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _NOT_IN_NAMES.sub("-", plain.lower()).strip("-")[:most].strip("-") or otherwise
