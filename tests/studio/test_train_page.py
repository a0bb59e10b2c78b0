"""What a person sees and does on the training page, in a real browser; a small program stands in for the trainer."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.runs import SAVE, Run, find, started_in
from tests.studio.chromium import DESKTOP, PHONE, Visitors
from tests.studio.open_studio import Studio, opened
from tests.studio.storybook import until
from tests.studio.test_access import findings
from tests.studio.trainings import curated, grpo_run, sft_run

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def runs(studio: Studio) -> Iterator[Path]:
    """The folder of the studio's runs; whatever still runs in the end is ended."""
    folder = studio.house.folder.parent / "runs"
    yield folder
    for run in find(folder):
        if run.started and run.started.lives:
            os.killpg(run.started.pid, signal.SIGKILL)


def state(page: Page, words: str) -> None:
    expect(page.locator(".run-line .badge")).to_have_text(words)


def begin(page: Page, **fields: str) -> None:
    """Fills the form, and starts what it shows."""
    page.get_by_role("button", name="New training").first.click()
    for name, value in fields.items():
        page.fill(f"dialog [name={name}]", value)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("dialog.start")).to_be_hidden()


def the_run(runs: Path) -> Run:
    (run,) = find(runs)
    return run


def test_a_training_is_begun_watched_stopped_and_resumed_over_a_reload(studio: Studio, runs: Path) -> None:
    curated(studio.house.folder / "curated", "critic_sft")
    with studio.page("train") as page:
        expect(page.get_by_role("heading", name="No training yet")).to_be_visible()
        page.get_by_role("button", name="New training").last.click()
        page.fill("dialog [name=steps]", "100000")
        expect(page.locator("[data-command]")).to_contain_text("--preset pocket --steps 100000")
        command = page.locator("[data-command]").inner_text()
        assert command.startswith("python -m train sft --role critic --model pocket --data ")
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_url("**/train?run=sft-critic-1")
        state(page, "Running")
        expect(page.locator("[data-log]")).to_contain_text(command)
        expect(page.get_by_role("img", name="Loss: training")).to_be_visible()
        expect(page.locator(".run-tiles")).to_contain_text("Memory")
        page.reload()
        state(page, "Running")
        before = the_run(runs).step
        until(lambda: the_run(runs).step > before)
        expect(page.locator(".run-kept")).to_have_count(0)
        page.get_by_role("button", name="Save now").click()
        expect(page.locator(".run-kept")).to_have_text(re.compile(r"^Checkpoint: step \d+, just now$"))
        expect(page.get_by_role("button", name="Save now")).to_be_enabled()
        state(page, "Running")
        page.get_by_role("button", name="Stop", exact=True).click()
        state(page, "Stopped")
        expect(page.get_by_role("button", name="Save now")).to_have_count(0)
        expect(page.locator("[data-log]")).to_contain_text("Stopped at a checkpoint.")
        kept = the_run(runs).step
        page.get_by_role("button", name="Resume").click()
        state(page, "Running")
        expect(page.locator("[data-log]")).to_contain_text(f"goes on from {kept}")


def test_a_run_goes_on_when_the_studio_closes_and_is_there_when_it_opens(tmp_path: Path, chromium: Visitors) -> None:
    curated(tmp_path / "data" / "curated", "critic_sft")
    with opened(tmp_path / "data", chromium) as first, first.page("train") as page:
        begin(page, name="long")
        state(page, "Running")
    started = started_in(tmp_path / "runs" / "long")
    assert started is not None
    assert started.lives, "it has no need of the studio"
    with opened(tmp_path / "data", chromium) as second, second.page("train?run=long") as page:
        state(page, "Running")
        page.get_by_role("button", name="Stop", exact=True).click()
        state(page, "Stopped")


