"""The loop: asks what is next for every story, does tasks of one kind together, records each fact, then shows it.

One story is a list of one. Plans and verdicts are decoded as one batch, because decoding is bound by bandwidth; drawings
go one at a time for each device that denoises, and take turns, because denoising is bound by arithmetic. Knows no thread:
whoever iterates owns the models.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from core.engine import perform
from core.errors import Cancelled, WriteConflict
from core.events import Event
from core.policy import Draw, JudgeAttempt, MakePlan, Rest, Settle, Task, next_task, wanted
from core.ports import Agents, Delta, Gallery
from core.story import Story


@dataclass(frozen=True)
class Began:
    """A call started for this task."""

    task: Task


@dataclass(frozen=True)
class Ended:
    """The call for this task ended without a fact: it was given up, or another process was first."""

    task: Task


@dataclass(frozen=True)
class Notice:
    """What happened to which story: a fact, already durable, or something passing."""

    story_id: str
    what: Event | Delta | Began | Ended


class Scheduler:
    """Tells many stories with one set of models, in turns."""

    def __init__(self, agents: Agents, gallery: Gallery, batch: int = 8, patient: bool = False) -> None:
        """``batch`` is the most plans or verdicts that are decoded together; 1 has each call serve one story alone.

        ``patient``, where nobody waits for a story, plans and verdicts wait until there are so many of them, as long as there
        is something to draw: drawings come a few at a time, so that verdicts would be asked for a few at a time, too.

        The models of ``crowded`` agents go in and out of memory: those at work go on as long as there is anything for them, so
        that all that can be drawn is drawn, and then all that can be judged is judged.
        """
        self.agents = agents
        self.gallery = gallery
        self.batch = batch
        self.patient = patient
        self._last: type[Task] = Settle  # what the last call of a model was for
        self._stories: dict[str, Story] = {}  # in turn order: who was served last stands last

    def add(self, story: Story) -> None:
        self._stories.setdefault(story.id, story)

    def drop(self, story_id: str) -> None:
        self._stories.pop(story_id, None)

    def turns(self) -> dict[str, int]:
        """Each runnable story's place in the queue for a drawing, from 0."""
        runnable = [story.id for story in self._stories.values() if not isinstance(next_task(story.trajectory), Rest)]
        return {story_id: place for place, story_id in enumerate(runnable)}

    def round(self) -> Generator[Notice, None, bool]:
        """One call of one model, with all that can share it. Returns False if every story rests."""
        work = self._choose()
        if not work:
            return False
        for story, task in work:
            self._stories[story.id] = self._stories.pop(story.id)
            if not isinstance(task, Settle):
                self._last = type(task)
                yield Notice(story.id, Began(task))
        call = perform([(story.trajectory, task) for story, task in work], self.agents, self.gallery)
        try:
            while True:
                delta = next(call)
                yield Notice(work[delta.index][0].id, delta)
                if not any(wanted(task, story.trajectory) for story, task in work):
                    call.close()
                    raise Cancelled("Nobody wants this any more.")
        except StopIteration as finished:
            events: list[Event] = finished.value
        except Cancelled:
            yield from (Notice(story.id, Ended(task)) for story, task in work)
            return True
        finally:
            call.close()  # also when whoever iterates stops in the middle
        for (story, task), event in zip(work, events, strict=True):
            yield Notice(story.id, event if _recorded(story, task, event) else Ended(task))
        return True

    def _choose(self) -> list[tuple[Story, Task]]:
        tasks = [(story, task) for story in self._stories.values() if not isinstance(task := next_task(story.trajectory), Rest)]

        def some(kind: type[Task], most: int, least: int = 1) -> list[tuple[Story, Task]]:
            found = [(story, task) for story, task in tasks if isinstance(task, kind)][:most]
            return found if len(found) >= least else []

        full = self.batch if self.patient else 1
        drawings = self.agents.abreast if self.batch > 1 else 1
        return (
            some(Settle, len(tasks))
            or (some(self._last, drawings if self._last is Draw else self.batch) if self.agents.crowded else [])
            or some(JudgeAttempt, self.batch, full)
            or some(MakePlan, self.batch, full)
            or some(Draw, drawings)
            or some(JudgeAttempt, self.batch)
            or some(MakePlan, self.batch)
        )


def _recorded(story: Story, task: Task, event: Event) -> bool:
    """Whether the fact was added: if others recorded something first, it is only if the story still wants the task done."""
    while True:
        try:
            story.record(event)
        except WriteConflict:
            if not story.catch_up():
                raise
            if not wanted(task, story.trajectory):
                return False
        else:
            return True


def run(story: Story, agents: Agents, gallery: Gallery) -> Iterator[Notice]:
    """Tells one story until it rests."""
    scheduler = Scheduler(agents, gallery)
    scheduler.add(story)
    while (yield from scheduler.round()):
        pass
