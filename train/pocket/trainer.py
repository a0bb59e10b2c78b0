"""One training loop for everything that is trained here: resumable, safe to interrupt, and with a progress bar.

What is learned comes as a function from batch to loss. A run's folder holds its last checkpoint (safetensors, and the step
in JSON); started again, the loop goes on from there with the same batches as if it had never stopped.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from torch import nn

from train.pocket.batches import Batch
from train.pocket.model import TIED
from train.pocket.pictures import grids, patches
from train.pocket.recipe import BETAS, CLIP, DECAY, MEMORY, Stage

Item = TypeVar("Item")
Loss = tuple[torch.Tensor, dict[str, float]]  # and what to show beside it


def fit(
    stage: Stage,
    model: nn.Module,
    batches: Callable[[int], Iterator[Item]],
    loss_of: Callable[[Item], Loss],
    folder: Path,
) -> None:
    """Trains ``model`` in place to the end of ``stage``. ``batches(step)`` is the stream from that step on."""
    keep_memory()
    optimizer = torch.optim.AdamW(_groups(model), lr=stage.rate, betas=BETAS, fused=True)
    done = _resume(folder, model, optimizer)
    model.train()
    shown: dict[str, float] = {}
    with _progress() as bar:
        task = bar.add_task(stage.name, total=stage.steps, completed=done, shown="")
        stream = batches(done)
        try:
            for step in range(done, stage.steps):
                for group in optimizer.param_groups:
                    group["lr"] = rate_at(stage, step)
                loss, measures = loss_of(next(stream))
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(model.parameters(), CLIP)
                optimizer.step()
                optimizer.zero_grad()
                for name, value in {"loss": loss.item(), **measures}.items():
                    shown[name] = MEMORY * shown.get(name, value) + (1 - MEMORY) * value
                words = " ".join(f"{name} {value:.3f}" for name, value in shown.items())
                bar.update(task, completed=step + 1, shown=words)
                if (step + 1) % stage.keep_every == 0 or step + 1 == stage.steps:
                    _keep(folder, model, optimizer, step + 1)
                    bar.console.print(f"{stage.name} {step + 1}/{stage.steps}: {words}", highlight=False)
        except KeyboardInterrupt:
            bar.console.print(f"Stopped. The same command goes on from step {_step(folder)}.")
            raise
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
    model.eval()


def finished(stage: Stage, folder: Path) -> bool:
    return _step(folder) >= stage.steps


def rate_at(stage: Stage, step: int) -> float:
    """A climb, a plain, and a fall in a line to a fiftieth."""
    if step < stage.climb:
        return stage.rate * (step + 1) / stage.climb
    left = (stage.steps - step) / max(1.0, stage.steps * stage.fall)
    return stage.rate * min(1.0, max(0.02, left))


def reply_loss(model: Any, batch: Batch) -> Loss:
    """The weighted cross-entropy of the replies' tokens, in bfloat16 products over float32 weights."""
    ids, weights = torch.from_numpy(batch.ids_BT), torch.from_numpy(batch.weights_BT)[:, 1:]
    image = model.config.image_token_id
    inputs: dict[str, Any] = {"input_ids": ids, "mm_token_type_ids": (ids == image).long()}
    if count := len(batch.pictures_NHWC):
        inputs |= {"pixel_values": patches(batch.pictures_NHWC), "image_grid_thw": grids(count)}
    learned = weights > 0
    with torch.autocast("cpu", torch.bfloat16):
        states = model.model(**inputs, use_cache=False).last_hidden_state
        logits = model.lm_head(states[:, :-1][learned])  # only where something is learned: the rest is half of the cost
    wanted, weight = ids[:, 1:][learned], weights[learned]
    logits = logits.float()
    loss = (F.cross_entropy(logits, wanted, reduction="none") * weight).sum() / weight.sum()
    return loss, {"right": (logits.argmax(-1) == wanted).float().mean().item()}


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    """Only matrices decay: norms and biases are few, and are no directions."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in trained if parameter.ndim > 1], "weight_decay": DECAY},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]


# ---------------------------------------------------------------- checkpoints


def _keep(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Writes the checkpoint beside the last one and puts it in its place, so that no cut can leave half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    moments = {}
    for number, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
        for name, value in optimizer.state.get(parameter, {}).items():
            moments[f"{number}.{name}"] = torch.as_tensor(value)
    for name, tensors in (("model", _weights(model)), ("optimizer", moments)):
        save_file(tensors, folder / f"{name}-{step}.safetensors")
    _settle(folder, step)


def keep_weights(folder: Path, model: nn.Module, step: int) -> None:
    """Writes a checkpoint that others can start from, of a run that is not to go on."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_weights(model), folder / f"model-{step}.safetensors")
    _settle(folder, step)


def _settle(folder: Path, step: int) -> None:
    _replace_text(folder / "state.json", json.dumps({"step": step}))
    for old in folder.glob("*-*.safetensors"):
        if not old.stem.endswith(f"-{step}"):
            old.unlink()


def _resume(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Puts the last checkpoint into model and optimizer; returns the steps that are done."""
    step = _step(folder)
    if step == 0:
        return 0
    load_weights(model, folder / f"model-{step}.safetensors")
    moments = load_file(folder / f"optimizer-{step}.safetensors")
    for number, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
        own = {name: moments[f"{number}.{name}"] for name in ("step", "exp_avg", "exp_avg_sq") if f"{number}.{name}" in moments}
        if own:
            optimizer.state[parameter] = own
    return step


def last_weights(folder: Path) -> Path:
    """The weights of the run's last checkpoint."""
    return folder / f"model-{_step(folder)}.safetensors"


def load_weights(model: nn.Module, path: Path) -> None:
    missing, unknown = model.load_state_dict(load_file(path), strict=False)
    if unknown or set(missing) - {TIED}:
        raise ValueError(f"{path.name} is of another model: {unknown or missing}")


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != TIED}


def _step(folder: Path) -> int:
    state = folder / "state.json"
    return int(json.loads(state.read_text())["step"]) if state.exists() else 0


def _replace_text(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, path)


# ---------------------------------------------------------------- the machine


def keep_memory() -> None:
    """Keeps freed memory: each step asks for the same gigabyte again, and page faults would cost half of it."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        trim_threshold, top_pad, mmap_max = -1, -2, -4  # malloc.h
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(top_pad, 2**28)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[shown]}"),
    )
