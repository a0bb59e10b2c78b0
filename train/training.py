"""``python -m train sft|grpo|merge|plot``: training on curated rows. Parses, prints, and leaves the work to its module."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from train.presets import GRPO, SFT, Dtype, GrpoPreset, Loss, PresetName, Variant
from train.terminal import INTERRUPTED, interruptible, plainly

if TYPE_CHECKING:
    from train.redrawing import Redrawer

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

    Stopped or killed, it goes on where it was: run the same command again. A file named save-now, put into the folder, asks
    for a checkpoint after the step; the run takes it away and goes on. The folder holds metrics.jsonl (a line a step),
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


def grpo(
    model: Model,
    data: Rows,
    out: Out,
    preset: Preset = "paper",
    painter: Annotated[str, typer.Option(help="Profile whose painter draws a step again.")] = "pocket",
    judge: Annotated[str, typer.Option(help="pocket-exact, or a profile whose critic scores; as in `score`.")] = "pocket-exact",
    reward: Annotated[Variant, typer.Option(help="Whose weights of the reward's parts.")] = "paper",
    without: Annotated[
        Literal["accuracy", "step"] | None, typer.Option(help="Leave this part of the reward out.", show_default=False)
    ] = None,
    loss: Annotated[Loss | None, typer.Option(help="How the loss is averaged.", show_default="the preset's")] = None,
    kl: Annotated[float | None, typer.Option(min=0, help="Weight of the KL term.", show_default="the preset's")] = None,
    clip_low: Annotated[float | None, typer.Option(min=0, help="Least ratio is 1 - this.", show_default="the preset's")] = None,
    clip_high: Annotated[
        float | None, typer.Option(min=0, help="Greatest ratio is 1 + this.", show_default="the preset's")
    ] = None,
    group: Annotated[int | None, typer.Option(min=2, help="Replies to one attempt.", show_default="the preset's")] = None,
    prompts: Annotated[
        int | None, typer.Option(min=1, help="Attempts asked about at a time.", show_default="the preset's")
    ] = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Pictures of each refined prompt; their mean counts.", show_default="the preset's")
    ] = None,
    even: Annotated[
        bool | None, typer.Option(help="Successes are asked about as often as failures.", show_default="the preset's")
    ] = None,
    undecided: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            show_default=False,
            help="What `evaluate rewards --split train` wrote of these rows with --out: "
            "only attempts whose replies it found some right and some wrong are learned from.",
        ),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(min=0.05, help="At which replies are written.", show_default="the preset's")
    ] = None,
    lora: Lora = None,
    epochs: Epochs = None,
    rate: Rate = None,
    steps: Steps = None,
    train_sight: Annotated[bool, typer.Option("--train-sight", help="Vision tower and projector learn, too.")] = False,
    vllm: Annotated[Literal["off", "server", "colocate"], typer.Option(help="Who writes the replies.")] = "off",
    vllm_url: Annotated[str, typer.Option(help="Where the vLLM server is.")] = "http://127.0.0.1:8000",
    vllm_memory: Annotated[float, typer.Option(min=0.05, max=0.95, help="Share of a trainer's GPU for vLLM beside it.")] = 0.3,
    seed: Seed = 0,
    resume: Resume = True,
    dry_run: Dry = False,
    print_launch: Gpus = None,
) -> None:
    """Train a critic by rewards: format, accuracy, and how much better its refined prompt draws a failed step again.

    Of each attempt in critic_rl several replies are written, and each is worth more or less than the others of its group.
    What could not be scored is masked. Replies with their rewards and pictures are kept in the folder's rollouts.

    Stopped or killed, it goes on where it was: run the same command again. So it does if the painter or the judge dies, which
    ends it with a message. A file named save-now, put into the folder, asks for a checkpoint after the last step that learns
    from the same replies; the run takes it away and goes on. The last line on stdout is one JSON object: steps, rows,
    first_reward and last_reward (means of the first and the last tenth), unscored and degenerate (shares of replies and of
    groups), seconds.
    """
    chosen = _grpo_preset(
        preset,
        lora,
        {
            "epochs": epochs,
            "rate": rate,
            "loss": loss,
            "kl": kl,
            "clip_low": clip_low,
            "clip_high": clip_high,
            "group": group,
            "prompts": prompts,
            "draws": draws,
            "even": even,
            "temperature": temperature,
        },
    )
    if print_launch is not None:
        said = {"model": model, "data": data, "out": out, "preset": preset, "painter": painter, "judge": judge, "reward": reward}
        said |= {"without": without, "loss": loss, "kl": kl, "clip_low": clip_low, "clip_high": clip_high, "group": group}
        said |= {"prompts": prompts, "draws": draws, "even": even, "no_even": even is False, "temperature": temperature}
        said |= {"undecided": undecided}
        said |= {"lora": lora, "no_lora": lora is False, "epochs": epochs, "rate": rate, "steps": steps}
        said |= {"train_sight": train_sight, "vllm": vllm, "seed": seed or None}
        said |= {"vllm_url": vllm_url} if vllm == "server" else {"vllm_memory": vllm_memory} if vllm == "colocate" else {}
        typer.echo(_grpo_launch(said, print_launch, model, vllm == "server"))
        return
    with plainly():
        if dry_run:
            typer.echo(json.dumps(_plan(data, "critic_rl", asdict(chosen), steps) | {"model": model, "reward": reward}, indent=2))
            return
        from train.grpo import GrpoRun, Rollouts
        from train.grpo import grpo as learn
        from train.models import named_model

        asked = (chosen, reward, without, train_sight, steps, seed, Rollouts(vllm, vllm_url, vllm_memory), undecided)
        run = GrpoRun(named_model(model, "critic"), data, out, *asked)
        redrawer = redrawer_of(painter, judge) if run.weights.draws else None
        with interruptible() as stop:
            result = learn(run, redrawer, stop, resume)
    _end(result)


def _grpo_preset(name: PresetName, lora: bool | None, changes: dict[str, Any]) -> GrpoPreset:
    chosen = replace(GRPO[name], **{name: value for name, value in changes.items() if value is not None})
    if lora is not None:
        chosen = replace(chosen, lora=(chosen.lora or LORA) if lora else 0)
    together = chosen.prompts * chosen.group
    update = min(chosen.update, together)
    if together % update:
        raise typer.BadParameter(f"{chosen.prompts} attempts of {chosen.group} replies do not make whole updates of {update}.")
    return replace(chosen, update=update, per_device=min(chosen.per_device, update))


def _grpo_launch(said: dict[str, Any], gpus: int, model: str, server: bool) -> str:
    from train.launching import launch, launch_with_server

    if not server:
        return launch("grpo", said, gpus)
    try:
        return launch_with_server("grpo", said, gpus, model)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--print-launch") from error


def redrawer_of(painter: str, judge: str) -> Redrawer:
    """The painter of one profile, on the Ray cluster that is set or on this process's own device, and the judge."""
    import torch

    from core.casting import build_painter
    from core.cluster import find_painter
    from core.profiles import load_profile
    from core.settings import Settings
    from train.judging import judge_named
    from train.redrawing import Redrawer

    settings = Settings()
    if settings.ray:
        return Redrawer(find_painter(load_profile(painter), settings.ray, settings.ray_pools), judge_named(judge))
    device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else None
    return Redrawer(build_painter(load_profile(painter), device), judge_named(judge))


