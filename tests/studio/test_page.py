"""What a person sees and does, in a real browser, with scripted models behind the real studio."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.ports import Delta, StepProgress
from core.settings import Settings
from core.types import Plan, PlannedStep, Verdict
from studio.ui import launch
from tests.studio.chromium import DESKTOP, PHONE, browser, context, visit
from tests.studio.storybook import REQUEST, House, Storybook, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SLOW = 20_000  # ms: most that a page may take to show what the server already knows
expect.set_options(timeout=SLOW)


@dataclass
class Gate:
    """Holds the painter in the middle of one drawing, until it is opened."""

    at: int  # which drawing, from 1
    begun: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def __call__(self, delta: Delta) -> None:
        if not isinstance(delta, StepProgress) or delta.done != 1:
            return
        self.begun += 1
        if self.begun == self.at:
            self.reached.set()
            assert self.open.wait(60), "nobody opened the gate"


@dataclass
class Studio:
    """A studio that is open on this machine, and pages that look at it."""

    house: House
    book: Storybook
    url: str
    browser: Browser

    def hold(self, drawing: int) -> Gate:
        gate = Gate(drawing)
        self.book.conduct.hook = gate
        return gate

    @contextmanager
    def page(self, address: str = "", size: tuple[int, int] = DESKTOP, dark: bool = False) -> Iterator[Page]:
        """A new visitor's page; anything that goes wrong in its scripts fails the test."""
        visitor = context(self.browser, size, dark)
        page, faults = visitor.new_page(), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.set_default_timeout(SLOW)
        yield visit(page, self.url + address)
        visitor.close()
        assert faults == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def studio(tmp_path: Path, chromium: Browser) -> Iterator[Studio]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    book = Storybook()
    with House(tmp_path / "data", book.agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=tmp_path / "data", port=port), wait=False)
        yield Studio(house, book, f"http://127.0.0.1:{port}/", chromium)
        if isinstance(book.conduct.hook, Gate):
            book.conduct.hook.open.set()
        app.close(verbose=False)


def ask(page: Page, text: str = REQUEST) -> str:
    """Types a request and starts the story; its id."""
    page.fill("#request textarea", text)
    page.press("#request textarea", "Control+Enter")
    page.wait_for_url(re.compile(r"\?story="))
    expect(page.locator("[data-screen=story] .story-head").first).to_be_visible()
    return page.url.split("story=")[1]


def card(page: Page, step: str) -> str:
    return f"[data-step={step}]"


def redraw(page: Page) -> None:
    """Answers what shall become of the pictures that a change takes the ground from."""
    page.click("dialog[open] [data-stale=redraw]")


def finished(page: Page) -> None:
    page.wait_for_selector(".studio[data-look=done]")


def test_a_request_becomes_a_story_before_ones_eyes(studio: Studio) -> None:
    gate = studio.hold(3)  # the second step's second attempt: one verdict is in, with a better prompt
    with studio.page() as page:
        expect(page.get_by_text("Your stories will stand here.")).to_be_visible()
        story = ask(page)
        assert gate.reached.wait(30)
        second = page.locator(card(page, "s2"))
        expect(second.locator(".card-work")).to_contain_text("Drawing · attempt 2 of 5")
        expect(second.locator(".remark-bad .thought")).to_contain_text("the colour differs")
        assert second.locator(".remark-bad ins").all_inner_texts() == ["big red", ", not a blue one"]
        expect(page.locator(card(page, "s1")).locator(".badge").first).to_have_text("Accepted")
        expect(page.locator(card(page, "s5")).locator(".badge").first).to_have_text("Waiting")
        expect(page.locator(".story-foot")).to_contain_text("1 of 5 steps")
        gate.open.set()
        finished(page)
        assert page.locator("[data-cards] > li").count() == 5
        assert second.locator(".strip-item").count() == 3
        picture = second.locator(".card-open img")
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
        page.click("[data-do=show-book]")
        expect(page.locator(".book .page")).to_have_count(5)
        expect(page.locator("#shelf")).to_contain_text(REQUEST)
        assert studio.house.trajectory(story).request.text == REQUEST  # type: ignore[union-attr]


def test_a_step_is_edited_while_the_story_runs_and_what_is_typed_is_left_alone(studio: Studio) -> None:
    gate = studio.hold(2)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        page.click(f"{card(page, 's3')} [data-do=edit]")
        form = page.locator(f"{card(page, 's3')} form.words")
        form.locator("[name=prompt]").fill("Add a purple butterfly at the top left.")
        form.locator("[name=caption]").type("Now ", delay=1)
        third = studio.hold(3)  # two more attempts at the second step, then the third step's first
        gate.open.set()  # the second step goes on, and its card is shown anew, many times
        expect(page.locator(f"{card(page, 's2')} .badge").first).to_have_text("Accepted")
        expect(form.locator("[name=prompt]")).to_have_value("Add a purple butterfly at the top left.")
        expect(form.locator("[name=caption]")).to_be_focused()
        assert third.reached.wait(30)
        form.locator("[name=caption]").press("Control+Enter")
        third.open.set()
        expect(page.locator(f"{card(page, 's3')} .prompt")).to_contain_text("purple butterfly")
        finished(page)
        t = studio.house.rest(story)
        assert "Add a purple butterfly at the top left." in studio.book.drawn
        assert t.steps[2].prompt == "Add a purple butterfly at the top left."
        assert all(standing.settled for standing in t.standings)


