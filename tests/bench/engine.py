"""What the engine costs: wall time over the time that its models took, of one story and of eight.

The models sleep for a fixed time and say how long they did. Beside the engine stand the same calls in plain for loops, and the
engine where nothing lasts: the difference between that and the whole is what durability costs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.commands import Open
from core.ports import Agents, DrawCase, Gallery, JudgeCase, PlanCase, Results, Stream
from core.scheduler import Scheduler
from core.store import Store
from core.story import Story
from core.types import ImageRef, Plan, PlannedStep, Policy, Request, Verdict
from tests.bench.figures import Figure, Goal
from tests.bench.reference import drained
from tests.bench.shaped import photo

GOALS = {1: Goal(1.02), 8: Goal(1.05)}  # by the number of stories
RUNS = 5


@dataclass(frozen=True)
class Pace:
    """How long models take, what they draw, and how much of it: every attempt is refused."""

    name: str
    draw: float  # seconds a picture
    judge: float  # seconds a batch of one
    judge_more: float  # seconds a verdict more in the batch
    side: int  # pixels
    steps: int
    attempts: int


#: PERFORMANCE, A5: a long story of the paper's, in a second.
QUICK = Pace("20 + 5 ms", 0.020, 0.005, 0.0, 512, 5, 5)
#: PERFORMANCE, A1 and A4: klein-9B edits, and a compiled 8B critic writes 450 tokens.
REAL = Pace("an H200's pace", 1.35, 3.62, 0.20, 1024, 1, 2)


class Sleepers:
    """All three agents. Drawings take their time one after another; verdicts are written as one batch."""

    name = "bench@1"

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.seconds = 0.0  # that calls took so far

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        yield from ()
        steps = tuple(PlannedStep(title=f"{n}", prompt=f"step {n}") for n in range(self.pace.steps))
        return [Plan(steps=steps) for _ in cases]

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image.Image]]:
        yield from ()
        with self._taking(self.pace.draw * len(cases)):
            return [photo(case.seed, self.pace.side) for case in cases]

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        yield from ()
        with self._taking(self.pace.judge + self.pace.judge_more * (len(cases) - 1)):
            return [Verdict(accepted=False, p_success=0.1) for _ in cases]

    @contextmanager
    def _taking(self, seconds: float) -> Iterator[None]:
        """Takes so long in all, or a little longer."""
        began = time.perf_counter()
        yield
        time.sleep(max(0.0, began + seconds - time.perf_counter()))
        self.seconds += time.perf_counter() - began


class Numbered:
    """A gallery that keeps pictures in memory, by number: it costs nothing."""

    def __init__(self) -> None:
        self.images: list[Image.Image] = []

    def save(self, image: Image.Image) -> ImageRef:
        self.images.append(image)
        return ImageRef(sha256=f"{len(self.images) - 1:064x}", width=image.width, height=image.height)

    def load(self, ref: ImageRef) -> Image.Image:
        return self.images[int(ref.sha256, 16)]


@dataclass(frozen=True)
class Cost:
    """Seconds of one run, and those of its models."""

    wall: float
    models: float


def measured(work: Callable[[Sleepers, int], None], stories: int, pace: Pace = QUICK, runs: int = RUNS) -> Cost:
    """The run of the median ratio."""

    def once() -> Cost:
        models = Sleepers(pace)
        began = time.perf_counter()
        work(models, stories)
        return Cost(time.perf_counter() - began, models.seconds)

    return sorted((once() for _ in range(runs)), key=lambda cost: cost.wall / cost.models)[runs // 2]


def bare_loop(models: Sleepers, stories: int) -> None:
    """The same calls in plain for loops, nothing recorded, one story after the other."""
    for _ in range(stories):
        (plan,) = drained(models.plan([PlanCase("a story", (), 0)]))
        assert isinstance(plan, Plan)
        for step in plan.steps:
            for seed in range(models.pace.attempts):
                (image,) = drained(models.draw([DrawCase(step.prompt or "", None, seed)]))
                assert isinstance(image, Image.Image)
                drained(models.judge([JudgeCase(None, image, step.prompt or "", step.prompt or "", seed)]))


def in_memory(models: Sleepers, stories: int) -> None:
    told = [Story(f"story{n}") for n in range(stories)]
    for story in told:
        story.send(_asked(models))
    tell(models, told, Numbered())


def durable(models: Sleepers, stories: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        tell(models, [store.create(_asked(models)) for _ in range(stories)], store.images)


def _asked(models: Sleepers) -> Open:
    return Open(request=Request(text="a story"), policy=Policy(max_attempts=models.pace.attempts))


def tell(models: Sleepers, stories: list[Story], gallery: Gallery) -> None:
    scheduler = Scheduler(Agents(models, models, models), gallery, patient=len(stories) > 1)
    for story in stories:
        scheduler.add(story)
    going = True
    while going:
        going = drained(scheduler.round())


def figures() -> Iterator[Figure]:
    for pace, ways in ((QUICK, (bare_loop, in_memory, durable)), (REAL, (durable,))):
        for stories, goal in GOALS.items():
            for work in ways:
                cost = measured(work, stories, pace)
                what = f"{pace.name}, {stories} {'story' if stories == 1 else 'stories'}: {NAMES[work]}"
                yield Figure(what, cost.wall, "its models", cost.models, goal=goal if work is durable else None)


NAMES = {bare_loop: "plain for loops", in_memory: "the engine, nothing kept", durable: "the engine"}
