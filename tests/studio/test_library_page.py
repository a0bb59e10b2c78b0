"""What a person sees and does in the library, in a real browser, with the real studio behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.commands import Pause, Rename
from core.reviewing import Answer
from core.storyfile import export_story
from studio.librarian import PAGE
from studio.visitors import OWNER
from tests.core.queues import NOON, story_of
from tests.core.shelves import fill
from tests.studio.chromium import PHONE, Visitors
from tests.studio.open_studio import Studio, ask, finished, opened
from tests.studio.storybook import REQUEST, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def guests(tmp_path: Path, chromium: Visitors) -> Iterator[Studio]:
    """A studio that others than its owner can reach."""
    with opened(tmp_path / "shared", chromium, host="0.0.0.0") as open_here:
        yield open_here


def tale(page: Page, story: str) -> Locator:
    return page.locator(f'.tale[data-key="{story}"]')


def shows(page: Page, count: int) -> None:
    expect(page.locator(".tale")).to_have_count(count)


def act(page: Page, story: str, name: str) -> None:
    """Opens a story's menu, and takes what has this name."""
    tale(page, story).get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name=name).click()


def paused(studio: Studio, *titles: str) -> list[str]:
    """Stories that wait, one of each title."""
    stories = []
    for title in titles:
        story = studio.house.open(title)
        studio.house.send(story, Pause())
        studio.house.rest(story, "paused")
        studio.house.send(story, Rename(title=title))
        stories.append(story)
    return stories


def test_both_pages_lead_to_each_other_and_a_card_opens_its_story(studio: Studio) -> None:
    with studio.page() as page:
        story = ask(page)
        finished(page)
        page.get_by_role("link", name="All stories").click()
        page.wait_for_url("**/library")
        shows(page, 1)
        expect(tale(page, story)).to_contain_text("Finished")
        expect(tale(page, story)).to_contain_text("Today")
        picture = tale(page, story).locator("img")
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
        tale(page, story).get_by_role("link").click()
        page.wait_for_url(f"**/?story={story}")
        finished(page)
        page.go_back()
        shows(page, 1)
        page.get_by_role("link", name="Back to the studio").click()
        expect(page.locator("#request")).to_be_visible()


def test_ten_thousand_stories_show_their_first_page_at_once_and_the_rest_as_one_scrolls(studio: Studio) -> None:
    fill(studio.house.store, range(10_000))
    with studio.page("library") as page:
        expect(page.locator(".tale").first).to_contain_text("Story 9999:")
        expect(page.locator("[data-count]")).to_have_text(re.compile(rf"^{PAGE} shown, more below$"))
        for pages in (2, 3, 4):
            page.locator(".tale").last.scroll_into_view_if_needed()
            page.wait_for_function("count => document.querySelectorAll('.tale').length >= count", arg=pages * PAGE)
        keys = page.locator(".tale").evaluate_all("tales => tales.map((tale) => tale.dataset.key)")
        assert keys == [f"{n:012}" for n in range(9999, 9999 - len(keys), -1)]
        page.fill("[name=words]", "bär lantern 77")
        expect(page.locator(".tale").first).to_contain_text("Story 9977:")
        expect(page.locator("[data-count]")).to_have_text(re.compile(r"stories$"))
        page.keyboard.press("ArrowDown")
        expect(page.locator(".tale-open").first).to_be_focused()


def test_filters_narrow_the_stories_and_a_reload_keeps_them(studio: Studio) -> None:
    fill(studio.house.store, range(120))
    with studio.page("library") as page:
        page.get_by_text("Starred", exact=True).click()
        shows(page, 3)
        page.select_option("[name=profile]", "klein-4b")
        shows(page, 1)
        page.reload()
        shows(page, 1)
        expect(page.locator("[name=profile]")).to_have_value("klein-4b")
        page.fill("[name=words]", "no such thing")
        expect(page.get_by_role("heading", name="No story matches")).to_be_visible()
        page.locator(".page-empty").get_by_role("button", name="Clear filters").click()
        shows(page, PAGE)
        assert page.url.endswith("/library")
        page.fill("[name=from]", "2026-01-02")
        expect(page.get_by_role("heading", name="No story matches")).to_be_visible()
        page.fill("[name=from]", "2025-12-31")
        page.fill("[name=to]", "2026-01-02")
        shows(page, PAGE)
        page.select_option("[name=status]", "stuck")
        expect(page.get_by_role("heading", name="No story matches")).to_be_visible()


