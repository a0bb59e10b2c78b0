"""Whatever fails, wherever, and however often the process dies: what was acknowledged stays, and every story goes on.

A state machine drives the real store, engine and backup by random commands, faults and restarts. Beside it stands what it was
told: the facts of each story that somebody has seen, and which stories are starred or deleted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule

from core import events
from core.backends.fake import Conduct
from core.commands import Command, Resume
from core.engine import perform
from core.errors import CommandError, NotFound, StoreError, WriteConflict
from core.events import Event, Failed, made_by_person
from core.policy import Rest, next_task
from core.ports import Agents
from core.scheduler import Notice, Scheduler
from core.store import Store
from core.store.backup import back_up, lacking, manifest_of, viewed
from core.story import Story
from core.trajectory import fold
from tests.core.faults import KINDS, LOST, Fault, Killed, Seam, seamed
from tests.core.telling import ASKED, agents, untimed
from tests.core.wishes import commands
from train.doctor import examine

#: Faults come early as often as late, and sometimes not at all.
faults = st.none() | st.builds(Fault, at=st.integers(1, 12) | st.integers(1, 90), what=st.sampled_from(KINDS))


FEW = 3  # stories in one folder: each is told to its end, which takes most of the time


class Clock(datetime):
    """The machine's clock, which somebody may set."""

    off = timedelta()

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + cls.off


