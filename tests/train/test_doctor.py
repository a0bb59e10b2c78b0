"""The doctor names what is wrong with a data folder, says so with its exit status, and changes nothing."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from core.images import INCOMING
from core.store import Store
from core.types import Given, Request
from tests.core.telling import ASKED, agents, tell
from train.cli import app
from train.doctor import Fault, examine

ILL, WELL = "illstory0001", "wellstory001"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as it is after use: two stories on two uploads each, one deleted, thumbnails, an unused upload."""
    folder = tmp_path_factory.mktemp("example") / "data"
    with Store(folder) as store:
        for story_id, side in ((ILL, 64), (WELL, 66)):
            uploads = tuple(store.images.import_upload(_upload(size)) for size in (side, side + 1))
            story = store.create(ASKED.model_copy(update={"request": Request(text="A cat", images=uploads)}), story_id=story_id)
            tell(story, store.images, agents(steps=1))
            store.images.thumbnail(uploads[0], 32)
        store.delete(WELL)
        store.images.import_upload(_upload(68))
    return folder


@pytest.fixture
def folder(example: Path, tmp_path: Path) -> Path:
    return shutil.copytree(example, tmp_path / "data")


def _upload(side: int) -> bytes:
    data = BytesIO()
    Image.new("RGB", (side, side), "red").save(data, "PNG")
    return data.getvalue()


def content(folder: Path, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in without)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def lasting(folder: Path) -> dict[str, bytes]:
    """The content without SQLite's two scratch files, which it makes for whoever looks; all rows are in the other one."""
    wal = folder / "studio.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0
    return content(folder, without=(wal.name, "studio.db-shm"))


def diagnose(folder: Path) -> tuple[int, str]:
    """What the command says: the exit status, and stdout."""
    done = CliRunner().invoke(app, ["doctor", "--data", str(folder)], env={"COLUMNS": "300"})
    return done.exit_code, done.stdout


# ---------------------------------------------------------------- harm


#: Where the ill story names a picture; nothing is drawn on the first of its uploads.
DRAWN = "SELECT image FROM attempt WHERE story_id = ? AND number = 0"
UPLOADED = "SELECT json_extract(payload, '$.request.images[0].sha256') FROM event WHERE story_id = ? AND seq = 0"


def file_of(picture: str, folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "studio.db")) as db:
        (sha256,) = db.execute(picture, (ILL,)).fetchone()
    return folder / "images" / sha256[:2] / f"{sha256}.png"


def lost(picture: str) -> Callable[[Path], None]:
    return lambda folder: file_of(picture, folder).unlink()


def altered(folder: Path) -> None:
    file = file_of(DRAWN, folder)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def emptied(folder: Path) -> None:
    file_of(DRAWN, folder).write_bytes(b"")


def stray(name: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        path = folder / "images" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"?")

    return put


def misplaced(folder: Path) -> None:
    file = file_of(DRAWN, folder)
    (folder / "images" / "zz").mkdir()
    shutil.copy(file, folder / "images" / "zz")


def half_written(age: float) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        path = folder / "images" / INCOMING / "0123.part"
        path.write_bytes(b"\x89PNG")
        os.utime(path, (time.time() - age,) * 2)

    return put


def sql(statement: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "studio.db")) as db, db:
            assert db.execute(statement.replace("ILL", f"'{ILL}'")).rowcount > 0

    return change


PICTURE = r"images/[0-9a-f]{2}/[0-9a-f]{64}\.png"
LAST = "(SELECT max(seq) FROM event WHERE story_id = ILL)"
HARMS = {
    "a drawn picture is gone": (lost(DRAWN), f"story {ILL}", "Its picture [0-9a-f]{64} is missing"),
    "the request's picture is gone": (lost(UPLOADED), f"story {ILL}", "Its picture [0-9a-f]{64} is missing"),
    "one bit of a picture": (altered, PICTURE, "damaged"),
    "an empty picture": (emptied, PICTURE, "damaged"),
    "a stray file": (stray("notes.txt"), "images/notes.txt", "no picture of the studio's"),
    "a stray file in a folder": (stray("ab/notes.png"), "images/ab/notes.png", "no picture of the studio's"),
    "a picture in the wrong folder": (misplaced, PICTURE.replace("[0-9a-f]{2}", "zz"), "no picture of the studio's"),
    "a half-written picture": (half_written(age=3600), "images/incoming/0123.part", "half written"),
    "a story's row": (sql("UPDATE story SET attempts = 99 WHERE id = ILL"), f"story {ILL}", "says attempts 99, its facts say"),
    "an attempt's row": (
        sql("UPDATE attempt SET seed = 1 WHERE story_id = ILL AND number = 0"),
        f"story {ILL}",
        "attempt 0 at s1",
    ),
    "an attempt's row is gone": (sql("DELETE FROM attempt WHERE story_id = ILL AND number = 0"), f"story {ILL}", "is missing"),
    "how long a call took": (
        sql("UPDATE timing SET seconds = 99 WHERE story_id = ILL AND seq = 1"),
        f"story {ILL}",
        "what fact 1 took",
    ),
    "a fact's kind": (
        sql("UPDATE event SET kind = 'failed' WHERE story_id = ILL AND seq = 1"),
        f"story {ILL}",
        "Fact 1 is filed as",
    ),
    "a fact's text": (
        sql("UPDATE event SET payload = '{}' WHERE story_id = ILL AND seq = 1"),
        f"story {ILL}",
        "Fact 1 .*be read",
    ),
    "a fact's bytes": (
        sql("UPDATE event SET payload = CAST(x'ff' AS TEXT) WHERE story_id = ILL"),
        f"story {ILL}",
        "cannot be read",
    ),
    "a row's date": (sql("UPDATE story SET updated_at = 'noon' WHERE id = ILL"), f"story {ILL}", "cannot be read: .*noon"),
    "the first fact is gone": (sql("DELETE FROM event WHERE story_id = ILL AND seq = 0"), f"story {ILL}", "Fact 0 .*is missing"),
    "a fact is gone": (sql("DELETE FROM event WHERE story_id = ILL AND seq = 2"), f"story {ILL}", "Fact 2 .*is missing"),
    "the last fact is gone": (
        sql(f"DELETE FROM event WHERE story_id = ILL AND seq = {LAST}"),
        f"story {ILL}",
        "facts say 'running'",
    ),
    "all facts are gone": (sql("DELETE FROM event WHERE story_id = ILL"), f"story {ILL}", "Its first fact does not open it"),
    "a story is gone": (sql("DELETE FROM story WHERE id = ILL"), "database", "table event belongs to no story"),
}


