"""Makes exports one after the other in a thread of its own, and keeps their files for an hour. Knows no page and no route.

A file appears whole or not at all. What a killed process leaves in the folder, whole or not, the next start sweeps away, for
nobody knows its id any more.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Literal

from core.errors import Cancelled, CommandError, NotFound, Sentence, StudioError
from studio.export.formats import Maker
from studio.speech import later

log = logging.getLogger("studio.export")

State = Literal["waiting", "working", "done", "failed", "cancelled"]

_OURS = re.compile(r"[0-9a-f]{32}\..*")
PART = ".part"
BETWEEN_SWEEPS = 60.0  # seconds


@dataclass(frozen=True)
class Bounds:
    """How long a finished export is kept, in seconds; how many files are; and how many a person may have in work."""

    seconds: float = 3600.0
    files: int = 20
    each: int = 3
    waiting: int = 30


@dataclass(frozen=True)
class Job:
    """One export as it stands. ``path`` is the file once it is done, ``file_name`` what a browser calls it; ``since`` is
    when it got into this state, by the clock of its :class:`Exports`."""

    id: str
    story: str
    format: str
    owner: str
    state: State = "waiting"
    done: int = 0
    total: int = 0
    message: str = later("In line.")
    warnings: tuple[str, ...] = ()
    path: Path | None = None
    file_name: str = ""
    media_type: str = ""
    since: float = 0.0

    @property
    def ended(self) -> bool:
        return self.state not in ("waiting", "working")


@dataclass
class _Work:
    """What is asked for and made; only touched under the lock."""

    jobs: dict[str, Job] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    thread: Thread | None = None
    closing: bool = False


class Exports:
    """Exports of stories, for any number of threads. The folder must be this process's own."""

    def __init__(
        self,
        folder: Path,
        makers: Mapping[str, Maker],
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``makers`` make each format's file; they run in the exports' thread."""
        self.folder = folder
        self._makers = makers
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._asked: SimpleQueue[str] = SimpleQueue()
        self._work = _Work()
        self._lock = Lock()
        for stray in folder.iterdir() if folder.is_dir() else []:
            if _OURS.fullmatch(stray.name):
                _remove(stray)

    # ------------------------------------------------------------ for others

    def start(self, story: str, format: str, owner: str) -> str:
        """Begins an export; returns its id, which can't be guessed. ``CommandError`` if it can't be made, or not now."""
        if format not in self._makers:
            raise CommandError("There is no such format: choose one of {formats}.", formats=", ".join(self._makers))
        job = Job(secrets.token_hex(16), story, format, owner, since=self._clock())
        with self._lock:
            if self._work.closing:
                raise CommandError("The studio is closing: export the story when it is open again.")
            self._check_limits(owner)
            self._work.jobs[job.id] = job
            if self._work.thread is None:
                self._work.thread = Thread(target=self._run, name="exports", daemon=True)
                self._work.thread.start()
        self._asked.put(job.id)
        return job.id

    def status(self, job_id: str) -> Job:
        """An export as it stands; ``NotFound`` if there is none of this id, or no longer."""
        with self._lock:
            self._let_old_ones_go()
            return self._job(job_id)

    def cancel(self, job_id: str) -> Job:
        """Gives an export up. One that has ended stays as it is."""
        with self._lock:
            job = self._job(job_id)
            if job.state == "working":
                self._work.given_up.add(job_id)  # its thread sees it before the next page
            elif job.state == "waiting":
                job = self._put(job_id, state="cancelled", message="Cancelled.")
            return job

    def forget(self, owner: str) -> None:
        """Deletes all that somebody asked for, and gives up what is still to be made of it."""
        with self._lock:
            for job in [job for job in self._work.jobs.values() if job.owner == owner]:
                if job.state == "working":
                    self._work.given_up.add(job.id)
                    continue
                del self._work.jobs[job.id]
                if job.path:
                    _remove(job.path)

    def close(self, seconds: float = 30.0) -> None:
        """Gives up what is in work or in line, and ends the thread. Files stay until the next start."""
        with self._lock:
            self._work.closing = True
            thread = self._work.thread
            for job in list(self._work.jobs.values()):
                if job.state == "waiting":
                    self._put(job.id, state="cancelled", message="Cancelled.")
                elif job.state == "working":
                    self._work.given_up.add(job.id)
        self._asked.put("")
        if thread:
            thread.join(seconds)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            try:
                job_id = self._asked.get(timeout=BETWEEN_SWEEPS)
            except Empty:
                job_id = ""
            if self._work.closing:
                return
            with self._lock:
                job = self._work.jobs.get(job_id)
                waits = job is not None and job.state == "waiting"
                if waits:
                    job = self._put(job_id, state="working", message="Reading the story…")
            if job and waits:
                self._make(job)
            with self._lock:
                self._let_old_ones_go()

    def _make(self, job: Job) -> None:
        """Makes the file, whatever comes: a fault ends this export, not the thread."""
        part = self.folder / f"{job.id}{PART}"
        try:
            self._write(job, part)
        except Cancelled:
            self._end(job.id, "cancelled", later("Cancelled."))
        except StudioError as error:
            self._end(job.id, "failed", error.sentence)
        except OSError as error:
            self._end(job.id, "failed", _why_unwritable(error))
        except Exception as error:
            log.exception("Story %s can't be exported as %s.", job.story, job.format, extra={"story": job.story})
            why = Sentence("The export failed ({error}); the log says more.", error=type(error).__name__)
            self._end(job.id, "failed", why)
        finally:
            _remove(part)

    def _write(self, job: Job, part: Path) -> None:
        def report(done: int, total: int) -> None:
            with self._lock:
                self._check_wanted(job.id)
                message = Sentence("Making page {number} of {total}…", number=min(done + 1, total), total=total)
                self._put(job.id, done=done, total=total, message=message)

        self.folder.mkdir(parents=True, exist_ok=True)
        made = self._makers[job.format](job.story, part, report)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        path = self.folder / f"{job.id}{Path(made.file_name).suffix}"
        with self._lock:  # a cancel comes before this, and there is no file, or after, and it is too late
            self._check_wanted(job.id)
            os.replace(part, path)
            self._put(job.id, state="done", path=path, message="Your file is ready.", **asdict(made))

    def _end(self, job_id: str, state: State, message: str) -> None:
        with self._lock:
            self._put(job_id, state=state, message=message)

    # ------------------------------------------------------------ under the lock

    def _job(self, job_id: str) -> Job:
        job = self._work.jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such export any more: export the story again.")
        return job

    def _put(self, job_id: str, **what: object) -> Job:
        job = replace(self._work.jobs[job_id], since=self._clock(), **what)  # type: ignore[arg-type]
        self._work.jobs[job_id] = job
        return job

    def _check_wanted(self, job_id: str) -> None:
        if job_id in self._work.given_up:
            raise Cancelled("This export was given up.")

    def _check_limits(self, owner: str) -> None:
        waiting = [job for job in self._work.jobs.values() if not job.ended]
        if sum(job.owner == owner for job in waiting) >= self._bounds.each:
            raise CommandError(
                "You have {count} exports in work: wait until one is ready, or cancel it.", count=self._bounds.each
            )
        if len(waiting) >= self._bounds.waiting:
            raise CommandError("The studio has too many exports in work: try again in a minute.")

    def _let_old_ones_go(self) -> None:
        """Forgets exports that ended too long ago, and the oldest where there are too many files."""
        ended = sorted((job for job in self._work.jobs.values() if job.ended), key=lambda job: -job.since)
        now, files = self._clock(), 0
        for job in ended:
            files += job.path is not None
            too_many = job.path is not None and files > self._bounds.files
            if too_many or now - job.since > self._bounds.seconds:
                del self._work.jobs[job.id]
                self._work.given_up.discard(job.id)
                if job.path:
                    _remove(job.path)


def _remove(path: Path) -> None:
    if path.is_dir():  # where a format had its parts
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _why_unwritable(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return later("The disk is full: free some space, then export again.")
    return Sentence("The file cannot be written: {why}.", why=error.strerror or error)
