"""What a person sees and does, in a real browser, with scripted models behind the real studio."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.types import Plan, PlannedStep, Verdict
from tests.studio.chromium import DESKTOP, PHONE, Visitors
from tests.studio.open_studio import Studio, ask, finished
from tests.studio.storybook import REQUEST, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def card(page: Page, step: str) -> str:
    return f"[data-step={step}]"


@contextmanager
def reading(studio: Studio, size: tuple[int, int] = DESKTOP) -> Iterator[tuple[Page, str]]:
    """A page that shows a story, which was told before anybody looked; and the story's id."""
    story = studio.house.open()
    studio.house.rest(story)
    with studio.page(f"?story={story}", size) as page:
        finished(page)
        yield page, story


def redraw(page: Page) -> None:
    """Answers what shall become of the pictures that a change takes the ground from."""
    page.click("dialog[open] [data-stale=redraw]")


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
    with reading(studio) as (page, story):
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


def test_hostile_words_of_people_and_models_are_only_words(tmp_path: Path, chromium: Visitors, studio: Studio) -> None:
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
        page.click("#pictures button")
        page.wait_for_selector("#start-pictures [data-ready]")
        page.set_input_files("#start-pictures input[type=file]", tmp_path / "mine.png")
        expect(page.locator("#start-pictures .tray-item:not(.tray-sending) img")).to_be_visible()
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
    with reading(studio) as (page, _):
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
        until(lambda: studio.house.worker._bell.closing)
        gate.open.set()
        closing.join()
    drawn = len(studio.house.trajectory(story).tries)
    assert drawn == 1


# ---------------------------------------------------------------- changes, and what becomes of pictures


def edit(page: Page, step: str, prompt: str) -> None:
    page.click(f"{card(page, step)} [data-do=edit]")
    page.fill(f"{card(page, step)} form.words [name=prompt]", prompt)
    page.click(f"{card(page, step)} form.words [type=submit]")


def test_a_change_says_which_pictures_it_makes_stale_and_can_keep_them(studio: Studio) -> None:
    with reading(studio) as (page, story):
        before = [standing.image for standing in studio.house.trajectory(story).standings]
        edit(page, "s2", "A white rabbit in the meadow.")
        asked = page.locator("dialog[data-ask]")
        expect(asked).to_contain_text("step 3, “A friend with wings” and step 5, “Evening comes”")
        page.click("dialog[open] [data-stale='']")
        expect(page.locator(f"{card(page, 's2')} form.words")).to_be_visible()
        page.click(f"{card(page, 's2')} form.words [type=submit]")
        page.click("dialog[open] [data-stale=keep]")
        expect(page.locator(f"{card(page, 's3')} .badge-locked")).to_be_visible()
        finished(page)
        t = studio.house.rest(story)
        now = [standing.image for standing in t.standings]
        assert [now[at] == before[at] for at in (0, 2, 4)] == [True] * 3
        assert now[1] != before[1]
        page.click(f"{card(page, 's3')} .card-acts .menu summary")
        page.click(f"{card(page, 's3')} [data-do=unlock]")
        expect(page.locator(f"{card(page, 's3')} .badge-locked")).to_have_count(0)
        finished(page)
        third = studio.house.rest(story).standings[2]
        assert third.source == now[1]
        assert third.settled


def test_later_leaves_pictures_stale_until_the_person_goes_on(studio: Studio) -> None:
    with reading(studio) as (page, story):
        edit(page, "s2", "A white rabbit in the meadow.")
        page.click("dialog[open] [data-stale=later]")
        expect(page.locator(".badge-status")).to_have_text("Paused")
        expect(page.locator(f"{card(page, 's3')} .badge").first).to_have_text("Stale")
        page.click(".controls [data-do=resume]")
        finished(page)
        assert all(standing.settled for standing in studio.house.rest(story).standings)


def test_every_change_can_be_undone_and_redone_by_button_and_by_key(studio: Studio) -> None:
    with reading(studio) as (page, story):
        edit(page, "s5", "Make it night.")
        finished(page)
        expect(page.locator("[data-do=undo]")).to_have_attribute("title", "Undo the change of step 5 (Ctrl+Z)")
        page.locator("body").press("Control+z")
        expect(page.locator(f"{card(page, 's5')} .prompt")).to_contain_text("Make it evening.")
        finished(page)
        page.click("[data-do=redo]")
        expect(page.locator(f"{card(page, 's5')} .prompt")).to_contain_text("Make it night.")
        finished(page)
        assert studio.house.rest(story).steps[4].prompt == "Make it night."


def test_a_step_is_split_and_each_half_has_its_words(studio: Studio) -> None:
    with reading(studio) as (page, story):
        page.click(f"{card(page, 's4')} .card-acts .menu summary")
        page.click(f"{card(page, 's4')} [data-do=split]")
        form = page.locator(f"{card(page, 's4')} form.words")
        form.locator("[name='first.caption']").fill("They sat.")
        form.locator("[name='second.caption']").fill("They watched.")
        form.locator("[type=submit]").click()
        expect(page.locator("[data-cards] > li")).to_have_count(6)
        finished(page)
        assert [step.caption for step in studio.house.rest(story).steps[3:5]] == ["They sat.", "They watched."]


