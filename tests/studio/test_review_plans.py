"""How plans are reviewed: what is shown of one, and, in a real browser, how it is rated and corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.errors import NotFound
from core.events import Event, NotesSet, Opened, PlanEdited, Planned
from core.reviewing import PlanAnswer, PlanItem
from core.types import MAX_STEPS, Given, Notes, PlannedStep, Policy, Request, Step
from studio.reviewing.plan import plan_of
from studio.storyboard import review_of
from studio.visitors import OWNER
from tests.core.acting import picture
from tests.studio.chromium import DESKTOP, PHONE
from tests.studio.open_studio import Studio
from tests.studio.storybook import STEPS
from tests.studio.storybook import plan as storybook_plan
from tests.studio.test_access import findings
from tests.studio.test_storyboard import EVIL, Parsed

PLAN = PlanItem(story="thestory0001", revision=1)
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WORDS = tuple(storybook_plan().steps)


def planned(revision: int, title: str, by: str = "planner:sage@1") -> Planned:
    return Planned(plan_revision=revision, steps=(Step(id="s1", title=title, prompt="A cat"),), thought=f"I think {title}", by=by)


# ---------------------------------------------------------------- what is shown


def test_a_plan_is_shown_as_the_planner_wrote_it_beside_the_request_as_it_had_it() -> None:
    edited = PlanEdited(plan_revision=2, steps=(Step(id="s1", title="Mine", prompt="A dog"),), by="person:ann")
    facts: list[Event] = [
        Opened(request=Request(text="A story", notes=Notes(style="ink")), by="person:ann"),
        NotesSet(notes=Notes(style="chalk"), by="person:ann"),
        planned(0, "One"),
        edited,
        NotesSet(notes=Notes(style="oil"), by="person:ann"),
        PlanEdited(plan_revision=3, steps=(), by="person:ann"),
        planned(3, "Two"),
    ]
    first, second = (plan_of(PlanItem(story="thestory0001", revision=revision), facts) for revision in (1, 4))
    assert (first.thought, first.notes.style) == ("I think One", "chalk")
    assert first.steps == (PlannedStep(title="One", prompt="A cat"),)
    assert (second.thought, second.notes.style, second.steps[0].title) == ("I think Two", "oil", "Two")


@pytest.mark.parametrize("revision", [0, 2, 3])
def test_what_no_planner_planned_is_no_plan_to_review(revision: int) -> None:
    facts: list[Event] = [Opened(request=Request(text="A story")), planned(0, "One"), planned(1, "Mine", by="person:ann")]
    with pytest.raises(NotFound):
        plan_of(PlanItem(story="thestory0001", revision=revision), facts)


@pytest.mark.parametrize("field", ["request", "given", "style", "thought", "title", "instruction", "prompt", "caption"])
def test_text_that_looks_like_markup_is_shown_as_it_was_written(field: str) -> None:
    def page(evil: str) -> Parsed:
        def say(name: str) -> str:
            return evil if name == field else "Three plain words"

        request = Request(
            text=say("request"),
            given=(Given(text=say("given"), image=picture("given")),),
            references=(picture("cat"),),
            notes=Notes(style=say("style")),
        )
        step = Step(id="s1", title=say("title"), instruction=say("instruction"), prompt=say("prompt"), caption=say("caption"))
        facts: list[Event] = [Opened(request=request), Planned(plan_revision=0, steps=(step,), thought=say("thought"))]
        return Parsed(review_of(plan_of(PLAN, facts)))

    shown = page(EVIL)
    assert shown.elements == page("Three plain words").elements
    assert any(EVIL in text for text in shown.texts)
    assert not shown.other


# ---------------------------------------------------------------- in a browser


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that a browser is needed for."""
    return pytest.mark.browser(pytest.mark.xdist_group("browser")(test))


@contextmanager
def reviewing(studio: Studio, **how: object) -> Iterator[Page]:
    """A browser of its own that looks at the first plan."""
    with studio.page("review?kind=plan&order=story", **how) as page:  # type: ignore[arg-type]
        expect(page.locator("[data-plan]")).to_be_visible()
        yield page


def told(studio: Studio) -> str:
    story = studio.house.open()
    studio.house.rest(story)
    return story


def step(page: Page, number: int) -> Locator:
    """The step that stands there, not counting those that were taken out."""
    return page.locator(".planned-step:not(.is-gone)").nth(number - 1)


