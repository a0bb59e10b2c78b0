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

from core.errors import BadFile, Sentence, StoreError

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
        with _refusing(Sentence("This is not a story file, or it is damaged.")):
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
            raise BadFile("The story file is not whole: {name} is missing.", name=name)
        entry = self.entries[name]
        spoilt = Sentence("The story file is damaged: {name} cannot be unpacked.", name=name)
        with _refusing(spoilt), self._zip.open(entry) as opened:
            data = opened.read(entry.file_size + 1)
        if len(data) != entry.file_size:
            raise BadFile("The story file is damaged: {name} has not the size that it should have.", name=name)
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
        raise StoreError("The story file cannot be written: {why}.", why=error.strerror or error) from error


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
        raise BadFile("The story file cannot be read: {why}.", why=error.strerror or error) from error
    end = tail[-END.size :]
    if len(end) < END.size or not end.startswith(END_SIGNATURE) or tail.startswith(LARGE_SIGNATURE):
        raise BadFile("This is not a story file, or not all of one.")
    _, _, _, _, entries, directory, _, _ = END.unpack(end)
    if entries > MAX_ENTRIES or directory > MAX_ENTRIES * DIRECTORY_BYTES:
        raise BadFile("The story file has more than {most} entries.", most=MAX_ENTRIES)
    if size > MAX_TOTAL + 2 * MAX_ENTRIES * DIRECTORY_BYTES:
        raise BadFile("The story file has more than {most} MB.", most=MAX_TOTAL // 2**20)


def _checked(entries: list[ZipInfo], allowed: Allowed) -> dict[str, ZipInfo]:
    found: dict[str, ZipInfo] = {}
    for entry in entries:
        name = entry.orig_filename  # the other one ends at a zero byte
        most = next((most for pattern, most in allowed.items() if pattern.fullmatch(name)), None)
        if most is None or name != entry.filename:
            raise BadFile("The story file holds {name!r}, which is no part of a story.", name=name[:80])
        if name in found:
            raise BadFile("The story file holds {name} twice.", name=name)
        _check_entry(entry, name, most)
        found[name] = entry
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise BadFile(
            "The story file unpacks to more than {mb} MB or {entries} entries.", mb=MAX_TOTAL // 2**20, entries=MAX_ENTRIES
        )
    return found


def _check_entry(entry: ZipInfo, name: str, most: int) -> None:
    """Refuses an entry that is no plain file of at most so many bytes."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: by a system that knows no kinds
        raise BadFile("The story file's {name} is a link or something else that is no file.", name=name)
    if entry.flag_bits & ENCRYPTED:
        raise BadFile("The story file's {name} is encrypted.", name=name)
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise BadFile("The story file's {name} is packed in a way that we do not unpack.", name=name)
    if entry.file_size > most:
        raise BadFile(
            "The story file's {name} has {bytes} bytes; it may have {most}.", name=name, bytes=entry.file_size, most=most
        )
    if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise BadFile("The story file's {name} unpacks to more than {most} times its size.", name=name, most=MAX_RATIO)


@contextmanager
def _refusing(sentence: Sentence) -> Iterator[None]:
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
