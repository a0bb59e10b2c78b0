"""Supervised fine-tuning of a planner or a critic on curated rows, by TRL. Only the reply is learned.

A run is its folder: killed, it goes on from its last checkpoint with the same losses as if it had never stopped. The best
checkpoint by the loss on held-out rows becomes the model. Knows no reward and prints nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from core.backends.checkpoint import Checkpoint
from train.curated import files, open_rows, sampled, short_enough, spoken, weighted
from train.models import adapter_of, computes_bfloat16, freeze_sight, load_trainable, save_trained
from train.presets import SftPreset
from train.provenance import write_run
from train.runs import CHECKPOINTS, METRICS, RunError, begin, finish, leads, read_lines, step_of, world
from train.watching import watched

if TYPE_CHECKING:
    from datasets import Dataset

HELD_OUT = 512  # rows at most that an evaluation looks at: their mean loss is known to about 2 % then


@dataclass(frozen=True)
class SftRun:
    """One run: who learns what, where from, and how. ``steps`` ends it early; None is all epochs."""

    role: Literal["planner", "critic"]
    model: str  # a folder or a hub id
    data: Path
    out: Path
    preset: SftPreset
    train_sight: bool = False
    steps: int | None = None
    seed: int = 0

    @property
    def stage(self) -> Literal["planner_sft", "critic_sft"]:
        return "planner_sft" if self.role == "planner" else "critic_sft"

    @property
    def settings(self) -> dict[str, Any]:
        """What a run must keep to go on."""
        return asdict(self) | {"data": str(self.data), "out": self.out.name}


@dataclass(frozen=True)
class Rows:
    """What is learned and what is held out, and how many rows were too long for either."""

    train: Dataset
    held_out: Dataset | None
    too_long: int


@dataclass
class Collator(DataCollatorForVisionLanguageModeling):  # type: ignore[misc]
    """TRL's, but for control tokens that somebody wrote into a row: they stay mere text, as they do in the studio."""

    plain: Callable[[str], str] = str

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        told = [
            row | {"prompt": spoken(row["prompt"], self.plain), "completion": spoken(row["completion"], self.plain)}
            for row in examples
        ]
        batch: dict[str, Any] = super().torch_call(told)
        return batch


def read_rows(run: SftRun, processor: Any) -> Rows:
    """The run's rows, as often as their weights say. Raises ``RunError`` if there is none to learn from."""
    found = open_rows(run.data, run.stage, "train")
    assert found is not None
    train = short_enough(found, processor, run.preset.cutoff)
    if not len(train):
        raise RunError(f"All {len(found)} rows of {run.stage} are longer than {run.preset.cutoff} tokens.")
    held_out = open_rows(run.data, run.stage, "validation")
    few = None if held_out is None else sampled(held_out, HELD_OUT, run.seed)
    kept = None if few is None else short_enough(few, processor, run.preset.cutoff)
    too_long = len(found) - len(train) + (0 if few is None or kept is None else len(few) - len(kept))
    return Rows(weighted(train), kept if kept is not None and len(kept) else None, too_long)


def sft(run: SftRun, stop: threading.Event, resume: bool = True) -> dict[str, Any] | None:
    """Trains to the end and returns the result, which the folder holds, too; None if it was stopped before."""
    checkpoint = begin(run.out, run.settings, resume)
    if checkpoint is None and leads():
        write_run(run.out, "sft", run.settings, [run.data / run.stage])
    config = configuration(run, held_out=bool(files(run.data, run.stage, "validation")))
    model = load_trainable(run.model, run.preset.weights)  # after the configuration, which tells how it is sharded
    rows = read_rows(run, model.processor)
    trainer = trainer_of(run, config, model, rows)
    if checkpoint is not None:  # the library counts them from nought again
        trainer._total_train_tokens = next((int(line["num_tokens"]) for line in reversed(_trained(run.out))), 0)
    began, first = time.monotonic(), step_of(checkpoint) if checkpoint else 0
    with watched(trainer, run.out, f"SFT of the {run.role}", stop):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step < trainer.state.max_steps:
        return None
    save_trained(trainer, model.processor, run.out, run.model)
    result = _result(trainer, rows, run.out) | {
        "seconds": round(time.monotonic() - began, 3),
        "steps_per_second": round((trainer.state.global_step - first) / (time.monotonic() - began), 4),
    }
    if leads():
        finish(run.out, result)
    return result


def _trained(out: Path) -> list[dict[str, Any]]:
    return [line for line in read_lines(out / METRICS) if "loss" in line]


def _result(trainer: Any, rows: Rows, out: Path) -> dict[str, Any]:
    lines = _trained(out)
    return {
        "steps": trainer.state.global_step,
        "rows": len(rows.train),
        "held_out": len(rows.held_out) if rows.held_out is not None else 0,
        "too_long": rows.too_long,
        "first_loss": lines[0]["loss"] if lines else None,
        "last_loss": lines[-1]["loss"] if lines else None,
        "best_step": trainer.state.best_global_step,
        "best_eval_loss": trainer.state.best_metric,
        "tokens": lines[-1].get("num_tokens") if lines else None,
    }


def configuration(run: SftRun, held_out: bool) -> SFTConfig:
    """TRL's settings for this run on the devices that are here."""
    preset, cuda = run.preset, torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(run.out / CHECKPOINTS),
        num_train_epochs=preset.epochs,
        max_steps=run.steps or -1,
        per_device_train_batch_size=preset.per_device,
        per_device_eval_batch_size=preset.per_device,
        gradient_accumulation_steps=max(1, math.ceil(preset.batch / (preset.per_device * world()))),
        learning_rate=preset.rate,
        weight_decay=preset.decay,
        lr_scheduler_type=preset.schedule,
        warmup_steps=preset.warmup,  # below 1: a share of all steps
        max_grad_norm=preset.clip,
        bf16=computes_bfloat16(),
        use_cpu=not cuda,
        gradient_checkpointing=preset.checkpointing,
        max_length=None,  # a row that was cut would have lost its reply; those too long are left out
        completion_only_loss=True,
        logging_steps=1,
        save_strategy="steps",
        save_steps=preset.keep_every,
        save_total_limit=2,  # the best and the last
        eval_strategy="steps" if held_out else "no",
        eval_steps=preset.keep_every,
        prediction_loss_only=True,
        load_best_model_at_end=held_out,
        metric_for_best_model="eval_loss" if held_out else None,
        greater_is_better=False if held_out else None,
        seed=run.seed,
        dataloader_num_workers=4 if cuda else 0,  # they cut pictures into patches meanwhile
        dataloader_pin_memory=cuda,
        report_to="none",
        disable_tqdm=True,
    )


def trainer_of(run: SftRun, config: SFTConfig, model: Checkpoint, rows: Rows) -> SFTTrainer:
    if not run.train_sight:
        freeze_sight(model.model)
    if rows.held_out is None:
        config.eval_strategy, config.load_best_model_at_end = "no", False
    return SFTTrainer(
        model=model.model,
        args=config,
        train_dataset=rows.train,
        eval_dataset=rows.held_out,
        processing_class=model.processor,
        data_collator=Collator(model.processor, completion_only_loss=True, plain=model.plain),
        peft_config=adapter_of(run.preset.lora),
    )
