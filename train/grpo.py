"""Trains a critic by its rewards with GRPO, by TRL: a group of replies to one attempt, each worth more or less than its group.

A run is its folder, as in :mod:`train.sft`. A reply that could not be scored moves nothing; a painter or judge that is gone
stops the run at a checkpoint. Knows the trainer, not what a reply is worth.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from trl import GRPOConfig, GRPOTrainer
from trl.trainer.utils import RepeatSampler

from core.backends.checkpoint import Checkpoint
from train.curated import evenly, open_rows, short_enough, told, undecided
from train.models import adapter_of, computes_bfloat16, freeze_sight, load_trainable, save_trained
from train.presets import GrpoPreset, Variant
from train.provenance import write_run
from train.redrawing import Redrawer, RewardError
from train.rewards import VARIANTS, Part, Weights, without
from train.rollouts import Log
from train.runs import CHECKPOINTS, METRICS, RunError, begin, finish, leads, process, read_lines, world
from train.scoring import Scorer
from train.watching import watched

if TYPE_CHECKING:
    from datasets import Dataset

Vllm = Literal["off", "server", "colocate"]


@dataclass(frozen=True)
class Rollouts:
    """Who writes the replies: the trainer itself, a vLLM server, or vLLM on the trainer's own GPUs."""

    vllm: Vllm = "off"
    url: str = "http://127.0.0.1:8000"
    memory: float = 0.3  # share of a GPU that vLLM may take where it stands on a trainer's, TRL's own default


