"""Draws figures as curves: values in, the geometry of an SVG out, which a template writes down. Pure, and escapes nothing.

Colours and dashes are the page's styles, by a series' place, so that curves follow light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.speech import later

Point = tuple[float, float]

WIDTH, HEIGHT = 420, 220  # of the drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 12, 26  # around the curves
MOST_POINTS = 240  # of a curve: more than its pixels can tell apart are averaged
LEAST = 1e-12  # no figure of a training is smaller but nought
TICKS = 4  # marks of an axis, about


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """One series, ready to be drawn: ``line`` and ``band`` are points as SVG writes them; ``end`` is the last."""

    label: str
    line: str
    band: str
    end: Point
    last: str


@dataclass(frozen=True)
class Chart:
    """Several series over one pair of axes."""

    title: str
    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


#: What is drawn, and of which figures; their names are the trainers' own. A third word names the figure of the band's half.
CHARTS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (later("Reward"), (("reward", later("mean of a step"), "reward_std"),)),
    (
        later("Reward by part"),
        (
            ("parts/format/mean", later("format")),
            ("parts/accuracy/mean", later("accuracy")),
            ("parts/overall/mean", later("redrawn picture")),
            ("parts/semantics/mean", later("as asked")),
            ("parts/quality/mean", later("quality")),
        ),
    ),
    (later("Loss"), (("loss", later("training")), ("eval_loss", later("held out")))),
    (
        later("Share of replies and groups"),
        (
            ("samples/redrawn", later("replies that were redrawn")),
            ("samples/unscored", later("replies without a score")),
            ("groups/degenerate", later("groups that teach nothing")),
        ),
    ),
    (
        later("Right tokens"),
        (("mean_token_accuracy", later("training")), ("eval_mean_token_accuracy", later("held out"))),
    ),
    (later("Distance from the first model (KL)"), (("kl", later("mean of a step")),)),
    (later("Entropy"), (("entropy", later("mean of a step")),)),
    (
        later("Length of a reply, in tokens"),
        (("completions/mean_length", later("mean of a step")), ("completions/max_length", later("the longest"))),
    ),
    (
        later("Clipped"),
        (("clip_ratio/region_mean", later("of the updates")), ("completions/clipped_ratio", later("of the replies"))),
    ),
    (later("Size of the gradient"), (("grad_norm", later("mean of a step")),)),
    (later("Learning rate"), (("learning_rate", later("mean of a step")),)),
)


def charts_of(lines: Sequence[Mapping[str, float]]) -> list[Chart]:
    """The charts that there are figures for, the most telling first."""
    charts = []
    for title, wanted in CHARTS:
        series = []
        for name, label, *half in wanted:
            points = [(line["step"], line[name]) for line in lines if name in line]
            halves = [line.get(half[0], 0.0) if half else 0.0 for line in lines if name in line]
            if points:
                series.append((label, points, halves))
        if series:
            charts.append(chart(title, series))
    return charts


def chart(title: str, series: Sequence[tuple[str, Sequence[Point], Sequence[float]]]) -> Chart:
    """The chart of series that are not empty: each has a label, points by rising steps, and half the width of its band."""
    thin = [(label, thinned(points), thinned([(x, half) for (x, _), half in zip(points, halves, strict=True)]))
            for label, points, halves in series]  # fmt: skip
    all_x = [x for _, points, _ in thin for x, _ in points]
    all_y = [y + sign * half for _, points, halves in thin for (_, y), (_, half) in zip(points, halves, strict=True)
             for sign in (-1, 1)]  # fmt: skip
    low_x, high_x = _apart(min(all_x), max(all_x))
    up = ticks(*_apart(min(all_y), max(all_y)))
    low_y, high_y = up[0], up[-1]

    def place(point: Point) -> Point:
        x = Chart.left + (point[0] - low_x) / (high_x - low_x) * (Chart.right - Chart.left)
        y = Chart.bottom - (point[1] - low_y) / (high_y - low_y) * (Chart.bottom - Chart.top)
        return round(x, 1), round(y, 1)

    curves = []
    for label, points, halves in thin:
        placed = [place(point) for point in points]
        edge = [place((x, y + half)) for (x, y), (_, half) in zip(points, halves, strict=True)]
        back = [place((x, y - half)) for (x, y), (_, half) in zip(points, halves, strict=True)]
        band = written([*edge, *reversed(back)]) if any(half for _, half in halves) else ""
        curves.append(Curve(label, written(placed), band, placed[-1], figure(points[-1][1])))
    across = [value for value in ticks(low_x, high_x) if low_x <= value <= high_x and value == int(value)]
    return Chart(
        title=title,
        curves=tuple(curves),
        across=tuple(Tick(place((value, low_y))[0], figure(value)) for value in across),
        up=tuple(Tick(place((low_x, value))[1], figure(value)) for value in up),
    )


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most so many points: neighbours become their mean, and the last stays as it is."""
    if len(points) <= most:
        return list(points)
    size = math.ceil((len(points) - 1) / (most - 1))
    groups = [points[start : start + size] for start in range(0, len(points) - 1, size)]
    means = [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]
    return [*means, points[-1]]


def ticks(low: float, high: float) -> list[float]:
    """Round values at even distances, from at or below ``low`` to at or above ``high``."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def figure(value: float) -> str:
    """A number as short as it can be read: ``0.0123``, ``1200``, ``2e-05``, ``1.2M``."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value + 0:.3g}"  # 0 instead of -0


def written(points: Sequence[Point]) -> str:
    """Points as SVG writes them."""
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _apart(low: float, high: float) -> Point:
    """Two values that are not the same, around these."""
    size = max(abs(low), abs(high))
    if high - low > max(size * 1e-9, LEAST):
        return low, high
    around = size / 2 if size > LEAST else 1.0
    return low - around, high + around
