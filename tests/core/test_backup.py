"""Laws of backups: made while others write, whole at every moment, believed only after a check, and never in another's place."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from core.errors import StoreError
from core.scheduler import run as telling
from core.store import Store, migrations
from core.store.backup import back_up, manifest_of, restoring
from core.store.backup.manifest import Copied, Counts, Manifest
from core.types import Request
from tests.core.telling import ASKED, agents, tell
from train.cli import app
from train.doctor import examine

ROOT = Path(__file__).parents[2]
FIRST = "firststory01"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a studio's data after use, and its backup of an earlier moment."""
    folder = tmp_path_factory.mktemp("example")
    with Store(folder / "data") as store:
        upload = store.images.import_upload(encoded(64))
        story = store.create(ASKED.model_copy(update={"request": Request(text="A cat", images=(upload,))}), story_id=FIRST)
        tell(story, store.images, agents(steps=1))
        back_up(store, folder / "before")
        tell(store.create(ASKED), store.images, agents(steps=1))
        store.delete(store.ids()[1])
        store.images.thumbnail(upload, 32)
    (folder / "data" / "scores.jsonl").write_text('{"case": "of a judge"}\n')
    for passing in ("exports", "imports"):
        (folder / "data" / passing).mkdir()
        (folder / "data" / passing / "passing.part").write_text("?")
    return folder


@pytest.fixture
def folder(example: Path, tmp_path: Path) -> Path:
    return shutil.copytree(example, tmp_path / "example")


def encoded(side: int) -> bytes:
    data = BytesIO()
    Image.new("RGB", (side, side), "red").save(data, "PNG")
    return data.getvalue()


def run(*words: object) -> Result:
    return CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "300"})


def backed_up(folder: Path, name: str = "before") -> Manifest:
    with Store(folder / "data", write=False) as store:
        return back_up(store, folder / name)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def facts(data: Path) -> dict[str, list[str]]:
    with Store(data, write=False) as store:
        restored = {story: store.audit(story) for story in store.ids()}
    assert all(audit.faults == () for audit in restored.values())
    with closing(sqlite3.connect(data / "studio.db")) as db:
        rows = db.execute("SELECT story_id, payload FROM event ORDER BY story_id, seq").fetchall()
    return {story: [payload for owner, payload in rows if owner == story] for story in restored}


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole(backup: Path) -> bool:
    """Whether all that the manifest names is there, to the letter."""
    manifest = manifest_of(backup)
    named = [*manifest.pictures, *(file.sha256 for file in manifest.files.values())]
    there = {sha256_of(path) for part in ("pictures", "files") for path in (backup / part).rglob("*") if path.is_file()}
    return there.issuperset(named)


def verified(backup: Path) -> bool:
    return run("backup", "--verify", backup).exit_code == 0


# ---------------------------------------------------------------- health


def test_what_is_restored_is_all_that_was_there_but_what_can_be_made_again(folder: Path) -> None:
    done = run("backup", folder / "before", "--data", folder / "data")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 stories, ")
    assert verified(folder / "before")
    done = run("restore", folder / "before", "--data", folder / "new")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Healthy: 2 stories, ")
    assert facts(folder / "new") == facts(folder / "data")
    pictures = {name: data for name, data in content(folder / "data" / "images").items() if not name.startswith("thumbs")}
    assert content(folder / "new" / "images") == pictures
    assert (folder / "new" / "scores.jsonl").read_bytes() == (folder / "data" / "scores.jsonl").read_bytes()
    assert {path.name for path in (folder / "new").iterdir()} == {"studio.db", "images", "scores.jsonl"}
    with Store(folder / "new") as store:
        assert store.read_only == ""
        assert [card.id for card in store.page().cards] == [FIRST], "what was deleted is, and can come back"


