"""Pictures by content: written whole or not at all, proved when read, and no upload trusted."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from core import images as module
from core.errors import BadImage, NotFound, ReadOnly, StoreError
from core.images import ImageStore
from core.pictures import MAX_BYTES, SIGNATURE, uploaded
from core.types import ImageRef


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def picture(seed: int = 0, width: int = 80, height: int = 64) -> Image.Image:
    pixels = hashlib.shake_256(bytes([seed])).digest(3 * 16)
    return Image.frombytes("RGB", (4, 4), pixels).resize((width, height), Image.Resampling.NEAREST)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def names(images: ImageStore) -> list[Path]:
    return [path for path, _ in images.files()]


# ---------------------------------------------------------------- keeping


def test_a_saved_picture_comes_back_pixel_by_pixel_under_the_hash_of_its_file(images: ImageStore) -> None:
    ref = images.save(picture())
    assert (ref.width, ref.height) == (80, 64)
    assert images.load(ref).tobytes() == picture().tobytes()
    assert hashlib.sha256(images.path(ref).read_bytes()).hexdigest() == ref.sha256
    assert images.path(ref).parent.name == ref.sha256[:2]


def test_a_picture_keeps_its_program_and_nothing_else(images: ImageStore) -> None:
    drawn = picture()
    drawn.info = {"program": "the beach by day; a café", "dpi": (3, 3), "icc_profile": b"profile", "comment": "mine"}
    ref = images.save(drawn)
    assert images.load(ref).info == {"program": "the beach by day; a café"}
    assert b"mine" not in images.path(ref).read_bytes()
    assert drawn.info["dpi"] == (3, 3), "the caller's picture is left as it was"


def test_the_same_picture_is_one_file_and_another_program_is_another_picture(images: ImageStore) -> None:
    first = images.save(picture())
    written = images.path(first).stat().st_mtime_ns
    assert images.save(picture()) == first
    assert images.path(first).stat().st_mtime_ns == written
    other = picture()
    other.info["program"] = "the beach"
    assert images.save(other) != first


def test_many_threads_that_save_the_same_picture_get_one_whole_file(images: ImageStore) -> None:
    refs: list[ImageRef] = []
    threads = [threading.Thread(target=lambda n=n: refs.append(images.save(picture(n % 2)))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refs) == 12
    assert len(names(images)) == 2
    assert all(images.load(ref) for ref in refs)


def test_a_picture_that_is_gone_is_not_found(images: ImageStore) -> None:
    with pytest.raises(NotFound, match="is gone"):
        images.load(ImageRef(sha256="0" * 64, width=1, height=1))


def test_what_was_saved_or_loaded_is_not_decoded_again_and_whoever_has_it_may_change_it(
    images: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = picture()
    drawn.info = {"program": "the beach", "dpi": (3, 3)}
    ref, decoded = images.save(drawn), ImageStore(images.folder)
    same = decoded.load(ref)
    for store in (images, decoded):
        monkeypatch.setattr(store, "read", lambda ref: pytest.fail("it was read again"))
        for _ in range(2):
            again = store.load(ref)
            assert (again.tobytes(), again.info) == (same.tobytes(), {"program": "the beach"})
            again.paste("red", (0, 0, 9, 9))
            again.info.clear()


def test_a_picture_that_is_gone_is_not_found_though_it_is_remembered(images: ImageStore) -> None:
    ref = images.save(picture())
    images.path(ref).unlink()
    with pytest.raises(NotFound, match="is gone"):
        images.load(ref)


@pytest.mark.parametrize("harm", [lambda data: data[:-40], lambda data: data[:60] + b"?" + data[61:], lambda data: b""])
def test_a_damaged_picture_is_refused_and_mended_by_the_next_save(images: ImageStore, harm) -> None:
    ref = images.save(picture())
    images.path(ref).write_bytes(harm(images.path(ref).read_bytes()))
    later = ImageStore(images.folder)  # which remembers nothing
    with pytest.raises(StoreError, match="is damaged"):
        later.load(ref)
    assert images.save(picture()) == ref
    assert later.load(ref).tobytes() == picture().tobytes()


def test_a_file_with_the_right_hash_that_is_no_picture_is_refused(images: ImageStore) -> None:
    ref = ImageRef(sha256=hashlib.sha256(b"text").hexdigest(), width=1, height=1)
    images.path(ref).parent.mkdir(parents=True)
    images.path(ref).write_bytes(b"text")
    with pytest.raises(StoreError, match="is damaged"):
        images.load(ref)


# ---------------------------------------------------------------- a disk that fails


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_when_the_disk_fails_at_any_call_there_is_a_whole_picture_or_none(
    images: ImageStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Lets the first ``allowed`` calls through, for every count that a save makes."""
    real, outcomes = getattr(os, call), set()
    for allowed in range(6):
        left = [allowed]

        def failing(*args: object, left: list[int] = left) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args)

        monkeypatch.setattr(module.os, call, failing)
        try:
            ref = images.save(picture(allowed))
            outcomes.add("saved")
            assert images.load(ref)
        except ReadOnly as error:
            outcomes.add("refused")
            assert "disk is full" in str(error)
        monkeypatch.setattr(module.os, call, real)
        for path, sha256 in images.files():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, "no temporary file, and no torn one"
    assert outcomes == {"saved", "refused"}


