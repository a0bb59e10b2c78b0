"""Keeps pictures by content: ``ab/<sha256>.png``, written whole or not at all. Knows no story and no database.

A picture's name is the hash of its file, so it is written once, never changes, and proves itself when it is read. Whoever
gets an :class:`~core.types.ImageRef` back may rely on the file being on the disk, also after a power cut.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from threading import Lock

from PIL import Image

from core import pictures
from core.errors import NotFound, ReadOnly, StoreError
from core.folders import sync
from core.recent import Recent
from core.types import ImageRef

PICTURE = re.compile(r"([0-9a-f]{64})\.png")
INCOMING, THUMBNAILS = "incoming", "thumbs"


class ImageStore:
    """Pictures in a folder, for any number of threads. Nothing is created before the first picture is saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writing = Lock()
        self._known: set[Path] = set()  # folders whose own names this process has made durable
        self._recent = Recent()

    def path(self, ref: ImageRef) -> Path:
        """Where the picture's file is, or would be."""
        return self._place(ref.sha256)

    def save(self, image: Image.Image) -> ImageRef:
        """Keeps the picture, as RGB, with its scene program if it has one; returns once it is durable."""
        plain = pictures.plain(image)
        ref = self._keep(pictures.encoded(plain), plain.size)
        self._recent.put(ref.sha256, plain)
        return ref

    def adopt(self, data: bytes) -> ImageRef:
        """Keeps a picture's file from another data folder, to the letter. ``BadImage`` if :meth:`save` writes none like it."""
        return self._keep(data, pictures.examined(data).size)

    def load(self, ref: ImageRef) -> Image.Image:
        """The picture as RGB, with ``info["program"]`` if it has one. ``NotFound`` if it is gone, ``StoreError`` if damaged."""
        if self.path(ref).exists() and (recent := self._recent.get(ref.sha256)):
            return recent
        try:
            with Image.open(BytesIO(self.read(ref)), formats=["PNG"]) as opened:
                image = pictures.plain(opened)
        except (OSError, ValueError) as error:
            raise _damaged(ref) from error
        self._recent.put(ref.sha256, image)
        return image.copy()

    def read(self, ref: ImageRef) -> bytes:
        """The picture's file. ``NotFound`` if it is gone, ``StoreError`` if damaged."""
        try:
            data = self.path(ref).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("The picture {name} is gone.", name=ref.sha256[:12]) from error
        except OSError as error:
            raise StoreError("The picture {name} cannot be read: {why}.", name=ref.sha256[:12], why=error.strerror) from error
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise _damaged(ref)
        return data

    def import_upload(self, upload: Path | bytes) -> ImageRef:
        """Keeps a person's picture: upright, as RGB on white, without its metadata. ``BadImage`` says what is wrong with it."""
        image = pictures.uploaded(upload)
        image.info = {}  # place and time of a photo are private, and a scene program is true only if our painter wrote it
        return self.save(image)

    def thumbnail(self, ref: ImageRef, side: int) -> Path:
        """A JPEG of the picture that fits into ``side`` × ``side`` pixels, made once. Where none can be written, the picture."""
        path = self.folder / THUMBNAILS / ref.sha256[:2] / f"{ref.sha256}-{side}.jpg"
        if _size_of(path):  # an empty one was cut off by a power cut: thumbnails are not flushed
            return path
        image = self.load(ref)
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        image.info = {}
        encoded = BytesIO()
        image.save(encoded, "JPEG", quality=85)
        try:
            self._write(path, encoded.getvalue(), durable=False)
        except OSError:  # a full or read-only disk: the picture itself serves as well
            return self.path(ref)
        return path

    def bytes_of(self, hashes: Iterable[str]) -> int:
        """The size of these pictures' files together; those that are gone count nothing."""
        return sum(map(_size_of, (self._place(sha256) for sha256 in hashes)))

    def see_to(self, ref: ImageRef) -> None:
        """Writes a picture that was kept just now again, if its file was deleted before any fact named it."""
        if not self.path(ref).exists() and (recent := self._recent.get(ref.sha256)):
            self.save(recent)

    def remove(self, hashes: Iterable[str]) -> None:
        """Deletes these pictures, and what was made of them; those that are gone are gone."""
        for sha256 in hashes:
            self._place(sha256).unlink(missing_ok=True)
            for smaller in (self.folder / THUMBNAILS / sha256[:2]).glob(f"{sha256}-*.jpg"):
                smaller.unlink(missing_ok=True)

    def sweep(self, older_than: float = 0.0) -> int:
        """Removes what a killed process left half written, as far as the disk lets it; for the owner of the folder, at its start.

        Returns how many files. ``older_than`` so many seconds: what others, who share the folder, are just writing is left alone.
        """
        strays = [path for path, sha256 in self.files() if sha256 is None and path.parent.name == INCOMING]
        return sum(_removed(path) for path in strays if not older_than or _age_of(path) > older_than)

    def files(self) -> Iterator[tuple[Path, str | None]]:
        """Every file but the thumbnails, in order of name: with its hash if it is named as a picture, and None if it is not."""
        for directory in sorted(self.folder.iterdir()) if self.folder.is_dir() else []:
            if not directory.is_dir():
                yield directory, None
            elif directory.name != THUMBNAILS:
                for path in sorted(inner for inner in directory.rglob("*") if not inner.is_dir()):
                    named = PICTURE.fullmatch(path.name)
                    placed = named is not None and path.parent == self.folder / named[1][:2]
                    yield path, named[1] if named and placed else None

    def _place(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}.png"

    def _keep(self, data: bytes, size: tuple[int, int]) -> ImageRef:
        """Writes the file of a picture of this size, unless it is there; returns once it is durable."""
        ref = ImageRef(sha256=hashlib.sha256(data).hexdigest(), width=size[0], height=size[1])
        path = self.path(ref)
        try:
            with self._writing:  # so that a second saver returns no earlier than the picture is durable
                missing = not _holds(path, data)
                if missing:
                    self._write(path, data, durable=True)
                if missing or path.parent not in self._known:  # a killed process may have left it named, but not durably
                    self._make_names_durable(path.parent)
        except OSError as error:
            raise _unwritable(error) from error
        return ref

    def _write(self, path: Path, data: bytes, *, durable: bool) -> None:
        """Puts the file there whole or not at all. All temporary files are in one folder, so that a sweep looks nowhere else."""
        incoming = self.folder / INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = incoming / f"{secrets.token_hex(8)}.part"
        try:
            with open(part, "xb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:  # also when a person interrupts
            part.unlink(missing_ok=True)
            raise

    def _make_names_durable(self, directory: Path) -> None:
        sync(directory)
        if directory not in self._known:
            sync(self.folder)
            if self.folder not in self._known:
                sync(self.folder.parent)
            self._known |= {directory, self.folder}


def _damaged(ref: ImageRef) -> StoreError:
    return StoreError("The picture {name} is damaged: its file is not what was saved.", name=ref.sha256[:12])


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file is there and whole; one that the disk has spoilt is written again."""
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _age_of(path: Path) -> float:
    """In seconds; none if it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _removed(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # it does no harm where it is
        return False
    return True


def _unwritable(error: OSError) -> ReadOnly:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ReadOnly("The disk is full: free some space, then go on; nothing that was kept is lost.")
    return ReadOnly("The picture cannot be written: {why}.", why=error.strerror or error)
