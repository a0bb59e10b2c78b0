"""``python -m train sft|…``: the commands that train on curated rows. Parses, prints, and leaves the work to its module."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from train.presets import SFT, PresetName
from train.terminal import INTERRUPTED, interruptible, plainly

LORA = 16  # the usual rank, as in the 24gb preset

Model = Annotated[str, typer.Option(show_default=False, help="A hub id, a folder, or pocket: the small model that ships.")]
Rows = Annotated[Path, typer.Option(exists=True, file_okay=False, show_default=False, help="The folder that curate wrote.")]
Out = Annotated[Path, typer.Option(file_okay=False, show_default=False, help="The run's folder, and in the end the model's.")]
Preset = Annotated[PresetName, typer.Option(help="paper: eight GPUs; 24gb: one, by LoRA; pocket: a CPU.")]
Resume = Annotated[bool, typer.Option("--resume/--fresh", help="Go on from the last checkpoint, or begin again.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Gpus = Annotated[
    int | None, typer.Option(min=1, help="Print the command line for so many GPUs, and do nothing.", show_default=False)
]
Lora = Annotated[
    bool | None, typer.Option("--lora/--no-lora", help="Adapters only, or all weights.", show_default="the preset's")
]
Steps = Annotated[int | None, typer.Option(min=1, help="End after so many steps.", show_default="all epochs")]
Epochs = Annotated[float | None, typer.Option(min=0, help="Times that every row is seen.", show_default="the preset's")]
Rate = Annotated[float | None, typer.Option(min=0, help="Learning rate.", show_default="the preset's")]
Seed = Annotated[int, typer.Option(min=0, help="Order of the rows, and all other chance.")]


def sft(
    role: Annotated[Literal["planner", "critic"], typer.Option(show_default=False, help="Who learns.")],
    model: Model,
    data: Rows,
    out: Out,
    preset: Preset = "paper",
    lora: Lora = None,
    epochs: Epochs = None,
    rate: Rate = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Rows a step.", show_default="the preset's")] = None,
    steps: Steps = None,
    train_sight: Annotated[bool, typer.Option("--train-sight", help="Vision tower and projector learn, too.")] = False,
    seed: Seed = 0,
    resume: Resume = True,
    dry_run: Dry = False,
    print_launch: Gpus = None,
) -> None:
    """Teach a planner or a critic the replies of curated rows.

    Stopped or killed, it goes on where it was: run the same command again. The folder holds metrics.jsonl (a line a step),
    run.json, checkpoints, and in the end the model with the least loss on the held-out rows, which a profile can name: a
    plain model, or with LoRA an adapter.

    The last line on stdout is one JSON object: steps, rows, held_out, too_long (rows left out), first_loss, last_loss,
    best_step, best_eval_loss, tokens, seconds, steps_per_second.
    """
    changes = {"epochs": epochs, "rate": rate, "batch": batch, "per_device": batch and min(batch, SFT[preset].per_device)}
    chosen = replace(SFT[preset], **{name: value for name, value in changes.items() if value is not None})
    if lora is not None:
        chosen = replace(chosen, lora=(chosen.lora or LORA) if lora else 0)
    if print_launch is not None:
        from train.launching import launch

        said = {"role": role, "model": model, "data": data, "out": out, "preset": preset, "lora": lora, "epochs": epochs}
        said |= {"rate": rate, "batch": batch, "steps": steps, "train_sight": train_sight, "seed": seed or None}
        typer.echo(launch("sft", said | {"no_lora": lora is False}, print_launch))
        return
    with plainly():
        if dry_run:
            typer.echo(json.dumps(_plan(data, f"{role}_sft", asdict(chosen), steps) | {"role": role, "model": model}, indent=2))
            return
        from train.models import named_model
        from train.sft import SftRun
        from train.sft import sft as learn

        run = SftRun(role, named_model(model, role), data, out, chosen, train_sight, steps, seed)
        with interruptible() as stop:
            result = learn(run, stop, resume)
    _end(result)


def _plan(
    data: Path, stage: Literal["planner_sft", "critic_sft", "critic_rl"], preset: dict[str, object], steps: int | None
) -> dict[str, object]:
    """What a run would do, without a model."""
    from train.curated import open_rows, weighted
    from train.runs import world

    found, held_out = open_rows(data, stage, "train"), open_rows(data, stage, "validation")
    assert found is not None
    rows = len(weighted(found))
    together = int(str(preset.get("batch") or preset["prompts"]))
    usual = max(1, round(-(-rows // together) * float(str(preset["epochs"]))))
    counts = {"rows": rows, "held_out": len(held_out) if held_out is not None else 0, "steps": steps or usual}
    return counts | {"processes": world(), "preset": preset}


def _end(result: dict[str, object] | None) -> None:
    from train.runs import leads

    if result is None:
        typer.secho("Stopped at a checkpoint; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED)
    if leads():
        typer.echo(json.dumps(result))
