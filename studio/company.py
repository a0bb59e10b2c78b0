"""The models that are at work for the worker, one profile's at a time: who is loaded, who has to wait, and why one can't be had.

Lives in the worker's thread. Knows no store: whoever has a story to tell is said to it.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable

from core.errors import ProfileError, Sentence
from core.ports import Agents, Gallery
from core.scheduler import Scheduler
from core.story import Story
from studio.live import Mood, Shown

log = logging.getLogger("studio.worker")

#: Most plans or verdicts in one call.
TOGETHER = 8


class Company:
    """A scheduler with the models of one profile; none before the first are loaded, or while others can't be."""

    def __init__(self, gallery: Gallery, load: Callable[[str], Agents], shown: Shown) -> None:
        """``load`` builds the agents of a profile. What comes of it is ``shown``."""
        self.scheduler: Scheduler | None = None
        self._gallery = gallery
        self._load = load
        self._shown = shown
        self._profile = ""  # whose models are loaded, if there is a scheduler
        self._tried = False  # to load models: they, or what was loaded of them, may be in memory

    def let_in(self, story: Story) -> None:
        """Tells this story, too, if it is one of the profile at work."""
        if self.scheduler and story.trajectory.profile == self._profile:
            self.scheduler.add(story)

    def let_go(self, story_id: str) -> None:
        if self.scheduler:
            self.scheduler.drop(story_id)

    def turns(self) -> Iterable[str]:
        """Who is to be told by the models at work, in order."""
        return self.scheduler.turns() if self.scheduler else ()

    def ready(self, telling: Iterable[Story]) -> bool:
        """Whether models are there that have one of these stories to tell; loads them if not."""
        stories = list(telling)
        waiting = list(dict.fromkeys(story.trajectory.profile for story in stories))
        if self.scheduler and self._profile in waiting:
            return True
        # Those that could not be loaded are tried again when there is nothing else to do.
        untried = [profile for profile in waiting if profile not in self._shown.troubled]
        return any(self._loaded(profile, stories) for profile in untried or waiting)

    def _loaded(self, profile: str, stories: list[Story]) -> bool:
        """Puts this profile's models in the place of those that are at work."""
        if profile not in self._shown.troubled:  # while it is, each try would blink
            self._shown.mood = Mood("loading")
        self.scheduler = None
        if self._tried:
            gc.collect()  # of the old models nothing is left that `load` does not want to keep
        self._tried = True
        try:
            agents = self._load(profile)
        except ProfileError as error:
            return self._is_troubled(profile, error.sentence)
        except Exception as error:
            log.exception("The models of %r can't be loaded.", profile)
            why = Sentence("The models can't be loaded ({error}); the log says more.", error=type(error).__name__)
            return self._is_troubled(profile, why)
        self._shown.troubled.pop(profile, None)
        self._profile, self.scheduler = profile, Scheduler(agents, self._gallery, TOGETHER)
        for story in stories:
            self.let_in(story)
        return True

    def _is_troubled(self, profile: str, why: str) -> bool:
        self._shown.troubled[profile] = why
        self._shown.mood = Mood("troubled", why)
        return False
