"""How a painter goes wrong: scenes that miss what was asked, or harm what was not. Pure values.

Each fault takes a good picture and returns a wrong one, or ``None`` where it can't happen. Most change one attribute of one
thing: the hard cases for a critic.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from core.pocket.world import KINDS, MAX_THINGS, PLACES, SIZES, SLOTS, TIMES, VIEWS, WEATHER_OF, Scene, Thing
from train.pocket.intents import ATTRIBUTES, Intent, check
from train.pocket.wishes import altered, free_slots, random_kind, random_scene, random_thing, restaged, without

Fault = Callable[[Random, Intent, Scene | None, Scene], Scene | None]


def _other(rng: Random, thing: Thing, attribute: str, scene: Scene) -> Scene | None:
    """The scene with another value of one attribute of one thing."""
    kind = KINDS[thing.kind]
    values: dict[str, tuple[Any, ...]] = {
        "colour": kind.colours,
        "size": SIZES,
        "count": kind.counts,
        "slot": tuple(free_slots(scene, kind)),
    }
    others = [value for value in values[attribute] if value != getattr(thing, attribute)]
    return altered(scene, thing, **{attribute: rng.choice(others)}) if others else None


def _asked(attribute: str) -> Fault:
    """An asked-for attribute comes out otherwise."""

    def fault(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
        said = [wanted for wanted in intent.wanted if getattr(wanted, attribute) and good.find(wanted.kind)]
        thing = good.find(rng.choice(said).kind) if said else None
        return _other(rng, thing, attribute, good) if thing else None

    return fault


def _kept(attribute: str) -> Fault:
    """Something of a thing that nobody spoke of changes."""

    def fault(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
        thing = _bystander(rng, intent, before, good)
        return _other(rng, thing, attribute, good) if thing else None

    return fault


def _bystander(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Thing | None:
    if before is None:
        return None
    asked = {wanted.kind for wanted in intent.wanted if not wanted.bare}
    quiet = [thing for thing in good.things if thing.kind not in asked]
    return rng.choice(quiet) if quiet else None


def missing(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    """One wish is forgotten."""
    if not intent.wanted:
        return None
    wanted = rng.choice(intent.wanted)
    old, thing = before.find(wanted.kind) if before else None, good.find(wanted.kind)
    if thing is None:
        return None
    if old is None:
        return good.with_things(*without(good, wanted.kind))
    if good.at(old.slot) not in (None, thing):
        return None
    return altered(good, thing, **{name: getattr(old, name) for name in ATTRIBUTES if getattr(wanted, name)})


def wrong_kind(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    """Another kind of thing stands where the asked-for one should."""
    new = [wanted for wanted in intent.wanted if before is None or before.find(wanted.kind) is None]
    thing = good.find(rng.choice(new).kind) if new else None
    return _exchanged(rng, thing, good) if thing else None


def swapped_kind(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    """A thing that nobody spoke of becomes another kind."""
    thing = _bystander(rng, intent, before, good)
    return _exchanged(rng, thing, good) if thing else None


def _exchanged(rng: Random, thing: Thing, good: Scene) -> Scene:
    kind = random_kind(rng, KINDS[thing.kind].row, {each.kind for each in good.things})
    new = random_thing(rng, kind, thing.slot)
    if thing.colour in kind.colours and rng.random() < 0.6:
        new = Thing(**{**dict(new), "colour": thing.colour})
    return good.with_things(*without(good, thing.kind), new)


def still_there(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    """What should be gone is not."""
    old = before.find(rng.choice(intent.gone)) if before and intent.gone else None
    if old is None or good.find(old.kind):
        return None
    in_its_place = good.at(old.slot)
    rest = without(good, in_its_place.kind) if in_its_place else good.things
    if len(rest) >= MAX_THINGS:  # other things have come since
        return None
    return good.with_things(*rest, old)


def vanished(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    thing = _bystander(rng, intent, before, good)
    return good.with_things(*without(good, thing.kind)) if thing else None


def added(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    slots = [slot for slot in SLOTS if good.at(slot) is None]
    if len(good.things) >= MAX_THINGS or not slots:
        return None
    slot = rng.choice(slots)
    kinds = {thing.kind for thing in good.things} | set(intent.gone)
    new = random_thing(rng, random_kind(rng, "sky" if slot.startswith("top") else "ground", kinds), slot)
    return good.with_things(*good.things, new)


def wrong_place(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    place = rng.choice([place for place in PLACES if place != good.place])
    if intent.place and before and before.place != good.place and rng.random() < 0.5:
        place = before.place
    weather = good.weather if good.weather in WEATHER_OF[place] else "clear"
    return restaged(good, place=place, view=rng.choice(VIEWS), weather=weather)


def wrong_view(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    return restaged(good, view=rng.choice([view for view in VIEWS if view != good.view]))


def wrong_time(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    return restaged(good, time=rng.choice([time for time in TIMES if time != good.time]))


def wrong_weather(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    others = [weather for weather in WEATHER_OF[good.place] if weather != good.weather]
    return restaged(good, weather=rng.choice(others)) if others else None


def nothing_done(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene | None:
    return before


#: What was asked is not so.
UNMET: dict[str, Fault] = {
    "missing": missing,
    "wrong kind": wrong_kind,
    "wrong colour": _asked("colour"),
    "wrong size": _asked("size"),
    "wrong count": _asked("count"),
    "wrong slot": _asked("slot"),
    "still there": still_there,
    "nothing done": nothing_done,
}
#: What was not asked is no longer so.
COLLATERAL: dict[str, Fault] = {
    "vanished": vanished,
    "recoloured": _kept("colour"),
    "resized": _kept("size"),
    "recounted": _kept("count"),
    "moved": _kept("slot"),
    "swapped kind": swapped_kind,
    "added": added,
}
#: The picture as a whole: unmet or collateral, as the intent has it.
STAGING: dict[str, Fault] = {
    "wrong place": wrong_place,
    "wrong view": wrong_view,
    "wrong time": wrong_time,
    "wrong weather": wrong_weather,
}
FAULTS: dict[str, Fault] = UNMET | COLLATERAL | STAGING
#: A critic meets what was asked for more often than the backdrop.
ODDS = {name: 3 if name in UNMET else 2 if name in COLLATERAL else 1 for name in FAULTS} | {
    **{"still there": 9, "recounted": 5, "recoloured": 4, "moved": 3, "added": 3, "vanished": 3, "wrong view": 2},
}
#: What a careless painter does to a picture when it was not told to keep it.
CARELESS = ("vanished", "recoloured", "recoloured", "moved", "resized", "added", "swapped kind", "wrong time")


def spoiled(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> tuple[Scene, str]:
    """A picture with one fault, now and then two, and the (first) fault's name."""
    names = list(FAULTS)
    while True:
        name = rng.choices(names, list(ODDS.values()))[0]
        wrong = FAULTS[name](rng, intent, before, good)
        if wrong is None or wrong == good:
            continue
        if rng.random() < 0.12:
            wrong = FAULTS[rng.choice(names)](rng, intent, before, wrong) or wrong
        if not check(intent, before, wrong).success:
            return wrong, name


def careless(rng: Random, intent: Intent, before: Scene, good: Scene) -> Scene:
    """A good picture with one thing harmed that nobody spoke of."""
    for _ in range(8):
        wrong = COLLATERAL.get(name := rng.choice(CARELESS), STAGING.get(name, wrong_time))(rng, intent, before, good)
        if wrong is not None and wrong != good:
            return wrong
    return good


def forgetful(rng: Random, intent: Intent, before: Scene | None, good: Scene) -> Scene:
    """A good picture without one of the new things."""
    new = [wanted.kind for wanted in intent.wanted if before is None or before.find(wanted.kind) is None]
    return good.with_things(*without(good, rng.choice(new))) if new else good


def unrelated(rng: Random, before: Scene | None, edit: Callable[[Random, Scene], Any]) -> Scene:
    """A picture that has nothing to do with the wish: of another wish, or of another story."""
    if before is not None and rng.random() < 0.75:
        return edit(rng, before).target
    return random_scene(rng)
