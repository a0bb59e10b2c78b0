"""A run's page says what the run did, shows stories of every ending, needs nothing else, and takes no text for its own."""

from __future__ import annotations

import base64
import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from core.events import Drawn
from core.store import Store
from tests.train.smallbench import HOSTILE, KEEP, Small, check_inert, tags, tell
from train.benchmarks.outcomes import read_lines, write_lines
from train.benchmarks.report import chosen, costs, write_page
from train.benchmarks.report_commands import report
from train.benchmarks.report_plots import differences, plot, unit_of
from train.benchmarks.report_reading import Result, read_run
from train.benchmarks.report_strips import SIDE, Strip, strip_of
from train.benchmarks.report_tally import Tally, tally_of
from train.runs import RunError


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture
def run(told: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(told, tmp_path / "small"))


def tally(out: Path) -> Tally:
    found = read_run(out)
    with found.stories() as store:
        return tally_of(found, store)


def strips(out: Path) -> dict[str, Strip]:
    found, counted = read_run(out), tally(out)
    with found.stories() as store:
        return {each.id: strip_of(store, each, counted.kind_of(each.id, each.passed), found.exact) for each in found.results}


# ---------------------------------------------------------------- what the page says


def test_the_page_is_one_inert_file_of_modest_size(run: Path) -> None:
    page = write_page(run)
    assert page == run / "report.html"
    check_inert(page.read_text(encoding="utf-8"))
    assert page.stat().st_size < 500_000


def test_what_models_and_people_wrote_is_shown_as_they_wrote_it(run: Path) -> None:
    from html import unescape

    text = write_page(run).read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert unescape(text).count(HOSTILE) >= 3  # a request, a title, a thought


def test_every_figure_stands_in_the_page_with_its_interval_and_cases(run: Path) -> None:
    text = write_page(run).read_text(encoding="utf-8")
    figures = json.loads((run / "report.json").read_text())["figures"]
    assert len(figures) > 10
    success = figures["end-to-end success"]
    assert f"<b>{success['value']:.1%}</b> <span>{success['low']:.1%} to {success['high']:.1%} · n {success['n']}" in text
    assert all(f'<span class="label">{name.replace(chr(39), "&#39;")}</span>' in text for name in figures)


def test_groups_have_a_plot_only_where_there_are_several(run: Path) -> None:
    assert "By group" in write_page(run).read_text(encoding="utf-8")
    whole = json.loads((run / "report.json").read_text())
    whole["groups"] = {"edit": whole["figures"]}
    (run / "report.json").write_text(json.dumps(whole))
    assert "By group" not in write_page(run).read_text(encoding="utf-8")


def test_the_head_says_who_told_it_with_what(run: Path) -> None:
    text = write_page(run).read_text(encoding="utf-8")
    for said in ("scripted-planner@1", "scripted-painter@1", "scripted-critic@1", "seed 0", "requests", "revision"):
        assert said in text


def test_costs_are_in_all_and_a_story() -> None:
    found = costs({"critic calls": 12, "seconds": {"painter": 6.0}, "tokens": None}, 4)
    assert found == [("critic calls", 12, 3.0), ("seconds, painter", 6.0, 1.5)]


# ---------------------------------------------------------------- counts


def test_acceptance_is_counted_by_attempt(told: Path) -> None:
    """Eight first steps pass at once; of the second ones three pass at once, one at the second attempt, two at the third."""
    rows = [(each.number, each.accepted.right, each.accepted.of, each.done.right) for each in tally(told).by_number]
    assert rows == [(1, 11, 16, 11), (2, 1, 5, 12), (3, 2, 4, 14)]
    assert all(each.done.of == 16 for each in tally(told).by_number)
    assert tally(told).whys == {"accepted": 14, "budget": 2}


def test_probabilities_stand_against_the_truth(told: Path) -> None:
    bins = [(round(each.predicted, 2), each.good.right, each.good.of) for each in tally(told).calibration.bins]
    assert bins == [(0.05, 0, 11), (0.85, 14, 14)]


