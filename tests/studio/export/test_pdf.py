"""Laws of printed books: real text in any script with a glyph for every letter, and what can't be shown is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pypdf import PdfReader
from pypdf.generic import ContentStream

from core.images import ImageStore
from studio.export import fonts
from studio.export.book import Book
from studio.export.cmap import characters_of
from studio.export.fonts import STAND_IN, faces_for
from studio.export.pdf import pdf
from tests.studio.export.books import EVIL, TEXTS, book, everywhere, keep, page, tell_nobody

Make = Callable[[Book], tuple[PdfReader, tuple[str, ...]]]


@pytest.fixture
def make(images: ImageStore, tmp_path: Path) -> Make:
    def made(of: Book) -> tuple[PdfReader, tuple[str, ...]]:
        warnings = pdf(of, images, tmp_path / "book.pdf", tell_nobody)
        assert [path.name for path in tmp_path.iterdir()] == ["book.pdf"], "its parts are gone"
        return PdfReader(tmp_path / "book.pdf"), warnings

    return made


def words(reader: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def faces(reader: PdfReader) -> Iterator[dict[str, Any]]:
    """The fonts of all pages."""
    for each in reader.pages:
        for face in each["/Resources"].get("/Font", {}).values():  # type: ignore[attr-defined]
            yield face.get_object()["/DescendantFonts"][0].get_object()


def glyphs(reader: PdfReader) -> Iterator[int]:
    """Every glyph that is drawn, by its number in its font; 0 is the box for a missing one."""
    for each in reader.pages:
        for operands, operator in ContentStream(each.get_contents(), reader).operations:
            if operator in (b"Tj", b"TJ"):
                for piece in operands[0] if operator == b"TJ" else operands:
                    if isinstance(piece, (str, bytes)):
                        drawn = piece if isinstance(piece, bytes) else piece.original_bytes  # type: ignore[attr-defined]
                        yield from (int.from_bytes(drawn[at : at + 2], "big") for at in range(0, len(drawn), 2))


def test_a_book_is_a_cover_and_a_page_for_each_step(make: Make, images: ImageStore) -> None:
    pages = [page("Down to the sea.", keep(images), "The sea"), page("Only words."), page("", keep(images, "navy"))]
    reader, warnings = make(book(pages, title="The cat", author="Ann"))
    assert warnings == ()
    assert words(reader) == ["The cat Ann", "Down to the sea. 1", "Only words. 2", "3"]
    assert [len(each.images) for each in reader.pages] == [1, 1, 0, 1]
    assert [entry["/Title"] for entry in reader.outline] == ["The sea"]  # type: ignore[call-overload, index]


def test_a_book_says_its_title_author_language_and_age(make: Make, images: ImageStore) -> None:
    reader, _ = make(book([page("猫", keep(images))], title="猫と<風船>", language="zh-Hant-TW", author="Ann"))
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("猫と<風船>", "Ann")
    assert str(reader.metadata.creation_date).startswith("2024-05-06")
    assert str(reader.root_object["/Lang"]).startswith("zh")


def test_a_reader_for_the_blind_is_told_what_a_picture_shows(make: Make, images: ImageStore) -> None:
    reader, _ = make(book([page("One.", keep(images), alt="A cat <b>")]))
    assert reader.root_object["/MarkInfo"]["/Marked"]  # type: ignore[index]
    alts = {str(each.get_object().get("/Alt")) for each in map(reader.get_object, range(1, len(reader.xref[0]))) if _tags(each)}
    assert "A cat <b>" in alts


def _tags(each: object) -> bool:
    return hasattr(each, "get") and each.get("/S") == "/Figure"


@pytest.mark.parametrize(
    ("language", "text", "face"),
    [
        ("ar", "القطة تجد بالونا أحمر بجانب البحر", "Amiri"),
        ("he", "חתול מוצא בלון אדום ליד הים", "FrankRuhl"),
        ("ja", "猫は海で赤い風船を見つけた。", "NotoSansCJKjp"),
        ("zh", "猫在海边发现了一个红气球。", "NotoSansCJKsc"),
        ("ko", "고양이가 빨간 풍선을 찾았어요.", "NotoSansCJKkr"),
        ("hi", "एक बिल्ली को समुद्र के किनारे", "NotoSansDevanagari"),
        ("th", "แมวพบลูกโป่งสีแดงที่ชายทะเล", "NotoSansThai"),
        ("el", "Η γάτα βρίσκει ένα κόκκινο μπαλόνι", "SourceSerif"),
    ],
)
def test_every_script_has_its_letters_in_the_file(make: Make, images: ImageStore, language: str, text: str, face: str) -> None:
    reader, warnings = make(book([page(text, keep(images))], title=text, language=language))
    assert warnings == ()
    assert any(face in str(each["/BaseFont"]) for each in faces(reader))
    for each in faces(reader):
        assert {"/FontFile2", "/FontFile3"} & set(each["/FontDescriptor"].get_object()), "the font itself is inside"
    assert 0 not in set(glyphs(reader))
    if language in ("ar", "he"):
        assert reader.root_object["/ViewerPreferences"]["/Direction"] == "/R2L"  # type: ignore[index]
        assert set(text.split()) <= set(words(reader)[1].split()), "pypdf gives lines in the order in which they are drawn"
    elif language not in ("hi", "th"):  # whose vowels stand where they are drawn, not where they are spoken
        assert text.replace(" ", "") in words(reader)[1].replace(" ", "")


def test_letters_that_no_font_has_are_said_and_stood_in_for(make: Make, images: ImageStore) -> None:
    reader, warnings = make(book([page("The runes \U00010c00\U00010c01 and \ue000.", keep(images))]))
    assert len(warnings) == 2
    assert any("Old letters" in each and "apt install fonts-noto-core" in each for each in warnings)
    assert any("U+E000" in each for each in warnings)
    assert f"The runes {STAND_IN * 2} and {STAND_IN}." in words(reader)[1]
    assert 0 not in set(glyphs(reader))


def test_where_the_large_fonts_are_not_installed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "PACKAGES", ("fontpkg_source_serif_4", "manimgx_fonts"))
    monkeypatch.setattr(fonts, "_lacking", lambda needed, found: {code for code in needed if code > 0x3000})
    (warning,) = faces_for("A 猫", "ja").warnings
    assert warning.startswith("No font here has Chinese letters (猫)")
    assert "apt install fonts-noto-cjk" in warning


def test_a_machines_own_fonts_are_not_looked_at_where_the_studios_suffice() -> None:
    places = {font.path for font in faces_for("A cat, 猫, قطة, 🎈", "en").fonts.fonts()}
    assert places
    assert all(place and "site-packages" in place for place in places)


def test_words_are_never_markup(make: Make, images: ImageStore) -> None:
    evil = '#eval("1") #read("/etc/passwd") $x$ *b* _i_ @ref <label> [x] `raw` // no /* no */ = h \\ \\u{41} ~ -- \''
    reader, _ = make(book([page(evil, keep(images), evil, evil)], title=evil, author=evil))
    assert reader.metadata is not None
    assert reader.metadata.title == evil
    assert evil.replace(" ", "") in words(reader)[1].replace(" ", "")
    assert not any(each.get("/Annots") for each in reader.pages), "nor do they become links"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_no_text_at_all_draws_a_box_for_a_missing_letter(make: Make, images: ImageStore, text: str) -> None:
    reader, _ = make(everywhere(text, keep(images)))
    assert 0 not in set(glyphs(reader))


def test_a_cover_is_one_page_whatever_the_title_and_the_picture(make: Make, images: ImageStore) -> None:
    for title in ("Cat", "A cat finds a red balloon by the sea " * 3, "猫" * 40):
        for size in ((64, 512), (512, 64), (96, 96)):
            reader, _ = make(book([page("One.", keep(images, size=size))], title=title, author="Ann"))
            assert len(reader.pages) == 2


def test_a_long_word_breaks_and_a_long_caption_goes_on_over_pages(make: Make, images: ImageStore) -> None:
    reader, _ = make(book([page(EVIL + "x" * 8000, keep(images)), page("The end.")]))
    assert len(reader.pages) > 3
    assert "".join(words(reader)).count("x") >= 8000


def test_a_font_file_that_cannot_be_read_has_no_letters(tmp_path: Path) -> None:
    assert characters_of(tmp_path / "nothing.ttf") == frozenset()
    for number, content in enumerate(
        (b"", b"OTTO", b"ttcf" + b"\xff" * 64, b"\0\1\0\0\0\1" + b"\0" * 6 + b"cmap" + b"\xff" * 60)
    ):
        path = tmp_path / f"{number}.ttf"
        path.write_bytes(content)
        assert characters_of(path) == frozenset()
