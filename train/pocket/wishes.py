"""Random scenes, and random edits of them with the scene that each should lead to. No prose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, get_args

from core.pocket.world import (
    COUNTS,
    KINDS,
    MAX_THINGS,
    PLACES,
    SIZES,
    SLOTS,
    TIMES,
    VIEWS,
    WEATHER_OF,
    Kind,
    Scene,
    Slot,
    Thing,
    Time,
)
from train.pocket.intents import Intent, Wanted

SKY = tuple(kind for kind in KINDS.values() if kind.row == "sky")
GROUND = tuple(kind for kind in KINDS.values() if kind.row == "ground")
CAST = tuple(kind for kind in KINDS.values() if kind.character)
#: How often a picture has 0 to 4 things.
CROWD = (3, 17, 32, 30, 18)
TIME_ODDS = (5, 3, 3)

Op = Literal["add", "remove", "recolour", "move", "resize", "recount", "replace", "place", "time", "weather", "nothing"]
OPS: tuple[Op, ...] = get_args(Op)
#: How often each is wished for, in the order of ``OPS``.
OP_ODDS = (30, 9, 11, 10, 6, 6, 8, 7, 9, 5, 4)


@dataclass(frozen=True)
class Wish:
    """What is asked for in full, and one scene that does it."""

    intent: Intent
    target: Scene


def colour_of(kind: Kind, rng: Random) -> Any:
    """A colour; the usual one a little more often."""
    return kind.colours[0] if rng.random() < 0.15 else rng.choice(kind.colours)


def random_thing(rng: Random, kind: Kind, slot: Slot) -> Thing:
    count = rng.choices(COUNTS, (5, 3, 3))[0] if kind.countable else "one"
    return Thing(slot=slot, count=count, size=rng.choices(SIZES, (3, 5, 3))[0], colour=colour_of(kind, rng), kind=kind.name)


def random_kind(rng: Random, row: str, taken: set[str]) -> Kind:
    """A kind of this row that is not there yet; of those on the ground, every other one is a character."""
    kinds = SKY if row == "sky" else CAST if rng.random() < 0.5 else GROUND
    return rng.choice([kind for kind in kinds if kind.name not in taken])


def random_scene(rng: Random) -> Scene:
    number = rng.choices(range(5), CROWD)[0]
    things: list[Thing] = []
    for slot in rng.sample(SLOTS, number):
        kind = random_kind(rng, "sky" if slot.startswith("top") else "ground", {thing.kind for thing in things})
        things.append(random_thing(rng, kind, slot))
    place = rng.choice(PLACES)
    return Scene(
        place=place,
        view=rng.choice((1, 2, 3)),
        time=rng.choices(TIMES, TIME_ODDS)[0],
        weather="clear" if rng.random() < 0.5 else rng.choice(WEATHER_OF[place]),
        things=tuple(sorted(things, key=lambda thing: SLOTS.index(thing.slot))),
    )


def free_slots(scene: Scene, kind: Kind) -> list[Slot]:
    return [slot for slot in kind.slots if scene.at(slot) is None]


def without(scene: Scene, kind: str) -> tuple[Thing, ...]:
    return tuple(thing for thing in scene.things if thing.kind != kind)


def altered(scene: Scene, thing: Thing, **values: Any) -> Scene:
    """The scene with one thing changed."""
    return scene.with_things(*without(scene, thing.kind), Thing(**{**dict(thing), **values}))


def restaged(scene: Scene, **values: Any) -> Scene:
    """The scene with another place, view, time or weather."""
    return Scene(**{**dict(scene), **values})


def described(thing: Thing) -> Wanted:
    """All that can be said of a thing."""
    count = thing.count if KINDS[thing.kind].countable else None
    return Wanted(thing.kind, thing.colour, thing.size, count, thing.slot)


def whole_wish(scene: Scene) -> Wish:
    """The whole picture, asked for in full."""
    return Wish(Intent(True, scene.place, scene.time, scene.weather, tuple(map(described, scene.things))), scene)


def random_edit(rng: Random, before: Scene) -> Wish:
    """One thing that somebody could wish of the picture before."""
    while True:
        wish = _EDITS[rng.choices(OPS, OP_ODDS)[0]](rng, before)
        if wish:
            return wish


def random_two_edits(rng: Random, before: Scene) -> Wish:
    """Two wishes that have nothing to do with each other."""
    while True:
        first = random_edit(rng, before)
        second = random_edit(rng, first.target)
        subjects = _subjects(first.intent), _subjects(second.intent)
        staged = {"place", "weather"} <= subjects[0] | subjects[1]  # not every weather can be at every place
        if all(subjects) and not subjects[0] & subjects[1] and not staged:
            break
    a, b = first.intent, second.intent
    asked = (a.place or b.place, a.time or b.time, a.weather or b.weather, a.wanted + b.wanted, a.gone + b.gone)
    return Wish(Intent(False, *asked), second.target)


def _subjects(intent: Intent) -> set[str]:
    picture = {name for name in ("place", "time", "weather") if getattr(intent, name)}
    return {wanted.kind for wanted in intent.wanted if not wanted.bare} | set(intent.gone) | picture


def _add(rng: Random, before: Scene) -> Wish | None:
    if len(before.things) >= MAX_THINGS:
        return None
    slots = [slot for slot in SLOTS if before.at(slot) is None]
    slot = rng.choice(slots)
    kind = random_kind(rng, "sky" if slot.startswith("top") else "ground", {thing.kind for thing in before.things})
    thing = random_thing(rng, kind, slot)
    return Wish(Intent(False, wanted=(described(thing),)), before.with_things(*before.things, thing))


def _remove(rng: Random, before: Scene) -> Wish | None:
    if not before.things:
        return None
    thing = rng.choice(before.things)
    return Wish(Intent(False, gone=(thing.kind,)), before.with_things(*without(before, thing.kind)))


def _alter(attribute: str, values: Callable[[Scene, Thing], list[Any]]) -> Callable[[Random, Scene], Wish | None]:
    def edit(rng: Random, before: Scene) -> Wish | None:
        ways = [
            (thing, value) for thing in before.things for value in values(before, thing) if value != getattr(thing, attribute)
        ]
        if not ways:
            return None
        thing, value = rng.choice(ways)
        said = Wanted(thing.kind, **{attribute: value})
        return Wish(Intent(False, wanted=(said,)), altered(before, thing, **{attribute: value}))

    return edit


def _replace(rng: Random, before: Scene) -> Wish | None:
    if not before.things:
        return None
    old = rng.choice(before.things)
    kind = random_kind(rng, KINDS[old.kind].row, {thing.kind for thing in before.things})
    new = random_thing(rng, kind, old.slot)
    target = before.with_things(*without(before, old.kind), new)
    return Wish(Intent(False, wanted=(described(new),), gone=(old.kind,)), target)


def _place(rng: Random, before: Scene) -> Wish:
    place = rng.choice([place for place in PLACES if place != before.place])
    weather = before.weather if before.weather in WEATHER_OF[place] else "clear"
    return Wish(Intent(False, place=place), restaged(before, place=place, view=rng.choice(VIEWS), weather=weather))


def _time(rng: Random, before: Scene) -> Wish:
    time: Time = rng.choice([time for time in TIMES if time != before.time])
    return Wish(Intent(False, time=time), restaged(before, time=time))


def _weather(rng: Random, before: Scene) -> Wish | None:
    others = [weather for weather in WEATHER_OF[before.place] if weather != before.weather]
    if not others:
        return None
    weather = rng.choice(others)
    return Wish(Intent(False, weather=weather), restaged(before, weather=weather))


def _nothing(rng: Random, before: Scene) -> Wish | None:
    cast = [thing for thing in before.things if KINDS[thing.kind].character]
    return Wish(Intent(False), before) if cast else None


_EDITS: dict[Op, Callable[[Random, Scene], Wish | None]] = {
    "add": _add,
    "remove": _remove,
    "recolour": _alter("colour", lambda scene, thing: list(KINDS[thing.kind].colours)),
    "move": _alter("slot", lambda scene, thing: list(free_slots(scene, KINDS[thing.kind]))),
    "resize": _alter("size", lambda scene, thing: list(SIZES)),
    "recount": _alter("count", lambda scene, thing: list(KINDS[thing.kind].counts)),
    "replace": _replace,
    "place": _place,
    "time": _time,
    "weather": _weather,
    "nothing": _nothing,
}


def loosened(intent: Intent, rng: Random, slot: float, colour: float, size: float, count: float) -> Intent:
    """The intent with attributes of new things left out, each with its chance; what changes on an old thing is always said."""

    def loose(wanted: Wanted) -> Wanted:
        said = sum(value is not None for value in (wanted.colour, wanted.size, wanted.count, wanted.slot))
        if said < 2 and not intent.whole:  # the one attribute that an edit changes
            return wanted
        return replace(
            wanted,
            slot=None if rng.random() < slot else wanted.slot,
            colour=None if rng.random() < colour else wanted.colour,
            size=None if rng.random() < size else wanted.size,
            count=None if rng.random() < count else wanted.count,
        )

    return replace(intent, wanted=tuple(map(loose, intent.wanted)))
