"""Reads and writes zip files for story files: written whole or not at all, read with every suspicion. Knows no story.

What a zip file says of itself is checked before anything is unpacked, and what is unpacked is held to it.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from core.errors import BadFile, StoreError

MAX_ENTRIES = 5_000
MAX_TOTAL = 2**30  # bytes, unpacked
MAX_RATIO = 200  # unpacked to packed; JSON gets to some tens, a bomb to a thousand
DIRECTORY_BYTES = 256  # of the directory for one entry, generously
ENCRYPTED = 0x1
WRITTEN = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows: when a file is made does not change it

#: The end of a zip file without a comment: signature, disks, entries here and in all, directory's bytes and place, comment.
END = struct.Struct("<4s4H2LH")
END_SIGNATURE = b"PK\x05\x06"
LARGE_SIGNATURE, LARGE_BYTES = b"PK\x06\x07", 20  # stands before it in files of more than 4 GiB

#: Which entries there may be, and of how many bytes each.
Allowed = Mapping[re.Pattern[str], int]


class Archive:
    """An open zip file of which all that can be known without unpacking it is in order."""

    def __init__(self, file: Path, allowed: Allowed) -> None:
        """``BadFile`` says what is not in order."""
        _check_end(file)
        with _refusing("This is not a story file, or it is damaged."):
            self._zip = ZipFile(file)
        try:
            self.entries = _checked(self._zip.infolist(), allowed)
        except BaseException:
            self._zip.close()
            raise

    def close(self) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """What is in an entry. ``BadFile`` if it is missing, or not what the file says of it."""
        if name not in self.entries:
            raise BadFile(f"The story file is not whole: {name} is missing.")
        entry = self.entries[name]
        with _refusing(f"The story file is damaged: {name} cannot be unpacked."), self._zip.open(entry) as opened:
            data = opened.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise BadFile(f"The story file is damaged: {name} has not the size that it should have.")
        return data


@contextmanager
def written(out: Path) -> Iterator[ZipFile]:
    """A new zip file, which takes the place of ``out`` when the block ends; if it ends badly, nothing has happened."""
    part = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    try:
        try:
            with open(part, "xb") as file:
                with ZipFile(file, "w") as opened:
                    yield opened
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, out)
            _sync(out.parent)
        except BaseException:  # also when a person interrupts
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(f"The story file cannot be written: {error.strerror or error}.") from error


def put(archive: ZipFile, name: str, data: bytes) -> None:
    """Adds an entry, the same bytes for the same data on every machine: unpacked, for packers differ and pictures are packed."""
    entry = ZipInfo(name, WRITTEN)
    entry.create_system = 3  # Unix, whichever this is
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, data, ZIP_STORED)


def _check_end(file: Path) -> None:
    """Refuses a directory of millions of entries before Python's zip module reads it into memory."""
    try:
        with open(file, "rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - END.size - LARGE_BYTES))
            tail = opened.read()
    except OSError as error:
        raise BadFile(f"The story file cannot be read: {error.strerror or error}.") from error
    end = tail[-END.size :]
    if len(end) < END.size or not end.startswith(END_SIGNATURE) or tail.startswith(LARGE_SIGNATURE):
        raise BadFile("This is not a story file, or not all of one.")
    _, _, _, _, entries, directory, _, _ = END.unpack(end)
    if entries > MAX_ENTRIES or directory > MAX_ENTRIES * DIRECTORY_BYTES:
        raise BadFile(f"The story file has more than {MAX_ENTRIES} entries.")
    if size > MAX_TOTAL + 2 * MAX_ENTRIES * DIRECTORY_BYTES:
        raise BadFile(f"The story file has more than {MAX_TOTAL // 2**20} MB.")


def _checked(entries: list[ZipInfo], allowed: Allowed) -> dict[str, ZipInfo]:
    found: dict[str, ZipInfo] = {}
    for entry in entries:
        name = entry.orig_filename  # the other one ends at a zero byte
        most = next((most for pattern, most in allowed.items() if pattern.fullmatch(name)), None)
        if most is None or name != entry.filename:
            raise BadFile(f"The story file holds {name[:80]!r}, which is no part of a story.")
        if name in found:
            raise BadFile(f"The story file holds {name} twice.")
        if wrong := _wrong(entry, most):
            raise BadFile(f"The story file's {name} {wrong}.")
        found[name] = entry
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise BadFile(f"The story file unpacks to more than {MAX_TOTAL // 2**20} MB or {MAX_ENTRIES} entries.")
    return found


def _wrong(entry: ZipInfo, most: int) -> str:
    """What is wrong with an entry of at most so many bytes, after "it"; empty if nothing is."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: by a system that knows no kinds
        return "is a link or something else that is no file"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is packed in a way that we do not unpack"
    if entry.file_size > most:
        return f"has {entry.file_size} bytes; it may have {most}"
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        return f"unpacks to more than {MAX_RATIO} times its size"
    return ""


@contextmanager
def _refusing(sentence: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # an unpacker that is fed arbitrary bytes fails in any way it likes
        raise BadFile(sentence) from error


def _sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
