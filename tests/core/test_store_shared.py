"""Several processes share one PostgreSQL database: they tell no story twice, and see what the others do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.commands import Open, Rename
from core.errors import NotFound, ReadOnly, StoreError, WriteConflict
from core.events import Drawn
from core.scheduler import run
from core.store import Query, Store, StoryQuery
from core.store.backup import back_up
from core.store.database import ADDRESS, MARK
from core.types import Request
from tests.core import cluster
from tests.core.queues import NOON, story_of
from tests.core.telling import ASKED, agents, tell, told

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def other(shared: Store) -> Iterator[Store]:
    """The same stories, as a second process has them."""
    with Store(shared.database.folder) as opened:
        yield opened


def look(store: Store) -> None:
    """What its thread does every second."""
    assert store._company
    store._company.look()


def test_what_one_process_records_another_sees_in_its_live_story(shared: Store, other: Store) -> None:
    story = shared.create(ASKED)
    theirs = other.open_story(story.id)
    tell(story, shared.images)
    look(other)
    assert (theirs.trajectory, theirs.length) == (story.trajectory, story.length)
    assert other.open_story(story.id) is theirs


def test_a_wish_for_a_story_that_others_moved_on_is_granted_on_what_it_is_now(shared: Store, other: Store) -> None:
    story = shared.create(ASKED)
    theirs = other.open_story(story.id)
    tell(story, shared.images)
    theirs.send(Rename(title="Balloons"))
    assert theirs.length == story.length + 1
    assert theirs.trajectory.title == shared.card(story.id).title == "Balloons"
    assert theirs.trajectory.tries == story.trajectory.tries


def test_two_that_tell_one_story_at_once_draw_each_attempt_into_it_once(shared: Store, other: Store) -> None:
    alone = shared.create(ASKED)
    tell(alone, shared.images)
    story = shared.create(Open(request=ASKED.request, policy=ASKED.policy))
    tellers = [run(story, agents(), shared.images), run(other.open_story(story.id), agents(), other.images)]
    while tellers:
        tellers = [teller for teller in tellers if next(teller, None)]
    facts = shared.events(story.id)
    keys = [fact.attempt.key for fact in facts if isinstance(fact, Drawn)]
    assert len(keys) == len(set(keys)) == len(alone.trajectory.tries)
    assert [fact.kind for fact in facts] == [fact.kind for fact in shared.events(alone.id)]
    assert shared.audit(story.id).faults == ()


def test_an_id_that_another_process_took_is_not_taken_again(shared: Store, other: Store) -> None:
    shared.create(ASKED, story_id="thestory0001")
    with pytest.raises(WriteConflict):
        other.create(ASKED, story_id="thestory0001")


def test_a_story_that_is_deleted_elsewhere_is_found_nowhere_until_it_is_restored(shared: Store, other: Store) -> None:
    story = shared.create(ASKED)
    assert other.open_story(story.id)
    live = other.open_story(story.id)
    shared.delete(story.id)
    look(other)
    with pytest.raises(NotFound):
        other.open_story(story.id)
    shared.restore(story.id)
    look(other)
    assert other.open_story(story.id) is live


# ---------------------------------------------------------------- who tells


def test_a_story_is_one_processs_to_tell_until_it_lets_go(shared: Store, other: Store) -> None:
    assert shared.claim("thestory0001")
    assert shared.claim("thestory0001")
    assert not other.claim("thestory0001")
    assert other.claim("thestory0002")
    shared.release("thestory0001")
    assert other.claim("thestory0001")


TELLER = """
import sys
from pathlib import Path
from core.store import Store
store = Store(Path(sys.argv[1]))
print(store.claim(sys.argv[2]), flush=True)
sys.stdin.read()
"""


def test_the_stories_of_a_process_that_was_killed_are_others_to_tell(shared: Store) -> None:
    story = shared.create(ASKED)
    command = [sys.executable, "-c", TELLER, str(shared.database.folder), story.id]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as teller:
        assert teller.stdout
        assert teller.stdout.readline() == "True\n"
        assert not shared.claim(story.id)
        os.kill(teller.pid, signal.SIGKILL)
    while not shared.claim(story.id):  # the server hears of it in a moment
        pass
    assert shared.unfinished() == [story.id]


def test_who_lost_the_connection_has_to_claim_anew(shared: Store, other: Store, address: str) -> None:
    assert shared.claim("thestory0001")
    cluster.ask(address, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    while not other.claim("thestory0001"):
        pass
    look(shared)
    assert not shared.claim("thestory0001")
    assert shared.create(ASKED).length == 1, "and all else goes on"


# ---------------------------------------------------------------- folder and database


def test_folder_and_database_name_each_other(shared: Store, address: str, addresses: str, tmp_path: Path) -> None:
    told(shared)
    with pytest.raises(StoreError, match="another folder"):
        Store(tmp_path / "elsewhere", address=address)
    cluster.ask(address, "CREATE DATABASE second")
    second = addresses.format("second")
    with Store(tmp_path / "second", address=second) as store:
        assert store.page(StoryQuery()).cards == ()
    (tmp_path / "second" / MARK).replace(tmp_path / "mark")
    (tmp_path / "second" / MARK).write_bytes((shared.database.folder / MARK).read_bytes())
    with pytest.raises(StoreError, match="another database"):
        Store(tmp_path / "second", address=second)


def test_a_folder_says_that_its_stories_are_elsewhere(shared: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS)
    with pytest.raises(StoreError, match="set STUDIO_DATABASE"):
        Store(shared.database.folder)


def test_a_backup_of_a_shared_database_is_the_servers_own_business(shared: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        back_up(shared, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_server_that_is_not_there_is_said_in_a_sentence_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        Store(tmp_path, address=f"postgresql+psycopg://ann:secret@/studio?host={tmp_path}")
    assert isinstance(refused.value, ReadOnly)
    assert "cannot be reached" in str(refused.value)
    assert "secret" not in str(refused.value)


# ---------------------------------------------------------------- as with SQLite


def test_what_follows_from_a_row_is_the_same_in_both_databases(shared: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "file") as file:
        derived = []
        for store in (file, shared):
            story_of(store, "thestory0001", [0.5, 0.9, None, 0.1])
            taken = store.reviews.take("ann", Query(), NOON)
            assert taken
            with store.database.reading() as db:
                rows = "SELECT id, key, uncertainty, disagreement, dice FROM reviewable ORDER BY id"
                derived.append((taken.item, [tuple(row) for row in db.exec_driver_sql(rows)]))
    assert derived[0] == derived[1]


def test_a_text_that_postgresql_cannot_hold_is_kept_whole_in_its_fact(shared: Store) -> None:
    story = shared.create(Open(request=Request(text="A cat\0and a dog"), policy=ASKED.policy))
    (opened,) = shared.events(story.id)
    assert opened.request.text == "A cat\0and a dog"
    assert "dog" in shared.card(story.id).title
