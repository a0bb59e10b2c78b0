"""Whom the review page lets in, and whether everybody can use it: on a phone, in light and dark, with no finding of axe-core."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.studio.chromium import PHONE, Visitors
from tests.studio.open_studio import Studio, opened
from tests.studio.reviewers import progress, reviewing, shown, told
from tests.studio.test_access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_guest_is_told_why_they_do_not_review_and_gets_nothing(tmp_path: Path, chromium: Visitors) -> None:
    with opened(tmp_path / "shared", chromium, host="0.0.0.0") as studio:
        story = told(studio)
        with studio.page("review") as page:
            expect(page.locator("[data-fault]")).to_contain_text("Only people whom the host has named review here")
            assert story not in page.content()
        with studio.page("library") as page:
            expect(page.locator(".page-empty:visible")).to_be_visible()
            expect(page.get_by_role("link", name="Review")).to_be_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_works_on_a_phone_and_for_everybody(studio: Studio, dark: bool) -> None:
    told(studio)
    with reviewing(studio, ask="order=story", size=PHONE, dark=dark) as page:
        here = shown(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for name in ("Pass", "Fail", "Undo", "Skip", "Flag"):
            button = page.get_by_role("button", name=name).first
            expect(button).to_be_in_viewport(ratio=1)
            assert button.bounding_box()["height"] >= 44  # type: ignore[index]
        assert findings(page) == []
        page.get_by_role("button", name="Fail").tap()
        expect(progress(page)).to_contain_text("1 today")
        assert shown(page) != here
        page.locator(".said summary").tap()
        page.get_by_role("button", name="Filters").tap()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert findings(page) == []
        page.keyboard.press("?")
        assert findings(page) == []