def test_an_empty_library_says_what_will_stand_in_it(studio: Studio) -> None:
    with studio.page("library") as page:
        expect(page.get_by_role("heading", name="No story yet")).to_be_visible()
        page.get_by_role("link", name="Begin a story").click()
        expect(page.locator("#request")).to_be_visible()


def test_a_star_and_a_new_name_and_a_copy(studio: Studio) -> None:
    first, second = paused(studio, "The kite", "The pear")
    with studio.page("library") as page:
        shows(page, 2)
        tale(page, first).hover()
        tale(page, first).get_by_role("button", name="Star").click()
        expect(tale(page, first)).to_have_class(re.compile("is-starred"))
        act(page, second, "Rename")
        page.locator(".tale-rename input").fill("  <b>The plum</b> ")
        page.keyboard.press("Enter")
        expect(tale(page, second).locator(".tale-open")).to_have_text("<b>The plum</b>")
        expect(tale(page, second).locator(".tale-open")).to_be_focused()
        act(page, second, "Rename")
        page.locator(".tale-rename input").fill("never")
        page.keyboard.press("Escape")
        expect(tale(page, second).locator(".tale-open")).to_have_text("<b>The plum</b>")
        act(page, first, "Duplicate")
        shows(page, 3)
        expect(page.locator(".tale").first).to_contain_text("The kite (copy)")
        page.reload()
        shows(page, 3)
        expect(tale(page, first)).to_have_class(re.compile("is-starred"))
    assert studio.house.store.card(first).starred


def test_what_was_deleted_comes_back_one_by_one(studio: Studio) -> None:
    first, second, third = paused(studio, "The kite", "The pear", "The owl")
    with studio.page("library") as page:
        shows(page, 3)
        act(page, second, "Delete")
        expect(tale(page, second)).to_have_count(0)
        act(page, first, "Delete")
        shows(page, 1)
        expect(page.locator("[data-toast]")).to_have_text(re.compile("Deleted: “The kite”"))
        page.get_by_role("button", name="Undo").click()
        shows(page, 2)
        expect(page.locator("[data-toast]")).to_contain_text("Still deleted: “The pear”")
        page.get_by_role("button", name="Undo").click()
        shows(page, 3)
        keys = page.locator(".tale").evaluate_all("tales => tales.map((tale) => tale.dataset.key)")
        assert keys == [third, second, first], "each in its own place"
        expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def test_deleting_says_how_many_reviews_go_along_and_undo_that_they_are_back(studio: Studio) -> None:
    story, other = paused(studio, "The kite", "The pear")
    reviews = studio.house.store.reviews
    attempts = story_of(studio.house.store, "thestory0001", [0.5, 0.5])
    reviews.answer("bob", attempts[0], Answer(accepted=True), NOON)
    with studio.page("library") as page:
        act(page, "thestory0001", "Delete")
        toast = page.locator("[data-toast]")
        expect(toast).to_contain_text("1 review went along: it leaves queue, agreement and training until you undo.")
        page.keyboard.press("Control+z")
        expect(toast).to_contain_text("1 review is back, too.")
        reviews.answer("bob", attempts[1], Answer(accepted=True), NOON)
        act(page, "thestory0001", "Delete")
        expect(toast).to_contain_text("2 reviews went along: they leave")
        assert list(reviews.everything()) == []
        page.keyboard.press("Control+z")
        expect(toast).to_contain_text("2 reviews are back, too.")
        assert len(list(reviews.everything())) == 2
        act(page, other, "Delete")
        expect(toast).to_contain_text("Deleted: “The pear”.")
        expect(toast).not_to_contain_text("review")
        expect(tale(page, story)).to_be_visible()


def test_a_story_that_is_told_stops_when_deleted_and_goes_on_when_it_is_back(studio: Studio) -> None:
    gate = studio.hold(2)
    story = studio.house.open()
    assert gate.reached.wait(30)
    with studio.page("library") as page:
        expect(tale(page, story)).to_contain_text("Working")
        act(page, story, "Delete")
        expect(page.get_by_role("heading", name="No story yet")).to_be_visible()
        gate.open.set()
        page.keyboard.press("Control+z")
        expect(tale(page, story)).to_contain_text("Finished")  # it came about while nobody touched the page
    studio.house.rest(story)


def test_a_paused_story_goes_on_from_its_card(studio: Studio) -> None:
    (story,) = paused(studio, "The kite")
    with studio.page("library") as page:
        tale(page, story).get_by_role("button", name="Resume").click()
        expect(tale(page, story)).to_contain_text("Finished")
        expect(tale(page, story).get_by_role("button", name="Resume")).to_have_count(0)


