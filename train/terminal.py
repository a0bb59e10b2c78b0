"""What commands share: how they say how far they are and what went wrong, how Ctrl-C ends them, how they take a data folder."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ReadOnly, StudioError

if TYPE_CHECKING:
    from core.store import Store
    from train.doctor import Report

    Bar = Callable[[str], Callable[[int, int], None]]

INTERRUPTED = 130  # the exit status of a command that Ctrl-C ended

Data = Annotated[Path, typer.Option(help="Data folder: stories and their pictures.", show_default=False)]


def owned(data: Path) -> Store:
    """The data folder for writing; ``ReadOnly`` if another process has it. Where a new one's stories go, the environment says."""
    from core.store import Store, wanted_address

    store = Store(data, address=wanted_address(data))
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


@contextmanager
def bars() -> Iterator[Bar]:
    """Bars on stderr, one for each thing that is being done, for as long as the block takes."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:

        def bar(doing: str) -> Callable[[int, int], None]:
            task = progress.add_task(doing, total=None)
            return lambda done, of: progress.update(task, completed=done, total=of)

        yield bar


def show_report(report: Report) -> int:
    """Prints what the doctor found, and returns the exit status."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if report.faults:
        table = Table("Where", "What is wrong")
        for fault in report.faults:
            table.add_row(Text(fault.where), Text(fault.what))  # Text: what is quoted here is no markup
        console.print(table)
    faults = len(report.faults)
    verdict = f"{faults} {'fault' if faults == 1 else 'faults'}" if faults else "Healthy"
    console.print(f"{verdict}: {report.stories} stories, {report.facts} facts, {report.pictures} pictures.", highlight=False)
    if report.unnamed:
        console.print(f"{report.unnamed} of the pictures are in no story, which does no harm.", highlight=False)
    return 1 if report.faults else 0
