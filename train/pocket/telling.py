"""Tells a story as a plan: for every beat a title, what to see, a prompt to draw with and a caption to read aloud.

The plan's thought is its outline, one line for the whole story in a fixed order: how many pictures, who, where and when, and
then what each picture brings. It is what keeps a tiny planner to the number of steps and to the facts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from core.pocket.world import KINDS, Thing
from core.types import Plan, PlannedStep
from train.pocket import howto, lexicon, sequels, tales
from train.pocket.beats import Beat, Family, Story
from train.pocket.intents import Intent, Wanted
from train.pocket.language import explicit_whole, write_edit, write_whole
from train.pocket.phrases import Style
from train.pocket.wishes import described, loosened
from train.pocket.wording import Voice, joined

VAGUE = 0.3  # of the prompts after the first leave the critic something to do
VAGUE_OPENING = 0.1  # a first picture should be right: everything is built on it
#: What the packed painter misreads, of 24 explicit edits each: a sky to be made clear 24 times, who "is gone" 7 times, "moves
#: to" 6, and "put the" in another place 3; it follows the other patterns that say the same 22 to 24 times.
MISREAD = re.compile(r"\bsky (be )?clear\b| (is|are) gone\b|\bmoves to\b|\bput the\b", re.IGNORECASE)
#: The captions and titles of each family, by event; what a family has no words of its own for is told as a tale.
WORDS: dict[Family, tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]] = {
    "story": (tales.CAPTIONS, tales.TITLES),
    "how-to": (howto.CAPTIONS, howto.TITLES),
    "knowledge": (tales.CAPTIONS | sequels.GUESSED, tales.TITLES | sequels.GUESSED_TITLES),
    "edit": (tales.CAPTIONS | sequels.CHANGED, tales.TITLES | sequels.CHANGED_TITLES),
}
KINDS_OF_PLAN: dict[Family, str] = {"story": "A story", "how-to": "How to {task}", "knowledge": "A riddle", "edit": "A change"}
LIGHT = {"day": "by day", "evening": "in the evening", "night": "at night"}


def pronouns(name: str) -> dict[str, str]:
    """he, she or it, by the name."""
    if not name:
        return {"he": "it", "his": "its", "him": "it", "himself": "itself"}
    girl = name in lexicon.GIRLS or (name not in lexicon.NAMES and name[-1] in "aei")
    if girl:
        return {"he": "she", "his": "her", "him": "her", "himself": "herself"}
    return {"he": "he", "his": "his", "him": "him", "himself": "himself"}


@dataclass(frozen=True)
class Manner:
    """How prompts are written: how much of the usual vagueness they have, and whether what is misread is left out."""

    vague: float = 1.0
    plain: bool = False


USUAL = Manner()


def tell(story: Story, rng: Random, manner: Manner = USUAL) -> tuple[Plan, tuple[Style, ...]]:
    """The plan, and the style of each step's prompt."""
    told, styles = [], []
    used: set[str] = set()
    captions, titles = WORDS["how-to" if story.task else story.family]
    for beat in story.beats:
        fields = _fields(story, beat, rng)
        caption = _fresh(captions[beat.event], used, rng)
        title = _fresh(titles[beat.event], used, rng)
        seen = rng.choice(tales.INSTRUCTIONS["add" if beat.event in ("find", "friend") else _seen(beat)])
        prompt = draft(story, beat, rng, manner)
        styles.append(prompt.style)
        told.append(
            PlannedStep(
                title=_capitals(title.format(**fields)),
                instruction=_capitals(seen.format(**fields)),
                prompt=prompt.text,
                caption=_capitals(caption.format(**fields)),
            )
        )
    return Plan(steps=tuple(told), thought=outline(story)), tuple(styles)


def _seen(beat: Beat) -> str:
    """A star that comes to a night that was there already is only added."""
    return "add" if beat.event == "stars" and beat.intent.time is None else beat.event


