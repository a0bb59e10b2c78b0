"""What may happen to a scene, and what follows from it: the rules behind :mod:`train.pocket.aftermath`. No requests, no plans.

A rule is for some scenes alone. It gives the words, in which the consequence is unsaid, and every outcome that would be right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from core.pocket.world import KINDS, MAX_THINGS, PLACES, WEATHER_OF, Kind, Scene, Slot, Thing, Time, Weather
from train.pocket import consequences as words
from train.pocket import knowing, losses, whereabouts
from train.pocket.beats import Event
from train.pocket.intents import Intent, Wanted
from train.pocket.knowing import Words
from train.pocket.plots import PRESENTS, as_said
from train.pocket.riddles import clue
from train.pocket.wishes import CAST, altered, colour_of, free_slots, restaged, without
from train.pocket.wording import article

PLANTS = ("flower", "tree", "mushroom")
TRAVELLERS = ("gift", "balloon", "kite", "bird", "butterfly")  # what goes along on a journey
OTHER_SIDE: dict[Slot, Slot] = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Turn:
    """One happening: its words, what is true after it (any one of several), and what the teacher's picture shows."""

    event: Event
    subject: str
    text: str
    truths: tuple[Intent, ...]
    intent: Intent
    scene: Scene


@dataclass(frozen=True)
class Hand:
    """What a rule has to work with: a scene, chance, and the wordings of one side."""

    rng: Random
    held: bool
    scene: Scene

    def say(self, known: Words, thing: Thing | None = None, **fields: str) -> str:
        if thing:
            kind = KINDS[thing.kind]
            fields |= {"the": f"the {kind.plural if thing.count != 'one' else kind.name}", "kinds": kind.plural}
        return self.rng.choice(known.of(self.held)).format(**fields)

    def thing(self, fits: Callable[[Thing], bool]) -> Thing | None:
        """One of the things that fit, if there is any."""
        fitting = [thing for thing in self.scene.things if fits(thing)]
        return self.rng.choice(fitting) if fitting else None

    def staged(self, event: Event, known: Words, **values: Any) -> Turn:
        intent = Intent(False, **values)
        return Turn(event, event, self.say(known), (intent,), intent, restaged(self.scene, **values))

    def alters(self, event: Event, thing: Thing, text: str, name: str, *values: str) -> Turn:
        """One attribute of a thing changes, to the first value or to any of the others."""
        truths = tuple(Intent(False, wanted=(Wanted(thing.kind, **{name: value}),)) for value in values)  # type: ignore[arg-type]
        return Turn(event, thing.kind, text, truths, truths[0], altered(self.scene, thing, **{name: values[0]}))

    def comes(self, event: Event, kind: Kind, text: str, truths: tuple[Wanted, ...], wanted: Wanted | None = None) -> Turn | None:
        """Something new, where there is room."""
        wanted = wanted or truths[0]
        slots = free_slots(self.scene, kind)
        if not slots or len(self.scene.things) >= MAX_THINGS or any(self.scene.find(each.kind) for each in truths):
            return None
        colour, count = wanted.colour or colour_of(kind, self.rng), wanted.count or "one"
        thing = Thing(slot=self.rng.choice(slots), kind=kind.name, colour=colour, count=count)
        intents = tuple(Intent(False, wanted=(each,)) for each in truths)
        after = self.scene.with_things(*self.scene.things, thing)
        return Turn(event, kind.name, text, intents, Intent(False, wanted=(as_said(thing),)), after)


def _night(hand: Hand) -> Turn | None:
    if hand.scene.time == "night":
        return None
    return hand.staged("night", words.NIGHT, time="night")


def _day(hand: Hand) -> Turn | None:
    return hand.staged("morning", words.DAY, time="day") if hand.scene.time != "day" else None


def _evening(hand: Hand) -> Turn | None:
    return hand.staged("evening", words.EVENING, time="evening") if hand.scene.time == "day" else None


def _one_hour(hand: Hand) -> Turn | None:
    return hand.staged("night", words.ONE_HOUR, time="night") if hand.scene.time == "evening" else None


