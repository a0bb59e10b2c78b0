"""Puts copies of files where they belong, whole or not at all, and durable. Knows no database and no manifest.

A copy is hashed while it is written, and gets its name only if it is what it should be.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from core.errors import StoreError
from core.folders import sync

#: Hears how many pictures are done, of how many.
Report = Callable[[int, int], None]
INCOMING = "incoming"
CHUNK = 2**20  # bytes


class Place:
    """A folder that is being filled by this process alone. What a killed one left half written in it is gone at the start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / INCOMING
        self._incoming.mkdir(exist_ok=True)
        for stray in self._incoming.glob("*.part*"):  # SQLite's journal of a part, too
            stray.unlink()
        self._named = {folder}  # folders in which there are names that are not yet durable

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """A name for a file to write; unless :meth:`keep` has taken the file, it is gone when the block ends."""
        part = self._incoming / f"{secrets.token_hex(8)}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def keep(self, part: Path, path: Path) -> None:
        """Gives a written file its name, in the place of one that is there."""
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(part, path)
        self._named |= {path.parent, path.parent.parent}

    def put(self, data: bytes, path: Path) -> None:
        with self.arriving() as part:
            part.write_bytes(data)
            self.keep(part, path)

    def copy(self, source: Path, path: Path, sha256: str) -> bool:
        """Whether the source is of this content, and is there under the new name now."""
        with self.arriving() as part:
            try:
                same = copied(source, part)[0] == sha256
            except FileNotFoundError:
                same = False
            if same:
                self.keep(part, path)
        return same

    def settle(self) -> None:
        """Makes all names durable."""
        for folder in self._named:
            sync(folder)
        self._named.clear()

    def clear(self) -> None:
        """Takes the folder of what arrives away."""
        self._incoming.rmdir()


def copy_pictures(source: Path, place: Place, target: Path, wanted: Mapping[str, int], report: Report) -> dict[str, int]:
    """Brings these pictures, each of so many bytes, from one folder to another; returns those that are there now, and sizes.

    One that is there is read, and copied again if the disk has spoilt it. One whose source is damaged or gone is not there,
    unless it was there before.
    """
    there = dict[str, int]()
    for number, (sha256, size) in enumerate(sorted(wanted.items()), start=1):
        path = picture_in(target, sha256)
        if is_whole(path, sha256):
            there[sha256] = path.stat().st_size
        elif place.copy(picture_in(source, sha256), path, sha256):
            there[sha256] = size
        report(number, len(wanted))
    return there


def is_whole(path: Path, sha256: str) -> bool:
    """Whether the file is there, can be read and is of this content."""
    try:
        return hash_of(path) == sha256
    except OSError:
        return False


def picture_in(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / f"{sha256}.png"


def size_of(path: Path) -> int | None:
    """None if there is no such file."""
    return path.stat().st_size if path.is_file() else None


def hash_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copied(source: Path, part: Path) -> tuple[str, int]:
    """Copies what is in the file now; its sha256 and size."""
    digest, size = hashlib.sha256(), 0
    with open(source, "rb") as old, open(part, "xb") as new:
        while chunk := old.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            new.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps others from filling the same folder; the kernel lets go of it however the process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"Another process is writing to the folder {folder.name!r}; wait until it is done.") from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turns what the disk refuses into a sentence about ``what``, such as "The backup"."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(what) from error
        raise StoreError(f"{what} cannot be written or read: {error.strerror or error}.") from error


def disk_full(what: str) -> StoreError:
    return StoreError(f"{what} does not fit: its disk is full. Free some space, and run the same command again to go on.")
