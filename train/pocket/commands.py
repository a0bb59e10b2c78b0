"""``python -m train pocket …``: makes the pocket models again from nothing, measures them, and packs them for the studio."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from core.errors import StoreError

if TYPE_CHECKING:
    from core.backends.vlm import Vlm
    from train.pocket.evaluate import Figure
    from train.pocket.recipe import Role as RoleName

app = typer.Typer(no_args_is_help=True, help="Train, measure and pack the pocket models. Every command goes on where it was cut.")

Runs = Annotated[Path, typer.Option(help="The working folder: tokenizers, checkpoints, bundles.")]
Assets = Annotated[Path, typer.Option(help="Where the studio loads the bundles from.")]
RUNS = Path("runs/pocket")
ASSETS = Path("assets/pocket")


class Role(StrEnum):
    painter = "painter"
    critic = "critic"
    planner = "planner"


class Adopted(StrEnum):
    painter = "painter"
    planner = "planner"


class Learner(StrEnum):
    planner = "planner"
    critic = "critic"


@app.command()
def tokenizer(runs: Runs = RUNS) -> None:
    """Learn the two vocabularies from examples."""
    from train.pocket.stages import learn_tokenizers

    learn_tokenizers(runs)


@app.command()
def base(runs: Runs = RUNS) -> None:
    """Teach the shared base to see, and its first words."""
    from train.pocket.stages import train_base

    _interruptible(lambda: train_base(runs))


@app.command()
def adopt(
    role: Annotated[Adopted, typer.Argument(help="Whose packed bundle.")] = Adopted.painter,
    runs: Runs = RUNS,
    assets: Assets = ASSETS,
) -> None:
    """Start from the packed painter or planner, so that what comes after can be trained without the hours before."""
    from train.pocket.stages import adopt as take

    take(role.value, assets / role.value, runs)


@app.command(epilog="Example: python -m train pocket adopt planner && python -m train pocket families")
def families(runs: Runs = RUNS) -> None:
    """Teach the planner, which tells stories, to plan for all families of requests."""
    from train.pocket.stages import train_families

    _interruptible(lambda: train_families(runs))


@app.command()
def painter(runs: Runs = RUNS) -> None:
    """Train the painter: prompt and picture to scene program."""
    _role(Role.painter, runs)


@app.command()
def critic(runs: Runs = RUNS) -> None:
    """Train the critic: two pictures and two prompts to a verdict and a better prompt."""
    _role(Role.critic, runs)


@app.command()
def planner(runs: Runs = RUNS) -> None:
    """Train the planner: request to plan."""
    _role(Role.planner, runs)


@app.command()
def pack(
    roles: Annotated[list[Role] | None, typer.Argument(help="All, if none.")] = None, runs: Runs = RUNS, assets: Assets = ASSETS
) -> None:
    """Put the last bundles where the studio finds them."""
    from train.pocket.stages import pack as put
    from train.pocket.stages import write_bundle

    for role in roles or list(Role):
        write_bundle(role.value, runs)
        typer.echo(f"{role}: {put(role.value, runs, assets)}")


@app.command(epilog="Example: python -m train pocket untrained critic --out runs/untrained-critic")
def untrained(
    role: Annotated[Learner, typer.Argument(show_default=False, help="Whose shape and vocabulary it has.")],
    out: Annotated[Path, typer.Option(file_okay=False, show_default=False, help="The folder of the model.")],
    blank: Annotated[bool, typer.Option("--blank", help="Random weights: it cannot even see.")] = False,
    assets: Assets = ASSETS,
) -> None:
    """Write a model that has not learned its role, for "sft" to start from: it knows the world as the painter does."""
    from train.pocket.stages import write_untrained

    write_untrained(role.value, assets, out, blank)
    typer.echo(str(out))


@app.command(epilog="Example: python -m train pocket annotate --data runs/stories --count 200")
def annotate(
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, show_default=False, help="A data folder of pocket stories.")
    ],
    count: Annotated[int, typer.Option(min=1, help="At most so many attempts.")] = 200,
    order: Annotated[Literal["uncertain", "disagreement", "newest", "random", "story"], typer.Option(help="As on the page.")] = (
        "uncertain"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of the random order.")] = 0,
) -> None:
    """Answer attempts as an annotator who knows the exact truth: to measure what corrections are worth.

    The last line on stdout is one JSON object: answered, accepted, overturned.
    """
    from datetime import UTC, datetime

    from core.store import Query, Store
    from train.pocket.annotator import annotate as answers
    from train.terminal import plainly

    with plainly(), Store(data) as store:
        if store.read_only:
            raise StoreError(store.read_only)
        given = list(answers(store, count, Query(order=order, seed=seed), lambda: datetime.now(UTC)))
    counts = {"answered": len(given), "accepted": sum(each.accepted for each in given)}
    typer.echo(json.dumps(counts | {"overturned": sum(each.overturned for each in given)}))


@app.command(name="all")
def everything(runs: Runs = RUNS, assets: Assets = ASSETS) -> None:
    """Tokenizers, base, all roles, and pack."""
    for role in Role:
        _role(role, runs)
    pack(list(Role), runs, assets)


@app.command()
def measure(
    assets: Assets = ASSETS,
    count: Annotated[int, typer.Option(min=10, help="Held-out cases for each figure.")] = 500,
    out: Annotated[Path | None, typer.Option(help="Also write the figures here, as JSON.")] = None,
) -> None:
    """Measure the bundles on held-out cases, with 95 % intervals; seconds are those of one core."""
    import torch
    from rich.console import Console

    from core.backends.vlm import load_vlm
    from train.pocket import evaluate as figures
    from train.pocket.items import FAMILIES
    from train.pocket.planning import by_family

    torch.set_num_threads(1)
    tables: dict[str, Mapping[str, Figure]] = {}
    with Console(stderr=True).status("Loading the models") as status:
        agents: dict[RoleName, Vlm] = {role.value: load_vlm(str(assets / role)) for role in Role if (assets / role).is_dir()}
        if (paints := agents.get("painter")) is not None:
            status.update("Measuring the painter")
            tables["painter"] = figures.painter_adherence(paints, count)
            tables["painter, describing"] = figures.describing(figures.at_temperature(paints, 0.0), count)
        if (judges := agents.get("critic")) is not None:
            status.update("Measuring the critic")
            tables["critic"] = figures.critic_accuracy(judges, count)
        if paints is not None and judges is not None:
            status.update("Measuring what a refined prompt mends")
            tables["refinement"] = figures.usefulness(paints, judges, 2 * count)
        if (plans := agents.get("planner")) is not None:
            status.update("Measuring the planner")
            tables["planner"] = figures.planner_validity(plans, count)
            for family, table in by_family(plans, count // len(FAMILIES)).items():
                tables[f"planner: {family} requests"] = table
        status.update("Measuring the time of a reply")
        seconds = {role: round(figures.seconds(vlm, role), 3) for role, vlm in agents.items()}
    _show(tables, seconds)
    if out is not None:
        found: dict[str, Any] = {name: {row: figure.json() for row, figure in table.items()} for name, table in tables.items()}
        out.write_text(json.dumps(found | {"seconds a reply": seconds}, indent=2) + "\n", encoding="utf-8")


def _show(tables: dict[str, Mapping[str, Figure]], seconds: dict[RoleName, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for name, figures in tables.items():
        table = Table(title=name, title_justify="left")
        for column in ("", "share", "95 %", "n"):
            table.add_column(column, justify="left" if not column else "right")
        for row, figure in figures.items():
            low, high = figure.interval
            table.add_row(row, f"{figure.value:.1%}", f"{low:.1%} to {high:.1%}", str(figure.of))
        console.print(table)
    for role, taken in seconds.items():
        console.print(f"{role}: {taken:.2f} s a reply")


def _role(role: Role, runs: Path) -> None:
    from train.pocket.stages import train_role

    _interruptible(lambda: train_role(role.value, runs))


def _interruptible(work: Any) -> None:
    try:
        work()
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
