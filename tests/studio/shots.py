"""Takes pictures of the studio, for the README and for looking at: ``python -m tests.studio.shots FOLDER [only…]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from core.commands import EditStep, Pause
from core.settings import Settings
from core.types import PlannedStep
from studio.ui import launch
from studio.visitors import OWNER
from tests.studio.chromium import DESKTOP, PHONE, browser, context, visit
from tests.studio.storybook import REQUEST, House, Storybook

PORT = 7997
TITLES = (
    "Mila and the red balloon",
    "The rabbit who painted the whole night sky",
    "How the tides come about, in four pictures",
    "Good night, lighthouse",
    "A birthday cake for the smallest owl in the forest, who had never had one before",
    "Der Bär und das Boot",
    "Three kites",
    "Where the river ends",
    "A duck in the snow",
)
LOOKS = [(name, size, dark) for name, size in (("desktop", DESKTOP), ("phone", PHONE)) for dark in (False, True)]


def ask(page: Page, text: str) -> None:
    page.fill("#request textarea", text)
    page.press("#request textarea", "Control+Enter")
    page.wait_for_selector("[data-screen=story] .story-head")


def take(opened: Browser, url: str, folder: Path, name: str, size: tuple[int, int], dark: bool) -> None:
    page = context(opened, size, dark).new_page()
    visit(page, url)

    def shoot(what: str, full: bool = False) -> None:
        page.wait_for_timeout(450)
        page.screenshot(path=folder / f"{what}-{name}-{'dark' if dark else 'light'}.png", full_page=full)

    shoot("empty")
    page.click("#settings button")
    shoot("settings")
    ask(page, REQUEST)
    page.wait_for_selector(".ghosts li >> nth=1")
    shoot("planning")
    page.wait_for_selector("[data-step=s2] .remark-bad")
    page.wait_for_selector("[data-step=s2] .at-work .shimmer")
    shoot("running-top")
    page.locator("[data-step=s2]").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('[data-step=s2]').scrollIntoView({block: 'center'})")
    shoot("running")
    page.wait_for_selector(".studio[data-look=done]", timeout=90_000)
    page.evaluate("scrollTo(0, 0)")
    shoot("finished")
    shoot("finished-full", full=True)
    page.click("[data-step=s2] .attempts summary")
    page.evaluate("document.querySelector('[data-step=s2]').scrollIntoView({block: 'start'})")
    shoot("attempts")
    page.click("[data-step=s2] [data-do=reject] >> nth=0")
    shoot("reject")
    page.click("form.words [data-do=cancel]")
    page.click("[data-step=s3] [data-do=edit]")
    page.evaluate("document.querySelector('[data-step=s3]').scrollIntoView({block: 'center'})")
    shoot("edit")
    page.click("form.words [data-do=cancel]")
    page.click("[data-step=s3] .menu summary")
    shoot("menu")
    page.keyboard.press("Escape")
    page.click("[data-step=s2] .attempt-picture >> nth=1")
    shoot("lightbox")
    page.keyboard.press("Escape")
    page.click("[data-do=show-book]")
    page.evaluate("document.querySelector('.book').scrollIntoView({block: 'start'})")
    shoot("reading")
    page.close()


def furnish(house: House, book: Storybook) -> None:
    """Fills the library with stories in every state, and with several covers."""
    begun = book.conduct.seconds
    book.conduct.seconds = 0
    stories = []
    for number, title in enumerate(TITLES):
        story = house.open(title, review=number % 4 == 3)
        house.rest(story, "done", "review")
        if number % 3 != 1:
            house.send(story, EditStep(step="s1", words=PlannedStep(title="Again", prompt=f"A white rabbit, {number}.")))
            house.rest(story, "done", "review")
        stories.append(story)
    librarian = house.controller.librarian
    librarian.star([stories[1], stories[4]], True, OWNER)
    house.controller.branch(stories[2], None, OWNER)
    house.send(stories[7], Pause())
    librarian.duplicate(stories[5], OWNER)
    book.conduct.seconds = begun


def library(opened: Browser, url: str, folder: Path, name: str, size: tuple[int, int], dark: bool) -> None:
    page = context(opened, size, dark).new_page()
    visit(page, url + "library")

    def shoot(what: str) -> None:
        page.wait_for_timeout(500)
        page.screenshot(path=folder / f"library-{what}-{name}-{'dark' if dark else 'light'}.png")

    page.wait_for_selector(".tale")
    shoot("stories")
    if size == PHONE:
        page.get_by_role("button", name="Filters").click()
        shoot("filters")
        page.get_by_role("button", name="Filters").click()
    page.locator("[data-do=more]").nth(1).click()
    shoot("menu")
    page.keyboard.press("Escape")
    for box in page.locator("[data-pick]").all()[:2]:
        box.evaluate("box => box.click()")
    shoot("chosen")
    page.keyboard.press("Delete")
    page.wait_for_selector("[data-toast-undo]:visible")
    shoot("undo")
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-toast-undo]", state="hidden")
    page.keyboard.press("F2")
    shoot("rename")
    page.keyboard.press("Escape")
    page.fill("[name=words]", "nothing like it")
    page.wait_for_selector("[data-when=unmatched]:visible")
    shoot("unmatched")
    page.keyboard.press("Escape")
    page.set_input_files("[data-file]", {"name": "holiday.zip", "mimeType": "application/zip", "buffer": b"nonsense"})
    page.wait_for_selector("[data-intake].is-bad")
    shoot("refused")
    page.evaluate("document.querySelector('[data-help]').showModal()")
    shoot("keys")
    page.close()


def main(folder: Path, only: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    book = Storybook(seconds=0.12, deltas=8, side=768)
    with tempfile.TemporaryDirectory() as data, House(Path(data), book.agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=Path(data), port=PORT), wait=False)
        with browser() as opened:
            for name, size, dark in LOOKS:
                if not only or name in only or f"{name}-{'dark' if dark else 'light'}" in only:
                    take(opened, f"http://127.0.0.1:{PORT}/", folder, name, size, dark)
            furnish(house, book)
            for name, size, dark in LOOKS:
                if not only or "library" in only or name in only or f"{name}-{'dark' if dark else 'light'}" in only:
                    library(opened, f"http://127.0.0.1:{PORT}/", folder, name, size, dark)
        app.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
