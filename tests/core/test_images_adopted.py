"""A picture's file from another data folder is kept to the letter, if it is one that the studio could have written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL.PngImagePlugin import PngInfo

from core.errors import BadImage, NotFound, StoreError
from core.images import ImageStore
from tests.core.test_images import encoded, picture


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.mark.parametrize("program", [None, "the beach by day", "ein Café 🐈"])
def test_what_was_saved_elsewhere_is_the_same_picture_here(images: ImageStore, tmp_path: Path, program: str | None) -> None:
    drawn = picture()
    if program:
        drawn.info["program"] = program
    ref = images.save(drawn)
    other = ImageStore(tmp_path / "other")
    assert other.adopt(images.read(ref)) == ref
    assert other.read(ref) == images.read(ref)
    assert other.load(ref).info == images.load(ref).info
    assert other.adopt(images.read(ref)) == ref, "also a second time"


def test_a_file_that_another_program_packed_keeps_its_bytes_and_its_name(images: ImageStore) -> None:
    data = encoded(picture(), compress_level=9)
    ref = images.adopt(data)
    assert images.path(ref).read_bytes() == data
    assert images.load(ref).tobytes() == picture().tobytes()


def test_a_file_that_says_more_than_a_picture_is_not_kept(images: ImageStore) -> None:
    said = PngInfo()
    said.add_text("program", "the beach")
    said.add_text("author", "eve")
    for data in (encoded(picture(), pnginfo=said), encoded(picture()) + b"more", encoded(picture(), "JPEG"), b""):
        with pytest.raises(BadImage):
            images.adopt(data)
    assert list(images.files()) == []


def test_a_file_that_is_read_is_whole(images: ImageStore) -> None:
    ref = images.save(picture())
    images.path(ref).write_bytes(images.read(ref)[:-1])
    with pytest.raises(StoreError, match="damaged"):
        images.read(ref)
    images.path(ref).unlink()
    with pytest.raises(NotFound, match="is gone"):
        images.read(ref)
