"""A studio that is open on this machine, with scripted models, and pages of a real browser that look at it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ports import Delta, StepProgress
from core.settings import Settings
from studio.launcher import Launcher
from studio.ui import launch
from tests.studio.chromium import DESKTOP, Visitors, browser, visit
from tests.studio.door import door_to
from tests.studio.storybook import REQUEST, House, Storybook
from tests.studio.trainings import stand_in

SLOW = 20_000  # ms: most that a page may take to show what the server already knows
expect.set_options(timeout=SLOW)


@dataclass
class Gate:
    """Holds the painter in the middle of one drawing, until it is opened."""

    at: int  # which drawing, from 1
    begun: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def __call__(self, delta: Delta) -> None:
        if not isinstance(delta, StepProgress) or delta.done != 1:
            return
        self.begun += 1
        if self.begun == self.at:
            self.reached.set()
            assert self.open.wait(60), "nobody opened the gate"


@dataclass
class Studio:
    """A studio that is open on this machine, and pages that look at it."""

    house: House
    book: Storybook
    url: str
    visitors: Visitors

    def hold(self, drawing: int) -> Gate:
        gate = Gate(drawing)
        self.book.conduct.hook = gate
        return gate

    @contextmanager
    def page(
        self, address: str = "", size: tuple[int, int] = DESKTOP, dark: bool = False, locale: str = "en-US"
    ) -> Iterator[Page]:
        """A new visitor's page; anything that goes wrong in its scripts, or that its policy forbids, fails the test."""
        with self.visitors.visitor(self.url, size, dark, locale) as visitor:
            page, faults = visitor.new_page(), list[str]()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda said: faults.append(said.text) if "Security Policy" in said.text else None)
            page.set_default_timeout(SLOW)
            yield visit(page, self.url + address)
        assert faults == []


@pytest.fixture(scope="session")
def chromium() -> Iterator[Visitors]:
    with browser() as opened:
        yield Visitors(opened)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def opened(folder: Path, chromium: Visitors, host: str = "127.0.0.1") -> Iterator[Studio]:
    """A studio over a data folder; with another host, one that guests come to."""
    port = free_port()
    book = Storybook()
    with House(folder, book.agents) as house:
        settings = Settings(data=folder, host=host, port=port)
        launcher = Launcher(folder.parent / "runs", [folder], stand_in)
        app = launch(house.controller, house.store.images, settings, wait=False, launcher=launcher)
        with door_to(port) as url:
            yield Studio(house, book, url, chromium)
        if isinstance(book.conduct.hook, Gate):
            book.conduct.hook.open.set()
        app.close(verbose=False)


@pytest.fixture
def studio(tmp_path: Path, chromium: Visitors) -> Iterator[Studio]:
    with opened(tmp_path / "data", chromium) as open_here:
        yield open_here


def ask(page: Page, text: str = REQUEST) -> str:
    """Types a request and starts the story; its id."""
    page.fill("#request textarea", text)
    page.press("#request textarea", "Control+Enter")
    page.wait_for_url(re.compile(r"\?story="))
    expect(page.locator("[data-screen=story] .story-head").first).to_be_visible()
    return page.url.split("story=")[1]


def finished(page: Page) -> None:
    page.wait_for_selector(".studio[data-look=done]")
