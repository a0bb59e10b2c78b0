"""What a person sees and does on the agreement page, in a real browser, with the real studio behind it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from core.reviewing import Answer, AttemptItem
from tests.studio.chromium import DESKTOP, PHONE, Visitors
from tests.studio.open_studio import Studio, opened
from tests.studio.test_access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def reviewed(studio: Studio, stories: int = 2) -> list[AttemptItem]:
    """Stories whose attempts bob finds as the critic does, but for the first of each, which he refuses."""
    items = []
    for _ in range(stories):
        story = studio.house.open()
        for place, tried in enumerate(studio.house.rest(story).tries):
            assert tried.critic
            item = AttemptItem(story=story, attempt=tried.attempt.key)
            accepted = tried.critic.accepted and place > 0
            answer = Answer(accepted=accepted, faults=() if accepted else ("intent",), comment="" if accepted else "Not this one")
            studio.house.store.reviews.answer("bob", item, answer, datetime.now(UTC))
            items.append(item)
    return items


def number(page: Page, cell: str) -> str:
    return page.locator(f'.agreement-matrix [data-cell="{cell}"] b').inner_text()


def test_before_the_first_review_the_page_leads_to_where_they_are_given(studio: Studio) -> None:
    with studio.page("agreement") as page:
        expect(page.get_by_role("heading", name="No reviews yet")).to_be_visible()
        expect(page.locator(".agreement-matrix")).to_be_hidden()
        page.locator("[data-when=none]").get_by_role("link", name="Review").click()
        page.wait_for_url("**/review")


def test_a_number_opens_its_attempts_which_lead_to_their_steps_and_nothing_is_fetched_from_elsewhere(studio: Studio) -> None:
    items = reviewed(studio)
    with studio.page("agreement") as page:
        asked = list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        expect(page.locator(".agreement-about")).to_contain_text(f"Reviews: {len(items)}. Attempts: {len(items)}.")
        expect(page.locator("#calibration svg .mark-symbol path").first).to_be_visible()
        assert (number(page, "accepted_bad"), number(page, "accepted_good")) == ("2", "6")
        page.locator('[data-cell="accepted_bad"]').focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="The critic passed them, but people refused them")).to_be_focused()
        expect(page.locator(".agreement-case")).to_have_count(2)
        expect(page.locator(".agreement-matrix [aria-current=true]")).to_have_attribute("data-cell", "accepted_bad")
        case = page.locator(".agreement-case").first
        expect(case).to_contain_text("Left: wanted an orange cat")  # the critic
        expect(case).to_contain_text("Not this one")  # bob
        expect(case.get_by_role("link", name="Review")).to_have_attribute("href", "review?verdict=accepted&required=2")
        picture = case.locator("img").first
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
        page.reload()
        expect(page.locator(".agreement-case")).to_have_count(2)
        page.go_back()
        expect(page.locator(".agreement-case")).to_have_count(0)
        page.go_forward()
        case.get_by_role("link", name="Open the step").click()
        page.wait_for_url(re.compile(r"\?story=\w+$"))
        expect(page.locator("[data-step=s1] [data-card]")).to_be_focused()
        assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {urlsplit(studio.url).netloc}


def test_a_group_narrows_the_whole_page_until_the_filters_are_cleared(studio: Studio) -> None:
    items = reviewed(studio)
    with studio.page("agreement") as page:
        expect(page.locator("#calibration svg .mark-symbol path").first).to_be_visible()
        before = page.locator("#calibration svg.marks").inner_html()
        groups = page.locator("[data-part=groups]")
        groups.get_by_role("link", name="first picture", exact=True).click()
        expect(page.locator("[name=step]")).to_have_value("first picture")
        expect(page.locator(".agreement-note")).to_contain_text("few attempts")
        expect(groups.get_by_role("link", name="change of a picture")).to_have_count(0)
        page.wait_for_function("old => document.querySelector('#calibration svg.marks')?.innerHTML !== old", arg=before)
        page.reload()
        expect(page.locator("[name=step]")).to_have_value("first picture")
        expect(page.locator(".agreement-about")).to_contain_text("Attempts: 2.")
        page.select_option("[name=step]", "edit")
        expect(page.locator(".agreement-about")).to_contain_text(f"Attempts: {len(items) - 2}.")
        page.get_by_role("button", name="Clear filters").click()
        expect(page.locator(".agreement-about")).to_contain_text(f"Attempts: {len(items)}.")
        assert page.url.endswith("/agreement")
        groups.locator("tr", has_text="intent missed").get_by_role("link", name="Show these attempts").click()
        expect(page.get_by_role("heading", name="All attempts that the critic and people spoke of")).to_be_focused()
        page.get_by_role("button", name="Close the list").click()
        expect(page.locator(".agreement-cases")).to_be_hidden()
        expect(page.locator("[name=fault]")).to_have_value("intent")


def test_a_long_list_grows_where_the_reader_is(studio: Studio) -> None:
    items = reviewed(studio, stories=3)
    with studio.page("agreement?cell=all") as page:
        expect(page.locator(".agreement-case")).to_have_count(12)
        page.get_by_role("button", name="Show more").click()
        expect(page.locator(".agreement-case")).to_have_count(len(items))
        expect(page.locator(".agreement-case").nth(12).get_by_role("link").first).to_be_focused()
        expect(page.get_by_role("button", name="Show more")).to_have_count(0)


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_the_page_has_no_serious_finding_and_fits_the_screen(studio: Studio, size: tuple[int, int], dark: bool) -> None:
    reviewed(studio)
    with studio.page("agreement?cell=accepted_bad", size=size, dark=dark) as page:
        expect(page.locator(".agreement-case")).to_have_count(2)
        expect(page.locator("#calibration svg .mark-symbol path").first).to_be_visible()
        page.get_by_text("As a table").click()
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        ink = page.locator("#calibration svg .role-axis-label text").first.evaluate("text => getComputedStyle(text).fill")
        bright = sum(map(int, re.findall(r"\d+", ink)[:3])) > 3 * 128
        assert bright == dark, "what the chart says is read on the paper of the theme"


def test_guests_are_told_why_there_is_nothing_for_them(tmp_path: Path, chromium: Visitors) -> None:
    with opened(tmp_path / "shared", chromium, host="0.0.0.0") as guests, guests.page("agreement") as page:
        expect(page.get_by_role("heading", name="The figures can't be shown")).to_be_visible()
        expect(page.locator("[data-fault]")).to_contain_text("STUDIO_ANNOTATORS")
        expect(page.locator(".agreement-matrix")).to_be_hidden()
