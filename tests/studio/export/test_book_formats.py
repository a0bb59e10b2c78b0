"""Laws that hold in every format: any text is inert, the same book is the same file, and a cancel is heard between pages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import Cancelled, NotFound
from core.images import ImageStore
from core.types import ImageRef
from studio.export.formats import FORMATS
from studio.export.html import html
from tests.studio.export.books import EVIL, TEXTS, book, everywhere, keep, page, tell_nobody

ALL = list(FORMATS.values())
names = pytest.mark.parametrize("name", FORMATS)


@names
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_a_book_of_any_text_can_be_made(name: str, text: str, images: ImageStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    FORMATS[name].write(everywhere(text, keep(images)), images, out, tell_nobody)
    assert out.stat().st_size > 100


@names
def test_a_very_long_caption_fits(name: str, images: ImageStore, tmp_path: Path) -> None:
    for number, text in enumerate(("word " * 1600, "x" * 8000, "猫" * 8000, "a\n" * 4000)):
        FORMATS[name].write(book([page(text, keep(images))]), images, tmp_path / str(number), tell_nobody)


@names
def test_the_same_book_is_the_same_file(name: str, images: ImageStore, tmp_path: Path) -> None:
    made = everywhere(f"{EVIL} 猫 القطة", keep(images))
    for number in (1, 2):
        FORMATS[name].write(made, images, tmp_path / str(number), tell_nobody)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@names
def test_progress_goes_from_nothing_to_all_of_it(name: str, images: ImageStore, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    pages = [page("One.", keep(images)), page("Two."), page("Three.", keep(images, "navy"))]
    FORMATS[name].write(book(pages), images, tmp_path / "out", lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > len(pages)
    total = told[0][1]
    assert (told[0], told[-1]) == ((0, total), (total, total))


@names
def test_a_cancel_is_heard_between_pages(name: str, images: ImageStore, tmp_path: Path) -> None:
    def give_up(done: int, total: int) -> None:
        if done == 1:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        FORMATS[name].write(book([page("One.", keep(images)), page("Two.")]), images, tmp_path / "out", give_up)


@names
def test_a_picture_that_is_gone_is_said(name: str, images: ImageStore, tmp_path: Path) -> None:
    gone = ImageRef(sha256="0" * 64, width=8, height=8)
    with pytest.raises(NotFound, match="is gone"):
        FORMATS[name].write(book([page("One.", gone)]), images, tmp_path / "out", tell_nobody)


def test_a_file_is_called_after_the_book_in_plain_letters() -> None:
    made = book([page("x")], title="../../Élan <b>")
    assert {made_as.file_name(made) for made_as in ALL} == {
        "elan-b.pdf", "elan-b.epub", "elan-b.html", "elan-b-pictures.zip", "elan-b-markdown.zip"
    }  # fmt: skip


# ---------------------------------------------------------------- the web page


class Parsed(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_web_page_has_all_inside_and_runs_nothing(images: ImageStore, tmp_path: Path) -> None:
    out = tmp_path / "book.html"
    made = everywhere(EVIL, keep(images))
    html(made, images, out, tell_nobody)
    seen = Parsed(out.read_text(encoding="utf-8"))
    assert "script" not in {tag for tag, _ in seen.elements}
    assert not [name for _, attrs in seen.elements for name in attrs if name.startswith("on")]
    policy = next(attrs["content"] for tag, attrs in seen.elements if tag == "meta" and "http-equiv" in attrs)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    addresses = [value for _, attrs in seen.elements for name, value in attrs.items() if name in ("src", "href")]
    assert len(addresses) == 1
    assert str(addresses[0]).startswith("data:image/jpeg;base64,")
    assert made.pages[0].caption in seen.text


def test_a_web_page_says_its_language_and_each_text_its_direction(images: ImageStore, tmp_path: Path) -> None:
    out = tmp_path / "book.html"
    html(book([page("القطة\nThe end")], title="القطة", language="ar"), images, out, tell_nobody)
    seen = Parsed(out.read_text(encoding="utf-8"))
    assert seen.elements[0] == ("html", {"lang": "ar", "dir": "rtl"})
    assert [attrs["dir"] for tag, attrs in seen.elements if tag == "p"] == ["rtl", "ltr"]


@pytest.mark.parametrize("name", ["epub", "pictures", "markdown"])
def test_names_inside_a_zip_are_our_own(name: str, images: ImageStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    FORMATS[name].write(everywhere("../../etc/passwd\0", keep(images)), images, out, tell_nobody)
    with ZipFile(out) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert re.fullmatch(r"([A-Za-z-]+/)?[a-z0-9-]+(\.[a-z]+)?", entry.filename)
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
