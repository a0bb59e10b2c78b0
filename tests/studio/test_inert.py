"""Whatever models and people write stays words: in web pages, Markdown, drawings, PDFs, e-books and tables nothing of it acts.

``test_page.py`` asks the same of the page in a real browser; here are the files that people take along and open elsewhere.
"""

from __future__ import annotations

import csv
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from core.images import ImageStore
from studio.export.epub import epub
from studio.export.html import html
from studio.export.markdown import markdown
from studio.export.pdf import pdf
from tests.studio.export.books import EVIL, everywhere, keep, tell_nobody
from train.formats.reviews import cell
from train.plotting import plot
from train.runs import METRICS, append

#: What makes something happen when a PDF is opened or read, or leads out of it (ISO 32000-2, 12.6).
ACTIVE_IN_PDF = {
    "/OpenAction",
    "/AA",
    "/JS",
    "/JavaScript",
    "/Launch",
    "/URI",
    "/SubmitForm",
    "/ImportData",
    "/GoToR",
    "/RichMedia",
}
ACTIVE_TAGS = {"script", "iframe", "object", "embed", "form", "base", "foreignobject", "a", "link", "template"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return ImageStore(Path(tmp_path_factory.mktemp("inert")) / "images")


class Tags(HTMLParser):
    """The elements of a page, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def acts(text: str) -> list[str]:
    """What of this page would act, or load something from elsewhere."""
    seen = Tags(text)
    found = [*(seen.names & ACTIVE_TAGS), *(name for name, _ in seen.attributes if name.startswith("on"))]
    return found + [value for name, value in seen.attributes if name in ("src", "href", "xlink:href") and "evil" in value]


def test_a_web_page_acts_not(images: ImageStore, tmp_path: Path) -> None:
    html(everywhere(EVIL, keep(images)), images, tmp_path / "a.html", tell_nobody)
    assert acts((tmp_path / "a.html").read_text(encoding="utf-8")) == []


def test_markdown_acts_not_in_a_reader_that_takes_html(images: ImageStore, tmp_path: Path) -> None:
    markdown(everywhere(EVIL, keep(images)), images, tmp_path / "a.zip", tell_nobody)
    text = ZipFile(tmp_path / "a.zip").read("story.md").decode()
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    assert acts(reader.render(text)) == []


def test_an_e_book_acts_not(images: ImageStore, tmp_path: Path) -> None:
    epub(everywhere(EVIL, keep(images)), images, tmp_path / "a.epub", tell_nobody)
    with ZipFile(tmp_path / "a.epub") as archive:
        pages = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".xhtml") and "nav" not in name]
    assert pages
    for page in pages:
        assert set(acts(page)) <= {"link"}, "its own style"
        ElementTree.fromstring(page)


def keys_of(value: Any, seen: set[int]) -> set[str]:
    """Every key and every name in a PDF, from its trailer on."""
    if isinstance(value, IndirectObject):
        if value.idnum in seen:
            return set()
        seen.add(value.idnum)
        return keys_of(value.get_object(), seen)
    if isinstance(value, DictionaryObject):
        return set(value).union(*(keys_of(inner, seen) for inner in value.values()))
    if isinstance(value, ArrayObject):
        return set().union(*(keys_of(inner, seen) for inner in value))
    return {value} if isinstance(value, str) and value.startswith("/") else set()


def test_a_pdf_acts_not(images: ImageStore, tmp_path: Path) -> None:
    pdf(everywhere(EVIL, keep(images)), images, tmp_path / "a.pdf", tell_nobody)
    keys = keys_of(PdfReader(tmp_path / "a.pdf").trailer, set())
    assert "/Pages" in keys
    assert keys & ACTIVE_IN_PDF == set()


@pytest.mark.parametrize(
    "name", ["<script>hurt()<", "\"><image href='evil' onload='hurt()'", "&#x3c;script>", "]]><a xlink:href='x'>"]
)
def test_a_drawing_of_curves_acts_not(tmp_path: Path, name: str) -> None:
    for run in (name, "other"):
        append(tmp_path / run / METRICS, {"step": 1, "loss": 1.0, f"parts/{name}/mean": 1.0})
    drawing = ElementTree.fromstring(plot([tmp_path / name, tmp_path / "other"]))
    tags = {element.tag.rpartition("}")[2] for element in drawing.iter()}
    assert tags <= {"svg", "g", "rect", "text", "line", "polyline", "polygon", "circle", "style", "path", "title"}
    attributes = {attribute for element in drawing.iter() for attribute in element.attrib}
    assert not [attribute for attribute in attributes if attribute.startswith("on") or "href" in attribute]
    assert any(name in (text.text or "") for text in drawing.iter() if text.tag.endswith("text"))


@given(st.one_of(st.text(max_size=30), st.tuples(st.sampled_from("=+-@\t\r\0＝＋－＠ "), st.text(max_size=20)).map("".join)))
def test_a_cell_of_a_table_acts_not(text: str) -> None:
    written = StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([cell(text)])
    read = next(csv.reader(StringIO(written.getvalue())), [""])[0]
    assert not read.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠"))
