"""What can be in a storybook scene, and the scene program that names it. Pure values: no pixels, no models, no prose.

A scene has a place, a time of day, a weather and at most one thing in each of six slots. The **scene program** is its one
canonical line of text, e.g. ``beach 2 day clear; top right: one big red balloon; left: one medium orange cat``; the painter
model writes it and the renderer draws it. Positions inside a slot, poses and moods are the renderer's: a scene that is
equal draws the same pixels, and a thing that did not change does not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

from core.types import Value

Place = Literal["meadow", "beach", "forest", "mountain", "town", "desert"]
Time = Literal["day", "evening", "night"]
Weather = Literal["clear", "rain", "snow"]
Slot = Literal["top left", "top middle", "top right", "left", "middle", "right"]
Size = Literal["small", "medium", "big"]
Count = Literal["one", "two", "three"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "brown"]

PLACES: tuple[Place, ...] = ("meadow", "beach", "forest", "mountain", "town", "desert")
TIMES: tuple[Time, ...] = ("day", "evening", "night")
WEATHERS: tuple[Weather, ...] = ("clear", "rain", "snow")
SKY_SLOTS: tuple[Slot, ...] = ("top left", "top middle", "top right")
GROUND_SLOTS: tuple[Slot, ...] = ("left", "middle", "right")
SLOTS: tuple[Slot, ...] = SKY_SLOTS + GROUND_SLOTS
SIZES: tuple[Size, ...] = ("small", "medium", "big")
COUNTS: tuple[Count, ...] = ("one", "two", "three")
COLOURS: tuple[Colour, ...] = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "brown")
VIEWS: tuple[int, ...] = (1, 2, 3)  # each place has three backdrops
MAX_THINGS = 4  # more than four and the small vision tower's six by six tokens overlap

#: Weather that a place can have: no snow on the sand, no rain in the desert.
WEATHER_OF: dict[Place, tuple[Weather, ...]] = {
    "meadow": WEATHERS,
    "beach": ("clear", "rain"),
    "forest": WEATHERS,
    "mountain": ("clear", "snow"),
    "town": WEATHERS,
    "desert": ("clear",),
}


@dataclass(frozen=True)
class Kind:
    """What a kind of thing may be: its row, its colours (first is the usual one), its plural, whether it comes in numbers."""

    name: str
    plural: str
    row: Literal["sky", "ground"]
    colours: tuple[Colour, ...]
    character: bool = False
    countable: bool = False

    @property
    def slots(self) -> tuple[Slot, ...]:
        return SKY_SLOTS if self.row == "sky" else GROUND_SLOTS

    @property
    def counts(self) -> tuple[Count, ...]:
        return COUNTS if self.countable else ("one",)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("cat", "cats", "ground", ("orange", "white", "purple", "brown"), character=True),
        Kind("dog", "dogs", "ground", ("brown", "white", "yellow", "blue"), character=True),
        Kind("rabbit", "rabbits", "ground", ("pink", "white", "brown", "purple"), character=True),
        Kind("bear", "bears", "ground", ("brown", "white", "pink", "blue"), character=True),
        Kind("frog", "frogs", "ground", ("green", "yellow", "blue", "red"), character=True),
        Kind("duck", "ducks", "ground", ("yellow", "white", "blue", "green"), character=True),
        Kind("penguin", "penguins", "ground", ("blue", "purple", "red", "green"), character=True),
        Kind("house", "houses", "ground", ("red", "blue", "yellow", "pink", "white")),
        Kind("tree", "trees", "ground", ("green", "orange", "pink", "red")),
        Kind("flower", "flowers", "ground", ("red", "yellow", "pink", "purple", "blue", "white"), countable=True),
        Kind("mushroom", "mushrooms", "ground", ("red", "brown", "purple", "blue"), countable=True),
        Kind("boat", "boats", "ground", ("red", "blue", "yellow", "green")),
        Kind("snowman", "snowmen", "ground", ("white",)),
        Kind("gift", "gifts", "ground", ("red", "blue", "green", "purple", "yellow"), countable=True),
        Kind("balloon", "balloons", "sky", ("red", "yellow", "blue", "green", "purple", "pink", "orange"), countable=True),
        Kind("kite", "kites", "sky", ("red", "blue", "green", "purple", "orange")),
        Kind("bird", "birds", "sky", ("blue", "red", "yellow", "white"), countable=True),
        Kind("butterfly", "butterflies", "sky", ("purple", "orange", "pink", "blue", "yellow"), countable=True),
        Kind("star", "stars", "sky", ("yellow",), countable=True),
        Kind("cloud", "clouds", "sky", ("white",), countable=True),
    )
}
CHARACTERS: tuple[str, ...] = tuple(kind.name for kind in KINDS.values() if kind.character)


class Thing(Value):
    """One thing, or a little group of one kind, in one slot."""

    slot: Slot
    count: Count = "one"
    size: Size = "medium"
    colour: Colour
    kind: str

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Thing:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"no kind of thing is called {self.kind!r}")
        if self.slot not in kind.slots or self.colour not in kind.colours or self.count not in kind.counts:
            raise ValueError(f"no {self.kind} is {self.count} {self.colour} at {self.slot}")
        return self

    def __str__(self) -> str:
        return f"{self.slot}: {self.count} {self.size} {self.colour} {self.kind}"


class Scene(Value):
    """A whole picture as values. Things are kept in slot order, at most one a slot and one of each kind."""

    place: Place
    view: Literal[1, 2, 3] = 1
    time: Time = "day"
    weather: Weather = "clear"
    things: tuple[Thing, ...] = ()

    @model_validator(mode="after")
    def _is_drawable(self) -> Scene:
        if self.weather not in WEATHER_OF[self.place]:
            raise ValueError(f"no {self.weather} at the {self.place}")
        slots = [thing.slot for thing in self.things]
        if slots != sorted(slots, key=SLOTS.index) or len(set(slots)) != len(slots):
            raise ValueError(f"things must be in slot order, one a slot: {slots}")
        if len({thing.kind for thing in self.things}) != len(self.things):
            raise ValueError("two slots hold the same kind")
        if len(self.things) > MAX_THINGS:
            raise ValueError(f"{len(self.things)} things; at most {MAX_THINGS} fit")
        return self

    def at(self, slot: Slot) -> Thing | None:
        return next((thing for thing in self.things if thing.slot == slot), None)

    def find(self, kind: str) -> Thing | None:
        return next((thing for thing in self.things if thing.kind == kind), None)

    def with_things(self, *things: Thing) -> Scene:
        """This scene with exactly these things, put in slot order and checked again."""
        ordered = tuple(sorted(things, key=lambda thing: SLOTS.index(thing.slot)))
        return Scene(place=self.place, view=self.view, time=self.time, weather=self.weather, things=ordered)

    def program(self) -> str:
        return "; ".join([f"{self.place} {self.view} {self.time} {self.weather}", *map(str, self.things)])


def parse_program(text: str) -> Scene:
    """The scene that a program line names; ``ValueError`` if it is not exactly one."""
    head, *parts = text.strip().split("; ")
    words = head.split(" ")
    if len(words) != 4:
        raise ValueError(f"a scene starts with place, view, time and weather, not {head!r}")
    things = []
    for part in parts:
        slot, colon, rest = part.partition(": ")
        fields = rest.split(" ")
        if not colon or len(fields) != 4:
            raise ValueError(f"a thing is 'slot: count size colour kind', not {part!r}")
        things.append({"slot": slot, "count": fields[0], "size": fields[1], "colour": fields[2], "kind": fields[3]})
    if words[1] not in {"1", "2", "3"}:
        raise ValueError(f"a view is 1, 2 or 3, not {words[1]!r}")
    place, view, time, weather = words[0], int(words[1]), words[2], words[3]
    return Scene.model_validate({"place": place, "view": view, "time": time, "weather": weather, "things": things})


def drawable(program: str) -> Scene:
    """As much of a painter's program as can be drawn; ``ValueError`` if not even its stage can.

    A thing that is not in this world, a second one of its kind or in its slot, and a fifth one are left out: like any
    generator, the painter then shows a picture that misses something, and the critic sees it.
    """
    stage, *parts = program.strip("; \n").split("; ")
    scene = parse_program(stage)
    for part in parts:
        try:
            scene = scene.with_things(*scene.things, *parse_program(f"{stage}; {part}").things)
        except ValueError:
            continue
    return scene
