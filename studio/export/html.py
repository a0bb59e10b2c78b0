"""Writes a book as one web page that needs nothing else: its pictures are inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from studio.export.book import Book, Report
from studio.export.prints import SCREEN, jpeg_of
from studio.storyboard import TEMPLATES

if TYPE_CHECKING:
    from core.images import ImageStore


def html(book: Book, pictures: ImageStore, out_path: Path, report: Report) -> tuple[str, ...]:
    """One file that opens in any browser, also without a network."""
    addresses: dict[str, str] = {}
    for done, page in enumerate(book.pages):
        report(done, len(book.pages))
        if page.plate:
            image = page.plate.image
            addresses[image.sha256] = data_address(jpeg_of(pictures, image, SCREEN), "image/jpeg")
    report(len(book.pages), len(book.pages))
    out_path.write_text(markup_of(book, addresses), encoding="utf-8")
    return ()


def markup_of(book: Book, addresses: Mapping[str, str]) -> str:
    """The web page; ``addresses`` has each picture's ``data:`` address by its content."""
    return TEMPLATES.get_template("document.html").render(book=book, addresses=addresses)


def data_address(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