def _half_day(hand: Hand) -> Turn | None:
    time: Time = "night" if hand.scene.time == "day" else "day"
    return hand.staged("night" if time == "night" else "morning", words.HALF_DAY, time=time)


def _dry(hand: Hand) -> Turn | None:
    return hand.staged("clear", words.DRY, weather="clear") if hand.scene.weather != "clear" else None


def _wet(hand: Hand) -> Turn | None:
    scene = hand.scene
    known: dict[Weather, Words] = {"rain": words.RAIN, "snow": words.SNOW}
    weathers = [weather for weather in WEATHER_OF[scene.place] if weather in known]
    if scene.weather != "clear" or not weathers:
        return None
    weather = hand.rng.choice(weathers)
    return hand.staged(weather, known[weather], weather=weather)


def _gone(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.kind in losses.GONE or KINDS[each.kind].character)
    if thing is None or len(hand.scene.things) < 2 or (thing.kind == "snowman" and hand.scene.weather == "snow"):
        return None
    text = hand.say(losses.GONE["who" if KINDS[thing.kind].character else thing.kind], thing)
    intent = Intent(False, gone=(thing.kind,))
    return Turn("gone", thing.kind, text, (intent,), intent, hand.scene.with_things(*without(hand.scene, thing.kind)))


def _fewer(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.count != "one")
    if thing is None:
        return None
    lost = "one" if thing.count == "two" else hand.rng.choice(("one", "two"))
    left = "two" if (thing.count, lost) == ("three", "one") else "one"
    part = f"{lost} of the {thing.count} {KINDS[thing.kind].plural}"
    return hand.alters("fewer", thing, hand.say(losses.FEWER[thing.kind], thing, part=part), "count", left)


def _more(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: KINDS[each.kind].countable and each.count != "three")
    if thing is None:
        return None
    if thing.count == "one" and hand.rng.random() < 0.3:
        return hand.alters("more", thing, hand.say(words.DOUBLE, thing), "count", "two")
    count, more = ("three", "one") if thing.count == "two" else hand.rng.choice((("two", "one"), ("three", "two")))
    extra = f"{more} more {thing.kind if more == 'one' else KINDS[thing.kind].plural}"
    return hand.alters("more", thing, hand.say(words.MORE, thing, extra=extra), "count", count)


def _grows(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.size == "small" and (KINDS[each.kind].character or each.kind in (*PLANTS, "balloon")))
    if thing is None or thing.count != "one":
        return None
    known = words.GROWN if KINDS[thing.kind].character else words.WATERED if thing.kind in PLANTS else words.BLOWN
    return hand.alters("bigger", thing, hand.say(known, thing), "size", "big", "medium")


def _shrinks(hand: Hand) -> Turn | None:
    melts = hand.scene.weather == "clear"
    thing = hand.thing(
        lambda each: each.size == "big" and each.count == "one" and (each.kind == "balloon" or (each.kind == "snowman" and melts))
    )
    if thing is None:
        return None
    known = words.DEFLATED if thing.kind == "balloon" else words.MELTING
    return hand.alters("smaller", thing, hand.say(known, thing), "size", "small", "medium")


def _bewitched(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: KINDS[each.kind].character and each.size == "big")
    return hand.alters("smaller", thing, hand.say(words.SHRUNK, thing), "size", "small") if thing else None


def _autumn(hand: Hand) -> Turn | None:
    tree = hand.thing(lambda each: each.kind == "tree" and each.colour in ("green", "pink"))
    return hand.alters("colour", tree, hand.say(words.AUTUMN, tree), "colour", "orange", "red") if tree else None


def _blossom(hand: Hand) -> Turn | None:
    tree = hand.thing(lambda each: each.kind == "tree" and each.colour != "pink")
    return hand.alters("colour", tree, hand.say(words.BLOSSOM, tree), "colour", "pink") if tree else None


def _stained(hand: Hand) -> Turn | None:
    colour, known = hand.rng.choice((("white", words.MILK), ("brown", words.MUD)))
    thing = hand.thing(lambda each: KINDS[each.kind].character and colour in KINDS[each.kind].colours and each.colour != colour)
    return hand.alters("colour", thing, hand.say(known, thing), "colour", colour) if thing else None