def test_several_stories_are_starred_and_deleted_together(studio: Studio) -> None:
    fill(studio.house.store, range(1, 8))
    with studio.page("library") as page:
        shows(page, 7)
        boxes = page.locator("[data-pick]")
        page.locator(".tale").nth(1).hover()
        boxes.nth(1).click()
        boxes.nth(3).click(modifiers=["Shift"])
        bar = page.get_by_role("toolbar")
        expect(bar).to_contain_text("3 chosen")
        bar.get_by_role("button", name="Star").click()
        expect(page.locator(".tale.is-starred")).to_have_count(3)
        bar.get_by_role("button", name="Unstar").click()
        expect(page.locator(".tale.is-starred")).to_have_count(0)
        bar.get_by_role("button", name="Delete").click()
        shows(page, 4)
        expect(bar).to_be_hidden()
        page.get_by_role("button", name="Undo").click()
        shows(page, 7)


def test_all_is_done_by_keys_that_rest_while_one_types(studio: Studio) -> None:
    fill(studio.house.store, range(1, 20))
    with studio.page("library") as page:
        shows(page, 19)
        page.keyboard.press("/")
        expect(page.locator("[name=words]")).to_be_focused()
        page.keyboard.type("s?x/")
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        shows(page, 19)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".tale-open").nth(1)).to_be_focused()
        columns = page.evaluate("getComputedStyle(document.querySelector('[data-tales]')).gridTemplateColumns.split(' ').length")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".tale-open").nth(1 + columns)).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".tale-open").nth(0)).to_be_focused()
        page.keyboard.press("s")
        expect(page.locator(".tale").nth(0)).to_have_class(re.compile("is-starred"))
        page.keyboard.press("Delete")
        shows(page, 18)
        expect(page.locator(".tale-open").nth(0)).to_be_focused()
        page.keyboard.press("x")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("x")
        expect(page.get_by_role("toolbar")).to_contain_text("2 chosen")
        page.keyboard.press("Escape")
        expect(page.get_by_role("toolbar")).to_be_hidden()
        page.keyboard.press("Control+z")
        shows(page, 19)
        page.keyboard.press("?")
        expect(page.locator("dialog.help")).to_be_visible()
        page.keyboard.press("Escape")
        page.locator(".tale-open").nth(0).focus()
        page.keyboard.press("F2")
        page.keyboard.type("A name with s and x?")
        page.keyboard.press("Enter")
        expect(page.locator(".tale-open").nth(0)).to_have_text("A name with s and x?")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/?story={19:012}")


