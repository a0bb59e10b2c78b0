"""Two runs are held against each other request by request, with the intervals of the paired bootstrap and nothing made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.store import Store
from tests.train.smallbench import Other, Small, check_inert, tags, tell
from train.benchmarks.compared import SIDES, Compared, compare, gains, side_of
from train.benchmarks.compared import compare as compared
from train.benchmarks.compared_page import changed, page_beside, write_comparison
from train.benchmarks.compared_values import values_of
from train.benchmarks.figures import paired
from train.benchmarks.outcomes import read_lines, read_outcomes, write_lines
from train.benchmarks.report_commands import compare as command
from train.benchmarks.report_reading import Result
from train.runs import RunError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with one attempt a step, and with three."""
    folder = tmp_path_factory.mktemp("runs")
    tell(folder / "once", max_attempts=1)
    tell(folder / "thrice")
    return folder


@pytest.fixture
def runs(folder: Path, tmp_path: Path) -> Path:
    """Copies that a test may spoil."""
    return Path(shutil.copytree(folder, tmp_path / "runs"))


def both(folder: Path) -> Compared:
    return compared(folder / "once", folder / "thrice")


def change(out: Path, **fields: Any) -> None:
    """Gives every line these fields."""
    write_lines(out, [line | fields for line in read_lines(out)])


# ---------------------------------------------------------------- figures


def test_differences_are_those_of_the_paired_bootstrap(folder: Path) -> None:
    found = {gain.name: gain for gain in both(folder).gains}
    one, other = read_outcomes(folder / "once"), read_outcomes(folder / "thrice")
    assert found["end-to-end success"].difference == paired(one, other, lambda each: float(each.success))
    assert found["drawings a story"].difference == paired(one, other, lambda each: float(each.drawn))
    assert found["pictures as asked, of a story"].difference == paired(one, other, lambda each: each.right / each.steps)
    success = found["end-to-end success"]
    assert (success.before, success.after, success.difference.value) == (3 / 8, 6 / 8, 3 / 8)


def test_a_group_has_the_differences_of_its_own_requests(folder: Path) -> None:
    found = both(folder)
    group_of = {line["id"]: line["group"] for line in read_lines(folder / "once")}
    assert set(found.groups) == {"story", "edit"}
    for group, own in found.groups.items():
        one, other = (
            [each for each in read_outcomes(folder / name) if group_of[each.id] == group] for name in ("once", "thrice")
        )
        assert own[0].difference == paired(one, other, lambda each: float(each.success))


def test_every_figure_that_both_have_is_compared_and_no_other() -> None:
    one = Result("a", "all", None, 0.5, {"marks": {"semantics": 4.0, "quality": None}, "drawn": 3})
    other = Result("a", "all", None, 1.0, {"marks": {"semantics": 6.0, "quality": 8.0}, "judged": 2})
    found = {gain.name: (gain.before, gain.after, gain.unit) for gain in gains([(one, other)], "main number")}
    assert found == {"main number": (0.5, 1.0, "share"), "semantics": (4.0, 6.0, "mark")}


def test_a_request_without_a_number_takes_no_part_in_that_figure() -> None:
    def result(name: str, main: float | None) -> Result:
        return Result(name, "all", None, main, {"drawn": 1})

    pairs = [(result("a", 1.0), result("a", None)), (result("b", 0.0), result("b", 1.0))]
    found = {gain.name: gain.difference for gain in gains(pairs, "main")}
    assert (found["main"].value, found["main"].n) == (1.0, 1)
    assert found["drawings a story"].n == 2


def test_values_are_shares_of_their_wholes_and_sums_of_their_parts() -> None:
    fields = {"success": True, "planned": True, "steps": 4, "right": 3, "bad": 0, "refused": 0, "drawn": 5}
    more = {"seconds": {"painter": 1.5, "critic": 0.5}, "story": "abc", "group": "edit", "id": "x", "why": ""}
    found = values_of(Result("x", "edit", "abc", 1.0, fields | more), "success")
    assert found == {
        "success": 1.0,
        "a plan": 1.0,
        "pictures as asked, of a story": 0.75,
        "drawings a story": 5.0,
        "seconds a story": 2.0,
    }


# ---------------------------------------------------------------- sides


