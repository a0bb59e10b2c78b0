"""What a person sees of the studio in Chinese and in Japanese, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.studio.chromium import PHONE
from tests.studio.open_studio import Studio, ask, finished
from tests.studio.trainings import sft_run

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: The texts of buttons that are longer than their button, or out of sight.
CUT = """[...document.querySelectorAll('.button, .badge, .view-button, .menu-item, .chip')].filter((e) => e.offsetParent
    && (e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth)).map((e) => e.textContent.trim())"""


def test_what_dropdowns_show_is_in_the_visitors_language_and_what_they_mean_is_not(studio: Studio) -> None:
    with studio.page(locale="ja-JP") as page:
        page.click("#settings > button.label-wrap")
        expect(page.locator("#threshold input")).to_have_value("クリティックの判断どおり")
        expect(page.locator("#exhausted input")).to_have_value("いちばん良い絵を残す")
        page.click("#threshold input")
        page.get_by_role("option", name="成功率80%以上：厳しめ").click()
        story = ask(page)
        policy = studio.house.trajectory(story).policy
        assert (policy.threshold, policy.on_exhausted) == (0.8, "best")


def test_what_is_refused_is_refused_in_the_visitors_language(studio: Studio) -> None:
    with studio.page(locale="zh-CN") as page:
        page.click("#start")
        expect(page.get_by_test_id("toast-text")).to_have_text("请用几句话说说故事讲什么。")
        expect(page.locator(".toast-title")).to_have_text("出错了")
    with studio.page("library", locale="zh-CN") as page:
        file = {"name": "holiday.zip", "mimeType": "application/zip", "buffer": b"nonsense"}
        page.set_input_files("[data-file]", [file])  # type: ignore[list-item]
        expect(page.locator("[data-intake-words]")).to_have_text("这不是故事文件，或文件不完整。")


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh"), ("ja-JP", "ja")])
def test_pages_fit_a_phone_in_every_language(studio: Studio, locale: str, language: str) -> None:
    sft_run(studio.house.folder.parent / "runs" / "critic", steps=20)
    with studio.page(size=PHONE, locale=locale) as page:
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--serif')").rstrip().endswith("serif")
        expect(page.locator(".brand").first).to_have_text("Interleave Studio")  # a name stays what it is
        assert (page.evaluate(WIDE), page.evaluate(CUT)) == (0, [])
        ask(page)
        finished(page)
        assert (page.evaluate(WIDE), page.evaluate(CUT)) == (0, [])
        for address in ("library", "train"):
            page.goto(studio.url + address)
            page.wait_for_selector(".tale, .run-line")
            assert (page.evaluate(WIDE), page.evaluate(CUT)) == (0, [])
