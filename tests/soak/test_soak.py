"""The soak in small, so that it does not rot: a few stories, rounds and people, and one kill."""

from __future__ import annotations

from pathlib import Path

from core.backends.fake import Conduct, scripted_agents
from tests.soak.kills import SCRIPTED, killed
from tests.soak.load import loaded
from tests.soak.people import LAGS
from tests.soak.rounds import WARM, Weight, grows, slopes, soaked


def test_after_each_round_the_studio_holds_what_it_held_before(tmp_path: Path) -> None:
    weights = soaked(tmp_path, scripted_agents(), stories=2, rounds=WARM + 2, tell=lambda _: None)
    assert all(weight.unfinished == 0 for weight in weights)
    assert {(weight.threads, weight.strays) for weight in weights[WARM:]} == {(weights[-1].threads, 0)}
    assert weights[-1].files > weights[0].files, "each round's pictures are kept"


def test_what_grows_is_found() -> None:
    flat = [Weight(100.0 + number % 2, 20, 9, 0, number, 0) for number in range(WARM + 8)]
    leaking = [Weight(100.0, 20 + number, 9, 0, number, 0) for number in range(WARM + 8)]
    assert grows(slopes(flat)) == {}
    assert grows(slopes(leaking)) == {"descriptors": 1.0}


def test_a_studio_that_is_killed_has_lost_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    end = killed(tmp_path / "data", SCRIPTED, stories=2, kills=1, seconds=(0.2, 0.2))
    assert (end.lost, end.faults) == (0, ())
    assert end.acknowledged > 2


def test_many_people_are_answered_and_each_request_is_timed(tmp_path: Path) -> None:
    load = loaded(tmp_path / "data", scripted_agents(conduct=Conduct(seconds=0.01)), viewers=3, creators=1, seconds=0.5)
    assert load.kinds.keys() == {"page", "look", "picture", "story begun", LAGS}
    assert load.kinds["look"]["requests"] >= 3
    assert load.cpu_ms > 0
