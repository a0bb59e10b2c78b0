"""Each kind of fault ends in a state that has a name and one clear sentence; nothing is lost, and when it is over, work goes on.

The faults of the disk come through the seam, while the real worker tells a real story; those of models are what backends say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL.Image import Image

from core import events
from core.backends.fake import Conduct, ScriptedPainter, scripted_agents, tiles
from core.commands import Pause, Resume
from core.errors import AgentError, DrawError, OutOfMemory, Unreachable
from core.events import Drawn, Failed
from core.ports import Delta, DrawCase, StepProgress
from core.recent import Recent
from core.store import Store
from core.types import Policy, Request
from studio.health import Health
from studio.visitors import OWNER
from tests.core.faults import Fault, Seam, seamed
from tests.core.telling import untimed
from tests.studio.storybook import House, until
from train.doctor import examine

FULL = "The disk is full: free some space, then go on; nothing that was kept is lost."
UNWRITABLE = "The data folder cannot be written or read (said to be {}); check its disk and permissions."
#: What refuses from now on and where, and what is said of it.
DISKS = {
    "a full disk, of a picture": ("full", "write", FULL),
    "a full disk, of its name": ("full", "mkdir", FULL),
    "a full disk, of a fact": ("full", "commit", FULL),
    "a folder that became read-only, of a picture": (
        "read-only",
        "open",
        "The picture cannot be written: Read-only file system.",
    ),
    "a folder that became read-only, of a fact": ("read-only", "commit", UNWRITABLE.format("read-only")),
    "a broken disk, of a picture": ("broken", "fsync", "The picture cannot be written: Input/output error."),
    "a broken disk, of a fact": ("broken", "commit", UNWRITABLE.format("broken")),
    "no more files": ("no more files", "open", "The picture cannot be written: Too many open files."),
    "a lock that stays": (
        "locked",
        "commit",
        "Another process is writing to the data folder and does not finish; try again in a moment.",
    ),
    "a damaged database": ("corrupt", "commit", "The database of the data folder is damaged; restore it from a copy."),
}


def opened(tmp_path: Path, pictures: Callable[[DrawCase], Image | AgentError] = tiles) -> House:
    return House(tmp_path / "data", scripted_agents(pictures=pictures))


@pytest.mark.parametrize(("what", "where", "sentence"), DISKS.values(), ids=DISKS)
def test_what_the_disk_refuses_is_a_mood_with_a_sentence_and_the_story_goes_on_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, where: str, sentence: str
) -> None:
    monkeypatch.setattr("studio.worker.BETWEEN_TRIES", 0.02)
    with seamed(Seam(tmp_path.resolve(), tmp_path / "never")) as seam, opened(tmp_path.resolve()) as house:
        story = house.open()
        health = Health(house.controller)
        with seam.watching(Fault(1, what, among=(where,), lasting=True)):
            house.controller.start()
            until(lambda: house.worker.mood.kind == "troubled")
            assert house.worker.mood.message == sentence
            assert health.state == "read-only"
            assert house.worker.passing(story).mood.message == sentence, "the story's page says it"
            before = [event.kind for event in house.store.events(story)]
            assert before in (["opened"], ["opened", "planned"]), "nothing half done is kept"
        house.rest(story)
        assert health.state == "ok"
        kinds = [event.kind for event in house.store.events(story)]
        assert kinds[: len(before)] == before
        assert "failed" not in kinds, "it was no model's fault"
    assert examine(tmp_path / "data").faults == ()


def test_a_studio_opens_on_a_full_disk_and_shows_what_there_is(tmp_path: Path) -> None:
    with opened(tmp_path.resolve()) as house:
        house.controller.start()
        told = house.rest(house.open())
    (tmp_path / "data" / "images" / "incoming" / "left.part").write_bytes(b"by a killed process")
    with seamed(Seam(tmp_path.resolve(), tmp_path / "never")) as seam:
        fault = Fault(1, "full", among=("write", "mkdir", "commit", "unlink"), lasting=True)
        with seam.watching(fault), Store(tmp_path.resolve() / "data") as store:
            assert [store.open_story(card.id).trajectory for card in store.page().cards] == [told]


#: What a painter's backend says of each fault, in the states that stories know.
MODELS = {
    "memory that never suffices": (OutOfMemory("The pipeline ran out of memory twice; close other programs."), "memory"),
    "a picture of no numbers": (DrawError("The pipeline computed no finite picture."), "draw"),
    "a server that hangs": (Unreachable("The server gpu-1 gave no answer within 600 seconds."), "unreachable"),
    "a server that answers half": (AgentError("The server gpu-1 broke off (5 tries)."), "agent"),
}


@pytest.mark.parametrize(("fault", "code"), MODELS.values(), ids=MODELS)
def test_a_models_fault_makes_its_story_stuck_with_the_models_sentence_until_somebody_goes_on(
    tmp_path: Path, fault: AgentError, code: str
) -> None:
    faulty = [True]
    with opened(tmp_path, lambda case: fault if faulty[0] else tiles(case)) as house:
        story = house.open()
        house.controller.start()
        t = house.rest(story, "stuck")
        failed = [event for event in house.store.events(story) if isinstance(event, Failed)]
        assert [event.code for event in failed] == [code] * t.policy.max_failures, "a bounded number of times"
        assert house.view(story).header.status.sentence.startswith(str(fault))
        assert house.worker.mood.kind == "resting"
        faulty[0] = False
        house.send(story, Resume())
        house.rest(story)
        assert house.store.audit(story).faults == ()


@pytest.mark.parametrize(
    ("harm", "says"),
    [(lambda path: path.rename(path.with_suffix(".away")), "is gone."), (lambda path: path.write_bytes(b"?"), "is damaged")],
    ids=["missing", "altered"],
)
def test_a_picture_that_is_missing_or_altered_makes_its_story_stuck_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], Any], says: str
) -> None:
    conduct = Conduct()
    with House(tmp_path / "data", scripted_agents(conduct=conduct)) as house:
        painter = house.agents.painter
        assert isinstance(painter, ScriptedPainter)
        story = house.open()
        other = house.controller.open(Request(text="Another", seed=5), Policy(), OWNER)  # of other pictures

        def pause(delta: Delta) -> None:
            if isinstance(delta, StepProgress) and delta.done == len(painter.calls) == 1:
                house.send(story, Pause())

        conduct.hook = pause
        house.controller.start()
        house.rest(story, "paused")
        (drawn,) = [event.attempt.image for event in house.store.events(story) if isinstance(event, Drawn)]
        path = house.store.images.path(drawn)
        whole = path.read_bytes()
        monkeypatch.setattr(house.store.images, "_recent", Recent(0))  # what is in memory still needs no file to be whole
        harm(path)
        house.send(story, Resume())
        house.rest(story, "stuck")
        assert says in house.view(story).header.status.sentence
        house.rest(other)
        path.write_bytes(whole)
        house.send(story, Resume())
        house.rest(story)
        assert house.store.audit(story).faults == ()


def test_a_clock_that_goes_back_changes_nothing_but_the_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Back(datetime):
        asked = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.asked += 1
            return datetime.now(tz) - timedelta(hours=7 * cls.asked)

    def told(name: str) -> list[dict[str, Any]]:
        with House(tmp_path / name, scripted_agents()) as house:
            house.controller.start()
            story = house.open()
            house.rest(story)
            assert house.store.audit(story).faults == ()
            assert [card.id for card in house.store.page().cards] == [story]
            return untimed(house.store.events(story))

    straight = told("straight")
    monkeypatch.setattr(events, "datetime", Back)
    back = told("back")
    assert Back.asked > 5
    assert [fact["kind"] for fact in back] == [fact["kind"] for fact in straight]
