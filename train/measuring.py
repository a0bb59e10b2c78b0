"""``python -m train evaluate …``: what models are worth. Parses, prints tables, and leaves the work to its module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from train.benchmarks import commands, report_commands
from train.terminal import bars, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(no_args_is_help=True, help="Measure models, with 95 % intervals.")

for command, example in (
    (commands.pocket, commands.POCKET),
    (commands.wise, commands.WISE),
    (commands.rise, commands.RISE),
    (commands.ueval, commands.UEVAL),
    (commands.comm, commands.COMM),
    (report_commands.report, "Example: python -m train evaluate report runs/full"),
    (report_commands.compare, "Example: python -m train evaluate compare runs/reseed runs/full"),
):
    app.command(epilog=example)(command)


@app.command(epilog="Example: python -m train evaluate rewards --model runs/critic --data data/curated --out rewards.json")
def rewards(
    model: Annotated[str, typer.Option(show_default=False, help="A hub id, a folder, or pocket: the critic that is asked.")],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, show_default=False, help="The folder that curate wrote.")],
    painter: Annotated[str, typer.Option(help="Profile whose painter draws a step again.")] = "pocket",
    judge: Annotated[str, typer.Option(help="As in `score`.")] = "pocket-exact",
    split: Annotated[Literal["validation", "train"], typer.Option(help="Which rows: of a folder made to measure on, all.")] = (
        "validation"
    ),
    replies: Annotated[int, typer.Option(min=1, help="Replies to one attempt.")] = 4,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many attempts.", show_default="all")] = None,
    temperature: Annotated[float | None, typer.Option(min=0, help="Of the replies.", show_default="the model's")] = None,
    draws: Annotated[int, typer.Option(min=0, help="Pictures of each refined prompt; 0: only verdicts are measured.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the replies.")] = 0,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Also write them here, with each attempt's, as JSON.")] = None,
) -> None:
    """The rewards of a critic's replies to attempts of critic_rl, by part, as GRPO earns them. Nothing is trained.

    The last line on stdout is one JSON object: by part, the mean over attempts with its 95 % interval, and n.
    """
    from train.models import named_model
    from train.rewarding import held_out, rewards_of
    from train.training import redrawer_of

    with plainly(), bars() as bar:
        rows = held_out(data, split, limit, seed)
        asked = (named_model(model, "critic"), rows, redrawer_of(painter, judge))
        found = rewards_of(*asked, replies, temperature, seed, draws, bar("Attempts"))
    show_figures(f"rewards of {Path(model).name}", found.figures)
    if out is not None:
        out.write_text(json.dumps(found.json()) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found.figures))


@app.command(
    "verdict-first", epilog="Example: python -m train evaluate verdict-first --model pocket --data data/curated --accept 0.95"
)
def verdict_first(
    model: Annotated[str, typer.Option(show_default=False, help="A hub id, a folder, or pocket: the critic that is asked.")],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, show_default=False, help="The folder that curate wrote.")],
    accept: Annotated[float, typer.Option(min=0, max=1, help="P(success) from which on a picture passes at once.")] = 0.9,
    refine: Annotated[float, typer.Option(min=0, max=1, help="P(success) down from which it is refused at once.")] = 0.1,
    split: Annotated[Literal["validation", "train"], typer.Option(help="Which rows: of a folder made to measure on, all.")] = (
        "validation"
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many attempts.", show_default="all")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the replies.")] = 0,
) -> None:
    """How far a critic that says its verdict first agrees with the same critic that thinks first, and what it saves.

    Both judge the same attempts of critic_rl, whose truth is known; a profile has it by "verdict_first" in its critic's section.
    "first" and "full" are the two ways, tokens and seconds are of one attempt, "saved" is a share of what the full critic takes.

    The last line on stdout is one JSON object: by part, the mean with its 95 % interval, and n.
    """
    from core.backends.quick import Sure
    from train.models import named_model
    from train.rewarding import held_out
    from train.verdictfirst import compare

    if refine >= accept:
        raise typer.BadParameter("it must be less than --accept", param_hint="--refine")
    with plainly(), bars() as bar:
        rows = held_out(data, split, limit, seed)
        found = compare(named_model(model, "critic"), rows, Sure(accept=accept, refine=refine), seed, bar("Attempts")).figures
    show_figures(f"{Path(model).name}, verdict first", found)
    typer.echo(json.dumps(found))


def show_figures(title: str, figures: Mapping[str, Mapping[str, float]]) -> None:
    """A table on stderr: stdout is for machines. Shares and small means are shown as they are."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in ("", "mean", "95 %", "n"):
        table.add_column(column, justify="left" if not column else "right")
    for name, figure in figures.items():
        table.add_row(name, f"{figure['value']:.3f}", f"{figure['low']:.3f} to {figure['high']:.3f}", str(figure["n"]))
    Console(stderr=True).print(table)