def test_a_backup_of_any_moment_is_sound_and_holds_the_facts_up_to_it(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        story, lengths = store.create(ASKED), list[int]()
        for number, _ in enumerate(telling(story, agents(), store.images)):
            if number % 2 == 0:
                lengths.append(story.length)
                manifest = backed_up(tmp_path)
                assert manifest.counts == Counts(stories=1, facts=story.length, reviews=0)
                if number % 10 == 0:
                    with restoring(tmp_path / "before", manifest, tmp_path / f"new{number}") as staging:
                        assert examine(staging).faults == ()
        assert len(set(lengths)) > 5
        assert store.read_only == "", "the studio had its folder all the time"
        events = store.events(story.id)
    with Store(tmp_path / "new10", write=False) as then:
        assert then.events(story.id) == events[: lengths[5]]


def test_a_second_backup_copies_only_what_is_new_and_nothing_is_a_link(folder: Path) -> None:
    def of(name: str) -> dict[str, os.stat_result]:
        return {path.name: path.stat() for path in (folder / name).glob("??/*.png")}

    before, source = of("before/pictures"), of("data/images")
    backed_up(folder)
    after = of("before/pictures")
    assert before.keys() < after.keys() == source.keys()
    assert all((after[name].st_ino, after[name].st_mtime_ns) == (old.st_ino, old.st_mtime_ns) for name, old in before.items())
    assert all(after[name].st_nlink == 1 and after[name].st_ino != source[name].st_ino for name in after)
    files = content(folder / "before")
    backed_up(folder)
    again = content(folder / "before")
    assert {name for name in files if again[name] != files[name]} == {"backup.json"}, "which says when"
    assert files.keys() == again.keys()


# ---------------------------------------------------------------- kills and full disks


def killed(folder: Path, *words: str) -> int:
    """How many stages there were at each of which a process was killed; the next one came through."""
    command = [sys.executable, "-m", "tests.core.dying_copies", str(folder), *words]
    ends = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert ends == [str(-signal.SIGKILL)] * (len(ends) - 1) + ["0"]
    return len(ends) - 1


def test_killed_at_any_stage_the_backup_before_holds_and_the_next_one_goes_on(folder: Path) -> None:
    stages = killed(folder)
    assert stages > 10
    earlier, through = manifest_of(folder / "before"), manifest_of(folder / f"back{stages + 1}")
    for number in range(1, stages + 1):
        backup = folder / f"back{number}"
        assert manifest_of(backup).counts in (earlier.counts, through.counts)
        assert whole(backup)
        again = backed_up(folder, backup.name)
        assert (again.files, again.pictures) == (through.files, through.pictures)
        assert whole(backup)
        assert {path.name for path in backup.iterdir()} == {"backup.json", "files", "pictures"}
        assert len(list((backup / "files").iterdir())) == len(through.files), "nothing of the one before is left"
    assert verified(folder / "back1")
    assert verified(folder / f"back{stages}")


def test_killed_at_any_stage_a_restore_leaves_nothing_under_the_new_name_and_goes_on(folder: Path) -> None:
    stages = killed(folder, "restore")
    assert stages > 5
    manifest, through = manifest_of(folder / "before"), content(folder / f"new{stages + 1}")
    for number in range(1, stages + 1):
        new = folder / f"new{number}"
        if not new.exists():
            with restoring(folder / "before", manifest, new):
                pass
        assert content(new) == through
        assert not list(folder.glob(f".new{number}.*"))
    assert facts(folder / "new1").keys() == {FIRST}


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_said_in_a_sentence_at_any_write_and_then_it_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    original, left = getattr(os, call), 0

    def counted(*args: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*args)

    monkeypatch.setattr(os, call, counted)
    for number in range(1, 50):
        left = number
        done = run("backup", folder / "next", "--data", folder / "data")
        if left > 0:
            break
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.strip().endswith("its disk is full. Free some space, and run the same command again to go on.")
    assert done.exit_code == 0
    assert number > 3
    left = 0  # no more of it
    assert verified(folder / "next")


# ---------------------------------------------------------------- refusals


def inside(folder: Path) -> Path:
    return folder / "data" / "backup"


def itself(folder: Path) -> Path:
    return folder / "data" / "images" / ".." / ".." / "data"


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("mine")
    return folder / "file"


def other_things(folder: Path) -> Path:
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("mine")
    return folder / "mine"


def another_data_folder(folder: Path) -> Path:
    Store(folder / "other").close()
    return folder / "other"


def of_another_studio(folder: Path) -> Path:
    with Store(folder / "other") as store:
        tell(store.create(ASKED), store.images)
        back_up(store, folder / "theirs")
    return folder / "theirs"


def of_a_newer_state(folder: Path) -> Path:
    shutil.copytree(folder / "data", folder / "later" / "data")
    with Store(folder / "later" / "data") as store:
        store.open_story(FIRST).record(*store.events(FIRST)[-1:])
        back_up(store, folder / "newer")
    return folder / "newer"


def damaged_backup(folder: Path) -> Path:
    damage_database(folder / "before")
    return folder / "before"


REFUSALS = {
    "inside the data folder": (inside, "would be lost with it"),
    "the data folder": (itself, "would be lost with it"),
    "a file": (a_file, "is a file"),
    "a folder of other things": (other_things, "holds other things ('letter.txt')"),
    "another data folder": (another_data_folder, "is a studio's data folder"),
    "a backup of another studio": (of_another_studio, "another studio's"),
    "a backup of a newer state": (of_a_newer_state, "a newer state"),
    "a damaged backup": (damaged_backup, "keep what is there"),
}


@pytest.mark.parametrize(("place", "says"), REFUSALS.values(), ids=REFUSALS)
def test_no_backup_takes_the_place_of_anything_else(folder: Path, place: Callable[[Path], Path], says: str) -> None:
    target = place(folder)
    before = content(folder)
    done = run("backup", target, "--data", folder / "data")
    assert (done.exit_code, done.stdout) == (1, "")
    assert says in done.stderr
    scratch = ("data/studio.db-shm", "data/studio.db-wal")  # which SQLite makes for whoever looks
    assert {name: data for name, data in content(folder).items() if name not in scratch} == before


def test_two_backups_into_one_folder_do_not_meet(folder: Path) -> None:
    said = list[str]()

    def meanwhile(done: int, of: int) -> None:
        said.append(run("backup", folder / "before", "--data", folder / "data").stderr)

    with Store(folder / "data", write=False) as store:
        back_up(store, folder / "before", meanwhile)
    assert all("Another process is writing to the folder 'before'" in line for line in said)
    assert verified(folder / "before")


# ---------------------------------------------------------------- harm


def a_picture(backup: Path) -> Path:
    return next(iter(sorted((backup / "pictures").glob("??/*.png"))))


def alter_picture(backup: Path) -> None:
    data = bytearray(a_picture(backup).read_bytes())
    data[-20] ^= 1
    a_picture(backup).write_bytes(data)


def damage_database(backup: Path) -> None:
    path = backup / "files" / manifest_of(backup).database.sha256
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def lose_database(backup: Path) -> None:
    (backup / "files" / manifest_of(backup).database.sha256).unlink()


def tear_manifest(backup: Path) -> None:
    path = backup / "backup.json"
    path.write_bytes(path.read_bytes()[:-30])


def change_manifest(**changes: object) -> Callable[[Path], None]:
    def change(backup: Path) -> None:
        path = backup / "backup.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def a_fact_is_gone(backup: Path) -> None:
    """A backup whose manifest agrees with a database that is not sound."""
    manifest = manifest_of(backup)
    path = backup / "files" / manifest.database.sha256
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM event WHERE seq = 1")
    copy = Copied(sha256=sha256_of(path), bytes=path.stat().st_size)
    path.rename(backup / "files" / copy.sha256)
    (backup / "backup.json").write_bytes(manifest.model_copy(update={"files": {"studio.db": copy}}).json_bytes())


ELSEWHERE = {"studio.db": {"sha256": "../../data/studio.db", "bytes": 1}}
HARMS = {
    "a bit of a picture": (alter_picture, "missing or damaged"),
    "a picture is gone": (lambda backup: a_picture(backup).unlink(), "missing or damaged"),
    "a byte of the database": (damage_database, "copy of studio.db is missing or damaged"),
    "the database is gone": (lose_database, "copy of studio.db is missing or damaged"),
    "a torn manifest": (tear_manifest, "This is no backup"),
    "no manifest": (lambda backup: (backup / "backup.json").unlink(), "no whole backup"),
    "a manifest of something else": (change_manifest(format="zip"), "malformed at format"),
    "newer tables": (change_manifest(tables=10_000), "A newer version of the studio"),
    "newer facts": (change_manifest(facts_schema=10_000), "A newer version of the studio"),
    "no database is named": (change_manifest(files={}), "names no database"),
    "a file from elsewhere": (change_manifest(files=ELSEWHERE), "malformed at files"),
    "a picture from elsewhere": (change_manifest(pictures={"../../secret": 1}), "malformed at pictures"),
    "a fact is gone": (a_fact_is_gone, "Nothing was restored"),
}


@pytest.mark.parametrize(("harm", "says"), HARMS.values(), ids=HARMS)
def test_whatever_is_wrong_with_a_backup_is_found_and_nothing_appears_under_the_new_name(
    folder: Path, harm: Callable[[Path], None], says: str
) -> None:
    harm(folder / "before")
    before = content(folder)
    assert not verified(folder / "before")
    done = run("restore", folder / "before", "--data", folder / "new")
    assert done.exit_code == 1
    assert says in done.stderr
    assert content(folder) == before, "and nothing stays behind"


@pytest.mark.parametrize("name", ["data", "mine", "file"])
def test_a_restore_writes_over_nothing(folder: Path, name: str) -> None:
    other_things(folder), a_file(folder)
    before = content(folder)
    done = run("restore", folder / "before", "--data", folder / name)
    assert (done.exit_code, content(folder)) == (1, before)
    assert "nothing is ever written over" in done.stderr


def test_what_appears_under_the_new_name_meanwhile_stays(folder: Path) -> None:
    def restored() -> None:
        with restoring(folder / "before", manifest_of(folder / "before"), folder / "new"):
            (folder / "new").mkdir()
            (folder / "new" / "studio.db").write_text("somebody's")

    with pytest.raises(StoreError, match="cannot be written"):
        restored()
    assert content(folder / "new") == {"studio.db": b"somebody's"}
    assert not list(folder.glob(".new.*"))


def test_a_picture_that_was_damaged_before_is_left_out_and_named_unless_the_backup_has_it_whole(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "studio.db")) as db:
        drawn = [sha256 for (sha256,) in db.execute("SELECT image FROM attempt ORDER BY story_id = ? DESC", (FIRST,))]
    kept, lost = drawn[0], drawn[-1]
    for sha256 in (kept, lost):
        (folder / "data" / "images" / sha256[:2] / f"{sha256}.png").write_bytes(b"spoilt by the disk")
    done = run("backup", folder / "before", "--data", folder / "data")
    assert done.exit_code == 1
    assert done.stderr.count(f"damaged in the data folder: picture {lost}.") == 1
    assert kept not in done.stderr
    refused = run("restore", folder / "before", "--data", folder / "new")
    assert refused.exit_code == 1
    assert f"Its picture {lost} is missing." in refused.stdout
    assert not (folder / "new").exists()
    assert run("restore", folder / "before", "--data", folder / "new", "--despite-faults").exit_code == 0
    assert [fault.what for fault in examine(folder / "new").faults] == [f"Its picture {lost} is missing."]


