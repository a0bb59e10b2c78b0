"""The engine against the reference's loop where models take as long as on an H200: their time is slept, the rest is real.

Seconds are estimates for klein-9B and two 8B agents (PERFORMANCE, A1 and A4), a sixteenth of them here, with pictures of a
sixteenth of the pixels, so that encoding them costs its share. What the engine does besides is not made shorter: files and
facts are kept as they always are, so that its figures are a little worse than they would be.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageFilter

from core.ports import Agents, DrawCase, JudgeCase, PlanCase, Results, Stream
from core.types import Plan, PlannedStep, Policy, Verdict
from tests.bench.figures import Figure, Goal
from tests.bench.matched import RUNS, Ways, by_reference, compared, one_by_one, together

SCALE = 16
SIDE = 1024 // 4  # pixels: a sixteenth of a million
STORIES = 8
#: How many attempts the steps of a story cost, in another order for each story: 25 of them, as where one in ten is accepted
#: (6 steps, 5 attempts each at most: 24.6). All stories cost the same, so that one is as good a measure as another.
COSTS = (5, 5, 5, 5, 3, 2)
POLICY = Policy(max_attempts=5, on_exhausted="last")
PLAN_TOKENS, VERDICT_TOKENS = 1800, 450
PREFILL_SECONDS = 0.16  # of a critic's two pictures and its prompt: bound by arithmetic, so each row's own
BATCH_COST = 0.01  # of a step more for each row more: 8 rows cost 7 % more than one


@dataclass(frozen=True)
class Pace:
    """How fast a set of models is."""

    tokens_a_second: float
    text_to_image: float  # seconds
    edit: float

    def decode(self, tokens: int, rows: int) -> float:
        """Seconds to write so many tokens in each of so many rows at once."""
        return tokens / self.tokens_a_second * (1 + BATCH_COST * (rows - 1))


EAGER = Pace(25, 1.1, 1.9)
COMPILED = Pace(130, 0.7, 1.35)
COMPILED_KV = Pace(130, 0.7, 0.88)  # FLUX.2-klein-9b-kv keeps what it knows of the source from step to step


@dataclass(frozen=True)
class Models:
    """All three agents at one pace."""

    pace: Pace
    name: str = "shaped@1"

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        yield from ()
        _take(self.pace.decode(PLAN_TOKENS, len(cases)))
        return [plan_of(case.text) for case in cases]

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image.Image]]:
        yield from ()
        _take(sum(self.pace.edit if case.source else self.pace.text_to_image for case in cases))
        return [photo(case.seed) for case in cases]

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        yield from ()
        _take(PREFILL_SECONDS * len(cases) + self.pace.decode(VERDICT_TOKENS, len(cases)))
        return [verdict_of(case.prompt, case.current) for case in cases]


def agents(pace: Pace) -> Agents:
    models = Models(pace)
    return Agents(models, models, models)


def plan_of(text: str, costs: Sequence[int] = COSTS) -> Plan:
    """Whose every step says in its prompt how many attempts it costs."""
    turned = random.Random(text).sample(costs, len(costs))
    return Plan(steps=tuple(PlannedStep(title=f"{n}", prompt=f"{cost}") for n, cost in enumerate(turned)))


def verdict_of(prompt: str, current: str) -> Verdict:
    """Each refused attempt makes the prompt longer; the last that may be drawn is refused, too."""
    attempt = len(current) - len(prompt) + 1
    return Verdict(accepted=attempt == int(prompt) < POLICY.max_attempts, refined_prompt=f"{current}!")


def photo(seed: int, side: int = SIDE) -> Image.Image:
    """As hard to compress as a photo, and another one for each seed."""
    return Image.fromarray(np.roll(_noisy(side), (seed % side, seed // side % side), axis=(0, 1)))


@cache
def _noisy(side: int) -> np.ndarray:
    dice = np.random.default_rng(0)
    coarse = Image.fromarray(dice.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    smooth = np.asarray(coarse.filter(ImageFilter.GaussianBlur(4)), dtype=np.float32)
    return np.clip(smooth + dice.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)


def _take(seconds: float) -> None:
    time.sleep(seconds / SCALE)


def figures() -> Iterator[Figure]:
    """With the same models, compiled; and with the quickest that PERFORMANCE knows of."""
    texts = [f"Story {number}" for number in range(STORIES)]
    references = [by_reference(agents(EAGER), texts[:1], POLICY) for _ in range(RUNS)]  # eight would take eight times as long
    for name, pace in (("H200-shaped, compiled", COMPILED), ("H200-shaped, compiled, klein-9b-kv", COMPILED_KV)):
        ours = agents(pace)
        taken = [Ways(told, one_by_one(ours, texts[:1], POLICY), together(ours, texts, POLICY)) for told in references]
        yield from compared(name, taken, (Goal(0.3), Goal(15, at_least=True)))
