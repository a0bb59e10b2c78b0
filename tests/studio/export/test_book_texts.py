"""Laws of a book's language, direction and file name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.export.language import direction_in, direction_of, tag_of
from studio.export.texts import paragraphs, printable, slug
from tests.studio.export.books import TEXTS


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("de", "de"),
        ("PT-br", "pt-BR"),
        ("zh_hant_tw", "zh-Hant-TW"),
        ("German", "de"),
        ("easy German, for children", "de"),
        ("Traditional Chinese", "zh-Hant"),
        ("日本語", "ja"),
        ("", "en"),
        ("Klingon <script>", "en"),
    ],
)
def test_a_language_is_what_a_person_says_it_is(said: str, tag: str) -> None:
    assert tag_of(said, "A cat.") == tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("A cat.", "en"),
        ("🎈 1, 2, 3", "en"),
        ("القطة والبالون", "ar"),
        ("החתול", "he"),
        ("बिल्ली", "hi"),
        ("猫と赤い風船", "ja"),
        ("猫和红气球", "zh"),
        ("고양이", "ko"),
        ("Кошка", "ru"),
        ("A cat, in Greek γ", "en"),
    ],
)
def test_where_nobody_says_the_letters_do(text: str, tag: str) -> None:
    assert tag_of("", text) == tag


def test_a_book_is_read_in_its_languages_direction_and_a_text_in_its_letters() -> None:
    assert [direction_of(tag) for tag in ("en", "ar", "he-IL", "fa", "az-Arab", "ja")] == [
        "ltr", "rtl", "rtl", "rtl", "rtl", "ltr"
    ]  # fmt: skip
    assert [direction_in(text, "rtl") for text in ("1 cat", "«القطة» cat", "123 …")] == ["ltr", "rtl", "rtl"]


@given(text=TEXTS)
def test_a_file_name_is_plain_whatever_the_book_is_called(text: str) -> None:
    name = slug(text, otherwise="story")
    assert 0 < len(name) <= 60
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name.strip("-") == name


def test_a_file_name_keeps_letters_that_have_a_plain_form() -> None:
    assert slug("Élan & Ça va?", otherwise="story") == "elan-ca-va"
    assert slug("猫", otherwise="story") == "story"


@given(text=st.text())
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_paragraphs_are_the_lines_with_something_in_them() -> None:
    assert paragraphs(printable("One.\r\n\r\n  Two.\u2028Three.\n")) == ("One.", "Two.", "Three.")
