"""Starts trainings as processes of their own, has them save, stops them and has them go on. Knows no page, and never imports
what it starts.

A browser names runs, rows and models that were found here, or a model's hub id; paths are ours. A run outlives the studio: what
is needed to stop it, or to start it again, is in its folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import CommandError, NotFound
from core.profiles import available_profiles
from studio import machine
from studio.runs import LOG, RUN, SAVE, STARTED, Asked, Run, Started, find, read_json

ROOT = Path(__file__).parents[1]
STAGES = ("planner_sft", "critic_sft", "critic_rl")
POCKET, JUDGE = "pocket", "pocket-exact"  # the small models that ship, and what scores their pictures exactly
SCENE = "scene"  # the kind of painters that write the scene into their pictures, which the exact judge reads
DEEP = 2  # folders below a place, at most, that rows are looked for in
GRACE = 180.0  # seconds that a run has to finish its step and keep it: a step of an 8B model takes up to two minutes
_HUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBERED = re.compile(r"(.+)-(\d{1,6})")

#: Makes the words of a command line of the program, the wish, and the folders of rows and run.
Builder = Callable[[Sequence[str], Asked, str, str], list[str]]


@dataclass(frozen=True)
class Rows:
    """A folder of curated rows, and the stages it has rows for."""

    name: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """What a training can begin with."""

    rows: tuple[Rows, ...]
    models: tuple[str, ...]
    painters: tuple[str, ...]
    judges: tuple[str, ...]


def command_of(program: Sequence[str], asked: Asked, data: str, out: str) -> list[str]:
    """The words of the command line, none of which a shell will read."""
    words = [*program, asked.kind]
    if asked.kind == "sft":
        words += ["--role", asked.role]
    words += ["--model", asked.model, "--data", data, "--out", out, "--preset", asked.preset]
    if asked.kind == "grpo":
        words += ["--painter", asked.painter, "--judge", asked.judge or (JUDGE if asked.painter == POCKET else asked.painter)]
        words += ["--reward", asked.reward] if asked.reward != "paper" else []
        words += ["--without", asked.without] if asked.without else []
    if asked.lora is not None:
        words.append("--lora" if asked.lora else "--no-lora")
    wanted = {"--epochs": asked.epochs, "--rate": asked.rate, "--steps": asked.steps, "--seed": asked.seed or None}
    return words + [word for name, value in wanted.items() if value is not None for word in (name, _figure(value))]


def _figure(value: float) -> str:
    """Exactly this number, as one would type it."""
    return str(value).removesuffix(".0")


class Launcher:
    """The runs of one folder. ``places`` are the folders that rows may be taken from."""

    def __init__(self, runs: Path, places: Sequence[Path], build: Builder = command_of, grace: float = GRACE) -> None:
        self.folder = runs
        self._places = (*places, runs)
        self._build = build
        self._grace = grace
        self._lock = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []

    # ------------------------------------------------------------ looks

    def runs(self) -> list[Run]:
        """All runs, the latest first."""
        self._reap()
        return find(self.folder)

    def run(self, id: str) -> Run:
        """The run of this name; ``NotFound`` if there is none: a name is looked for, never made a path of."""
        found = next((run for run in self.runs() if run.id == id), None)
        if found is None:
            raise NotFound("There is no such run (any more).")
        return found

    def offer(self) -> Offer:
        finished = [shown(run.folder) for run in self.runs() if run.state == "finished"]
        painters = tuple(_painters())
        return Offer(tuple(self._rows()), (POCKET, *finished), painters, (JUDGE, *painters))

    def free_name(self, wanted: str) -> str:
        """A name that no folder has, made of this one."""
        numbered = _NUMBERED.fullmatch(wanted)
        stem, number = (numbered[1], int(numbered[2])) if numbered else (wanted, 1)
        while (self.folder / f"{stem}-{number}").exists():
            number += 1
        return f"{stem}-{number}"

    def command(self, asked: Asked) -> str:
        """The command line that would be started, as one would type it. ``CommandError`` says why there is none."""
        self._check_new(asked)
        return shlex.join(self._words(asked, ["python", "-m", "train"]))

    # ------------------------------------------------------------ acts

    def start(self, asked: Asked) -> None:
        with self._lock:
            self._check_new(asked)
            words = self._words(asked, [sys.executable, "-m", "train"])
            try:
                (self.folder / asked.name).mkdir(parents=True)
            except OSError as error:
                raise CommandError("The run's folder can't be made: {why}.", why=error.strerror or error) from error
            try:
                self._begin(self.folder / asked.name, words, asked)
            except CommandError:
                shutil.rmtree(self.folder / asked.name)  # there is no run, and its name is free
                raise

    def resume(self, id: str) -> None:
        """The same command again, which goes on from the last checkpoint."""
        with self._lock:
            run = self.run(id)
            if run.started is None:
                raise CommandError("This run was started elsewhere: run its command again there.")
            if "resume" not in run.acts:
                raise CommandError("This run goes on already, or is finished.")
            asked = run.started.asked
            self._check(asked)
            self._begin(run.folder, self._words(asked, [sys.executable, "-m", "train"]), asked)

    def save(self, id: str) -> None:
        """Asks the run for a checkpoint after its step, from which it goes on."""
        with self._lock:
            run = self.run(id)
            if run.started is None:
                raise CommandError("This run was started elsewhere: ask for a checkpoint there.")
            if not run.started.lives:
                raise CommandError("This run has ended already.")
            if run.state == "stopping":
                raise CommandError("This run is stopping: it keeps its step anyway.")
            if not run.hears:
                raise CommandError("This run is still getting ready: ask again in a moment.")
            try:
                (run.folder / SAVE).touch()
            except OSError as error:
                raise CommandError("The run's folder can't be written: {why}.", why=error.strerror or error) from error

    def stop(self, id: str) -> None:
        """Asks the run to keep what it has after this step; asked again, or after a while, it is ended."""
        with self._lock:
            run = self.run(id)
            if run.started is None:
                raise CommandError("This run was started elsewhere: stop it there.")
            if not run.started.lives:
                raise CommandError("This run has ended already.")
            if run.started.stop_at is not None:
                _tell(run.started, signal.SIGTERM)
                return
            _keep(run.folder, run.started.model_copy(update={"stop_at": time.time()}))
            _tell(run.started, signal.SIGINT)
        patience = threading.Timer(self._grace, _tell, (run.started, signal.SIGTERM))
        patience.daemon = True  # a studio that is closed meanwhile leaves the run to finish its step
        patience.start()

    # ------------------------------------------------------------ inside

    def _begin(self, folder: Path, words: list[str], asked: Asked) -> None:
        (folder / SAVE).unlink(missing_ok=True)  # asked of a process that is gone
        with open(folder / LOG, "ab") as log:
            log.write(f"$ {shlex.join(self._words(asked, ['python', '-m', 'train']))}\n".encode())
            log.flush()
            try:
                child = subprocess.Popen(  # noqa: S603 the words are checked, and no shell reads them
                    words,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                )
            except OSError as error:
                raise CommandError("The training can't be started: {why}.", why=error.strerror or error) from error
        self._children.append(child)
        started = Started(asked=asked, pid=child.pid, born=machine.born(child.pid))
        try:
            _keep(folder, started)
        except OSError as error:
            _tell(started, signal.SIGTERM)  # nobody could stop it later
            raise CommandError("The run's folder can't be written: {why}.", why=error.strerror or error) from error

    def _words(self, asked: Asked, program: Sequence[str]) -> list[str]:
        return self._build(program, asked, asked.data, shown(self.folder / asked.name))

    def _check_new(self, asked: Asked) -> None:
        self._check(asked)
        if (self.folder / asked.name).exists():
            raise CommandError("There is a run of this name already: take another.")

    def _check(self, asked: Asked) -> None:
        stage = "critic_rl" if asked.kind == "grpo" else f"{asked.role}_sft"
        rows = next((rows for rows in self._rows() if rows.name == asked.data), None)
        if rows is None:
            raise CommandError("Choose a folder of curated rows.")
        if stage not in rows.stages:
            raise CommandError("This folder has no rows for this training: choose another folder, or another training.")
        if asked.kind == "grpo":
            _check_rewards(asked)
        if asked.model not in self.offer().models and (not _HUB.fullmatch(asked.model) or (ROOT / asked.model).exists()):
            raise CommandError("The model is pocket, a finished run, or a name on the hub, such as Qwen/Qwen3-VL-8B-Instruct.")

    def _rows(self) -> Iterator[Rows]:
        seen = set()
        for folder in sorted({folder for place in self._places for folder in _folders(place, DEEP)}):
            stages = tuple(stage for stage in STAGES if any((folder / stage).glob("train-*.parquet")))
            if stages and folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield Rows(shown(folder), stages)

    def _reap(self) -> None:
        """Takes note of children that have ended, which the system keeps until then."""
        self._children = [child for child in self._children if child.poll() is None]


def _painters() -> dict[str, str]:
    """The profiles whose painter can draw again, and its kind."""
    return {profile.name: profile.painter.kind for profile in available_profiles()}


def _check_rewards(asked: Asked) -> None:
    painters = _painters()
    if asked.painter not in painters:
        raise CommandError("Choose a painter that there is a profile of.")
    if asked.judge not in (None, JUDGE, *painters):
        raise CommandError("Choose a judge that there is a profile of.")
    if asked.judge == JUDGE and painters[asked.painter] != SCENE:
        raise CommandError("The exact judge can only score what the pocket painter draws: choose another judge.")


def shown(folder: Path) -> str:
    """A folder as the command names it: from where the command runs, if it is below."""
    whole = folder.resolve()
    return whole.relative_to(ROOT).as_posix() if whole.is_relative_to(ROOT) else str(whole)


def _folders(place: Path, deep: int) -> Iterator[Path]:
    """The folder and those below it; none that a link leads to, and no run's insides."""
    if not place.is_dir():
        return
    yield place
    if deep and not (place / STARTED).exists() and read_json(place / RUN).get("command") not in ("sft", "grpo"):
        with os.scandir(place) as inside:
            inner = [Path(entry) for entry in inside if entry.is_dir(follow_symlinks=False)]
        for folder in inner:
            yield from _folders(folder, deep - 1)


def _keep(folder: Path, started: Started) -> None:
    part = folder / f".{STARTED}.part"
    part.write_text(started.model_dump_json(indent=2) + "\n", encoding="utf-8")
    os.replace(part, folder / STARTED)


def _tell(started: Started, number: signal.Signals) -> None:
    """Sends the signal to the run's processes, if it is still the one that was started."""
    if started.lives:
        try:
            os.killpg(started.pid, number)
        except ProcessLookupError:  # it has just ended
            return
