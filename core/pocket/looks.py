"""How one thing looks in a scene: the ramp of its colour, its mood, pose and weather. Decides nothing about where it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from core.pocket.drawing import Ramp, ramp
from core.pocket.world import Colour, Scene, Slot, Thing, Time, Weather

Mood = Literal["happy", "sleepy", "delighted"]

#: Shades lean to the neighbouring hue instead of black: they stay bright, and the colour keeps its name.
RAMPS: dict[Colour, Ramp] = {
    "red": ramp((228, 68, 64), (188, 42, 66)),
    "orange": ramp((249, 148, 48), (224, 106, 40)),
    "yellow": ramp((255, 212, 66), (238, 168, 44)),
    "green": ramp((94, 180, 88), (58, 138, 88)),
    "blue": ramp((72, 136, 226), (46, 98, 190)),
    "purple": ramp((148, 98, 206), (108, 66, 170)),
    "pink": ramp((248, 148, 186), (226, 108, 160)),
    "white": ramp((253, 250, 245), (208, 212, 234)),
    "brown": ramp((156, 104, 70), (116, 72, 58)),
}

#: The sky slot over each ground slot.
ABOVE: dict[Slot, Slot] = {"left": "top left", "middle": "top middle", "right": "top right"}

#: Who is glad of which weather.
FAVOURITES: set[tuple[str, Weather]] = {("frog", "rain"), ("duck", "rain"), ("penguin", "snow"), ("snowman", "snow")}


@dataclass(frozen=True)
class Look:
    """Everything but place and size that changes how a thing is drawn."""

    colour: Colour
    mood: Mood = "happy"
    lively: bool = False  # waving, wings up: the other of a kind's two poses
    mirrored: bool = False
    time: Time = "day"
    snowy: bool = False
    afloat: bool = False  # a boat on the sea instead of its own pond
    shining: bool = False  # a star at night: it gives light instead of taking the time's tint

    @property
    def colours(self) -> Ramp:
        return RAMPS[self.colour]


def look_of(thing: Thing, scene: Scene) -> Look:
    """Only the mood may depend on the other things: a face looks up, but nothing moves and no colour changes."""
    return Look(
        colour=thing.colour,
        mood=mood_of(thing, scene),
        lively=chance(thing.kind, thing.slot, "pose") < 0.5,
        mirrored=thing.slot.endswith("right") or (thing.slot.endswith("middle") and chance(thing.kind, thing.slot, "turn") < 0.5),
        time=scene.time,
        snowy=scene.weather == "snow",
        afloat=scene.place == "beach" and thing.kind == "boat",
        shining=scene.time == "night" and thing.kind == "star",
    )


def mood_of(thing: Thing, scene: Scene) -> Mood:
    above = ABOVE.get(thing.slot)
    if (above is not None and scene.at(above) is not None) or (thing.kind, scene.weather) in FAVOURITES:
        return "delighted"
    return "sleepy" if scene.time == "night" else "happy"


def chance(kind: str, slot: str, purpose: str) -> float:
    """A number from 0 to 1 that belongs to a kind in a slot, whatever else is in the scene."""
    return crc32(f"{kind}/{slot}/{purpose}".encode()) / 2**32