def titles(page: Page) -> list[str]:
    return [one.input_value() for one in page.locator(".planned-step:not(.is-gone) [name=title]").all()]


def toast(page: Page, words: str) -> None:
    expect(page.locator("[data-toast]")).to_contain_text(words)


def the_answer(studio: Studio) -> PlanAnswer:
    (review,) = studio.house.store.reviews.everything()
    assert isinstance(review.answer, PlanAnswer)
    return review.answer


def nothing_left(page: Page) -> None:
    """The decision is with the server once the page counts it."""
    expect(page.get_by_role("heading", name="Nothing left to review")).to_be_visible()
    expect(page.locator("[data-progress]")).to_contain_text("1 of 1 done")


@in_browser
def test_a_plan_is_rated_by_two_keys_and_stays_as_the_planner_wrote_it(studio: Studio) -> None:
    told(studio)
    with reviewing(studio) as page:
        page.get_by_text("What the planner thought").click()
        expect(page.get_by_text("Five pages: an orange cat called Mila")).to_be_visible()
        page.keyboard.press("a")
        toast(page, "Rate the plan first, from 1 to 5.")
        page.keyboard.press("2")
        page.keyboard.press("4")
        expect(page.get_by_role("button", name="4 good")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[aria-pressed=true][data-rate]")).to_have_count(1)
        page.get_by_role("button", name="Save", exact=True).click()
        toast(page, "Rated 4 of 5.")
        nothing_left(page)
    answer = the_answer(studio)
    assert (answer.rating, answer.steps) == (4, None)
    assert answer.seconds >= 0


@in_browser
def test_a_plan_is_corrected_by_keyboard_and_the_story_stays_as_it_is(studio: Studio) -> None:
    story = told(studio)
    facts = studio.house.store.events(story)
    with reviewing(studio) as page:
        page.keyboard.press("e")
        expect(step(page, 1).locator("[name=prompt]")).to_be_focused()
        page.keyboard.press("End")
        page.keyboard.type(" 5 shells.")
        expect(page.locator("[aria-pressed=true][data-rate]")).to_have_count(0)  # keys rest while one types
        page.keyboard.press("Alt+ArrowDown")
        expect(step(page, 2).locator("[name=prompt]")).to_be_focused()
        expect(page.locator("[data-plan-says]")).to_have_text("Now step 2 of 5.")
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.press("Alt+ArrowUp")
        assert titles(page)[:2] == ["The red balloon", "A walk by the sea"]
        step(page, 4).get_by_role("button", name="Remove the step").press("Enter")
        expect(page.get_by_role("button", name="Put back")).to_be_focused()
        step(page, 4).get_by_role("button", name="Add a step below").press("Enter")
        page.keyboard.type("The end")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.type("  Good night.  ")
        page.keyboard.press("Control+Enter")
        toast(page, "Rate the plan first")
        page.keyboard.press("3")
        page.keyboard.press("Enter")
        toast(page, "Rated 3 of 5, and corrected.")
        nothing_left(page)
    walk, balloon, duck, _, evening = WORDS
    fuller = walk.model_copy(update={"prompt": f"{walk.prompt} 5 shells."})
    end = PlannedStep(title="The end", caption="Good night.")
    assert the_answer(studio).steps == (balloon, fuller, duck, evening, end)
    assert studio.house.store.events(story) == facts


@in_browser
def test_what_was_taken_out_or_reset_can_be_brought_back(studio: Studio) -> None:
    told(studio)
    mine = [title for title, *_ in STEPS]
    with reviewing(studio) as page:
        page.get_by_role("button", name="Remove the step").nth(1).click()
        expect(page.locator("[data-gone-title]").nth(1)).to_have_text("The red balloon")
        step(page, 1).get_by_role("button", name="Move down").click()
        step(page, 1).locator("[name=title]").fill("Wings")
        assert titles(page) == ["Wings", mine[0], *mine[3:]]
        page.get_by_role("button", name="Reset to the planner's").click()
        assert titles(page) == mine
        expect(page.locator("[data-corrected]")).to_be_hidden()
        page.get_by_role("button", name="Bring the correction back").click()
        assert titles(page) == ["Wings", mine[0], *mine[3:]]
        page.get_by_role("button", name="Put back").click()
        assert sorted(titles(page)) == sorted(["Wings", *mine[:2], *mine[3:]])
        page.get_by_role("button", name="Reset to the planner's").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="5 just right").click()
        page.keyboard.press("2")
        page.keyboard.press("5")
        page.keyboard.press("Enter")
        nothing_left(page)
    assert (the_answer(studio).rating, the_answer(studio).steps) == (5, None)


