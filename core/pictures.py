"""Picture files: which ones are let in, and how our own are written. Keeps none of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from core.errors import BadImage

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


# ---------------------------------------------------------------- our own


def plain(image: Image.Image) -> Image.Image:
    """A copy of the picture as it is kept: RGB, with its scene program if it has one, and nothing else."""
    kept = image.convert("RGB")
    program = image.info.get(PROGRAM)
    kept.info = {PROGRAM: program} if isinstance(program, str) else {}
    return kept


def encoded(image: Image.Image) -> bytes:
    """The picture as PNG: the same pixels and program give the same bytes."""
    kept = plain(image)
    texts = PngInfo()
    for program in kept.info.values():
        texts.add_text(PROGRAM, program)
    kept.info = {}
    file = BytesIO()
    # A photo of 1024² takes 76 ms and 2.04 MB; without run lengths 112 ms and 2.22 MB, at level 6 156 ms and 2.04 MB.
    kept.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE, pnginfo=texts)
    return file.getvalue()


def examined(data: bytes) -> Image.Image:
    """The picture in a file from another data folder. ``BadImage`` if it is not, to the last byte, as our own are written."""
    try:
        with Image.open(BytesIO(data), formats=["PNG"]) as opened:  # reads the header only
            _check_size(*opened.size)
            opened.load()
            ours = opened.mode == "RGB" and opened.info.keys() <= {PROGRAM}
    except BadImage:
        raise
    except Exception as error:  # a decoder that is fed arbitrary bytes fails in any way it likes
        raise BadImage("This picture cannot be read.") from error
    chunks = list(_chunks(data))
    if not ours or not CHUNKS.issuperset(chunks) or chunks[-1:] != [b"IEND"]:
        raise BadImage("This picture holds more than the studio writes.")
    return opened


def _chunks(data: bytes) -> Iterator[bytes]:
    """The kinds of a PNG's parts, in order; an empty one for what follows them and is none."""
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        at += 12 + length  # with its length, kind and checksum
        yield kind if at <= len(data) else b""


# ---------------------------------------------------------------- a person's


def uploaded(upload: Path | bytes) -> Image.Image:
    """A person's picture: upright, as RGB on white. ``BadImage`` says what is wrong with it."""
    return _decoded(_bytes_of(upload))


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


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage(
            "This picture has {width} × {height} pixels; make it smaller, {most} million are enough.",
            width=width,
            height=height,
            most=MAX_PIXELS // 2**20,
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
