"""Laws of the composer: what its fields hold becomes a request, nothing typed is lost, and every field can be reached."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from PIL import Image
from playwright.sync_api import Page, expect

from core.errors import BadImage, CommandError
from core.images import ImageStore
from core.profiles import load_profile
from core.settings import Settings
from core.types import MAX_PICTURES, Given, Notes, Policy
from studio.controller import Telling
from studio.pages.composer import NOTES, STRICTNESS
from studio.pages.desk import policy_of, request_of, uploaded
from studio.ui import _telling, launch
from tests.studio import storybook
from tests.studio.chromium import DESKTOP, PHONE, Visitors, visit
from tests.studio.door import door_to
from tests.studio.open_studio import free_port
from tests.studio.storybook import House, Storybook

SLOW = 20_000  # ms
expect.set_options(timeout=SLOW)


# ---------------------------------------------------------------- what the fields hold


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.fixture
def inbox() -> Iterator[Path]:
    """A folder of uploads, as Gradio would have it."""
    folder = Path(get_upload_folder()) / f"tests-of-the-composer-{secrets.token_hex(4)}"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def upload(folder: Path, colour: str, side: int = 96) -> dict[str, object]:
    path = folder / f"{colour}.png"
    Image.new("RGB", (side, side), colour).save(path)
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def test_everything_that_the_fields_hold_is_in_the_request(images: ImageStore, inbox: Path) -> None:
    form = {
        "text": " A cat ",
        "images": [upload(inbox, "red"), upload(inbox, "green")],
        "references": [upload(inbox, "blue")],
        "given": [{"text": "First.", "picture": upload(inbox, "teal")}, {"text": " ", "picture": None}, {"text": "Then."}],
        "style": "ink",
        "language": "German",
        "answer": "text",
        "seed": 7.0,
    }
    asked = request_of(form, images)
    assert (asked.text, asked.seed, asked.answer) == ("A cat", 7, "text")
    colours = [images.load(ref).getpixel((0, 0)) for ref in (*asked.images, *asked.references)]
    assert colours == [(255, 0, 0), (0, 128, 0), (0, 0, 255)], "in their order"
    assert asked.given[1:] == (Given(text="Then."),), "an empty piece is none"
    assert asked.given[0].image is not None
    assert asked.notes == Notes(style="ink", language="German")


def test_only_what_was_uploaded_can_be_named(images: ImageStore, inbox: Path, tmp_path: Path) -> None:
    mine = upload(inbox, "red")
    assert uploaded(mine) == Path(str(mine["path"])).resolve()
    (inbox / "link.png").symlink_to(Path(str(upload(tmp_path, "red")["path"])))
    foreign = [
        upload(tmp_path, "green"),
        {"path": mine["path"]},
        {"path": str(inbox / ".." / ".." / "x.png"), "meta": {"_type": "gradio.FileData"}},
        {"path": str(inbox / "link.png"), "meta": {"_type": "gradio.FileData"}},
        None,
        7,
    ]
    for file in foreign:
        with pytest.raises(BadImage, match="not a picture that was uploaded"):
            uploaded(file)
    with pytest.raises(BadImage, match=r"^Picture 1: This is not a picture that was uploaded"):
        request_of({"images": ["/etc/hostname"]}, images)


def test_a_bad_picture_is_said_to_be_which_one(images: ImageStore, inbox: Path) -> None:
    (inbox / "bad.png").write_bytes(b"no picture")
    bad = {"path": str(inbox / "bad.png"), "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(BadImage, match=r"^Picture 2: This file is not a picture"):
        request_of({"images": [upload(inbox, "red"), bad]}, images)
    with pytest.raises(BadImage, match=r"^Reference picture 1: .* at least 64"):
        request_of({"references": [upload(inbox, "blue", side=8)]}, images)
    with pytest.raises(BadImage, match=r"^Piece 2 of the sequence: "):
        request_of({"given": [{"text": "x"}, {"text": "y", "picture": bad}]}, images)


def test_too_many_pictures_are_refused_before_any_is_looked_at(images: ImageStore) -> None:
    with pytest.raises(CommandError, match=f"At most {MAX_PICTURES} pictures"):
        request_of({"images": ["whatever"] * (MAX_PICTURES + 1)}, images)


def test_a_picture_can_be_sent_as_a_data_address_and_never_fetched_from_this_network(images: ImageStore, tmp_path: Path) -> None:
    Image.new("RGB", (96, 96), "red").save(tmp_path / "red.png")
    inside = f"data:image/png;base64,{base64.b64encode((tmp_path / 'red.png').read_bytes()).decode()}"
    assert images.load(request_of({"images": [inside]}, images).images[0]).getpixel((0, 0)) == (255, 0, 0)
    for address in (
        "http://127.0.0.1:1/red.png",
        "http://localhost/red.png",
        "data:image/png;base64,%%%",
        "file:///etc/hostname",
    ):
        with pytest.raises(BadImage, match=r"^Picture 1: "):
            request_of({"images": [address]}, images)


def test_the_settings_outrank_the_models_own_policy_where_they_say_something() -> None:
    own = Policy(max_attempts=3, candidates=2, threshold=0.4, on_exhausted="last", review=True)
    assert policy_of({"max_attempts": None}, own) == own
    assert policy_of({"threshold": ""}, own).threshold is None
    said = policy_of({"max_attempts": 9, "threshold": "0.8", "on_exhausted": "pause", "review": False}, own)
    assert said == Policy(max_attempts=9, candidates=2, threshold=0.8, on_exhausted="pause", review=False)


def test_a_telling_knows_what_its_models_are_told() -> None:
    pocket = _telling(load_profile("pocket"))
    assert pocket.heeds == set()
    assert not pocket.shows_references
    klein = _telling(load_profile("klein-4b"))
    assert klein.heeds == set(Notes.model_fields) == set(NOTES)
    assert klein.shows_references


# ---------------------------------------------------------------- in a browser

in_browser = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
TELLINGS = [
    Telling("pocket", "Pocket", heeds=frozenset({"characters"}), shows_references=False),
    Telling("another", "Another hand"),
]


class Desk:
    """A studio whose front page is open."""

    def __init__(self, house: House, url: str, visitors: Visitors, stack: ExitStack) -> None:
        self.house, self.url, self.visitors, self.stack = house, url, visitors, stack
        self.faults: list[str] = []

    def page(self, size: tuple[int, int] = DESKTOP, dark: bool = False) -> Page:
        page = self.stack.enter_context(self.visitors.visitor(self.url, size, dark)).new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.set_default_timeout(SLOW)
        return visit(page, self.url)

    def begin(self, page: Page) -> str:
        page.click("#start")
        page.wait_for_url(re.compile(r"\?story="))
        return page.url.split("story=")[1]


@pytest.fixture
def desk(tmp_path: Path, chromium: Visitors, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(storybook, "TELLINGS", TELLINGS)
    port = free_port()
    with House(tmp_path / "data", Storybook().agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=tmp_path / "data", port=port), wait=False)
        with door_to(port) as url, ExitStack() as stack:
            opened = Desk(house, url, chromium, stack)
            yield opened
        app.close(verbose=False)
        assert opened.faults == []


def unfold(page: Page, fold: str) -> None:
    page.click(f"#{fold} > button.label-wrap")
    if fold == "pictures":
        expect(page.locator("#pictures [data-ready]")).to_have_count(3)  # its scripts, like its fields, come when it is opened


def picture(folder: Path, colour: str) -> Path:
    path = folder / f"{colour}.png"
    Image.new("RGB", (128, 96), colour).save(path)
    return path


def colours(desk: Desk, refs: tuple[object, ...]) -> list[object]:
    return [desk.house.store.images.load(ref).getpixel((0, 0)) for ref in refs]  # type: ignore[arg-type]


RED, GREEN, BLUE, TEAL = (255, 0, 0), (0, 128, 0), (0, 0, 255), (0, 128, 128)


class TestInBrowser:
    pytestmark = in_browser

    def test_pictures_a_sequence_notes_and_settings_reach_the_story(self, desk: Desk, tmp_path: Path) -> None:
        page = desk.page()
        page.fill("#request textarea", storybook.REQUEST)
        unfold(page, "pictures")
        page.set_input_files("#start-pictures input[type=file]", [picture(tmp_path, "red"), picture(tmp_path, "green")])
        page.set_input_files("#references input[type=file]", picture(tmp_path, "blue"))
        expect(page.locator(".tray-item:not(.tray-sending)")).to_have_count(3)
        for text in ("Then the sun rose.", "It began at night."):
            page.click("[data-add]")
            page.keyboard.type(text)
        page.set_input_files(".piece:nth-child(2) input[type=file]", picture(tmp_path, "teal"))
        expect(page.locator(".piece:nth-child(2) img")).to_be_visible()
        page.get_by_role("button", name="Move piece 2 up").press("Enter")
        page.click("[data-add]")
        page.get_by_role("button", name="Remove piece 3").click()
        unfold(page, "notes")
        for label, _, example in NOTES.values():
            page.get_by_label(label).fill(example)
        unfold(page, "settings")
        expect(page.locator("#dice")).to_be_visible()  # the last that is built: what is typed earlier may be overwritten
        page.get_by_label("number input for Candidates").fill("2")
        page.click("#threshold input")
        page.click(f"[role=option]:has-text('{STRICTNESS[3][0]}')")
        page.click("#exhausted input")
        page.click("[role=option]:has-text('wait for me')")
        story = desk.begin(page)
        t = desk.house.trajectory(story)
        assert t.request is not None
        assert colours(desk, t.request.images) == [RED, GREEN]
        assert colours(desk, t.request.references) == [BLUE]
        assert [piece.text for piece in t.request.given] == ["It began at night.", "Then the sun rose."]
        assert colours(desk, (t.request.given[0].image,)) == [TEAL]
        assert t.request.notes == Notes(**{name: example for name, (_, _, example) in NOTES.items()})
        assert (t.policy.candidates, t.policy.threshold, t.policy.on_exhausted) == (2, 0.8, "pause")
        page.keyboard.press("n")
        expect(page.locator("#request textarea")).to_have_value("")
        expect(page.locator(".tray-item, .piece")).to_have_count(0)

    def test_the_first_step_is_drawn_on_the_last_picture_and_their_order_is_changed_by_keys(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        page = desk.page()
        page.fill("#request textarea", storybook.REQUEST)
        unfold(page, "pictures")
        files = [picture(tmp_path, colour) for colour in ("red", "green", "blue")]
        page.set_input_files("#start-pictures input[type=file]", files)
        expect(page.locator(".tray-item:not(.tray-sending)")).to_have_count(3)
        page.get_by_role("button", name="Move later: picture 1").press("Enter")
        page.keyboard.press("Enter")  # what is moved keeps the focus
        expect(page.locator(".tray-item:last-child .tray-last")).to_be_visible()
        page.get_by_role("button", name="Remove picture 2").press("Enter")
        story = desk.begin(page)
        t = desk.house.rest(story)
        assert t.request is not None
        assert colours(desk, t.request.images) == [GREEN, RED]
        assert t.standings[0].tries[0].attempt.source == t.request.images[-1]

    def test_a_picture_is_dropped_or_pasted_anywhere_on_the_desk(self, desk: Desk, tmp_path: Path) -> None:
        page = desk.page()
        content = base64.b64encode(picture(tmp_path, "teal").read_bytes()).decode()
        for number, way in enumerate(("drop", "paste"), start=1):
            page.evaluate(
                """([way, content]) => {
                    const transfer = new DataTransfer();
                    const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
                    transfer.items.add(new File([bytes], "teal.png", { type: "image/png" }));
                    const event = way === "drop"
                        ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
                        : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
                    document.querySelector("#request textarea").dispatchEvent(event);
                }""",
                [way, content],
            )
            expect(page.locator("#start-pictures .tray-item:not(.tray-sending)")).to_have_count(number)

    def test_a_picture_is_taken_with_the_camera(self, desk: Desk) -> None:
        page = desk.page()
        page.evaluate(
            """() => {
                const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
                const brush = canvas.getContext("2d");
                setInterval(() => { brush.fillStyle = "teal"; brush.fillRect(0, 0, 320, 240); }, 50);
                navigator.mediaDevices.getUserMedia = async () => (window.stream = canvas.captureStream(10));
            }"""
        )
        unfold(page, "pictures")
        page.click("#references [data-camera]")
        page.click("dialog.camera [data-take]")
        expect(page.locator("#references .tray-item:not(.tray-sending)")).to_have_count(1)
        expect(page.locator("dialog.camera")).to_have_count(0)
        assert page.evaluate("window.stream.getTracks().every((track) => track.readyState === 'ended')"), "the camera is off"

    def test_a_bad_picture_says_so_in_one_sentence_and_nothing_that_was_typed_is_lost(self, desk: Desk, tmp_path: Path) -> None:
        (tmp_path / "bad.png").write_bytes(b"no picture")
        Image.new("RGB", (600, 64), "red").save(tmp_path / "long.png")
        page = desk.page()
        page.fill("#request textarea", storybook.REQUEST)
        unfold(page, "notes")
        page.fill("#note-style textarea", "ink")
        unfold(page, "pictures")
        page.set_input_files("#start-pictures input[type=file]", tmp_path / "bad.png")
        expect(page.locator("#start-pictures [role=alert]")).to_have_text(
            re.compile("“bad.png” is not a picture that can be read")
        )
        expect(page.locator(".tray-item")).to_have_count(0)
        page.set_input_files("#start-pictures input[type=file]", tmp_path / "long.png")
        expect(page.locator(".tray-item:not(.tray-sending)")).to_have_count(1)
        page.click("#start")
        expect(page.locator(".toast-body").first).to_contain_text("Picture 1: This picture is 600 × 64: too long and narrow")
        assert page.input_value("#request textarea") == storybook.REQUEST
        assert page.input_value("#note-style textarea") == "ink"
        page.get_by_role("button", name="Remove picture 1").click()
        desk.begin(page)

    def test_what_is_being_written_is_there_again_after_a_reload_until_it_is_told(self, desk: Desk) -> None:
        page = desk.page()
        page.fill("#request textarea", "A bear at night")
        unfold(page, "notes")
        page.fill("#note-style textarea", "ink")
        page.reload()
        expect(page.locator("#request textarea")).to_have_value("A bear at night")
        unfold(page, "notes")
        expect(page.locator("#note-style textarea")).to_have_value("ink")
        desk.begin(page)
        page.wait_for_selector(".studio[data-look=done]")  # one that is still told would be opened again
        page.goto(desk.url)
        expect(page.locator("#start")).to_be_visible()
        expect(page.locator("#request textarea")).to_have_value("")

    def test_what_the_models_are_not_told_of_is_marked_and_follows_the_chosen_models(self, desk: Desk) -> None:
        page = desk.page()
        unfold(page, "settings")
        unfold(page, "notes")
        unfold(page, "pictures")
        untold = page.get_by_text("These models are not told of this.")
        unseen = page.get_by_text("The planner of these models does not look at them.")
        expect(untold).to_have_count(len(NOTES) - 1)
        expect(page.locator("#note-characters")).not_to_contain_text("not told")
        expect(unseen).to_be_visible()
        page.click("#profile input")
        page.click("[role=option]:has-text('Another hand')")
        expect(untold).to_have_count(0)
        expect(unseen).to_have_count(0)
        page.click("#profile input")
        page.click("[role=option]:has-text('Pocket')")
        expect(untold).to_have_count(len(NOTES) - 1)

    def test_marks_are_right_in_a_fold_that_is_opened_later(self, desk: Desk) -> None:
        page = desk.page()
        unfold(page, "settings")
        page.click("#profile input")
        page.click("[role=option]:has-text('Another hand')")
        expect(page.locator("#go .profile").first).to_contain_text("Another hand")
        unfold(page, "notes")
        expect(page.locator("#note-style")).to_contain_text(NOTES["style"][1])
        expect(page.get_by_text("are not told of this")).to_have_count(0)

    @pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone-dark"])
    def test_every_field_has_a_label_and_nothing_sticks_out(
        self, desk: Desk, tmp_path: Path, size: tuple[int, int], dark: bool
    ) -> None:
        page = desk.page(size, dark)
        for fold in ("pictures", "notes", "settings"):
            unfold(page, fold)
        page.set_input_files("#start-pictures input[type=file]", [picture(tmp_path, "red"), picture(tmp_path, "green")])
        page.click("[data-add]")
        expect(page.locator(".tray-item:not(.tray-sending)")).to_have_count(2)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("#composer :is(input, textarea, button)")].filter((field) =>
                field.checkVisibility() && field.type !== "hidden" && !field.labels?.length
                && !field.getAttribute("aria-label") && !field.getAttribute("aria-labelledby") && !field.innerText?.trim()
            ).map((field) => field.outerHTML.slice(0, 200))"""
        )
        assert nameless == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    def test_the_tour_is_offered_once_goes_by_keys_and_is_shown_again_from_the_help(self, desk: Desk) -> None:
        page = desk.page()
        invitation = page.locator(".tour-invitation")
        expect(invitation).to_be_visible()
        assert page.evaluate("document.activeElement.closest('.tour-invitation')") is None, "it takes no focus"
        page.get_by_role("button", name="Show me around").click()
        tour = page.locator("dialog.tour")
        expect(tour).to_contain_text("1 of 4")
        page.keyboard.press("ArrowRight")
        expect(tour).to_contain_text("2 of 4")
        page.keyboard.press("ArrowLeft")
        expect(tour).to_contain_text("1 of 4")
        page.keyboard.press("Escape")
        expect(tour).to_have_count(0)
        visit(page, desk.url)
        expect(invitation).to_have_count(0)
        page.click(".welcome h1")
        page.keyboard.press("?")
        page.click("dialog.help [data-do=tour]")
        for _ in range(4):
            page.keyboard.press("Enter")
        expect(tour).to_have_count(0)
        page.click("#composer [data-do=tour]")
        expect(tour).to_contain_text("1 of 4")

    def test_who_declines_the_tour_or_begins_a_story_is_not_asked_again(self, desk: Desk) -> None:
        page = desk.page()
        page.get_by_role("button", name="Not now").click()
        expect(page.locator(".tour-invitation")).to_be_hidden()
        visit(page, desk.url)
        expect(page.locator(".tour-invitation")).to_have_count(0)
        page.evaluate("localStorage.clear()")
        visit(page, desk.url)
        page.fill("#request textarea", storybook.REQUEST)
        desk.begin(page)
        page.keyboard.press("n")
        expect(page.locator("#request textarea")).to_be_visible()
        expect(page.locator(".tour-invitation")).to_be_hidden()
        assert json.loads(page.evaluate("JSON.stringify(localStorage)"))["interleave-studio.tour"] == "seen"
