"""What a story can be begun with, and the keys that walk through it: on a phone's width, with the small models."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.types import Notes
from tests.studio.open_studio import ask
from tests.studio.pocket.phone import Pocket, card, done

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def test_notes_a_reference_and_a_sequence_are_what_the_story_goes_on_from(pocket: Pocket, tmp_path: Path) -> None:
    drawn = [standing.image for standing in pocket.now(pocket.story()).standings]
    for number, ref in enumerate(drawn):
        assert ref is not None
        pocket.house.store.images.load(ref).save(tmp_path / f"{number}.png")
    with pocket.page() as page:
        page.click("#notes > button.label-wrap")
        page.fill("#note-style textarea", "Watercolour")
        page.click("#pictures > button.label-wrap")
        expect(page.locator("#pictures [data-ready]")).to_have_count(3)
        page.set_input_files("#references input[type=file]", tmp_path / "2.png")
        expect(page.locator("#references .tray-item:not(.tray-sending)")).to_have_count(1)
        for number, text in enumerate(["Mila came to the sea.", "There was a balloon."]):
            page.click("[data-add]")
            piece = page.locator(".piece").nth(number)
            piece.locator("textarea").fill(text)
            piece.locator("input[type=file]").set_input_files(tmp_path / f"{number}.png")
            expect(piece.locator("img")).to_be_visible()
        story = ask(page, "How does it go on?")
        done(page)
        t = pocket.rest(story)
        assert t.request is not None
        load = pocket.house.store.images.load
        assert t.request.notes == Notes(style="Watercolour")
        assert [load(ref).tobytes() for ref in t.request.references] == [load(drawn[2]).tobytes()]  # type: ignore[arg-type]
        assert [given.text for given in t.request.given] == ["Mila came to the sea.", "There was a balloon."]
        assert t.standings[0].source == t.request.given[1].image, "the story goes on from the end of the sequence"
        expect(page.locator(".story-start img")).to_be_visible()


def test_arrows_walk_through_steps_and_attempts_and_a_question_mark_shows_all_keys(pocket: Pocket) -> None:
    with pocket.reading(pocket.story()) as page:
        page.keyboard.press("?")
        keys = page.locator("dialog.help")
        for key in ("Ctrl", "Enter", "Space", "Esc", "←", "?"):
            expect(keys.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$")).first).to_be_visible()
        page.keyboard.press("Escape")
        expect(keys).to_be_hidden()
        for step in ("s1", "s2", "s3"):
            page.keyboard.press("ArrowRight")
            expect(card(page, step).locator("[data-card]")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        expect(card(page, "s2").locator("[data-card]")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(card(page, "s2").locator(".attempt-picture")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("e")
        form = card(page, "s2").locator("form.words")
        expect(form.locator("[name=title]")).to_be_focused()
        page.keyboard.type("?")
        expect(keys).to_be_hidden()
