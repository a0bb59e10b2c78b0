"""A live story whose facts others may record, too: wishes and models' facts are held against what it is by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from core.commands import Pause, Rename
from core.errors import WriteConflict
from core.events import Event
from core.scheduler import Ended, Notice, run
from core.story import Story
from core.trajectory import Trajectory
from tests.core.telling import ASKED, Memory, agents, tell


@dataclass
class Log:
    """The facts of one story, for any number of live ones."""

    facts: list[Event] = field(default_factory=list)

    def append(self, story_id: str, seq: int, events: Sequence[Event], trajectory: Trajectory) -> None:
        if seq != len(self.facts):
            raise WriteConflict("Somebody else was first.")
        self.facts += events

    def live(self) -> Story:
        story = Story("thestory0001", sink=self.append, source=lambda _, length: self.facts[length:])
        story.catch_up()
        return story


def two() -> tuple[Log, Story, Story]:
    log = Log()
    first = Story("thestory0001", sink=log.append, source=lambda _, length: log.facts[length:])
    first.send(ASKED)
    return log, first, log.live()


def test_a_wish_is_decided_on_what_others_made_of_the_story() -> None:
    log, first, second = two()
    first.send(Rename(title="Balloons"))
    second.send(Pause())
    assert [fact.kind for fact in log.facts] == ["opened", "renamed", "paused"]
    assert second.trajectory.title == "Balloons"
    assert first.catch_up()
    assert not first.catch_up()
    assert first.trajectory == second.trajectory


def test_a_models_fact_is_recorded_after_others_facts_if_the_story_still_wants_it() -> None:
    log, first, second = two()
    telling = run(first, agents(), Memory())
    next(telling)  # the planner is asked
    second.send(Rename(title="Balloons"))
    list(telling)
    assert [fact.kind for fact in log.facts[:3]] == ["opened", "renamed", "planned"]
    assert first.catch_up() is False
    assert first.length == len(log.facts)


def test_a_models_fact_that_others_were_first_with_is_given_up() -> None:
    log, first, second = two()
    telling, gallery = run(first, agents(), Memory()), Memory()
    seen = [next(telling)]  # the planner is asked
    tell(second, gallery)
    told = list(log.facts)
    seen += telling
    assert log.facts == told
    assert isinstance(seen[-1], Notice)
    assert isinstance(seen[-1].what, Ended)
    assert first.trajectory == second.trajectory


def test_where_nobody_else_may_write_a_conflict_is_an_error() -> None:
    log = Log()
    first = Story("thestory0001", sink=log.append)
    first.send(ASKED)
    with pytest.raises(WriteConflict):
        Story("thestory0001", first.trajectory, 0, sink=log.append).send(Pause())
