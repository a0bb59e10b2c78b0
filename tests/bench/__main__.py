"""``python -m tests.bench``: measures what things cost, shows it, and writes it to ``RESULTS.md`` beside this file.

Names of parts measure only those: engine, pocket, shaped, growth, review, page, training; and gpu, which is left out if no
part is named. Every figure is a ratio to a baseline measured in the same run; seconds of one machine say nothing on another.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure
from tests.bench.results import PAGE, put, table, where


@dataclass(frozen=True)
class Part:
    """A section of the page: the module whose ``figures()`` measure it, loaded only then, and what a reader has to know."""

    module: str
    title: str
    about: str


PARTS = {
    "engine": Part(
        "engine",
        "The engine",
        "Models that sleep; photo-like pictures. At 20 ms a drawing and 5 ms a verdict a story has 25 drawings of 512²; at an "
        "H200's pace (1.35 s and 3.62 s) it has two of 1024². Medians of 5.",
    ),
    "pocket": Part(
        "matched",
        "Against the reference's loop: pocket models",
        "A port of the reference's loop (`reference.py`): plain `generate`, one story at a time, PNG at level 6 before it goes "
        "on. The same models, seeds and calls; loading is left out. Medians of 5.",
    ),
    "shaped": Part(
        "shaped",
        "Against the reference's loop: the pace of an H200",
        "Models that sleep a sixteenth of what is estimated for klein-9B and two 8B agents; pictures of a sixteenth of 1024²; "
        "25 drawings a story. Loop, files and facts are measured; that decoding reaches this pace is assumed. Medians of 5.",
    ),
    "growth": Part("growth", "Growth", "Against the smallest size. Each size in a process of its own. Medians of 5."),
    "review": Part("reviewing", "A reviewer's decision", "95th percentiles, server only."),
    "page": Part("page", "The page", "In a real browser. Medians of 12 and of 60; the library's is a 95th percentile."),
    "training": Part("training", "Training", "Seconds a step against TRL's own trainer with the same rows. Medians of 5."),
    "gpu": Part("gpu", "On a GPU", "Real shapes with random weights: no word on quality."),
}
EVERYWHERE = tuple(part for part in PARTS if part != "gpu")


def main(words: Sequence[str]) -> None:
    """Measures one part after the other; each is on the page as soon as it is measured."""
    if unknown := set(words) - PARTS.keys():
        raise SystemExit(f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    for part in (PARTS[word] for word in words or EVERYWHERE):
        figures: list[Figure] = list(importlib.import_module(f"tests.bench.{part.module}").figures())
        Console().print(shown(part.title, figures))
        section = "\n\n".join((part.about, where(), table(figures)))
        put(PAGE, {part.title: section}, [each.title for each in PARTS.values()])


def shown(title: str, figures: Sequence[Figure]) -> Table:
    """The same for a terminal."""
    rows = Table("what", "measured", "baseline", "measured", "ratio", "goal", title=title)
    for figure in figures:
        style = {True: "green", False: "red", None: ""}[figure.met]
        value, base = (f"{number:,.4g} {figure.unit}" for number in (figure.value, figure.base))
        rows.add_row(figure.what, value, figure.baseline, base, f"{figure.ratio:.3g}", str(figure.goal or ""), style=style)
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
