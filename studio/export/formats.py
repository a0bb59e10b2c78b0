"""Names the formats that a story can leave in: what each is called, what writes it, and how a browser is to take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.storyfile import export_story
from studio.export.book import Book, Report, Writer, book_of
from studio.export.epub import MEDIA_TYPE, epub
from studio.export.html import html
from studio.export.markdown import markdown
from studio.export.pdf import pdf
from studio.export.pictures import pictures
from studio.export.texts import slug

if TYPE_CHECKING:
    from core.images import ImageStore
    from core.store import Store


@dataclass(frozen=True)
class Format:
    """One format; ``ending`` is what a file's name has after the book's."""

    name: str
    title: str
    ending: str
    media_type: str
    write: Writer

    def file_name(self, book: Book) -> str:
        """What a browser calls the file: plain letters, whatever the book is called."""
        return f"{book.slug}{self.ending}"


#: Of books, in the order in which a person is asked.
FORMATS = {
    made.name: made
    for made in (
        Format("pdf", "PDF, to print", ".pdf", "application/pdf", pdf),
        Format("epub", "E-book (EPUB)", ".epub", MEDIA_TYPE, epub),
        Format("html", "Web page", ".html", "text/html; charset=utf-8", html),
        Format("pictures", "Pictures (PNG)", "-pictures.zip", "application/zip", pictures),
        Format("markdown", "Markdown", "-markdown.zip", "application/zip", markdown),
    )
}


#: All that a story can leave as: a book, or whole, to be told on elsewhere.
TITLES = {name: made.title for name, made in FORMATS.items()} | {"story": "Story file, to go on elsewhere"}


@dataclass(frozen=True)
class Made:
    """A file that was made: what a browser calls it (plain letters, whatever the story is called) and takes it for, and a
    sentence for each thing that could not be as asked."""

    file_name: str
    media_type: str
    warnings: tuple[str, ...] = ()


#: Makes a file of a story at a path; may raise a ``StudioError``, and does not catch what ``report`` raises.
Maker = Callable[[str, Path, Report], Made]


def makers(store: Store) -> dict[str, Maker]:
    """What makes a file of a story in this store, for each format."""

    def bound(story: str) -> Book:
        return book_of(story, store.events(story))

    return book_makers(bound, store.images) | {"story": _story_maker(store)}


def book_makers(bound: Callable[[str], Book], images: ImageStore) -> dict[str, Maker]:
    """What makes a file of the book that ``bound`` binds of a story, for each format of books."""
    return {name: _book_maker(made, bound, images) for name, made in FORMATS.items()}


def _book_maker(made: Format, bound: Callable[[str], Book], images: ImageStore) -> Maker:
    def make(story: str, path: Path, report: Report) -> Made:
        book = bound(story)
        return Made(made.file_name(book), made.media_type, made.write(book, images, path, report))

    return make


def _story_maker(store: Store) -> Maker:
    def make(story: str, path: Path, report: Report) -> Made:
        manifest = export_story(store, story, path, report)
        return Made(f"{slug(manifest.title, otherwise='story')}.story.zip", "application/zip")

    return make
