"""The values of a picture story: what a request settles, what happens in each picture, and the whole. No chance, no prose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from core.pocket.world import Place, Scene, Time, Weather
from train.pocket.intents import Intent, Wanted

Opening = Literal["opening"]
Arrival = Literal["find", "friend", "stars"]
Staging = Literal["journey", "rain", "snow", "clear", "evening", "night", "morning"]
Alteration = Literal["bigger", "more", "colour", "move", "gone", "open", "smaller", "fewer"]
Event = Opening | Arrival | Staging | Alteration
Family = Literal["story", "how-to", "knowledge", "edit"]  # of requests


@dataclass(frozen=True)
class Premise:
    """What a request settles. ``asked`` are its events in order: things and friends to come, places to go to."""

    hero: Wanted | None = None
    names: dict[str, str] = field(default_factory=dict)
    place: Place | None = None
    time: Time | None = None
    weather: Weather | None = None
    asked: tuple[tuple[Event, Any], ...] = ()
    steps: int | None = None
    task: str = ""  # "decorate a garden": a how-to; its hero is the thing it begins with


@dataclass(frozen=True)
class Beat:
    """One picture: what happens, to which kind of thing, what is asked of the picture before, and the picture it should be."""

    event: Event
    subject: str
    intent: Intent
    before: Scene | None
    scene: Scene


@dataclass(frozen=True)
class Story:
    hero: str
    names: dict[str, str]
    beats: tuple[Beat, ...]
    task: str = ""
    family: Family = "story"

    def called(self, kind: str) -> str:
        """A name, or "the cat"."""
        return self.names.get(kind) or f"the {kind}"
