"""Facts are kept whole and in order, and every row follows from them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backends.fake import Conduct
from core.commands import Open, Overrule, Pause, Redo, Rename, Resume, Undo
from core.errors import CommandError, NotFound, StoreError, WriteConflict
from core.events import EVENT, SCHEMA, Event, Failed
from core.store import Store
from core.story import Story
from core.trajectory import fold
from core.types import MAX_TEXT, Request
from tests.core.facts import KINDS, facts
from tests.core.telling import ASKED, agents, reopened, tell, told

FROZEN = [Path(__file__).parent / "fixtures" / f"facts_v{version}.jsonl" for version in range(1, SCHEMA + 1)]


def test_a_story_comes_back_from_its_facts_as_it_was(store: Store) -> None:
    story = told(store)
    events = store.events(story.id)
    with reopened(store) as again:
        assert again.events(story.id) == events
        assert again.open_story(story.id).trajectory == story.trajectory
        assert again.open_story(story.id).length == story.length == len(events)


def test_facts_after_a_number_are_those_that_came_later(store: Store) -> None:
    story = told(store)
    whole = store.events(story.id)
    assert [store.events(story.id, after) for after in (-1, 0, 4)] == [whole, whole[1:], whole[5:]]
    assert store.events(story.id, after=len(whole) - 1) == []


def test_all_threads_share_one_live_story(store: Store) -> None:
    story_id = told(store).id
    found: list[Story] = []
    threads = [threading.Thread(target=lambda: found.append(store.open_story(story_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(story) for story in found}) == 1


@pytest.mark.parametrize("story_id", ["", "nosuchstory1", "../../secrets", "UPPERCASE123", "a' OR 1=1 --"])
def test_a_story_that_is_not_there_is_not_found(store: Store, story_id: str) -> None:
    changes = (store.delete, store.restore, lambda name: store.star(name, True))
    branches = (lambda name: store.branch(name, "person:ann"), lambda name: store.duplicate(name, "person:ann"))
    for ask in (store.open_story, store.events, store.card, *changes, *branches):
        with pytest.raises(NotFound):
            ask(story_id)


def test_an_id_is_twelve_letters_and_digits_and_never_given_twice(store: Store) -> None:
    made = {store.create(ASKED).id for _ in range(20)}
    assert len(made) == 20
    assert all(len(name) == 12 and name.isalnum() and name == name.lower() for name in made)
    for name in ("../escape/..", "short", "UPPERCASE123"):
        with pytest.raises(StoreError):
            store.create(ASKED, story_id=name)
    with pytest.raises(WriteConflict):
        store.create(ASKED, story_id=made.pop())


def test_a_fact_that_cannot_be_read_is_named(store: Store) -> None:
    story = told(store)
    with store.database.writing() as db:
        db.exec_driver_sql('UPDATE event SET payload = \'{"kind": "danced"}\' WHERE seq = 2')
    with pytest.raises(StoreError, match="Fact 2 of the story"):
        store.events(story.id)


def test_a_missing_fact_is_named(store: Store) -> None:
    story = told(store)
    with store.database.writing() as db:
        db.exec_driver_sql("DELETE FROM event WHERE seq = 2")
    with pytest.raises(StoreError, match=r"Fact 2 of the story \w+ is missing"):
        store.events(story.id)


def frozen(file: Path) -> list[Event]:
    return [EVENT.validate_json(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_todays_facts_read_the_frozen_ones_of_every_kind_and_write_the_newest_as_they_are() -> None:
    assert {event.kind for event in frozen(FROZEN[-1])} == KINDS.keys()
    lines = FROZEN[-1].read_text(encoding="utf-8").splitlines()
    assert [json.loads(EVENT.dump_json(event)) for event in frozen(FROZEN[-1])] == [json.loads(line) for line in lines]


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.stem)
def test_the_frozen_facts_tell_a_story_that_can_be_stored(store: Store, file: Path) -> None:
    events = frozen(file)
    store.append("frozenfacts1", 0, events, fold(events))
    assert store.events("frozenfacts1") == events
    assert store.audit("frozenfacts1").faults == ()


@settings(max_examples=200, deadline=None)
@given(facts)
def test_every_fact_survives_json(event: Event) -> None:
    assert EVENT.validate_json(EVENT.dump_json(event)) == event


@pytest.mark.parametrize("text", ["Ein Bär 🐻 sagt „Grüß Gott“", "a\x00b\ntab\t\\\"'", "ﷺ" * 100, "x" * MAX_TEXT])
def test_whatever_a_person_writes_is_kept_to_the_letter(store: Store, text: str) -> None:
    story = store.create(Open(request=Request(text=text)))
    with reopened(store) as again:
        assert again.open_story(story.id).trajectory.request == Request(text=text)


# ---------------------------------------------------------------- projections

any_fact = st.sampled_from([Pause(), Pause(now=True), Resume(), Undo(), Redo(), Rename(title="My cat"), "judge", "fail", "tell"])


@settings(max_examples=25, deadline=None)
@given(st.lists(any_fact, max_size=6))
def test_rows_follow_from_facts_and_can_be_rebuilt_from_nothing(tmp_path_factory: pytest.TempPathFactory, acts: list) -> None:
    with Store(tmp_path_factory.mktemp("data")) as store:
        story = store.create(ASKED)
        for act in acts:
            tries = story.trajectory.tries
            if act == "tell":
                tell(story, store.images, agents(steps=1))
            elif act == "judge" and tries:
                story.send(Overrule(attempt=tries[-1].attempt.key, accepted=len(tries) % 2 == 0))
            elif act == "fail":
                key = tries[-1].attempt.key if tries else None
                story.record(Failed(task="judge" if tries else "plan", attempt=key, code="reply", message="?"))
            elif not isinstance(act, str):
                with contextlib.suppress(CommandError):
                    story.send(act)
        assert store.audit(story.id).faults == ()
        before = projected(store)
        with store.database.writing() as db:
            db.exec_driver_sql("DELETE FROM attempt")
            db.exec_driver_sql("UPDATE reviewable SET p_success = 0.123, critic = 'nobody', superseded = 1, answers = 7")
            db.exec_driver_sql("UPDATE timing SET seconds = 99")
            db.exec_driver_sql("UPDATE story SET status = 'lost', title = '', attempts = 99, failures = 99, cover = NULL")
        store.rebuild()
        assert projected(store) == before


def projected(store: Store) -> list:
    with store.database.reading() as db:
        return [
            db.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").all()
            for table in ("story", "attempt", "timing", "reviewable")
        ]


def test_failed_calls_are_counted_for_the_attempt_they_were_for(store: Store) -> None:
    story = store.create(ASKED)
    tell(story, store.images, agents(steps=1, conduct=Conduct(failures=2)))  # two of each agent's calls
    with store.database.reading() as db:
        counts = db.exec_driver_sql("SELECT failures FROM attempt ORDER BY number").scalars().all()
    assert counts[0] == 4
    assert set(counts[1:]) <= {0}
    assert store.card(story.id).failures == 6


@pytest.mark.sqlite
def test_writes_are_immediate_and_flushed_and_rows_belong_to_stories(store: Store) -> None:
    with store.database.writing() as db:
        settings = [db.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous", "foreign_keys")]
        assert settings == ["wal", 2, 1]  # 2 is FULL
        other = sqlite3.connect(store.database.folder / "studio.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
