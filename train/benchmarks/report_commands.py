"""``python -m train evaluate report …`` and ``compare …``: a run, and two of them, as tables and as pages to look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.terminal import plainly

if TYPE_CHECKING:
    from train.benchmarks.compared import Compared

Run = Annotated[Path, typer.Argument(exists=True, file_okay=False, show_default=False, help="The folder of a finished run.")]
Examples = Annotated[int, typer.Option(min=0, max=1000, help="Stories that are shown.")]


def report(
    run: Run,
    examples: Examples = 12,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The page's file.", show_default="report.html in the run's folder")
    ] = None,
) -> None:
    """A finished run as a table and as one page: figures with intervals, cost, acceptance, calibration, and stories as strips.

    The page is one file that opens in any browser and needs nothing else. The last line on stdout is where it is.
    """
    from train.benchmarks.report import write_page
    from train.benchmarks.report_reading import read_run
    from train.measuring import show_figures

    with plainly():
        found = read_run(run)
        page = write_page(run, examples, out)
    show_figures(found.name, found.figures)
    for group, figures in found.groups.items():
        show_figures(f"{found.name}, {group}", figures)
    typer.echo(page)


def compare(
    one: Run,
    other: Run,
    examples: Examples = 12,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The page's file.", show_default="in the second run's folder")
    ] = None,
) -> None:
    """How much better the second run is than the first, on the requests that both told, with paired intervals.

    Also writes one page with the stories that were won and lost, side by side. The last line on stdout is one JSON object:
    the differences, the ids on each side, and where the page is.
    """
    from train.benchmarks.compared import compare as compared
    from train.benchmarks.compared_page import page_beside, write_comparison

    with plainly():
        found = compared(one, other)
        page = out or page_beside(one, other)
        write_comparison(found, page, examples)
    _show(found)
    typer.echo(json.dumps(found.json() | {"page": str(page)}))


def _show(found: Compared) -> None:
    """Tables on stderr: stdout is for machines."""
    from rich.console import Console
    from rich.table import Table

    from train.benchmarks.compared import SIDES
    from train.benchmarks.report_plots import said

    console = Console(stderr=True)
    for group, gains in {"": found.gains, **found.groups}.items():
        title = f"{found.other.name} against {found.one.name}{', ' if group else ''}{group}"
        table = Table(title=title, title_justify="left")
        for column in ("", found.one.name, found.other.name, "difference", "95 %", "n"):
            table.add_column(column, justify="right" if column else "left")
        for gain in gains:
            ends = (said(end, gain.unit, signed=True) for end in (gain.difference.low, gain.difference.high))
            means = (
                said(gain.before, gain.unit),
                said(gain.after, gain.unit),
                said(gain.difference.value, gain.unit, signed=True),
            )
            table.add_row(gain.name, *means, " to ".join(ends), str(gain.difference.n))
        console.print(table)
    console.print(", ".join(f"{side}: {len(found.of(side))}" for side in SIDES))
