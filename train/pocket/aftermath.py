"""Requests that tell a first picture and then what happens, and leave its consequence to be reasoned out.

The words are in :mod:`train.pocket.consequences`. The truth of each picture is exact: what it asks of the one before, and
that nothing else changes. Where more than one outcome would be right (a kitten that grew up is big or of medium size), each is
a truth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from core.pocket.world import KINDS, MAX_THINGS, PLACES, WEATHER_OF, Kind, Scene, Slot, Thing, Time, Weather
from train.pocket import consequences as words
from train.pocket import knowing
from train.pocket.beats import Beat, Event, Story
from train.pocket.intents import Intent, Wanted
from train.pocket.knowing import Words
from train.pocket.plots import PRESENTS, as_said
from train.pocket.wishes import CAST, altered, colour_of, free_slots, random_scene, restaged, without
from train.pocket.wording import Voice, article, joined

NUMBERS = {2: "two", 3: "three"}
TRIES = 40  # scenes for one rule, before another rule is tried
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
class Aftermath:
    """A request with the truth of each of its pictures, and the teacher's story. ``parts``: its words picture by picture."""

    text: str
    parts: tuple[str, ...]
    truths: tuple[tuple[Intent, ...], ...]
    story: Story


def aftermath(rng: Random, held: bool) -> Aftermath:
    """A random request, in the benchmark's wordings if ``held``, else in others."""
    while True:
        made = _aftermath(rng, held)
        if made:
            return made


def _aftermath(rng: Random, held: bool) -> Aftermath | None:
    first = _first_turn(rng, held)
    if first is None:
        return None
    before, turn = first
    turns = [turn]
    if rng.random() < 0.35:
        rule = rng.choice(RULES)
        second = rule(_Hand(rng, held, turn.scene))
        if second and second.scene != before and second.subject != turn.subject and second.event != turn.event:
            turns.append(second)
    opening = _opening_of(before, rng)
    said = _said(opening, rng)
    then = [_clause(rng.choice(words.THEN.of(held)).format(c=each.text)) for each in turns]
    number = NUMBERS[len(turns) + 1]
    text = rng.choice(words.FRAMES.of(held)).format(first=said, then=" ".join(then), n=number, N=number.capitalize())
    text = _clause(re.sub(r"([.:?]) *\. ", r"\1 ", text))
    parts = (_clause(f"{said}."), *then)
    hero = max(before.things, key=lambda thing: KINDS[thing.kind].character).kind
    full = Intent(True, before.place, before.time, opening.weather, tuple(map(as_said, before.things)))
    beats, scene = [Beat("opening", hero, full, None, before)], before
    for each in turns:
        beats.append(Beat(each.event, each.subject, each.intent, scene, each.scene))
        scene = each.scene
    story = Story(hero, {}, tuple(beats), family="edit")
    return Aftermath(text.lower() if rng.random() < 0.2 else text, parts, ((opening,), *(each.truths for each in turns)), story)


def _first_turn(rng: Random, held: bool) -> tuple[Scene, Turn] | None:
    """A rule first, so that all come as often, and then a scene that it is for."""
    rule = rng.choice(RULES)
    for _ in range(TRIES):
        before = random_scene(rng)
        if 1 <= len(before.things) <= 3:
            turn = rule(_Hand(rng, held, before))
            if turn:
                return before, turn
    return None


def _opening_of(scene: Scene, rng: Random) -> Intent:
    """What the request says of its first picture: slots now and then, usual sizes and the clear sky not."""
    slots = rng.random() < 0.65
    things = tuple(as_said(thing) if slots else replace(as_said(thing), slot=None) for thing in scene.things)
    return Intent(True, scene.place, scene.time, None if scene.weather == "clear" else scene.weather, things)


def _said(intent: Intent, rng: Random) -> str:
    voice = Voice("explicit" if rng.random() < 0.7 else "paraphrased", rng, tells=True)
    things = [f"{voice.a_thing(wanted)} {voice.at(wanted.slot)}".strip() for wanted in intent.wanted]
    return f"{joined(things)}, {voice.stage(intent)}"


