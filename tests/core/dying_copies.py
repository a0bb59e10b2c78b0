"""Backups and restores that die by ``kill -9`` at each stage; started by ``test_backup``.

``python -m tests.core.dying_copies FOLDER`` copies ``FOLDER/data`` and its earlier backup ``FOLDER/before`` once for each stage,
forks a child that makes the next backup there and kills itself at that stage, and prints how each of them ended. A stage is
before anything that lasts. With a second word, ``restore``, the children restore ``FOLDER/before``.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.store import Store
from core.store.backup import back_up, manifest_of, restoring

MOST = 200


def live(fatal: int, act: Callable[[], None]) -> None:
    passed = 0

    def stage() -> None:
        nonlocal passed
        passed += 1
        if passed == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def staged(call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*args: Any, **kwargs: Any) -> Any:
            stage()
            return call(*args, **kwargs)

        return calling

    os.fsync, os.replace, os.rename = staged(os.fsync), staged(os.replace), staged(os.rename)
    act()


def act_in(folder: Path, number: int, restores: bool) -> Callable[[], None]:
    def back() -> None:
        with Store(folder / "data", write=False) as store:
            back_up(store, folder / f"back{number}")

    def fetch() -> None:
        with restoring(folder / "before", manifest_of(folder / "before"), folder / f"new{number}"):
            pass

    if not restores:
        shutil.copytree(folder / "before", folder / f"back{number}")
    return fetch if restores else back


def main(folder: Path, restores: bool) -> None:
    for number in range(1, MOST):
        act = act_in(folder, number, restores)
        child = os.fork()
        if child == 0:
            live(number, act)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(ended)
        if ended == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), "restore" in sys.argv[2:])
