"""No zip file is believed: whatever is wrong with one is said in a sentence before it is unpacked, and nothing is kept."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import BadFile
from core.store import Store
from core.storyfile import archive, import_story
from tests.core.storyfile.boxes import a_picture, box, kept, parts, refused
from tests.core.test_images import encoded, picture

FACTS, MANIFEST = "facts.jsonl", "manifest.json"


# ---------------------------------------------------------------- the zip file


def typed(name: str, kind: int) -> ZipInfo:
    info = ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    return info


STRANGERS = [
    "../x",
    "../../pictures/" + "a" * 64 + ".png",
    "/etc/passwd",
    "C:\\x.png",
    "pictures/",
    "pictures/../facts.jsonl",
    "pictures/" + "a" * 64 + ".PNG",
    "pictures/" + "a" * 63 + "/.png",
    "pictures/" + "a" * 64 + ".png\n",
    "PICTURES/" + "a" * 64 + ".png",
    "Facts.jsonl",
    "facts.jsonl ",
    "notes.txt",
    "x" * 5000,
]


@pytest.mark.parametrize("name", STRANGERS, ids=lambda name: name[:12])
def test_an_entry_that_is_no_part_of_a_story_is_refused_by_its_name(store: Store, good: Path, tmp_path: Path, name: str) -> None:
    refused(store, box(tmp_path / "bad.zip", [*parts(good).items(), (name, b"x")]), "no part of a story")
    assert not (tmp_path / "x").exists()


def test_a_name_with_a_zero_byte_is_not_what_it_seems(store: Store, good: Path, tmp_path: Path) -> None:
    file = box(tmp_path / "bad.zip", [*parts(good).items(), ("facts.jsonlxhidden", b"x")])
    file.write_bytes(file.read_bytes().replace(b"facts.jsonlxhidden", b"facts.jsonl\0hidden"))
    refused(store, file, "no part of a story")


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR], ids=["link", "folder", "pipe", "device"]
)
def test_an_entry_that_is_no_plain_file_is_refused(store: Store, good: Path, tmp_path: Path, kind: int) -> None:
    whole = parts(good)
    name = a_picture(whole)
    entries = [(typed(name, kind) if entry == name else entry, data) for entry, data in whole.items()]
    refused(store, box(tmp_path / "bad.zip", entries), "is a link")


@pytest.mark.parametrize("which", [MANIFEST, FACTS, "picture"])
def test_an_entry_that_is_there_twice_is_refused(store: Store, good: Path, tmp_path: Path, which: str) -> None:
    whole = parts(good)
    name = a_picture(whole) if which == "picture" else which
    with pytest.warns(UserWarning, match="Duplicate"):
        file = box(tmp_path / "bad.zip", [*whole.items(), (name, whole[name])])
    refused(store, file, "twice")


def test_an_encrypted_entry_is_refused(store: Store, good: Path, tmp_path: Path) -> None:
    file = box(tmp_path / "bad.zip", parts(good))
    data = bytearray(file.read_bytes())
    at = data.rindex(b"PK\x01\x02")  # the directory's last entry; its flags are 8 bytes on
    data[at + 8] |= 1
    file.write_bytes(data)
    refused(store, file, "is encrypted")


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_an_unusual_way_is_refused(store: Store, good: Path, tmp_path: Path, packing: int) -> None:
    refused(store, box(tmp_path / "bad.zip", parts(good), packing), "packed in a way")


def test_a_bomb_is_refused_before_it_is_unpacked(store: Store, good: Path, tmp_path: Path) -> None:
    bomb = {**parts(good), FACTS: b" " * (32 * 2**20)}
    refused(store, box(tmp_path / "bad.zip", bomb, zipfile.ZIP_DEFLATED), "more than 200 times its size")


def test_an_entry_that_is_too_large_is_refused_before_it_is_read(store: Store, good: Path, tmp_path: Path) -> None:
    large = {**parts(good), MANIFEST: b" " * (2 * 2**20 + 1)}
    refused(store, box(tmp_path / "bad.zip", large), "manifest.json has 2097153 bytes; it may have 2097152")


def test_too_many_bytes_in_all_are_refused(store: Store, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL", sum(map(len, parts(good).values())) - 1)
    refused(store, good, "unpacks to more than")


@pytest.mark.parametrize("honest", [True, False], ids=["as it says", "more than it says"])
def test_too_many_entries_are_refused(
    store: Store, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, honest: bool
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 9)
    file = box(tmp_path / "bad.zip", {**parts(good), **{f"pictures/{n:064}.png": b"" for n in range(20)}})
    if not honest:
        data = file.read_bytes()
        file.write_bytes(data[:-14] + struct.pack("<2H", 3, 3) + data[-10:])
    refused(store, file, "entries")


def test_a_directory_of_millions_is_not_even_read(
    store: Store, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, opened = good.read_bytes(), list[object]()
    monkeypatch.setattr(archive, "ZipFile", lambda file: opened.append(file) or ZipFile(file))
    many = struct.pack("<2HL", 0xFFFF, 0xFFFF, 0xFFFFFFFF)
    locator = archive.LARGE_SIGNATURE + bytes(16)
    for number, tail in enumerate((data[:-14] + many + data[-6:], data[:-22] + locator + data[-22:], data + b"more")):
        file = tmp_path / f"{number}.zip"
        file.write_bytes(tail)
        refused(store, file, "entries|not a story file")
    assert opened == []


@pytest.mark.parametrize("says", [1, 10**6], ids=["less", "more"])
def test_an_entry_that_lies_about_its_size_is_damaged(store: Store, good: Path, tmp_path: Path, says: int) -> None:
    file = box(tmp_path / "bad.zip", parts(good), zipfile.ZIP_DEFLATED)
    data = bytearray(file.read_bytes())
    at = data.index(FACTS.encode(), data.index(b"PK\x01\x02")) - 46
    data[at + 24 : at + 28] = struct.pack("<L", says)
    file.write_bytes(data)
    refused(store, file, "damaged|times its size")


def test_what_is_no_zip_file_is_no_story_file(store: Store, tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"PK", b"not a zip" * 100, encoded(picture()), b"PK\x05\x06" + bytes(18))):
        file = tmp_path / str(number)
        file.write_bytes(data)
        refused(store, file, "not a story file|not whole")
    refused(store, tmp_path / "none", "cannot be read: No such file")
    refused(store, tmp_path, "cannot be read: Is a directory")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_happens_to_a_file_it_is_refused_or_as_good_as_before(store: Store, good: Path, data: st.DataObject) -> None:
    whole = bytearray(good.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = store.database.folder / "spoilt"
    file.write_bytes(whole[: data.draw(st.sampled_from([len(whole), len(whole) // 2, len(whole) - 1]))])
    before = kept(store)
    try:
        new_id = import_story(store, file, "person:eve")
    except BadFile:
        assert kept(store) == before
    else:
        assert store.audit(new_id).faults == ()
        assert store.card(new_id).attempts == parts(good)[FACTS].count(b'"kind":"drawn"')