def _clause(text: str) -> str:
    """With a capital at the start of each sentence."""
    return re.sub(r"(^|[.?] )([a-z])", lambda mark: mark[1] + mark[2].upper(), text)


# ---------------------------------------------------------------- the rules


@dataclass(frozen=True)
class _Hand:
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


def _night(hand: _Hand) -> Turn | None:
    if hand.scene.time == "night":
        return None
    return hand.staged("night", words.NIGHT, time="night")


def _day(hand: _Hand) -> Turn | None:
    return hand.staged("morning", words.DAY, time="day") if hand.scene.time != "day" else None


def _evening(hand: _Hand) -> Turn | None:
    return hand.staged("evening", words.EVENING, time="evening") if hand.scene.time == "day" else None


def _one_hour(hand: _Hand) -> Turn | None:
    return hand.staged("night", words.ONE_HOUR, time="night") if hand.scene.time == "evening" else None


def _half_day(hand: _Hand) -> Turn | None:
    time: Time = "night" if hand.scene.time == "day" else "day"
    return hand.staged("night" if time == "night" else "morning", words.HALF_DAY, time=time)


def _dry(hand: _Hand) -> Turn | None:
    return hand.staged("clear", words.DRY, weather="clear") if hand.scene.weather != "clear" else None


def _wet(hand: _Hand) -> Turn | None:
    scene = hand.scene
    known: dict[Weather, Words] = {"rain": words.RAIN, "snow": words.SNOW}
    weathers = [weather for weather in WEATHER_OF[scene.place] if weather in known]
    if scene.weather != "clear" or not weathers:
        return None
    weather = hand.rng.choice(weathers)
    return hand.staged(weather, known[weather], weather=weather)


def _gone(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.kind in words.GONE or KINDS[each.kind].character)
    if thing is None or len(hand.scene.things) < 2 or (thing.kind == "snowman" and hand.scene.weather == "snow"):
        return None
    text = hand.say(words.GONE["who" if KINDS[thing.kind].character else thing.kind], thing)
    intent = Intent(False, gone=(thing.kind,))
    return Turn("gone", thing.kind, text, (intent,), intent, hand.scene.with_things(*without(hand.scene, thing.kind)))


def _fewer(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.count != "one")
    if thing is None:
        return None
    lost = "one" if thing.count == "two" else hand.rng.choice(("one", "two"))
    left = "two" if (thing.count, lost) == ("three", "one") else "one"
    part = f"{lost} of the {thing.count} {KINDS[thing.kind].plural}"
    return hand.alters("fewer", thing, hand.say(words.FEWER[thing.kind], thing, part=part), "count", left)


def _more(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: KINDS[each.kind].countable and each.count != "three")
    if thing is None:
        return None
    if thing.count == "one" and hand.rng.random() < 0.3:
        return hand.alters("more", thing, hand.say(words.DOUBLE, thing), "count", "two")
    count, more = ("three", "one") if thing.count == "two" else hand.rng.choice((("two", "one"), ("three", "two")))
    extra = f"{more} more {thing.kind if more == 'one' else KINDS[thing.kind].plural}"
    return hand.alters("more", thing, hand.say(words.MORE, thing, extra=extra), "count", count)


def _grows(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.size == "small" and (KINDS[each.kind].character or each.kind in (*PLANTS, "balloon")))
    if thing is None or thing.count != "one":
        return None
    known = words.GROWN if KINDS[thing.kind].character else words.WATERED if thing.kind in PLANTS else words.BLOWN
    return hand.alters("bigger", thing, hand.say(known, thing), "size", "big", "medium")


def _shrinks(hand: _Hand) -> Turn | None:
    melts = hand.scene.weather == "clear"
    thing = hand.thing(
        lambda each: each.size == "big" and each.count == "one" and (each.kind == "balloon" or (each.kind == "snowman" and melts))
    )
    if thing is None:
        return None
    known = words.DEFLATED if thing.kind == "balloon" else words.MELTING
    return hand.alters("smaller", thing, hand.say(known, thing), "size", "small", "medium")


def _bewitched(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: KINDS[each.kind].character and each.size == "big")
    return hand.alters("smaller", thing, hand.say(words.SHRUNK, thing), "size", "small") if thing else None


