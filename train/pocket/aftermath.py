"""Requests that tell a first picture and then what happens, and leave its consequence to be reasoned out.

The words are in :mod:`train.pocket.consequences`. The truth of each picture is exact: what it asks of the one before, and
that nothing else changes. Where more than one outcome would be right (a kitten that grew up is big or of medium size), each is
a truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import Random

from core.pocket.world import KINDS, Scene
from train.pocket import consequences as words
from train.pocket.beats import Beat, Story
from train.pocket.happenings import RULES, Hand, Turn
from train.pocket.intents import Intent
from train.pocket.plots import as_said
from train.pocket.wishes import random_scene
from train.pocket.wording import Voice, joined

NUMBERS = {2: "two", 3: "three"}
TRIES = 40  # scenes for one rule, before another rule is tried


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
        second = rule(Hand(rng, held, turn.scene))
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
            turn = rule(Hand(rng, held, before))
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
