"""One process owns a data folder, and no two writers ever append the same fact."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.commands import Pause, Resume
from core.errors import NotFound, ReadOnly, WriteConflict
from core.events import Paused
from core.store import Store
from core.story import Story
from core.trajectory import fold
from tests.core.telling import ASKED, reopened, told

ROOT = Path(__file__).parents[2]


def twin(store: Store, story: Story) -> Story:
    """Another live object of the same story, as a second process would have it."""
    return Story(story.id, story.trajectory, story.length, sink=store.append)


def test_two_threads_cannot_both_append_fact_n(store: Store) -> None:
    story = store.create(ASKED)
    writers, start, outcomes = [twin(store, story) for _ in range(6)], threading.Barrier(6), list[str]()

    def write(writer: Story) -> None:
        start.wait()
        try:
            writer.send(Pause())
            outcomes.append("written")
        except WriteConflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["written"]
    assert [event.kind for event in store.events(story.id)] == ["opened", "paused"]


@pytest.mark.sqlite
def test_a_live_story_that_was_overtaken_is_loaded_again(store: Store) -> None:
    story = store.create(ASKED)
    twin(store, story).send(Pause())
    with pytest.raises(WriteConflict):
        story.send(Pause(now=True))
    assert not story.trajectory.paused, "what was refused has not happened"
    assert store.open_story(story.id) is not story
    assert store.open_story(story.id).trajectory.paused


def test_no_fact_can_leave_a_gap(store: Store) -> None:
    story = store.create(ASKED)
    with pytest.raises(WriteConflict):
        store.append(story.id, 3, [Paused()], fold([*store.events(story.id), Paused()]))


OTHER_PROCESS = """
import sys
from pathlib import Path
from core.commands import Pause
from core.errors import StoreError
from core.store import Store
store = Store(Path(sys.argv[1]))
print(store.read_only or "owned")
story = store.open_story(sys.argv[2])
print(len(store.page().cards), story.length)
if len(sys.argv) > 3:
    from core.story import Story
    story = Story(story.id, sink=store.append, length=1)
    story.trajectory = store.open_story(story.id).trajectory
try:
    story.send(Pause())
    print("written")
except StoreError as error:
    print(type(error).__name__, error)
"""


def other_process(store: Store, story_id: str, *more: str) -> list[str]:
    command = [sys.executable, "-c", OTHER_PROCESS, str(store.database.folder), story_id, *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.sqlite
def test_a_second_process_can_look_and_is_told_who_owns_the_folder(store: Store) -> None:
    story = store.create(ASKED)
    read_only, looked, wrote = other_process(store, story.id)
    assert f"Process {os.getpid()} has this data folder open" in read_only
    assert looked == "1 1"
    assert wrote == f"ReadOnly {read_only}"
    assert store.read_only == ""


@pytest.mark.sqlite
def test_two_processes_cannot_both_append_fact_n_even_without_the_lock(store: Store) -> None:
    story = store.create(ASKED)
    (store.database.folder / "lock").unlink()  # whoever does this gets two owners
    story.send(Resume())
    read_only, looked, wrote = other_process(store, story.id, "one fact behind")
    assert (read_only, looked) == ("owned", "1 2")
    assert wrote.startswith("WriteConflict")
    assert other_process(store, story.id)[2] == "written"
    with pytest.raises(WriteConflict):
        story.send(Pause())
    assert [event.kind for event in store.events(story.id)] == ["opened", "resumed", "paused"]


@pytest.mark.sqlite
def test_the_folder_is_free_again_when_its_owner_closes_it(store: Store) -> None:
    story = store.create(ASKED)
    with Store(store.database.folder) as second:
        assert second.read_only
    with reopened(store) as third:
        assert third.read_only == ""
        third.open_story(story.id).send(Pause())
    with pytest.raises(ReadOnly, match="closed"):
        story.send(Resume())


def test_a_reader_sees_what_the_owner_writes_meanwhile(store: Store) -> None:
    story = store.create(ASKED)
    with Store(store.database.folder, write=False) as reader:
        assert reader.open_story(story.id).length == 1
        story.send(Pause())
        assert reader.open_story(story.id).trajectory.paused
        with pytest.raises(ReadOnly):
            reader.delete(story.id)
    assert store.read_only == "", "looking takes no lock"


@pytest.mark.sqlite
def test_a_folder_that_cannot_be_locked_can_be_read(store: Store) -> None:
    story = told(store)
    store.close()
    (store.database.folder / "lock").unlink()
    (store.database.folder / "lock").mkdir()  # what refuses the lock to any user, also to root
    with Store(store.database.folder) as again:
        assert "cannot be written" in again.read_only
        assert again.card(story.id).status == "done"


def test_looking_at_a_folder_without_stories_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no stories"):
        Store(tmp_path / "none", write=False)
    assert not (tmp_path / "none").exists()
