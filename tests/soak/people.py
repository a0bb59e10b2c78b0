"""Many people at once: pages that look on, and others that begin stories, all over http. Loads nothing of the studio.

``python -m tests.soak.people URL VIEWERS CREATORS SECONDS`` is all of them; it prints the seconds that each request took, by
kind, as JSON, and how late it was itself. A viewer asks for what a page asks for: the page itself, then every little while
what has changed, and the pictures that it has not seen yet.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

BETWEEN_LOOKS = 0.4  # seconds; as often as a page looks while models work
BETWEEN_STORIES = 5.0  # seconds that a creator waits before the next one
LAG = 0.05  # seconds between two looks at how late this process itself is
PICTURE = re.compile(r"pictures/[a-z0-9]+/[0-9a-f]{64}\.png(?:\?size=\w+)?")

LAGS = "(how late the asking process itself is)"
Taken = dict[str, list[float]]


class People:
    """All who come, each as a task of one loop."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.seconds = seconds
        self._trust = ssl.create_default_context()  # takes longer to make than a request; it is never used
        self.taken: Taken = defaultdict(list)
        self.stories = list[str]()

    async def come(self, viewers: int, creators: int) -> Taken:
        async with self._browser() as client:
            config = (await client.get("config")).json()
        self.ends = time.monotonic() + self.seconds
        self.board = next(part["id"] for part in config["components"] if "look" in (part["props"].get("server_fns") or []))
        await asyncio.gather(self._lag(), *map(self._create, range(creators)), *map(self._view, range(viewers)))
        return self.taken

    def _browser(self) -> httpx.AsyncClient:
        """Everybody has connections of their own: one pool for all looks at all of them for each request."""
        return httpx.AsyncClient(base_url=self.url, timeout=60, verify=self._trust)

    async def _lag(self) -> None:
        """How much later than it should be this loop comes to anything: what it adds to every request by itself."""
        while time.monotonic() < self.ends:
            began = time.perf_counter()
            await asyncio.sleep(LAG)
            self.taken[LAGS].append(time.perf_counter() - began - LAG)

    async def _create(self, number: int) -> None:
        await asyncio.sleep(BETWEEN_STORIES * number / 10)
        async with self._browser() as client:
            while True:  # at least one, however slow all is
                seed = 100 * number + len(self.taken["story begun"])
                words = {
                    "data": [f"A cat finds a red balloon by the sea, by {number}", None, None, None, seed, "", "", "", "", ""]
                }
                async with self._timed("story begun"):
                    call = (await client.post("gradio_api/call/create_story", json=words)).raise_for_status().json()
                    told = (await client.get(f"gradio_api/call/create_story/{call['event_id']}")).raise_for_status().text
                found = re.search(r'"story_id": "(\w+)"', told)
                assert found, told
                self.stories.append(found[1])
                if time.monotonic() + BETWEEN_STORIES > self.ends:
                    return
                await asyncio.sleep(BETWEEN_STORIES)

    async def _view(self, number: int) -> None:
        await asyncio.sleep(BETWEEN_LOOKS * number / 10)
        story, seen, shown = "", "", set[str]()
        async with self._browser() as client:
            async with self._timed("page"):
                (await client.get("")).raise_for_status()
            while not shown or time.monotonic() < self.ends:  # nobody goes before they have seen a picture
                if not story and self.stories:
                    story = self.stories[number % len(self.stories)]
                if story:
                    seen = await self._look(client, story, seen, shown)
                await asyncio.sleep(BETWEEN_LOOKS)

    async def _look(self, client: httpx.AsyncClient, story: str, seen: str, shown: set[str]) -> str:
        call = {"session_hash": "soak", "component_id": self.board, "fn_name": "look", "data": {"story": story, "seen": seen}}
        async with self._timed("look"):
            answer = (await client.post("gradio_api/component_server", json=call)).raise_for_status()
        for address in set(PICTURE.findall(answer.text)) - shown:
            shown.add(address)
            async with self._timed("picture"):
                (await client.get(address)).raise_for_status()
        return str((answer.json().get("news") or {}).get("version", seen))

    @asynccontextmanager
    async def _timed(self, kind: str) -> AsyncIterator[None]:
        began = time.perf_counter()
        yield
        self.taken[kind].append(time.perf_counter() - began)


if __name__ == "__main__":
    address, viewers, creators, seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(People(address, float(seconds)).come(int(viewers), int(creators)))))
