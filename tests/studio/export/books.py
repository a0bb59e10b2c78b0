"""Books for tests: of small real pictures, in any words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from core.images import ImageStore
from core.types import ImageRef
from studio.export.book import Book, Page, Plate, Provenance

STORY = "story0story0"
MADE_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
EVIL = (
    "\"'`><img src=x onerror=alert(1)></p></template><script>alert(2)</script>{{ 7 * 7 }}{% raw %}&lt;&amp; ]]> <![CDATA[x]]>"
    ' #eval("1") #read("/etc/passwd") $x$ *b* _i_ @ref <label> \\u{41} [a](http://evil.example) ![p](http://evil.example/x.png)'
    " www.evil.example <http://evil.example> \x00\x07\x1b\u202eevil\u2066 \ufeff\ufffe\U0001ffff 🎈👩‍👩‍👧 é̂̂ -->"
    " <?php ?> <!ENTITY x 'y'>"
)
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=120),
    st.text(st.sampled_from("<>&\"'`]#$*_@\\[](){}!~-+=|:./ \n\t\0\x1f\u202e\u2067\u200f🎈אب猫ก1w"), max_size=200),
    st.just(EVIL),
)  # fmt: skip


def tell_nobody(done: int, total: int) -> None:
    """A report that nobody wants."""


def keep(images: ImageStore, colour: str = "teal", size: tuple[int, int] = (96, 64)) -> ImageRef:
    """A picture in the store."""
    return images.save(Image.new("RGB", size, colour))


def origin(**what: object) -> Provenance:
    return Provenance.model_validate(
        {"story": STORY, "step": "s1", "attempt": "s1.0.0", "prompt": "A cat.", "seed": 7, "painter": "pocket"} | what
    )


def page(caption: str = "", image: ImageRef | None = None, title: str = "", alt: str = "A cat") -> Page:
    return Page(title=title, caption=caption, plate=Plate(image=image, alt=alt, origin=origin()) if image else None)


def book(pages: Sequence[Page], title: str = "The cat", language: str = "en", author: str = "") -> Book:
    return Book(title=title, language=language, author=author, story=STORY, made_at=MADE_AT, pages=tuple(pages))


def everywhere(text: str, image: ImageRef) -> Book:
    """A book with this text wherever a text can be."""
    made = Plate(image=image, alt=f"A {text}", origin=origin(prompt=text, painter=text))
    title = f"T {text}"
    return book([Page(title=text, caption=text, plate=made), page(caption=f"x{text}")], title=title, author=text)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.is_dir() else []