@in_browser
def test_a_correction_that_is_no_plan_is_not_taken_and_a_sentence_says_why(studio: Studio) -> None:
    told(studio)
    with reviewing(studio) as page:
        page.keyboard.press("1")
        step(page, 4).locator("[name=caption]").fill("  ")
        page.get_by_role("button", name="Save with the correction").click()
        toast(page, "Step 4 needs a prompt to draw or a caption to show.")
        expect(step(page, 4).locator("[name=prompt]")).to_be_focused()
        while page.get_by_role("button", name="Remove the step").count():
            step(page, 1).get_by_role("button", name="Remove the step").click()
        page.get_by_role("button", name="Save with the correction").click()
        toast(page, "A plan needs a step")
        page.evaluate(f"for (let n = 0; n < {MAX_STEPS}; n++) document.querySelector('[data-act=add]').click()")
        expect(page.locator(".planned-step:not(.is-gone)")).to_have_count(MAX_STEPS)
        page.locator("[data-act=add]").click()
        toast(page, f"A plan may have {MAX_STEPS} steps.")
        page.get_by_role("button", name="Put back").first.click()
        expect(page.locator(".planned-step:not(.is-gone)")).to_have_count(MAX_STEPS)
    assert list(studio.house.store.reviews.everything()) == []


@in_browser
def test_what_was_begun_survives_a_reload_and_what_was_sent_an_undo(studio: Studio) -> None:
    told(studio)
    left = ["The red balloon", "A walk by the sea", "Evening", "New one"]
    with reviewing(studio) as page:

        def as_it_was_left() -> None:
            assert titles(page) == left
            expect(page.locator("[data-gone-title]:visible")).to_have_text(["A friend with wings", "A wish"])
            expect(page.locator("[name=comment]")).to_have_value("Too long")
            expect(page.get_by_role("button", name="2 poor")).to_have_attribute("aria-pressed", "true")

        step(page, 2).get_by_role("button", name="Move up").click()
        for _ in range(2):
            step(page, 3).get_by_role("button", name="Remove the step").click()
        step(page, 3).locator("[name=title]").fill("Evening")
        page.locator("[data-act=add]").click()
        page.keyboard.type("New one")
        step(page, 4).locator("[name=prompt]").fill("A moon.")
        page.fill("[name=comment]", "Too long")
        page.get_by_role("button", name="2 poor").click()
        page.reload()
        expect(page.locator("[data-plan]")).to_be_visible()
        as_it_was_left()
        page.keyboard.press("a")
        nothing_left(page)
        assert [one.title for one in the_answer(studio).steps or ()] == [
            "The red balloon",
            "A walk by the sea",
            "Evening",
            "New one",
        ]
        page.keyboard.press("u")
        expect(page.locator("[data-plan]")).to_be_visible()
        as_it_was_left()
    assert list(studio.house.store.reviews.everything()) == []


@in_browser
@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop, light", "phone, dark"])
def test_the_page_has_no_serious_finding_and_never_scrolls_sideways(studio: Studio, size: tuple[int, int], dark: bool) -> None:
    look = studio.house.store.images.save(Image.new("RGB", (64, 48), "red"))
    request = Request(text="A cat", given=(Given(text="Once", image=look),), references=(look,), notes=Notes(style="ink"))
    studio.house.rest(studio.house.controller.open(request, Policy(), OWNER))
    with reviewing(studio, size=size, dark=dark) as page:
        assert findings(page) == []
        step(page, 2).get_by_role("button", name="Move up").click()
        step(page, 3).get_by_role("button", name="Remove the step").click()
        page.locator("[data-act=add]").click()
        page.get_by_role("button", name="2 poor").click()
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        page.get_by_role("button", name="A picture to look at: enlarge").click()
        expect(page.locator("[data-lightbox] h2")).to_have_text("A picture to look at")
        page.keyboard.press("5")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="2 poor")).to_have_attribute("aria-pressed", "true")
