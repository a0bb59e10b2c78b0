"""A small benchmark of the pocket world with scripted models, whose every ending is known: for the tests of reports.

How many redrawings a request needs is the last digit of its words: 0 is right at once, 3 and more never within three attempts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.backends.fake import scripted_agents
from core.pocket.render import render
from core.pocket.world import Scene, Thing
from core.ports import Agents, DrawCase, JudgeCase, PlanCase
from core.store import Store
from core.types import Plan, PlannedStep, Verdict
from tests.train.benchruns import run
from train.benchmarks.outcomes import Line
from train.benchmarks.pocket import Pocket
from train.benchmarks.runner import Telling
from train.collect import Prompt
from train.pocket.benchmark import Item, outcome
from train.pocket.intents import Wanted
from train.pocket.teacher import ExactCritic

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>&\"'"
KEEP = " Keep the rest."
SEA = Scene(place="beach", view=1, time="day", weather="clear").with_things(
    Thing(slot="left", kind="cat", colour="orange", size="medium", count="one")
)
BALLOON = Thing(slot="top right", kind="balloon", colour="red", size="medium", count="one")
NEEDS = (0, 0, 1, 2, 2, 3, 4, 0)


@dataclass(frozen=True)
class Small(Pocket):
    """Some requests in two groups."""

    needs: tuple[int, ...] = NEEDS
    words: str = f"A cat and a balloon {HOSTILE}"
    first: str = ""  # words of the first request, if it has others

    @property
    def items(self) -> dict[str, Item]:
        wishes = (Wanted("cat"), Wanted("balloon", colour="red"))
        words = [self.first or self.words, *[self.words] * len(self.needs)]
        common: dict[str, Any] = {"wishes": wishes, "place": "beach", "steps": 2}
        made = [Item(id=f"item-{n}", text=f"{words[n]}, {need}", **common) for n, need in enumerate(self.needs)]
        return {item.id: item for item in made}

    def prompts(self) -> Sequence[Prompt]:
        return [Prompt(number, item.id, item.text) for number, item in enumerate(self.items.values(), start=1)]

    def lines(self, tellings: Iterable[Telling], store: Store, out: Path) -> Generator[int, None, list[Line]]:
        lines: list[Line] = []
        for number, each in enumerate(tellings):
            found = outcome(self.items[each.prompt.id], each.story, each.events, store.images.load)
            named = {"group": ("story", "edit")[number % 2], "story": each.story, "main": float(found.success)}
            lines.append(found.json() | named)
            yield len(lines)
        return lines


@dataclass(frozen=True)
class Other(Small):
    """The same under another name."""

    name: str = "other"


def plan(case: PlanCase) -> Plan:
    """Draws the cat, then the balloon; a prompt says by its clauses how many redrawings it needs."""
    need = int(case.text[-1])
    first = PlannedStep(title=HOSTILE, prompt="A medium orange cat on the left, on the beach in daylight.", caption=HOSTILE)
    return Plan(steps=(first, PlannedStep(title="Up", prompt=f"Add a red balloon at the top right.{KEEP * max(0, 3 - need)}")))


def draw(case: DrawCase) -> Image.Image:
    done = case.source is None or case.prompt.count(KEEP) >= 3
    scene = SEA if case.source is None or not done else SEA.with_things(*SEA.things, BALLOON)
    image = render(scene, 96)
    image.info["program"] = scene.program()
    return image


def judge(case: JudgeCase) -> Verdict:
    """The truth, in words that a page must not take for its own; sure, and of a failure surer."""
    exact = ExactCritic().verdict(case)
    assert isinstance(exact, Verdict)
    said: dict[str, Any] = {"thought": HOSTILE, "p_success": 0.85 if exact.accepted else 0.05}
    return exact.model_copy(update=said | {"refined_prompt": None if exact.accepted else case.current + KEEP})


def models() -> Agents:
    return scripted_agents(plan, draw, judge)


def tell(out: Path, benchmark: Small | None = None, **chosen: Any) -> Path:
    """A finished run in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        report = run(patch, out, benchmark or Small(), models(), **{"max_attempts": 3} | chosen)
    assert report is not None
    return out


def tags(page: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Every element of a page as a browser finds it, with its attributes."""
    from html.parser import HTMLParser

    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

        handle_startendtag = handle_starttag

    Reader().feed(page)
    return iter(found)


def check_inert(page: str) -> None:
    """Fails if anything in the page would run, be fetched, or lead elsewhere."""
    assert "<script" not in page
    for tag, attributes in tags(page):
        assert tag not in {"script", "iframe", "object", "embed", "link", "form", "base", "a"}
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "data:image/webp;base64,").startswith("data:image/webp;base64,")
    named = "Content-Security-Policy"
    policies = [attributes["content"] or "" for _, attributes in tags(page) if attributes.get("http-equiv") == named]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    assert "script-src" not in policies[0]
