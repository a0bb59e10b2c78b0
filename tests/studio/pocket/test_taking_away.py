"""A story of the small models is read on a phone, page by page, and taken away in every form."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.studio.pocket.phone import MINUTES, Pocket

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def test_a_story_is_opened_as_a_book_leafed_through_and_closed(pocket: Pocket) -> None:
    story = pocket.story()
    captions = [step.caption or "" for step in pocket.now(story).steps]
    with pocket.reading(story) as page:
        page.click("[data-do=show-book]")
        expect(page.locator(".book .page")).to_have_count(3)
        page.click("[data-do=read-full]")
        reader = page.locator(".reader")
        expect(reader.locator("[data-count]")).to_have_text("1 / 4")
        for number, caption in enumerate(captions, start=2):
            reader.locator("[data-do=turn]").click()
            expect(reader.locator("[data-count]")).to_have_text(f"{number} / 4")
            expect(reader.locator(".page > p")).to_have_text(caption)
            picture = reader.locator(".page img")
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
        expect(reader.locator("[data-do=turn]")).to_be_disabled()
        page.keyboard.press("Home")  # it is heard, although the button that was clicked last can't be any more
        expect(reader.locator("[data-count]")).to_have_text("1 / 4")
        page.keyboard.press("ArrowRight")
        reader.locator("[data-do=turn-back]").click()
        expect(reader.locator("[data-do=turn-back]")).to_be_disabled()
        reader.locator("[data-do=close]").click()
        expect(reader).to_be_hidden()
        page.keyboard.press("r")
        expect(page.locator("[data-cards]")).to_be_visible()


def test_a_finished_story_is_downloaded_in_every_form_with_its_words_and_pictures(pocket: Pocket, tmp_path: Path) -> None:
    story = pocket.story()
    t = pocket.now(story)
    caption, prompt = t.steps[1].caption or "", t.steps[1].prompt or ""
    files: dict[str, bytes] = {}
    with pocket.reading(story) as page:
        for form in ("html", "pdf", "pictures", "markdown"):
            page.locator(".view-menu summary").click()
            with page.expect_download(timeout=MINUTES) as download:
                page.click(f"[data-format={form}]")
            download.value.save_as(tmp_path / form)
            files[form] = (tmp_path / form).read_bytes()
            expect(page.locator("[data-takeaway] [data-words]")).to_contain_text("Your file is ready.")
            page.locator("[data-takeaway] [data-do=give-up]").click()
    web = files["html"].decode()
    assert caption in web
    assert web.count("data:image/") >= 3, "one file, with its pictures inside"
    assert files["pdf"].startswith(b"%PDF-")
    assert files["pdf"].count(b"/Subtype /Image") >= 3 or files["pdf"].count(b"/Subtype/Image") >= 3
    with ZipFile(BytesIO(files["pictures"])) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        assert len(names) == 3
        second = Image.open(BytesIO(archive.read(names[1])))
        assert (second.size, second.info["prompt"], second.info["story"]) == ((768, 768), prompt, story)
    with ZipFile(BytesIO(files["markdown"])) as archive:
        [text] = [name for name in archive.namelist() if name.endswith(".md")]
        assert caption in archive.read(text).decode().replace("\\", ""), "what Markdown would take for signs is escaped"
        assert sum(name.endswith((".png", ".jpg")) for name in archive.namelist()) == 3
