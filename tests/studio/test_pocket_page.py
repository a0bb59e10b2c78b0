"""The main job as a newcomer does it, in a real browser on a phone, with the pocket models that ship."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.profiles import build_agents, load_profile
from core.settings import Settings
from studio.ui import launch
from tests.studio.chromium import PHONE, context, visit
from tests.studio.open_studio import ask, free_port
from tests.studio.storybook import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]
MINUTES = 120_000  # ms; a story takes a quarter of it on two quiet cores


@pytest.fixture
def page(tmp_path: Path, chromium: Browser) -> Iterator[Page]:
    with House(tmp_path, build_agents(load_profile("pocket"))) as house:
        port = free_port()
        app = launch(house.controller, house.store.images, Settings(data=tmp_path, port=port), wait=False)
        visitor = context(chromium, PHONE)
        faults: list[str] = []
        opened = visitor.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        yield visit(opened, f"http://127.0.0.1:{port}/")
        visitor.close()
        app.close(verbose=False)
        assert faults == []


def done(page: Page) -> None:
    page.wait_for_selector(".studio[data-look=done]", timeout=MINUTES)


def test_a_newcomer_tells_edits_branches_and_takes_along_a_story(page: Page, tmp_path: Path) -> None:
    ask(page, "A cat finds a red balloon by the sea, in three pictures")
    done(page)
    expect(page.locator("[data-cards] > li")).to_have_count(3)
    last = page.locator("[data-cards] > li").nth(2)
    last.locator("[data-do=edit]").click()
    last.locator("form.words [name=prompt]").fill("Add a purple butterfly in the middle. Keep everything else as it is.")
    last.locator("form.words [type=submit]").click()
    expect(last.locator(".prompt")).to_contain_text("purple butterfly", timeout=MINUTES)
    done(page)
    before = last.locator(".card-open img").get_attribute("src")
    page.locator(".controls [data-do=undo]").click()
    expect(last.locator(".prompt")).not_to_contain_text("purple butterfly", timeout=MINUTES)
    done(page)
    assert last.locator(".card-open img").get_attribute("src") != before
    page.locator(".view-menu summary").click()
    with page.expect_download(timeout=MINUTES) as download:
        page.click("[data-format=epub]")
    download.value.save_as(tmp_path / "story.epub")
    assert (tmp_path / "story.epub").read_bytes().startswith(b"PK")
    page.evaluate("scrollTo(0, 0)")
    page.locator(".controls .menu summary").click()
    page.click("[data-do=branch]")
    expect(page.locator(".story-trunk")).to_be_visible()
    page.goto(re.sub(r"\?.*", "library", page.url))
    expect(page.locator("li.tale")).to_have_count(2)
