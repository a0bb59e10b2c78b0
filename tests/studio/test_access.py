"""The pages for everybody: no serious finding of axe-core anywhere, everything by keyboard, and other languages."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from studio.routes import ASSETS
from studio.storyboard import sign_in_of
from tests.studio.chromium import DESKTOP, PHONE
from tests.studio.open_studio import Studio, ask, finished
from tests.studio.storybook import REQUEST

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SERIOUS = {"serious", "critical"}


#: Until nothing is written into the page for so many ms, and nothing in it moves but what never ends.
STILL = """async (quiet) => {
    let changed = performance.now();
    const observer = new MutationObserver(() => { changed = performance.now(); });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const moves = () => document.getAnimations().some(
        (motion) => motion.playState === "running" && motion.effect.getComputedTiming().endTime !== Infinity);
    while (performance.now() - changed < quiet || moves()) await new Promise(requestAnimationFrame);
    observer.disconnect();
}"""
QUIET = 250


def findings(page: Page) -> list[str]:
    """What axe-core finds serious in the page as it is, once nothing moves any more."""
    page.evaluate(STILL, QUIET)
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in found if fault["impact"] in SERIOUS]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_no_state_of_the_first_page_has_a_serious_finding(studio: Studio, size: tuple[int, int], dark: bool) -> None:
    with studio.page(size=size, dark=dark) as page:
        assert findings(page) == []
        for fold in ("#pictures", "#notes", "#settings"):
            page.locator(f"{fold} button").first.click()
        assert findings(page) == []
        ask(page)
        finished(page)
        page.click("[data-step=s2] .attempts summary")
        page.click("[data-step=s3] [data-do=edit]")
        assert findings(page) == []
        page.fill("[data-step=s3] form [name=prompt]", "Another prompt.")
        page.click("[data-step=s3] form [type=submit]")
        expect(page.locator("dialog[data-ask]")).to_be_visible()
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.click("[data-step=s2] .attempt-picture >> nth=1")
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.click("[data-do=show-book]")
        assert findings(page) == []
        page.click("[data-do=read-full]")
        assert findings(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_library_has_no_serious_finding(studio: Studio, dark: bool) -> None:
    studio.house.rest(studio.house.open())
    with studio.page("library", dark=dark) as page:
        expect(page.locator("body")).to_contain_text(REQUEST)
        assert findings(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_where_one_signs_in_has_no_serious_finding(studio: Studio, dark: bool) -> None:
    with studio.visitors.visitor(studio.url, PHONE, dark) as visitor:
        page = visitor.new_page()
        page.set_content(sign_in_of("library", "The name or the password is wrong.", "en"))
        for name in ("plain", "signin"):
            page.add_style_tag(path=ASSETS / "css" / f"{name}.css")
        assert findings(page) == []


@pytest.mark.parametrize(("locale", "start", "done"), [("ja-JP", "ストーリー", "完"), ("zh-CN", "故事", "完")])
def test_the_page_speaks_the_language_of_the_browser(studio: Studio, locale: str, start: str, done: str) -> None:
    with studio.page(locale=locale) as page:
        expect(page.locator("#start")).to_contain_text(start)
        ask(page)
        page.wait_for_selector(".studio[data-look=done]")
        expect(page.locator(".badge-status")).to_contain_text(done)
        assert page.evaluate("document.documentElement.lang") == locale[:2]
        page.keyboard.press("?")
        expect(page.locator("dialog.help")).not_to_contain_text("this list")
        expect(page.locator("[data-step=s1] .caption")).to_contain_text("Early in the morning")


def test_a_reader_in_english_sees_english_whatever_else_there_is(studio: Studio) -> None:
    with studio.page() as page:
        expect(page.locator("#start")).to_have_text("Tell the story")
