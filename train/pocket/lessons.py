"""Single steps to learn from: a picture, a prompt in some style, and what a painter makes of it. No prompt packs, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from core.pocket.world import Scene, Weather
from train.pocket import faults
from train.pocket.asking import ask
from train.pocket.intents import Finding, Intent, check
from train.pocket.language import explicit_edit, explicit_whole, write_edit, write_whole
from train.pocket.phrases import Style
from train.pocket.plots import plot
from train.pocket.telling import draft
from train.pocket.wishes import Wish, loosened, random_edit, random_scene, random_two_edits, restaged, whole_wish

WHOLE = 0.35  # of the prompts are for an empty canvas
TOLD = 0.2  # of the lessons are steps of planned stories; the others are of scenes that no story would think of
#: How often each style is taught; the first is the one that plans and refinements are written in.
STYLE_ODDS: dict[Style, int] = {"explicit": 38, "paraphrased": 18, "terse": 12, "vague": 20, "long": 12}
#: Chance that a new thing's slot, colour, size or count is left out, by style.
LEFT_OUT: dict[Style, tuple[float, float, float, float]] = {
    "explicit": (0.0, 0.0, 0.6, 0.0),
    "paraphrased": (0.0, 0.0, 0.5, 0.0),
    "terse": (0.1, 0.05, 0.7, 0.05),
    "vague": (0.9, 0.55, 0.85, 0.4),
    "long": (0.05, 0.0, 0.5, 0.0),
}
CARELESS = 0.3  # a prompt that does not say what to keep harms something as often as this
FORGETFUL = 0.12  # a new thing without a slot is forgotten as often as this
CROWDING = 0.12  # a whole picture whose prompt leaves slots out gets something extra as often as this


@dataclass(frozen=True)
class Lesson:
    """One prompt in one situation. ``good`` does all of it; ``keeps``: the prompt says what else there should be."""

    before: Scene | None
    intent: Intent
    prompt: str
    style: Style
    keeps: bool
    good: Scene


def lesson(rng: Random) -> Lesson:
    if rng.random() < TOLD:
        return _told(rng)
    style: Style = rng.choices(list(STYLE_ODDS), list(STYLE_ODDS.values()))[0]
    return _whole(rng, style) if rng.random() < WHOLE else _edit(rng, style)


def _told(rng: Random) -> Lesson:
    """A step of a planned story: what a painter is given in the studio."""
    story = plot(rng, ask(rng).premise)
    beat = rng.choice(story.beats[:1] if rng.random() < WHOLE else story.beats[1:])
    prompt = draft(story, beat, rng)
    return Lesson(beat.before, prompt.intent, prompt.text, prompt.style, prompt.keeps, beat.scene)


def _whole(rng: Random, style: Style) -> Lesson:
    scene = random_scene(rng)
    wish = whole_wish(scene)
    intent = _unstaged(loosened(wish.intent, rng, *LEFT_OUT[style]), style, rng)
    if style == "explicit":
        scene = _as_usual(scene, intent)
        if rng.random() < 0.35:
            return Lesson(None, intent, explicit_whole(intent, only=rng.random() < 0.7), style, True, scene)
    said = write_whole(intent, style, rng)
    return Lesson(None, intent, said.text, style, said.keeps, scene)


def _unstaged(intent: Intent, style: Style, rng: Random) -> Intent:
    """The intent with place, time or weather left out now and then; something is always asked for."""
    loose = style in ("vague", "terse")
    place = intent.place if not intent.wanted or rng.random() < (0.6 if loose else 0.95) else None
    time = intent.time if rng.random() < (0.35 if loose else 0.85) else None
    usual = intent.weather == "clear"
    weather = intent.weather if rng.random() < ((0.1 if usual else 0.4) if loose else (0.2 if usual else 1.0)) else None
    return replace(intent, place=place, time=time, weather=weather)


def _as_usual(scene: Scene, intent: Intent) -> Scene:
    """An explicit prompt that leaves out the size, the time or the weather means the usual one."""
    weather: Weather = scene.weather if intent.weather else "clear"
    things = []
    for thing in scene.things:
        wanted = intent.find(thing.kind)
        things.append(thing if wanted is None or wanted.size else thing.model_copy(update={"size": "medium"}))
    return restaged(scene, weather=weather, time=scene.time if intent.time else "day", things=tuple(things))


def _edit(rng: Random, style: Style) -> Lesson:
    before = random_scene(rng)
    two = rng.random() < (0.5 if style == "long" else 0.12)
    wish: Wish = random_two_edits(rng, before) if two and before.things else random_edit(rng, before)
    intent = loosened(wish.intent, rng, *LEFT_OUT[style])
    if style == "vague":  # a vague pattern has no room for a slot
        fresh = tuple(w if before.find(w.kind) else replace(w, slot=None) for w in intent.wanted)
        intent = replace(intent, wanted=fresh)
    good = wish.target
    if style == "explicit":
        good = _sized(good, before, intent)
        if rng.random() < 0.3:
            return Lesson(before, intent, explicit_edit(intent, before, _worry(rng, intent, before, good)), style, True, good)
    said = write_edit(intent, before, style, rng)
    return Lesson(before, intent, said.text, style, said.keeps, good)


def _sized(good: Scene, before: Scene, intent: Intent) -> Scene:
    """New things whose size an explicit prompt leaves out are of medium size."""
    things = []
    for thing in good.things:
        wanted = intent.find(thing.kind)
        new = wanted is not None and wanted.size is None and before.find(thing.kind) is None
        things.append(thing.model_copy(update={"size": "medium"}) if new else thing)
    return good.with_things(*things)


def _worry(rng: Random, intent: Intent, before: Scene, good: Scene) -> tuple[Finding, ...]:
    """What a refined prompt may forbid: the harm of an earlier attempt."""
    if rng.random() < 0.5:
        return ()
    return check(intent, before, faults.careless(rng, intent, before, good)).collateral


def painted(rng: Random, given: Lesson) -> Scene:
    """What a painter makes of the prompt: it follows explicit ones, and is free, forgetful or careless where nothing is said."""
    scene = given.good
    unplaced = any(wanted.slot is None for wanted in given.intent.wanted if not (given.before and given.before.find(wanted.kind)))
    if unplaced and given.style in ("vague", "terse", "long"):
        if rng.random() < FORGETFUL:
            scene = faults.forgetful(rng, given.intent, given.before, scene)
        elif given.before is None and rng.random() < CROWDING:
            scene = faults.added(rng, given.intent, None, scene) or scene
    if given.before is not None and not given.keeps and rng.random() < CARELESS:
        scene = faults.careless(rng, given.intent, given.before, scene)
    return scene
