"""Writes a book as Markdown, with its pictures beside it. The one place where text becomes Markdown, escaped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from studio.export.archive import Archive
from studio.export.book import Book, Page, Report
from studio.export.pictures import png_of
from studio.export.texts import in_one_line, paragraphs

if TYPE_CHECKING:
    from core.images import ImageStore

_MARKS = re.compile(r"[\\`*_{}\[\]()<>#!|~&$^=+]|-(?=[-\s])|^-|:(?=//)|(?<=\w)\.(?=\w)")
_NUMBERED = re.compile(r"^(\d+)([.)])")  # would begin a list
_JOINER = "\N{WORD JOINER}"  # unseen; no escape keeps GitHub from making a link of a name or an address


def markdown(book: Book, pictures: ImageStore, out_path: Path, report: Report) -> tuple[str, ...]:
    """A ZIP with ``story.md`` and the pictures that it shows."""
    with Archive(out_path) as archive:
        for number, page in enumerate(book.pages, start=1):
            report(number - 1, len(book.pages))
            if page.plate:
                archive.add(_place(number), png_of(book, page, pictures), pressed=False)
        report(len(book.pages), len(book.pages))
        archive.add("story.md", text_of(book))
    return ()


def text_of(book: Book) -> str:
    """The book as CommonMark: nothing in its words is a link, a picture, HTML, or any other mark."""
    parts = [f"# {escaped(book.title)}"]
    if book.author:
        parts.append(f"*{escaped(book.author)}*")
    for number, page in enumerate(book.pages, start=1):
        parts += _parts_of(page, number)
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """One line of text in which nothing means anything to Markdown."""
    line = _MARKS.sub(r"\\\g<0>", in_one_line(text))
    return _NUMBERED.sub(r"\1\\\2", line).replace("@", f"@{_JOINER}")


def _parts_of(page: Page, number: int) -> list[str]:
    parts = [f"## {escaped(page.title)}"] if page.title else []
    if page.plate:
        parts.append(f"![{escaped(page.plate.alt)}]({_place(number)})")
    return [*parts, *(escaped(text) for text in paragraphs(page.caption))]


def _place(number: int) -> str:
    return f"pictures/{number:02d}.png"
