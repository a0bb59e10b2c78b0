"""Keeps a person's library: lists their stories, marks, copies and deletes them, and takes story files in.

Knows no page. Nobody sees or changes a story here that is not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import Pause, Rename, Resume
from core.errors import CommandError, NotFound, StoreError
from core.events import MAX_TITLE
from core.policy import Rest, next_task
from core.storyfile import Report, import_story
from studio.caps import Caps
from studio.library import Asked, Shown, Tale, tale_of
from studio.speech import later
from studio.visitors import Visitor
from studio.worker import Worker

if TYPE_CHECKING:
    from core.store import Store, StoryCard
    from core.story import Story

PAGE = 48  # cards; whole rows of 2, 3, 4 or 6
MOST = 500  # stories in one act
COPY = " (copy)"
STRANGER = later("Your browser keeps no cookie from here, so the story would not be yours: allow it, and reload.")
#: Most bytes of a story file: on one's own computer what the engine reads at most; elsewhere less, for the disk is shared.
FILE_OF_OWNER, FILE_OF_OTHERS = 2**30, 256 * 2**20


class Librarian:
    """What a person can do with all their stories, whichever page they do it from."""

    def __init__(self, store: Store, worker: Worker, titles: Mapping[str, str], caps: Caps) -> None:
        """``titles`` are what profiles are called."""
        self._store = store
        self._worker = worker
        self.titles = titles
        self.caps = caps

    # ------------------------------------------------------------ looks

    def library(self, asked: Asked, visitor: Visitor) -> Shown:
        """A page of the visitor's stories, the newest first; whoever owns the data folder has all."""
        if not visitor.name:
            return Shown(())
        page = self._store.page(asked.query(self._owner(visitor), PAGE))
        return Shown(tuple(self._tale(card, visitor) for card in page.cards), page.next)

    def tales(self, stories: Sequence[str], visitor: Visitor) -> list[Tale]:
        """Those of these stories that are there and the visitor's, in no order."""
        cards = self._store.cards(stories[:MOST])
        return [self._tale(card, visitor) for card in cards if visitor.owns(f"person:{card.owner}")]

    def profiles(self, visitor: Visitor) -> list[tuple[str, str]]:
        """Name and title of the profiles that the visitor's stories were told by."""
        if not visitor.name:
            return []
        return [(name, self.titles.get(name, name)) for name in self._store.profiles(self._owner(visitor))]

    # ------------------------------------------------------------ acts

    def star(self, stories: Sequence[str], on: bool, visitor: Visitor) -> None:
        self._check(stories, visitor)
        for story in stories:
            self._store.star(story, on)

    def delete(self, stories: Sequence[str], visitor: Visitor) -> list[str]:
        """Takes stories off all lists, until :meth:`restore`. Those that were being told are stopped first, and returned."""
        self._check(stories, visitor)
        stopped = [story for story in stories if self._stop(story, visitor)]
        for story in stories:
            self._store.delete(story)
        return stopped

    def reviews_of(self, stories: Sequence[str], visitor: Visitor) -> int:
        """How many reviews are of these stories: no queue, figure or training has them while the stories are deleted."""
        self._check(stories, visitor)
        return self._store.reviews.count_of(stories)

    def restore(self, stories: Sequence[str], stopped: Sequence[str], visitor: Visitor) -> None:
        """Brings deleted stories back as they were; ``stopped`` are those of them that go on."""
        self._check([*stories, *stopped], visitor)
        for story in stories:
            self._store.restore(story)
        for story in stopped:
            self._resume(self._store.open_story(story), visitor)

    def duplicate(self, story: str, visitor: Visitor) -> str:
        """Begins a story with all that this one has, and returns its id. It waits, unless there is nothing to do."""
        self._check([story], visitor)
        self.caps.ask(visitor)
        title = self._store.card(story).title
        copy = self._store.duplicate(story, visitor.by)
        copy.send(Rename(title=title[: MAX_TITLE - len(COPY)] + COPY), visitor.by)
        self._finish(copy, visitor)
        return copy.id

    def import_file(self, file: Path, visitor: Visitor, report: Report | None = None) -> str:
        """Takes the story in a file in, as the visitor's, and returns its id. It waits, unless there is nothing to do."""
        if not visitor.name:
            raise CommandError(STRANGER)
        story = import_story(self._store, file, visitor.by, report)
        self._finish(self._store.open_story(story), visitor)
        return story

    # ------------------------------------------------------------ inside

    def _owner(self, visitor: Visitor) -> str | None:
        return None if visitor.owns_all else visitor.name

    def _tale(self, card: StoryCard, visitor: Visitor) -> Tale:
        working = self._worker.passing(card.id).live is not None
        return tale_of(card, working, self.titles, visitor.name)

    def _check(self, stories: Sequence[str], visitor: Visitor) -> None:
        """Before anything is changed: all of them are there, deleted or not, and the visitor's."""
        if len(stories) > MOST:
            raise CommandError("At most {most} stories at a time: choose fewer.", most=MOST)
        for story in stories:
            if not visitor.owns(f"person:{self._store.owner(story)}"):
                raise NotFound("There is no such story.")  # also what a stranger's is: nobody learns which ids there are

    def _stop(self, story_id: str, visitor: Visitor) -> bool:
        """Gives up the call in flight, if there is one; whether the story would have gone on."""
        try:
            story = self._store.open_story(story_id)
            runs = not isinstance(next_task(story.trajectory), Rest)
            if runs or self._worker.passing(story_id).live:
                story.send(Pause(now=True), visitor.by)
                self._worker.stir(story)
        except (CommandError, StoreError, ValueError):  # stopped or deleted already, or so damaged that nothing tells it
            return False
        return runs

    def _resume(self, story: Story, visitor: Visitor) -> None:
        if story.trajectory.paused:
            story.send(Resume(), visitor.by)
            self._worker.stir(story)

    def _finish(self, story: Story, visitor: Visitor) -> None:
        """A copy of a finished story waits for nothing: it is finished, too."""
        task = next_task(story.trajectory.model_copy(update={"paused": False}))
        if isinstance(task, Rest) and task.reason == "done":
            self._resume(story, visitor)


def most_for(visitor: Visitor) -> int:
    """The most bytes that a story file of this visitor may have."""
    return FILE_OF_OWNER if visitor.owns_all else FILE_OF_OTHERS
