"""How two attempts are compared: what is shown of them, and, in a real browser, which answer each key gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from core.errors import NotFound
from core.events import Event, Judged, NotesSet
from core.reviewing import PairAnswer, PairItem, Review
from core.store import Query, Store
from core.types import AttemptKey, ImageRef, Notes, Verdict
from studio.reviewing.access import Reviewer
from studio.reviewing.desk import Desk
from studio.reviewing.pair import PairReview, pair_of
from studio.storyboard import review_of
from tests.core.queues import drawn, judged, key, opened, planned, put
from tests.studio.chromium import DESKTOP, PHONE
from tests.studio.open_studio import Studio
from tests.studio.storybook import REFINED, STEPS
from tests.studio.test_access import findings
from tests.studio.test_storyboard import EVIL, Parsed

ANN = Reviewer("ann")
PAIR = PairItem(story="thestory0001", first=key(1), second=key(0))
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that a browser is needed for."""
    return pytest.mark.browser(pytest.mark.xdist_group("browser")(test))


def compared(store: Store, attempts: int = 2) -> Iterator[tuple[PairItem, PairReview]]:
    """All pairs that a reviewer gets, one after another."""
    facts: list[Event] = [opened(), planned(), *[drawn(number) for number in range(attempts)]]
    put(store, "thestory0001", facts)
    desk = Desk(store)
    while handed := desk.take(ANN, Query(kind="pair", order="random")):
        assert isinstance(handed.item, PairItem)
        assert isinstance(handed.view, PairReview)
        yield handed.item, handed.view
        desk.skip(ANN, handed.item)


# ---------------------------------------------------------------- what is shown


def test_left_is_the_items_first_and_tells_nobody_which_was_drawn_first(store: Store) -> None:
    pairs = list(compared(store, attempts=30))
    for item, view in pairs:
        one, other = (drawn(attempt.number).attempt.image.sha256 for attempt in (item.first, item.second))
        assert (view.left.sha256, view.right.sha256) == (one, other)
    later_left = sum(item.first.number > item.second.number for item, _ in pairs)
    assert 0.4 < later_left / len(pairs) < 0.6


def test_nothing_that_anybody_thought_of_either_is_in_a_pairs_markup() -> None:
    said = "One word of the critic"
    no = Verdict(accepted=False, thought=said, refined_prompt=said, p_success=0.37)
    facts: list[Event] = [opened(), planned(), drawn(0), Judged(attempt=key(0), verdict=no, by="critic:c@1")]
    facts += [drawn(1, prompt=said), judged(1, 0.37), Judged(attempt=key(1), verdict=no, by="person:ann")]
    markup = review_of(pair_of(PAIR, facts))
    assert "A cat" in markup, "the step's own prompt"
    assert said not in markup
    assert "37" not in Parsed(markup).texts


def test_the_step_is_shown_as_it_was_once_both_were_drawn() -> None:
    notes = [NotesSet(notes=Notes(style=style), by="person:ann") for style in ("ink", "chalk", "oil")]
    facts: list[Event] = [opened(), planned(), notes[0], drawn(0), notes[1], drawn(1), notes[2]]
    assert pair_of(PAIR, facts).notes.style == "chalk"
    assert pair_of(PAIR.model_copy(update={"first": key(0), "second": key(1)}), facts).notes.style == "chalk"


def test_a_pair_of_which_one_was_never_drawn_is_none() -> None:
    with pytest.raises(NotFound):
        pair_of(PAIR, [opened(), planned(), drawn(0)])


@pytest.mark.parametrize("field", ["request", "style", "title", "instruction", "prompt", "caption"])
def test_text_that_looks_like_markup_is_shown_as_it_was_written(field: str) -> None:
    def page(evil: str) -> Parsed:
        def say(name: str) -> str:
            return evil if name == field else "Three plain words"

        (step,) = planned().steps
        words = {name: say(name) for name in ("title", "instruction", "prompt", "caption")}
        plan = planned().model_copy(update={"steps": (step.model_copy(update=words),)})
        facts: list[Event] = [opened(say("request")), NotesSet(notes=Notes(style=say("style"))), plan, drawn(0), drawn(1)]
        return Parsed(review_of(pair_of(PAIR, facts)))

    shown = page(EVIL)
    assert shown.elements == page("Three plain words").elements
    assert any(EVIL in text for text in shown.texts)
    assert not shown.other


# ---------------------------------------------------------------- in a browser


@contextmanager
def reviewing(studio: Studio, **how: object) -> Iterator[Page]:
    """A browser of its own that looks at the first of the storybook's four pairs."""
    with studio.page("review?kind=pair&order=story", **how) as page:  # type: ignore[arg-type]
        expect(page.locator("[data-pair]")).to_be_visible()
        yield page


def told(studio: Studio) -> str:
    story = studio.house.open()
    studio.house.rest(story)
    return story


def sides(page: Page) -> tuple[str, str]:
    """Names of the pictures that are seen on the left and on the right."""
    seen = [page.locator(f"[data-attempt={side}] .pair-picture img:visible") for side in ("left", "right")]
    left, right = (image.get_attribute("src") or "" for image in seen)
    return left.split("/")[-1].split(".")[0], right.split("/")[-1].split(".")[0]


