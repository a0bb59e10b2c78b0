"""Tells stories with scripted agents, the same on every run: what the tests of the data folder have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from PIL import Image

from core.backends.fake import Conduct, plan_of, scripted_agents
from core.commands import Open
from core.errors import NotFound
from core.events import Event
from core.ports import Agents, Gallery, JudgeCase
from core.scheduler import Notice, run
from core.store import Store
from core.story import Story
from core.types import ImageRef, Policy, Request, Verdict


class Memory:
    """A gallery in memory, by content as the real one."""

    def __init__(self) -> None:
        self.images: dict[str, Image.Image] = {}

    def save(self, image: Image.Image) -> ImageRef:
        sha256 = hashlib.sha256(image.tobytes()).hexdigest()
        self.images[sha256] = image
        return ImageRef(sha256=sha256, width=image.width, height=image.height)

    def load(self, ref: ImageRef) -> Image.Image:
        if ref.sha256 not in self.images:
            raise NotFound("The picture is gone.")
        return self.images[ref.sha256]


ASKED = Open(request=Request(text="A cat finds a red balloon by the sea", seed=3), policy=Policy(max_attempts=3))


def strict(case: JudgeCase) -> Verdict:
    """Accepts by the hash of what it sees: some pictures at once, some never."""
    mark = hashlib.sha256(case.after.tobytes()).digest()[0]
    refined = None if mark % 3 == 0 else f"{case.prompt}, {mark}"
    return Verdict(accepted=mark % 3 == 1, refined_prompt=refined, p_success=mark / 255)


def agents(steps: int = 2, conduct: Conduct | None = None) -> Agents:
    return scripted_agents(plans=[plan_of(steps)], verdicts=strict, conduct=conduct)


def tell(story: Story, gallery: Gallery, by: Agents | None = None) -> list[Notice]:
    return list(run(story, by or agents(), gallery))


def told(store: Store) -> Story:
    """A whole story in this store."""
    story = store.create(ASKED)
    tell(story, store.images)
    return story


def reopened(store: Store) -> Store:
    """The same data folder, as the next process finds it."""
    store.close()
    return Store(store.database.folder)


def untimed(events: Iterable[Event]) -> list[dict]:
    """The facts without the clock."""
    return [event.model_dump(exclude={"at", "seconds"}) for event in events]
