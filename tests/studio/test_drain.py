"""Laws of closing: what is in flight ends and is kept, nothing more begins, nobody waits for ever, and stories go on later."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from core.commands import Open, Pause
from core.ports import Agents
from core.store import Store
from core.types import Request
from studio.closing import hold_open, listening
from studio.visitors import OWNER
from tests.studio.open_studio import free_port
from tests.studio.storybook import REQUEST, House, Storybook, until
from tests.studio.test_worker import CAT, drawn, held, kinds

ROOT = Path(__file__).parents[2]


# ---------------------------------------------------------------- the worker


def draining(house: House, seconds: float = 20.0) -> tuple[Thread, list[bool]]:
    """Drains the house in a thread of its own, once that has begun; what came of it."""
    ended = list[bool]()
    thread = Thread(target=lambda: ended.append(house.worker.drain(seconds)))
    thread.start()
    until(lambda: house.worker.mood.kind == "closing")
    return thread, ended


def test_a_drain_lets_the_call_in_flight_end_and_begins_no_other(tmp_path: Path) -> None:
    first, second = Storybook(side=64), Storybook(side=64)
    hold = held(first)
    with House(tmp_path, first.agents) as house:
        story, other = house.open(), house.open("Another story")
        house.controller.start()
        assert hold.here.wait(20)
        thread, ended = draining(house)
        late = house.open("A third story")
        hold.go.set()
        thread.join(20)
        assert ended == [True]
        assert kinds(house, story) == ["opened", "planned", "drawn"], "it is not judged any more"
        assert (kinds(house, other), kinds(house, late)) == (["opened", "planned"], ["opened"])
        assert house.worker.close(20)
    with House(tmp_path, second.agents) as house:
        house.controller.start()
        for each in (story, other, late):
            house.rest(each)
        assert (first.drawn, second.drawn.count(CAT)) == ([CAT], 2), "what was kept is not drawn again"
        assert drawn(house, story)[0] == CAT
        assert house.store.audit(story).faults == ()


def test_pages_say_that_the_studio_closes_and_go_on_saying_what_is_done(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story, other, resting = house.open(), house.open("Another story"), house.open("A paused story")
        house.send(resting, Pause())
        assert hold.here.wait(20)
        before = house.controller.look(other, "", OWNER)
        thread, _ = draining(house)

        def said(of: str) -> str:
            return house.controller.view(of, live=True).header.status.sentence

        assert said(story).startswith("The studio is closing after this call. Drawing step 1")
        assert said(other) == "The studio is closing; your story goes on when it opens again."
        assert said(resting) == "Paused. Nothing is lost; go on whenever you like."
        assert before is not None
        news = house.controller.look(other, before["version"], OWNER)
        assert news is not None, "a page that is open hears of it"
        assert "The studio is closing; your story goes on when it opens again." in news["parts"]["header"]
        hold.go.set()
        thread.join(20)


def test_a_drain_waits_no_longer_than_it_is_told_to_and_what_it_gave_up_left_no_fact(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        assert hold.here.wait(20)
        assert house.worker.drain(0.05) is False
        assert house.worker.close(0.05) is False
        hold.go.set()
        assert house.worker.close(20)
        assert kinds(house, story) == ["opened", "planned"]


class Loading(House):
    """A house whose models are being loaded until ``go`` is set."""

    go, begun = Event(), Event()

    def _load(self, profile: str) -> Agents:
        self.begun.set()
        assert self.go.wait(20)
        return super()._load(profile)


def test_models_that_are_being_loaded_are_not_waited_for_and_are_asked_nothing(tmp_path: Path) -> None:
    with Loading(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        story = house.open()
        assert house.begun.wait(20)
        assert house.worker.drain(3600), "there is no call to wait for"
        house.go.set()
        assert house.worker.close(20)
        assert kinds(house, story) == ["opened"]


def test_a_studio_with_nothing_to_do_drains_at_once_and_takes_up_nothing_more(tmp_path: Path) -> None:
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        until(lambda: house.worker.mood.kind == "resting")
        assert house.worker.drain(3600)
        story = house.open()
        assert house.worker.close(20)
        assert (kinds(house, story), house.loads) == (["opened"], 0)


def test_a_signal_that_comes_before_the_studio_waits_for_one_is_heard(tmp_path: Path) -> None:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        try:
            told = listening()
            os.kill(os.getpid(), signal.SIGTERM)
            hold_open(told, lambda: True, house.worker, 20)  # else it would never return
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        story = house.open()
        assert house.worker.close(20)
        assert kinds(house, story) == ["opened"], "nothing is taken up any more"


# ---------------------------------------------------------------- the process


class Studios:
    """Opens studios in processes of their own, one at a time, each with one story to tell. Waits for nothing for ever."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.studio.dying_studios"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    @contextmanager
    def drawing(self, folder: Path, drain: float, seconds: float) -> Iterator[Opened]:
        """One over ``folder``/data whose painter has begun to draw; it is gone when the block ends."""
        folder.mkdir()
        with Store(folder / "data") as store:
            store.create(Open(request=Request(text=REQUEST), profile="pocket"))
        port = free_port()
        assert self._parent.stdin
        self._parent.stdin.write(f"{folder / 'data'}\t{port}\t{drain}\t{seconds}\n".encode())
        opened = Opened(folder, port, int(self._read()), self._read)
        try:
            until(lambda: any((line["event"], line.get("stage")) == ("began", "painter") for line in opened.lines()))
            until(lambda: any(line["event"] == "opened" for line in opened.lines()))
            yield opened
        finally:
            if opened.ended is None:
                opened.signal(signal.SIGKILL)
                opened.end()

    def close(self) -> None:
        self._parent.kill()
        self._parent.communicate()

    def _read(self) -> str:
        assert self._parent.stdout
        assert select.select([self._parent.stdout], [], [], 30)[0], "no answer"
        return self._parent.stdout.readline().decode()


