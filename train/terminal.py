"""What commands share: how they say what went wrong, how Ctrl-C ends them, and how they take a data folder."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ReadOnly, StudioError

if TYPE_CHECKING:
    from core.store import Store

INTERRUPTED = 130  # the exit status of a command that Ctrl-C ended

Data = Annotated[Path, typer.Option(help="Data folder: stories and their pictures.", show_default=False)]


def owned(data: Path) -> Store:
    """The data folder for writing; ``ReadOnly`` if another process has it."""
    from core.store import Store

    store = Store(data)
    if store.read_only:
        why = store.read_only
        store.close()
        raise ReadOnly(why)
    return store


@contextmanager
def plainly() -> Iterator[None]:
    """What a person can mend is said in one sentence; only our own faults show where they happened."""
    try:
        yield
    except StudioError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from error


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """The first Ctrl-C sets the event, so that the call in flight is given up in order; a second one ends everything at once."""
    stop = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
