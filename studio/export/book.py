"""Says what a book is, and makes one of a story's facts: its pages in reading order, each picture with where it came from.

Pure. All texts in a book are clean: a format has to escape them for itself, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, Field

from core.errors import CommandError
from core.events import Drawn, Event
from core.trajectory import Standing, Trajectory, fold
from core.types import AttemptKey, ImageRef, StepId, Value
from studio.cards import name_of
from studio.export.language import Direction, direction_in, direction_of, tag_of
from studio.export.texts import Line, Printable, Readable, Words, in_one_line, paragraphs, slug
from studio.wording import headline

if TYPE_CHECKING:
    from pathlib import Path

    from core.images import ImageStore

UNTITLED = "A story from a picture"
LONGEST_TITLE = 120  # letters; more do not fit on a cover beside a picture

#: ``report(done, total)`` is told after each page, and raises to give the export up.
Report = Callable[[int, int], None]
#: Writes a book to a path, with the pictures of an image store; returns a sentence for each thing that could not be as asked.
Writer = Callable[["Book", "ImageStore", "Path", Report], tuple[str, ...]]


class Provenance(Value):
    """Where a picture came from. ``attempt`` is named as in the studio (``s3.0.1``); the ``verdict`` is the last word on it."""

    story: Line
    step: StepId
    attempt: Line
    prompt: Printable
    seed: int
    painter: Line = ""
    verdict: Literal["accepted", "refused", "not judged"] = "not judged"


class Plate(Value):
    """A picture in a book, and its words for those who can't see it. The captions are read out anyway: these say no more."""

    image: ImageRef
    alt: Words
    origin: Provenance | None = None


class Page(Value):
    """One page: a picture, the text under it, or both. The title is for tables of contents."""

    title: Line = ""
    caption: Readable = ""
    plate: Plate | None = None

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return paragraphs(self.caption)


class Book(Value):
    """A story to read. ``made_at`` is the time of its last fact, so that the same story makes the same book."""

    title: Words
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")
    author: Line = ""
    story: Line
    made_at: AwareDatetime
    pages: tuple[Page, ...]

    @property
    def direction(self) -> Direction:
        return direction_of(self.language)

    @property
    def plates(self) -> tuple[Plate, ...]:
        return tuple(page.plate for page in self.pages if page.plate)

    @property
    def cover(self) -> Plate | None:
        """The first picture."""
        return self.plates[0] if self.plates else None

    @property
    def slug(self) -> str:
        """The title as a file's name, without its suffix."""
        return slug(self.title, otherwise="story")

    def direction_in(self, text: str) -> Direction:
        """In which direction one of the book's texts is read; the book's own where its letters don't say."""
        return direction_in(text, self.direction)


def book_of(story: str, events: Sequence[Event], title: str = "", author: str = "", language: str = "") -> Book:
    """The book of a story as it stands. What is not given, the facts say; ``CommandError`` if there is nothing to read yet."""
    t = fold(events)
    painters = {event.attempt.key: event.by.removeprefix("painter:") for event in events if isinstance(event, Drawn)}
    pages = [_page(t, story, standing, number, painters) for number, standing in enumerate(t.standings, start=1)]
    pages = [page for page in pages if page.plate or page.caption]
    if not pages:
        raise CommandError("There is nothing to read in this story yet: wait for its first picture, then export it.")
    assert t.request is not None
    words = " ".join(page.caption for page in pages) or t.request.text
    return Book(
        title=headline(in_one_line(title), LONGEST_TITLE) or headline(in_one_line(t.request.text)) or UNTITLED,
        language=tag_of(language or t.request.notes.language, words),
        author=author,
        story=story,
        made_at=events[-1].at,
        pages=tuple(pages),
    )


def _page(t: Trajectory, story: str, standing: Standing, number: int, painters: dict[AttemptKey, str]) -> Page:
    step, key = standing.step, standing.settled.attempt if standing.settled else None
    plate = None
    if standing.image and key and (tried := t.find(key)):
        said = tried.verdict
        origin = Provenance(
            story=story,
            step=step.id,
            attempt=name_of(key),
            prompt=tried.attempt.prompt,
            seed=tried.attempt.seed,
            painter=painters.get(key, ""),
            verdict="not judged" if said is None else "accepted" if said.accepted else "refused",
        )
        said_of_it = map(in_one_line, (step.title, step.instruction, step.caption or ""))
        alt = next(filter(None, said_of_it), f"Picture {number}")
        plate = Plate(image=standing.image, alt=alt, origin=origin)
    return Page(title=step.title, caption=step.caption or "", plate=plate)
