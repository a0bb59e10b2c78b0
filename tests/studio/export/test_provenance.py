"""Laws of pictures that leave the studio: they are the same pictures, and say where they came from."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import BadImage
from core.images import ImageStore
from studio.export.book import Page, Plate
from studio.export.pictures import pictures, png_of, read_metadata
from tests.studio.export.books import TEXTS, book, keep, origin, page, tell_nobody


def test_a_picture_is_named_by_its_page_and_is_what_was_drawn(images: ImageStore, tmp_path: Path) -> None:
    teal, navy = keep(images), keep(images, "navy")
    pages = [page("One.", teal, "Down to the Sea!"), page("Two."), page("Three.", navy, "../../猫")]
    pictures(book(pages), images, tmp_path / "p.zip", tell_nobody)
    with ZipFile(tmp_path / "p.zip") as archive:
        assert archive.namelist() == ["01-down-to-the-sea.png", "03-picture.png"]
        for name, ref in zip(archive.namelist(), (teal, navy), strict=True):
            with Image.open(BytesIO(archive.read(name))) as opened:
                assert opened.convert("RGB").tobytes() == images.load(ref).tobytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=TEXTS, painter=TEXTS, seed=st.integers(0, 2**31 - 1))
def test_what_a_picture_says_of_itself_is_read_back_as_it_was(
    images: ImageStore, tmp_path: Path, prompt: str, painter: str, seed: int
) -> None:
    said = origin(prompt=prompt, painter=painter, seed=seed, verdict="accepted", attempt="s12.3.4", step="s12")
    shown = Page(title=prompt, plate=Plate(image=keep(images), alt=f"A {prompt}", origin=said))
    png = png_of(book([shown]), shown, images)
    assert read_metadata(png) == said
    (tmp_path / "p.png").write_bytes(png)
    assert read_metadata(tmp_path / "p.png") == said


def test_any_program_can_read_it(images: ImageStore) -> None:
    shown = page("One.", keep(images), "The sea")
    with Image.open(BytesIO(png_of(book([shown], author="Ann"), shown, images))) as opened:
        assert opened.info["Title"] == "The cat: The sea"
        assert (opened.info["Author"], opened.info["Description"], opened.info["seed"]) == ("Ann", "A cat", "7")
        assert opened.info["model"] == "pocket"


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(content)
    for given_as in (content, tmp_path / "x.png", tmp_path / "nowhere.png"):
        with pytest.raises(BadImage, match="not a PNG"):
            read_metadata(given_as)


def test_a_picture_that_says_nothing_or_nonsense_is_refused(images: ImageStore) -> None:
    plain = Page(plate=Plate(image=keep(images), alt="A cat"))
    with pytest.raises(BadImage, match="doesn't say where it came from"):
        read_metadata(png_of(book([plain]), plain, images))
    shown = page("", keep(images))
    spoilt = png_of(book([shown]), shown, images).replace(b"s1.0.0", b"s1\x000.0")
    with pytest.raises(BadImage):
        read_metadata(spoilt)


def test_a_story_without_pictures_says_so(images: ImageStore, tmp_path: Path) -> None:
    (warning,) = pictures(book([page("Only words.")]), images, tmp_path / "p.zip", tell_nobody)
    assert "no finished picture" in warning
