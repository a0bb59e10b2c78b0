"""Owns the models: one thread that tells all stories, whether anyone looks or not. Knows no page and no person.

Stories come in with :meth:`Worker.stir` and leave when they rest. The models are loaded when the first story needs them.
A fault of a model is a fact that the engine records; a fault of ours becomes a ``Failed`` fact of the story that was in the
call, and the others go on. What the data folder refuses is no story's fault: the worker waits and tries again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

from core.errors import NotFound, Sentence, StoreError, WriteConflict
from core.policy import Rest, Task, next_task
from core.ports import Agents, Gallery, PreviewImage, StepProgress, TextDelta
from core.scheduler import Began, Ended, Notice
from core.story import Story
from studio.bell import Bell
from studio.claims import Claims
from studio.company import TOGETHER, Company
from studio.live import Live, Mood, Passing, Shown
from studio.speech import later

if TYPE_CHECKING:
    from core.store import Store

log = logging.getLogger("studio.worker")

#: Seconds between tries when the data folder or the models cannot be used; a person's act shortens it.
BETWEEN_TRIES = 10.0
#: Seconds that closing waits for the call in flight to give way; and where it has been waited for already.
PATIENCE, A_MOMENT = 30.0, 2.0

Hear = Callable[[Notice], None]


class Worker:
    """Tells stories in a thread of its own until it is closed."""

    def __init__(self, store: Store, gallery: Gallery, load: Callable[[str], Agents]) -> None:
        """``load`` builds the agents of a profile; it runs in the worker's thread, when a story needs them.

        One profile's models are at work at a time: as long as they have stories to tell, stories of others wait. Whether they
        stay in memory for the next time is up to ``load``.
        """
        self._store = store
        self._shown = Shown()
        self._claims = Claims(store)
        self._company = Company(gallery, load, self._shown)
        self._bell = Bell()
        self._patience = PATIENCE
        self._looked = time.monotonic()  # for what other processes left unfinished
        self._listeners: list[Hear] = []
        self._thread = Thread(target=self._run, name="stories", daemon=True)

    # ------------------------------------------------------------ for others

    def listen(self, hear: Hear) -> None:
        """From now on, ``hear`` is told of everything that happens, in the worker's thread."""
        self._listeners.append(hear)

    def start(self) -> None:
        self._thread.start()

    def drain(self, seconds: float) -> bool:
        """Begins no more calls, and waits so long for the one in flight to end and be kept; whether it has ended.

        Models that are being loaded are not waited for.
        """
        ended = self._bell.drain(seconds)
        self._patience = PATIENCE if ended else A_MOMENT
        return ended

    def hold(self, on: bool) -> None:
        """Begins no more calls until it is told that it may; the call in flight ends, and is kept."""
        self._bell.hold(on)

    def close(self, seconds: float | None = None) -> bool:
        """Gives up the call in flight, which leaves no fact, and ends the thread; whether it has ended.

        The stories go on at the next start.
        """
        self._bell.close()
        if self._thread.is_alive():
            self._thread.join(self._patience if seconds is None else seconds)
        return not self._thread.is_alive()

    def stir(self, story: Story) -> None:
        """There may be something to do for this story: it was opened, or a person acted."""
        self._bell.stir(story)

    def passing(self, story_id: str) -> Passing:
        """What is passing about a story right now."""
        shown, mood, trouble = self._shown, self.mood, self._trouble(story_id)
        line = self._bell.line(shown.lives, shown.places)
        return Passing(
            live=shown.lives.get(story_id),
            place=line.index(story_id) if story_id in line else None,
            mood=mood if mood.kind in ("closing", "held") or not trouble else Mood("troubled", trouble),
            broken=shown.broken.get(story_id, ""),
        )

    def _trouble(self, story_id: str) -> str:
        story = self._claims.stories.get(story_id)
        return self._shown.troubled.get(story.trajectory.profile, "") if story else ""

    @property
    def mood(self) -> Mood:
        return Mood("closing") if self._bell.draining else Mood("held") if self._bell.held else self._shown.mood

    @property
    def held(self) -> bool:
        """Whether calls have to wait until somebody lets them begin again."""
        return self._bell.held

    @property
    def unkept(self) -> str:
        """Why the last fact could not be kept; empty once one can again."""
        return self._shown.unkept

    @property
    def in_flight(self) -> int:
        """How many stories are in the call in flight."""
        return len(self._shown.lives)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            while not self._bell.draining and not self._take_up_unfinished():
                self._bell.wait(BETWEEN_TRIES)
            while not self._bell.draining:
                self._look_around()
                self._take_in()
                if self._bell.held:
                    self._bell.wait_for_leave()
                elif not self._claims.stories:
                    self._be(Mood("resting"))
                    self._bell.wait(BETWEEN_TRIES if self._store.shared else None)
                elif not self._company.ready(self._claims.stories.values()):
                    self._bell.wait(BETWEEN_TRIES)
                elif self._bell.may_call():
                    self._be(Mood("working"))
                    self._round()
        except Exception:  # the last resort: without the thread no story goes on, so at least say so
            log.exception("The worker ended.")
            self._be(Mood("troubled", later("The studio's worker ended because of an internal error. Start the studio again.")))
        finally:
            self._shown.lives.clear()

    def _take_up_unfinished(self) -> bool:
        """Whether the data folder could be asked for what is unfinished."""
        try:
            self._claims.take_up_unfinished()
        except StoreError as error:
            self._be(Mood("troubled", error.sentence))
            return False
        return True

    def _look_around(self) -> None:
        """Where other processes tell stories, too: now and then takes up what one that ended has left unfinished."""
        if self._store.shared and time.monotonic() - self._looked >= BETWEEN_TRIES:
            self._looked = time.monotonic()
            self._take_up_unfinished()

    def _take_in(self) -> None:
        """Lets in what was stirred, lets go of what rests or another process tells, and says who stands where in line."""
        for story_id, story in self._bell.take_in().items():
            self._shown.broken.pop(story_id, None)
            self._claims.stories.setdefault(story_id, story)
            self._shown.troubled.pop(story.trajectory.profile, None)  # a person asks to try again
        for story_id, story in list(self._claims.stories.items()):
            try:
                resting = isinstance(next_task(story.trajectory), Rest)
            except Exception as error:  # a story that the rules can't read must not stop the others
                log.exception("Story %s can't be told.", story_id, extra={"story": story_id})
                self._shown.broken[story_id] = Sentence(
                    "This story can't be told ({error}); the log says more.", error=type(error).__name__
                )
                resting = True
            if resting or not self._claims.may_tell(story_id):
                self._let_go(story_id)
            else:
                self._company.let_in(story)
        self._shown.places = self._turns()

    def _turns(self) -> dict[str, int]:
        """Who stands where in line: first those whose models are loaded."""
        return {story_id: place for place, story_id in enumerate(dict.fromkeys([*self._company.turns(), *self._claims.stories]))}

    def _let_go(self, story_id: str) -> None:
        self._company.let_go(story_id)
        self._claims.let_go(story_id)

    def _round(self) -> None:
        """One call of one model. Whatever goes wrong in it becomes a fact or a mood, never the end of the thread."""
        scheduler = self._company.scheduler
        assert scheduler is not None
        begun: dict[str, Task] = {}
        call = scheduler.round()
        try:
            for notice in call:
                self._hear(notice, begun)
                if self._bell.closing:
                    return
        except WriteConflict as error:
            log.warning("A story is behind what is kept of it: %s", error)
            self._read_again()
        except StoreError as error:
            log.error("A fact can't be kept: %s", error)
            self._cannot_keep(error)
        except Exception as error:
            log.exception("An internal error in the call for %s.", list(begun) or "no story")
            if len(begun) > 1:  # whose fault it is shows when each is asked alone
                scheduler.batch = 1
            else:
                self._fail(begun, error)
        else:
            scheduler.batch = TOGETHER
        finally:
            call.close()
            for story_id in begun:
                self._shown.lives.pop(story_id, None)
            self._bell.called()

    def _hear(self, notice: Notice, begun: dict[str, Task]) -> None:
        self._tell(notice)
        story_id, lives = notice.story_id, self._shown.lives
        match notice.what:
            case Began(task=task):
                begun[story_id] = task
                lives[story_id] = Live(task, since=time.time())
                self._shown.places = self._turns()
            case Ended():
                begun.pop(story_id, None)
                lives.pop(story_id, None)
            case TextDelta() | StepProgress() | PreviewImage() as delta:
                lives[story_id] = lives[story_id].after(delta)
            case _:  # a fact
                self._shown.unkept = ""
                begun.pop(story_id, None)
                lives.pop(story_id, None)

    def _tell(self, notice: Notice) -> None:
        for hear in self._listeners:
            hear(notice)

    def _cannot_keep(self, error: StoreError) -> None:
        """Waits before the next try."""
        self._shown.unkept = error.sentence
        self._be(Mood("troubled", error.sentence))
        self._shown.lives.clear()
        self._bell.wait(BETWEEN_TRIES)

    def _read_again(self) -> None:
        """Takes up the stories as they are kept: a fact whose writer was told that it failed may be there all the same.

        One that was deleted for good meanwhile is let go.
        """
        for story_id in list(self._claims.stories):
            try:
                story = self._store.open_story(story_id)
            except NotFound:
                self._let_go(story_id)
                continue
            except StoreError as error:
                self._cannot_keep(error)
                return
            self._claims.stories[story_id] = story
            self._company.let_go(story_id)
            self._company.let_in(story)

    def _fail(self, begun: dict[str, Task], error: Exception) -> None:
        """Records our own fault for the story that was in the call, so that it is asked again, or gets stuck and says why."""
        message = Sentence("Something went wrong inside the studio ({error}); the log says more.", error=type(error).__name__)
        for story_id, task in begun.items():
            try:
                fact = self._claims.blame(story_id, task, message)
            except StoreError as refused:
                self._cannot_keep(refused)
            else:
                self._tell(Notice(story_id, fact))
        if not begun:  # no story to blame: don't spin
            self._be(Mood("troubled", message))
            self._bell.wait(BETWEEN_TRIES)

    def _be(self, mood: Mood) -> None:
        self._shown.mood = mood
