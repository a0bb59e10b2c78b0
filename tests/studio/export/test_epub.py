"""Laws of e-books: the container, the package and every page are what EPUB 3 asks for, whatever the words are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings

from core.images import ImageStore
from studio.export.book import Book
from studio.export.epub import epub
from tests.studio.export.books import EVIL, TEXTS, book, everywhere, keep, page, tell_nobody

OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
XHTML = "{http://www.w3.org/1999/xhtml}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Make = Callable[[Book], dict[str, bytes]]


@pytest.fixture
def make(images: ImageStore, tmp_path: Path) -> Make:
    def made(of: Book) -> dict[str, bytes]:
        epub(of, images, tmp_path / "book.epub", tell_nobody)
        with ZipFile(tmp_path / "book.epub") as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    return made


def package(files: dict[str, bytes]) -> ElementTree.Element:
    return ElementTree.fromstring(files["EPUB/package.opf"])


def test_a_reader_knows_the_file_by_its_first_bytes(make: Make, tmp_path: Path) -> None:
    files = make(book([page("One.")]))
    assert next(iter(files)) == "mimetype"
    with ZipFile(tmp_path / "book.epub") as archive:
        first = archive.infolist()[0]
    assert (first.compress_type, first.extra) == (ZIP_STORED, b"")
    assert (tmp_path / "book.epub").read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
    root = ElementTree.fromstring(files["META-INF/container.xml"])
    assert [each.get("full-path") for each in root.iter() if each.get("full-path")] == ["EPUB/package.opf"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_every_page_is_well_formed_and_every_file_is_in_the_manifest_once(make: Make, images: ImageStore, text: str) -> None:
    files = make(everywhere(text, keep(images)))
    for name, content in files.items():
        if name.endswith((".xhtml", ".opf", ".xml")):
            ElementTree.fromstring(content)
    root = package(files)
    items = {item.get("id"): f"EPUB/{item.get('href')}" for item in root.iter(f"{OPF}item")}
    assert sorted(items.values()) == sorted(set(files) - {"mimetype", "META-INF/container.xml", "EPUB/package.opf"})
    spine = [items[ref.get("idref")] for ref in root.iter(f"{OPF}itemref")]
    assert spine == ["EPUB/cover.xhtml", "EPUB/page-001.xhtml", "EPUB/page-002.xhtml"]


def test_a_book_says_what_it_is(make: Make, images: ImageStore) -> None:
    root = package(make(book([page("One.", keep(images))], title="The <cat>", language="pt-BR", author="Ann & Bob")))
    said = {name: [each.text for each in root.iter(f"{DC}{name}")] for name in ("title", "language", "creator", "identifier")}
    assert (said["title"], said["language"], said["creator"]) == (["The <cat>"], ["pt-BR"], ["Ann & Bob"])
    (identifier,) = said["identifier"]
    assert str(identifier).startswith("urn:uuid:")
    assert root.get("unique-identifier") == next(root.iter(f"{DC}identifier")).get("id")
    metas = [(meta.get("property"), meta.text) for meta in root.iter(f"{OPF}meta")]
    assert ("dcterms:modified", "2024-05-06T07:08:09Z") in metas
    assert {("schema:accessMode", "visual"), ("schema:accessModeSufficient", "textual")} <= set(metas)
    assert {("schema:accessibilityFeature", "alternativeText"), ("schema:accessibilityHazard", "none")} <= set(metas)
    covers = [item.get("href") for item in root.iter(f"{OPF}item") if item.get("properties") == "cover-image"]
    assert covers == ["picture-001.jpg"]


def test_a_books_id_does_not_give_the_storys_away(make: Make) -> None:
    made = book([page("One.")])
    assert all(made.story.encode() not in content for content in make(made).values())


def test_every_page_is_in_the_table_of_contents_under_its_title(make: Make) -> None:
    files = make(book([page("One.", title="Sea & sun"), page("Two.")]))
    nav = ElementTree.fromstring(files["EPUB/nav.xhtml"])
    entries = [(link.get("href"), link.text) for link in next(nav.iter(f"{XHTML}ol")).iter(f"{XHTML}a")]
    assert entries == [("cover.xhtml", "The cat"), ("page-001.xhtml", "Sea & sun"), ("page-002.xhtml", "2")]


def test_a_book_in_arabic_turns_its_pages_from_the_right(make: Make) -> None:
    files = make(book([page("القطة\nThe end")], title="القطة", language="ar"))
    assert next(package(files).iter(f"{OPF}spine")).get("page-progression-direction") == "rtl"
    root = ElementTree.fromstring(files["EPUB/page-001.xhtml"])
    assert (root.get(LANG), root.get("lang"), root.get("dir")) == ("ar", "ar", "rtl")
    assert [each.get("dir") for each in root.iter(f"{XHTML}p")] == ["rtl", "ltr"]


def test_hostile_words_are_words(make: Make, images: ImageStore) -> None:
    made = everywhere(EVIL, keep(images))
    root = ElementTree.fromstring(make(made)["EPUB/page-001.xhtml"])
    assert {each.tag.removeprefix(XHTML) for each in root.iter()} == {
        "html", "head", "title", "link", "body", "section", "div", "img", "p"
    }  # fmt: skip
    assert [each.text for each in root.iter(f"{XHTML}p")] == [made.pages[0].caption]
    assert next(root.iter(f"{XHTML}img")).get("alt") == made.plates[0].alt


@pytest.mark.epubcheck
@pytest.mark.parametrize("which", ["hostile", "arabic"])
def test_epubcheck_finds_nothing(which: str, images: ImageStore, tmp_path: Path) -> None:
    program = shutil.which("epubcheck")
    assert program, "epubcheck is missing; on Debian: apt install epubcheck"
    made = {
        "hostile": everywhere(EVIL, keep(images)),
        "arabic": book([page("القطة", title="البحر"), page("The end.")], title="القطة", language="ar", author="آن"),
    }[which]
    epub(made, images, tmp_path / "book.epub", tell_nobody)
    jar = Path(program).resolve()  # Debian's program is a jar, which not every kernel runs by itself
    command = ["java", "-jar", str(jar)] if jar.suffix == ".jar" else [program]
    done = subprocess.run(
        [*command, "--failonwarnings", str(tmp_path / "book.epub")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