def goes_on(page: Page, key: str) -> tuple[str, str]:
    """Decides with a key, and waits for the next pair; which pictures stood there before."""
    before = sides(page)
    page.evaluate("document.querySelector('[data-pair]').dataset.old = 'yes'")
    page.keyboard.press(key)
    expect(page.locator("[data-pair][data-old]")).to_have_count(0)
    return before


def picture_of(studio: Studio, story: str, attempt: AttemptKey) -> str:
    tried = studio.house.trajectory(story).find(attempt)
    assert tried is not None
    image: ImageRef = tried.attempt.image
    return image.sha256


def reviews(studio: Studio) -> list[Review]:
    return list(studio.house.store.reviews.everything())


@in_browser
@pytest.mark.parametrize("keys", [("1", "2", "0"), ("ArrowLeft", "ArrowRight", "n")], ids=["digits", "arrows"])
def test_a_key_says_that_the_picture_on_its_side_is_better(studio: Studio, keys: tuple[str, str, str]) -> None:
    story = told(studio)
    facts = studio.house.store.events(story)
    with reviewing(studio) as page:
        shown = [goes_on(page, each) for each in keys]
        expect(page.locator("[data-toast]")).to_contain_text("Neither is better.")
        expect(page.locator("[data-progress]")).to_contain_text("3 of 4 done")
    for review, pictures, better in zip(reviews(studio), shown, ("first", "second", "neither"), strict=True):
        item, answer = review.item, review.answer
        assert isinstance(item, PairItem)
        assert isinstance(answer, PairAnswer)
        assert pictures == tuple(picture_of(studio, story, attempt) for attempt in (item.first, item.second))
        assert answer.better == better
    assert studio.house.store.events(story) == facts


@in_browser
def test_nothing_of_the_critics_reaches_the_browser_before_the_answer(studio: Studio) -> None:
    told(studio)
    secrets = [words for *_, attempts in STEPS for _, words in attempts] + list(REFINED.values())
    heard = list[str]()
    with studio.page("library") as page:
        page.on("response", lambda answer: heard.append(answer.text()) if "component_server" in answer.url else None)
        page.goto(f"{studio.url}review?kind=pair&order=story")
        expect(page.locator("[data-pair]")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert any(STEPS[1][1] or "" in answer for answer in heard), "the pairs themselves were heard"
        assert [secret for secret in secrets for answer in heard if secret in answer] == []
        goes_on(page, "1")
        expect(page.locator("[data-said]")).to_contain_text("the colour differs")


@in_browser
def test_held_space_shows_each_picture_in_the_others_place_but_not_while_one_types(studio: Studio) -> None:
    told(studio)
    with reviewing(studio) as page:
        left, right = sides(page)
        for hold, let_go in [
            (lambda: page.keyboard.down(" "), lambda: page.keyboard.up(" ")),
            (lambda: (page.get_by_role("button", name="Hold to swap").hover(), page.mouse.down()), lambda: page.mouse.up()),
        ]:
            hold()
            assert sides(page) == (right, left)
            expect(page.locator("[data-attempt=left] strong:visible")).to_have_text("Right")
            let_go()
            assert sides(page) == (left, right)
        page.get_by_label("Comment").fill("so")
        page.keyboard.down(" ")
        assert sides(page) == (left, right)
        page.keyboard.up(" ")
        page.keyboard.type("1 2 0")
        page.keyboard.press("Escape")
        goes_on(page, "2")
        expect(page.locator("[data-progress]")).to_contain_text("1 of 4 done")
        (review,) = reviews(studio)
        assert review.answer.comment == "so 1 2 0"
        page.keyboard.press("u")
        expect(page.get_by_label("Comment")).to_have_value("so 1 2 0")
        expect(page.locator("[data-better=second]")).to_have_attribute("aria-pressed", "true")
        assert sides(page) == (left, right)


@in_browser
def test_a_picture_is_enlarged_against_the_other_with_left_on_the_left(studio: Studio) -> None:
    told(studio)
    with reviewing(studio) as page:
        left, right = sides(page)
        box = page.locator("[data-lightbox]")
        for name in ("The left picture: enlarge", "The right picture: enlarge"):
            page.get_by_role("button", name=name).click()
            for part, picture in (("before", left), ("after", right)):
                assert picture in (box.locator(f"img[data-{part}]").get_attribute("src") or "")
            expect(box.locator("[data-tag-before]")).to_have_text("Left")
            expect(box.locator("[data-words]")).to_contain_text("Add a balloon at the top right.")
            page.keyboard.press("1")
            page.keyboard.press("Escape")
            expect(box).to_be_hidden()
        assert sides(page) == (left, right), "keys rest while a picture is enlarged"
        page.keyboard.press("z")
        expect(page.get_by_role("button", name="Zoom")).to_have_attribute("aria-pressed", "true")
    assert reviews(studio) == []


@in_browser
@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, True), (PHONE, False)], ids=["desktop, dark", "phone, light"])
def test_the_page_has_no_serious_finding_and_never_scrolls_sideways(studio: Studio, size: tuple[int, int], dark: bool) -> None:
    told(studio)
    with reviewing(studio, size=size, dark=dark) as page:
        page.get_by_text("The request and the words around it").click()
        expect(page.locator(".pair-side[data-attempt=before]")).to_be_visible()
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        page.get_by_role("button", name="The right one").click()
        expect(page.locator("[data-progress]")).to_contain_text("1 of 4 done")
        assert findings(page) == []