def test_a_sweep_removes_what_a_killed_process_left_and_nothing_else(images: ImageStore) -> None:
    ref = images.save(picture())
    stray, foreign = images.folder / "incoming" / "0123.part", images.folder / "notes.txt"
    stray.write_bytes(b"half a picture")
    foreign.write_text("mine")
    assert images.sweep() == 1
    assert not stray.exists()
    assert foreign.exists()
    assert images.load(ref)
    assert images.sweep() == 0


def test_looking_creates_nothing(tmp_path: Path) -> None:
    images = ImageStore(tmp_path / "images")
    assert (names(images), images.sweep()) == ([], 0)
    assert not images.folder.exists()


# ---------------------------------------------------------------- uploads


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_upload_becomes_a_picture_from_bytes_and_from_a_file(images: ImageStore, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "upload"
    file.write_bytes(encoded(picture(), kind))
    ref = images.import_upload(file)
    assert images.import_upload(file.read_bytes()) == ref
    assert images.load(ref).size == (80, 64)


def test_an_upload_is_turned_upright_and_loses_its_metadata(images: ImageStore) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned: the picture's top is at the right
    exif[0x010F] = "Maker of cameras"
    ref = images.import_upload(encoded(picture(), "JPEG", exif=exif))
    assert (ref.width, ref.height) == (64, 80)
    assert b"Maker" not in images.path(ref).read_bytes()


def test_an_upload_cannot_bring_a_program_along(images: ImageStore) -> None:
    theirs = picture()
    theirs.info["program"] = "the beach; a red balloon"
    uploaded = images.path(images.save(theirs)).read_bytes()
    assert "program" not in images.load(images.import_upload(uploaded)).info


def test_what_is_transparent_becomes_white_and_sixteen_bits_become_eight(images: ImageStore) -> None:
    clear = Image.new("RGBA", (64, 64), (200, 0, 0, 0))
    assert images.load(images.import_upload(encoded(clear))).getpixel((5, 5)) == (255, 255, 255)
    deep = Image.new("I;16", (64, 64), 0x8000)
    assert images.load(images.import_upload(encoded(deep))).getpixel((5, 5)) == (127, 127, 127)
    palette = Image.new("P", (64, 64), 0)
    assert images.load(images.import_upload(encoded(palette, transparency=0))).getpixel((5, 5)) == (255, 255, 255)


def test_a_phones_photo_with_a_second_picture_behind_it_is_taken_as_the_first(images: ImageStore) -> None:
    photo = encoded(picture(1), "MPO", save_all=True, append_images=[picture(2)])
    assert images.load(images.import_upload(photo)).size == (80, 64)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_however_the_camera_was_held_the_picture_is_upright(images: ImageStore, kind: str, orientation: int) -> None:
    """The top left corner of the scene is red; a camera writes that corner wherever its orientation says."""
    scene = Image.new("RGB", (96, 64), "white")
    scene.paste("red", (0, 0, 48, 32))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # PIL's Transpose that takes the scene to how it was written
    written = scene.transpose(Image.Transpose(turns[orientation])) if orientation in turns else scene
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = images.load(images.import_upload(encoded(written, kind, exif=exif)))
    assert upright.size == (96, 64)
    (red, green, _), (_, other, _) = upright.getpixel((12, 8)), upright.getpixel((84, 56))
    assert (red > 200, green < 60, other > 200) == (True, True, True)


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "becomes"),
    [
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("L", 7, "PNG", (7, 7, 7)),
        ("LA", (7, 255), "PNG", (7, 7, 7)),
        ("1", 1, "PNG", (255, 255, 255)),
        ("RGBA", (200, 10, 10, 255), "WEBP", (200, 10, 10)),
        ("I;16", 0xFFFF, "PNG", (255, 255, 255)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(
    images: ImageStore, mode: str, colour: object, kind: str, becomes: tuple[int, ...]
) -> None:
    ref = images.import_upload(encoded(Image.new(mode, (64, 64), colour), kind))
    with Image.open(images.path(ref)) as kept:
        assert (kept.mode, kept.size) == ("RGB", (64, 64))
        assert all(abs(one - other) < 8 for one, other in zip(kept.getpixel((5, 5)), becomes, strict=True))


def test_sixteen_bits_of_each_colour_become_eight(images: ImageStore) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0) * 64) * 64
    header = struct.pack(">2I5B", 64, 64, 16, 2, 0, 0, 0)
    deep = SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert images.load(images.import_upload(deep)).getpixel((5, 5)) == (255, 128, 0)