def test_a_story_is_taken_along_and_brought_in_again(studio: Studio, tmp_path: Path) -> None:
    with studio.page() as page:
        story = ask(page)
        finished(page)
        page.goto(studio.url + "library")
        tale(page, story).get_by_role("button", name="More for").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Download story file").click()
        assert download.value.suggested_filename.endswith(".story.zip")
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        page.set_input_files("[data-file]", file)
        page.wait_for_url(re.compile(r"\?story="))
        finished(page)
        brought = page.url.split("story=")[1]
        assert brought != story
        assert studio.house.trajectory(brought).standings == studio.house.trajectory(story).standings


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drops files on the page's middle."""
    carried = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        [[name, list(data)] for name, data in files],
    )
    page.dispatch_event("body", "dragover", {"dataTransfer": carried})
    expect(page.locator("[data-veil]")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": carried})
    expect(page.locator("[data-veil]")).to_be_hidden()


def test_story_files_are_dropped_anywhere_and_what_is_none_is_said_so(studio: Studio, tmp_path: Path) -> None:
    (story,) = paused(studio, "The kite")
    export_story(studio.house.store, story, tmp_path / "kite.story.zip")
    good = (tmp_path / "kite.story.zip").read_bytes()
    with studio.page("library") as page:
        shows(page, 1)
        drop(page, ("holiday.zip", b"nonsense"))
        expect(page.locator("[data-intake]")).to_contain_text("This is not a story file, or not all of one.")
        page.locator("[data-intake]").get_by_role("button", name="Close").click()
        drop(page, ("one.story.zip", good), ("<b>.zip", b"nonsense"), ("two.story.zip", good))
        shows(page, 3)
        expect(page.locator("[data-intake]")).to_contain_text("2 stories are there. <b>.zip: This is not a story file")
        assert studio.house.store.card(story).title == "The kite"
        assert not list((studio.house.folder / "imports").iterdir())


def test_a_picture_that_the_studio_drew_leads_to_its_story_and_says_what_it_was_drawn_with(
    studio: Studio, tmp_path: Path
) -> None:
    story = studio.house.open()
    studio.house.rest(story)
    job = studio.house.controller.export(story, "pictures", OWNER)
    until(lambda: studio.house.controller.exporting(job).ended)
    with ZipFile(studio.house.controller.exporting(job).path or "") as archive:
        archive.extractall(tmp_path)
    picture = sorted(tmp_path.glob("*.png"))[0]
    with studio.page("library") as page:
        shows(page, 1)
        page.set_input_files("[data-file]", picture)
        page.wait_for_url(re.compile(f"story={story}"))
    studio.house.store.delete(story)
    with studio.page("library") as page:
        page.set_input_files("[data-file]", picture)
        expect(page.locator("[data-intake]")).to_contain_text("An orange cat on the left, at the beach by day.")
        Image.new("RGB", (64, 64)).save(tmp_path / "plain.png")
        page.set_input_files("[data-file]", tmp_path / "plain.png")
        expect(page.locator("[data-intake]")).to_contain_text("says nothing of a story")


def test_guests_see_and_change_their_own_stories_only(guests: Studio, tmp_path: Path) -> None:
    with guests.page("library") as ann, guests.page("library") as bob:
        expect(ann.get_by_role("heading", name="No story yet")).to_be_visible()
        story = ask(visit_studio(ann, guests.url))
        finished(ann)
        ann.goto(guests.url + "library")
        shows(ann, 1)
        bob.reload()
        expect(bob.get_by_role("heading", name="No story yet")).to_be_visible()
        forged = """async (story) => {
            const { library } = await import(new URL("studio/js/library.js", document.baseURI));
            const answers = [];
            for (const [name, call] of [["star", {stories: [story]}], ["delete", {stories: [story]}], ["duplicate", {story}],
                                        ["send", {story, command: {kind: "rename", title: "Mine"}}]])
                answers.push((await library.ask(name, call)).error);
            answers.push((await library.ask("news", {stories: [story]})).markup.trim());
            return answers;
        }"""
        *refused, seen = bob.evaluate(forged, story)
        assert all(refused)
        assert seen == ""
        export_story(guests.house.store, story, tmp_path / "cat.story.zip")
        bob.set_input_files("[data-file]", tmp_path / "cat.story.zip")
        bob.wait_for_url(re.compile(r"\?story="))
        bob.goto(guests.url + "library")
        shows(bob, 1)
        ann.reload()
        shows(ann, 1)
        expect(tale(ann, story).locator(".tale-open")).to_have_text(REQUEST)
    owners = {card.owner for card in guests.house.store.page().cards}
    assert len(owners) == 2
    assert OWNER.name not in owners


def visit_studio(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector("body[data-screen=compose]")
    return page


def test_a_phone_shows_all_of_it_without_scrolling_sideways(studio: Studio) -> None:
    fill(studio.house.store, range(1, 30))
    with studio.page("library", size=PHONE, dark=True) as page:
        shows(page, 29)
        expect(page.locator("[name=status]")).to_be_hidden()
        page.get_by_role("button", name="Filters").click()
        expect(page.locator("[name=status]")).to_be_visible()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
        page.select_option("[name=status]", "running")
        expect(page.locator("[data-count-filters]")).to_have_text("1")
        page.locator("[data-pick]").nth(0).tap()
        expect(page.get_by_role("toolbar")).to_be_visible()
        page.locator(".tale").nth(1).get_by_role("button", name="More for").tap()
        menu = page.get_by_role("menu").bounding_box()
        assert menu is not None
        assert menu["x"] >= 0
        assert menu["x"] + menu["width"] <= PHONE[0]
        assert page.evaluate(wide) == 0
        touched = page.locator(".tales-page :is(button, select, input:not([type=checkbox]), .tale-pick, .sieve-star):visible")
        heights = touched.evaluate_all("nodes => nodes.map((node) => node.getBoundingClientRect().height)")
        assert min(heights) >= 32, "a finger finds everything"


def test_a_studio_that_can_not_be_reached_says_so_and_is_found_again(studio: Studio) -> None:
    paused(studio, "The kite")
    with studio.page("library") as page:
        shows(page, 1)
        page.context.set_offline(True)
        page.fill("[name=words]", "kite")
        expect(page.get_by_role("heading", name="The stories can't be shown")).to_be_visible()
        page.context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        shows(page, 1)
