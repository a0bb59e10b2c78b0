"""How others reach the worker's thread: they stir it, hold it, drain it and close it. Knows no model and no store."""

from __future__ import annotations

from collections.abc import Collection
from threading import Condition

from core.story import Story


class Bell:
    """What others want of the thread, which waits for it here. Its flags are read by anybody, at any time."""

    def __init__(self) -> None:
        self.draining = False  # no more calls are begun
        self.held = False  # no more calls are begun until somebody says so
        self.closing = False  # nor does the one in flight go on
        self._calling = False
        self._stirred: dict[str, Story] = {}
        self._changed = Condition()

    # ------------------------------------------------------------ for others

    def drain(self, seconds: float) -> bool:
        """Lets no more calls begin, and waits so long for the one in flight; whether it has ended."""
        with self._changed:
            self.draining = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._calling, seconds)

    def hold(self, on: bool) -> None:
        """Lets no more calls begin until it is told that they may."""
        with self._changed:
            self.held = on
            self._changed.notify_all()

    def close(self) -> None:
        """Lets no more calls begin, nor the one in flight go on."""
        with self._changed:
            self.draining = self.closing = True
            self._changed.notify_all()

    def stir(self, story: Story) -> None:
        with self._changed:
            self._stirred[story.id] = story
            self._changed.notify()

    def line(self, *before: Collection[str]) -> list[str]:
        """Each story once, in order: ``before``, then those that were stirred and have not been taken in."""
        with self._changed:
            return list(dict.fromkeys([*(story_id for some in before for story_id in some), *self._stirred]))

    # ------------------------------------------------------------ for the thread

    def take_in(self) -> dict[str, Story]:
        """The stories that were stirred since the last time."""
        with self._changed:
            stirred, self._stirred = self._stirred, {}
        return stirred

    def may_call(self) -> bool:
        """Whether a call may begin: whoever drains after this waits for it."""
        with self._changed:
            self._calling = not (self.draining or self.held)
            return self._calling

    def called(self) -> None:
        """The call is over."""
        with self._changed:
            self._calling = False
            self._changed.notify_all()

    def wait_for_leave(self) -> None:
        """Until calls may begin again, or there is something to take in."""
        with self._changed:
            self._changed.wait_for(lambda: self.draining or not self.held or bool(self._stirred))

    def wait(self, seconds: float | None) -> None:
        """Until something is stirred, the studio closes, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.draining or bool(self._stirred), seconds)
