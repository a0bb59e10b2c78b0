"""A studio that many people come to at once, each kind of whose requests is timed; :mod:`tests.soak.people` are they."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.ports import Agents
from core.settings import Settings
from studio.ui import launch
from tests.soak.people import LAGS
from tests.studio.open_studio import free_port
from tests.studio.storybook import House

ROOT = Path(__file__).parents[2]
GOAL_MS = 500.0  # the 95th percentile of a page's requests


@dataclass(frozen=True)
class Load:
    """Of each kind of request how many there were and how long they took; ``cpu_ms`` is what this process spent on one, told
    stories included: that does not depend on who else is at work on the machine."""

    kinds: dict[str, dict[str, float]]
    cpu_ms: float

    @property
    def is_quick(self) -> bool:
        return all(kind["p95_ms"] < GOAL_MS for name, kind in self.kinds.items() if name != LAGS)


def loaded(folder: Path, agents: Agents, viewers: int, creators: int, seconds: float) -> Load:
    """Opens a studio and lets so many people in."""
    port = free_port()
    with House(folder, agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=folder, port=port), wait=False)
        house.open()
        command = [
            sys.executable,
            "-m",
            "tests.soak.people",
            f"http://127.0.0.1:{port}/",
            *map(str, (viewers, creators, seconds)),
        ]
        began = time.process_time()
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        spent = time.process_time() - began
        app.close(verbose=False)
        for story in house.store.ids():
            assert house.store.audit(story).faults == ()
    kinds = {kind: _summary(taken) for kind, taken in json.loads(said).items()}
    return Load(kinds, 1000 * spent / sum(kind["requests"] for name, kind in kinds.items() if name != LAGS))


def _summary(taken: list[float]) -> dict[str, float]:
    """Milliseconds."""
    tail = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    return {
        "requests": len(taken),
        "median_ms": 1000 * statistics.median(taken),
        "p95_ms": 1000 * tail,
        "max_ms": 1000 * max(taken),
    }
