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
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from threading import Lock

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from core.errors import BadImage, NotFound, ReadOnly, StoreError
from core.folders import sync
from core.recent import Recent
from core.types import ImageRef

#: Bounds of an upload. A picture is decoded only after its header passed, for 140 kB can unpack to 144 million pixels.
MAX_BYTES = 50 * 2**20
MAX_PIXELS = 16 * 2**20
MAX_SIDE = 8192
MIN_SIDE = 64  # what every painter takes as a reference; so is the aspect
MAX_ASPECT = 8
FORMATS = ("PNG", "JPEG", "WEBP")
MANY_IN_ONE_JPEG = "MPO"  # what many phones write: a photo, with smaller copies behind it

PROGRAM = "program"  # the painter's scene program, which the exact checker reads; the one text that a picture keeps
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS = {b"IHDR", b"tEXt", b"iTXt", b"IDAT", b"IEND"}  # what our files are made of; the two texts are the program
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
        plain = _plain(image)
        ref = self._keep(_encoded(plain), plain.size)
        self._recent.put(ref.sha256, plain)
        return ref

    def adopt(self, data: bytes) -> ImageRef:
        """Keeps a picture's file from another data folder, to the letter. ``BadImage`` if :meth:`save` writes none like it."""
        return self._keep(data, examined(data).size)

    def load(self, ref: ImageRef) -> Image.Image:
        """The picture as RGB, with ``info["program"]`` if it has one. ``NotFound`` if it is gone, ``StoreError`` if damaged."""
        if self.path(ref).exists() and (recent := self._recent.get(ref.sha256)):
            return recent
        try:
            with Image.open(BytesIO(self.read(ref)), formats=["PNG"]) as opened:
                image = _plain(opened)
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
        image = _decoded(_bytes_of(upload))
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


def _plain(image: Image.Image) -> Image.Image:
    """A copy of the picture as it is kept: RGB, with its scene program if it has one, and nothing else."""
    plain = image.convert("RGB")
    program = image.info.get(PROGRAM)
    plain.info = {PROGRAM: program} if isinstance(program, str) else {}
    return plain


def _encoded(image: Image.Image) -> bytes:
    """The picture as PNG: the same pixels and program give the same bytes."""
    plain = _plain(image)
    texts = PngInfo()
    for program in plain.info.values():
        texts.add_text(PROGRAM, program)
    plain.info = {}
    encoded = BytesIO()
    # A photo of 1024² takes 76 ms and 2.04 MB; without run lengths 112 ms and 2.22 MB, at level 6 156 ms and 2.04 MB.
    plain.save(encoded, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=texts)
    return encoded.getvalue()


def examined(data: bytes) -> Image.Image:
    """The picture in a file from another data folder. ``BadImage`` if it is not, to the last byte, as our own are written."""
    try:
        with Image.open(BytesIO(data), formats=["PNG"]) as opened:  # reads the header only
            _check_size(*opened.size)
            opened.load()
            plain = opened.mode == "RGB" and opened.info.keys() <= {PROGRAM}
    except BadImage:
        raise
    except Exception as error:  # a decoder that is fed arbitrary bytes fails in any way it likes
        raise BadImage("This picture cannot be read.") from error
    chunks = list(_chunks(data))
    if not plain or not CHUNKS.issuperset(chunks) or chunks[-1:] != [b"IEND"]:
        raise BadImage("This picture holds more than the studio writes.")
    return opened


def _chunks(data: bytes) -> Iterator[bytes]:
    """The kinds of a PNG's parts, in order; an empty one for what follows them and is none."""
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length  # with its length, kind and checksum
        yield kind if at <= len(data) else b""


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage(
            "This picture has {width} × {height} pixels; make it smaller, {most} million are enough.",
            width=width,
            height=height,
            most=MAX_PIXELS // 2**20,
        )


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


def _bytes_of(upload: Path | bytes) -> bytes:
    try:
        size = len(upload) if isinstance(upload, bytes) else upload.stat().st_size
        if size > MAX_BYTES:
            raise BadImage(
                "This file has {mb} MB; a picture may have {most} MB.", mb=round(size / 2**20), most=MAX_BYTES // 2**20
            )
        return upload if isinstance(upload, bytes) else upload.read_bytes()
    except OSError as error:
        raise BadImage("This picture's file cannot be read.") from error


def _decoded(data: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:  # reads the header only
            _check_header(opened)
            return _on_white(ImageOps.exif_transpose(opened))
    except BadImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage("This picture has too many pixels; make it smaller.") from error
    except Exception as error:  # a decoder that is fed arbitrary bytes fails in any way it likes
        raise BadImage("This file is not a picture that can be read; use a PNG, a JPEG or a WebP.") from error


def _check_header(image: Image.Image) -> None:
    (width, height), frames = image.size, getattr(image, "n_frames", 1)
    if frames > 1 and image.format != MANY_IN_ONE_JPEG:
        raise BadImage("This picture moves: it has {frames} frames; use one that stands still.", frames=frames)
    _check_size(width, height)
    if min(width, height) < MIN_SIDE:
        raise BadImage(
            "This picture has {width} × {height} pixels; each side needs at least {least}.",
            width=width,
            height=height,
            least=MIN_SIDE,
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadImage(
            "This picture is {width} × {height}: too long and narrow; cut it to at most {most} to 1.",
            width=width,
            height=height,
            most=MAX_ASPECT,
        )


def _on_white(image: Image.Image) -> Image.Image:
    """As RGB. What is transparent becomes white, as on a page, and 16 bits a pixel become 8."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    page = Image.new("RGB", clear.size, "white")
    page.paste(clear, mask=clear.getchannel("A"))
    return page
