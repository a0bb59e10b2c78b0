"""Lays figures out as dots with whiskers, and P(success) against the truth: values in, places on an axis out. No markup.

Places along a row are in per cent of its width, so that a page draws them at any width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.agreement import Calibration
from train.benchmarks.report_reading import Figure
from train.plotting import ticks

#: A share is said in per cent; work is counted by story or picture; a mark is any other number.
Unit = Literal["share", "mark", "work"]

WORK = re.compile(r"(?:(?<!\bof )\ban? (?:story|picture|step|request)|\b(?:seconds|tokens|calls))$")
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MARGIN = 3.0  # per cent of a row's width that stay free at its ends, so that dots are whole
SQUARE, EDGE = 300, 42  # of the calibration plot, in its own units: its size, and the room of its axes
TITLES: Mapping[Unit, str] = {"share": "Shares", "mark": "Marks", "work": "Work"}


@dataclass(frozen=True)
class Dot:
    """A figure in its row: where its value and the ends of its interval stand, and what is said of them."""

    label: str
    at: float
    low: float
    high: float
    value: str
    interval: str
    n: int
    clear: bool = False  # a difference whose interval leaves out nought
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """Rows over one axis. ``nought`` is where no difference would be."""

    title: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    nought: float | None = None


@dataclass(frozen=True)
class Point:
    """A bin of the calibration plot, in the units of its square."""

    x: float
    y: float
    top: float
    bottom: float
    radius: float
    says: str


def unit_of(name: str, figures: Iterable[Figure]) -> Unit:
    """What a figure of this name counts. What never leaves 0 to 1 is a share, unless its name says that it counts work."""
    if WORK.search(name):
        return "work"
    return "share" if all(0 <= end <= 1 for figure in figures for end in (figure["low"], figure["high"])) else "mark"


def plots_of(figures: Mapping[str, Figure]) -> list[Plot]:
    """A plot for each unit that there are figures of."""
    by_unit: dict[Unit, dict[str, Figure]] = {"share": {}, "mark": {}, "work": {}}
    for name, figure in figures.items():
        by_unit[unit_of(name, [figure])][name] = figure
    return [plot(TITLES[unit], own, unit) for unit, own in by_unit.items() if own]


def plot(title: str, figures: Mapping[str, Figure], unit: Unit) -> Plot:
    """Figures of one unit over each other, on an axis from nought."""
    top = 1.0 if unit == "share" else max([figure["high"] for figure in figures.values()], default=0.0) or 1.0
    dots = tuple(_dot(name, figure, unit, (0.0, top)) for name, figure in figures.items())
    marks = QUARTERS if unit == "share" else ticks(0.0, top)
    return Plot(title, dots, tuple((_place(at, (0.0, top)), _tick(at, unit)) for at in marks))


def differences(title: str, gains: Mapping[str, Figure], unit: Unit, notes: Mapping[str, str]) -> Plot:
    """Differences of one unit over each other, each with a note under its name; nought is in the middle."""
    most = max([abs(gain[end]) for gain in gains.values() for end in ("low", "high")], default=0.0) or 1.0
    dots = tuple(_dot(name, gain, unit, (-most, most), notes[name]) for name, gain in gains.items())
    marks = tuple((_place(at, (-most, most)), _tick(at, unit, signed=True)) for at in ticks(-most, most))
    return Plot(title, dots, marks, _place(0.0, (-most, most)))


def _dot(name: str, figure: Figure, unit: Unit, axis: tuple[float, float], note: str | None = None) -> Dot:
    signed = note is not None
    value, low, high = figure["value"], figure["low"], figure["high"]
    places = (_place(end, axis) for end in (value, low, high))
    interval = f"{said(low, unit, signed)} to {said(high, unit, signed)}"
    return Dot(name, *places, said(value, unit, signed), interval, int(figure["n"]), signed and not low <= 0 <= high, note or "")


def _place(value: float, axis: tuple[float, float]) -> float:
    low, high = axis
    part = min(1.0, max(0.0, (value - low) / (high - low)))
    return round(MARGIN + (100 - 2 * MARGIN) * part, 2)


def said(value: float, unit: Unit, signed: bool = False) -> str:
    """A number as it is read: a share in per cent (a difference of two in points), another with as many digits as it needs."""
    sign = "+" if signed else ""
    if unit == "share":
        return _minus(f"{100 * value:{sign}.1f}" if signed else f"{value:.1%}")
    return _minus(f"{value:{sign}.{2 if abs(value) < 100 else 0}f}")


def _tick(value: float, unit: Unit, signed: bool = False) -> str:
    value = value + 0.0 if abs(value) > 1e-9 else 0.0
    sign = "+" if signed and value else ""
    return _minus(f"{100 * value:{sign}.3g}{'' if signed else '%'}" if unit == "share" else f"{value:{sign}.3g}")


def _minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}", 1)


def points_of(found: Calibration) -> Sequence[Point]:
    """The bins as points of a square whose lower left corner is nought."""
    inner = SQUARE - EDGE - 12
    most = max((each.good.of for each in found.bins), default=1)

    def up(share: float) -> float:
        return round(12 + inner * (1 - share), 1)

    return [
        Point(
            round(EDGE + inner * each.predicted, 1),
            up(each.good.value),
            up(each.good.interval[1]),
            up(each.good.interval[0]),
            round(4 + 5 * (each.good.of / most) ** 0.5, 1),
            f"P(success) {each.predicted:.2f} on average: {each.good.right} of {each.good.of} are good",
        )
        for each in found.bins
    ]