def _fresh(patterns: tuple[str, ...], used: set[str], rng: Random) -> str:
    """A pattern that this story has not used yet."""
    left = [pattern for pattern in patterns if pattern not in used]
    chosen = rng.choice(left or patterns)
    used.add(chosen)
    return chosen


def _capitals(text: str) -> str:
    """A capital at the start of each sentence."""
    text = re.sub(r"(^|[.!?] )([a-z])", lambda mark: mark.group(1) + mark.group(2).upper(), text)
    return re.sub(r"([.!?])\1", r"\1", text)


# ---------------------------------------------------------------- the outline


def outline(story: Story) -> str:
    opening = story.beats[0]
    scene = opening.scene
    things = [_introduced(story, thing) for thing in sorted(scene.things, key=lambda thing: thing.kind != story.hero)]
    weather = "" if scene.weather == "clear" else f" {lexicon.WEATHER_PHRASES[scene.weather][0]}"
    place = lexicon.PLACE_PHRASES[scene.place][0]
    what = KINDS_OF_PLAN["how-to" if story.task else story.family].format(task=story.task)
    pictures = "picture" if len(story.beats) == 1 else "pictures"
    start = f"{what} in {len(story.beats)} {pictures}: {joined(things)}, {place} {LIGHT[scene.time]}{weather}."
    return " ".join([start, *(f"{number}: {_gist(story, beat)}." for number, beat in enumerate(story.beats[1:], start=2))])


def _introduced(story: Story, thing: Thing) -> str:
    name = story.names.get(thing.kind)
    return f"{Voice().a_thing(described_short(thing))}{f' called {name}' if name else ''}"


def described_short(thing: Thing) -> Wanted:
    """A thing by what a reader would notice: its size only where it is not the usual one."""
    full = described(thing)
    return Wanted(full.kind, full.colour, None if full.size == "medium" else full.size, full.count)


def _gist(story: Story, beat: Beat) -> str:
    """What one picture brings, in a few words."""
    scene = beat.before if beat.event == "gone" and beat.before else beat.scene
    thing = scene.find(beat.subject)
    the = f"the {KINDS[thing.kind].plural if thing.count != 'one' else thing.kind}" if thing else ""
    match beat.event:
        case "find" | "friend":
            return _introduced(story, thing) if thing else ""
        case "stars":
            stars = _introduced(story, thing) if thing else ""
            return f"night and {stars}" if beat.intent.time else stars
        case "journey":
            return lexicon.PLACE_PHRASES[beat.scene.place][0]
        case "gone":
            return f"{the} away"
        case "open":
            return f"the gift holds {_introduced(story, thing)}" if thing else ""
        case "bigger":
            return f"{the} big"
        case "smaller":
            return f"{the} {thing.size}" if thing else ""
        case "more" | "fewer":
            return f"{thing.count} {KINDS[thing.kind].plural if thing.count != 'one' else thing.kind}" if thing else ""
        case "colour":
            return f"{the} {thing.colour}" if thing else ""
        case "move":
            return f"{the} to the {thing.slot}" if thing else ""
        case _:
            return "clear sky" if beat.event == "clear" else beat.event


# ---------------------------------------------------------------- the prompts


@dataclass(frozen=True)
class Draft:
    """A prompt of a planned step: the words, what of the beat they still ask for, and how they ask."""

    text: str
    intent: Intent
    style: Style
    keeps: bool


def draft(story: Story, beat: Beat, rng: Random, manner: Manner = USUAL) -> Draft:
    """A prompt for one beat: short and explicit mostly, sometimes vague."""
    while True:
        made = _draft(story, beat, rng, manner.vague)
        if not (manner.plain and MISREAD.search(made.text)):
            return made


