"""The stories that this process tells: each one is claimed in the store, so that no other process tells it, too.

Lives in the worker's thread; others only look a story up. Knows no model.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.errors import StoreError
from core.events import Failed
from core.policy import Draw, JudgeAttempt, MakePlan, Task
from core.story import Story

if TYPE_CHECKING:
    from core.store import Store

log = logging.getLogger("studio.worker")


class Claims:
    """The stories that are told here, in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self.stories: dict[str, Story] = {}
        self._store = store

    def take_up_unfinished(self) -> None:
        """What nobody tells is told here from now on. ``StoreError`` if the data folder can't be asked for it."""
        for story_id in self._store.unfinished():
            try:
                if story_id not in self.stories and self._store.claim(story_id):
                    self.stories[story_id] = self._store.open_story(story_id)
            except (StoreError, ValueError) as error:  # one unreadable story keeps no other from going on
                log.warning("Story %s can't be taken up: %s", story_id, error, extra={"story": story_id})

    def may_tell(self, story_id: str) -> bool:
        """Whether the story is this process's to tell; claims it if it is nobody's."""
        try:
            return self._store.claim(story_id)
        except StoreError as error:
            log.warning("Story %s can't be claimed: %s", story_id, error, extra={"story": story_id})
            return False

    def let_go(self, story_id: str) -> None:
        """Leaves the story to whoever wants it."""
        self.stories.pop(story_id, None)
        try:
            self._store.release(story_id)
        except StoreError as error:  # it is free all the same: the claim went with the connection
            log.warning("Story %s can't be released: %s", story_id, error, extra={"story": story_id})

    def blame(self, story_id: str, task: Task, message: str) -> Failed:
        """Records a fault of ours for the story whose task it was. ``StoreError`` if it can't be kept."""
        fact = _internal(task, message)
        self.stories[story_id].record(fact)
        return fact


def _internal(task: Task, message: str) -> Failed:
    match task:
        case MakePlan():
            return Failed(task="plan", code="internal", message=message)
        case JudgeAttempt(attempt=attempt):
            return Failed(task="judge", attempt=attempt.key, code="internal", message=message)
        case Draw(key=key):
            return Failed(task="draw", attempt=key, code="internal", message=message)
    raise ValueError(f"a {type(task).__name__} needs no model")