@dataclass(frozen=True)
class GrpoRun:
    """One run. ``without_part`` leaves a part of the reward out, for ablations; ``steps`` ends it early.

    ``undecided``, a file of ``evaluate rewards`` about these rows, leaves only those that replies differed on.
    """

    model: str  # a folder or a hub id
    data: Path
    out: Path
    preset: GrpoPreset
    reward: Variant = "paper"
    without_part: Part | None = None
    train_sight: bool = False
    steps: int | None = None
    seed: int = 0
    rollouts: Rollouts = Rollouts()
    undecided: Path | None = None

    @property
    def weights(self) -> Weights:
        weights = VARIANTS[self.reward]
        return without(weights, self.without_part) if self.without_part else weights

    @property
    def updates(self) -> int:
        """Steps that learn from one generation of replies."""
        return max(1, self.preset.prompts * self.preset.group // self.preset.update)

    @property
    def settings(self) -> dict[str, Any]:
        """What a run must keep to go on; where its replies are written may change."""
        kept = asdict(self) | {"data": str(self.data), "out": self.out.name}
        kept["undecided"] = self.undecided.name if self.undecided else None
        del kept["rollouts"]
        return kept


class ByEpoch(RepeatSampler):  # type: ignore[misc]
    """TRL's order of the rows, but that an epoch's does not depend on the epochs before it: a resumed run has not drawn those."""

    def set_epoch(self, epoch: int) -> None:
        self.generator.manual_seed((self.seed or 0) + epoch)


class Trainer(GRPOTrainer):  # type: ignore[misc]
    """TRL's, but that a reply which could not be scored moves nothing: neither by its advantage, nor by the KL term, nor as a
    part of the mean over tokens."""

    scorer: Scorer

    def _get_train_sampler(self, dataset: Any = None) -> ByEpoch:
        theirs = super()._get_train_sampler(dataset)
        repeats = (theirs.mini_repeat_count, theirs.batch_size, theirs.repeat_count)
        return ByEpoch(theirs.data_source, *repeats, shuffle=theirs.shuffle, seed=theirs.seed)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        scored_B = torch.tensor(self.scorer.scored, device=output["completion_mask"].device)
        mask_BT = scored_B.unsqueeze(1) * output["completion_mask"]
        output["tool_mask"] = mask_BT * output.get("tool_mask", 1)  # which tokens count in the loss; all are attended to
        output["num_items_in_batch"] = self.accelerator.gather(output["tool_mask"].sum()).sum()
        return output


def grpo(run: GrpoRun, redrawer: Redrawer | None, stop: threading.Event, resume: bool = True) -> dict[str, Any] | None:
    """Trains to the end and returns the result, which the folder holds, too; None if it was stopped before.

    Raises ``RewardError`` where painter or judge are gone; the same call goes on from there.
    """
    checkpoint = begin(run.out, run.settings | _who(redrawer), resume)
    if checkpoint is None and leads():
        inputs = [run.data / "critic_rl", *([run.undecided] if run.undecided else [])]
        write_run(run.out, "grpo", run.settings | _who(redrawer), inputs)
    config = configuration(run)
    model = load_trainable(run.model, run.preset.weights)  # after the configuration, which tells how it is sharded
    rows = read_rows(run, model)
    trainer = trainer_of(run, config, model, rows, redrawer)
    began = time.monotonic()
    with watched(trainer, run.out, "GRPO of the critic", stop, run.updates):
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except RewardError as error:
            raise RewardError(f"{error} {_kept(trainer)}") from error
    if trainer.state.global_step < trainer.state.max_steps:
        return None
    save_trained(trainer, model.processor, run.out, run.model)
    result = _result(trainer, rows, run.out) | {"seconds": round(time.monotonic() - began, 3)}
    if leads():
        finish(run.out, result)
    return result


def _who(redrawer: Redrawer | None) -> dict[str, Any]:
    return {"painter": redrawer.painter.name, "judge": redrawer.judge.name} if redrawer else {}


def _kept(trainer: Any) -> str:
    """Keeps the last step, and says so."""
    if world() > 1:  # the other processes do not know, and would not come to write their part
        return "Run the same command again to go on from the last checkpoint."
    if trainer.state.global_step:
        trainer._save_checkpoint(trainer.model, None)
    return f"Step {trainer.state.global_step} is kept: run the same command again to go on."


def read_rows(run: GrpoRun, model: Checkpoint) -> Dataset:
    """The attempts to judge. Raises ``RunError`` if they do not fill one step."""
    found = open_rows(run.data, "critic_rl", "train")
    assert found is not None
    if run.undecided is not None:
        found = undecided(found, run.undecided)
    rows = short_enough(found, model.processor, run.preset.cutoff)
    if run.preset.even:
        rows = evenly(rows)
    if len(rows) < run.preset.prompts:
        raise RunError(
            f"A step takes {run.preset.prompts} attempts; critic_rl has {len(rows)} of at most {run.preset.cutoff} tokens."
        )
    return told(rows, model.plain)


def _result(trainer: Any, rows: Dataset, out: Path) -> dict[str, Any]:
    lines = [line for line in read_lines(out / METRICS) if "reward" in line]
    tenth = max(1, len(lines) // 10)

    def mean(part: list[dict[str, Any]], name: str) -> float | None:
        values = [line[name] for line in part if line.get(name) is not None]
        return sum(values) / len(values) if values else None

    return {
        "steps": trainer.state.global_step,
        "rows": len(rows),
        "first_reward": mean(lines[:tenth], "reward"),
        "last_reward": mean(lines[-tenth:], "reward"),
        "unscored": mean(lines, "samples/unscored"),
        "degenerate": mean(lines, "groups/degenerate"),
    }


def configuration(run: GrpoRun) -> GRPOConfig:
    """TRL's settings for this run on the devices that are here."""
    preset, cuda = run.preset, torch.cuda.is_available()
    wanted = preset.loss
    per_device = min(preset.per_device, max(1, preset.update // world()))
    keep_every = math.ceil(preset.keep_every / run.updates) * run.updates  # where no replies are left to learn from
    return GRPOConfig(
        output_dir=str(run.out / CHECKPOINTS),
        num_train_epochs=preset.epochs,
        max_steps=run.steps or -1,
        per_device_train_batch_size=per_device,
        gradient_accumulation_steps=max(1, preset.update // (per_device * world())),
        generation_batch_size=preset.prompts * preset.group,
        num_generations=preset.group,
        max_completion_length=preset.reply,
        temperature=preset.temperature,
        learning_rate=preset.rate,
        weight_decay=preset.decay,
        lr_scheduler_type=preset.schedule,
        max_grad_norm=preset.clip,
        loss_type="grpo" if wanted == "gspo" else wanted,
        importance_sampling_level="sequence" if wanted == "gspo" else "token",
        scale_rewards="none" if wanted == "dr_grpo" else "group",
        beta=preset.kl,
        epsilon=preset.clip_low,
        epsilon_high=preset.clip_high,
        delta=preset.dual_clip,
        use_vllm=run.rollouts.vllm != "off",
        vllm_mode="colocate" if run.rollouts.vllm == "off" else run.rollouts.vllm,
        vllm_server_base_url=run.rollouts.url if run.rollouts.vllm == "server" else None,
        vllm_gpu_memory_utilization=run.rollouts.memory,
        bf16=computes_bfloat16(),
        use_cpu=not cuda,
        gradient_checkpointing=preset.checkpointing,
        logging_steps=1,
        save_strategy="steps",
        save_steps=keep_every,
        save_total_limit=2,
        eval_strategy="no",
        seed=run.seed,
        dataloader_pin_memory=cuda,
        report_to="none",
        disable_tqdm=True,
    )


def trainer_of(run: GrpoRun, config: GRPOConfig, model: Checkpoint, rows: Dataset, redrawer: Redrawer | None) -> Trainer:
    if not run.train_sight:
        freeze_sight(model.model)
    model.tokenizer.padding_side = "left"  # on the right, pictures and tokens would be misaligned without an error (TRAINING 8)
    scorer = Scorer(run.weights, redrawer, run.preset.group, Log(run.out, process()), run.preset.draws)
    trainer = Trainer(
        model=model.model,
        reward_funcs=scorer,
        args=config,
        train_dataset=rows,
        processing_class=model.processor,
        peft_config=adapter_of(run.preset.lora),
    )
    trainer.scorer = scorer
    return trainer