def _painted(hand: Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.kind in ("house", "boat", "kite", "gift") and each.count == "one")
    if thing is None:
        return None
    colour = hand.rng.choice([each for each in KINDS[thing.kind].colours if each != thing.colour])
    like = clue(knowing.COLOURS[colour], hand.rng, hand.held)
    return hand.alters("colour", thing, hand.say(words.PAINT, thing, x=like), "colour", colour)


def _opened(hand: Hand) -> Turn | None:
    gift = hand.scene.find("gift")
    kinds = [KINDS[kind] for kind in PRESENTS if hand.scene.find(kind) is None]
    if gift is None or gift.count != "one" or not kinds:
        return None
    kind = hand.rng.choice(kinds)
    thing = Thing(slot=gift.slot, kind=kind.name, colour=hand.rng.choice(kind.colours))
    asked = Wanted(kind.name, thing.colour, count="one" if kind.countable else None)
    text = hand.say(words.OPENED, gift, np=article(f"{thing.colour} {thing.kind}"))
    truth = Intent(False, wanted=(asked,), gone=("gift",))
    after = hand.scene.with_things(*without(hand.scene, "gift"), thing)
    return Turn("open", kind.name, text, (truth,), replace(truth, wanted=(as_said(thing),)), after)


def _sprouts(hand: Hand) -> Turn | None:
    kind = hand.rng.choice(("flower", "flower", "tree"))
    truths = tuple(sorted((Wanted("flower"), Wanted("tree")), key=lambda each: each.kind != kind))
    return hand.comes("find", KINDS[kind], hand.say(words.SEED), truths)


def _hatches(hand: Hand) -> Turn | None:
    return hand.comes("find", KINDS["butterfly"], hand.say(words.COCOON), (Wanted("butterfly"),))


def _is_built(hand: Hand) -> Turn | None:
    if hand.scene.weather != "snow":
        return None
    return hand.comes("find", KINDS["snowman"], hand.say(words.SNOWBALLS), (Wanted("snowman"),))


def _is_given(hand: Hand) -> Turn | None:
    return hand.comes("find", KINDS["gift"], hand.say(words.BIRTHDAY), (Wanted("gift"),))


def _visits(hand: Hand) -> Turn | None:
    kind = hand.rng.choice(CAST)
    who = clue(knowing.KINDS[kind.name], hand.rng, hand.held)
    return hand.comes("friend", kind, hand.say(words.VISIT, who=who), (Wanted(kind.name),))


def _travel(hand: Hand) -> Turn | None:
    scene = hand.scene
    movable = [KINDS[thing.kind].character or thing.kind in TRAVELLERS for thing in scene.things]
    if not all(movable) or not any(KINDS[thing.kind].character for thing in scene.things):
        return None
    place = hand.rng.choice([each for each in PLACES if each != scene.place and scene.weather in WEATHER_OF[each]])
    intent = Intent(False, place=place)
    text = hand.say(words.TRAVEL, where=clue(whereabouts.PLACES[place], hand.rng, hand.held))
    return Turn("journey", place, text, (intent,), intent, restaged(scene, place=place, view=hand.rng.choice((1, 2, 3))))


def _crosses(hand: Hand) -> Turn | None:
    thing = hand.thing(
        lambda each: KINDS[each.kind].character and each.slot in OTHER_SIDE and hand.scene.at(OTHER_SIDE[each.slot]) is None
    )
    return hand.alters("move", thing, hand.say(words.ACROSS, thing), "slot", OTHER_SIDE[thing.slot]) if thing else None


RULES: tuple[Callable[[Hand], Turn | None], ...] = (
    *(_night, _day, _evening, _one_hour, _half_day, _dry, _wet, _wet, _gone, _gone, _gone, _fewer, _fewer, _fewer, _more, _more),
    *(_grows, _grows, _shrinks, _bewitched, _autumn, _blossom, _stained, _painted, _opened, _sprouts, _hatches, _is_built),
    *(_is_given, _visits, _visits, _travel, _travel, _crosses),
)