def test_won_and_lost_are_what_changed(folder: Path) -> None:
    found = both(folder)
    assert found.of("won") == ["item-2", "item-3", "item-4"]
    assert found.of("both") == ["item-0", "item-1", "item-7"]
    assert found.of("neither") == ["item-5", "item-6"]
    assert compared(folder / "thrice", folder / "once").of("lost") == found.of("won")


MAIN = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))


@given(MAIN, MAIN)
def test_sides_turn_round_with_the_runs(one: float | None, other: float | None) -> None:
    first, second = (Result("a", "all", None, main, {}) for main in (one, other))
    turned = {"won": "lost", "lost": "won"}
    side = side_of(first, second)
    assert side in SIDES
    assert side_of(second, first) == turned.get(side, side)
    assert (side == "unscored") == (one is None or other is None)


def test_a_run_against_itself_has_changed_nothing(folder: Path) -> None:
    found = compared(folder / "thrice", folder / "thrice")
    assert {(gain.difference.value, gain.difference.low, gain.difference.high) for gain in found.gains} == {(0.0, 0.0, 0.0)}
    assert not found.of("won") + found.of("lost")


# ---------------------------------------------------------------- runs that do not go together


def test_only_requests_of_both_runs_count(runs: Path) -> None:
    write_lines(runs / "once", read_lines(runs / "once")[:3])
    found = both(runs)
    assert set(found.sides) == {"item-0", "item-1", "item-2"}
    assert found.gains[0].difference.n == 3


def test_runs_of_two_benchmarks_are_not_compared(runs: Path) -> None:
    tell(runs / "other", Other(needs=(0,)))
    with pytest.raises(RunError, match="once is a run of pocket and other one of other"):
        compare(runs / "once", runs / "other")


def test_runs_without_a_shared_request_are_not_compared(runs: Path) -> None:
    lines = read_lines(runs / "once")
    write_lines(runs / "once", [line | {"id": f"else-{line['id']}"} for line in lines])
    with pytest.raises(RunError, match="have no request in common"):
        both(runs)


def test_requests_of_one_id_that_ask_for_something_else_are_left_out(runs: Path) -> None:
    tell(runs / "changed", Small(first="A dog"))
    found = compare(runs / "once", runs / "changed")
    assert found.strange == ("item-0",)
    assert set(found.sides) == {f"item-{number}" for number in range(1, 8)}


def test_a_story_that_somebody_renamed_still_asks_for_the_same(runs: Path) -> None:
    from core.commands import Rename

    with Store(runs / "once" / "stories") as store:
        store.open_story(read_lines(runs / "once")[0]["story"]).send(Rename(title="Mine"))
    assert both(runs).strange == ()


# ---------------------------------------------------------------- the page


def test_the_page_is_inert_and_shows_what_changed_side_by_side(folder: Path, tmp_path: Path) -> None:
    write_comparison(both(folder), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    check_inert(page)
    classes = [(attributes.get("class") or "").split() for _, attributes in tags(page)]
    assert sum("is-won" in each for each in classes) == 3
    assert sum("story" in each for each in classes) == 2 * 3


def test_a_page_without_changes_says_so(folder: Path, tmp_path: Path) -> None:
    write_comparison(compared(folder / "once", folder / "once"), tmp_path / "page.html")
    assert "No request changed." in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_as_many_changed_stories_are_shown_as_were_asked_for(folder: Path) -> None:
    won = both(folder)
    assert changed(won, 2) == changed(won, 12)[:2]
    assert set(changed(won, 12)) == set(won.of("won"))
    assert changed(won, 0) == []


def test_the_page_stands_in_the_second_runs_folder_named_by_the_first(tmp_path: Path) -> None:
    assert page_beside(tmp_path / "a" / ".." / "one", tmp_path / "other") == tmp_path / "other" / "compared-with-one.html"


def test_the_command_prints_tables_for_people_and_one_object_for_machines(runs: Path) -> None:
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(runs / "once"), str(runs / "thrice")])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["won"] == ["item-2", "item-3", "item-4"]
    assert said["figures"]["end-to-end success"]["value"] == 3 / 8
    assert Path(said["page"]).is_file()
    assert "end-to-end success" in done.stderr


def test_the_command_says_in_a_sentence_why_runs_cannot_be_compared(runs: Path) -> None:
    change(runs / "once", id="one")
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(runs / "once"), str(runs / "thrice")])
    assert done.exit_code == 1
    assert "have no request in common" in done.stderr