def test_an_edit_of_the_step_that_is_being_drawn_draws_the_new_words(studio: Studio) -> None:
    gate = studio.hold(1)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        page.click(f"{card(page, 's1')} [data-do=edit]")
        page.fill(f"{card(page, 's1')} [name=prompt]", "A white rabbit in the meadow.")
        page.click(f"{card(page, 's1')} form.words [type=submit]")
        expect(page.locator(f"{card(page, 's1')} .prompt")).to_contain_text("white rabbit")
        gate.open.set()
        finished(page)
        t = studio.house.rest(story)
        assert [tried.attempt.prompt for tried in t.standings[0].tries] == ["A white rabbit in the meadow."]


def test_a_reload_and_another_tab_find_the_story_as_it_is(studio: Studio) -> None:
    gate = studio.hold(2)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        page.click(f"{card(page, 's4')} [data-do=edit]")
        page.fill(f"{card(page, 's4')} [name=caption]", "A thought that is not yet saved")
        page.reload()
        expect(page.locator(f"{card(page, 's2')} .card-work")).to_contain_text("Drawing")
        expect(page.locator(f"{card(page, 's4')} [name=caption]")).to_have_value("A thought that is not yet saved")
    with studio.page(f"?story={story}") as page:
        expect(page.locator(f"{card(page, 's2')} .card-work")).to_contain_text("Drawing")
        gate.open.set()
        finished(page)
        expect(page.locator("[data-cards] > li")).to_have_count(5)


def test_a_story_goes_on_when_its_page_is_closed(studio: Studio) -> None:
    gate = studio.hold(1)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
    gate.open.set()
    studio.house.rest(story)
    with studio.page(f"?story={story}") as page:
        finished(page)


def test_pause_and_stop_and_going_on_by_keys_that_rest_while_one_types(studio: Studio) -> None:
    gate = studio.hold(2)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        page.click(f"{card(page, 's5')} [data-do=edit]")
        page.type(f"{card(page, 's5')} [name=title]", "n r? ")
        expect(page.locator("dialog[open]")).to_have_count(0)
        assert story in page.url
        page.click(f"{card(page, 's5')} [data-do=cancel]")
        page.locator("body").press("?")
        expect(page.locator("dialog.help")).to_be_visible()
        page.keyboard.press("Escape")
        page.click(".story-name h1")  # away from the buttons, whose own key the space bar is
        page.keyboard.press(" ")
        expect(page.locator(".badge-status")).to_have_text("Pausing")
        gate.open.set()
        expect(page.locator(".badge-status")).to_have_text("Paused")
        held = studio.hold(1)
        page.keyboard.press(" ")
        assert held.reached.wait(30)
        page.keyboard.press("Escape")
        expect(page.locator(".badge-status")).to_have_text("Pausing")
        drawn = len(studio.house.trajectory(story).tries)
        held.open.set()
        expect(page.locator(".badge-status")).to_have_text("Paused")
        assert len(studio.house.rest(story, "paused").tries) == drawn, "the drawing in flight was given up"
        page.click(".controls [data-do=resume]")
        finished(page)


def test_a_persons_verdict_and_their_prompt_draw_the_step_again(studio: Studio) -> None:
    with studio.page() as page:
        story = ask(page)
        finished(page)
        page.click(f"{card(page, 's1')} .attempts summary")
        page.click(f"{card(page, 's1')} [data-do=reject]")
        page.fill(f"{card(page, 's1')} [name=refined_prompt]", "A brown bear on the left, at the beach by day.")
        page.click(f"{card(page, 's1')} form.words [type=submit]")
        redraw(page)
        expect(page.locator(f"{card(page, 's1')} .attempt").nth(0)).to_contain_text("Refused by you")
        expect(page.locator(f"{card(page, 's1')} .attempt")).to_have_count(2)
        finished(page)
        assert "A brown bear on the left, at the beach by day." in studio.book.drawn
        page.click(f"{card(page, 's1')} .attempt:nth-child(1) [data-do=choose]")
        redraw(page)
        expect(page.locator(f"{card(page, 's1')} .badge").first).to_have_text("Chosen by you")
        finished(page)
        assert studio.house.rest(story).standings[0].settled.why == "person"  # type: ignore[union-attr]


HOSTILE = """<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'\"><svg onload=window.hurt=1>{{ 7*7 }}"""