def test_a_checkpoint_that_is_waited_for_is_said_to_be(studio: Studio, runs: Path) -> None:
    curated(studio.house.folder / "curated", "critic_sft")
    with studio.page("train", size=PHONE) as page:
        page.get_by_role("button", name="New training").last.click()
        page.select_option("dialog [name=preset]", "24gb")  # of which the stand-in hears nothing
        page.get_by_role("button", name="Start", exact=True).click()
        page.get_by_role("button", name="Save now").click()
        expect(page.get_by_role("button", name="Saving …")).to_be_disabled()
        expect(page.locator(".run-note")).to_contain_text("A checkpoint is made at the end of this step")
        assert (the_run(runs).folder / SAVE).is_file()
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        page.get_by_role("button", name="Stop", exact=True).click()
        state(page, "Stopping")
        expect(page.get_by_role("button", name="Saving …")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_rarely_wanted_is_folded_and_is_in_the_command(studio: Studio, runs: Path, size: tuple[int, int]) -> None:
    curated(studio.house.folder / "curated", "critic_sft", "critic_rl")
    with studio.page("train", size=size) as page:
        page.get_by_role("button", name="New training").last.click()
        command, fault = page.locator("[data-command]"), page.locator("[data-start-fault]")
        expect(page.locator("dialog [name=rate]")).to_be_hidden()
        page.locator("dialog summary").click()
        expect(page.locator("dialog [name=reward]")).to_be_hidden()
        page.select_option("dialog [name=lora]", "yes")
        page.fill("dialog [name=epochs]", "2")
        page.fill("dialog [name=rate]", "2e-5")
        page.fill("dialog [name=seed]", "7")
        expect(command).to_contain_text("--preset pocket --lora --epochs 2 --rate 2e-05 --seed 7")
        page.fill("dialog [name=rate]", "fast")
        expect(fault).to_have_text("Learning rate: it must be a number, such as 0.5.")
        expect(page.locator("[data-go]")).to_be_disabled()
        page.fill("dialog [name=rate]", "")
        page.fill("dialog [name=steps]", "ten")
        expect(fault).to_have_text("Steps: it must be a whole number.")
        page.fill("dialog [name=steps]", "3")
        page.get_by_text("Critic, by rewards").last.click()
        page.select_option("dialog [name=judge]", "pocket")
        page.select_option("dialog [name=reward]", "code")
        page.select_option("dialog [name=without]", "accuracy")
        rewards = "--painter pocket --judge pocket --reward code --without accuracy"
        expect(command).to_contain_text(f"{rewards} --lora --epochs 2 --steps 3 --seed 7")
        page.select_option("dialog [name=painter]", "klein-4b")
        page.select_option("dialog [name=judge]", "pocket-exact")
        expect(fault).to_contain_text("can only score what the pocket painter draws")
        page.select_option("dialog [name=judge]", "")
        expect(command).to_contain_text("--judge klein-4b")
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        said = command.inner_text()
        page.get_by_role("button", name="Start", exact=True).click()
        state(page, "Finished")
        expect(page.locator("[data-log]")).to_contain_text(said)


def test_the_form_offers_what_fits_and_says_what_is_wrong(studio: Studio, runs: Path) -> None:
    curated(studio.house.folder / "for-critics", "critic_sft", "critic_rl")
    sft_run(runs / "critic")
    with studio.page("train") as page:
        state(page, "Finished")
        page.get_by_role("button", name="New training").first.click()
        page.get_by_text("Planner, by examples").last.click()
        expect(page.locator("[data-no-rows]")).to_contain_text("python -m train curate")
        expect(page.locator("[data-go]")).to_be_disabled()
        page.get_by_text("Critic, by rewards").last.click()
        expect(page.locator("[data-command]")).to_contain_text("train grpo --model pocket")
        page.select_option("dialog [name=painter]", "klein-4b")
        expect(page.locator("[data-command]")).to_contain_text("--painter klein-4b --judge klein-4b")
        page.fill("dialog [name=model]", "../secret")
        expect(page.locator("[data-start-fault]")).to_contain_text("The model is pocket, a finished run, or a name on the hub")
        expect(page.locator("[data-go]")).to_be_disabled()
        page.fill("dialog [name=model]", "Qwen/Qwen3-VL-8B-Instruct")
        page.fill("dialog [name=name]", "critic")
        expect(page.locator("[data-start-fault]")).to_contain_text("There is a run of this name already")
        page.fill("dialog [name=name]", "critic-rl")
        expect(page.locator("[data-command]")).to_contain_text("/runs/critic-rl")
        expect(page.locator("[data-go]")).to_be_enabled()
        page.keyboard.press("Escape")
    assert [run.id for run in find(runs)] == ["critic"], "looking starts nothing"


def test_what_was_tried_is_seen_with_its_pictures_step_by_step(studio: Studio, runs: Path) -> None:
    grpo_run(runs / "rl")
    with studio.page("train?run=rl") as page:
        expect(page.locator(".tried h3")).to_have_text("What the critic tried at step 40")
        for name in ("before", "after", "redrawn"):
            shot = page.locator(".shot", has_text=name).first.locator("img")
            shot.scroll_into_view_if_needed()
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=shot.element_handle())
        reply = page.locator(".reply").nth(1)
        reply.get_by_text("The whole reply").click()
        expect(reply.locator("pre")).to_contain_text("<b>yes</b>")
        page.get_by_role("button", name="Earlier").click()
        expect(page.locator(".tried h3")).to_have_text("What the critic tried at step 39")
        with open(runs / "rl" / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write('{"step": 41, "reward": 0.75}\n')
        expect(page.get_by_role("img", name="Reward: mean of a step 0.75")).to_be_visible()
        expect(page.locator(".tried h3")).to_have_text("What the critic tried at step 39")


def test_a_run_is_chosen_from_the_list_and_the_way_back_finds_the_one_before(studio: Studio, runs: Path) -> None:
    sft_run(runs / "critic")
    grpo_run(runs / "deep" / "rl")
    with studio.page("library") as page:
        page.get_by_role("link", name="Training").click()
        page.wait_for_selector("body[data-screen=train]")
        page.locator("[data-run='deep/rl']").click()
        expect(page.locator(".run h2")).to_have_text("deep/rl")
        expect(page.locator(".shot img").first).to_be_visible()
        page.locator("[data-run='critic']").click()
        expect(page.locator(".run h2")).to_be_focused()
        expect(page.locator(".run h2")).to_have_text("critic")
        page.go_back()
        expect(page.locator(".run h2")).to_have_text("deep/rl")


def test_guests_get_a_sentence_and_nothing_else(tmp_path: Path, chromium: Visitors) -> None:
    grpo_run(tmp_path / "runs" / "rl")
    curated(tmp_path / "shared" / "curated", "critic_sft")
    name = next((tmp_path / "runs" / "rl" / "rollouts").glob("*.png")).name
    with opened(tmp_path / "shared", chromium, host="0.0.0.0") as studio:
        with studio.page("train?run=rl") as page:
            expect(page.locator("[data-fault]")).to_contain_text("Only the owner of this studio trains here")
            expect(page.locator(".run-link")).to_have_count(0)
            assert page.request.get(f"{studio.url}runs/rl/pictures/{name}").status == 404
            forged = """async () => {
                const { train } = await import(new URL("studio/js/train.js", document.baseURI));
                const calls = ["look", "offer", "weigh", "start", "save", "stop", "resume"];
                return Promise.all(calls.map(async (name) => Object.keys(await train.ask(name, {run: "rl"})).join()));
            }"""
            assert page.evaluate(forged) == ["error"] * 7
        with studio.page("library") as page:
            expect(page.get_by_role("heading", name="No story yet")).to_be_visible()
            expect(page.get_by_role("link", name="Training")).to_have_count(0)


def test_a_picture_is_served_by_its_own_name_only(studio: Studio, runs: Path) -> None:
    grpo_run(runs / "rl")
    name = next((runs / "rl" / "rollouts").glob("*.png")).name
    with studio.page("train") as page:
        for path, status in (
            (f"rl/pictures/{name}", 200),
            (f"other/pictures/{name}", 404),
            ("rl/pictures/000040-0.jsonl", 404),
            ("rl/pictures/..%2Frun.json", 404),
        ):
            assert page.request.get(f"{studio.url}runs/{path}").status == status


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop-light", "phone-dark"])
def test_the_page_has_no_serious_finding_and_never_scrolls_sideways(
    studio: Studio, runs: Path, size: tuple[int, int], dark: bool
) -> None:
    curated(studio.house.folder / "curated", "critic_sft", "critic_rl")
    with studio.page("train", size=size, dark=dark) as page:
        expect(page.get_by_role("heading", name="No training yet")).to_be_visible()
        assert findings(page) == []
        sft_run(runs / "critic")
        grpo_run(runs / "rl")
        page.goto(studio.url + "train?run=rl")
        expect(page.locator(".tried")).to_be_visible()
        page.locator(".run-config summary").click()
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
        begin(page, name="failing", steps="1")
        state(page, "Finished")
        page.get_by_role("button", name="New training").first.click()
        expect(page.locator("[data-command]")).to_contain_text("python -m train")
        assert findings(page) == []
        assert page.evaluate(WIDE) == 0
