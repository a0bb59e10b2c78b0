"""The main job as a newcomer does it, in a real browser on a phone, with the pocket models that ship."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.studio.open_studio import ask
from tests.studio.pocket.phone import MINUTES, REQUEST, Pocket, card, done, edit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def test_a_newcomer_tells_edits_branches_and_takes_along_a_story(pocket: Pocket, tmp_path: Path) -> None:
    with pocket.page() as page:
        ask(page, REQUEST)
        done(page)
        expect(page.locator("[data-cards] > li")).to_have_count(3)
        last = card(page, "s3")
        edit(page, "s3", prompt="Add a purple butterfly in the middle. Keep everything else as it is.")
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
