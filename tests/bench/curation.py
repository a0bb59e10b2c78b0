"""A data folder of as many attempts as are wanted, and what ``curate`` costs there: seconds, and memory at its peak."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.commands import Open
from core.events import Drawn, Event, Judged, Planned, Settled
from core.store import Store
from core.types import Attempt, AttemptKey, ImageRef, Policy, Request, Step, Verdict
from train.scores import ScoreLine, Scores
from train.told import told

STEPS, TRIES = 5, 2  # of a story: ten attempts
PICTURES = 64  # different ones; what makes a row new is its prompt
#: Says the peak memory of a command, in KiB. A process of its own, because a child begins with its parent's peak.
WEIGHED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True)
class Cost:
    seconds: float
    memory_mb: float


def curated(data: Path, out: Path) -> Cost:
    """What one run of the command takes, its start included."""
    words = ("curate", "--data", str(data), "--out", str(out), "--pack", "pocket")
    command = [sys.executable, "-c", WEIGHED, sys.executable, "-m", "train", *words]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return Cost(time.perf_counter() - started, int(done.stdout.splitlines()[-1]) / 1024)


def fill(data: Path, attempts: int) -> None:
    """Stories of five steps, each failed once and then done, with their scores: written as facts, without any model."""
    stories = attempts // (STEPS * TRIES)
    with Store(data) as store:
        images = [store.images.save(Image.new("RGB", (32, 32), (4 * n, 255 - 4 * n, 90))) for n in range(PICTURES)]
        scores, lines = Scores(data, "bench@1"), []
        for number in range(stories):
            story = store.create(Open(request=Request(text=f"Story {number}", seed=number), policy=Policy()), "person:bench")
            story.record(*_facts(number, images))
            for case in told(story.id, store.events(story.id)).cases:
                good = case.critic is not None and case.critic.verdict.accepted
                mark = 9.0 if good else 5.0
                lines.append(
                    ScoreLine(
                        case=case.digest, judge="bench@1", story=story.id, attempt=case.attempt.key, semantics=mark, quality=9.0
                    )
                )
            if len(lines) > 1000 or number == stories - 1:
                scores.add(lines)
                lines = []


def _facts(number: int, images: list[ImageRef]) -> Iterator[Event]:
    steps = tuple(
        Step(id=f"s{n}", title=f"Step {n}", prompt=f"Draw {n} of {number}", caption=f"This is {n}.") for n in range(1, STEPS + 1)
    )
    yield Planned(plan_revision=0, steps=steps, thought="One after the other.", by="planner:bench@1")
    source: ImageRef | None = None
    for step in steps:
        for tried in range(TRIES):
            key = AttemptKey(step=step.id, revision=0, number=tried)
            image = images[(number + int(step.id[1:]) * TRIES + tried) % PICTURES]
            prompt = f"{step.prompt}, again" if tried else f"{step.prompt}"
            attempt = Attempt(key=key, prompt=prompt, seed=tried, source=source, image=image)
            yield Drawn(attempt=attempt, seconds=0.1, by="painter:bench@1")
            good = tried == TRIES - 1
            verdict = Verdict(accepted=good, thought="I see it.", refined_prompt=None if good else f"{step.prompt}, again")
            yield Judged(attempt=key, verdict=verdict, seconds=0.1, by="critic:bench@1")
        yield Settled(step=step.id, revision=0, attempt=key, source=source, why="accepted")
        source = image
