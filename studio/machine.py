"""Looks at the machine: which processes live, what memory they take, how busy the GPUs are. Changes nothing, loads no torch.

Processes are read from ``/proc``; where there is none, they are only known to live or not. GPUs are NVIDIA's own tool's word.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
ASKED = ("--query-gpu=name,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")
STILL_TRUE = 5  # seconds that a look at the GPUs serves; at all processes, one


@dataclass(frozen=True)
class Gpu:
    """One GPU, with all that runs on it. Memory is in MiB."""

    name: str
    busy: int  # percent
    used: int
    total: int


def born(pid: int) -> int | None:
    """When a process began, as the system counts, which tells it from a later one of its number; None if it does not live."""
    if not PROC.is_dir():
        return 0 if _answers(pid) else None
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def memory_of(session: int) -> int | None:
    """Bytes that all processes of a session hold in memory; None if that can't be known."""
    if not PROC.is_dir():
        return None
    return sum(int(fields[21]) for pid in _pids() if (fields := _stat(pid)) and int(fields[3]) == session) * PAGE_BYTES


def trains_into() -> frozenset[Path]:
    """The folders that trainings of this user write into now, whoever started them."""
    return _trains_into(int(time.monotonic()))


@lru_cache(maxsize=1)
def _trains_into(_moment: int) -> frozenset[Path]:
    found = set()
    for pid in _pids():
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if out := out_of(words):
                found.add((Path(os.readlink(PROC / str(pid) / "cwd")) / out).resolve())
        except OSError:  # it ended, or is somebody else's
            continue
    return frozenset(found)


def out_of(words: list[str]) -> str:
    """The folder that this command line trains into; empty if it is no training."""
    if "train" not in words or not {"sft", "grpo"} & set(words):
        return ""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "--out":
            return after
        if word.startswith("--out="):
            return word.removeprefix("--out=")
    return ""


def gpus() -> tuple[Gpu, ...]:
    """The GPUs of this machine; none if it has none that can be asked."""
    return _gpus(int(time.monotonic() / STILL_TRUE))


@lru_cache(maxsize=1)
def _gpus(_moment: int) -> tuple[Gpu, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        done = subprocess.run([tool, *ASKED], capture_output=True, text=True, timeout=STILL_TRUE, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return gpus_of(done.stdout)


def gpus_of(said: str) -> tuple[Gpu, ...]:
    """What the tool's lines say; a line that is not whole, as of a GPU that does not count, is left out."""
    found = []
    for line in said.splitlines():
        name, *figures = (word.strip() for word in line.split(","))
        if len(figures) == 3 and all(figure.isdigit() for figure in figures):
            found.append(Gpu(name, *map(int, figures)))
    return tuple(found)


def _pids() -> list[int]:
    return [int(path.name) for path in PROC.iterdir() if path.name.isdigit()] if PROC.is_dir() else []


def _stat(pid: int) -> list[str]:
    """What ``proc(5)`` lists from the state on, which is its third field; empty if there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