def test_hostile_words_of_people_and_models_are_only_words(tmp_path: Path, chromium: Browser, studio: Studio) -> None:
    agents = studio.book.agents
    words = {"title": HOSTILE, "instruction": HOSTILE, "prompt": HOSTILE, "caption": HOSTILE}
    agents.planner._script.answers = [Plan(steps=(PlannedStep(**words),), thought=HOSTILE)]  # type: ignore[attr-defined]
    verdicts = [Verdict(accepted=False, thought=HOSTILE, refined_prompt=HOSTILE + "!"), Verdict(accepted=True, thought=HOSTILE)]
    agents.critic._script.answers = verdicts  # type: ignore[attr-defined]
    with studio.page() as page:
        ask(page, HOSTILE)
        finished(page)
        page.click(f"{card(page, 's1')} .attempts summary")
        page.click(f"{card(page, 's1')} [data-do=edit]")
        page.click(f"{card(page, 's1')} .attempt-picture >> nth=0")
        page.keyboard.press("Escape")
        page.click("[data-do=show-book]")
        expect(page.locator(".book .page p")).to_have_text(HOSTILE)
        assert page.evaluate("window.hurt") is None
        assert page.locator(".studio img[src=x], .studio script, #shelf img[src=x]").count() == 0


def test_a_request_that_can_not_be_told_says_so_in_one_sentence(studio: Studio) -> None:
    with studio.page() as page:
        page.click("#start")
        expect(page.locator(".toast-body, .toast-text").first).to_be_visible()
        assert "story" not in page.url
        page.fill("#request textarea", REQUEST)
        page.click("#start")
        finished(page)


def test_a_story_starts_from_a_picture(studio: Studio, tmp_path: Path) -> None:
    Image.new("RGB", (96, 64), "teal").save(tmp_path / "mine.png")
    with studio.page() as page:
        page.click("#settings button")
        page.set_input_files("#start-picture input[type=file]", tmp_path / "mine.png")
        expect(page.locator("#start-picture img")).to_be_visible()
        story = ask(page)
        expect(page.locator(".story-start img")).to_be_visible()
        finished(page)
        t = studio.house.rest(story)
        assert t.request is not None
        assert t.standings[0].tries[0].attempt.source == t.request.images[0]


def test_models_budget_and_seed_are_chosen_in_the_settings(studio: Studio) -> None:
    with studio.page() as page:
        page.click("#settings button")
        page.click("#profile input")
        page.click("[role=option]:has-text('Another hand')")
        expect(page.locator(".profile .prose, .prose.profile").first).to_contain_text("Told by Another hand")
        page.get_by_label("number input for Attempts a step").fill("2")
        page.get_by_label("Seed").fill("41")
        story = ask(page)
        finished(page)
        expect(page.locator(f"{card(page, 's2')} .badge").first).to_have_text("Kept best of 2")
    t = studio.house.rest(story)
    assert (t.profile, t.policy.max_attempts) == ("another", 2)
    assert t.request is not None
    assert t.request.seed == 41


def test_a_studio_that_can_not_be_reached_says_so_and_is_found_again(studio: Studio) -> None:
    with studio.page() as page:
        ask(page)
        finished(page)
        page.context.set_offline(True)
        expect(page.locator("[data-lost]")).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator("[data-lost]")).to_be_hidden()


def test_an_unknown_address_leads_back_to_the_desk(studio: Studio) -> None:
    with studio.page("?story=nosuchstory1") as page:
        expect(page.locator("[data-toast]")).to_contain_text("not here")
        expect(page.locator("#request textarea")).to_be_visible()


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (PHONE, True), (DESKTOP, True)], ids=["phone", "phone-dark", "dark"])
def test_nothing_sticks_out_and_everything_can_be_read(studio: Studio, size: tuple[int, int], dark: bool) -> None:
    with studio.page(size=size, dark=dark) as page:

        def fits() -> None:
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

        fits()
        ask(page)
        finished(page)
        fits()
        page.click(f"{card(page, 's2')} .attempts summary")
        page.click(f"{card(page, 's2')} [data-do=edit]")
        fits()
        ink, paper = page.evaluate(
            """() => {
                const card = document.querySelector('.card');
                return [getComputedStyle(card.querySelector('.caption')).color, getComputedStyle(card).backgroundColor];
            }"""
        )
        assert contrast(ink, paper) >= 4.5, "WCAG 2.2, 1.4.3"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two CSS colours (WCAG 2.2)."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_closing_the_studio_in_the_middle_of_a_drawing_loses_nothing(studio: Studio, tmp_path: Path) -> None:
    gate = studio.hold(2)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        closing = threading.Thread(target=studio.house.worker.close)
        closing.start()
        until(lambda: studio.house.worker._closing)
        gate.open.set()
        closing.join()
    drawn = len(studio.house.trajectory(story).tries)
    assert drawn == 1