def test_a_run_without_a_critic_has_no_acceptance(tmp_path: Path) -> None:
    out = tell(tmp_path / "plan", control="plan")
    assert not tally(out).critic_asked
    assert all(attempt.verdict is None for strip in strips(out).values() for step in strip.steps for attempt in step.attempts)
    text = write_page(out).read_text(encoding="utf-8")
    assert "No critic was asked" in text
    assert "Accepted by the critic" not in text


# ---------------------------------------------------------------- strips


def test_a_strip_has_each_step_with_the_picture_before_and_every_attempt(told: Path) -> None:
    strip = strips(told)["item-3"]  # needs two redrawings
    first, second = strip.steps
    assert (first.edits, first.before, len(first.attempts)) == (False, None, 1)
    assert second.before == first.attempts[0].picture
    assert [attempt.kept for attempt in second.attempts] == [False, False, True]
    assert [attempt.verdict.accepted for attempt in second.attempts if attempt.verdict] == [False, False, True]
    assert [attempt.truth.accepted for attempt in second.attempts if attempt.truth] == [False, False, True]
    assert strip.kind == "late"
    assert dict(strip.notes)["2 of 2 pictures right"] is True


def test_a_refined_prompt_is_shown_as_a_change_of_the_one_that_was_drawn(told: Path) -> None:
    refused = strips(told)["item-3"].steps[1].attempts[0]
    assert "".join(text for kind, text in refused.refined if kind != "in") == refused.prompt
    assert "".join(text for kind, text in refused.refined if kind == "in") == KEEP


def test_a_failure_says_what_was_wrong(told: Path) -> None:
    strip = strips(told)["item-5"]
    assert strip.kind == "failure"
    assert dict(strip.notes)["1 of 2 pictures right"] is False
    last = strip.steps[1].attempts[-1].truth
    assert last
    assert "balloon" in last.thought


def test_pictures_are_small_and_of_the_right_kind(told: Path) -> None:
    page = write_page(told, page=told.parent / "elsewhere" / "page.html").read_text(encoding="utf-8")
    addresses = [attributes["src"] or "" for tag, attributes in tags(page) if tag == "img"]
    assert len(addresses) > 20
    for address in set(addresses):
        image = Image.open(BytesIO(base64.b64decode(address.partition(",")[2])))
        assert image.format == "WEBP"
        assert max(image.size) <= SIDE


def test_a_picture_that_is_gone_is_said_to_be_gone(run: Path) -> None:
    result = read_run(run).results[0]
    with Store(run / "stories", write=False) as store:
        drawn = next(event for event in store.events(result.story or "") if isinstance(event, Drawn))
        store.images.path(drawn.attempt.image).unlink()
    strip = strips(run)["item-0"]
    assert strip.steps[0].attempts[0].picture is None
    assert strip.steps[0].attempts[0].truth is None
    assert "The picture is gone." in write_page(run).read_text(encoding="utf-8")


def test_a_story_that_was_deleted_is_said_to_be_gone_and_its_figures_stay(run: Path) -> None:
    with Store(run / "stories") as store:
        store.delete(read_run(run).results[0].story or "")
    assert strips(run)["item-0"].trouble == "There is no such story."
    assert "There is no such story." in write_page(run).read_text(encoding="utf-8")


# ---------------------------------------------------------------- which stories

ENDED = st.lists(st.sampled_from(["failure", "late", "success", "unscored"]), max_size=30)


def ended(kinds: list[Any]) -> list[tuple[Result, Any]]:
    return [(Result(f"r{number}", "all", None, None, {}), kind) for number, kind in enumerate(kinds)]


@given(ENDED, st.integers(0, 40), st.randoms())
def test_as_many_stories_as_can_be_are_chosen_whatever_their_order(kinds: list[Any], most: int, dice: Any) -> None:
    given_to = ended(kinds)
    found = chosen(given_to, most)
    assert len(found) == len({result.id for result, _ in found}) == min(most, len(kinds))
    dice.shuffle(given_to)
    assert chosen(given_to, most) == found


