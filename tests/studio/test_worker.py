"""Laws of the thread that tells the stories: it goes on with nobody looking, and no fault takes more with it than its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from PIL.Image import Image

from core.backends.fake import scripted_agents, tiles
from core.commands import EditStep, Pause, Resume
from core.errors import ProfileError, ReadOnly
from core.events import Drawn, Failed, Judged
from core.ports import Agents, Delta, DrawCase, PlanCase, Results, StepProgress, Stream
from core.types import Plan, PlannedStep
from studio.live import Passing
from tests.core.backends.tiny_painters import before, painter
from tests.studio.storybook import KEEP, House, Storybook, until

CAT, BALLOON = "An orange cat on the left, at the beach by day.", f"Add a balloon at the top right. {KEEP}"
CURSED = "A cursed story"


class Hold:
    """A hook that stops the models at the ``nth`` step of a drawing, until ``go`` is set."""

    def __init__(self, nth: int = 1) -> None:
        self.left = nth
        self.here, self.go = Event(), Event()

    def __call__(self, delta: Delta) -> None:
        if isinstance(delta, StepProgress):
            self.left -= 1
            if self.left == 0:
                self.here.set()
                assert self.go.wait(10), "nobody let the painter go on"


def held(book: Storybook, nth: int = 1) -> Hold:
    hold = Hold(nth)
    book.conduct.hook = hold
    return hold


def kinds(house: House, story: str) -> list[str]:
    return [event.kind for event in house.store.events(story)]


def drawn(house: House, story: str) -> list[str]:
    """The prompts of the drawings on record."""
    return [event.attempt.prompt for event in house.store.events(story) if isinstance(event, Drawn)]


def test_a_story_is_told_to_its_end_with_nobody_looking(tmp_path: Path) -> None:
    book = Storybook(side=64)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        t = house.rest(story)
        assert [standing.settled.why for standing in t.standings if standing.settled] == ["accepted"] * 3 + ["text", "accepted"]
        assert drawn(house, story) == book.drawn
        assert len(book.drawn) == 7
        assert house.store.audit(story).faults == ()
        until(lambda: house.worker.mood.kind == "resting")
        assert house.worker.passing(story) == Passing()


def test_the_models_are_loaded_once_and_only_when_a_story_needs_them(tmp_path: Path) -> None:
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        stories = [house.open(), house.open("Another story")]
        for story in stories:
            house.rest(story)
        house.rest(house.open("One more"))
        assert house.loads == 1
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        for story in stories:  # the worker has taken the second one in: so it is through with the first
            house.worker.stir(house.store.open_story(story))
            until(lambda: house.worker.passing(stories[-1]).place is None)
        assert house.loads == 0


def test_an_edit_while_its_step_is_drawn_gives_up_the_drawing_and_follows_the_new_words(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book, nth=6)  # the second drawing: that of the balloon
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        assert hold.here.wait(20)
        assert book.drawn == [CAT, BALLOON]
        house.send(story, EditStep(step="s2", words=PlannedStep(title="No balloon", prompt="Add a duck", caption="A duck")))
        hold.go.set()
        t = house.rest(story)
        assert drawn(house, story) == [CAT, "Add a duck", *book.drawn[3:]], "what was given up left no fact"
        first, second, third = t.standings[:3]
        assert second.settled is not None
        assert second.settled.attempt is not None
        assert second.settled.attempt.revision == 1
        assert (second.source, third.source) == (first.image, second.image)
        assert all(standing.settled for standing in t.standings)
        assert house.store.audit(story).faults == ()


def test_a_pause_lets_the_call_in_flight_end_and_a_resume_goes_on_after_it(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        assert hold.here.wait(20)
        house.send(story, Pause())
        hold.go.set()
        house.rest(story, "paused")
        assert kinds(house, story) == ["opened", "planned", "paused", "drawn"]
        house.send(story, Resume())
        house.rest(story)
        assert len(book.drawn) == 7, "nothing was drawn twice"


def test_a_stop_gives_the_call_in_flight_up_and_leaves_no_fact_of_it(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        assert hold.here.wait(20)
        assert house.worker.passing(story).live is not None
        house.send(story, Pause(now=True))
        hold.go.set()
        house.rest(story, "paused")
        until(lambda: house.worker.mood.kind == "resting")
        assert kinds(house, story) == ["opened", "planned", "paused"]
        house.send(story, Resume())
        house.rest(story)
        assert book.drawn == [CAT, *drawn(house, story)], "only what was given up was drawn twice"


@pytest.mark.parametrize("together", [False, True], ids=["alone in its call", "in a call with others"])
def test_a_model_that_breaks_makes_only_its_own_story_stuck(tmp_path: Path, together: bool) -> None:
    cursed = [True]

    def plans(case: PlanCase) -> Plan:
        if cursed[0] and together and case.text == CURSED:
            raise RuntimeError("index 7 is out of bounds")
        return Plan(steps=(PlannedStep(prompt=f"{case.text} by day"), PlannedStep(prompt=f"{case.text} by night")))

    def pictures(case: DrawCase) -> Image:
        if cursed[0] and not together and CURSED in case.prompt:
            raise RuntimeError("index 7 is out of bounds")
        return tiles(case)

    with House(tmp_path, scripted_agents(plans=plans, pictures=pictures)) as house:
        stories = [house.open("One"), house.open(CURSED), house.open("Two")]
        house.controller.start()
        bad = house.rest(stories[1], "stuck")
        for good in stories[::2]:
            house.rest(good)
            assert "failed" not in kinds(house, good)
        failed = [event for event in house.store.events(stories[1]) if isinstance(event, Failed)]
        assert len(failed) == bad.policy.max_failures
        assert {event.code for event in failed} == {"internal"}
        sentence = house.view(stories[1]).header.status.sentence
        assert sentence.startswith("Something went wrong inside the studio (RuntimeError); the log says more.")
        cursed[0] = False
        house.send(stories[1], Resume())
        house.rest(stories[1])


class Hungry:
    """A real painter on a device whose memory does not suffice for the cursed story."""

    name = "hungry@1"

    def __init__(self) -> None:
        self.artist, self.pipe = painter("klein")
        self.tries, self.cursed = 0, True

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        def allocate(*_: Any) -> None:
            if self.cursed and CURSED in cases[0].prompt:
                self.tries += 1
                raise torch.OutOfMemoryError("out of memory")

        with before(self.pipe.transformer, allocate):
            return (yield from self.artist.draw(cases))


def test_memory_that_does_not_suffice_is_tried_once_more_and_then_a_failure_of_that_story_alone(tmp_path: Path) -> None:
    hungry = Hungry()
    plans = scripted_agents(plans=lambda case: Plan(steps=(PlannedStep(prompt=f"{case.text} by day"),)))
    with House(tmp_path, replace(plans, painter=hungry)) as house:
        stories = [house.open("One"), house.open(CURSED), house.open("Two")]
        house.controller.start()
        bad = house.rest(stories[1], "stuck")
        for good in stories[::2]:
            house.rest(good)
            assert "failed" not in kinds(house, good)
        failed = [event for event in house.store.events(stories[1]) if isinstance(event, Failed)]
        assert [(event.task, event.code) for event in failed] == [("draw", "memory")] * bad.policy.max_failures
        assert hungry.tries == 2 * len(failed), "each was tried again with less"
        assert "ran out of memory twice" in house.view(stories[1]).header.status.sentence
        hungry.cursed = False
        house.send(stories[1], Resume())
        house.rest(stories[1])


class Unready(House):
    """A house whose models can't be loaded while there is a ``fault``."""

    fault: Exception | None = None

    def _load(self, profile: str) -> Agents:
        agents = super()._load(profile)
        if self.fault:
            raise self.fault
        return agents


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            ProfileError("The profile's weights are not here."),
            "The profile's weights are not here.",
        ),
        (OSError("what a library says"), "The models can't be loaded (OSError); the log says more."),
    ],
)
def test_models_that_cannot_be_loaded_are_a_mood_and_are_tried_again_when_a_person_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, message: str
) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 600.0)
    with Unready(tmp_path, Storybook(side=64).agents) as house:
        house.fault = fault
        house.controller.start()
        story = house.open()
        until(lambda: house.worker.mood.kind == "troubled")
        assert house.controller.mood.message == message
        assert kinds(house, story) == ["opened"], "it is no story's fault"
        house.fault = None
        house.send(story, Resume())
        house.rest(story)
        assert house.loads == 2


