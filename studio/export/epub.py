"""Writes a book as EPUB 3 that reads aloud well: a page a file, alternative texts, and metadata about both.

The package's rules are EPUB 3.3's (https://www.w3.org/TR/epub-33/), its accessibility metadata schema.org's.
"""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from studio.export.archive import Archive
from studio.export.book import Book, Report
from studio.export.prints import SCREEN, jpeg_of
from studio.storyboard import TEMPLATES

if TYPE_CHECKING:
    from core.images import ImageStore

MEDIA_TYPE = "application/epub+zip"
FOLDER = "EPUB"


def epub(book: Book, pictures: ImageStore, out_path: Path, report: Report) -> tuple[str, ...]:
    """An e-book for any reader; checked by epubcheck."""
    with Archive(out_path) as archive:
        archive.add("mimetype", MEDIA_TYPE, pressed=False)  # first, and as it is: how a reader knows the file
        archive.add("META-INF/container.xml", _filled("container.xml"))
        for name, template in (("package.opf", "package.opf"), ("nav.xhtml", "nav.xhtml"), ("cover.xhtml", "cover.xhtml")):
            archive.add(f"{FOLDER}/{name}", _filled(template, book=book, identifier=_identifier(book), modified=_modified(book)))
        archive.add(f"{FOLDER}/book.css", _filled("book.css"))
        for number, page in enumerate(book.pages, start=1):
            report(number - 1, len(book.pages))
            archive.add(f"{FOLDER}/page-{number:03d}.xhtml", _filled("page.xhtml", book=book, page=page, number=number))
            if page.plate:
                jpeg = jpeg_of(pictures, page.plate.image, SCREEN)
                archive.add(f"{FOLDER}/picture-{number:03d}.jpg", jpeg, pressed=False)
    report(len(book.pages), len(book.pages))
    return ()


def _filled(template: str, **values: object) -> str:
    return TEMPLATES.get_template(f"export/{template}").render(**values)


def _identifier(book: Book) -> str:
    """The same for every edition of a story; it doesn't give the story's id away, which lets others look at it."""
    return uuid5(NAMESPACE_URL, f"interleave-studio:{book.story}").urn


def _modified(book: Book) -> str:
    return book.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
