"""Requests that name things only by what is known of them: "the pet that purrs, where waves break, in two pictures".

The words are in :mod:`train.pocket.knowing` and :mod:`train.pocket.whereabouts`. A riddle's truth is what must be seen
together in one picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from core.pocket.world import KINDS, PLACES, TIMES, WEATHER_OF, Colour, Kind, Weather
from train.pocket import knowing, lexicon, whereabouts
from train.pocket.asking import NUMBERS, PROPS
from train.pocket.beats import Event, Premise
from train.pocket.intents import Wanted, Wish
from train.pocket.knowing import Words
from train.pocket.plots import fits
from train.pocket.wishes import CAST
from train.pocket.wording import article

PRACTISED = 0.3  # of what the benchmark leaves out, training has: colours and seasons are the hardest to learn
SEASONAL = 0.15  # of the requests name a season
RIDDLED = 0.75  # of the parts of a request are named by what is known of them, the others by their names
#: What a season shows: the first is the teacher's, any will do.
SEASONS: dict[str, tuple[Wanted, ...]] = {
    "autumn": (Wanted("tree", "orange"), Wanted("tree", "red")),
    "spring": (Wanted("tree", "pink"), Wanted("flower")),
}


#: "the animal" + "that barks": what a wording says, and what may stand before it.
_SAID = re.compile(r"^(?:the (?:animal|pet|bird|one|insect|toy)|somebody) (?:that|who) (.+)$")
_HEADS = (
    "the animal that",
    "the one that",
    "the one who",
    "somebody who",
    "the creature that",
    "the friend who",
    "the little one that",
)
VARIED = 0.5  # of the wordings that are trained on are told with another beginning, or together with another one


def clue(words: Words, rng: Random, held: bool) -> str:
    """One wording; in training also a mixture of several, so that a planner learns which words matter. Never a held one."""
    told = rng.choice(words.of(held))
    if held or rng.random() >= VARIED:
        return told
    varied = told
    if said := _SAID.match(told):
        others = [other[1] for each in words.told if each != told and (other := _SAID.match(each))]
        more = f" and {rng.choice(others)}" if others and rng.random() < 0.5 else ""
        varied = f"{rng.choice(_HEADS)} {said[1]}{more}"
    elif told.startswith("where "):
        varied = f"at the place {told}"
    return told if any(each in varied for each in words.held) else varied


@dataclass(frozen=True)
class Riddle:
    """A request, what a planner has to see in it, and the truth: wishes to be met in one picture, kinds never to be seen."""

    text: str
    premise: Premise
    wishes: tuple[Wish, ...]
    absent: tuple[str, ...]


def riddle(rng: Random, held: bool) -> Riddle:
    """A random riddle, in the benchmark's wordings if ``held``, else in others."""
    while True:
        made = _Riddle(rng, held).made()
        if made:
            return made