def merge(
    adapter: Annotated[Path, typer.Argument(exists=True, file_okay=False, show_default=False, help="The folder of a LoRA run.")],
    out: Annotated[Path, typer.Option(file_okay=False, show_default=False, help="Where the plain model goes.")],
    model: Annotated[str | None, typer.Option(help="What it was trained on.", show_default="as the adapter says")] = None,
    dtype: Annotated[Dtype, typer.Option(help="Of the weights on disk.")] = "bfloat16",
) -> None:
    """Work a LoRA adapter into its model's weights, and write a plain model that any loader takes."""
    from train.models import merge as combine

    with plainly():
        base = combine(adapter, out, dtype, model)
    typer.echo(f"{out.name}: {base} with {adapter.name} worked in.")


def plot(
    runs: Annotated[list[Path], typer.Argument(exists=True, file_okay=False, show_default=False, help="Folders of runs.")],
    out: Annotated[Path, typer.Option(dir_okay=False, show_default=False, help="The SVG to write, or to write over.")],
) -> None:
    """Draw the curves of one run, or of several over each other: losses, rewards by part, clipping, KL, entropy, length.

    A run may still be going on.
    """
    from train.plotting import plot as draw

    with plainly():
        drawing = draw(runs)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(drawing, encoding="utf-8")
    typer.echo(str(out))


def _plan(
    data: Path, stage: Literal["planner_sft", "critic_sft", "critic_rl"], preset: dict[str, Any], steps: int | None
) -> dict[str, Any]:
    """What a run would do, without a model."""
    from train.curated import open_rows, weighted
    from train.runs import world

    found, held_out = open_rows(data, stage, "train"), open_rows(data, stage, "validation")
    assert found is not None
    rows = len(weighted(found))
    if stage == "critic_rl":  # the last attempts of an epoch that fill no generation are left out
        generations = rows // preset["prompts"]
        a_time = generations * preset["prompts"] * preset["group"] // preset["update"]
    else:
        a_time = -(-rows // preset["batch"])
    usual = max(1, round(a_time * preset["epochs"]))
    counts = {"rows": rows, "held_out": len(held_out) if held_out is not None else 0, "steps": steps or usual}
    return counts | {"processes": world(), "preset": preset}


def _end(result: dict[str, Any] | None) -> None:
    from train.runs import leads

    if result is None:
        typer.secho("Stopped at a checkpoint; nothing is lost. Run the same command again to go on.", err=True, fg="yellow")
        raise typer.Exit(INTERRUPTED)
    if leads():
        typer.echo(json.dumps(result))
