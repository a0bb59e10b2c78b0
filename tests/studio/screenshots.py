"""Takes the README's pictures of the studio, with the pocket models at work: ``make screenshots``."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page

from core.casting import build_agents
from core.profiles import load_profile
from core.settings import Settings
from studio.ui import launch
from tests.studio.chromium import DESKTOP, PHONE, browser, context, visit
from tests.studio.pocket.phone import Unhurried
from tests.studio.storybook import House

FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"
PORT = 7995
REQUESTS = (
    "A cat finds a red balloon by the sea",
    "Mila the rabbit builds a snowman in the mountains",
    "A duck and a frog fly a kite in the meadow, in four pictures",
    "A bear looks for stars in the forest at night",
)
QUALITY = 88


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    agents = build_agents(load_profile("pocket"))
    painter = Unhurried(agents.painter)
    with tempfile.TemporaryDirectory() as data, House(Path(data), replace(agents, painter=painter)) as house:
        app = launch(house.controller, house.store.images, Settings(data=Path(data), port=PORT), wait=False)
        for request in REQUESTS[1:]:
            house.rest(house.open(request))
        with browser() as opened:
            painter.seconds = 2.0  # time to take a picture
            story = running(opened)
            painter.seconds = 0.0
            house.rest(story)
            for name, address, size, dark in (
                ("finished", f"?story={story}", DESKTOP, True),
                ("library", "library", DESKTOP, False),
                ("review", "review", DESKTOP, False),
                ("phone", f"?story={story}", PHONE, False),
            ):
                page = context(opened, size, dark).new_page()
                visit(page, f"http://127.0.0.1:{PORT}/{address}")
                page.wait_for_load_state("networkidle")
                shoot(page, name)
        app.close(verbose=False)


def running(opened: Browser) -> str:
    """A story in the middle of being told: the picture at the top of the README. Returns its id."""
    page = visit(context(opened).new_page(), f"http://127.0.0.1:{PORT}/")
    page.evaluate("localStorage.setItem('interleave-studio.tour', 'seen')")
    page.fill("#request textarea", REQUESTS[0])
    page.press("#request textarea", "Control+Enter")
    page.wait_for_selector("[data-step=s3] .at-work")
    page.evaluate("scrollTo(0, 0)")
    shoot(page, "studio")
    return page.url.split("story=")[1]


def shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(700)
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
