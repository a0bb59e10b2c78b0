"""Many people at once: pages that look on, and others that begin stories, all over http, in a process beside the studio's.

``python -m tests.soak.load URL VIEWERS CREATORS SECONDS`` is all of them; it prints the seconds that each request took, by
kind, as JSON. A viewer asks for what a page asks for: the page itself, then every little while what has changed, and the
pictures that it has not seen yet.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.ports import Agents
from core.settings import Settings
from studio.ui import launch
from tests.studio.open_studio import free_port
from tests.studio.storybook import REQUEST, House

ROOT = Path(__file__).parents[2]
BETWEEN_LOOKS = 0.4  # seconds; as often as a page looks while models work
BETWEEN_STORIES = 5.0  # seconds that a creator waits before the next one
GOAL_MS = 500.0  # the 95th percentile of a page's requests
PICTURE = re.compile(r"pictures/[a-z0-9]+/[0-9a-f]{64}\.png(?:\?size=\w+)?")

Taken = dict[str, list[float]]


@dataclass(frozen=True)
class Load:
    """Of each kind of request how many there were and how long they took; ``cpu_ms`` is what this process spent on one, told
    stories included: that does not depend on who else is at work on the machine."""

    kinds: dict[str, dict[str, float]]
    cpu_ms: float

    @property
    def is_quick(self) -> bool:
        return all(kind["p95_ms"] < GOAL_MS for kind in self.kinds.values())


def loaded(folder: Path, agents: Agents, viewers: int, creators: int, seconds: float) -> Load:
    """Opens a studio and lets so many people in."""
    port = free_port()
    with House(folder, agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=folder, port=port), wait=False)
        house.open()
        command = [sys.executable, "-m", "tests.soak.load", f"http://127.0.0.1:{port}/", *map(str, (viewers, creators, seconds))]
        began = time.process_time()
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        spent = time.process_time() - began
        app.close(verbose=False)
        for story in house.store.ids():
            assert house.store.audit(story).faults == ()
    kinds = {kind: _summary(taken) for kind, taken in json.loads(said).items()}
    return Load(kinds, 1000 * spent / sum(kind["requests"] for kind in kinds.values()))


def _summary(taken: list[float]) -> dict[str, float]:
    """Milliseconds."""
    tail = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    return {
        "requests": len(taken),
        "median_ms": 1000 * statistics.median(taken),
        "p95_ms": 1000 * tail,
        "max_ms": 1000 * max(taken),
    }


class People:
    """All who come, each as a task of one loop."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.ends = time.monotonic() + seconds
        self.taken: Taken = defaultdict(list)
        self.stories = list[str]()

    async def come(self, viewers: int, creators: int) -> Taken:
        async with httpx.AsyncClient(base_url=self.url, timeout=60, limits=httpx.Limits(max_connections=None)) as client:
            self.client = client
            config = (await client.get("config")).json()
            self.board = next(part["id"] for part in config["components"] if "look" in (part["props"].get("server_fns") or []))
            await asyncio.gather(*(self._create(n) for n in range(creators)), *(self._view(n) for n in range(viewers)))
        return self.taken

    async def _create(self, number: int) -> None:
        await asyncio.sleep(BETWEEN_STORIES * number / 50)
        while time.monotonic() < self.ends:
            begun = len(self.taken["story begun"])
            words = {"data": [f"{REQUEST}, by {number}", None, None, None, 100 * number + begun, "", "", "", "", ""]}
            async with self._timed("story begun"):
                call = (await self.client.post("gradio_api/call/create_story", json=words)).raise_for_status().json()
                told = (await self.client.get(f"gradio_api/call/create_story/{call['event_id']}")).raise_for_status().text
            if found := re.search(r'"story_id": "(\w+)"', told):
                self.stories.append(found[1])
            await asyncio.sleep(BETWEEN_STORIES)

    async def _view(self, number: int) -> None:
        await asyncio.sleep(BETWEEN_LOOKS * number / 10)
        async with self._timed("page"):
            (await self.client.get("")).raise_for_status()
        story, seen, shown = "", "", set[str]()
        while time.monotonic() < self.ends:
            if not story and self.stories:
                story = self.stories[number % len(self.stories)]
            if story:
                seen = await self._look(story, seen, shown)
            await asyncio.sleep(BETWEEN_LOOKS)

    async def _look(self, story: str, seen: str, shown: set[str]) -> str:
        call = {"session_hash": "soak", "component_id": self.board, "fn_name": "look", "data": {"story": story, "seen": seen}}
        async with self._timed("look"):
            answer = (await self.client.post("gradio_api/component_server", json=call)).raise_for_status()
        for address in set(PICTURE.findall(answer.text)) - shown:
            shown.add(address)
            async with self._timed("picture"):
                (await self.client.get(address)).raise_for_status()
        return str((answer.json().get("news") or {}).get("version", seen))

    @asynccontextmanager
    async def _timed(self, kind: str) -> AsyncIterator[None]:
        began = time.perf_counter()
        yield
        self.taken[kind].append(time.perf_counter() - began)


if __name__ == "__main__":
    address, viewers, creators, seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(People(address, float(seconds)).come(int(viewers), int(creators)))))
