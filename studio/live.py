"""What passes while models work on a story: the call in flight and how far it is. Nothing here is ever stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from core.policy import Task
from core.ports import Delta, PreviewImage, StepProgress, TextDelta

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Live:
    """A call in flight: its task, since when (seconds since the epoch), and what it has shown so far."""

    task: Task
    since: float
    text: str = ""
    done: int = 0
    total: int = 0
    preview: Image | None = field(default=None, compare=False)  # pictures compare pixel by pixel
    previews: int = 0  # how many previews there were; names the newest

    def after(self, delta: Delta) -> Live:
        match delta:
            case TextDelta(text=text):
                return replace(self, text=self.text + text)
            case StepProgress(done=done, total=total):
                return replace(self, done=done, total=total)
            case PreviewImage(image=image):
                return replace(self, preview=image, previews=self.previews + 1)


@dataclass(frozen=True)
class Mood:
    """How the worker is: ``troubled`` means that it cannot work, and ``message`` says why, for a person; ``closing``, that it
    begins nothing more; ``held``, that it begins nothing for now."""

    kind: Literal["resting", "loading", "working", "troubled", "closing", "held"] = "resting"
    message: str = ""


@dataclass(frozen=True)
class Passing:
    """All that is passing about one story: its call in flight, its place in line (0: nobody is before it), the worker's mood."""

    live: Live | None = None
    place: int | None = None
    mood: Mood = Mood()
    broken: str = ""  # why the studio has given up on this story until it is restarted


@dataclass
class Shown:
    """What the worker lets others see of its stories. Written by the worker's thread alone, read by all."""

    lives: dict[str, Live] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    troubled: dict[str, str] = field(default_factory=dict)  # profiles that can't be loaded, and why
    places: dict[str, int] = field(default_factory=dict)
    mood: Mood = field(default_factory=Mood)
    unkept: str = ""  # why the last fact could not be kept, until one can
