"""Runs commands that need one another, some at a time, and goes on where it was cut. Knows no command's meaning.

What was done is kept in the run's folder: ``tasks/<name>.json`` with the command, its seconds and the last JSON line that it
printed, and ``logs/<name>.log`` with all that it said.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.runs import RunError

PAUSE = 0.2  # seconds between two looks at what runs
PATIENCE = 60.0  # seconds that a command may take to stop at a checkpoint
LAST_WORDS = 5  # lines of a failed command's log that are shown


@dataclass(frozen=True)
class Task:
    """One ``python -m train`` command; ``needs`` names the tasks that have to be done before it."""

    name: str
    words: tuple[str, ...]
    needs: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        return " ".join(("python -m train", *self.words))


def needed(tasks: Sequence[Task], names: Sequence[str]) -> tuple[Task, ...]:
    """The tasks of these names and all that they need, in their order. Raises ``RunError`` if there is no such task."""
    known = {task.name: task for task in tasks}
    wanted, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name not in known:
            raise RunError(f"There is no task {name}: --dry-run names them all.")
        if name not in wanted:
            wanted.add(name)
            left += known[name].needs
    return tuple(task for task in tasks if task.name in wanted)


@dataclass(frozen=True)
class Done:
    """What is known of a task: its command, how long it has taken in all, whether it has ended well, and what it printed last."""

    words: tuple[str, ...]
    seconds: float
    finished: bool
    result: dict[str, Any]


@dataclass
class _Running:
    task: Task
    process: subprocess.Popen[bytes]
    began: float


@dataclass
class Runner:
    """Runs tasks in ``out``, ``together`` at a time, each with its share of the machine's cores."""

    out: Path
    tasks: Sequence[Task]
    together: int
    _running: list[_Running] = field(default_factory=list)

    def run(self, stop: Any) -> Iterator[Mapping[str, str]]:
        """Yields each task's state (waiting, running, done) now and then, until all are done or ``stop`` is set.

        Raises ``RunError`` with the last words of the first command that fails; the others are stopped at their checkpoints.
        """
        try:
            while not stop.is_set():
                self._reap()
                states = self.states()
                yield states
                if all(state == "done" for state in states.values()):
                    return
                for task in self.tasks:
                    ready = states[task.name] == "waiting" and all(states[name] == "done" for name in task.needs)
                    if ready and len(self._running) < self.together:
                        self._start(task)
                time.sleep(PAUSE)
        finally:
            self._halt()

    def states(self) -> dict[str, str]:
        running = {each.task.name for each in self._running}
        return {
            task.name: "running" if task.name in running else "done" if self.done(task).finished else "waiting"
            for task in self.tasks
        }

    def done(self, task: Task) -> Done:
        """What was kept of the task; of one whose command has changed, nothing."""
        path = self._path(task)
        if path.is_file():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if tuple(kept["words"]) == task.words:
                return Done(task.words, kept["seconds"], kept["finished"], kept["result"])
        return Done(task.words, 0.0, finished=False, result={})

    def _path(self, task: Task) -> Path:
        return self.out / "tasks" / f"{task.name}.json"

    def _log(self, task: Task) -> Path:
        return self.out / "logs" / f"{task.name}.log"

    def _start(self, task: Task) -> None:
        log = self._log(task)
        log.parent.mkdir(parents=True, exist_ok=True)
        threads = max(1, (os.cpu_count() or 1) // self.together)
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false", "COLUMNS": "120"}
        with open(log, "wb") as said:
            process = subprocess.Popen(  # noqa: S603 (our own command line)
                [sys.executable, "-m", "train", *task.words],
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C comes to us alone, and we pass it on
            )
        self._running.append(_Running(task, process, time.monotonic()))

    def _reap(self) -> None:
        for each in list(self._running):
            status = each.process.poll()
            if status is None:
                continue
            self._running.remove(each)
            self._keep(each, finished=status == 0)
            if status != 0:
                words = " / ".join(self._log(each.task).read_text("utf-8", "replace").strip().splitlines()[-LAST_WORDS:])
                raise RunError(f"{each.task.name} failed ({each.task.command}): {words}")

    def _keep(self, each: _Running, finished: bool) -> None:
        path = self._path(each.task)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "words": each.task.words,
            "seconds": round(self.done(each.task).seconds + time.monotonic() - each.began, 1),
            "finished": finished,
            "result": last_json(self._log(each.task)) if finished else {},
        }
        part = path.with_suffix(".part")
        part.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        os.replace(part, path)

    def _halt(self) -> None:
        """Stops what runs as Ctrl-C would, so that it can go on later."""
        for each in self._running:
            each.process.send_signal(signal.SIGINT)
        for each in self._running:
            try:
                each.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            self._keep(each, finished=each.process.returncode == 0)
        self._running.clear()


def last_json(log: Path) -> dict[str, Any]:
    """The last line of a log that is a JSON object."""
    for line in reversed(log.read_text("utf-8", "replace").splitlines()):
        if line.startswith("{"):
            try:
                found: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            return found
    return {}
