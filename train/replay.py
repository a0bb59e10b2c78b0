"""Draws a story's attempts again, and says which pictures come out as they were. Prints nothing.

Every attempt has all that its drawing needed: prompt, seed, source and the story's notes and references at that time. The
engine draws it as it did then, so a difference is the machine's, the weights' or the file's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.engine import perform
from core.errors import ProfileError
from core.events import Drawn, Event, Failed
from core.images import ImageStore
from core.policy import Draw
from core.ports import Agents
from core.profiles import Profile, load_profile
from core.storyfile import StoryFile
from core.trajectory import Trajectory, evolve
from core.types import Attempt, AttemptKey, ImageRef


@dataclass(frozen=True)
class Redrawn:
    """An attempt that was drawn again; ``why`` says how the picture differs, and is empty if it does not."""

    attempt: AttemptKey
    why: str


def profile_of(told: StoryFile) -> Profile:
    """The profile that the story was told by. ``ProfileError`` if it is not here."""
    name = told.trajectory.profile
    if name.endswith(".toml"):  # a path, which a file from elsewhere has no business to name
        raise ProfileError(f"The story was told by {name!r}, which is no profile's name; choose one with --profile.")
    return load_profile(name)


def replay(told: StoryFile, agents: Agents, gallery: ImageStore) -> Iterator[Redrawn]:
    """Draws every attempt again, in order. ``gallery`` is for the pictures, old and new: a folder that is thrown away."""
    for picture in told.manifest.pictures:
        gallery.adopt(told.picture(picture))
    t = Trajectory()
    for event in told.facts:
        if isinstance(event, Drawn):
            again = _draw(t, event.attempt, agents, gallery)
            yield Redrawn(event.attempt.key, _difference(event.attempt.image, again, gallery))
        t = evolve(t, event)


def _draw(t: Trajectory, attempt: Attempt, agents: Agents, gallery: ImageStore) -> Event:
    task = Draw(key=attempt.key, prompt=attempt.prompt, seed=attempt.seed, source=attempt.source, round=attempt.round or 0)
    call = perform([(t, task)], agents, gallery)
    try:
        while True:
            next(call)
    except StopIteration as finished:
        (event,) = finished.value
        return event


def _difference(before: ImageRef, again: Event, gallery: ImageStore) -> str:
    match again:
        case Drawn(attempt=attempt):
            if attempt.image == before:
                return ""
            old, new = gallery.load(before), gallery.load(attempt.image)
            if old.size != new.size:
                return f"{new.width} × {new.height} pixels, not {old.width} × {old.height}"
            return "" if old.tobytes() == new.tobytes() else "other pixels"  # equal: only the PNG is packed differently
        case Failed(message=message):
            return f"not drawn: {message}"
    raise TypeError(again)
