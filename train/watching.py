"""What happens beside a trainer's steps: metrics to the run's folder, a bar with the time that is left, a checkpoint for whoever
asks for one, and a stop in order.

Replaces the library's own bars and printing. Knows nothing of what is trained.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column
from transformers import PrinterCallback, TrainerCallback

from train.runs import METRICS, SAVE, append

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


class Save(TrainerCallback):
    """Makes a checkpoint, and goes on, once the folder holds a request for one, after a step whose number ``every`` divides.

    Any checkpoint answers the request, and only a whole one takes it away: until then one can see that it is waited for. A
    process that dies before it leaves the request behind, and the next one begins without it (``runs.begin``).
    """

    def __init__(self, out: Path, every: int) -> None:
        self.request, self.every = out / SAVE, every

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step % self.every == 0 and self._asked(state):
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self.request.unlink(missing_ok=True)

    def _asked(self, state: Any) -> bool:
        """Whether the first process finds a request. Each would see it at a step of its own, but all must write together."""
        found = [state.is_world_process_zero and self.request.is_file()]
        return bool(broadcast_object_list(found)[0])


class Stop(TrainerCallback):
    """Ends the training with a checkpoint once it was asked to, after a step whose number ``every`` divides.

    Each process goes by its own event: with several, all must be told before the same step ends, as by Ctrl-C in their terminal.
    """

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
        bar = Bar(progress, progress.add_task(label, total=None, shown=""))
        for watch in (Metrics(out), bar, Save(out, every), Stop(stop, every)):
            trainer.add_callback(watch)
        yield
