"""Laws of a story's counts and times."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.commands import Overrule
from core.events import Drawn, Event, Judged, Planned
from core.store import Timings
from core.trajectory import Trajectory, fold
from studio.tally import Tally, seconds_left, tallied
from tests.studio.storybook import House, Storybook


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The whole story of the red balloon; its calls took 2 s each."""
    with House(Path(tmp_path_factory.mktemp("tally")), Storybook(side=64).agents) as house:
        house.controller.start()
        story = house.open()
        house.rest(story)
        events = house.store.events(story)
    return [event.model_copy(update={"seconds": 2.0}) if hasattr(event, "seconds") else event for event in events]


def test_a_tally_is_the_same_however_the_facts_come_in(facts: list[Event]) -> None:
    whole = tallied(Tally(), facts)
    for cut in range(len(facts)):
        assert tallied(tallied(Tally(), facts[:cut]), facts[cut:]) == whole
    assert whole.facts == len(facts)
    assert whole.drawings == sum(isinstance(event, Drawn) for event in facts) == 7
    assert whole.verdicts == sum(isinstance(event, Judged) for event in facts) == 7
    assert whole.seconds == 2.0 * (1 + 7 + 7)


def test_a_persons_verdict_counts_as_no_work_of_a_model(facts: list[Event], tmp_path: Path) -> None:
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        story = house.open()
        t = house.rest(story)
        before = tallied(Tally(), house.store.events(story))
        house.send(story, Overrule(attempt=t.tries[-1].attempt.key, accepted=True))
        after = tallied(Tally(), house.store.events(story))
    assert (after.verdicts, after.seconds) == (before.verdicts, before.seconds)


def test_what_is_left_shrinks_to_nothing_as_the_story_is_told(facts: list[Event]) -> None:
    left = [seconds_left(tallied(Tally(), facts[:cut]), fold(facts[:cut])) for cut in range(1, len(facts) + 1)]
    known = [seconds for seconds in left if seconds is not None]
    assert left[0] is None, "nothing has been timed"
    assert left[-1] is None, "nothing is left"
    assert known[-1] < known[0]
    assert all(seconds > 0 for seconds in known)


def test_nothing_is_left_of_a_story_that_has_no_plan() -> None:
    assert seconds_left(Tally(drawings=3, draw_seconds=3), Trajectory()) is None


def test_before_a_storys_own_calls_this_machines_usual_ones_say_how_long_it_takes(facts: list[Event]) -> None:
    planned = next(number for number, event in enumerate(facts, start=1) if isinstance(event, Planned))
    tally, t = tallied(Tally(), facts[:planned]), fold(facts[:planned])
    usual = Timings(plan_seconds=1.0, draw_seconds=3.0, judge_seconds=1.0, plans=9, drawings=9, verdicts=9)
    assert seconds_left(tally, t) is None
    assert seconds_left(tally, t, usual) == 4 * 1.5 * 4.0  # four pictures, one and a half attempts at each
    whole = tallied(Tally(), facts[:-1])
    assert seconds_left(whole, fold(facts[:-1]), usual) == seconds_left(whole, fold(facts[:-1])), "its own come first"


def test_a_branch_belongs_to_whoever_branched(tmp_path: Path) -> None:
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        story = house.open()
        house.rest(story)
        branch = house.store.branch(story, "person:ann")
        assert tallied(Tally(), house.store.events(branch.id)).opened_by == "person:ann"
        assert tallied(Tally(), house.store.events(story)).opened_by == "person:local"
