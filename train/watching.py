"""What happens beside a trainer's steps: metrics to the run's folder, a bar with the time that is left, and a stop in order.

Replaces the library's own bars and printing. Knows nothing of what is trained.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from transformers import PrinterCallback, TrainerCallback

from train.runs import METRICS, append

SHOWN = ("loss", "eval_loss", "reward", "grad_norm")  # beside the bar, as far as a stage has them
LEFT_OUT = ("total_flos", "eval_runtime", "eval_samples_per_second", "eval_steps_per_second")


class Metrics(TrainerCallback):
    """One line of ``metrics.jsonl`` for every step, and one for every evaluation."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if logs and state.is_world_process_zero and ("loss" in logs or "eval_loss" in logs):
            said = {name: value for name, value in logs.items() if name not in LEFT_OUT}
            append(self.out / METRICS, {"step": state.global_step, "at": round(time.time(), 3)} | said)


class Bar(TrainerCallback):
    """Steps done, time left, and the last figures."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task
        self.figures: dict[str, float] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # A task of its own from here on: what an earlier process did says nothing of the time that is left.
        self.progress.reset(self.task, total=state.max_steps, completed=state.global_step, shown="")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress.update(self.task, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        self.figures |= {name: value for name in SHOWN if isinstance(value := (logs or {}).get(name), float)}
        self.progress.update(self.task, shown=" ".join(f"{name} {value:.4g}" for name, value in self.figures.items()))


class Stop(TrainerCallback):
    """Ends the training with a checkpoint once it was asked to, after a step whose number ``every`` divides."""

    def __init__(self, stop: threading.Event, every: int) -> None:
        self.stop, self.every = stop, every

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step % self.every == 0 and self.stop.is_set():
            control.should_save = control.should_training_stop = True


@contextmanager
def watched(trainer: Any, out: Path, label: str, stop: threading.Event, every: int = 1) -> Iterator[None]:
    """Watches ``trainer`` while it trains."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=9)),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[shown]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not trainer.is_world_process_zero()) as progress:
        trainer.remove_callback(PrinterCallback)
        for watch in (Metrics(out), Bar(progress, progress.add_task(label, total=None, shown="")), Stop(stop, every)):
            trainer.add_callback(watch)
        yield