def test_a_branch_shares_the_beginning_waits_and_is_compared_with_its_trunk(studio: Studio) -> None:
    with reading(studio) as (page, story):
        expect(page.locator("[data-do=show-compare]")).to_be_hidden()
        page.click(f"{card(page, 's2')} .attempts summary")
        page.click(f"{card(page, 's2')} .attempt:nth-child(1) [data-do=branch-here]")
        page.wait_for_function("story => !location.href.includes(story)", arg=story)
        expect(page.locator(".badge-status")).to_have_text("Paused")
        expect(page.locator(".story-trunk")).to_contain_text("A branch of another story")
        branch = page.url.split("story=")[1]
        page.click(".controls [data-do=resume]")
        finished(page)
        page.click("[data-do=show-compare]")
        rows = page.locator(".versus-rows > li")
        expect(rows).to_have_count(5)
        expect(rows.nth(0).locator(".versus-same")).to_have_count(2)
        expect(rows.nth(1).locator(".versus-same")).to_have_count(0)
        rows.nth(1).locator(".versus-picture").first.click()
        expect(page.locator("dialog.lightbox .compare-before")).to_be_visible()
        page.keyboard.press("Escape")
        page.click(".story-trunk a")
        page.wait_for_url(re.compile(story))
        first, second = studio.house.rest(story), studio.house.rest(branch)
        assert first.standings[0].image == second.standings[0].image
        assert first.standings[1].image != second.standings[1].image


def test_strictness_and_candidates_change_while_it_runs(studio: Studio) -> None:
    gate = studio.hold(2)
    with studio.page() as page:
        story = ask(page)
        assert gate.reached.wait(30)
        page.click(".controls .menu summary")
        page.fill(".policy [name=candidates]", "2")
        page.select_option(".policy [name=threshold]", "0.95")
        page.click(".policy [type=submit]")
        page.wait_for_function("document.querySelector('.policy [name=candidates]').defaultValue === '2'")
        gate.open.set()
        finished(page)
        policy = studio.house.rest(story).policy
        assert (policy.candidates, policy.threshold) == (2, 0.95)
        expect(page.locator(f"{card(page, 's3')} .attempt .badge").first).to_have_text("Not sure enough")


def test_a_story_has_a_name_and_notes_of_its_own(studio: Studio) -> None:
    with reading(studio) as (page, story):
        page.click("[data-do=rename]")
        page.fill("form[data-form=rename] [name=title]", "Mila & the <b>balloon</b>")
        page.press("form[data-form=rename] [name=title]", "Control+Enter")
        expect(page.locator(".story-name h1")).to_have_text("Mila & the <b>balloon</b>")
        expect(page.locator("#shelf")).to_contain_text("Mila & the <b>balloon</b>")
        page.click(".controls .menu summary")
        page.click("[data-do=notes]")
        page.fill("form[data-form=notes] [name=style]", "ink and water")
        page.click("form[data-form=notes] [type=submit]")
        until(lambda: studio.house.trajectory(story).request.notes.style == "ink and water")  # type: ignore[union-attr]


def test_arrows_move_between_steps_and_attempts(studio: Studio) -> None:
    with reading(studio) as (page, _):
        page.locator("body").press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"{card(page, 's2')} [data-card]")).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(page.locator(f"{card(page, 's2')} .attempt-picture").nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("dialog.lightbox")).to_be_visible()
        page.select_option("[data-against]", label="Attempt 1")
        expect(page.locator(".compare-tag-before")).to_have_text("Attempt 1")
        page.click("[data-do=beside]")
        expect(page.locator(".compare")).to_have_class(re.compile("is-beside"))
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        expect(page.locator(f"{card(page, 's2')} form.words")).to_be_visible()


# ---------------------------------------------------------------- to read and to take along


def test_a_story_is_read_page_by_page(studio: Studio) -> None:
    with reading(studio, PHONE) as (page, _):
        page.click("[data-do=show-book]")
        page.click("[data-do=read-full]")
        expect(page.locator(".reader [data-count]")).to_have_text("1 / 6")
        expect(page.locator(".reader h1")).to_have_text(REQUEST)
        page.keyboard.press("ArrowRight")
        expect(page.locator(".reader .page > p")).to_contain_text("Early in the morning")
        page.keyboard.press("End")
        expect(page.locator(".reader [data-do=turn]")).to_be_disabled()
        page.click(".reader [data-do=turn-back]")
        expect(page.locator(".reader [data-count]")).to_have_text("5 / 6")
        page.keyboard.press("Escape")
        expect(page.locator(".reader")).to_be_hidden()


BEGINNINGS = {"pdf": b"%PDF-", "epub": b"PK", "html": b"<!doctype", "story": b"PK"}


def test_a_story_is_taken_along_as_a_file_of_every_format(studio: Studio, tmp_path: Path) -> None:
    with reading(studio) as (page, _):
        panel = page.locator("[data-takeaway]")
        for format, begins in BEGINNINGS.items():
            page.click(".view-menu summary")
            with page.expect_download(timeout=60_000) as download:
                page.click(f"[data-format={format}]")
            saved = tmp_path / format
            download.value.save_as(saved)
            assert saved.read_bytes()[: len(begins)].lower() == begins.lower()
            assert download.value.suggested_filename.startswith("a-cat-finds-a-red-balloon-by-the-sea.")
            expect(panel).to_contain_text("Your file is ready.")
            panel.get_by_role("button", name="Close").click()
            expect(panel).to_be_hidden()
