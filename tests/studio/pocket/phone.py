"""A studio with the models that ship, open on this machine, and a phone that looks at it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL.Image import Image
from playwright.sync_api import Locator, Page, expect

from core.policy import Rest, next_task
from core.ports import Agents, DrawCase, Painter, Results, Stream
from core.profiles import load_profile
from core.settings import Settings
from core.trajectory import Trajectory
from studio.ui import _telling, launch
from studio.visitors import OWNER
from tests.studio.chromium import PHONE, Visitors, visit
from tests.studio.door import door_to
from tests.studio.open_studio import free_port
from tests.studio.storybook import House, until

REQUEST = "A cat finds a red balloon by the sea, in three pictures"
#: A story that leaves time to steer it, told by a painter who is in no hurry; no test waits for its end.
LONG = "A bear looks for stars in the forest at night, in 8 pictures"
#: More than the painter can do at once; the critic sees it, and refuses every attempt.
TOO_MUCH = "Add three small blue balloons at the top middle and a pink star at the top right. Make it rain."
MINUTES = 120_000  # ms; a story takes a small part of it on two quiet cores


@dataclass
class Unhurried:
    """The painter, which may be told to take its time: a quick machine would be through before anybody has clicked."""

    painter: Painter
    seconds: float = 0.0  # before each drawing

    @property
    def name(self) -> str:
        return self.painter.name

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        time.sleep(self.seconds)
        return (yield from self.painter.draw(cases))


@dataclass
class Pocket:
    """A studio whose models are the small ones. ``book`` is a story file: three pictures, told to the end."""

    house: House
    painter: Unhurried
    url: str
    visitors: Visitors
    book: Path

    @contextmanager
    def unhurried(self, seconds: float = 0.8) -> Iterator[None]:
        """For as long as the block takes, each drawing takes so long at least."""
        self.painter.seconds = seconds
        yield
        self.painter.seconds = 0.0

    @contextmanager
    def page(self, address: str = "") -> Iterator[Page]:
        """A new visitor's page, 390 px wide: nothing may go wrong in its scripts, and nothing may stick out."""
        with self.visitors.visitor(self.url, PHONE) as visitor:
            page, faults = visitor.new_page(), list[str]()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.set_default_timeout(MINUTES)
            yield visit(page, self.url + address)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults == []

    @contextmanager
    def reading(self, story: str) -> Iterator[Page]:
        """A page that shows this story."""
        with self.page(f"?story={story}") as page:
            expect(page.locator("[data-cards] > li").first).to_be_visible(timeout=MINUTES)
            yield page

    def story(self) -> str:
        """A finished story of a test's own."""
        return self.house.controller.librarian.import_file(self.book, OWNER)

    def now(self, story: str) -> Trajectory:
        return self.house.trajectory(story)

    def rest(self, story: str, *reasons: str) -> Trajectory:
        """The story, once it rests, and no call is in flight."""

        def rests() -> bool:
            task = next_task(self.now(story))
            at_rest = isinstance(task, Rest) and task.reason in (reasons or ("done",))
            return at_rest and self.house.worker.passing(story).live is None

        until(rests, MINUTES / 1000)
        return self.now(story)


@contextmanager
def opened(folder: Path, agents: Agents, chromium: Visitors, book: Path) -> Iterator[Pocket]:
    port = free_port()
    painter = Unhurried(agents.painter)
    with House(folder, replace(agents, painter=painter)) as house:
        house.controller.tellings = (_telling(load_profile("pocket")),)
        app = launch(house.controller, house.store.images, Settings(data=folder, port=port), wait=False)
        with door_to(port) as url:
            yield Pocket(house, painter, url, chromium, book)
        app.close(verbose=False)


# ---------------------------------------------------------------- what is on the page


def card(page: Page, step: str) -> Locator:
    return page.locator(f"[data-step={step}]")


def badge(page: Page, step: str) -> Locator:
    return card(page, step).locator(".card-head .badge").first


def shows(place: Locator, words: str) -> None:
    """It says just this, as soon as the models have got that far."""
    expect(place).to_have_text(words, timeout=MINUTES)


def status(page: Page) -> Locator:
    return page.locator(".badge-status")


def done(page: Page) -> None:
    page.wait_for_selector(".studio[data-look=done]", timeout=MINUTES)


def menu(page: Page, step: str, act: str) -> None:
    """Does something from the menu of a step."""
    card(page, step).locator(".card-acts .menu summary").click()
    card(page, step).locator(f".card-acts [data-do={act}]").click()


def fill(form: Locator, **words: str) -> None:
    """Writes these words into a form, and saves it."""
    for name, text in words.items():
        form.locator(f"[name='{name.replace('__', '.')}']").fill(text)
    form.locator("[type=submit]").click()


def edit(page: Page, step: str, **words: str) -> None:
    card(page, step).locator("[data-do=edit]").click()
    fill(card(page, step).locator("form.words"), **words)


def answer(page: Page, stale: str) -> None:
    """Says what shall become of the pictures that a change takes the ground from."""
    page.click(f"dialog[open] [data-stale={stale}]")


def policy(page: Page, **said: str) -> None:
    """Changes what the story may cost from its menu."""
    page.locator(".controls .menu summary").click()
    form = page.locator("form.policy")
    for name, value in said.items():
        field = form.locator(f"[name={name}]")
        if name in ("threshold", "on_exhausted"):
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("[type=submit]").click()
