"""Pictures side by side: attempts at one step, and two stories that share their beginning. Drawn by the small models."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.studio.pocket.phone import Pocket, badge, card, done, edit, menu, shows, status

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def cut(page: Page) -> str:
    """How much of the other picture is shown."""
    place: str = page.locator("dialog.lightbox [data-compare]").evaluate("(box) => box.style.getPropertyValue('--cut')")
    return place


def loaded(page: Page, name: str) -> str:
    """Where the picture of this name comes from, once it is there."""
    picture = page.locator(f"dialog.lightbox [data-{name}]")
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    return picture.get_attribute("src") or ""


def test_a_step_is_drawn_afresh_and_both_pictures_are_compared_under_a_slider_and_side_by_side(pocket: Pocket) -> None:
    story = pocket.story()
    old = pocket.now(story).standings[2].tries[0].attempt
    with pocket.reading(story) as page:
        menu(page, "s3", "retry")
        shows(card(page, "s3").locator(".attempts-count"), "2 attempts")
        done(page)
        new = pocket.rest(story).standings[2].tries[0].attempt
        assert (new.prompt, new.source) == (old.prompt, old.source), "with its own words"
        assert new.seed != old.seed
        card(page, "s3").locator(".card-open").click()
        box = page.locator("dialog.lightbox")
        shows(box.locator("[data-tag-before]"), "before")
        before = loaded(page, "before")
        box.locator("[data-slide]").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert cut(page) == "48%"
        box.locator("[data-against]").select_option(label="Earlier drawing 1")
        expect(box.locator("[data-tag-before]")).to_have_text("Earlier drawing 1")
        assert cut(page) == "50%"
        assert len({before, loaded(page, "before"), loaded(page, "after")}) >= 2
        box.locator("[data-do=beside]").click()
        expect(box.locator("[data-compare]")).to_have_class(re.compile("is-beside"))
        left, right = (box.locator(f"[data-{name}]").bounding_box() for name in ("before", "after"))
        assert left is not None
        assert right is not None
        apart = left["x"] + left["width"] <= right["x"] + 1 or left["y"] + left["height"] <= right["y"] + 1
        assert apart, "on a phone, too, neither covers the other"
        assert max(left["x"] + left["width"], right["x"] + right["width"]) <= 390
        name = box.locator("[data-name]").inner_text()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(box.locator("[data-name]")).not_to_have_text(name)
        page.keyboard.press("Escape")
        expect(box).to_be_hidden()


def test_two_branches_stand_side_by_side_from_where_they_part(pocket: Pocket) -> None:
    story = pocket.story()
    with pocket.reading(story) as page:
        expect(page.locator("[data-do=show-compare]")).to_be_hidden()
        card(page, "s2").locator(".attempts summary").click()
        card(page, "s2").locator("[data-do=branch-here]").click()
        page.wait_for_function("story => !location.href.includes(story)", arg=story)
        shows(status(page), "Paused")
        edit(page, "s3", prompt="Add a yellow duck on the right. Keep everything else as it is.")
        page.click(".controls [data-do=resume]")
        shows(badge(page, "s3"), "Accepted")
        done(page)
        branch = page.url.split("story=")[1]
        page.click("[data-do=show-compare]")
        rows = page.locator(".versus-rows > li")
        expect(rows).to_have_count(3)
        for row, same in enumerate([2, 2, 0]):
            expect(rows.nth(row).locator(".versus-same")).to_have_count(same)
        rows.nth(2).locator(".versus-picture").first.click()
        expect(page.locator("dialog.lightbox .compare-before")).to_be_visible()
        assert loaded(page, "before") != loaded(page, "after")
        page.keyboard.press("Escape")
        one, other = pocket.rest(story), pocket.rest(branch)
        assert [at.image for at in one.standings[:2]] == [at.image for at in other.standings[:2]]
        assert one.standings[2].image != other.standings[2].image