@pytest.mark.parametrize(("harm", "where", "what"), HARMS.values(), ids=HARMS)
def test_each_fault_is_named_with_its_place_and_nothing_else_is_blamed_or_changed(
    folder: Path, harm: Callable[[Path], None], where: str, what: str
) -> None:
    harm(folder)
    before = lasting(folder)
    faults = examine(folder).faults
    assert faults
    assert all(re.fullmatch(where, fault.where) for fault in faults), faults
    assert any(re.search(what, fault.what) for fault in faults), faults
    status, said = diagnose(folder)
    assert status == 1
    assert said.count(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}:") == 1
    assert all(fault.where in said and fault.what.split("\ufffd")[0] in said for fault in faults)
    assert lasting(folder) == before


def test_several_faults_are_all_found_at_once(folder: Path) -> None:
    for name in ("a drawn picture is gone", "a stray file", "a half-written picture", "a story's row"):
        HARMS[name][0](folder)
    assert sorted(fault.where for fault in examine(folder).faults) == [
        "images/incoming/0123.part",
        "images/notes.txt",
        f"story {ILL}",
        f"story {ILL}",
    ]


@pytest.mark.parametrize("kind", ["given", "references"])
def test_every_picture_that_a_request_names_is_looked_for(tmp_path: Path, kind: str) -> None:
    with Store(tmp_path / "data") as store:
        upload = store.images.import_upload(_upload(64))
        named = {"given": (Given(image=upload),)} if kind == "given" else {"references": (upload,)}
        store.create(ASKED.model_copy(update={"request": Request(text="A cat", **named)}))
        assert examine(tmp_path / "data").unnamed == 0
        store.images.path(upload).unlink()
        assert [fault.what for fault in examine(tmp_path / "data").faults] == [f"Its picture {upload.sha256} is missing."]


# ---------------------------------------------------------------- health


def test_a_healthy_folder_is_healthy_and_all_of_it_is_examined(folder: Path) -> None:
    half_written(age=0)(folder)  # by somebody who is still writing
    before, watched = lasting(folder), list[str]()

    def watch(story_ids: list[str]) -> Iterator[str]:
        for story_id in story_ids:
            watched.append(story_id)
            yield story_id

    report = examine(folder, watch)
    pictures = list((folder / "images").glob("??/*.png"))
    with closing(sqlite3.connect(folder / "studio.db")) as db:
        facts = db.execute("SELECT count(*) FROM event").fetchone()[0]
    assert (report.faults, sorted(watched)) == ((), [ILL, WELL])
    assert (report.stories, report.facts, report.pictures, report.unnamed) == (2, facts, len(pictures), 1)
    status, said = diagnose(folder)
    assert status == 0
    assert said.startswith(f"Healthy: 2 stories, {facts} facts, {len(pictures)} pictures.\n1 of the pictures are in no story")
    assert lasting(folder) == before


def test_it_works_while_another_has_the_folder_open_and_sees_what_is_written_meanwhile(folder: Path) -> None:
    with Store(folder) as owner:
        tell(owner.create(ASKED), owner.images)
        report = examine(folder)
        assert (report.stories, report.faults, owner.read_only) == (3, (), "")
        tell(owner.create(ASKED), owner.images)
    assert examine(folder).stories == 4


def test_it_works_where_nothing_may_be_written_and_leaves_no_file_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered(folder)
    before = content(folder)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # root may write in spite of the mode
    folder.chmod(0o555)
    try:
        assert [fault.what for fault in examine(folder).faults] == ["It is damaged: its content is not what its name says."]
        assert diagnose(folder)[0] == 1
    finally:
        folder.chmod(0o755)
    assert content(folder) == before


def test_a_folder_that_cannot_be_examined_is_refused_in_one_sentence_and_not_made(tmp_path: Path, folder: Path) -> None:
    (folder / "studio.db").write_bytes(b"no database" * 1000)
    for data, says in ((tmp_path / "none", "There are no stories in the folder 'none'."), (folder, "restore it from a copy.")):
        done = CliRunner().invoke(app, ["doctor", "--data", str(data)])
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.endswith(f"{says}\n")
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_what_is_quoted_from_the_folder_is_shown_to_the_letter(folder: Path) -> None:
    name = "notes[red].png"
    stray(f"ab/{name}")(folder)
    assert examine(folder).faults[0] == Fault(f"images/ab/{name}", "It is no picture of the studio's; move it elsewhere.")
    assert f"images/ab/{name}" in diagnose(folder)[1]
