"""Several reviewers at once, in browsers of their own: who gets what, who sees what, whose time is up, and who decides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from core.reviewing import Answer
from core.store import Query
from tests.core.queues import NOON, story_of
from tests.studio.open_studio import Studio
from tests.studio.reviewers import goes_on, pass_ten_minutes, progress, reviewing, said_by, shown, told

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_two_reviewers_get_different_items_and_nothing_twice(studio: Studio) -> None:
    told(studio)
    with reviewing(studio, "ann", "order=story") as ann, reviewing(studio, "bob", "order=story") as bob:
        assert shown(ann) != shown(bob)
        for page in (ann, bob):
            goes_on(page, "a")
        assert shown(ann) != shown(bob)
        for page in (ann, bob):
            page.keyboard.press("x")
            expect(progress(page)).to_contain_text("2 today")
    items = [review.item for name in ("ann", "bob") for review in said_by(studio.house.store, name)]
    assert len(set(items)) == 4


def test_where_two_answers_are_wanted_both_get_the_item_and_see_the_others_only_after_their_own(studio: Studio) -> None:
    story_of(studio.house.store, "thestory0001", [0.94])
    with reviewing(studio, "ann", "required=2") as ann, reviewing(studio, "bob", "required=2") as bob:
        assert shown(ann) == shown(bob)
        ann.get_by_text("Marks, a comment, the story").click()
        ann.get_by_label("Comment").fill("the secret of ann")
        ann.get_by_role("button", name="Pass").click()
        expect(ann.locator("[data-said]")).to_contain_text("You agree with the critic.")
        expect(ann.locator("[data-said]")).not_to_contain_text("bob")
        heard = list[str]()
        bob.on("response", lambda answer: heard.append(answer.text()) if "component_server" in answer.url else None)
        bob.reload()
        shown(bob)
        bob.wait_for_load_state("networkidle")
        assert "the secret of ann" not in "\n".join(heard) + bob.content()
        bob.keyboard.press("x")
        expect(bob.locator("[data-said]")).to_contain_text("ann: Passed")
        bob.locator(".said summary").click()
        expect(bob.locator(".said-all")).to_contain_text("the secret of ann")
        bob.keyboard.press("u")
        expect(bob.locator("[data-said]")).not_to_contain_text("ann")


# ---------------------------------------------------------------- leases


def test_whose_time_is_up_is_told_and_may_go_on_while_nobody_else_has_it(studio: Studio) -> None:
    story_of(studio.house.store, "thestory0001", [0.5])
    with studio.page("review") as page:
        page.clock.install()
        page.reload()
        here = shown(page)
        page.clock.fast_forward("10:01")  # without a key or a touch
        pass_ten_minutes(studio.house.store)
        expect(page.locator("[data-notice]")).to_contain_text("Your ten minutes for this one are up")
        page.get_by_role("button", name="Go on with it").click()
        expect(page.locator("[data-notice]")).to_be_hidden()
        assert shown(page) == here
        page.clock.fast_forward("10:01")
        pass_ten_minutes(studio.house.store)
        assert studio.house.store.reviews.take("bob", Query(), datetime.now(UTC)) is not None
        page.get_by_role("button", name="Go on with it").click()
        expect(page.locator("[data-notice]")).to_contain_text("somebody else has it now")
        page.locator("[data-do=drop]").click()
        expect(page.get_by_role("heading", name="Nothing left to review")).to_be_visible()


def test_who_is_at_it_keeps_it(studio: Studio) -> None:
    story_of(studio.house.store, "thestory0001", [0.5])
    with studio.page("review") as page:
        page.clock.install()
        page.reload()
        shown(page)
        page.clock.fast_forward("03:00")
        page.keyboard.press("b")
        with page.expect_request(lambda request: '"renew"' in (request.post_data or "")):
            page.clock.fast_forward("03:00")
        page.clock.fast_forward("06:00")
        expect(page.locator("[data-notice]")).to_be_hidden()


def test_an_answer_that_comes_too_late_says_so_and_the_reviewer_goes_on(studio: Studio) -> None:
    items = story_of(studio.house.store, "thestory0001", [0.5, 0.7])
    reviews = studio.house.store.reviews
    with reviewing(studio) as page:
        shown(page)
        pass_ten_minutes(studio.house.store)
        assert reviews.take("bob", Query(), datetime.now(UTC)).item == items[0]  # type: ignore[union-attr]
        reviews.answer("bob", items[0], Answer(accepted=True), datetime.now(UTC))
        goes_on(page, "x")
        expect(page.locator("[data-toast]")).to_contain_text("Others have answered this one meanwhile")
        page.keyboard.press("x")
        expect(progress(page)).to_contain_text("1 today")
    assert [review.item for review in said_by(studio.house.store, "local")] == [items[1]]


# ---------------------------------------------------------------- those who lead


def test_a_lead_decides_what_reviewers_disagree_about_and_makes_an_answer_the_right_one(studio: Studio) -> None:
    items = story_of(studio.house.store, "thestory0001", [0.5, 0.7, 0.9])
    reviews = studio.house.store.reviews
    for item in items[:2]:
        reviews.answer("ann", item, Answer(accepted=True), NOON, required=2)
        reviews.answer("bob", item, Answer(accepted=False, faults=("anatomy",)), NOON, required=2)
    with reviewing(studio, "eve") as page:
        page.get_by_role("button", name="Disagreements").click()
        expect(page.locator("[data-dispute]")).to_contain_text("ann")
        expect(page.locator("[data-dispute]")).to_contain_text("anatomy")
        expect(page.locator("[data-dispute-count]")).to_contain_text("2 to decide")
        goes_on(page, "x")
        expect(page.locator("[data-said]")).to_contain_text("you: Did not pass")
        page.keyboard.press("s")
        expect(page.locator("[data-none]")).to_contain_text("Reviewers agree")
        page.get_by_role("button", name="Look again").click()
        shown(page)
        page.get_by_role("button", name="Disagreements").click()
        expect(page.locator("[data-dispute]")).to_be_hidden()
        shown(page)
        page.keyboard.press("a")
        page.locator(".said summary").click()
        page.get_by_role("button", name="Make my answer the right one").click()
        expect(page.locator("[data-toast]")).to_contain_text("This is the right answer from now on.")
    assert reviews.disagreements(Query()) == (items[1],)
    assert reviews.gold_of(items[2], "eve") is not None


def test_a_lead_publishes_a_guideline_and_its_version_goes_with_answers(studio: Studio) -> None:
    story_of(studio.house.store, "thestory0001", [0.5])
    with reviewing(studio) as page:
        shown(page)
        page.keyboard.press("h")
        expect(page.locator("[data-guideline]")).to_contain_text("A picture passes if it shows what the step asks for")
        page.get_by_role("button", name="Write a new version").click()
        page.fill("[data-guide-form] textarea", "# Cats\n\nLook at the <i>tail</i>.")
        page.get_by_role("button", name="Publish").click()
        expect(page.get_by_role("heading", name="Cats")).to_be_visible()
        expect(page.locator("[data-guideline]")).to_contain_text("<i>tail</i>")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(progress(page)).to_contain_text("1 today")
    assert [review.guideline for review in said_by(studio.house.store, "local")] == [1]
