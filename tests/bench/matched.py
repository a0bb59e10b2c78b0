"""The engine against the reference's loop (:mod:`tests.bench.reference`): the same pocket models, seeds and calls.

Both record what they make: the reference files, the engine facts and files that last. Loading is not in the figures.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.casting import build_agents
from core.commands import Open
from core.policy import derive_seed
from core.ports import Agents
from core.profiles import load_profile
from core.scheduler import run
from core.store import Store
from core.types import Policy, Request
from tests.bench.figures import Figure, Goal
from tests.bench.reference import Counts, eager_agents, tell_all
from train.collect import Calls, Collection, Prompt, Terms

RUNS = 5
IN_FLIGHT = 8
#: The reference keeps the last attempt; so does the engine here, or its second step would be drawn on another picture.
POLICY = Policy(max_attempts=3, on_exhausted="last")
STORIES = (
    "A cat finds a red balloon by the sea",
    "A dog plants a tree in the garden",
    "An owl reads a book at night",
    "A fox flies a kite on the hill",
    "A rabbit bakes a cake in the kitchen",
    "A bear builds a snowman in winter",
    "A mouse finds a key in the forest",
    "A duck sails a boat on the lake",
)
SEED = 14


@dataclass(frozen=True)
class Taken:
    """What one way to tell so many stories took."""

    stories: int
    seconds: float
    calls: Counts

    @property
    def a_story(self) -> float:
        """Seconds."""
        return self.seconds / self.stories

    @property
    def drawings(self) -> str:
        """How many drawings a story had."""
        return f"{self.calls.drawn / self.stories:.3g} drawings a story"


@dataclass(frozen=True)
class Ways:
    """The same stories, told in three ways one after another, so that a busy machine is as bad to one as to another."""

    reference: Taken
    alone: Taken
    together: Taken


def requests(texts: Sequence[str]) -> list[Request]:
    """What is asked for; seeded as :class:`~train.collect.Collection` seeds its prompts."""
    return [Request(text=text, seed=derive_seed(SEED, "prompt", str(number))) for number, text in enumerate(texts)]


def by_reference(agents: Agents, texts: Sequence[str], policy: Policy = POLICY) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        calls = tell_all(agents, requests(texts), policy, Path(folder))
        return Taken(len(texts), time.perf_counter() - began, calls)


def one_by_one(agents: Agents, texts: Sequence[str], policy: Policy = POLICY) -> Taken:
    """By the engine, each story alone."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        began, calls = time.perf_counter(), Calls()
        for request in requests(texts):
            for notice in run(store.create(Open(request=request, policy=policy)), agents, store.images):
                calls.hear(notice)
        return Taken(len(texts), time.perf_counter() - began, Counts(calls.generator, calls.critic))


def together(agents: Agents, texts: Sequence[str], policy: Policy = POLICY, in_flight: int = IN_FLIGHT) -> Taken:
    """By the engine, so many stories in flight, as ``collect`` tells them."""
    prompts = [Prompt(number, str(number), text) for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        told = Collection(store, agents, prompts, Terms("bench", policy, SEED), in_flight)
        began = time.perf_counter()
        with closing(told.tell(_refuse)) as notices:
            for _ in notices:
                pass
        return Taken(len(texts), time.perf_counter() - began, Counts(told.calls.generator, told.calls.critic))


def _refuse(line: int, why: str) -> None:
    raise ValueError(f"story {line}: {why}")


def figures() -> Iterator[Figure]:
    """Of the pocket models."""
    profile = load_profile("pocket")
    theirs, ours = eager_agents(profile), build_agents(profile, "cpu")
    taken = [Ways(by_reference(theirs, STORIES), one_by_one(ours, STORIES), together(ours, STORIES)) for _ in range(RUNS)]
    yield from compared("pocket models", taken, (Goal(0.6), Goal(3, at_least=True)))


def compared(models: str, taken: Sequence[Ways], goals: tuple[Goal, Goal]) -> Iterator[Figure]:
    """The seconds of a story that is told alone, and the stories an hour where several are in flight; medians of the runs."""
    reference, alone, several = (
        statistics.median(way.a_story for way in runs)
        for runs in ([run.reference for run in taken], [run.alone for run in taken], [run.together for run in taken])
    )
    last = taken[-1]
    base = f"the reference's loop, {last.reference.drawings}"
    yield Figure(f"{models}: a story alone, {last.alone.drawings}", alone, base, reference, goal=goals[0])
    many = f"{models}: {last.together.stories} in flight, {last.together.drawings}"
    yield Figure(many, 3600 / several, base, 3600 / reference, "stories/h", goals[1])
