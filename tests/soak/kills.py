"""Studios that are killed again and again while they tell stories: what one of them has said that it kept is there afterwards.

``python -m tests.soak.kills FOLDER PROFILE STORIES`` is such a studio. It writes a line for each fact that is durable (the
story's id, and how many facts it has) and ends when all stories are told.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.backends.fake import Conduct, scripted_agents
from core.casting import build_agents
from core.ports import Agents
from core.profiles import load_profile
from core.scheduler import Notice
from core.store import Store
from tests.studio.storybook import House
from train.doctor import examine

ROOT = Path(__file__).parents[2]
SCRIPTED = "scripted"


@dataclass(frozen=True)
class Killed:
    """How it went: kills, facts that were acknowledged, and how many of them were lost; what the doctor found at the end."""

    kills: int
    acknowledged: int
    lost: int
    faults: tuple[str, ...]


def killed(folder: Path, profile: str, stories: int, kills: int, seconds: tuple[float, float], seed: int = 0) -> Killed:
    """Kills so many studios over one folder, each after a while between two numbers of ``seconds``; the next one is let live."""
    chance, done, known, lost = random.Random(seed), 0, dict[str, int](), 0
    command = [sys.executable, "-m", "tests.soak.kills", str(folder), profile, str(stories)]
    for number in range(kills + 1):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as studio:
            assert studio.stdout
            first = studio.stdout.readline()  # it is open
            if number < kills:
                time.sleep(chance.uniform(*seconds))
                os.kill(studio.pid, signal.SIGKILL)
            for line in (first, *studio.stdout):
                if line.endswith("\n") and len(words := line.split()) == 2:
                    known[words[0]] = max(int(words[1]), known.get(words[0], 0))
        done += studio.returncode == -signal.SIGKILL
        lost += _lost(folder, known)
    assert studio.returncode == 0, "the last one tells all stories to their end"
    return Killed(done, sum(known.values()), lost, tuple(fault.what for fault in examine(folder).faults))


def _lost(folder: Path, known: dict[str, int]) -> int:
    """How many facts are not there that a studio said it had kept."""
    with Store(folder) as store:
        return sum(max(0, count - len(store.events(story))) for story, count in known.items())


def live(folder: Path, profile: str, stories: int) -> None:
    agents: Agents = (
        scripted_agents(conduct=Conduct(seconds=0.002)) if profile == SCRIPTED else build_agents(load_profile(profile))
    )
    with House(folder, agents) as house:
        print("open", flush=True)

        def hear(notice: Notice) -> None:
            print(notice.story_id, house.store.open_story(notice.story_id).length, flush=True)

        house.worker.listen(hear)
        for number in range(len(house.store.ids()), stories):
            story = house.open(f"A cat finds a red balloon by the sea, number {number}", max_attempts=2)
            print(story, 1, flush=True)
        house.controller.start()
        for story in house.store.ids():
            house.rest(story)


if __name__ == "__main__":
    live(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
