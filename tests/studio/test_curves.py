"""Laws of the curves: what is drawn is what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from studio.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, charts_of, figure, thinned, ticks
from studio.runs import Run
from studio.storyboard import run_of

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


def one(*values: float) -> list[tuple[float, float]]:
    return list(enumerate(values, 1))


def places(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, _, y in (pair.partition(",") for pair in line.split())]


@given(st.lists(NUMBERS, min_size=1, max_size=600))
def test_every_point_is_inside_the_axes(values: list[float]) -> None:
    drawn = chart("Loss", [("training", one(*values), [0.0] * len(values))])
    for x, y in places(drawn.curves[0].line):
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM


@given(NUMBERS, NUMBERS)
def test_the_marks_of_an_axis_enclose_all_values_at_even_distances(a: float, b: float) -> None:
    low, high = sorted((a, b))
    if high - low <= 1e-6 * max(abs(low), abs(high), 1.0):
        high = low + max(abs(low), 1.0)
    marks = ticks(low, high)
    assert marks[0] <= low + 1e-6 * (high - low)
    assert marks[-1] >= high - 1e-6 * (high - low)
    assert 2 <= len(marks) <= 8


def test_a_larger_value_stands_higher_and_a_later_step_further_right() -> None:
    (first, second, third) = places(chart("Loss", [("training", one(1, 3, 2), [0.0] * 3)]).curves[0].line)
    assert second[1] < third[1] < first[1]
    assert first[0] < second[0] < third[0]


def test_all_series_share_their_axes() -> None:
    drawn = chart("Loss", [("training", one(1, 2), [0.0] * 2), ("held out", [(2.0, 2.0)], [0.0])])
    assert drawn.curves[0].end == drawn.curves[1].end


def test_a_long_curve_keeps_its_last_point_and_few_others() -> None:
    points = one(*(float(step % 7) for step in range(10_000)))
    thin = thinned(points)
    assert len(thin) <= 240
    assert thin[-1] == points[-1]
    assert thinned(points[:240]) == points[:240]


def test_a_band_lies_on_both_sides_of_its_curve() -> None:
    (curve,) = chart("Reward", [("mean", one(1, 2), [0.5, 0.5])]).curves
    upper, _, _, lower = places(curve.band)
    assert upper[1] < places(curve.line)[0][1] < lower[1]


def test_only_what_was_measured_has_a_chart() -> None:
    charts = charts_of([{"step": 1.0, "reward": 0.5}, {"step": 2.0, "reward": 0.6, "kl": 0.1}])
    assert [each.title for each in charts] == ["Reward", "Distance from the first model (KL)"]
    assert charts_of([{"step": 1.0}]) == []


def test_a_constant_and_a_single_point_are_drawn_too() -> None:
    assert chart("KL", [("mean", one(0, 0, 0), [0.0] * 3)]).curves[0].last == "0"
    assert len(places(chart("KL", [("mean", one(5), [0.0])]).curves[0].line)) == 1


def test_figures_are_short() -> None:
    assert [figure(value) for value in (0.01234, 1234.5, 2e-5, 1_230_000, -0.0)] == ["0.0123", "1234", "2e-05", "1.23M", "0"]


def test_the_drawing_is_an_image_that_says_what_it_shows() -> None:
    run = Run("critic", Path(), "sft", "finished")
    markup = run_of(run, charts_of([{"step": 1.0, "loss": 2.0}, {"step": 2.0, "loss": 1.5}]), None, "", None, ())
    svg = ElementTree.fromstring(markup[markup.index('<svg viewBox="0 0 420') :].partition("</svg>")[0] + "</svg>")
    assert svg.get("aria-label") == "Loss: training 1.5"
    assert svg.find(".//polyline") is not None