def _draft(story: Story, beat: Beat, rng: Random, vague: float) -> Draft:
    names = {kind: name for kind, name in story.names.items() if beat.scene.find(kind)}
    if beat.before is None:
        if rng.random() < VAGUE_OPENING * vague:
            loose = loosened(beat.intent, rng, slot=1.0, colour=0.0, size=0.5, count=0.0)
            return Draft(write_whole(loose, "vague", rng, names).text, loose, "vague", False)
        return Draft(explicit_whole(beat.intent, rng.random() < 0.2, names), beat.intent, "explicit", True)
    if rng.random() < VAGUE * vague:
        loose = loosened(beat.intent, rng, slot=1.0, colour=0.25, size=1.0, count=0.0)
        return Draft(write_edit(loose, beat.before, "vague", rng, names).text, loose, "vague", False)
    return Draft(write_edit(beat.intent, beat.before, "explicit", rng, names).text, beat.intent, "explicit", True)


# ---------------------------------------------------------------- the words of captions, titles and instructions


def _fields(story: Story, beat: Beat, rng: Random) -> dict[str, str]:
    """All that a pattern may name; texts are in lower case and get their capitals last."""
    scene = beat.scene
    hero = story.called(story.hero)
    thing = scene.find(beat.subject) or (beat.before.find(beat.subject) if beat.before else None)
    fields = {
        "hero": hero,
        "dear": _dear(story, story.hero),
        "Hero": hero,
        "hero_np": _person(story, scene.find(story.hero), rng),
        **pronouns(story.names.get(story.hero, "")),
        "here": rng.choice(lexicon.PLACE_PHRASES[scene.place][:3]),
        "about": rng.choice(tales.PLACES[scene.place]),
        "when": rng.choice(tales.WHEN[f"{scene.time} {scene.weather}"]),
        "light": LIGHT[scene.time],
    }
    fields["Here"] = fields["here"]
    if thing:
        fields |= _thing_fields(thing, story.names.get(thing.kind, ""), rng)
        friend = {"friend": story.called(thing.kind), "dear_friend": _dear(story, thing.kind)}
        fields |= friend | {"friend_np": _person(story, thing, rng)}
    if beat.event == "opening":
        fields["things"] = joined([f"{_introduced(story, each)} {lexicon.SLOT_PHRASES[each.slot][0]}" for each in scene.things])
        fields["Things"] = fields["things"]
    if beat.event == "stars" and thing:
        several = thing.count != "one"
        fields |= {
            "light": "shine" if several else "shines",
            "say": "say" if several else "says",
            "keep": "keep" if several else "keeps",
        }
    return fields


def _dear(story: Story, kind: str) -> str:
    """How a character is spoken to."""
    return story.names.get(kind) or f"little {kind}"


def _thing_fields(thing: Thing, name: str, rng: Random) -> dict[str, str]:
    """A thing in all its grammatical cases."""
    several = thing.count != "one"
    person = pronouns(name)
    noun = KINDS[thing.kind].plural if several else thing.kind
    cases = {
        "np": Voice().a_thing(described_short(thing)),
        "the": f"the {noun}",
        "noun": noun,
        "several": f"{thing.count} {noun}",
        "colour": thing.colour,
        "size": thing.size,
        "at": lexicon.SLOT_PHRASES[thing.slot][0],
        "to": f"to the {thing.slot}",
        "it": "they" if several else person["he"],
        "them": "them" if several else "it",
        "its": "their" if several else person["his"],
        "is": "are" if several else "is",
        "has": "have" if several else "has",
        "s": "" if several else "s",
        "es": "" if several else "es",
    }
    cases |= {name.capitalize(): word for name, word in cases.items()}
    cases["line"] = rng.choice(tales.LINES[thing.kind]).format(**cases)
    cases["friend_line"] = cases["line"]
    return cases


def _person(story: Story, thing: Thing | None, rng: Random) -> str:
    """A character when it is introduced: "Mila, an orange cat", "an orange cat called Mila", "a brown dog"."""
    if thing is None:
        return ""
    kind = Voice().a_thing(Wanted(thing.kind, thing.colour))
    name = story.names.get(thing.kind)
    if not name:
        return kind
    return rng.choice((f"{name} the {thing.colour} {thing.kind}", f"{name} the {thing.kind}", f"{kind} called {name}"))
