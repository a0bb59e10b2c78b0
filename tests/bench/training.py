"""What our trainers cost over plain TRL: seconds a step of SFT and of GRPO, on the same model, rows and settings.

Ours write metrics and rollouts, mask what was not scored, and can be stopped; the baseline is TRL's own trainer with TRL's own
collator. GRPO is measured without drawing, which plain TRL has no part in. The first step of each run warms up.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback, set_seed
from trl import GRPOTrainer, SFTTrainer

from core.pocket.render import render
from core.profiles import ASSETS
from tests.bench.figures import Figure
from tests.train.curated_rows import RL, SFT
from train import grpo as our_grpo
from train import sft as our_sft
from train.models import freeze_sight, load_trainable
from train.pocket.examples import Example, examples
from train.presets import GRPO as GRPO_PRESETS
from train.presets import SFT as SFT_PRESETS
from train.rewards import CODE, without
from train.runs import METRICS, read_lines
from train.scoring import Scorer

MODEL = str(ASSETS / "pocket" / "critic")
ROWS, STEPS, RUNS = 64, 5, 5
SIDE = 192  # pixels
QUICK = replace(SFT_PRESETS["pocket"], keep_every=1000)  # no checkpoint is due while we measure
FEW = replace(GRPO_PRESETS["pocket"], prompts=4, group=4, update=16, per_device=16, reply=192, keep_every=1000)


def figures() -> Iterator[Figure]:
    logging.getLogger("transformers").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        data = _curated(Path(folder) / "data")
        for what, ours, plain in (("SFT", _our_sft, _plain_sft), ("GRPO", _our_grpo, _plain_grpo)):
            taken = {name: [] for name in ("ours", "plain")}
            for run in range(RUNS):  # in turns, so that a busy machine is as bad to one as to the other
                taken["ours"].append(ours(data, Path(folder) / f"{what}-ours-{run}"))
                taken["plain"].append(plain(data, Path(folder) / f"{what}-plain-{run}"))
            seconds, baseline = statistics.median(taken["ours"]), statistics.median(taken["plain"])
            yield Figure(f"a step of {what}", seconds, "of TRL's own trainer", baseline)


def _curated(folder: Path) -> Path:
    made = list(islice(examples("critic", 1), ROWS))
    for stage, features, row in (("critic_sft", SFT, _sft_row), ("critic_rl", RL, _rl_row)):
        (folder / stage).mkdir(parents=True)
        Dataset.from_list([row(each) for each in made], features=features).to_parquet(str(folder / stage / "train-0.parquet"))
    return folder


def _sft_row(example: Example) -> dict[str, Any]:
    said = [{"role": "assistant", "content": [{"type": "text", "text": example.completion}]}]
    return {"prompt": example.messages, "completion": said, "images": _pictures(example), "weight": 1.0}


def _rl_row(example: Example) -> dict[str, Any]:
    facts = example.facts
    return {
        "prompt": example.messages,
        "images": _pictures(example),
        "truth": facts["success"],
        "step_prompt": facts["prompt"],
        "current_prompt": facts["current"],
        "semantics": 10.0 if facts["success"] else 5.0,
        "quality": 10.0,
        "seed": 1,
    }


def _pictures(example: Example) -> list[Any]:
    from PIL import Image

    return [Image.new("RGB", (SIDE, SIDE), "white") if scene is None else render(scene, SIDE) for scene in example.scenes]


# ---------------------------------------------------------------- ours


def _our_sft(data: Path, out: Path) -> float:
    our_sft.sft(our_sft.SftRun("critic", MODEL, data, out, QUICK, steps=STEPS, seed=0), threading.Event())
    return _a_step(read_lines(out / METRICS))


def _our_grpo(data: Path, out: Path) -> float:
    run = our_grpo.GrpoRun(MODEL, data, out, FEW, "code", "step", steps=STEPS, seed=0)
    our_grpo.grpo(run, None, threading.Event())
    return _a_step(read_lines(out / METRICS))


def _a_step(lines: list[dict[str, Any]]) -> float:
    at = [line["at"] for line in lines if "loss" in line]
    return (at[-1] - at[0]) / (len(at) - 1)


# ---------------------------------------------------------------- plain TRL


class _Clock(TrainerCallback):
    def __init__(self) -> None:
        self.at: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.at.append(time.time())


def _timed(trainer: Any) -> float:
    clock = _Clock()
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(clock)
    trainer.train()
    return (clock.at[-1] - clock.at[0]) / (len(clock.at) - 1)


def _plain_sft(data: Path, out: Path) -> float:
    run = our_sft.SftRun("critic", MODEL, data, out, QUICK, steps=STEPS, seed=0)
    model = load_trainable(MODEL, "float32")
    freeze_sight(model.model)
    set_seed(0)
    return _timed(
        SFTTrainer(
            model=model.model,
            args=our_sft.configuration(run, held_out=False),
            train_dataset=our_sft.read_rows(run, model.processor).train,
            processing_class=model.processor,
        )
    )


def _plain_grpo(data: Path, out: Path) -> float:
    run = our_grpo.GrpoRun(MODEL, data, out, FEW, "code", "step", steps=STEPS, seed=0)
    model = load_trainable(MODEL, "float32")
    freeze_sight(model.model)
    model.tokenizer.padding_side = "left"
    set_seed(0)
    trainer = GRPOTrainer(
        model=model.model,
        reward_funcs=_reward(),
        args=our_grpo.configuration(run),
        train_dataset=our_grpo.read_rows(run, model),
        processing_class=model.processor,
    )
    return _timed(trainer)


def _reward() -> Callable[..., list[float | None]]:
    """The same reward as a bare function, with nothing kept."""
    scorer = Scorer(without(CODE, "step"), None, FEW.group)

    def reward(**batch: Any) -> list[float | None]:
        return [marks.reward for marks in scorer.earned(batch)[2]]

    return reward