@dataclass
class Opened:
    """A studio in a process of its own."""

    folder: Path
    port: int
    child: int
    answer: Callable[[], str]
    ended: int | None = None

    def signal(self, number: int) -> None:
        os.kill(self.child, number)

    def end(self) -> int:
        """How it ended: an exit status, or the negative number of a signal."""
        self.ended = int(self.answer())
        return self.ended

    def lines(self) -> list[dict[str, Any]]:
        """All of stderr so far, every line of which must be JSON."""
        log = self.folder / "log"
        return [json.loads(line) for line in log.read_text().split("\n")[:-1]] if log.exists() else []

    def health(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
            return str(json.load(answer)["status"])

    def facts(self) -> list[str]:
        with Store(self.folder / "data", write=False) as store:
            return [event.kind for event in store.events(store.ids()[0])]


@pytest.fixture(scope="module")
def studios() -> Iterator[Studios]:
    started = Studios()
    yield started
    started.close()


def test_told_to_end_a_studio_keeps_what_is_in_flight_answers_meanwhile_and_exits_in_order(
    studios: Studios, tmp_path: Path
) -> None:
    with studios.drawing(tmp_path / "one", drain=30, seconds=0.25) as studio:
        assert studio.health() == "ok"
        studio.signal(signal.SIGTERM)
        until(lambda: studio.health() == "draining")
        assert studio.end() == 0
        assert studio.facts() == ["opened", "planned", "drawn"]
        assert [line["event"] for line in studio.lines()][-3:] == ["closing", "drawn", "drained"]


def test_a_call_that_takes_too_long_is_given_up_and_the_studio_still_exits_in_order(studios: Studios, tmp_path: Path) -> None:
    with studios.drawing(tmp_path / "two", drain=0.1, seconds=60) as studio:
        studio.signal(signal.SIGTERM)
        assert studio.end() == 0
        assert studio.facts() == ["opened", "planned"]
        assert [line["event"] for line in studio.lines()][-2:] == ["closing", "given_up"]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl+C"])
def test_told_twice_a_studio_ends_at_once(studios: Studios, tmp_path: Path, second: signal.Signals) -> None:
    with studios.drawing(tmp_path / "three", drain=3600, seconds=60) as studio:
        studio.signal(signal.SIGTERM)
        until(lambda: studio.lines()[-1]["event"] == "closing")
        studio.signal(second)
        assert studio.end() == -second
        assert studio.facts() == ["opened", "planned"]
