"""``python -m tests.bench``: what the engine, its durability, its pages and training cost, each against a baseline.

Names of parts (loop, page, training, curation, review) measure only those; ``--large`` curates 100,000 attempts, which takes
minutes.

The agents sleep for a fixed time (a drawing 20 ms, a verdict 5 ms), so a run's ideal duration is known. Every figure is a
ratio to a baseline measured in the same run, median of several; seconds of one machine say nothing on another.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.table import Table

from core.commands import Open
from core.images import ImageStore
from core.ports import Agents, DrawCase, JudgeCase, PlanCase, Stream
from core.scheduler import Scheduler
from core.store import Store
from core.story import Story
from core.types import ImageRef, Plan, PlannedStep, Policy, Request, Verdict
from tests.bench.figures import Figure

DRAW_SECONDS, JUDGE_SECONDS = 0.020, 0.005
STEPS, ATTEMPTS = 5, 5  # 25 drawings: a long story of the paper's
RUNS = 5


class Planner:
    """Plans at once."""

    name = "bench@1"

    def plan(self, cases: list[PlanCase]) -> Stream[list]:
        yield from ()
        return [Plan(steps=tuple(PlannedStep(title=f"{n}", prompt=f"step {n}") for n in range(STEPS))) for _ in cases]


class Painter:
    """Takes its time and draws a plain tile."""

    name = "bench@1"
    batches = False

    def draw(self, cases: list[DrawCase]) -> Stream[list]:
        yield from ()
        time.sleep(DRAW_SECONDS * len(cases))
        return [Image.new("RGB", (512, 512), (case.seed % 256, case.seed // 256 % 256, 90)) for case in cases]


class Critic:
    """Takes its time and rejects everything, so that every attempt is drawn."""

    name = "bench@1"

    def judge(self, cases: list[JudgeCase]) -> Stream[list]:
        yield from ()
        time.sleep(JUDGE_SECONDS)  # a batch is decoded together
        return [Verdict(accepted=False, p_success=0.1) for _ in cases]


class Memory:
    """A gallery that keeps pictures in memory."""

    def __init__(self) -> None:
        self.images: dict[str, Image.Image] = {}

    def save(self, image: Image.Image) -> ImageRef:
        name = f"{len(self.images):064x}"
        self.images[name] = image
        return ImageRef(sha256=name, width=image.width, height=image.height)

    def load(self, ref: ImageRef) -> Image.Image:
        return self.images[ref.sha256]


AGENTS = Agents(Planner(), Painter(), Critic())
REQUEST = Open(request=Request(text="a story"), policy=Policy(max_attempts=ATTEMPTS))


def bare_loop(stories: int) -> None:
    """The baseline: the same calls in plain for loops, nothing recorded, one story after the other."""
    for _ in range(stories):
        (plan,) = drain(AGENTS.planner.plan([PlanCase("a story", (), 0)]))
        for step in plan.steps:
            for seed in range(ATTEMPTS):
                (image,) = drain(AGENTS.painter.draw([DrawCase(step.prompt, None, seed)]))
                drain(AGENTS.critic.judge([JudgeCase(None, image, step.prompt, step.prompt, seed)]))


def drain(stream: Stream[list]) -> list:
    try:
        while True:
            next(stream)
    except StopIteration as finished:
        return list(finished.value)


def engine_in_memory(stories: int) -> None:
    tell([opened(Story(f"story{n}")) for n in range(stories)], Memory())


def engine_durable(stories: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, images = Store(Path(folder)), ImageStore(Path(folder) / "images")
        tell([store.create(REQUEST) for _ in range(stories)], images)
        store.close()


def opened(story: Story) -> Story:
    story.send(REQUEST)
    return story


def tell(stories: list[Story], gallery: Memory | ImageStore) -> None:
    scheduler = Scheduler(AGENTS, gallery)
    for story in stories:
        scheduler.add(story)
    while drain_round(scheduler.round()):
        pass


def drain_round(notices: Iterator) -> bool:
    try:
        while True:
            next(notices)
    except StopIteration as finished:
        return bool(finished.value)


def seconds(work: Callable[[int], None], stories: int) -> float:
    started = time.perf_counter()
    work(stories)
    return time.perf_counter() - started


def loop_costs() -> list[dict[str, object]]:
    table = Table("loop", "stories", "wall / model time", "wall / bare loop", title="What the engine costs")
    figures: list[dict[str, object]] = []
    for stories in (1, 8):
        model_seconds = stories * STEPS * ATTEMPTS * (DRAW_SECONDS + JUDGE_SECONDS)
        bare = statistics.median(seconds(bare_loop, stories) for _ in range(RUNS))
        for work in (bare_loop, engine_in_memory, engine_durable):
            wall = bare if work is bare_loop else statistics.median(seconds(work, stories) for _ in range(RUNS))
            figures.append({"loop": work.__name__, "stories": stories, "to_model": wall / model_seconds, "to_bare": wall / bare})
            table.add_row(work.__name__, str(stories), f"{wall / model_seconds:.3f}", f"{wall / bare:.3f}")
    Console(stderr=True).print(table)
    return figures


def main(words: list[str]) -> None:
    """Measures, prints tables, and one JSON object as the last line."""
    wanted = [word for word in words if not word.startswith("-")] or ["loop", "page", "training", "curation", "review"]
    found = loop_costs() if "loop" in wanted else []
    for part in wanted:
        if part == "loop":
            continue
        figures = list(_figures(part, "--large" in words))
        Console(stderr=True).print(shown(part, figures))
        found += [asdict(figure) | {"ratio": figure.ratio} for figure in figures]
    print(json.dumps(found))


def _figures(part: str, large: bool) -> Iterator[Figure]:
    """The figures of one part, whose libraries are loaded only for it."""
    if part == "page":
        from tests.bench import page

        return page.figures()
    if part == "training":
        from tests.bench import training

        return training.figures()
    if part == "curation":
        from tests.bench import curation

        return curation.figures(large)
    if part == "review":
        from tests.bench import reviewing

        return reviewing.figures()
    raise SystemExit(f"There is no part {part!r}: loop, page, training, curation or review.")


def shown(part: str, figures: list[Figure]) -> Table:
    table = Table("what", "measured", "baseline", "measured", "ratio", title=f"What the {part} costs")
    for figure in figures:
        row = (f"{figure.seconds:.4f}", figure.baseline, f"{figure.baseline_seconds:.4f}", f"{figure.ratio:.2f}")
        table.add_row(figure.what, *row)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
