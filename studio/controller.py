"""The only thing that pages talk to: opens stories, takes a person's commands, and says what is to be seen.

Knows who may do what and how much. Every command becomes facts through the story; the worker is stirred and finds its work.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from threading import Lock
from typing import TYPE_CHECKING, Any

from core.commands import Choose, Command, LockStep, Open, Pause, Rename
from core.decide import decide, loses
from core.errors import CommandError, NotFound
from core.policy import Rest, next_task
from core.store import StoryQuery
from core.story import Story
from core.trajectory import Trajectory, evolve
from core.types import AttemptKey, ImageRef, Notes, Policy, Request
from studio.board import Board, Sheet
from studio.caps import Caps, Limits
from studio.export.formats import makers
from studio.export.jobs import Exports, Job
from studio.librarian import Librarian
from studio.live import Mood, Passing
from studio.sharing import Sharing
from studio.shelf import Card, card_for
from studio.speech import language, say
from studio.tally import Tally, tallied
from studio.view import View, view_of
from studio.visitors import Visitor
from studio.worker import Worker

if TYPE_CHECKING:
    from core.store import Store, StoryCard, Timings

#: Stories whose parts are kept ready for pages that look at them; the one looked at least recently goes first.
BOARDS = 128
BETWEEN_TIMINGS = 30.0  # seconds
SHELF = 40  # stories on the shelf at once


@dataclass(frozen=True)
class Telling:
    """Who can tell new stories: a profile's name and title, and its policy where a person says nothing else.

    ``heeds`` are the notes that its models are told of; ``shows_references``: its planner looks at reference pictures.
    """

    profile: str
    title: str = ""
    policy: Policy = field(default_factory=Policy)
    heeds: frozenset[str] = frozenset(Notes.model_fields)
    shows_references: bool = True


class Controller:
    """What a person can do in the studio, whichever page they do it from."""

    def __init__(
        self, store: Store, worker: Worker, render: Callable[[View], Sheet], tellings: Sequence[Telling], limits: Limits
    ) -> None:
        """``render`` turns a view into markup. Of the ``tellings``, the first is chosen unless a person says otherwise."""
        self._store = store
        self._worker = worker
        self._render = render
        self._limits = limits
        self.caps = Caps(store, limits)
        self.tellings = tuple(tellings)
        self.librarian = Librarian(store, worker, {telling.profile: telling.title for telling in tellings}, self.caps)
        self.sharing = Sharing(store, self.caps)
        self._boards: OrderedDict[tuple[str, bool, str], Board] = OrderedDict()
        self._tallies: OrderedDict[str, Tally] = OrderedDict()
        self._timings: dict[str, tuple[float, Timings | None]] = {}
        self._lock = Lock()
        self._exports = Exports(store.own_folder / "exports", makers(store))

    def start(self) -> None:
        self._worker.start()

    def close(self) -> None:
        self._worker.close()
        self._exports.close()

    @property
    def store(self) -> Store:
        """The data folder, for the pages of those who review what is in it."""
        return self._store

    @property
    def worker(self) -> Worker:
        """The thread that tells the stories, for those who watch over the studio."""
        return self._worker

    @property
    def mood(self) -> Mood:
        return self._worker.mood

    # ------------------------------------------------------------ wishes

    def telling(self, profile: str | None = None) -> Telling:
        """The telling of this profile, or the first."""
        for telling in self.tellings:
            if profile in (telling.profile, None):
                return telling
        raise CommandError("These models are not here: choose others in the settings.")

    def open(self, request: Request, policy: Policy, visitor: Visitor, profile: str | None = None) -> str:
        """Begins a story; returns its id. ``CommandError`` if there are too many already, or the profile is not here."""
        self._check_limits(visitor)
        command = Open(request=request, policy=policy, profile=self.telling(profile).profile)
        story = self._store.create(command, visitor.by)
        self._worker.stir(story)
        return story.id

    def send(self, story_id: str, command: Command, visitor: Visitor) -> None:
        """Does what a person wishes of their story, or raises ``CommandError``, which says why not."""
        story = self._store.open_story(story_id)
        if not visitor.owns(self._tally(story).opened_by):
            raise CommandError("This is somebody else's story: you can look, but not change it.")
        if _may_begin_work(story.trajectory, command, visitor):
            self.caps.check_work(visitor)
        story.send(command, visitor.by)
        self._worker.stir(story)

    def weigh(self, story_id: str, command: Command) -> list[tuple[int, str]]:
        """Number and title of the steps whose pictures a command would make stale; ``CommandError`` if it can't be done."""
        t = self._store.open_story(story_id).trajectory
        lost = loses(t, command)
        return [
            (number, step.title or say("Step {number}", number=number))
            for number, step in enumerate(t.steps, start=1)
            if step.id in lost
        ]

    def branch(self, story_id: str, attempt: AttemptKey | None, visitor: Visitor) -> str:
        """Begins another story with all that this one has so far, and waits; with ``attempt``, going on from its picture."""
        self._check_limits(visitor)
        branch = self._store.branch(story_id, visitor.by)
        if attempt is not None:
            branch.send(Choose(attempt=attempt), visitor.by)
        return branch.id

    # ------------------------------------------------------------ looks

    def look(self, story_id: str, seen: str, visitor: Visitor) -> dict[str, Any] | None:
        """What has changed for a page that has seen version ``seen`` of a story; None if nothing has."""
        story = self._store.open_story(story_id)
        tally = self._tally(story)
        mine = visitor.owns(tally.opened_by)
        passing = self._worker.passing(story_id)
        board = self._board(story_id, mine)
        with board.lock:
            board.story = story  # the store keeps a story live only as long as somebody holds it
            shown = (tally.facts, story.length, passing)  # read before the trajectory, which is then at least as new
            if board.shown != shown:
                view = view_of(story_id, story.trajectory, tally, passing, mine, self._usual(story.trajectory.profile))
                board.put(self._render(view), shown)
            return board.since(seen)

    def export(self, story_id: str, format: str, visitor: Visitor) -> str:
        """Begins to make a file of a story; returns the job's id. Whoever may look at a story may take it along."""
        self._store.card(story_id)
        self.caps.ask(visitor)
        return self._exports.start(story_id, format, visitor.name)

    def exporting(self, job_id: str, visitor: Visitor | None = None) -> Job:
        """How far a file is, for whoever asked for it. Without a visitor: for whoever knows its id, which can't be guessed."""
        job = self._exports.status(job_id)
        if visitor is not None and visitor.name != job.owner:
            raise NotFound("There is no such export: export the story again.")
        return job

    def give_up(self, job_id: str, visitor: Visitor) -> None:
        """Gives a file up that the visitor asked for."""
        self._exports.cancel(self.exporting(job_id, visitor).id)

    def forget(self, person: str) -> None:
        """No file that a person asked for is there any more, or will be."""
        self._exports.forget(person)

    def versus(self, story_id: str, other: str) -> tuple[View, View, list[StoryCard]] | None:
        """A story and another that shares its beginning, and all that do; the newest one, if no ``other`` is named."""
        relatives = self._store.relatives(story_id)
        if not relatives:
            return None
        chosen = next((card.id for card in relatives if card.id == other), relatives[0].id)
        return self.view(story_id), self.view(chosen), relatives

    def view(self, story_id: str, live: bool = False) -> View:
        """A story as it is, for documents; ``live``: with what is happening to it."""
        story = self._store.open_story(story_id)
        passing = self._worker.passing(story_id) if live else Passing()
        return view_of(story_id, story.trajectory, self._tally(story), passing)

    def shelf(self, visitor: Visitor, search: str = "") -> list[Card]:
        """A person's stories, the newest first, as far as they fit on the shelf."""
        if not visitor.name:
            return []
        owner = None if visitor.owns_all else visitor.name
        found = self._store.page(StoryQuery(owner=owner, words=search, limit=SHELF)).cards
        return [card_for(story, working=self._worker.passing(story.id).live is not None) for story in found]

    def picture(self, story_id: str, sha256: str) -> ImageRef:
        """The picture of this content, if it belongs to this story; else ``NotFound``."""
        t = self._store.open_story(story_id).trajectory
        for ref in _pictures(t):
            if ref.sha256 == sha256:
                return ref
        raise NotFound("This story has no such picture.")

    def passing(self, story_id: str) -> Passing:
        return self._worker.passing(story_id)

    # ------------------------------------------------------------ inside

    def _check_limits(self, visitor: Visitor) -> None:
        if not visitor.name:
            raise CommandError("Your browser keeps no cookie from here, so the story would not be yours: allow it, and reload.")
        waiting = self._store.cards(self._store.unfinished())
        mine = [card for card in waiting if card.owner == visitor.name]
        if len(mine) >= self._limits.each and not visitor.owns_all:
            if len(mine) == 1:
                raise CommandError("You have a story in work: pause it, or wait until it is finished.")
            raise CommandError("You have {count} stories in work: pause one, or wait until one is finished.", count=len(mine))
        if len(waiting) >= self._limits.queued:
            raise CommandError("The studio is full at the moment: try again in a few minutes.")
        self.caps.check_work(visitor)
        self.caps.ask(visitor)  # last, so that only what is begun is counted

    def _usual(self, profile: str) -> Timings | None:
        """How long calls of these models take here, as far as that was known a little while ago."""
        now = time.monotonic()
        known = self._timings.get(profile)
        if known is None or now - known[0] > BETWEEN_TIMINGS:
            known = self._timings[profile] = (now, self._store.timings(profile))
        return known[1]

    def _board(self, story_id: str, mine: bool) -> Board:
        with self._lock:
            key = (story_id, mine, language())
            board = self._boards.setdefault(key, Board())
            self._boards.move_to_end(key)
            while len(self._boards) > BOARDS:
                self._boards.popitem(last=False)
            return board

    def _tally(self, story: Story) -> Tally:
        """The story's tally, brought up to date with the facts that are new."""
        with self._lock:
            tally = self._tallies.pop(story.id, Tally())
            if tally.facts < story.length:
                tally = tallied(tally, self._store.events(story.id, after=tally.facts - 1))
            self._tallies[story.id] = tally
            while len(self._tallies) > 4 * BOARDS:
                self._tallies.popitem(last=False)
            return tally


def _may_begin_work(t: Trajectory, command: Command, visitor: Visitor) -> bool:
    """Whether models would have something to do after a command; one that stops or names a story is nobody's work."""
    if isinstance(command, Pause | Rename | LockStep):
        return False
    return not isinstance(next_task(reduce(evolve, decide(t, command, visitor.by), t)), Rest)


def _pictures(t: Trajectory) -> list[ImageRef]:
    asked = [*t.request.pictures, *t.request.references] if t.request else []
    return [*asked, *(tried.attempt.image for tried in t.tries)]
