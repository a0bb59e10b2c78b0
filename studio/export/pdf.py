"""Writes a book as a PDF to print: a cover, then a page a step. Typst sets it; the words go there as data, never as markup.

The file is PDF/UA-1 (ISO 14289): tagged, with a language, alternative texts, and a known character behind every glyph.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from studio.export.book import Book, Page, Plate, Report
from studio.export.language import script_of
from studio.export.prints import PAPER, jpeg_of

if TYPE_CHECKING:
    from core.images import ImageStore
    from studio.export.fonts import Faces

log = logging.getLogger("studio.export")

TEMPLATE = Path(__file__).parent.parent / "templates" / "export" / "book.typ"
SCALES = {"ARABIC": 1.25}  # Amiri's letters are small beside Source Serif's of the same size
_ENDLESS = re.compile("[!-\u0dff]{30}")  # longer than a line: words of scripts that break at spaces only
_BREAK = "\u200b"  # zero width space: a line may end here


def pdf(book: Book, pictures: ImageStore, out_path: Path, report: Report) -> tuple[str, ...]:
    """A PDF for paper and screen, in any script that there is a font for; says which letters there is none for."""
    from studio.export.fonts import faces_for  # loads the typesetter, which nothing else needs

    faces = faces_for(_all_words(book), book.language)
    total = len(book.pages) + 1  # the last part is the setting
    # Beside the file that is to be, so that what a killed process leaves is all in one place.
    with TemporaryDirectory(dir=out_path.parent, prefix=f"{out_path.name}.") as folder:
        for number, page in enumerate(book.pages, start=1):
            report(number - 1, total)
            if page.plate:
                (Path(folder) / _file(number)).write_bytes(jpeg_of(pictures, page.plate.image, PAPER))
        report(len(book.pages), total)
        out_path.write_bytes(_set(book, faces, Path(folder)))
    report(total, total)
    return faces.warnings


def _set(book: Book, faces: Faces, folder: Path) -> bytes:
    from typst import TypstError

    try:
        return _compiled(book, faces, folder, accessible=True)
    except TypstError as error:  # a font that promises a glyph and has none: then the book, if not the standard
        log.warning("This book can't be PDF/UA: %s", error)
        return _compiled(book, faces, folder, accessible=False)


def _compiled(book: Book, faces: Faces, folder: Path, accessible: bool) -> bytes:
    """The PDF's bytes. The typesetter sees nothing of the disk but ``folder``."""
    from typst import Compiler

    compiler = Compiler(TEMPLATE.read_bytes(), root=folder, font_paths=faces.fonts)
    inputs = {"book": json.dumps(_data(book, faces), ensure_ascii=False)}
    made_at = book.made_at.astimezone(UTC).replace(microsecond=0)
    standards: Any = "ua-1" if accessible else []
    made = compiler.compile(format="pdf", sys_inputs=inputs, timestamp=made_at, pdf_standards=standards)
    assert isinstance(made, bytes)
    return made


def _data(book: Book, faces: Faces) -> dict[str, Any]:
    """The book as its template reads it."""
    language, *rest = book.language.split("-")
    numbers = [number for number, page in enumerate(book.pages, start=1) if page.plate]
    made_at = book.made_at.astimezone(UTC)
    return {
        "title": _shown(book.title, faces),
        "title_direction": book.direction_in(book.title),
        "title_weight": _weight(book.title),
        "author": _shown(book.author, faces),
        "author_direction": book.direction_in(book.author),
        "language": language,
        "script": next((part.lower() for part in rest if len(part) == 4), None),
        "region": next((part.lower() for part in rest if len(part) == 2), None),
        "direction": book.direction,
        "families": faces.families,
        "date": {"year": made_at.year, "month": made_at.month, "day": made_at.day},
        "cover": _plate(book.cover, numbers[0], faces) if book.cover else None,
        "pages": [_page(book, page, number, faces) for number, page in enumerate(book.pages, start=1)],
    }


def _page(book: Book, page: Page, number: int, faces: Faces) -> dict[str, Any]:
    texts = page.paragraphs
    return {
        "title": _shown(page.title, faces),
        "paragraphs": [_paragraph(book, text, faces) for text in texts],
        "weight": sum(_weight(text) for text in texts) + 40 * max(len(texts) - 1, 0),
        "plate": _plate(page.plate, number, faces) if page.plate else None,
    }


def _paragraph(book: Book, text: str, faces: Faces) -> dict[str, Any]:
    script = script_of(next(filter(str.isalpha, text), " "))
    return {"text": _shown(text, faces), "direction": book.direction_in(text), "scale": SCALES.get(script, 1.0)}


def _plate(plate: Plate, number: int, faces: Faces) -> dict[str, Any]:
    return {"file": _file(number), "ratio": plate.image.width / plate.image.height, "alt": _shown(plate.alt, faces)}


def _file(number: int) -> str:
    return f"{number}.jpg"


def _weight(text: str) -> int:
    """How much room a text takes, in Latin letters: those of the East are two wide."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _shown(text: str, faces: Faces) -> str:
    return _ENDLESS.sub(rf"\g<0>{_BREAK}", faces.covered(text))


def _all_words(book: Book) -> str:
    alts = (plate.alt for plate in book.plates)
    return "\n".join([book.title, book.author, *alts, *(f"{page.title}\n{page.caption}" for page in book.pages), "0123456789"])