class Ensemble(House):
    """A house with two sets of models, one of which may be missing."""

    missing: str = ""
    loaded: list[str]

    def _load(self, profile: str) -> Agents:
        self.loaded = [*getattr(self, "loaded", []), profile]
        if profile == self.missing:
            raise ProfileError(f"The weights of {profile} are not here.")
        return Storybook(side=64).agents


def test_each_story_is_told_by_its_own_models_and_one_set_is_in_memory_at_a_time(tmp_path: Path) -> None:
    with Ensemble(tmp_path, Storybook(side=64).agents) as house:
        stories = [house.open(profile=name) for name in ("pocket", "another", "pocket")]
        house.controller.start()
        for story in stories:
            house.rest(story)
        assert house.loaded == ["pocket", "another"], "those that are loaded finish first"
        assert [house.trajectory(story).profile for story in stories] == ["pocket", "another", "pocket"]


def test_models_that_are_missing_stop_only_the_stories_that_need_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 600.0)
    with Ensemble(tmp_path, Storybook(side=64).agents) as house:
        house.missing = "another"
        lost, told = house.open(profile="another"), house.open(profile="pocket")
        house.controller.start()
        house.rest(told)
        until(lambda: house.worker.passing(lost).mood.kind == "troubled")
        assert house.worker.passing(lost).mood.message == "The weights of another are not here."
        house.missing = ""
        house.send(lost, Resume())
        house.rest(lost)