class Faults(RuleBasedStateMachine):
    """One data folder, its backup, and what people were told of it."""

    stories: Bundle[str] = Bundle("stories")

    def __init__(self) -> None:
        super().__init__()
        self._made = tempfile.TemporaryDirectory()
        top = Path(self._made.name).resolve()
        (top / "a").mkdir()
        self._patches = [seamed(Seam(top / "a", top / "b")), patch.object(events, "datetime", Clock)]
        self.seam: Seam = self._patches[0].__enter__()  # type: ignore[assignment]
        self._patches[1].__enter__()
        Clock.off = timedelta()
        self.agents: Agents = agents(steps=2, conduct=Conduct(deltas=1, hook=lambda _: self.seam.passing("model", lambda: None)))
        self.store = Store(self.data)
        self.told: dict[str, list[Event]] = {}
        self.backed_up = False

    def teardown(self) -> None:
        try:
            self.everything_ends()
        finally:
            self.store.close()
            for patched in reversed(self._patches):
                patched.__exit__(None, None, None)
            self._made.cleanup()

    @property
    def data(self) -> Path:
        return self.seam.root / "data"

    # ------------------------------------------------------------ what happens

    @initialize(target=stories)
    def first(self) -> str:
        story = self.store.create(ASKED)
        self.told[story.id] = self.store.events(story.id)
        return story.id

    @precondition(lambda self: len(self.told) < FEW)
    @rule(target=stories, fault=faults)
    def open(self, fault: Fault | None) -> Any:
        made = self.attempted(fault, lambda: self.store.create(ASKED))
        if isinstance(made, Story):
            self.told[made.id] = self.store.events(made.id)
        self.check()
        return made.id if isinstance(made, Story) else multiple()

    @precondition(lambda self: len(self.told) < FEW)
    @rule(target=stories, trunk=stories, fault=faults)
    def branch(self, trunk: str, fault: Fault | None) -> Any:
        made = self.attempted(fault, lambda: self.store.branch(trunk, "person:local"))
        if isinstance(made, Story):
            self.told[made.id] = self.store.events(made.id)
            assert self.told[made.id][:-1] == self.told[trunk]
        self.check()
        return made.id if isinstance(made, Story) else multiple()

    @rule(fault=faults, rounds=st.integers(1, 6))
    def tell(self, fault: Fault | None, rounds: int) -> None:
        """One call after another, as the studio's worker makes them, until something refuses."""

        def calls() -> None:
            scheduler = Scheduler(self.agents, self.store.images, batch=2)
            for story_id in self.store.unfinished():
                scheduler.add(self.store.open_story(story_id))
            for _ in range(rounds):
                for notice in scheduler.round():
                    self.hear(notice)

        self.attempted(fault, calls)
        self.check()

    @rule(story=stories, command=commands, fault=faults)
    def wish(self, story: str, command: Command, fault: Fault | None) -> None:
        def send() -> None:
            with suppress(CommandError):
                self.told[story].extend(self.store.open_story(story).send(command))

        self.attempted(fault, send)
        self.check()

    @rule(story=stories, mark=st.sampled_from(["star", "unstar"]), fault=faults)
    def mark(self, story: str, mark: str, fault: Fault | None) -> None:
        before = self.store.card(story).starred
        self.attempted(fault, lambda: self.store.star(story, mark == "star"))
        starred = self.store.card(story).starred
        assert starred == (mark == "star") or (self.seam.struck and starred == before)
        self.check()

    @rule(story=stories, fault=faults)
    def delete(self, story: str, fault: Fault | None) -> None:
        """Deleted and brought back: in between it is there for nobody, and nothing of it is lost."""
        self.attempted(fault, lambda: self.store.delete(story))
        with suppress(NotFound):
            self.store.events(story)
            assert self.seam.struck, "it is deleted"
        self.store.restore(story)
        self.check()

    @rule(fault=faults)
    def restart(self, fault: Fault | None) -> None:
        """Whatever the opening meets, the folder is as it was, and the next opening finds it."""
        self.store.close()
        opened = self.attempted(fault, lambda: Store(self.data))
        if isinstance(opened, Store):
            opened.close()
        self.store.close()
        self.store = Store(self.data)
        self.check()

    @rule(fault=faults)
    def backup(self, fault: Fault | None) -> None:
        self.backed_up |= self.attempted(fault, lambda: back_up(self.store, self.seam.root / "backup")) is not None
        if not self.backed_up and not (self.seam.root / "backup" / "backup.json").exists():
            assert self.seam.struck
            return
        manifest = manifest_of(self.seam.root / "backup")
        with viewed(self.seam.root / "backup", manifest) as folder:
            assert examine(folder).faults == ()
        assert lacking(self.seam.root / "backup", manifest) == []

    @rule(hours=st.integers(-50, 50))
    def clock(self, hours: int) -> None:
        """Somebody sets the clock."""
        Clock.off = timedelta(hours=hours)

    # ------------------------------------------------------------ what must hold

    def attempted(self, fault: Fault | None, act: Callable[[], Any]) -> Any:
        """Does it under the fault. What is refused is refused in a sentence; after a death the next process takes over."""
        try:
            with self.seam.watching(fault):
                return act()
        except StoreError as refused:
            assert self.seam.struck, f"nothing had failed, and yet: {refused}"
            assert str(refused).endswith((".", "!"))
            return None
        except RuntimeError:
            assert self.seam.struck == "model", "our own faults come from nowhere else"
            return None
        except Killed:
            self.store.close()
            self.seam.revive()
            self.store = Store(self.data)
            return None

    def hear(self, notice: Notice) -> None:
        if isinstance(notice.what, events.Fact):
            self.told[notice.story_id].append(notice.what)  # type: ignore[arg-type]

    def check(self) -> None:
        """What was told is there; nothing else is, but what a death or a lost answer kept from being told."""
        assert self.store.read_only == ""
        may_be_more = self.seam.fault is not None and self.seam.fault.what in ("killed after", "power cut", LOST)
        for story_id in self.store.ids():
            there = self.store.events(story_id)
            told = self.told.get(story_id, [])
            assert there[: len(told)] == told
            if len(there) > len(told):
                assert self.seam.struck
                assert may_be_more
                self.told[story_id] = there
            with suppress(WriteConflict):
                assert self.store.open_story(story_id).trajectory == fold(there)
        assert self.told.keys() <= set(self.store.ids())
        if self.seam.struck:
            assert examine(self.data).faults == ()

    def everything_ends(self) -> None:
        """Every story can be told to its end; each fact of a model is the one that follows from the facts before it."""
        for story_id in self.store.ids():
            story = self.store.open_story(story_id)
            if isinstance(next_task(story.trajectory), Rest):
                story.send(Resume())
        scheduler = Scheduler(agents(steps=2), self.store.images)
        for story_id in self.store.unfinished():
            scheduler.add(self.store.open_story(story_id))
        while list(scheduler.round()):
            pass
        for story_id in self.store.ids():
            rest = next_task(self.store.open_story(story_id).trajectory)
            assert isinstance(rest, Rest)
            assert rest.reason == "done"
            self.is_as_if_nothing_had_happened(self.store.events(story_id))
        assert examine(self.data).faults == ()

    def is_as_if_nothing_had_happened(self, there: list[Event]) -> None:
        for number, event in enumerate(there):
            if isinstance(event, Failed) or made_by_person(event) or not number:
                continue
            before = fold(there[:number])
            task = next_task(before)
            assert not isinstance(task, Rest)
            (again,) = _returned(perform([(before, task)], agents(steps=2), self.store.images))
            assert untimed([again]) == untimed([event])


def _returned(stream: Any) -> Any:
    while True:
        try:
            next(stream)
        except StopIteration as done:
            return done.value


TestFaults = Faults.TestCase
TestFaults.settings = settings(
    max_examples=10, stateful_step_count=8, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
