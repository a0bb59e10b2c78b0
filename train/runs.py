"""The folder of one training run: checkpoints, metrics by step, the result. Loads no torch and knows no trainer.

``checkpoints/checkpoint-<step>`` are the library's, ``metrics.jsonl`` holds one line a step, and ``result.json`` is written
last: a folder that has it is finished, and holds the trained model.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import StudioError
from train.provenance import RUN

CHECKPOINTS, METRICS, RESULT, ROLLOUTS = "checkpoints", "metrics.jsonl", "result.json", "rollouts"
SAVE = "save-now"  # a file of this name asks a run for a checkpoint; the studio puts it there
STATE = "trainer_state.json"  # the library writes it last: a checkpoint that lacks it was cut while it was written


class RunError(StudioError):
    """A training run cannot begin or go on as it was asked to."""


def process() -> int:
    """Which of the processes that train together this one is."""
    return int(os.environ.get("RANK", "0"))


def leads() -> bool:
    """Whether this process is the one that writes."""
    return process() == 0


def world() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def last_checkpoint(out: Path) -> Path | None:
    """The last whole checkpoint."""
    return max((path for path in _checkpoints(out) if (path / STATE).is_file()), key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _checkpoints(out: Path) -> Iterator[Path]:
    return (path for path in (out / CHECKPOINTS).glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit())


def begin(out: Path, settings: dict[str, Any], resume: bool) -> Path | None:
    """Makes ``out`` ready; returns the checkpoint to go on from, or None. Raises ``RunError`` if another run is in it."""
    if not resume:
        _clear(out)
    if (out / RESULT).is_file():
        raise RunError(f"The run in {out.name} is finished. Take another --out, or begin again with --fresh.")
    same_run(out, settings)
    checkpoint = last_checkpoint(out)
    if leads():
        for torn in [path for path in _checkpoints(out) if not (path / STATE).is_file()]:
            shutil.rmtree(torn)
        (out / SAVE).unlink(missing_ok=True)  # asked of a process that is gone
        keep_until(out / METRICS, step_of(checkpoint) if checkpoint else 0)
    return checkpoint


def _clear(out: Path) -> None:
    """Takes away what an earlier run in this folder wrote to go on from."""
    if leads():
        for folder in (CHECKPOINTS, ROLLOUTS):
            shutil.rmtree(out / folder, ignore_errors=True)
        for file in (METRICS, RESULT, RUN):
            (out / file).unlink(missing_ok=True)


def same_run(out: Path, settings: dict[str, Any]) -> None:
    """Raises ``RunError`` if another run is in ``out``."""
    if not (out / RUN).is_file():
        return
    before = json.loads((out / RUN).read_text(encoding="utf-8"))["config"]
    wanted = json.loads(json.dumps(settings, default=str))
    if changed := sorted(name for name in before.keys() | wanted.keys() if before.get(name) != wanted.get(name)):
        name = changed[0]
        raise RunError(
            f"The run in {out.name} has {name} {before.get(name)!r}, not {wanted.get(name)!r}: go on with its own settings, "
            "take another --out, or begin again with --fresh."
        )


def keep_until(path: Path, step: int) -> None:
    """Drops the lines of later steps, which will be made again, and a last line that was cut."""
    if path.is_file():
        kept = [line for line in read_lines(path) if line["step"] <= step]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSONL file that a run appends to; a last one that was cut is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1] if line]


def append(path: Path, line: dict[str, Any]) -> None:
    """One more line; what is not a number is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({name: _plain(value) for name, value in line.items()}, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def finish(out: Path, result: dict[str, Any]) -> None:
    text = json.dumps({name: _plain(value) for name, value in result.items()}, indent=2)
    (out / RESULT).write_text(text + "\n", encoding="utf-8")