@pytest.mark.parametrize(
    ("upload", "says"),
    [
        (encoded(Image.new("L", (9000, 64))), "9000 × 64"),
        (encoded(Image.new("1", (5000, 5000))), "5000 × 5000"),
        (encoded(Image.new("1", (12_000, 12_000))), "12000 × 12000|too many pixels"),
        (encoded(picture(width=63, height=200)), "at least 64"),
        (encoded(picture(width=600, height=64)), "too long and narrow"),
        (encoded(picture(), "PNG", save_all=True, append_images=[picture(1)]), "2 frames"),
        (encoded(picture(), "WEBP", save_all=True, append_images=[picture(1)]), "2 frames"),
        (encoded(picture(), "GIF"), "not a picture that can be read"),
        (encoded(picture(), "TIFF"), "not a picture that can be read"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a picture that can be read"),
        (b"", "not a picture that can be read"),
        (encoded(picture())[:-60], "not a picture that can be read"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_upload_that_cannot_be_used_is_refused_in_a_sentence_and_leaves_nothing(
    images: ImageStore, upload: bytes, says: str
) -> None:
    with pytest.raises(BadImage, match=says) as refused:
        images.import_upload(upload)
    assert str(refused.value).endswith(".")
    assert names(images) == []


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_huge_picture_is_refused_without_being_decoded(images: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    side = 12_000  # 144 million pixels in 20 kB
    bomb = encoded(Image.new("1", (side, side)))
    assert len(bomb) < 150_000

    def decoded(self: ImageFile.ImageFile) -> None:
        raise AssertionError("its header should have been enough")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    with pytest.raises(BadImage, match="12000 × 12000"):
        images.import_upload(bomb)


def test_a_file_that_is_too_large_or_not_there_is_refused(images: ImageStore, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with open(large, "wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadImage, match="50 MB"):
        images.import_upload(large)
    with pytest.raises(BadImage, match="cannot be read"):
        images.import_upload(tmp_path / "gone.png")


WHOLE = [encoded(picture(), kind) for kind in ("PNG", "JPEG", "WEBP")]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=8))
def test_whatever_bytes_are_uploaded_the_answer_is_a_picture_or_bad_image(whole: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(whole)
    for at, value in changes:
        data[at % len(data)] = value
    try:
        image = uploaded(bytes(data))
    except BadImage:
        return
    assert image.mode == "RGB"


# ---------------------------------------------------------------- thumbnails


def test_a_thumbnail_fits_is_made_once_and_can_be_thrown_away(images: ImageStore) -> None:
    ref = images.save(picture(width=800, height=400))
    small = images.thumbnail(ref, 96)
    with Image.open(small) as opened:
        assert (opened.size, opened.format) == ((96, 48), "JPEG")
    made = small.stat().st_mtime_ns
    assert images.thumbnail(ref, 96) == small
    assert small.stat().st_mtime_ns == made
    assert names(images) == [images.path(ref)], "thumbnails are no pictures of the store"
    small.unlink()
    assert images.thumbnail(ref, 96).exists()


def test_a_thumbnail_that_a_power_cut_left_empty_is_made_again(images: ImageStore) -> None:
    ref = images.save(Image.new("RGB", (300, 200), "red"))
    path = images.thumbnail(ref, 96)
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert images.thumbnail(ref, 96).read_bytes() == whole


def test_a_file_that_cannot_be_swept_keeps_nobody_out(images: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    images.save(Image.new("RGB", (64, 64)))
    stray = images.folder / "incoming" / "left.part"
    stray.write_bytes(b"half")

    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as disk:
        disk.setattr(os, "unlink", refuse)
        assert images.sweep() == 0
    assert images.sweep() == 1
    assert not stray.exists()


def test_where_no_thumbnail_can_be_written_the_picture_serves(images: ImageStore) -> None:
    ref = images.save(picture())
    (images.folder / "thumbs").write_text("in the way")
    assert images.thumbnail(ref, 32) == images.path(ref)
