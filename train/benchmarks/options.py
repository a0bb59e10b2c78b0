"""The options that every run of a benchmark has, once: commands that are :func:`telling` get them as one value.

Imports nothing heavy, so that ``--help`` answers at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from train.controls import MOST_CANDIDATES, Control

if TYPE_CHECKING:
    from train.benchmarks.runner import BenchmarkRun

Data = Annotated[
    list[str],
    typer.Option(show_default=False, help="JSON, JSONL or parquet, each with its own --data; or a data set's id on the hub."),
]
Images = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="The folder of its pictures.", show_default="the data file's folder"),
]
Judge = Annotated[str, typer.Option(help="Profile whose critic's model judges, openai:URL#model, or none: pictures alone.")]
Limit = Annotated[int | None, typer.Option(min=1, show_default="all", help="Only so many requests, of each category in turn.")]
First = Annotated[int | None, typer.Option(min=1, show_default="all", help="Only the first so many requests.")]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person chose. Its fields are the options, in this order."""

    out: Annotated[Path, typer.Option(file_okay=False, show_default=False, help="The run's folder.")]
    profile: Annotated[str, typer.Option(help="Profile of the models, or the path of one.")] = "pocket"
    control: Annotated[
        Control,
        typer.Option(
            help="none: the whole method. alone: the painter gets the request. plan: each step once. rewrite: prompts "
            "rewritten unseen. reseed: drawn again with the same prompt. best-of-n: so many, and the critic chooses."
        ),
    ] = "none"
    max_attempts: Annotated[int, typer.Option(min=1, max=20, help="Most drawings a step.")] = 5
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least P(success) that passes.", show_default="the critic's word")
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Each story's own seed follows from this one.")] = 0
    shard: Annotated[str, typer.Option(help="Only this part of the requests, such as 2/8.")] = "1/1"
    plans_of: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, show_default=False, help="An earlier run, whose plans are told again."),
    ] = None
    in_flight: Annotated[int, typer.Option(min=1, help="Stories told at once.")] = 32
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much would be asked.")] = False

    def run(self, limit: int | None) -> BenchmarkRun:
        """The run that this is. ``BadParameter`` if it can be none."""
        from train.benchmarks.runner import BenchmarkRun
        from train.collect import Shard

        try:
            shard = Shard.parse(self.shard)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--shard") from error
        if self.control == "best-of-n" and self.max_attempts > MOST_CANDIDATES:
            raise typer.BadParameter(f"at most {MOST_CANDIDATES} are drawn at a time", param_hint="--max-attempts")
        told = (self.profile, self.out, self.control, self.max_attempts, self.threshold, limit, self.seed, shard, self.plans_of)
        return BenchmarkRun(*told, self.in_flight)


def telling(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose first parameter is a :class:`Choices`, as one that has all those options and then its own."""
    first, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = inspect.signature(Choices, eval_str=True).parameters

    def called(**options: Any) -> None:
        chosen = {name: options.pop(name) for name in shared}
        command(Choices(**chosen), **options)

    assert first.annotation is Choices
    needed = [each for each in own if each.default is each.empty]
    ordered = [*needed, *shared.values(), *(each for each in own if each not in needed)]
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in ordered]
    )
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    return called
