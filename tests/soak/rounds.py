"""Many stories, round after round, in one studio: what it holds after each round must not grow.

In every round stories are begun, edited at random while they are told, looked at by pages that reload, exported, finished and
deleted; then the process is weighed. A line is laid through the weights, and its slope is held against a bound.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

from core.commands import Choose, Command, EditStep, LockStep, Overrule, Pause, Redo, Resume, Retry, Undo
from core.errors import CommandError
from core.policy import Rest, next_task
from core.ports import Agents
from core.trajectory import Trajectory
from core.types import PlannedStep, Policy, Request
from studio.visitors import OWNER
from tests.studio.storybook import REQUEST, House, until

WARM = 2  # rounds that are not weighed: libraries are loaded, caches fill up to their bounds
#: The most that may be added by a round. Allocators keep what they freed, so that memory is never quite flat.
BOUNDS = {"memory_mb": 2.0, "descriptors": 0.2, "threads": 0.2, "strays": 0.0}
BOARDS = 4  # stories kept ready for pages; so few that it is full before anything is weighed
EXPORTS = ("markdown", "pictures")
HOUR = 3600.0  # seconds; the most that one round may take


@dataclass(frozen=True)
class Weight:
    """What the studio holds between two rounds. ``strays`` are files that are no pictures and no longer anybody's."""

    memory_mb: float
    descriptors: int
    threads: int
    strays: int
    files: int
    unfinished: int


def weighed(house: House) -> Weight:
    """Weighs this process and the house's folder."""
    gc.collect()
    images = house.store.images
    files = list(images.files())
    status = Path("/proc/self/status").read_text(encoding="ascii")
    said = dict(line.split(":", 1) for line in status.splitlines())
    return Weight(
        memory_mb=int(said["VmRSS"].split()[0]) / 1024,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=int(said["Threads"]),
        strays=sum(sha256 is None for _, sha256 in files),
        files=len(files),
        unfinished=len(house.store.unfinished()),
    )


def soaked(
    folder: Path, agents: Agents, stories: int, rounds: int, seed: int = 0, tell: Callable[[Weight], None] = print
) -> list[Weight]:
    """The weights after each round; ``tell`` hears of each. Fails if a story does not come to its end, or a fact is lost."""
    chance, weights = random.Random(seed), list[Weight]()
    with patch("studio.controller.BOARDS", BOARDS), House(folder, agents) as house:
        house.controller.start()
        for _ in range(rounds):
            _round(house, stories, chance)
            for agent in (agents.planner, agents.painter, agents.critic):
                getattr(agent, "calls", []).clear()  # scripted ones remember all that they were ever asked
            weights.append(weighed(house))
            tell(weights[-1])
    return weights


def slopes(weights: Sequence[Weight]) -> dict[str, float]:
    """How much of each is added by a round, after the first ones."""
    steady = [asdict(weight) for weight in weights[WARM:]]
    rounds = range(len(steady))
    return {name: statistics.linear_regression(rounds, [float(weight[name]) for weight in steady]).slope for name in BOUNDS}


def grows(slopes: dict[str, float]) -> dict[str, float]:
    """Those that are over their bounds."""
    return {name: slope for name, slope in slopes.items() if slope > BOUNDS[name]}


def _round(house: House, stories: int, chance: random.Random) -> None:
    asked = [Request(text=f"{REQUEST}, number {number}", seed=chance.getrandbits(30)) for number in range(stories)]
    begun = [house.controller.open(request, Policy(max_attempts=2), OWNER) for request in asked]
    ends = time.monotonic() + HOUR
    while waiting := [story for story in begun if not _is_done(house, story)]:
        assert time.monotonic() < ends, f"{len(waiting)} stories do not come to their end"
        story = chance.choice(waiting)
        _act(house, story, chance)
        house.controller.look(chance.choice(begun), "", OWNER)  # a page that was reloaded
        time.sleep(0.02)
    for story in begun:
        assert house.store.audit(story).faults == ()
        job = house.controller.export(story, chance.choice(EXPORTS), OWNER)
        until(lambda job=job: house.controller.exporting(job).ended, seconds=HOUR)  # type: ignore[misc]
        assert house.controller.exporting(job).state == "done"
        house.store.delete(story)


def _is_done(house: House, story: str) -> bool:
    task = next_task(house.trajectory(story))
    return isinstance(task, Rest) and task.reason == "done"


def _act(house: House, story: str, chance: random.Random) -> None:
    """Does something that a person might; a story that rests before its end is told to go on."""
    t = house.trajectory(story)
    resting = isinstance(next_task(t), Rest)
    if resting or chance.random() < 0.05:
        try:
            house.send(story, Resume() if resting else wish(t, chance))
        except CommandError:
            pass


def wish(t: Trajectory, chance: random.Random) -> Command:
    """Any command that fits the story as it is."""
    if not t.steps:
        return Pause()
    step = chance.choice(t.steps)
    wishes: list[Command] = [
        EditStep(
            step=step.id, words=PlannedStep(**step.model_dump(include={"title", "prompt"}), caption=f"{chance.random():.3f}")
        ),
        Retry(step=step.id),
        LockStep(step=step.id, locked=not step.locked),
        Undo(),
        Redo(),
        Pause(now=chance.random() < 0.5),
    ]
    if t.tries:
        key = chance.choice(t.tries).attempt.key
        wishes += [Choose(attempt=key), Overrule(attempt=key, accepted=chance.random() < 0.7)]
    return chance.choice(wishes)
