"""The page of results says of every figure whether its goal is met, and keeps what was not measured again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import growth
from tests.bench.__main__ import EVERYWHERE, PARTS, main, shown
from tests.bench.figures import Figure, Goal
from tests.bench.results import HEAD, put, table, where

QUICK = Figure("a run", 1.0, "a walk", 2.0, goal=Goal(0.6))
ORDER = ["First", "Second", "Third"]


@pytest.mark.parametrize(
    ("goal", "met", "cell"),
    [
        (None, None, "|  |"),
        (Goal(0.5), True, "| ≤ 0.5 | yes |"),
        (Goal(0.4), False, "| ≤ 0.4 | **no** |"),
        (Goal(0.5, at_least=True), True, "| ≥ 0.5 | yes |"),
        (Goal(3, at_least=True), False, "| ≥ 3 | **no** |"),
    ],
)
def test_a_row_says_whether_its_goal_is_met(goal: Goal | None, met: bool | None, cell: str) -> None:
    figure = Figure("a run", 1.0, "a walk", 2.0, goal=goal)
    assert (figure.ratio, figure.met) == (0.5, met)
    assert cell in table([figure]).splitlines()[-1]
    assert shown("Running", [figure]).row_count == 1


def test_a_section_stays_to_the_letter_until_its_part_is_measured_again(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    put(page, {"Second": "of May"}, ORDER)
    put(page, {"First": f"of June\n\n{table([QUICK])}", "Of old": "of a part that is gone"}, ORDER)
    put(page, {"First": "of July"}, ORDER)
    assert page.read_text() == f"{HEAD}\n## First\n\nof July\n\n## Second\n\nof May\n\n## Of old\n\nof a part that is gone\n"


def test_it_says_where_it_was_measured() -> None:
    said = where()
    assert all(name in said for name in ("cores", "Python 3.", "torch", "revision"))


def test_a_part_that_is_not_there_is_named_before_anything_is_measured() -> None:
    with pytest.raises(SystemExit, match="no part warp; there are engine"):
        main(["engine", "warp"])
    assert tuple(PARTS)[:-1] == EVERYWHERE


def test_each_size_of_growth_stands_against_the_smallest() -> None:
    sizes = {"1 story": {"ratio": 1.0, "memory_mb": 50.0}, "8 stories": {"ratio": 1.5, "memory_mb": 75.0}}
    figures = list(growth.against_the_first("in flight", sizes))
    assert [(figure.ratio, figure.baseline, figure.unit) for figure in figures] == [(1.5, "1 story", ""), (1.5, "1 story", "MB")]


def test_looking_through_a_data_folder_measures_the_library_and_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "LOOKS", 3)
    growth.curation.fill(tmp_path, 20)
    looks = growth.looks(tmp_path)
    assert min(looks.library_ms, looks.queue_ms, looks.memory_mb) > 0
