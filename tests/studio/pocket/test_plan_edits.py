"""The plan is changed after it was told, and the small models draw again what was built on it, and nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.studio.pocket.phone import MINUTES, Pocket, answer, badge, card, done, edit, fill, menu, shows, status

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]
ANOTHER = "Mila the white rabbit on the left, in the meadow by day."


def pictures(pocket: Pocket, story: str) -> list[object]:
    return [standing.image for standing in pocket.rest(story).standings]


def order(page: Page, *steps: str) -> None:
    """The cards stand in this order, by the ids of their steps."""
    cards = "[...document.querySelectorAll('[data-cards] > li')].map((card) => card.dataset.step).join()"
    page.wait_for_function(f"steps => {cards} === steps", arg=",".join(steps))


def test_what_builds_on_a_change_is_redrawn_at_once_if_the_person_says_so(pocket: Pocket) -> None:
    story = pocket.story()
    before = pictures(pocket, story)
    with pocket.reading(story) as page:
        edit(page, "s1", prompt=ANOTHER)
        expect(page.locator("dialog[data-ask]")).to_contain_text("The pictures of step 2")
        page.click("dialog[open] [data-stale='']")
        expect(card(page, "s1").locator("form.words [name=prompt]")).to_have_value(ANOTHER)
        assert pictures(pocket, story) == before, "who thinks better of it has changed nothing"
        card(page, "s1").locator("form.words [type=submit]").click()
        answer(page, "redraw")
        expect(card(page, "s3").locator(".strip-past")).to_have_count(1, timeout=MINUTES)
        done(page)
        now = pocket.rest(story).standings
        assert all(old != new.image for old, new in zip(before, now, strict=True))
        assert [now[1].source, now[2].source] == [now[0].image, now[1].image]


def test_kept_pictures_are_locked_until_they_are_let_follow(pocket: Pocket) -> None:
    story = pocket.story()
    before = pictures(pocket, story)
    with pocket.reading(story) as page:
        edit(page, "s1", prompt=ANOTHER)
        answer(page, "keep")
        for step in ("s2", "s3"):
            expect(card(page, step).locator(".badge-locked")).to_be_visible(timeout=MINUTES)
        expect(card(page, "s1").locator(".strip-past")).to_have_count(1, timeout=MINUTES)
        done(page)
        kept = pictures(pocket, story)
        assert kept[0] != before[0]
        assert kept[1:] == before[1:]
        expect(card(page, "s2").locator(".note")).to_contain_text(
            "Locked: the picture stays although a step before it was changed"
        )
        menu(page, "s3", "unlock")
        expect(card(page, "s3").locator(".badge-locked")).to_have_count(0)
        done(page)
        assert pictures(pocket, story) == kept, "what it is drawn on is locked: it has nothing to follow"
        menu(page, "s2", "unlock")
        answer(page, "redraw")
        expect(card(page, "s2").locator(".strip-past")).to_have_count(1, timeout=MINUTES)
        done(page)
        t = pocket.rest(story)
        assert t.standings[1].source == kept[0]
        assert t.standings[2].source == t.standings[1].image


def test_stale_pictures_wait_for_later_and_a_step_is_locked_by_hand(pocket: Pocket) -> None:
    story = pocket.story()
    before = pictures(pocket, story)
    with pocket.reading(story) as page:
        menu(page, "s3", "lock")
        expect(card(page, "s3").locator(".badge-locked")).to_be_visible()
        edit(page, "s1", prompt=ANOTHER)
        expect(page.locator("dialog[data-ask]")).to_contain_text("The picture of step 2")
        answer(page, "later")
        shows(status(page), "Paused")
        shows(badge(page, "s2"), "Stale")
        page.click(".controls [data-do=resume]")
        expect(card(page, "s2").locator(".strip-past")).to_have_count(1, timeout=MINUTES)
        done(page)
        now = pictures(pocket, story)
        assert now[:2] != before[:2]
        assert now[2] == before[2]


def test_steps_are_inserted_split_moved_and_removed_and_all_of_it_is_undone_and_redone(pocket: Pocket) -> None:
    story = pocket.story()
    before = pictures(pocket, story)
    with pocket.reading(story) as page:
        card(page, "s2").locator(".insert-button").click()
        fill(
            card(page, "s2").locator("form.words"),
            prompt="Make it evening. Keep everything else as it is.",
            caption="It grew late.",
        )
        answer(page, "later")
        order(page, "s1", "s2", "s4", "s3")
        menu(page, "s1", "split")
        fill(
            card(page, "s1").locator("form.words"),
            first__caption="This is Ivan.",
            second__prompt="Add a yellow duck on the right. Keep everything else as it is.",
            second__caption="And this is his friend.",
        )
        answer(page, "later")
        order(page, "s1", "s5", "s2", "s4", "s3")
        menu(page, "s4", "up")
        order(page, "s1", "s5", "s4", "s2", "s3")
        menu(page, "s3", "remove")
        order(page, "s1", "s5", "s4", "s2")
        assert len(pocket.now(story).tries) == 3, "a story that waits is not drawn"
        page.evaluate("scrollTo(0, 0)")
        page.click(".controls [data-do=resume]")
        shows(badge(page, "s2"), "Accepted")
        done(page)
        t = pocket.rest(story)
        told = [standing.image for standing in t.standings]
        assert told[0] == before[0], "the first half of a split keeps what was drawn for it"
        assert [standing.source for standing in t.standings[1:]] == told[:-1]
        assert [step.caption for step in t.steps[:3]] == ["This is Ivan.", "And this is his friend.", "It grew late."]
        undo, redo = page.locator(".controls [data-do=undo]"), page.locator(".controls [data-do=redo]")
        for steps in (
            ["s1", "s5", "s4", "s2", "s3"],
            ["s1", "s5", "s2", "s4", "s3"],
            ["s1", "s2", "s4", "s3"],
            ["s1", "s2", "s3"],
        ):
            undo.click()
            order(page, *steps)
        expect(undo).to_be_disabled()
        done(page)
        assert pictures(pocket, story) == before, "what was drawn is there again, without a model"
        for steps in (
            ["s1", "s2", "s4", "s3"],
            ["s1", "s5", "s2", "s4", "s3"],
            ["s1", "s5", "s4", "s2", "s3"],
            ["s1", "s5", "s4", "s2"],
        ):
            page.locator("body").press("Control+Shift+Z")
            order(page, *steps)
        expect(redo).to_be_disabled()
        done(page)
        assert pictures(pocket, story) == told


def test_words_that_are_not_saved_survive_a_reload_until_they_are_given_up(pocket: Pocket) -> None:
    story = pocket.story()
    with pocket.reading(story) as page:
        card(page, "s2").locator("[data-do=edit]").click()
        card(page, "s2").locator("form.words [name=caption]").fill("What if it were a kite?")
        card(page, "s3").locator(".insert-button").click()
        card(page, "s3").locator("form.words [name=prompt]").fill("Add a boat.")
        page.reload()
        expect(card(page, "s2").locator("form.words [name=caption]")).to_have_value("What if it were a kite?")
        expect(card(page, "s3").locator("form.words [name=prompt]")).to_have_value("Add a boat.")
        card(page, "s3").locator("form.words [data-do=cancel]").click()
        card(page, "s2").locator("form.words [type=submit]").click()
        expect(card(page, "s2").locator(".caption")).to_have_text("What if it were a kite?")
        page.reload()
        done(page)
        expect(page.locator("form.words")).to_have_count(0)
        assert len(pocket.now(story).tries) == 3, "a caption is not drawn"
