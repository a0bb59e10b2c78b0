"""``python -m train evaluate …``: what models are worth. Parses, prints tables, and leaves the work to its module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from train.controls import MOST_CANDIDATES, Control
from train.terminal import INTERRUPTED, interruptible, plainly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from train.benchmarking import BenchmarkRun

app = typer.Typer(no_args_is_help=True, help="Measure models, with 95 % intervals.")

Run = Annotated[Path, typer.Argument(exists=True, file_okay=False, show_default=False, help="The folder of a finished run.")]


@app.command(epilog="Example: python -m train evaluate pocket --profile pocket --control reseed --out runs/reseed")
def pocket(
    out: Annotated[Path, typer.Option(file_okay=False, show_default=False, help="The run's folder.")],
    profile: Annotated[str, typer.Option(help="Profile of the models, or the path of one.")] = "pocket",
    control: Annotated[
        Control,
        typer.Option(
            help="none: the whole method. alone: the painter gets the request. plan: each step once. rewrite: prompts "
            "rewritten unseen. reseed: drawn again with the same prompt. best-of-n: so many, and the critic chooses."
        ),
    ] = "none",
    max_attempts: Annotated[int, typer.Option(min=1, max=20, help="Most drawings a step.")] = 5,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least P(success) that passes.", show_default="the critic's word")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Only the first so many requests.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Each story's own seed follows from this one.")] = 0,
    shard: Annotated[str, typer.Option(help="Only this part of the requests, such as 2/8.")] = "1/1",
    plans_of: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, show_default=False, help="An earlier run, whose plans are told again."),
    ] = None,
    in_flight: Annotated[int, typer.Option(min=1, help="Stories told at once.")] = 32,
) -> None:
    """Tell the stories of fixed requests that no pocket model was trained on, and hold every picture against the exact truth.

    A story succeeds if it has as many pictures as were asked for, each picture is just what its step asks for with nothing
    else changed, and all that the request names is seen. The folder's stories can be opened in the studio.

    Stopped or killed, it goes on where it was: run the same command again. The last line on stdout is the report as JSON.
    """
    from core.profiles import load_profile
    from train.benchmarking import BenchmarkRun
    from train.collect import Shard

    try:
        part = Shard.parse(shard)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--shard") from error
    if control == "best-of-n" and max_attempts > MOST_CANDIDATES:
        raise typer.BadParameter(f"at most {MOST_CANDIDATES} are drawn at a time", param_hint="--max-attempts")
    run = BenchmarkRun(profile, out, control, max_attempts, threshold, limit, seed, part, plans_of, in_flight)
    with plainly():
        report = _told(run, load_profile(profile))
    if report is None:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED)
    show_figures(f"{run.profile}, {run.control}", report["figures"])
    typer.echo(json.dumps(report))


def _told(run: BenchmarkRun, profile: Any) -> dict[str, Any] | None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from train.benchmarking import benchmark

    columns = (TextColumn("Stories"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with interruptible() as stop, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=None)

        def watch(done: int, of: int) -> bool:
            progress.update(bar, completed=done, total=of)
            return not stop.is_set()

        def complain(number: int, why: str) -> None:
            typer.echo(f"Request {number} is left out: {why}", err=True)

        return benchmark(run, profile, complain, watch)


@app.command(epilog="Example: python -m train evaluate compare runs/reseed runs/full")
def compare(one: Run, other: Run) -> None:
    """How much better the second run is than the first, on the requests that both told, with paired intervals."""
    from train.benchmarking import paired, read_outcomes

    with plainly():
        before, after = read_outcomes(one), read_outcomes(other)
    values = {
        "end-to-end success": lambda each: float(each.success),
        "pictures as asked, of a story": lambda each: each.right / each.steps if each.steps else 0.0,
        "drawings a story": lambda each: float(each.drawn),
    }
    found = {name: paired(before, after, value).json() for name, value in values.items()}
    show_figures(f"{other.name} against {one.name}", found)
    won = sorted(each.id for each in after if each.success and each.id in {b.id for b in before if not b.success})
    lost = sorted(each.id for each in after if not each.success and each.id in {b.id for b in before if b.success})
    typer.echo(json.dumps({"figures": found, "won": won, "lost": lost}))


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

    with plainly():
        rows = held_out(data, split, limit, seed)
        asked = (named_model(model, "critic"), rows, redrawer_of(painter, judge))
        found = rewards_of(*asked, replies, temperature, seed, draws)
    show_figures(f"rewards of {Path(model).name}", found.figures)
    if out is not None:
        out.write_text(json.dumps(found.json()) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found.figures))


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
