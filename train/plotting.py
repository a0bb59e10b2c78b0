"""Draws a run's curves from its folder as one SVG: losses, rewards by part with bands, clipping, KL, entropy, length.

A curve is the running mean of a figure; the band around it is one standard deviation of the replies of a step, where the run
wrote it down, else of the steps nearby.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from train.runs import METRICS, RunError, read_lines

WIDTH, HEIGHT, MARGIN = 460, 260, 44  # pixels of one panel, and of its axes' room
ACROSS = 2  # panels in a row
COLOURS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#475569")
WINDOW = 40  # a running mean takes one in so many of the steps
TICKS = 4


@dataclass(frozen=True)
class Panel:
    """Figures that are drawn over each other, by what they are called and where ``metrics.jsonl`` has them."""

    title: str
    figures: tuple[tuple[str, str], ...]


PANELS = (
    Panel("Loss", (("train", "loss"), ("held out", "eval_loss"))),
    Panel("Tokens that are right", (("train", "mean_token_accuracy"), ("held out", "eval_mean_token_accuracy"))),
    Panel("Reward", (("reward", "reward"),)),
    Panel(
        "Reward by part",
        tuple((part, f"parts/{part}/mean") for part in ("format", "accuracy", "overall", "semantics", "quality")),
    ),
    Panel("Masked", (("not scored", "samples/unscored"), ("degenerate groups", "groups/degenerate"))),
    Panel("Clipped", (("ratio", "clip_ratio/region_mean"),)),
    Panel("KL", (("from the start", "kl"),)),
    Panel("Entropy", (("entropy", "entropy"),)),
    Panel("Length of replies", (("tokens", "completions/mean_length"),)),
    Panel("Gradient's norm", (("norm", "grad_norm"),)),
)
DEVIATIONS = {"reward": "reward_std"} | {
    f"parts/{part}/mean": f"parts/{part}/std" for part in ("format", "accuracy", "overall", "semantics", "quality")
}


@dataclass(frozen=True)
class Curve:
    """One figure over the steps of one run; ``deviations`` are those of its band."""

    label: str
    colour: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    deviations: tuple[float, ...]


@dataclass(frozen=True)
class Drawn:
    """A panel as the template draws it: where it stands, its ticks, its lines and bands as points."""

    title: str
    x: int
    y: int
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    lines: list[dict[str, str]]


def plot(runs: Sequence[Path]) -> str:
    """The curves of these runs over each other, as the text of an SVG. ``RunError`` if there is nothing to draw."""
    import jinja2

    lines = {run: read_lines(run / METRICS) for run in runs}
    if empty := [run.name for run, found in lines.items() if not found]:
        raise RunError(f"{empty[0]} has no metrics.jsonl with steps in it.")
    panels = [(panel.title, curves) for panel in PANELS if (curves := list(_curves(panel, lines)))]
    drawn = [_drawn(number, title, curves) for number, (title, curves) in enumerate(panels)]
    rows = -(-len(drawn) // ACROSS)
    template = (Path(__file__).parent / "plot.svg.jinja").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    sizes = {"panel_width": WIDTH, "tall": HEIGHT, "margin": MARGIN}
    return page.render(panels=drawn, width=WIDTH * ACROSS, height=HEIGHT * rows, **sizes) + "\n"


def _curves(panel: Panel, runs: dict[Path, list[dict[str, Any]]]) -> Iterator[Curve]:
    number = 0
    for run, lines in runs.items():
        for label, name in panel.figures:
            found = [line for line in lines if isinstance(line.get(name), int | float)]
            if found:
                called = f"{run.name}: {label}" if len(runs) > 1 else label
                yield _curve(called, COLOURS[number % len(COLOURS)], name, found)
                number += 1


def _curve(label: str, colour: str, name: str, lines: list[dict[str, Any]]) -> Curve:
    reach = len(lines) // WINDOW  # steps on either side
    values = [float(line[name]) for line in lines]
    near = [values[max(0, at - reach) : at + reach + 1] for at in range(len(values))]
    told = [line.get(DEVIATIONS.get(name, "")) for line in lines]
    deviations = [pstdev(few) if own is None else float(own) for own, few in zip(told, near, strict=True)]
    return Curve(label, colour, tuple(line["step"] for line in lines), tuple(map(fmean, near)), tuple(deviations))


def _drawn(number: int, title: str, curves: list[Curve]) -> Drawn:
    last = max(curve.steps[-1] for curve in curves)
    first = min(curve.steps[0] for curve in curves)
    ends = [
        value + sign * deviation
        for curve in curves
        for value, deviation in zip(curve.values, curve.deviations, strict=True)
        for sign in (-1, 1)
    ]
    low, high = min(ends), max(ends)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def x(step: float) -> float:
        return round(MARGIN + (WIDTH - 1.5 * MARGIN) * (step - first) / max(1, last - first), 1)

    def y(value: float) -> float:
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low), 1)

    def points(steps: Sequence[int], values: Sequence[float]) -> list[str]:
        return [f"{x(step)},{y(value)}" for step, value in zip(steps, values, strict=True)]

    lines = []
    for curve in curves:
        upper = [value + deviation for value, deviation in zip(curve.values, curve.deviations, strict=True)]
        lower = [value - deviation for value, deviation in zip(curve.values, curve.deviations, strict=True)]
        band = points(curve.steps, upper) + points(curve.steps, lower)[::-1]
        line = " ".join(points(curve.steps, curve.values))
        lines.append({"label": curve.label, "colour": curve.colour, "line": line, "band": " ".join(band)})
    across = [(x(step), f"{step:.0f}") for step in ticks(first, last)]
    up = [(y(value), f"{value:.3g}") for value in ticks(low, high)]
    return Drawn(title, WIDTH * (number % ACROSS), HEIGHT * (number // ACROSS), across, up, lines)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between the two."""
    if high <= low:
        return [low]
    rough = (high - low) / TICKS
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    start = math.ceil(low / step)
    return [start * step + number * step for number in range(int((high - start * step) / step + 1e-9) + 1)]
