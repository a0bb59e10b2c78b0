"""Writes a book's pictures as PNG files that say where they came from, and reads it back. Knows no caption layout."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import ValidationError

from core.errors import BadImage
from studio.export.archive import Archive
from studio.export.book import Book, Page, Provenance, Report
from studio.export.texts import slug

if TYPE_CHECKING:
    from core.images import ImageStore

SOFTWARE = "Interleave Studio"
#: The text chunk that holds each field of a :class:`Provenance`; those that the PNG standard names keep their names.
CHUNKS = {
    "story": "story",
    "step": "step",
    "attempt": "attempt",
    "prompt": "prompt",
    "seed": "seed",
    "painter": "model",
    "verdict": "verdict",
}


def pictures(book: Book, pictures: ImageStore, out_path: Path, report: Report) -> tuple[str, ...]:
    """A ZIP of the pictures in reading order, each named by its page's title."""
    with Archive(out_path) as archive:
        for number, page in enumerate(book.pages, start=1):
            report(number - 1, len(book.pages))
            if page.plate:
                name = f"{number:02d}-{slug(page.title, otherwise='picture')}.png"
                archive.add(name, png_of(book, page, pictures), pressed=False)
    report(len(book.pages), len(book.pages))
    return () if book.plates else ("This story has no finished picture yet, so the file is empty.",)


def png_of(book: Book, page: Page, pictures: ImageStore) -> bytes:
    """A page's picture as PNG, pixel for pixel, with its title, its words and its provenance in text chunks."""
    assert page.plate is not None
    texts = {"Title": f"{book.title}: {page.title}" if page.title else book.title, "Description": page.plate.alt}
    texts |= {"Software": SOFTWARE}
    if book.author:
        texts["Author"] = book.author
    if origin := page.plate.origin:
        texts |= {chunk: str(getattr(origin, field)) for field, chunk in CHUNKS.items()}
    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_itxt(name, text)
    image = pictures.load(page.plate.image)
    image.info = {}
    encoded = BytesIO()
    image.save(encoded, "PNG", pnginfo=chunks)
    return encoded.getvalue()


def read_metadata(picture: Path | bytes) -> Provenance:
    """Where an exported picture came from; ``BadImage`` if its file doesn't say."""
    try:
        with Image.open(BytesIO(picture) if isinstance(picture, bytes) else picture, formats=["PNG"]) as opened:
            texts = {name: str(text) for name, text in opened.info.items() if isinstance(text, str)}
    except Exception as error:  # a decoder that is fed arbitrary bytes fails in any way it likes
        raise BadImage("This file is not a PNG that can be read.") from error
    try:
        return Provenance.model_validate({field: texts[chunk] for field, chunk in CHUNKS.items() if chunk in texts})
    except ValidationError as error:
        raise BadImage("This picture doesn't say where it came from: it wasn't exported here, or was changed since.") from error
