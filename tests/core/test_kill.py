"""``kill -9`` at any stage loses at most the call in flight: the story goes on and ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import StoreError
from core.store import Store
from tests.core.mortal import STORY, logged_agents, noted, story_in
from tests.core.telling import tell, untimed
from train.doctor import examine

ROOT = Path(__file__).parents[2]


class Mortals:
    """Starts processes that tell stories until they are killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.core.mortal"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, folder: Path, fatal: int = 0, seconds: float = 0.0) -> int:
        """Begins to tell the folder's story; the process's id."""
        folder.mkdir(exist_ok=True)
        assert self._parent.stdin
        self._parent.stdin.write(f"{folder}\t{fatal}\t{seconds}\n")
        self._parent.stdin.flush()
        return self._read()

    def end(self) -> int:
        """How the process ended: 0, or the negative number of the signal."""
        return self._read()

    def close(self) -> None:
        self._parent.communicate()

    def _read(self) -> int:
        assert self._parent.stdout
        return int(self._parent.stdout.readline())


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    started = Mortals()
    yield started
    started.close()


def resumed(folder: Path) -> list[dict]:
    """The facts after the story has been told to its end by this process."""
    with Store(folder / "data") as store:
        story = story_in(store)
        tell(story, store.images, logged_agents(folder))
        return untimed(store.events(STORY))


def is_sound(folder: Path) -> bool:
    """Whether the doctor finds nothing; also where the folder was not even made."""
    try:
        return examine(folder / "data").faults == ()
    except StoreError:
        return not (folder / "data" / "studio.db-wal").exists() or story_count(folder) == 0


def story_count(folder: Path) -> int:
    with Store(folder / "data") as store:
        return len(store.ids())


def test_killed_at_every_stage_the_story_ends_the_same_and_only_the_call_in_flight_is_repeated(
    mortals: Mortals, tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    mortals.start(whole)
    assert mortals.end() == 0
    facts, stages, calls = resumed(whole), noted(whole / "stages"), noted(whole / "calls")
    assert {"before fsync", "after rename", "before commit", "after append", "TextDelta", "StepProgress"} <= set(stages)
    for fatal, name in enumerate(stages, start=1):
        folder = tmp_path / f"{fatal}"
        mortals.start(folder, fatal)
        assert mortals.end() == -signal.SIGKILL, name
        in_flight = noted(folder / "calls")[-1:]
        assert is_sound(folder), name
        assert resumed(folder) == facts, name
        repeated = list((Counter(noted(folder / "calls")) - Counter(calls)).elements())
        assert repeated in ([], in_flight), name
        assert set(noted(folder / "calls")) == set(calls), name
        report = examine(folder / "data")
        assert (report.faults, report.unnamed) == ((), 0), name


def test_killed_from_outside_at_any_moment_again_and_again_it_still_ends_the_same(mortals: Mortals, tmp_path: Path) -> None:
    whole, folder, chance, kills = tmp_path / "whole", tmp_path / "killed", random.Random(7), 0
    facts = resumed(whole) if whole.mkdir() is None else []
    folder.mkdir()
    for _ in range(25):
        child = mortals.start(folder, seconds=0.02)
        time.sleep(chance.uniform(0.0, 0.3))
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        ended = mortals.end()
        kills += ended == -signal.SIGKILL
        assert is_sound(folder)
        if ended == 0:
            break
    assert kills >= 3
    assert resumed(folder) == facts
    assert examine(folder / "data").faults == ()
    spent = Counter(noted(folder / "calls")) - Counter(noted(whole / "calls"))
    assert spent.total() <= kills, "each kill costs one call at most"
