"""Laws of Markdown: what is written is read as it was, and nothing in it means anything."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.images import ImageStore
from studio.export.markdown import escaped, markdown, text_of
from tests.studio.export.books import EVIL, TEXTS, book, keep, page, tell_nobody

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def inline(text: str) -> list[Token]:
    return [child for token in READER.parse(text) for child in token.children or ()]


def shown(text: str) -> str:
    """What a reader sees of it."""
    return "".join(token.content if token.content else "\n" for token in inline(text))


@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_text_is_one_paragraph_of_words(text: str) -> None:
    written = escaped(f"x {text}") if not escaped(text) else escaped(text)
    assert [token.type for token in READER.parse(written)] == ["paragraph_open", "inline", "paragraph_close"]
    assert {token.type for token in inline(written)} == {"text"}


def test_what_is_read_is_what_was_written() -> None:
    for text in (EVIL, "1. One", "- a", "+ a", "=== x", "a.b@c.de", "# h", "> q", "    code", "|a|b|", "~~no~~", "a  \nb", "***"):
        plain = " ".join(text.replace("\u202e", "").replace("\u2066", "").split())
        read = shown(escaped(text)).replace("\u2060", "")
        assert read == "".join(char for char in plain if char not in "\0\x07\x1b\ufeff\ufffe\U0001ffff").strip().replace(
            "  ", " "
        )


def test_nothing_that_looks_like_an_address_becomes_a_link() -> None:
    for text in ("http://evil.example", "www.evil.example", "ann@evil.example", "@ann"):
        written = escaped(text)
        assert "http:" not in written
        assert "evil.example" not in written
        assert "@a" not in written
        assert "@e" not in written


def test_a_story_is_a_text_beside_its_pictures(images: ImageStore, tmp_path: Path) -> None:
    pages = [page("One.\nTwo.", keep(images), "The [sea]", alt="A *cat*"), page("Three.")]
    markdown(book(pages, author="Ann"), images, tmp_path / "m.zip", tell_nobody)
    with ZipFile(tmp_path / "m.zip") as archive:
        assert set(archive.namelist()) == {"story.md", "pictures/01.png"}
        text = archive.read("story.md").decode()
    assert text == (
        "# The cat\n\n*Ann*\n\n## The \\[sea\\]\n\n![A \\*cat\\*](pictures/01.png)\n\nOne.\n\nTwo.\n\nThree.\n"
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_the_only_pictures_and_links_are_our_own(text: str) -> None:
    pages = [page(f"x{text}", None, text), page(text, None, f"T{text}")]
    tokens = inline(text_of(book(pages, title=f"T{text}", author=text)))
    assert {token.type for token in tokens} <= {"text", "em_open", "em_close"}
