"""How cost grows with size: stories in flight, and attempts in a store. Each size is measured in a process of its own.

``python -m tests.bench.growth flight N`` tells N stories at once; ``… looks FOLDER`` looks through a data folder as the
library and the review queue do. Each prints what it measured as JSON, and the most memory that its process had.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import curation
from tests.bench.figures import Figure

FLIGHTS = (1, 8, 64)  # stories
STORES = (1_000, 10_000, 100_000)  # attempts
LOOKS = 60
RUNS = 5


@dataclass(frozen=True)
class Flight:
    """Of one story among those that were told at once: the median of the runs."""

    ratio: float  # wall / models
    overhead_ms: float  # wall - models
    memory_mb: float


@dataclass(frozen=True)
class Looks:
    """95th percentiles."""

    library_ms: float
    queue_ms: float
    memory_mb: float


def figures() -> Iterator[Figure]:
    """Every size against the smallest."""
    yield from against_the_first("in flight", {f"{size} stories": asdict(_flight(size)) for size in FLIGHTS})
    yield from against_the_first("kept", {f"{size:,} attempts": _kept(size) for size in STORES})


NAMES = {
    "ratio": ("wall / models", ""),
    "overhead_ms": ("the engine's part of a story", "ms"),
    "memory_mb": ("peak memory", "MB"),
    "library_ms": ("a page of the library, p95", "ms"),
    "queue_ms": ("the next item to review, p95", "ms"),
    "looking_mb": ("peak memory of looking", "MB"),
    "curate_ms": ("curating, an attempt", "ms"),
    "curating_mb": ("peak memory of curating", "MB"),
}


def against_the_first(how: str, measured: dict[str, dict[str, float]]) -> Iterator[Figure]:
    (first, base), *others = measured.items()
    for name, (words, unit) in NAMES.items():
        if name in base:
            for size, values in others:
                yield Figure(f"{size} {how}: {words}", values[name], first, base[name], unit)


def _flight(stories: int) -> Flight:
    return Flight(**_asked("flight", str(stories)))


def _kept(attempts: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        curation.fill(data, attempts)
        runs = [curation.curated(data, Path(folder) / f"curated-{run}") for run in range(RUNS)]
        looks = Looks(**_asked("looks", str(data)))
    return {
        "library_ms": looks.library_ms,
        "queue_ms": looks.queue_ms,
        "looking_mb": looks.memory_mb,
        "curate_ms": statistics.median(run.seconds for run in runs) / attempts * 1000,
        "curating_mb": statistics.median(run.memory_mb for run in runs),
    }


def _asked(*words: str) -> dict[str, float]:
    """What a process of its own measures: its peak of memory is not this one's."""
    command = [sys.executable, "-m", "tests.bench.growth", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


# ---------------------------------------------------------------- in a process of its own


def flight(stories: int, runs: int = RUNS) -> Flight:
    """Tells so many stories at once."""
    from tests.bench.engine import durable, measured

    cost = measured(durable, stories, runs=runs)
    return Flight(cost.wall / cost.models, (cost.wall - cost.models) / stories * 1000, _memory_mb())


def looks(folder: Path) -> Looks:
    """Walks through the library, and takes and gives back what is next to review."""
    from core.store import Query, Store, StoryQuery
    from studio.reviewing.access import Reviewer
    from studio.reviewing.desk import Desk

    with Store(folder) as store:
        pages, items, query = list[float](), list[float](), StoryQuery(limit=40)
        desk = Desk(store)
        for number in range(LOOKS):
            began = time.perf_counter()
            page = store.page(query)
            pages.append(time.perf_counter() - began)
            query = query.model_copy(update={"after": page.next})
            began = time.perf_counter()
            desk.take(Reviewer(f"ann{number}"), Query())
            items.append(time.perf_counter() - began)
    return Looks(_p95(pages) * 1000, _p95(items) * 1000, _memory_mb())


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    what, of = sys.argv[1:]
    print(json.dumps(asdict(flight(int(of)) if what == "flight" else looks(Path(of)))))
