"""What a reviewer sees and does on the review page, in a real browser, with the real studio behind it."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route, expect

from tests.studio.open_studio import Studio
from tests.studio.reviewers import answers, goes_on, progress, reviewing, said_by, shown, told

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CRITIC = "Left: wanted an orange cat, see an orange cat."  # the storybook's critic, of the first picture


# ---------------------------------------------------------------- one reviewer


def test_a_key_decides_the_next_item_is_there_and_undo_goes_back_to_the_first(studio: Studio) -> None:
    story = told(studio)
    facts = studio.house.store.events(story)
    with reviewing(studio, ask="order=story") as page:
        seen = [shown(page)]
        expect(page.locator(".look-none")).to_contain_text("Drawn from nothing")
        seen.append(goes_on(page, "a"))
        expect(page.locator("[data-toast]")).to_contain_text("Passed: you agree with the critic.")
        page.keyboard.press("1")
        page.keyboard.press("4")
        seen.append(goes_on(page, "x"))
        seen.append(goes_on(page, "s"))
        seen.append(goes_on(page, "f"))
        assert len(set(seen)) == 5
        expect(progress(page)).to_contain_text("2 today")
        expect(page.locator("[data-said]")).to_contain_text("You agree with the critic.")
        assert [answer.faults for answer in answers(studio.house.store, "local")] == [(), ("intent", "collateral")]
        for key, item in zip(["u", "Backspace", "u", "u"], reversed(seen[:-1]), strict=True):
            assert goes_on(page, key) == item
        expect(page.locator("[data-toast]")).to_contain_text("Taken back.")
        page.keyboard.press("u")
        expect(page.locator("[data-toast]")).to_contain_text("There is nothing to undo")
        assert answers(studio.house.store, "local") == []
        goes_on(page, "a")
        expect(page.locator("[value=intent][data-fault]")).to_be_checked()  # as it was answered, before it was taken back
    assert studio.house.store.events(story) == facts


def test_a_better_prompt_marks_and_a_comment_go_with_the_answer_and_keys_rest_while_one_types(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, ask="order=story") as page:
        here = shown(page)
        page.keyboard.press("e")
        page.keyboard.type("saxophone 17")
        assert shown(page) == here
        expect(page.locator("[data-fault]:checked")).to_have_count(0)
        page.keyboard.press("Escape")
        page.get_by_text("Marks, a comment, the story").click()
        meaning = page.get_by_role("group", name="Meaning")
        meaning.get_by_role("radio", name="7", exact=True).click()
        page.get_by_role("group", name="Quality").get_by_role("radio", name="3", exact=True).click()
        page.get_by_role("group", name="Quality").get_by_role("radio", name="3", exact=True).click()  # takes it back
        page.get_by_label("Comment").fill("the tail\nis gone")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        goes_on(page, "Control+Enter")
        expect(progress(page)).to_contain_text("1 today")
    (answer,) = answers(studio.house.store, "local")
    assert (answer.accepted, answer.refined_prompt, answer.comment) == (False, "saxophone 17", "the tail\nis gone")
    assert (answer.semantics, answer.quality, answer.blind) == (7, None, False)
    assert answer.seconds > 0


def test_what_was_begun_is_there_after_a_reload(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, ask="order=story") as page:
        here = shown(page)
        page.keyboard.press("6")
        page.keyboard.press("e")
        page.keyboard.type("A cat by the sea")
        page.reload()
        assert shown(page) == here
        expect(page.locator("[name=refined]")).to_have_value("A cat by the sea")
        expect(page.locator("[value=style][data-fault]")).to_be_checked()
        goes_on(page, "x")
        expect(progress(page)).to_contain_text("1 today")
        page.reload()
        shown(page)
        page.keyboard.press("u")
        expect(page.locator("[name=refined]")).to_have_value("A cat by the sea")  # undone in the same tab's session


def test_another_key_can_be_chosen_and_survives_a_reload_but_none_that_is_taken(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, ask="order=story") as page:
        here = shown(page)
        page.keyboard.press("?")
        passes = page.locator('[data-action="attempt:a"]')
        passes.click()
        page.keyboard.press("s")
        expect(page.locator("[data-key-fault]")).to_contain_text("S is taken: skip")
        passes.click()
        page.keyboard.press("p")
        expect(passes).to_have_text("P")
        page.keyboard.press("Escape")
        page.reload()
        assert shown(page) == here
        expect(page.locator(".decide-good kbd")).to_have_text("P")
        page.keyboard.press("a")
        assert shown(page) == here, "the old key does nothing any more"
        goes_on(page, "p")
        page.keyboard.press("?")
        page.get_by_role("button", name="As they were").click()
        expect(passes).to_have_text("A")


def test_pictures_are_compared_by_turns_with_a_slider_and_closer(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, ask="order=story") as page:
        shown(page)
        goes_on(page, "s")
        over, look = page.locator("[data-over]"), page.locator("[data-look]")
        expect(over).to_be_hidden()
        page.keyboard.down("Space")
        expect(over).to_be_visible()
        expect(page.locator("[data-tag]")).to_have_text("before")
        page.keyboard.up("Space")
        expect(over).to_be_hidden()
        page.keyboard.press("b")
        expect(over).to_be_visible()
        page.keyboard.press("b")
        page.keyboard.press("v")
        page.locator(".look [data-slide]").fill("20")
        assert look.evaluate("look => look.style.getPropertyValue('--cut')") == "20%"
        page.keyboard.press("z")
        expect(page.locator(".look-after.is-close")).to_be_visible()
        goes_on(page, "s")
        expect(look).to_have_attribute("data-view", "slide")  # as it was chosen


def test_orders_and_filters_say_what_comes_and_stay_in_the_address(studio: Studio) -> None:
    told(studio)
    with reviewing(studio) as page:
        expect(progress(page)).to_contain_text("0 of 7")
        expect(page.locator(".remark")).to_contain_text("success 18 %")  # of all of them the nearest to 50 %
        page.select_option("[name=order]", "newest")
        expect(page.locator(".ra-head p")).to_have_text("Step 5 of 5 · Attempt 2")
        page.keyboard.press("/")
        page.keyboard.type("blue")
        expect(progress(page)).to_contain_text("0 of 1")
        expect(page.locator(".ra-asks")).to_contain_text("not a blue one")
        page.select_option("[name=verdict]", "accepted")
        expect(page.get_by_role("heading", name="Nothing left to review")).to_be_visible()
        page.reload()
        expect(page.locator("[data-none]")).to_contain_text("matches these filters")
        expect(page.locator("[name=order]")).to_have_value("newest")
        page.locator(".page-empty").get_by_role("button", name="Clear filters").click()
        expect(progress(page)).to_contain_text("0 of 7")
        assert page.url.endswith("/review?order=newest")


def test_an_empty_studio_says_that_there_is_nothing_and_looks_again(studio: Studio) -> None:
    with reviewing(studio) as page:
        expect(page.locator("[data-none]")).to_contain_text("You have seen all that there is")
        told(studio)
        page.get_by_role("button", name="Look again").click()
        shown(page)


def test_what_the_server_has_not_heard_of_yet_is_not_asked_again(studio: Studio) -> None:
    told(studio)

    def slowly(route: Route) -> None:
        time.sleep(0.1)
        route.continue_()

    with reviewing(studio, ask="order=story") as page:
        page.route("**/component_server/", slowly)
        for _ in range(6):
            goes_on(page, "a")
        page.keyboard.press("a")
        expect(progress(page)).to_contain_text("7 of 7")
        expect(page.get_by_role("heading", name="Nothing left to review")).to_be_visible()
    assert len({review.item for review in said_by(studio.house.store, "local")}) == 7


# ---------------------------------------------------------------- secrecy


def test_a_blind_reviewer_is_sent_nothing_of_the_critic_before_their_answer(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, ask="order=story&blind=yes") as page:
        shown(page)
        heard = list[str]()
        page.on("response", lambda answer: heard.append(answer.text()) if "component_server" in answer.url else None)
        page.reload()
        shown(page)
        page.wait_for_load_state("networkidle")
        before = "\n".join(heard) + page.content()
        assert "An orange cat on the left" in before, "the prompt itself is there"
        assert [words for words in (CRITIC, "see an orange cat", "success", '"critic": true') if words in before] == []
        expect(page.locator(".remark")).to_contain_text("Hidden until you have answered.")
        goes_on(page, "a")
        expect(page.locator("[data-said]")).to_contain_text("You agree with the critic.")
        assert CRITIC in "\n".join(heard)
        assert "The red balloon" in shown(page) or "Step 2" in shown(page)
        page.locator(".said summary").click()
        expect(page.locator(".said-all")).to_contain_text(CRITIC)
    assert [answer.blind for answer in answers(studio.house.store, "local")] == [True]
