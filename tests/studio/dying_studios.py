"""Whole studios, with their door, in processes of their own; started by ``test_drain``.

``python -m tests.studio.dying_studios`` reads a data folder, a port, the most seconds to drain, and the seconds that a piece of
a drawing takes from each line of its input, forks a child that is a studio there, and answers with the child's id, then with
how it ended. The child's stderr is the file ``log`` beside the data folder. A child ends after two minutes, whatever comes.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from core.settings import Settings
from studio import ui
from tests.studio.storybook import Storybook


def live(data: Path, port: int, drain: float, seconds: float) -> None:
    os.dup2(os.open(data.parent / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    book, slow = Storybook(side=64), Storybook(side=64, seconds=seconds)
    agents = replace(book.agents, painter=slow.agents.painter)
    ui.Models.agents = lambda models, profile: agents  # type: ignore[method-assign]
    settings = Settings(data=data, runs=data.parent / "runs", profile="pocket", port=port, drain_seconds=drain, log="json")
    ui.open_studio(settings)


def main() -> None:
    gc.freeze()  # a child that collects garbage would copy all that it shares with this process
    for line in sys.stdin:
        data, port, drain, seconds = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            signal.alarm(120)  # whatever becomes of the test, nothing is left of it
            live(Path(data), int(port), float(drain), float(seconds))
            sys.exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
