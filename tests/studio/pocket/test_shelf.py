"""The library of a phone, with stories that the small models told: found, named, kept, lent and brought back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.studio.pocket.phone import MINUTES, Pocket, card, done

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def tale(page: Page, story: str) -> Locator:
    return page.locator(f'.tale[data-key="{story}"]')


def act(page: Page, story: str, name: str) -> None:
    """Opens a story's menu, and takes what has this name."""
    tale(page, story).get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name=name).click()


def test_stories_are_named_found_starred_copied_and_deleted_and_come_back(pocket: Pocket) -> None:
    first, second = pocket.story(), pocket.story()
    with pocket.page("library") as page:
        expect(page.locator(".tale")).to_have_count(2)
        act(page, first, "Rename")
        page.locator(".tale-rename input").fill("Ivan at the sea")
        page.keyboard.press("Enter")
        expect(tale(page, first).locator(".tale-open")).to_have_text("Ivan at the sea")
        tale(page, first).get_by_role("button", name="Star").click()
        expect(tale(page, first)).to_have_class(re.compile("is-starred"))
        act(page, first, "Duplicate")
        expect(page.locator(".tale")).to_have_count(3)
        expect(page.locator(".tale").first).to_contain_text("Ivan at the sea (copy)")
        expect(page.locator(".tale").first).to_contain_text("Finished")
        page.fill("[name=words]", "ivan sea")
        expect(page.locator(".tale")).to_have_count(2)
        expect(tale(page, second)).to_have_count(0)
        page.fill("[name=words]", "")
        expect(page.locator(".tale")).to_have_count(3)
        act(page, second, "Delete")
        expect(tale(page, second)).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(tale(page, second)).to_be_visible()
        picture = tale(page, second).locator("img")
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    assert pocket.house.store.card(first).starred


def test_a_story_file_is_taken_along_and_goes_on_where_it_is_brought_in(pocket: Pocket, tmp_path: Path) -> None:
    story = pocket.story()
    with pocket.page("library") as page:
        tale(page, story).get_by_role("button", name="More for").click()
        with page.expect_download(timeout=MINUTES) as download:
            page.get_by_role("menuitem", name="Download story file").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        page.set_input_files("[data-file]", file)
        page.wait_for_url(re.compile(r"\?story="))
        done(page)
        brought = page.url.split("story=")[1]
        assert brought != story
        assert pocket.now(brought).standings == pocket.now(story).standings
        card(page, "s3").locator(".card-acts .menu summary").click()
        card(page, "s3").locator("[data-do=retry]").click()
        expect(card(page, "s3").locator(".strip-past")).to_have_count(1, timeout=MINUTES)
        done(page)
        assert len(pocket.rest(brought).tries) == 4, "the models go on with it"
