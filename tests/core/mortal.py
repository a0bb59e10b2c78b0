"""A process that tells a story and dies by ``kill -9`` at a given stage; started by ``test_kill``.

``python -m tests.core.mortal`` reads a folder and a stage from each line of its input, forks a child that tells the folder's
story and kills itself when it reaches that stage (0: never), and answers with the child's id, then with how it ended. The
folder's ``stages`` and ``calls`` files say what the children came through; they survive a kill, for the kernel has them.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from core.backends.fake import Conduct, plan_of, scripted_agents, tiles
from core.errors import NotFound
from core.ports import Agents
from core.scheduler import run
from core.store import Store
from core.story import Story
from tests.core.telling import ASKED, strict

STORY = "thestoryitis"


def note(file: Path, line: str) -> None:
    with open(file, "a", encoding="utf-8") as opened:
        opened.write(line + "\n")


def noted(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def logged_agents(folder: Path, conduct: Conduct | None = None) -> Agents:
    """Scripted agents that note each call when it begins."""
    calls = folder / "calls"

    def called(kind: str, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answering(case: Any) -> Any:
            note(calls, f"{kind} {case.seed}")
            return answer(case)

        return answering

    plans, pictures = called("plan", lambda _: plan_of(2)), called("draw", tiles)
    return scripted_agents(plans, pictures, called("judge", strict), conduct)


def story_in(store: Store) -> Story:
    try:
        return store.open_story(STORY)
    except NotFound:
        return store.create(ASKED, story_id=STORY)


def live(folder: Path, fatal: int, seconds: float = 0.0) -> None:
    """Tells the story, passing a stage before and after everything that lasts."""
    passed = 0

    def stage(name: str) -> None:
        nonlocal passed
        passed += 1
        note(folder / "stages", name)
        if passed == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def staged(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*args: Any) -> Any:
            stage(f"before {name}")
            done = call(*args)
            stage(f"after {name}")
            return done

        return calling

    os.fsync, os.replace = staged("fsync", os.fsync), staged("rename", os.replace)
    with Store(folder / "data") as store:
        store.append = staged("append", store.append)  # type: ignore[method-assign]
        event.listen(store.database.engine, "commit", lambda _: stage("before commit"))
        agents = logged_agents(folder, Conduct(deltas=1, seconds=seconds, hook=lambda delta: stage(type(delta).__name__)))
        for notice in run(story_in(store), agents, store.images):
            stage(f"seen {type(notice.what).__name__}")


def main() -> None:
    gc.freeze()  # a child that collects garbage would copy all that it shares with this process
    for line in sys.stdin:
        folder, fatal, seconds = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            live(Path(folder), int(fatal), float(seconds))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
