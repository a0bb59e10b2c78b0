"""Owns a live story: its trajectory, and the sink that makes each fact durable before anyone sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from threading import RLock

from core.commands import Command
from core.decide import decide
from core.errors import WriteConflict
from core.events import Event
from core.trajectory import Trajectory, evolve

#: Makes facts durable: ``sink(story_id, seq, events, trajectory)`` appends ``events`` as number ``seq`` and on, all or none,
#: and may bring its projections in line with ``trajectory``, the story after them.
Sink = Callable[[str, int, Sequence[Event], Trajectory], None]

#: Reads the facts from number ``length`` of a story on, which others may have recorded: ``source(story_id, length)``.
Source = Callable[[str, int], Sequence[Event]]


def keep_nothing(story_id: str, seq: int, events: Sequence[Event], trajectory: Trajectory) -> None:
    """The sink of a story that lives in memory only."""


class Story:
    """A story that people and models add facts to, from any thread; facts are added one batch at a time."""

    def __init__(
        self,
        story_id: str,
        trajectory: Trajectory | None = None,
        length: int = 0,
        sink: Sink = keep_nothing,
        source: Source | None = None,
    ) -> None:
        """``trajectory`` is what the first ``length`` facts told; the next fact gets number ``length``.

        ``source`` is there where others may record facts of this story, too.
        """
        self.id = story_id
        self.source = source
        self.length = length
        self.trajectory = trajectory or Trajectory()
        self._sink = sink
        self._lock = RLock()

    def record(self, *events: Event) -> None:
        """Adds facts. If the sink fails, nothing has happened; nor if others were first (``WriteConflict``)."""
        with self._lock:
            evolved = reduce(evolve, events, self.trajectory)
            self._sink(self.id, self.length, events, evolved)
            self.trajectory = evolved
            self.length += len(events)

    def send(self, command: Command, by: str = "person:local") -> tuple[Event, ...]:
        """Does what a person wishes, or raises ``CommandError``; returns the facts that it made.

        If others recorded something first, it is decided again on what the story is then.
        """
        with self._lock:
            while True:
                events = decide(self.trajectory, command, by)
                try:
                    self.record(*events)
                except WriteConflict:
                    if not self.catch_up():
                        raise
                else:
                    return events

    def catch_up(self) -> bool:
        """Takes in what others recorded; whether there was anything."""
        with self._lock:
            missed = self.source(self.id, self.length) if self.source else ()
            self.trajectory = reduce(evolve, missed, self.trajectory)
            self.length += len(missed)
            return bool(missed)
