"""Makes everything that lasts, and every call of a model, fail or be the last thing that a process does. Used by tests only.

A :class:`Seam` stands between the code and the disk, SQLite and the models. Whatever passes it is a point; a :class:`Fault`
says at which point from now on what happens. A death copies the folder as it is at that moment, as the kernel would have it
after ``kill -9``, and lets nothing pass any more: what the dead process still tries changes only a folder that nobody reads.
After a power cut, names and contents that were never flushed are gone from the copy, too; SQLite's own files are believed.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from core.errors import DrawError, OutOfMemory, ReplyError, Unreachable

T = TypeVar("T")

#: What the disk, SQLite and a model say; a model that raises what is no ``AgentError`` is a fault of ours.
REFUSALS: dict[str, tuple[int, int, Exception]] = {
    "full": (errno.ENOSPC, sqlite3.SQLITE_FULL, OutOfMemory("The accelerator's memory did not suffice.")),
    "broken": (errno.EIO, sqlite3.SQLITE_IOERR_FSYNC, DrawError("The picture is not finite.")),
    "read-only": (errno.EROFS, sqlite3.SQLITE_READONLY, ReplyError("Nothing can be read out of the reply.")),
    "no more files": (errno.EMFILE, sqlite3.SQLITE_CANTOPEN, Unreachable("The server broke off.")),
    "locked": (errno.EAGAIN, sqlite3.SQLITE_BUSY, Unreachable("The server did not answer in time.")),
    "corrupt": (errno.EIO, sqlite3.SQLITE_CORRUPT, RuntimeError("index 7 is out of bounds")),
}
DEATHS = ("killed before", "killed after", "power cut")
LOST = "answer lost"  # a commit came to pass, and its writer is told that it did not
KINDS = (*REFUSALS, *DEATHS, LOST)


class Killed(BaseException):
    """The process ended here. No ``except`` of the code's own may make anything of it, for it can change nothing any more."""


@dataclass(frozen=True)
class Fault:
    """``what`` happens at the point number ``at`` from now on, counted from 1; of those ``among`` some kinds, if any are named.

    A ``lasting`` one is there at each such point after it, too, until it is taken away.
    """

    at: int
    what: str
    among: tuple[str, ...] = ()
    lasting: bool = False