def test_failures_come_first_then_what_took_long_then_successes() -> None:
    found = [kind for _, kind in chosen(ended(["success", "late", "failure"] * 9), 12)]
    assert found == ["failure"] * 6 + ["late"] * 3 + ["success"] * 3


@given(ENDED, st.integers(0, 20))
def test_more_examples_show_the_fewer_ones_too(kinds: list[Any], most: int) -> None:
    few, more = ({result.id for result, _ in chosen(ended(kinds), n)} for n in (most, most + 1))
    assert few <= more


# ---------------------------------------------------------------- plots

FIGURE = st.lists(st.floats(0, 1e4), min_size=3, max_size=3).map(
    lambda ends: dict(zip(("low", "value", "high"), sorted(ends), strict=True)) | {"n": 5}
)


@given(st.dictionaries(st.text(max_size=5), FIGURE, min_size=1, max_size=6))
def test_a_dot_is_inside_its_row_and_between_its_whiskers(figures: dict[str, Any]) -> None:
    unit, notes = unit_of("x", figures.values()), dict.fromkeys(figures, "")
    for drawn in (plot("", figures, unit), differences("", figures, unit, notes)):
        assert [dot.label for dot in drawn.dots] == list(figures)
        for dot in drawn.dots:
            assert 0 <= dot.low <= dot.at <= dot.high <= 100
        assert all(0 <= at <= 100 for at, _ in drawn.ticks)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("success", 0.5, "share"),
        ("drawings a picture", 1.0, "work"),
        ("a mark", 7.0, "mark"),
        ("bad ones, of a story", 1.0, "share"),
    ],
)
def test_a_figure_is_a_share_a_mark_or_work(name: str, value: float, unit: str) -> None:
    assert unit_of(name, [{"value": value, "low": value, "high": value, "n": 1}]) == unit


# ---------------------------------------------------------------- runs


def test_a_run_of_before_lines_named_their_stories_is_read_all_the_same(run: Path) -> None:
    now = read_run(run)
    old = [{key: value for key, value in line.items() if key not in ("story", "group", "main")} for line in read_lines(run)]
    write_lines(run, old)
    whole = json.loads((run / "report.json").read_text())
    (run / "report.json").write_text(json.dumps({key: whole[key] for key in whole if key not in ("benchmark", "groups", "cost")}))
    then = read_run(run)
    assert then.benchmark == "pocket"
    one, other = ([(each.id, each.story, each.main) for each in found.results] for found in (then, now))
    assert one == other
    assert then.cost["generator calls"] == now.cost["generator calls"]
    check_inert(write_page(run).read_text(encoding="utf-8"))


@pytest.mark.parametrize("missing", ["outcomes.jsonl", "report.json", "stories"])
def test_a_folder_without_a_finished_run_is_an_error_that_says_so(run: Path, missing: str) -> None:
    (shutil.rmtree if (run / missing).is_dir() else Path.unlink)(run / missing)
    with pytest.raises(RunError, match="There is no finished run in small"):
        write_page(run)


@pytest.mark.parametrize("line", ['{"main": 1}', '{"id": "a", "main": "high"}', "[", '"a"'])
def test_outcomes_that_are_none_are_an_error_that_says_so(run: Path, line: str) -> None:
    (run / "outcomes.jsonl").write_text(line + "\n")
    with pytest.raises(RunError, match="outcomes of small cannot be read"):
        write_page(run)


def test_the_command_shows_the_figures_and_says_where_the_page_is(run: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(report)
    page = tmp_path / "pages" / "small.html"
    done = CliRunner().invoke(app, [str(run), "--out", str(page), "--examples", "1"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(page)
    assert "end-to-end success" in done.stderr
    assert sum(tag == "article" for tag, _ in tags(page.read_text(encoding="utf-8"))) == 1


def test_the_small_benchmark_ends_as_its_tests_suppose(told: Path) -> None:
    assert [each.passed for each in read_run(told).results] == [need < 3 for need in Small().needs]