def _autumn(hand: _Hand) -> Turn | None:
    tree = hand.thing(lambda each: each.kind == "tree" and each.colour in ("green", "pink"))
    return hand.alters("colour", tree, hand.say(words.AUTUMN, tree), "colour", "orange", "red") if tree else None


def _blossom(hand: _Hand) -> Turn | None:
    tree = hand.thing(lambda each: each.kind == "tree" and each.colour != "pink")
    return hand.alters("colour", tree, hand.say(words.BLOSSOM, tree), "colour", "pink") if tree else None


def _stained(hand: _Hand) -> Turn | None:
    colour, known = hand.rng.choice((("white", words.MILK), ("brown", words.MUD)))
    thing = hand.thing(lambda each: KINDS[each.kind].character and colour in KINDS[each.kind].colours and each.colour != colour)
    return hand.alters("colour", thing, hand.say(known, thing), "colour", colour) if thing else None


def _painted(hand: _Hand) -> Turn | None:
    thing = hand.thing(lambda each: each.kind in ("house", "boat", "kite", "gift") and each.count == "one")
    if thing is None:
        return None
    colour = hand.rng.choice([each for each in KINDS[thing.kind].colours if each != thing.colour])
    like = hand.say(knowing.COLOURS[colour])
    return hand.alters("colour", thing, hand.say(words.PAINT, thing, x=like), "colour", colour)


def _opened(hand: _Hand) -> Turn | None:
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


def _sprouts(hand: _Hand) -> Turn | None:
    kind = hand.rng.choice(("flower", "flower", "tree"))
    truths = tuple(sorted((Wanted("flower"), Wanted("tree")), key=lambda each: each.kind != kind))
    return hand.comes("find", KINDS[kind], hand.say(words.SEED), truths)


def _hatches(hand: _Hand) -> Turn | None:
    return hand.comes("find", KINDS["butterfly"], hand.say(words.COCOON), (Wanted("butterfly"),))


def _is_built(hand: _Hand) -> Turn | None:
    if hand.scene.weather != "snow":
        return None
    return hand.comes("find", KINDS["snowman"], hand.say(words.SNOWBALLS), (Wanted("snowman"),))


def _is_given(hand: _Hand) -> Turn | None:
    return hand.comes("find", KINDS["gift"], hand.say(words.BIRTHDAY), (Wanted("gift"),))


def _visits(hand: _Hand) -> Turn | None:
    kind = hand.rng.choice(CAST)
    who = hand.say(knowing.KINDS[kind.name])
    return hand.comes("friend", kind, hand.say(words.VISIT, who=who), (Wanted(kind.name),))


def _travel(hand: _Hand) -> Turn | None:
    scene = hand.scene
    movable = [KINDS[thing.kind].character or thing.kind in TRAVELLERS for thing in scene.things]
    if not all(movable) or not any(KINDS[thing.kind].character for thing in scene.things):
        return None
    place = hand.rng.choice([each for each in PLACES if each != scene.place and scene.weather in WEATHER_OF[each]])
    intent = Intent(False, place=place)
    text = hand.say(words.TRAVEL, where=hand.say(knowing.PLACES[place]))
    return Turn("journey", place, text, (intent,), intent, restaged(scene, place=place, view=hand.rng.choice((1, 2, 3))))


def _crosses(hand: _Hand) -> Turn | None:
    thing = hand.thing(
        lambda each: KINDS[each.kind].character and each.slot in OTHER_SIDE and hand.scene.at(OTHER_SIDE[each.slot]) is None
    )
    return hand.alters("move", thing, hand.say(words.ACROSS, thing), "slot", OTHER_SIDE[thing.slot]) if thing else None


RULES: tuple[Callable[[_Hand], Turn | None], ...] = (
    *(_night, _day, _evening, _one_hour, _half_day, _dry, _wet, _wet, _gone, _gone, _gone, _fewer, _fewer, _fewer, _more, _more),
    *(_grows, _grows, _shrinks, _bewitched, _autumn, _blossom, _stained, _painted, _opened, _sprouts, _hatches, _is_built),
    *(_is_given, _visits, _visits, _travel, _travel, _crosses),
)