@dataclass
class Seam:
    """What is below ``root`` is watched; ``image`` is where its copy goes when the process dies."""

    root: Path
    image: Path
    fault: Fault | None = None
    passed: list[str] = field(default_factory=list)
    struck: str = ""  # the point at which the fault happened
    dead: bool = False
    _watching: bool = False
    _names: set[str] = field(default_factory=set)  # that no flush of their folder has made durable
    _contents: set[str] = field(default_factory=set)  # that were named without being flushed
    _flushed: set[str] = field(default_factory=set)

    @contextmanager
    def watching(self, fault: Fault | None) -> Iterator[None]:
        """Within the block everything passes the seam, and the fault happens if its point is reached."""
        self.fault, self.passed, self.struck, self._watching = fault, [], "", True
        try:
            yield
        finally:
            self._watching = False

    def passing(self, point: str, act: Callable[[], T], partly: Callable[[], object] = lambda: None) -> T:
        """Does what is asked for, unless the fault is here; ``partly`` is what may have happened of it when it fails."""
        if not self._watching:
            return act()
        if self.dead:
            raise Killed
        here = self._here(point)
        if not here:
            return act()
        if here == LOST and point != "commit":
            return act()
        self.struck = point
        if here in REFUSALS:
            partly()
            raise _refusal(point, here)
        if here == "killed before":
            partly()
        else:
            act()
        if here == LOST:
            raise _refusal(point, "broken")
        self._copy(power=here == "power cut")
        raise Killed

    def _here(self, point: str) -> str:
        """What happens at this point, if anything."""
        fault = self.fault
        if fault is None or (fault.among and point not in fault.among):
            return ""
        self.passed.append(point)
        return fault.what if len(self.passed) == fault.at or (fault.lasting and len(self.passed) > fault.at) else ""

    def _copy(self, power: bool) -> None:
        self._watching = False
        shutil.copytree(self.root, self.image)
        if power:
            self._lose()
        self._watching = self.dead = True

    def _lose(self) -> None:
        for name in self._names | self._contents:
            lost = self.image / Path(name).relative_to(self.root)
            if lost.is_dir():
                shutil.rmtree(lost)
            elif name in self._names:
                lost.unlink(missing_ok=True)
            elif lost.exists():
                os.truncate(lost, 0)

    def revive(self) -> None:
        """From here on the copy is the folder, as the next process finds it."""
        self.root, self.image = self.image, self.image.with_name(f"{self.image.name}+")
        self.dead = False
        self._names, self._contents, self._flushed = set(), set(), set()

    def is_ours(self, path: object) -> bool:
        return isinstance(path, str | os.PathLike) and Path(path).is_relative_to(self.root)

    # ------------------------------------------------------------ what the disk learns

    def replaced(self, source: object, target: object) -> None:
        self._names.add(str(target))
        (self._contents.discard if str(source) in self._flushed else self._contents.add)(str(target))

    def made(self, folder: object) -> None:
        self._names.add(str(folder))

    def flushed(self, descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        self._flushed.add(path)
        self._contents.discard(path)
        self._names = {name for name in self._names if os.path.dirname(name) != path}


def _refusal(point: str, what: str) -> Exception:
    number, code, of_model = REFUSALS[what]
    if point == "model":
        return of_model
    if point in ("sql", "commit", "connect"):
        error = (sqlite3.DatabaseError if code == sqlite3.SQLITE_CORRUPT else sqlite3.OperationalError)(f"said to be {what}")
        error.sqlite_errorcode = code
        return error
    return OSError(number, os.strerror(number))


class _Writing:
    """A file that is being written; what a failed write leaves of its bytes is their first half."""

    def __init__(self, file: Any, seam: Seam) -> None:
        self._file = file
        self._seam = seam

    def write(self, data: bytes) -> int:
        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        return self._seam.passing("write", lambda: self._file.write(data), half)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def seamed(seam: Seam) -> Iterator[Seam]:
    """Puts the seam in place: only what is below its root, and every SQLite connection, passes it."""

    def whole(name: str, call: Callable[..., Any], then: Callable[..., None] = lambda *_: None) -> Callable[..., Any]:
        def calling(*args: Any, **kwargs: Any) -> Any:
            if not seam.is_ours(args[0]):
                return call(*args, **kwargs)

            def act() -> Any:
                done = call(*args, **kwargs)
                then(*args[:2])
                return done

            return seam.passing(name, act)

        return calling

    original, flush, connect = builtins.open, os.fsync, sqlite3.connect

    def opening(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if not seam.is_ours(file):
            return original(file, mode, *args, **kwargs)
        opened = seam.passing("open", lambda: original(file, mode, *args, **kwargs))
        return _Writing(opened, seam) if "b" in mode and set(mode) & set("wxa+") else opened

    def flushing(descriptor: int) -> None:
        def act() -> None:
            flush(descriptor)
            seam.flushed(descriptor)

        seam.passing("fsync", act)

    class Cursor(sqlite3.Cursor):
        def execute(self, *args: Any) -> Any:
            return seam.passing("sql", lambda: super(Cursor, self).execute(*args))

        def executemany(self, *args: Any) -> Any:
            return seam.passing("sql", lambda: super(Cursor, self).executemany(*args))

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        seen = 0

        def commit(self) -> None:
            """What only read ends in a commit, too, at which nothing is written."""
            if self.in_transaction:
                wrote, self.seen = self.total_changes != self.seen, self.total_changes
                seam.passing("commit" if wrote else "sql", super().commit)

    def connecting(*args: Any, **kwargs: Any) -> Any:
        return seam.passing("connect", lambda: connect(*args, **{"factory": Connection, **kwargs}))

    with ExitStack() as stack:
        for owner, name, call in (
            (builtins, "open", opening),
            (io, "open", opening),  # as pathlib opens
            (sqlite3, "connect", connecting),
            (os, "open", whole("open", os.open)),
            (os, "fsync", flushing),
            (os, "replace", whole("replace", os.replace, seam.replaced)),
            (os, "rename", whole("replace", os.rename, seam.replaced)),
            (os, "mkdir", whole("mkdir", os.mkdir, lambda folder, *_: seam.made(folder))),
            (os, "unlink", whole("unlink", os.unlink)),
        ):
            stack.enter_context(patch.object(owner, name, call))
        yield seam