@dataclass
class _Riddle:
    """One riddle in the making."""

    rng: Random
    held: bool
    guessed: int = 0  # parts that are not named
    kinds: list[Kind] = field(default_factory=list)

    def made(self) -> Riddle | None:
        rng = self.rng
        steps = rng.choices((1, 2, 3), (4, 4, 2))[0]
        hero, who = self._person()
        asked: list[tuple[Event, Any]] = []
        comes = ""
        for number in range(steps - 1 if steps > 1 else rng.choices((0, 1, 2), (3, 5, 2))[0]):
            friend = rng.random() < (0.45 if steps > 1 else 0.25)
            wanted, words = self._person() if friend else self._thing()
            asked.append(("friend" if friend else "find", wanted))
            verbs = whereabouts.WITH if steps == 1 else whereabouts.MEETS if friend else whereabouts.FINDS
            frame = rng.choice(verbs)
            if number:
                frame = rng.choice(whereabouts.THEN).format(frame.strip()) if steps > 1 else whereabouts.WITH[0]
            comes += frame.format(words)
        premise, where = self._where(Premise(hero, steps=steps))
        wishes: list[Wish] = [hero, *(wanted for _, wanted in asked)]
        if rng.random() < (SEASONAL if self.held else SEASONAL + PRACTISED / 2) and not self._tree():
            season = rng.choice(list(SEASONS))
            where.append(self._guess(whereabouts.SEASONS[season]))
            wishes.append(SEASONS[season])
            asked.append(("find", SEASONS[season][0]))  # the last ones are there from the start
            self.kinds.append(KINDS["tree"])
        names = [kind.name for kind in self.kinds]
        if not self.guessed or len(set(names)) < len(names) or not fits(self.kinds):
            return None
        absent, without = self._without(set(names))
        text = self._text(who, comes + without, where, steps)
        return Riddle(text, replace(premise, asked=tuple(asked)), tuple(wishes), absent)

    def _tree(self) -> bool:
        return any(kind.name in ("tree", "flower") for kind in self.kinds)

    def _guess(self, words: Words) -> str:
        self.guessed += 1
        return clue(words, self.rng, self.held)

    def _riddled(self) -> bool:
        return self.rng.random() < RIDDLED

    # -------------------------------------------------------- who and what

    def _person(self) -> tuple[Wanted, str]:
        kind = self.rng.choice(CAST)
        self.kinds.append(kind)
        if not self._riddled():
            colour: Colour | None = self.rng.choice(kind.colours) if self.rng.random() < 0.5 else None
            return Wanted(kind.name, colour), article(f"{colour} {kind.name}" if colour else kind.name)
        return self._coloured(Wanted(kind.name), self._guess(knowing.KINDS[kind.name]), 0.25)

    def _thing(self) -> tuple[Wanted, str]:
        rng = self.rng
        kind = rng.choice(PROPS)
        self.kinds.append(kind)
        if kind.countable and rng.random() < 0.35:
            number = rng.choice(list(knowing.COUNTS))
            colour = rng.choice(kind.colours) if len(kind.colours) > 1 and rng.random() < 0.5 else None
            noun = f"{colour} {kind.plural}" if colour else kind.plural
            as_many = f"as many {noun} as {self._guess(knowing.COUNTS[number])}"
            return Wanted(kind.name, colour, count=number), as_many
        if self._riddled():
            return self._coloured(Wanted(kind.name), self._guess(knowing.KINDS[kind.name]), 0.3)
        named = Wanted(kind.name, count="one" if kind.countable else None)
        return self._coloured(named, article(kind.name), 0.7)

    def _coloured(self, wanted: Wanted, words: str, odds: float) -> tuple[Wanted, str]:
        """The thing and its words, perhaps with a colour by what has it."""
        rng, kind = self.rng, KINDS[wanted.kind]
        odds = odds if self.held else odds + (1 - odds) * PRACTISED
        if len(kind.colours) < 2 or rng.random() >= odds:
            return wanted, words
        colour = rng.choice(kind.colours)
        told = rng.choice(knowing.COLOURED.of(self.held)).format(x=self._guess(knowing.COLOURS[colour]))
        return replace(wanted, colour=colour), f"{words} {told}"

    # -------------------------------------------------------- where and when

    def _where(self, premise: Premise) -> tuple[Premise, list[str]]:
        rng, words = self.rng, list[str]()
        place = rng.choice(PLACES) if rng.random() < 0.7 else None
        time = rng.choice(TIMES) if rng.random() < 0.5 else None
        weathers = [each for each in (WEATHER_OF[place] if place else ("rain", "snow")) if each != "clear"]
        weather: Weather | None = rng.choice(weathers) if weathers and rng.random() < 0.25 else None
        for value, known, plain in (
            (place, whereabouts.PLACES, lexicon.PLACE_PHRASES),
            (time, whereabouts.TIMES, lexicon.TIME_PHRASES),
            (weather, whereabouts.WEATHERS, lexicon.WEATHER_PHRASES),
        ):
            if value:
                words.append(self._guess(known[value]) if self._riddled() else plain[value][0])  # type: ignore[index]
        return replace(premise, place=place, time=time, weather=weather), words

    def _without(self, names: set[str]) -> tuple[tuple[str, ...], str]:
        """A kind that must not be seen, now and then."""
        rng = self.rng
        if rng.random() >= 0.1:
            return (), ""
        kind = rng.choice([name for name in KINDS if name not in names])
        words = self._guess(knowing.KINDS[kind]) if self._riddled() else article(kind)
        return (kind,), rng.choice(whereabouts.WITHOUT.of(self.held)).format(words)

    def _text(self, who: str, comes: str, where: list[str], steps: int) -> str:
        rng = self.rng
        number = NUMBERS[steps] if steps > 1 and rng.random() < 0.6 else str(steps)
        length = rng.choice((whereabouts.SINGLE if steps == 1 else whereabouts.LENGTHS).of(self.held)).format(n=number)
        frames = whereabouts.ONE if steps == 1 else whereabouts.SEVERAL
        staged = f" {', '.join(where)}" if where else ""
        body = rng.choice(frames.of(self.held)).format(who=who, comes=comes, where=staged)
        text = f"{length}: {body}" if rng.random() < 0.25 else f"{body}{rng.choice((', ', '. ', ' '))}{length}"
        text = text[:1].upper() + text[1:] + rng.choice(("", ".", "."))
        return text.lower() if rng.random() < 0.2 else text
