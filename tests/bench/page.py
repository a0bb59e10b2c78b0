"""What the page costs: from a fact to the browser with few and many viewers, a long story's markup, and a full library."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page

from core.backends.fake import Conduct, plan_of, scripted_agents
from core.commands import EditStep
from core.settings import Settings
from core.store import Store, StoryQuery
from core.types import PlannedStep, Policy, Request, Verdict
from studio.ui import launch
from studio.visitors import OWNER
from tests.bench.figures import Figure
from tests.core.shelves import fill
from tests.studio.chromium import browser, context, visit
from tests.studio.open_studio import Gate, free_port
from tests.studio.storybook import House

CHANGES = 12  # of which each viewer's page is to show every one
BETWEEN_LOOKS = 0.4  # seconds; as often as a page looks while models work
MANY_VIEWERS = 20
STEPS, ATTEMPTS = 12, 5
STORIES = 10_000
LOOKS = 60


def figures() -> Iterator[Figure]:
    """Each against a baseline of the same run."""
    with tempfile.TemporaryDirectory() as folder, long_story(Path(folder)) as (house, conduct, story, url):
        gate = conduct.hook = Gate(at=1)  # a page looks often as long as models work
        told = house.controller.open(Request(text="A story that is being told"), Policy(), OWNER)
        gate.reached.wait(60)
        few = latency(house, told, url, viewers=1)
        many = latency(house, told, url, viewers=MANY_VIEWERS)
        gate.open.set()
        yield Figure("fact to browser, 20 viewers", many, "1 viewer", few)
        house.rest(told)
        short = house.controller.open(Request(text="A story at a small cost"), Policy(max_attempts=1), OWNER)
        house.rest(short)
        yield Figure("first look at 60 attempts", look_seconds(house, story), "at 12", look_seconds(house, short))
    small, large = (library_seconds(count) for count in (100, STORIES))
    yield Figure("library of 10 000, p95 of a page", large, "of 100", small)


@contextmanager
def long_story(folder: Path) -> Iterator[tuple[House, Conduct, str, str]]:
    """A studio with a finished story whose every step cost its whole budget, and how its models behave."""
    conduct = Conduct()
    verdicts = [Verdict(accepted=False, p_success=0.4, thought="Not yet. " * 20)]
    agents = scripted_agents(plans=[plan_of(STEPS)], verdicts=verdicts, conduct=conduct)
    port = free_port()
    with House(folder, agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=folder, port=port), wait=False)
        story = house.controller.open(Request(text="A long story"), Policy(max_attempts=ATTEMPTS), OWNER)
        house.rest(story)
        yield house, conduct, story, f"http://127.0.0.1:{port}/"
        app.close(verbose=False)


def latency(house: House, story: str, url: str, viewers: int) -> float:
    """Median seconds from a fact to its words on one viewer's page, while the others look as often as pages do."""
    over = threading.Event()
    others = [threading.Thread(target=_look_on, args=(url, story, over), daemon=True) for _ in range(viewers - 1)]
    for other in others:
        other.start()
    with browser() as opened:
        page = visit(context(opened).new_page(), f"{url}?story={story}")
        page.wait_for_selector("[data-cards] > li:last-child .caption")
        taken = [_shown_after(house, story, page, f"Change {number} of {viewers}") for number in range(CHANGES)]
    over.set()
    for other in others:
        other.join()
    return statistics.median(taken)


def _shown_after(house: House, story: str, page: Page, caption: str) -> float:
    step = house.trajectory(story).steps[-1]
    words = PlannedStep(title=step.title, instruction=step.instruction, prompt=step.prompt, caption=caption)
    began = time.perf_counter()
    house.send(story, EditStep(step=step.id, words=words))
    page.wait_for_function(
        "words => document.querySelector('[data-cards] > li:last-child .caption')?.textContent === words", arg=caption, polling=20
    )
    return time.perf_counter() - began


def _look_on(url: str, story: str, over: threading.Event) -> None:
    """A page's looks, without the page."""
    with httpx.Client(timeout=30) as client:
        config = client.get(f"{url}config").json()
        board = next(part for part in config["components"] if "look" in (part["props"].get("server_fns") or []))
        seen = ""
        while not over.wait(BETWEEN_LOOKS):
            call = {
                "session_hash": "bench",
                "component_id": board["id"],
                "fn_name": "look",
                "data": {"story": story, "seen": seen},
            }
            answer = client.post(f"{url}gradio_api/component_server", json=call).json()
            seen = (answer.get("news") or {}).get("version", seen)


def look_seconds(house: House, story: str) -> float:
    """Median seconds of a new page's first look: view, markup and all."""

    def look() -> Any:
        house.controller._boards.clear()
        return house.controller.look(story, "", OWNER)

    return statistics.median(_seconds(look) for _ in range(LOOKS))


def library_seconds(count: int) -> float:
    """The 95th percentile of the seconds of a page, walking through a library of so many stories."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        fill(store, range(count))
        taken, query = list[float](), StoryQuery(limit=40)
        for _ in range(LOOKS):
            began = time.perf_counter()
            page = store.page(query)
            taken.append(time.perf_counter() - began)
            query = query.model_copy(update={"after": page.next})
        return statistics.quantiles(taken, n=20)[-1]


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
