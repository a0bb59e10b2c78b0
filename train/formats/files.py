"""Pictures and lines of exported data: files in one folder, named by content. Trusts no path that a file names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from core.errors import StudioError
from core.pictures import MAX_BYTES

IMAGES = "images"
SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}

#: Hears where a row that is left out was (a line of a file, from 1; or the number of a row or story), and why.
Complain = Callable[[str, int, str], None]


class BadRow(StudioError):
    """A row that can't be read, or that a format can't hold; the message says why."""


class Pictures:
    """The pictures of a folder of exported data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes) -> str:
        """Writes a picture's file once; returns its path in the folder."""
        name = f"{IMAGES}/{hashlib.sha256(data).hexdigest()}.{SUFFIXES[_format_of(data)]}"
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return name

    def load(self, name: Any) -> bytes:
        """The file of a picture. ``BadRow`` if it is none, too large, or outside the folder."""
        if not isinstance(name, str) or not name:
            raise BadRow(f"a picture's path is a text, not {name!r}")
        try:
            path = (self.folder / name).resolve()
            if not path.is_relative_to(self.folder.resolve()):
                raise BadRow(f"the picture {name!r} is outside the folder")
            if path.stat().st_size > MAX_BYTES:
                raise BadRow(f"the picture {name!r} is larger than {MAX_BYTES // 2**20} MB")
            data = path.read_bytes()
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a link to itself; ValueError: a null in it
            raise BadRow(f"the picture {name!r} cannot be read") from error
        _format_of(data)
        return data


def _format_of(data: bytes) -> str:
    """Reads the header only."""
    from PIL import Image as images

    try:
        with images.open(BytesIO(data), formats=list(SUFFIXES)) as opened:
            return str(opened.format)
    except Exception as error:  # a decoder that is fed arbitrary bytes fails in any way it likes
        raise BadRow("a picture is no PNG, JPEG or WebP that can be read") from error


class Lines:
    """A file of JSON objects, one a line: plain lines (``.jsonl``), or the lines of one array (``.json``)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.count = 0
        self._array = path.suffix == ".json"
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115

    def add(self, value: dict[str, Any]) -> None:
        lead = ("[\n" if self.count == 0 else ",\n") if self._array else ""
        self._file.write(lead + json.dumps(value, ensure_ascii=False) + ("" if self._array else "\n"))
        self.count += 1

    def close(self) -> None:
        if self._array:
            self._file.write("\n]\n" if self.count else "[]\n")
        self._file.close()


def objects(path: Path, complain: Complain) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file with the lines where they are: one a line, or (with a number for the line) of one array."""
    if path.suffix == ".json" and not _one_a_line(path):
        yield from _of_array(path, complain)
        return
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            text = line.strip()
            if not text or (path.suffix == ".json" and text in (b"[", b"]", b"[]")):
                continue
            try:
                value = json.loads(text.removesuffix(b",") if path.suffix == ".json" else text)
            except ValueError as error:
                complain(path.name, number, f"it is no JSON: {error}")
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                complain(path.name, number, "it is no object")


def _one_a_line(path: Path) -> bool:
    """Whether an array's file is as :class:`Lines` writes it: a larger one need not be read as a whole."""
    with open(path, "rb") as file:
        first, second = file.readline().strip(), file.readline().strip()
    return first == b"[]" or (first == b"[" and second.startswith(b"{") and second.endswith((b"}", b"},")))


def _of_array(path: Path, complain: Complain) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        values = json.loads(path.read_bytes())
    except ValueError as error:
        complain(path.name, 1, f"it is no JSON: {error}")
        return
    for number, value in enumerate(values if isinstance(values, list) else [values], start=1):
        if isinstance(value, dict):
            yield number, value
        else:
            complain(path.name, number, "it is no object")