def test_a_studio_closed_in_the_middle_of_a_call_finishes_the_story_when_it_opens_again(tmp_path: Path) -> None:
    first, second = Storybook(side=64), Storybook(side=64)
    hold = held(first, nth=10)  # in the middle of the third drawing
    with House(tmp_path, first.agents) as house:
        house.controller.start()
        story = house.open()
        assert hold.here.wait(20)
        house.worker.close(seconds=0)
        hold.go.set()
    with House(tmp_path, second.agents) as house:
        before = house.store.events(story)
        assert sum(isinstance(event, Drawn) for event in before) == 2
        house.controller.start()
        house.rest(story)
        assert house.store.events(story)[: len(before)] == before
        assert first.drawn[:2] + second.drawn == drawn(house, story), "nothing on record was drawn again"
        assert first.drawn[2] == second.drawn[0], "the call that was given up was"
        assert len(second.agents.planner.calls) == 0  # type: ignore[attr-defined]


def test_what_the_data_folder_refuses_is_no_storys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 0.03)
    refusing, full = Event(), "The disk is full: free some space, then go on; nothing that was kept is lost."
    with House(tmp_path, Storybook(side=64).agents) as house:
        append = house.store.append

        def refuse(story_id: str, seq: int, events: Sequence[Any], trajectory: Any) -> None:
            if refusing.is_set() and any(isinstance(event, Drawn | Judged) for event in events):
                raise ReadOnly(full)
            append(story_id, seq, events, trajectory)

        monkeypatch.setattr(house.store, "append", refuse)
        refusing.set()
        house.controller.start()
        story = house.open()
        until(lambda: house.worker.mood.kind == "troubled")
        assert house.worker.mood.message == full
        until(lambda: len(house.agents.painter.calls) > 1)  # type: ignore[attr-defined]
        assert kinds(house, story) == ["opened", "planned"]
        refusing.clear()
        house.rest(story)
        assert "failed" not in kinds(house, story)
        assert house.store.audit(story).faults == ()


def test_a_fact_that_was_kept_although_its_writer_was_told_otherwise_stays_and_the_story_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 0.03)
    book, lost = Storybook(side=64), list[str]()
    with House(tmp_path, book.agents) as house:
        append = house.store.append

        def keep_and_refuse(story_id: str, seq: int, events: Sequence[Any], trajectory: Any) -> None:
            append(story_id, seq, events, trajectory)
            if isinstance(events[0], Drawn | Judged) and events[0].kind not in lost:
                lost.append(events[0].kind)
                raise ReadOnly("The data folder cannot be written or read; check its disk and permissions.")

        monkeypatch.setattr(house.store, "append", keep_and_refuse)
        house.controller.start()
        story = house.open()
        house.rest(story)
        assert lost == ["drawn", "judged"]
        assert kinds(house, story).count("drawn") == 7, "the fact counts once"
        assert len(book.drawn) == 8, "and its call is made once more, for nobody knew"
        assert house.store.audit(story).faults == ()


def test_a_data_folder_that_cannot_be_read_at_the_start_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 0.03)
    with House(tmp_path, Storybook(side=64).agents) as house:
        story = house.open()
    with House(tmp_path, Storybook(side=64).agents) as house:
        unfinished, refusing = house.store.unfinished, Event()
        refusing.set()

        def refuse() -> list[str]:
            if refusing.is_set():
                raise ReadOnly("Another process has the data folder.")
            return unfinished()

        monkeypatch.setattr(house.store, "unfinished", refuse)
        house.controller.start()
        until(lambda: house.worker.mood.message == "Another process has the data folder.")
        refusing.clear()
        house.rest(story)


def test_a_story_that_cannot_be_read_keeps_no_other_from_going_on(tmp_path: Path) -> None:
    with House(tmp_path, Storybook(side=64).agents) as house:
        damaged, whole = house.open(), house.open()
    with sqlite3.connect(tmp_path / "studio.db") as db:
        db.execute("UPDATE event SET payload = '{}' WHERE story_id = ?", [damaged])
    db.close()
    with House(tmp_path, Storybook(side=64).agents) as house:
        house.controller.start()
        house.rest(whole)


def test_a_story_in_line_says_how_many_are_before_it(tmp_path: Path) -> None:
    book = Storybook(side=64)
    hold = held(book)
    with House(tmp_path, book.agents) as house:
        stories = [house.open("One"), house.open("Two"), house.open("Three")]
        house.controller.start()
        assert hold.here.wait(20)
        stories += [house.open("Four"), house.open("Five")]  # the worker has not taken these in
        assert [house.worker.passing(story).place for story in stories] == [0, 1, 2, 3, 4]
        assert [house.worker.passing(story).live is not None for story in stories] == [True, False, False, False, False]
        hold.go.set()
        house.rest(stories[-1])
        assert house.worker.passing(stories[-1]).place is None
