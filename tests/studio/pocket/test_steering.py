"""A story is steered while it is told: held, stopped, watched step by step, made stricter, overruled. On the small models."""

from __future__ import annotations

from itertools import takewhile

import pytest
from playwright.sync_api import Page, expect

from core.events import Drawn, Failed, Judged, Paused, Planned, PolicySet
from tests.studio.open_studio import ask
from tests.studio.pocket.phone import (
    LONG,
    MINUTES,
    TOO_MUCH,
    Pocket,
    answer,
    badge,
    card,
    done,
    edit,
    fill,
    policy,
    shows,
    status,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]


def made(pocket: Pocket, story: str, now: bool) -> int:
    """How much models still did after the story was first held like this."""
    facts = pocket.house.store.events(story)
    held = next(at for at, fact in enumerate(facts) if isinstance(fact, Paused) and fact.now == now)
    return len(list(takewhile(lambda fact: isinstance(fact, Planned | Drawn | Judged | Failed), facts[held + 1 :])))


def test_a_story_is_held_after_a_call_or_at_once_by_button_or_key_and_goes_on_where_it_was(pocket: Pocket) -> None:
    with pocket.unhurried(), pocket.page() as page:
        story = ask(page, LONG)  # with Ctrl+Enter
        shows(badge(page, "s1"), "Accepted")
        page.click(".controls [data-do=pause]")
        shows(status(page), "Paused")
        t = pocket.rest(story, "paused")
        assert made(pocket, story, now=False) <= 1, "only the call in flight went on to its end"
        assert t.first_open is not None, "there is something left to tell"
        page.locator("body").press(" ")
        shows(badge(page, t.first_open.step.id), "Accepted")
        page.keyboard.press("Escape")
        shows(status(page), "Paused")
        stopped = pocket.rest(story, "paused")
        assert stopped.stop_now
        assert made(pocket, story, now=True) <= 1, "none, unless the call was at its very end"
        drawn = [tried.attempt for tried in t.tries]
        assert [tried.attempt for tried in stopped.tries[: len(drawn)]] == drawn, "nothing that was there is drawn again"
        assert stopped.first_open is not None
        shows(badge(page, stopped.first_open.step.id), "Paused")


def test_budget_strictness_and_candidates_hold_from_the_moment_they_are_changed(pocket: Pocket) -> None:
    with pocket.unhurried(), pocket.page() as page:
        story = ask(page, LONG)
        shows(badge(page, "s1"), "Accepted")
        page.click(".controls [data-do=stop]")  # a quick machine would be through before the form is filled in
        shows(status(page), "Paused")
        policy(page, max_attempts="4", candidates="2", threshold="0.8")
        page.click(".controls [data-do=resume]")
        two = page.locator("[data-cards] > li").filter(has=page.locator(".strip-item:nth-child(2)")).first
        expect(two).to_be_visible(timeout=MINUTES)
        page.evaluate("scrollTo(0, 0)")
        page.click(".controls [data-do=stop]")
        shows(status(page), "Paused")
        t = pocket.rest(story, "paused")
        assert (t.policy.max_attempts, t.policy.candidates, t.policy.threshold) == (4, 2, 0.8)
        facts = pocket.house.store.events(story)
        changed = next(at for at, fact in enumerate(facts) if isinstance(fact, PolicySet))
        early = {fact.attempt.key.step for fact in facts[:changed] if isinstance(fact, Drawn)}
        drawn = [tried.attempt.key.step for tried in t.tries if tried.attempt.key.step not in early]
        assert all(drawn.count(step) >= 2 for step in drawn[:-1]), "two candidates of each step that was begun since"
        assert all(drawn.count(step) <= 4 for step in drawn)
        page.locator(".controls .menu summary").click()
        expect(page.locator("form.policy [name=threshold]")).to_have_value("0.8")


def test_who_wants_to_look_is_waited_for_after_the_plan_and_after_each_picture(pocket: Pocket) -> None:
    with pocket.page() as page:
        page.click("#settings > button.label-wrap")
        page.get_by_label("Wait for me").check()
        story = ask(page, "A duck and a frog fly a kite in the meadow, in two pictures")
        turn = page.locator(".turn-bar")
        expect(turn).to_contain_text("The plan is ready", timeout=MINUTES)
        assert pocket.rest(story, "review").tries == ()
        for pictures in (1, 2):
            turn.locator("[data-do=resume]").click()
            expect(page.locator(".strip-item")).to_have_count(pictures, timeout=MINUTES)
            expect(turn).to_contain_text("The critic has judged", timeout=MINUTES)
            assert len(pocket.rest(story, "review").tries) == pictures
        turn.locator("[data-do=resume]").click()
        done(page)


def attempts(page: Page, step: str) -> None:
    """Unfolds the attempts at a step."""
    card(page, step).locator(".attempts summary").click()


def test_what_the_critic_refused_is_accepted_by_a_person_who_knows_better(pocket: Pocket) -> None:
    story = pocket.story()
    with pocket.reading(story) as page:
        policy(page, max_attempts="2", on_exhausted="pause")
        edit(page, "s3", prompt=TOO_MUCH)
        shows(badge(page, "s3"), "Your turn")
        expect(page.locator(".story-says")).to_contain_text("passed within 2: choose one, edit the prompt, or retry.")
        attempts(page, "s3")
        last = card(page, "s3").locator(".attempt:not(.attempt-past)").nth(1)
        expect(last.locator(".badge")).to_have_text("Not yet")
        last.locator("[data-do=accept]").click()
        shows(badge(page, "s3"), "Accepted by you")
        expect(last.locator(".in-use")).to_be_visible()
        done(page)
        tried = pocket.rest(story).standings[2].tries[1]
        assert tried.critic is not None
        assert tried.person is not None
        assert (tried.critic.accepted, tried.person.accepted) == (False, True), "both verdicts stay on record"
        first = card(page, "s3").locator(".attempt:not(.attempt-past)").first
        first.locator("[data-do=choose]").click()
        shows(badge(page, "s3"), "Chosen by you")
        expect(first.locator(".in-use")).to_be_visible()


def test_what_the_critic_accepted_is_refused_by_a_person_and_drawn_with_their_prompt(pocket: Pocket) -> None:
    mine = "Show a big yellow balloon at the top right. Keep the rest."
    story = pocket.story()
    with pocket.reading(story) as page:
        attempts(page, "s2")
        shown = card(page, "s2").locator(".attempt")
        expect(shown.first.locator(".badge")).to_have_text("Passed")
        shown.first.locator("[data-do=reject]").click()
        fill(shown.first.locator("form.words"), refined_prompt=mine)
        answer(page, "redraw")
        expect(shown.first.locator(".badge")).to_have_text("Refused by you", timeout=MINUTES)
        done(page)
        t = pocket.rest(story)
        assert t.standings[1].tries[1].attempt.prompt == mine
        assert t.standings[2].source == t.standings[1].image, "the next step is drawn on the new picture"
        shown.first.locator("[data-do=choose]").click()
        answer(page, "redraw")
        shows(badge(page, "s2"), "Chosen by you")
        done(page)
        t = pocket.rest(story)
        assert t.standings[1].image == t.standings[1].tries[0].attempt.image
        assert t.standings[2].source == t.standings[1].image
