"""``python -m train reproduce``: the whole method on the pocket models by one command. Parses and prints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from train.terminal import INTERRUPTED, interruptible, plainly


def reproduce(
    out: Annotated[Path, typer.Option(file_okay=False, help="The working folder: data, runs, logs.")] = Path("runs/reproduce"),
    results: Annotated[Path, typer.Option(dir_okay=False, help="The page of results to write.")] = Path(
        "assets/pocket/RESULTS.md"
    ),
    stories: Annotated[int, typer.Option(min=20, help="Requests told for training.")] = 1200,
    requests: Annotated[int, typer.Option(min=10, max=1000, help="Requests to measure on.")] = 120,
    grpo_steps: Annotated[int, typer.Option(min=1, help="Steps of each GRPO run.")] = 120,
    only: Annotated[list[str] | None, typer.Option(help="Only this task and what it needs; may be given several times.")] = None,
    together: Annotated[int | None, typer.Option(min=1, help="Commands at a time.", show_default="the machine's cores")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the commands.")] = False,
    page_only: Annotated[bool, typer.Option("--page-only", help="Only write the page of what is there.")] = False,
) -> None:
    """Reproduce the method in miniature: collect, score, curate, SFT, GRPO, ablations, controls, and a page of results.

    Every stage is a command of this program, which --dry-run prints. Stopped or killed, it goes on where it was: run the same
    command again. It takes hours on two cores.
    """
    from train.reproducing.recipe import Scale, tasks, write_profiles
    from train.reproducing.results import page
    from train.reproducing.tasks import Runner, needed

    scale = Scale(stories=stories, requests=requests, grpo_steps=grpo_steps)
    everything = tuple(tasks(out, scale))
    at_once = together or os.cpu_count() or 1
    with plainly():
        runner = Runner(out, needed(everything, only) if only else everything, at_once)
        if dry_run:
            for task in runner.tasks:
                typer.echo(f"{task.name}: {task.command}")
            return
        write_profiles(out)
        finished = page_only or _run(runner)
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(page(Runner(out, everything, at_once), scale), encoding="utf-8")
    if not finished:
        typer.secho("Stopped; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED)
    typer.echo(str(results))


def _run(runner: object) -> bool:
    """Shows what is done and what runs; whether all was done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from train.reproducing.tasks import Runner

    assert isinstance(runner, Runner)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    states: dict[str, str] = {}
    with interruptible() as stop, Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(runner.tasks))
        for seen in runner.run(stop):
            for name, state in seen.items():
                if state == "done" and states.get(name) == "running":
                    progress.console.print(f"{name} is done", highlight=False)
            states = dict(seen)
            running = ", ".join(name for name, state in states.items() if state == "running")
            done = sum(state == "done" for state in states.values())
            progress.update(bar, completed=done, description=running)
    return all(state == "done" for state in states.values())
