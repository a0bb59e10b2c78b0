"""``python -m train evaluate pocket|wise|rise|ueval|comm``: runs of benchmarks. Parses, prints, and leaves the work."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from train.benchmarks.options import Choices, Data, First, Images, Judge, Limit, telling
from train.terminal import INTERRUPTED, interruptible, plainly

if TYPE_CHECKING:
    from train.benchmarks.runner import Benchmark, BenchmarkRun

POCKET = "Example: python -m train evaluate pocket --profile pocket --control reseed --out runs/reseed"
WISE = "Example: python -m train evaluate wise --data wise/data_verified/merge.json --profile klein-4b --out runs/wise"
RISE = (
    "Example: python -m train evaluate rise --data rise/datav2_total_w_subtask.json --profile klein-4b "
    "--judge openai:http://localhost:8000/v1#judge --out runs/rise"
)
UEVAL = "Example: python -m train evaluate ueval --data zlab-princeton/UEval --profile klein-4b --limit 80 --out runs/ueval"
COMM = "Example: python -m train evaluate comm --task 3 --data comm/test.jsonl --images comm/images --out runs/comm3"


class Kind(StrEnum):
    story = "story"
    how_to = "how-to"
    knowledge = "knowledge"
    edit = "edit"


@telling
def pocket(
    choices: Choices,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Only so many requests, of each family in turn.")] = 200,
    family: Annotated[list[Kind] | None, typer.Option(help="Only requests of this family.", show_default="all")] = None,
) -> None:
    """Tell the stories of fixed requests that no pocket model was trained on, and hold every picture against the exact truth.

    A story succeeds if it has as many pictures as were asked for, each picture is just what its step asks for with nothing
    else changed, and all that the request names is seen. The folder's stories can be opened in the studio.

    Stopped or killed, it goes on where it was: run the same command again. The last line on stdout is the report as JSON.
    """
    from train.benchmarks.pocket import Pocket
    from train.pocket.benchmark import FAMILIES

    families = tuple(each for each in FAMILIES if not family or each in family)
    _carry_out(choices, limit, Pocket(families))


@telling
def wise(
    choices: Choices,
    data: Data,
    release: Annotated[Literal["verified", "original"], typer.Option(help="Whose rows, categories and marks.")] = "verified",
    limit: Limit = None,
    judge: Judge = "none",
) -> None:
    """WISE: a picture of what the prompt names only by what is known of it. The last picture of each story is its answer.

    The pictures are in official/PROMPT_ID.png of the run's folder, for the benchmark's own scripts. A judge gives its marks to
    marks.jsonl; what it could not mark is asked again by the next run. The last line on stdout is the report as JSON.
    """
    from train.benchmarks.field import Judged
    from train.benchmarks.rows import read
    from train.benchmarks.wise import Wise

    with plainly():
        rules = Wise.of(read(data), release)
    _carry_out(choices, limit, Judged(rules, judge))


@telling
def rise(choices: Choices, data: Data, images: Images = None, limit: Limit = None, judge: Judge = "none") -> None:
    """RISE: edits that must be reasoned out. A story's first step edits the request's picture; its last picture is the answer.

    The pictures are in official/images/CATEGORY/INDEX.png of the run's folder, for the benchmark's own script. An answer
    is right only if all its marks are full. The last line on stdout is the report as JSON.
    """
    from train.benchmarks.field import Judged
    from train.benchmarks.rise import Rise
    from train.benchmarks.rows import read

    with plainly():
        rules = Rise.of(read(data, images))
    _carry_out(choices, limit, Judged(rules, judge))


@telling
def ueval(choices: Choices, data: Data, limit: Limit = None, judge: Judge = "none") -> None:
    """UEval: questions that want words and pictures. All of a story is the answer, its steps numbered.

    The answers are in official/answers.json of the run's folder, for the benchmark's own script. Both ways of making one
    number are reported. The last line on stdout is the report as JSON.
    """
    from train.benchmarks.field import Judged
    from train.benchmarks.rows import read
    from train.benchmarks.ueval import Ueval

    with plainly():
        rules = Ueval.of(read(data))
    _carry_out(choices, limit, Judged(rules, judge))


@telling
def comm(
    choices: Choices,
    data: Data,
    task: Annotated[int, typer.Option(min=3, max=4, help="3: continue a document. 4: make one from its title.")],
    images: Images = None,
    limit: First = None,
    judge: Judge = "none",
) -> None:
    """CoMM: picture-text documents, continued from their first half or made from a title. Six scores.

    The documents are in official/DATA_ID_taskN/ of the run's folder, for the benchmark's own scripts. The last line on
    stdout is the report as JSON.
    """
    from train.benchmarks.comm import Comm
    from train.benchmarks.field import Judged
    from train.benchmarks.rows import read

    with plainly():
        rules = Comm.of(read(data, images), 3 if task == 3 else 4)
    if rules.left_out:
        typer.echo(f"{rules.left_out} documents have too few or too many pictures for this task, and are left out.", err=True)
    _carry_out(choices, limit, Judged(rules, judge))


def _carry_out(choices: Choices, limit: int | None, benchmark: Benchmark) -> None:
    """Runs the benchmark under a progress bar and prints its report; or, dry, only what it would ask."""
    from core.profiles import load_profile
    from train.benchmarks.report import write_page
    from train.benchmarks.runner import forecast
    from train.measuring import show_figures

    run = choices.run(limit)
    with plainly():
        profile = load_profile(choices.profile)
        if choices.dry_run:
            typer.echo(json.dumps(forecast(run, benchmark)))
            return
        report = _measured(run, benchmark, profile)
    if report is None:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED)
    show_figures(f"{benchmark.name}: {run.profile}, {run.control}", report["figures"])
    with plainly():
        typer.secho(f"To look at: {write_page(run.out)}", err=True)
    typer.echo(json.dumps(report))


def _measured(run: BenchmarkRun, benchmark: Benchmark, profile: Any) -> dict[str, Any] | None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from train.benchmarks.runner import measure

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with interruptible() as stop, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=None)

        def watch(what: str, done: int, of: int) -> bool:
            progress.update(bar, description=what, completed=done, total=of)
            return not stop.is_set()

        def complain(number: int, why: str) -> None:
            typer.echo(f"Request {number} is left out: {why}", err=True)

        return measure(run, benchmark, profile, complain, watch)
