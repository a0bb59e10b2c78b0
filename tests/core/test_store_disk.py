"""A disk that is full, locked or damaged refuses in a sentence, and what was committed stays true."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from core import images
from core.commands import Pause
from core.errors import ReadOnly, StoreError
from core.events import Failed
from core.store import Store
from core.types import MAX_TEXT
from tests.core.telling import ASKED, agents, tell, told, untimed
from train.doctor import examine


def test_a_full_disk_refuses_in_a_sentence_and_loses_nothing(store: Store) -> None:
    story = store.create(ASKED)

    @event.listens_for(store.database.engine, "begin")
    def shrink(db) -> None:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages + (2 if roomy else 0)}")

    roomy = False
    large = [Failed(task="plan", code="reply", message="x" * MAX_TEXT)] * 20
    with pytest.raises(ReadOnly, match="disk is full"):
        story.record(*large)
    assert len(store.events(story.id)) == story.length
    assert store.audit(story.id).faults == ()
    roomy = True
    story.send(Pause())
    assert store.open_story(story.id).trajectory.paused


def test_a_lock_that_is_held_too_long_refuses_in_a_sentence(store: Store) -> None:
    story = store.create(ASKED)

    @event.listens_for(store.database.engine, "checkout")
    def impatient(connection, *_) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    with sqlite3.connect(store.database.folder / "studio.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReadOnly, match="Another process is writing"):
            story.send(Pause())
        assert store.card(story.id).status == "running", "reading goes on"
        other.execute("ROLLBACK")
    other.close()
    story.send(Pause())


@pytest.mark.parametrize("harm", [b"not a database at all" * 400, None])
def test_a_damaged_database_is_said_to_be_damaged(store: Store, harm: bytes | None) -> None:
    told(store)
    store.close()
    file = store.database.folder / "studio.db"
    whole = file.read_bytes()
    file.write_bytes(harm or whole[:2048] + b"\xff" * 60_000)
    with pytest.raises(StoreError, match="damaged"), Store(store.database.folder) as again:
        again.page()


class Countdown:
    """Fails the call at which it reaches zero, and no other; never, unless it is set."""

    left = 0

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def countdown(monkeypatch: pytest.MonkeyPatch) -> Countdown:
    """Counts the calls that keep pictures; a test may let it count commits instead."""
    countdown = Countdown()

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def calling(*args: object) -> object:
            countdown.tick()
            return call(*args)

        return calling

    monkeypatch.setattr(images.os, "fsync", counted(os.fsync))
    monkeypatch.setattr(images.os, "replace", counted(os.replace))
    return countdown


def told_in(folder: Path, countdown: Countdown, of_commits: bool = False) -> list[dict]:
    """Tells the story in this folder from wherever it stands; its facts."""
    with Store(folder) as store:
        if of_commits:
            event.listen(store.database.engine, "commit", lambda _: countdown.tick())
        unfinished = store.unfinished()
        story = store.open_story(unfinished[0]) if unfinished else store.create(ASKED)
        tell(story, store.images, agents(steps=1))
        return untimed(store.events(story.id))


@pytest.mark.parametrize("of_commits", [False, True], ids=["a picture", "a commit"])
def test_when_any_write_fails_every_fact_has_its_picture_and_the_story_goes_on(
    tmp_path: Path, countdown: Countdown, of_commits: bool
) -> None:
    whole = told_in(tmp_path / "whole", Countdown() if of_commits else countdown)
    for n in range(1, 100):
        folder, countdown.left = tmp_path / f"{n}", n
        try:
            facts = told_in(folder, countdown, of_commits)
        except (ReadOnly, OSError):
            assert not (folder / "studio.db").exists() or examine(folder).faults == ()
            facts = told_in(folder, countdown)
        else:
            assert countdown.left > 0, "a failure cannot go unnoticed"
            break
        assert facts == whole
        assert examine(folder).faults == ()
    assert n > 5
