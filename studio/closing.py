"""Holds the studio open until it is told to close, and closes it in order.

By Ctrl+C the call in flight is given up. By SIGTERM, as service managers send it, the call in flight ends first and is kept, and
pages say meanwhile that the studio is closing. Either signal after that ends the process at once. Whatever ends it, stories go
on when it opens again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from studio.logs import tell
from studio.worker import Worker

BETWEEN_LOOKS = 0.1  # seconds


class Told:
    """Whether SIGTERM came. It is only noted, for whoever handles a signal may be in the middle of anything."""

    gently = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        self.gently = True
        _die_of_the_next()


def listening() -> Told:
    """Hears SIGTERM from now on: to be called before anybody is told that the studio is open."""
    told = Told()
    signal.signal(signal.SIGTERM, told.hear)
    return told


def hold_open(told: Told, is_open: Callable[[], bool], worker: Worker, seconds: float) -> None:
    """Returns when the studio has to close; after SIGTERM, with the call in flight kept if it took no longer than ``seconds``."""
    try:
        while is_open() and not told.gently:
            time.sleep(BETWEEN_LOOKS)
        if told.gently:
            _drain(worker, seconds)
    except KeyboardInterrupt:
        print("Closing.", flush=True)
    _die_of_the_next()


def leave(worker: Worker) -> None:
    """Ends the process, where a model's call can't be given up, as while a large model draws: Python would wait for it, or crash
    over it. The call left no fact, and all that did is durable."""
    if not worker.close(seconds=0):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _drain(worker: Worker, seconds: float) -> None:
    print(f"Closing. The call in flight has {seconds:g} seconds to end; Ctrl+C, or a second signal, ends it now.", flush=True)
    began = time.monotonic()
    tell("closing", wait=seconds)
    ended = worker.drain(seconds)
    tell("drained" if ended else "given_up", seconds=round(time.monotonic() - began, 3))


def _die_of_the_next() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
