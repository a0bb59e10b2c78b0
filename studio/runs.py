"""Reads training runs from their folders: what was asked, how far each is, how it goes. Starts nothing, and trusts no file.

A trainer writes ``run.json`` when it begins, a line of ``metrics.jsonl`` a step, and ``result.json`` at last. Of a run that the
studio started there are ``studio.json`` and ``log.txt``, too, and ``save-now`` while a checkpoint is asked for. All
that is shown is read again from there at every look.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from core.types import Value
from studio import machine

RUN, METRICS, RESULT, STARTED, LOG = "run.json", "metrics.jsonl", "result.json", "studio.json", "log.txt"
SAVE = "save-now"  # the trainer takes it away once the checkpoint is there
CHECKPOINTS, WHOLE = "checkpoints", "trainer_state.json"  # the last file of a checkpoint: one without it was cut
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"
MOST_BYTES = 32 * 2**20  # of one file that are read, its end; a line of metrics takes about 500
LOG_BYTES, LOG_LINES = 24 * 2**10, 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t -\U0010ffff]|\x7f")

Kind = Literal["sft", "grpo"]
State = Literal["running", "stopping", "finished", "stopped", "failed"]
Line = Mapping[str, float]


class Asked(Value):
    """A training as a person asks for it; ``name`` is that of its folder."""

    name: str = Field(pattern=NAME)
    kind: Kind
    role: Literal["planner", "critic"] = "critic"
    model: str = Field(default="pocket", min_length=1, max_length=400)
    data: str = Field(max_length=400)
    preset: Literal["pocket", "24gb", "paper"] = "pocket"
    steps: int | None = Field(default=None, ge=1, le=10**7)
    lora: bool | None = None  # None: the preset's, as in those below
    epochs: float | None = Field(default=None, gt=0, le=1000, allow_inf_nan=False)
    rate: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0, lt=2**32)  # more is no seed to NumPy
    painter: str = "pocket"  # the profile whose painter draws again for rewards
    judge: str | None = None  # None: the one that goes with the painter
    reward: Literal["paper", "code", "even"] = "paper"
    without: Literal["accuracy", "step"] | None = None


class Started(Value):
    """What the studio keeps of a run that it started. ``born`` tells its process from a later one of the same number."""

    asked: Asked
    pid: int = Field(gt=1)
    born: int | None = None
    stop_at: float | None = None

    @property
    def lives(self) -> bool:
        return self.born is not None and machine.born(self.pid) == self.born


@dataclass(frozen=True)
class Kept:
    """A checkpoint: what a run goes on from."""

    step: int
    at: datetime


@dataclass(frozen=True)
class Run:
    """One run, as its folder tells. ``share``: how much of it is done, of 1; None if that can't be known.

    ``hears``: its process has got as far as to look for requests; ``saving``: one waits for its answer.
    """

    id: str
    folder: Path
    kind: Kind
    state: State
    role: str = ""
    model: str = ""
    began: datetime | None = None
    step: int = 0
    share: float | None = None
    last: Line = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)  # seeds, versions, revision, inputs
    started: Started | None = None
    kept: Kept | None = None
    hears: bool = False
    saving: bool = False

    @property
    def acts(self) -> frozenset[str]:
        """What can be done with it from here."""
        if self.started is None:
            return frozenset()
        if self.state in ("running", "stopping"):  # by us, or by its command in a terminal, which is not ours to stop
            if not self.started.lives:
                return frozenset()
            return frozenset({"stop", "save"} if self.hears and self.state == "running" else {"stop"})
        return frozenset() if self.state == "finished" else frozenset({"resume"})


def find(runs: Path) -> list[Run]:
    """All runs below the folder, the latest first: its own folders, and those one deeper."""
    folders = {path.parent for name in (RUN, STARTED) for depth in ("*", "*/*") for path in runs.glob(f"{depth}/{name}")}
    found = [run for folder in folders if (run := read(folder, folder.relative_to(runs).as_posix()))]
    return sorted(found, key=lambda run: (run.began.timestamp() if run.began else 0.0, run.id), reverse=True)


def read(folder: Path, id: str) -> Run | None:
    """The run in a folder; None if what is in it is no training."""
    said, result = read_json(folder / RUN), read_json(folder / RESULT)
    started = started_in(folder)
    kind = started.asked.kind if started else said.get("command")
    if kind not in ("sft", "grpo"):
        return None
    config = said["config"] if isinstance(said.get("config"), dict) else {}
    asked = started.asked.model_dump() if started else config
    lines = metrics_of(folder)
    last = {name: value for line in lines[-20:] for name, value in line.items()}
    step = int(max(last.get("step", 0), _number(result.get("steps"))))
    state = _state(folder, bool(result), started)
    return Run(
        id=id,
        folder=folder,
        kind=kind,
        state=state,
        role=str(asked.get("role") or "critic"),
        model=_short(str(asked.get("model") or "")),
        began=_moment(said.get("at")) or _written(folder / STARTED),
        step=step,
        share=1.0 if state == "finished" else _share(step, last, config, asked),
        last=last,
        config=config or asked,
        about={name: said[name] for name in ("seeds", "versions", "revision", "inputs") if said.get(name)},
        started=started,
        kept=_kept(folder),
        hears=state == "running" and _hears(folder),
        saving=state == "running" and (folder / SAVE).is_file(),
    )


def _state(folder: Path, finished: bool, started: Started | None) -> State:
    if (started and started.lives) or folder.resolve() in machine.trains_into():
        return "stopping" if started and started.lives and started.stop_at else "running"
    if finished:
        return "finished"
    return "failed" if started and not started.stop_at else "stopped"


def _kept(folder: Path) -> Kept | None:
    """The last whole checkpoint."""
    found = []
    for path in folder.glob(f"{CHECKPOINTS}/checkpoint-*/{WHOLE}"):
        number = path.parent.name.rpartition("-")[2]
        if number.isdecimal() and (at := _written(path)):
            found.append(Kept(int(number), at))
    return max(found, key=lambda kept: kept.step, default=None)


def _hears(folder: Path) -> bool:
    """Whether the process writes figures already: it begins with those of the steps that it goes on from.

    What was asked for before that, it drops as left over from the process before it.
    """
    figures, begun = _written(folder / METRICS), _written(folder / STARTED)
    return figures is not None and begun is not None and figures >= begun


def _share(step: int, last: Line, config: Mapping[str, Any], asked: Mapping[str, Any]) -> float | None:
    """By the steps that were asked for, or by how often all rows are to be seen."""
    preset = config.get("preset")
    epochs = _number(preset.get("epochs")) if isinstance(preset, dict) else 0.0
    if steps := _number(asked.get("steps")):
        return min(1.0, step / steps)
    return min(1.0, last.get("epoch", 0.0) / epochs) if epochs else None


def started_in(folder: Path) -> Started | None:
    try:
        return Started.model_validate(read_json(folder / STARTED))
    except ValidationError:
        return None


def read_json(path: Path) -> dict[str, Any]:
    """What a file holds; nothing if it is not there, not whole, or no object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def metrics_of(folder: Path) -> tuple[Line, ...]:
    """The figures of each step; read again only if the file has changed."""
    path = folder / METRICS
    try:
        state = path.stat()
    except OSError:
        return ()
    return _metrics(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _metrics(path: Path, _changed: int, _size: int) -> tuple[Line, ...]:
    return parse_metrics(tail(path, MOST_BYTES))


def parse_metrics(text: str) -> tuple[Line, ...]:
    """The lines that have a step, each with what in it is a number; a line that was cut is left out."""
    found = []
    for line in parse_lines(text):
        numbers = {name: float(value) for name, value in line.items() if _is_number(value)}
        if "step" in numbers:
            found.append(numbers)
    return tuple(found)


def parse_lines(text: str) -> list[dict[str, Any]]:
    """The objects of JSONL, without what is none."""
    found = []
    for line in text.split("\n"):
        try:
            value = json.loads(line) if line else None
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def log_of(folder: Path) -> str:
    """The end of what a run has printed, as plain text."""
    return plain(tail(folder / LOG, LOG_BYTES))


def plain(text: str) -> str:
    """Without colours, and of a line that was written over only how it ended."""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    return _CONTROL.sub("", "\n".join(lines[-LOG_LINES:])).strip("\n")


def tail(path: Path, most: int) -> str:
    """The last bytes of a file, from the beginning of a line; empty if there is no file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            read = file.read(most)
    except OSError:
        return ""
    return (read.partition(b"\n")[2] if size > most else read).decode("utf-8", errors="replace")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and _is_number(value) else 0.0


def _moment(said: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(said)).astimezone()
    except (ValueError, OverflowError):
        return None


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except OSError:
        return None


def _short(model: str) -> str:
    """A model's name: of a folder, its last parts."""
    return "/".join(Path(model).parts[-2:]) if model.startswith("/") else model