@pytest.mark.parametrize("harm", [alter_picture, lambda backup: a_picture(backup).unlink()], ids=["a bit", "all of it"])
def test_a_picture_that_the_backups_disk_has_spoilt_is_mended_by_the_next_backup(
    folder: Path, harm: Callable[[Path], None]
) -> None:
    backed_up(folder)
    harm(folder / "before")
    assert not verified(folder / "before")
    backed_up(folder)
    assert verified(folder / "before")
    assert whole(folder / "before")


def test_a_backup_of_an_older_version_is_brought_up_to_date_in_the_copy_alone(tmp_path: Path) -> None:
    made = tmp_path / "old" / "made.db"
    made.parent.mkdir()
    with closing(sqlite3.connect(made)) as db, db:
        rows = (ROOT / "tests" / "core" / "fixtures" / "database_v1.sql").read_text(encoding="utf-8")
        db.executescript(migrations.FIRST_TABLES + rows + "PRAGMA user_version = 1;")
        stories = {story for (story,) in db.execute("SELECT id FROM story")}
    copy = Copied(sha256=sha256_of(made), bytes=made.stat().st_size)
    (tmp_path / "old" / "files").mkdir()
    made.rename(tmp_path / "old" / "files" / copy.sha256)
    manifest = Manifest(
        tables=1,
        facts_schema=1,
        counts=Counts(stories=len(stories), facts=1, reviews=0),
        files={"studio.db": copy},
        pictures={},
    )
    (tmp_path / "old" / "backup.json").write_bytes(manifest.json_bytes())
    before = content(tmp_path)
    said = run("backup", "--verify", tmp_path / "old").stdout
    assert said.count("Its picture") == 3, "it is read as today's, and lacks its pictures"
    assert content(tmp_path) == before
    with restoring(tmp_path / "old", manifest, tmp_path / "new"):
        pass
    with Store(tmp_path / "new", write=False) as store:
        assert set(store.ids()) == stories
    assert {name: data for name, data in content(tmp_path).items() if name.startswith("old")} == before
