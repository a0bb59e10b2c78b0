"""``python -m train …``: the door to everything that needs no browser. Parses, prints, and leaves the work to its module.

Each command imports what it needs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train import exchanging, preparing, prompting, story, training
from train.pocket import commands as pocket
from train.terminal import INTERRUPTED, Data, interruptible, owned, plainly

if TYPE_CHECKING:
    from train.collect import Collection, Complain
    from train.doctor import Report

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="Collect stories, examine them, and train and measure the models that tell them.",
)
evaluate = typer.Typer(no_args_is_help=True, help="Measure models, with 95 % intervals.")
evaluate.command("pocket", epilog="Example: python -m train evaluate pocket --count 200 --out figures.json")(pocket.measure)
app.add_typer(evaluate, name="evaluate")
app.add_typer(pocket.app, name="pocket")
app.add_typer(story.app, name="story")
app.add_typer(prompting.app, name="prompts")
app.command(epilog="Example: python -m train score --data data/run1 --judge pocket-exact")(preparing.score)
app.command(epilog="Example: python -m train curate --data data/run1 --data data/run2 --out curated")(preparing.curate)
app.command(epilog="Example: python -m train export --format trl --data curated --out exported")(exchanging.export)
app.command("import", epilog="Example: python -m train import --format easyr1 critic_rl.jsonl --out curated")(exchanging.bring_in)
app.command(
    epilog="Example: python -m train sft --role critic --model pocket --data data/curated --out runs/critic --preset pocket"
)(training.sft)
app.command(epilog="Example: python -m train grpo --model runs/critic --data data/curated --out runs/critic-rl --preset pocket")(
    training.grpo
)
app.command(epilog="Example: python -m train merge runs/critic-lora --out runs/critic-merged")(training.merge)
app.command(epilog="Example: python -m train plot runs/critic runs/critic-rl --out curves.svg")(training.plot)

PromptFile = Annotated[Path, typer.Option(exists=True, dir_okay=False, show_default=False, help="The prompts, one a line.")]


@app.command(epilog="Example: python -m train collect --prompts prompts.jsonl --data data/run1 --limit 100")
def collect(
    prompts: PromptFile,
    data: Data,
    profile: Annotated[str, typer.Option(help="Profile of the models, or the path of one.")] = "pocket",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many prompts.", show_default="all")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=20, help="Most drawings a step.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Each prompt's own seed follows from this one.")] = 0,
    in_flight: Annotated[int, typer.Option(min=1, help="Stories told at once.")] = 8,
    shard: Annotated[str, typer.Option(help="Only this part of the prompts, such as 2/8: for several machines.")] = "1/1",
) -> None:
    """Tell a story for every prompt of a file.

    A line is {"id": "1", "user_input": "A cat finds a balloon"}; "user_input_image" may name a picture beside the file to go
    on from. Lines that can't be used are named on stderr and left out.

    Stopped or killed, it goes on where it was: run the same command again. A prompt is told once for each profile, seed and
    number of attempts; a story that got stuck gets another chance.

    Shards share no prompt, and together they have all. Each is told into a data folder of its own, by the same story ids as
    in one run; "curate" takes all the folders together.

    The last line on stdout is one JSON object. What the data folder holds for these prompts now: stories, finished, failed
    (stuck), steps, attempts, and accepted (steps whose picture the critic accepted). What this run did: generator_calls,
    critic_calls, seconds.
    """
    from core.profiles import build_agents, load_profile
    from core.types import Policy
    from train.collect import Collection, Shard, Terms, read_prompts

    try:
        part = Shard.parse(shard)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--shard") from error
    with plainly():
        models = load_profile(profile)
        terms = Terms(models.name, Policy(max_attempts=max_attempts), seed)
        complain = _complaining_of(prompts)
        wanted = part.part(read_prompts(prompts, complain)[:limit])
        with owned(data) as store:
            status = tell_all(Collection(store, build_agents(models), wanted, terms, in_flight), complain)
    raise typer.Exit(status)


@app.command(epilog="Example: python -m train doctor --data data/run1")
def doctor(data: Data) -> None:
    """Examine a data folder: every row has its picture, every picture its content, every story its facts.

    Changes nothing, and may run while the studio does. The exit status is 1 if something is wrong.
    """
    from rich.console import Console
    from rich.progress import track

    from train.doctor import examine

    with plainly():
        console = Console(stderr=True)
        report = examine(data, lambda ids: track(list(ids), "Examining", console=console, transient=True))
    raise typer.Exit(_show(report))


def tell_all(collection: Collection, complain: Complain) -> int:
    """Collects under a progress bar, prints the JSON line, and returns the exit status."""
    started = time.monotonic()
    stopped = _tell(collection, complain)
    if stopped:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
    calls, seconds = collection.calls, round(time.monotonic() - started, 3)
    made = {"generator_calls": calls.generator, "critic_calls": calls.critic, "seconds": seconds}
    typer.echo(json.dumps(asdict(collection.totals()) | made))
    return INTERRUPTED if stopped else 0


def _tell(collection: Collection, complain: Complain) -> bool:
    """Whether the telling was interrupted."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from core.store import StoryCard

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), TimeRemainingColumn())
    calls = collection.calls
    with interruptible() as stop, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(collection.prompts))

        def left_out(line: int, why: str) -> None:
            complain(line, why)
            progress.advance(bar)

        with closing(collection.tell(left_out)) as seen:
            for what in seen:
                if isinstance(what, StoryCard):
                    progress.advance(bar)
                progress.update(bar, description=f"{calls.generator} drawings, {calls.critic} verdicts")
                if stop.is_set():
                    return True
    return False


def _show(report: Report) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if report.faults:
        table = Table("Where", "What is wrong")
        for fault in report.faults:
            table.add_row(Text(fault.where), Text(fault.what))  # Text: what is quoted here is no markup
        console.print(table)
    faults = len(report.faults)
    verdict = f"{faults} {'fault' if faults == 1 else 'faults'}" if faults else "Healthy"
    console.print(f"{verdict}: {report.stories} stories, {report.facts} facts, {report.pictures} pictures.", highlight=False)
    if report.unnamed:
        console.print(f"{report.unnamed} of the pictures are in no story, which does no harm.", highlight=False)
    return 1 if report.faults else 0


def _complaining_of(file: Path) -> Complain:
    return lambda line, why: typer.echo(f"{file.name}, line {line}, is left out: {why}", err=True)
