"""What people ask for: a random premise, and a request for it in a person's words, with all that a planner must not mind.

Requests name a hero, other things, a place, a time, the weather, a number of pictures, or none of these; they come with typos,
without capitals, and with words that this small world does not know. A few unknown creatures are played by a known one
(a dragon by a frog): the cast is small, and the story should still be about somebody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from core.pocket.world import KINDS, PLACES, TIMES, WEATHER_OF, Count, Kind, Place, Size
from train.pocket import howto, lexicon, pleas
from train.pocket.beats import Event, Premise
from train.pocket.intents import Wanted
from train.pocket.plots import fits
from train.pocket.wishes import CAST
from train.pocket.wording import article, joined, made_up_name

PROPS = tuple(kind for kind in KINDS.values() if not kind.character)
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


@dataclass(frozen=True)
class Request:
    """A person's words, and what they settle."""

    text: str
    premise: Premise


def ask(rng: Random) -> Request:
    """A random request for a story."""
    if rng.random() < 0.1:
        return ask_how(rng)
    if rng.random() < 0.06:
        steps = _length(rng)
        text = rng.choice(pleas.NOTHING_KNOWN)
        return Request(_as_typed(rng, _ended(rng, [text, _said_length(rng, steps)])), _invented(rng, Premise(steps=steps)))
    return _Ask(rng).request()


def ask_how(rng: Random, held: bool | None = None) -> Request:
    """ "How to decorate a garden, step by step"; with ``held`` only in wordings that are (not) the benchmark's."""
    while True:
        task = rng.choice(howto.TASKS)
        verb, steps = rng.choice(task.verbs), _length(rng)
        frame = rng.choice(howto.ASKS)
        if held in (None, howto.held(verb, frame)):
            break
    text = frame.format(task=verb)
    things = task.things if rng.random() < 0.6 else task.things[:1]
    asked: tuple[tuple[Event, Any], ...] = tuple(("find", Wanted(thing)) for thing in things)
    premise = Premise(Wanted(task.base), {}, task.place, None, task.weather, asked, steps, verb)
    return Request(_as_typed(rng, _ended(rng, [text, _said_length(rng, steps)])), premise)


def _length(rng: Random) -> int | None:
    return rng.choices((2, 3, 4, 5, 6, 7, 8), (2, 5, 6, 6, 5, 3, 3))[0] if rng.random() < 0.4 else None


def _said_length(rng: Random, steps: int | None) -> str:
    if steps is None:
        return ""
    return rng.choice(pleas.LENGTHS).format(n=NUMBERS[steps] if rng.random() < 0.5 else steps)


def _invented(rng: Random, premise: Premise) -> Premise:
    """With a hero and a name for some, where the request has none; the plan then has to invent them."""
    hero = premise.hero or Wanted(rng.choice([kind.name for kind in CAST if kind.name not in _kinds(premise)]))
    names = dict(premise.names)
    if hero.kind not in names and rng.random() < 0.65:
        names[hero.kind] = rng.choice([name for name in lexicon.NAMES if name not in names.values()])
    for kind in CAST:
        if kind.name not in names and rng.random() < 0.45:
            names[kind.name] = rng.choice([name for name in lexicon.NAMES if name not in names.values()])
    return replace(premise, hero=hero, names=names)


def _kinds(premise: Premise) -> set[str]:
    return {value.kind for event, value in premise.asked if event in ("find", "friend")}


class _Ask:
    """One request in the making."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.names: dict[str, str] = {}
        self.asked: list[tuple[Event, Any]] = []

    def request(self) -> Request:
        rng = self.rng
        hero, hero_words = self._hero()
        place = rng.choice(PLACES) if rng.random() < 0.5 else None
        time = rng.choice(TIMES) if rng.random() < 0.2 else None
        weather = rng.choice(WEATHER_OF[place] if place else ("rain", "snow", "clear")) if rng.random() < 0.12 else None
        story = rng.choice(pleas.OPENERS)
        about = story.endswith(("about", "of", "was"))
        events = self._events(hero, about)
        if ("evening", None) in self.asked:
            time = None
        if ("journey", place) in self.asked:
            place = None
        staged = self._staged(place, time, weather)
        late = rng.random() < 0.75
        words = [story, hero_words, events[0], *([] if late else staged), events[1], *(staged if late else [])]
        steps = _length(rng)
        length, tail = _said_length(rng, steps), rng.choice(pleas.TAILS)
        parts = [" ".join(filter(None, words))]
        if length:
            parts = [length + ":", *parts] if rng.random() < 0.12 else [*parts, rng.choice(("", "", ", ", ". ")) + length]
        premise = Premise(hero, self.names, place, time, weather, tuple(self.asked), steps)
        return Request(_as_typed(rng, _ended(rng, [*parts, tail])), _invented(rng, premise))

    def _hero(self) -> tuple[Wanted, str]:
        """Who it is about: "a cat", "Mila the orange cat", "my dragon Zog"."""
        rng = self.rng
        if rng.random() < 0.1:
            creature = rng.choice(list(pleas.STAND_INS))
            return Wanted(pleas.STAND_INS[creature]), self._person(pleas.STAND_INS[creature], creature, None)
        kind = rng.choice(CAST)
        colour = rng.choice(kind.colours) if rng.random() < 0.3 else None
        return Wanted(kind.name, colour), self._person(kind.name, self._word(kind.name), colour)

    def _word(self, kind: str) -> str:
        words = lexicon.KIND_WORDS[kind]
        return self.rng.choice(words) if words and self.rng.random() < 0.2 else kind

    def _person(self, kind: str, word: str, colour: str | None) -> str:
        rng = self.rng
        noun = f"{colour} {word}" if colour else word
        if rng.random() < 0.6:
            adjective = rng.choice(("", "", "", "", "brave ", "shy ", "clever ", "sleepy ", "happy ", "lonely "))
            return rng.choice(
                (article(adjective + noun), article(adjective + noun), article(noun), f"my {noun}", f"the {adjective}{noun}")
            )
        name = self.names[kind] = made_up_name(rng)
        called = (f"{article(noun)} called {name}", f"{article(noun)} named {name}", f"{name}, {article(noun)},")
        return rng.choice((f"{name} the {noun}", f"{name} the {noun}", f"my {noun} {name}", f"the {noun} {name}", *called))

    def _events(self, hero: Wanted, about: bool) -> list[str]:
        rng = self.rng
        words: list[str] = []
        taken = [KINDS[hero.kind]]
        wanted = rng.choices(("find", "friend", "journey", "chore", "nothing"), (46, 20, 10, 9, 15))[0]
        second = rng.choices(("", "find", "friend", "weather"), (60, 16, 18, 6))[0] if wanted != "nothing" else ""
        for number, event in enumerate((wanted, second)):
            said = ""
            match event:
                case "find":
                    said = self._thing(taken, rng.choice(pleas.FINDS_AFTER if about and not number else pleas.FINDS))
                case "friend":
                    said = self._friend(taken, rng.choice(pleas.MEETS_AFTER if about and not number else pleas.MEETS))
                case "journey":
                    place = rng.choice(PLACES)
                    self.asked.append(("journey", place))
                    said = f"{'who ' if about else ''}{rng.choice(pleas.GOES)} {rng.choice(lexicon.PLACE_NAMES[place])}"
                case "weather" if not any(event == "journey" for event, _ in self.asked):
                    said = "until the sun sets"
                    self.asked.append(("evening", None))
                case "chore":
                    said = f"{'who ' if about else ''}{rng.choice(pleas.CHORES)}"
            if said and number:
                said = f"and {said}" if not said.startswith(("and", "with", "until")) else said
            words.append(said)
        return words

    def _thing(self, taken: list[Kind], verb: str) -> str:
        """Things to find: "finds a red balloon", "finds a kite and two birds"."""
        rng = self.rng
        said = []
        for _ in range(rng.choices((1, 2), (80, 20))[0]):
            if rng.random() < 0.06:
                word = rng.choice(list(pleas.TREASURES))
                kind = KINDS[pleas.TREASURES[word]]
                wanted = Wanted(kind.name, count="one" if kind.countable else None)
                text = article(word)
            else:
                kind = KINDS["balloon"] if rng.random() < 0.08 else rng.choice(PROPS)
                colour = rng.choice(kind.colours) if rng.random() < 0.55 and len(kind.colours) > 1 else None
                size: Size | None = rng.choice(("small", "big")) if rng.random() < 0.1 else None
                count: Count = rng.choice(("two", "three")) if kind.countable and rng.random() < 0.2 else "one"
                wanted = Wanted(kind.name, colour, size, count if kind.countable else None)
                noun = lexicon.plural(self._word(kind.name)) if count != "one" else self._word(kind.name)
                words = " ".join(filter(None, (size, colour, noun)))
                text = f"{count} {words}" if count != "one" else article(words)
            if kind in taken or not fits([*taken, kind]):
                continue
            taken.append(kind)
            self.asked.append(("find", wanted))
            said.append(text)
        return f"{verb} {joined(said)}" if said else ""

    def _friend(self, taken: list[Kind], verb: str) -> str:
        rng = self.rng
        kind = rng.choice([kind for kind in CAST if kind not in taken])
        if not fits([*taken, kind]):
            return ""
        taken.append(kind)
        colour = rng.choice(kind.colours) if rng.random() < 0.25 else None
        self.asked.append(("friend", Wanted(kind.name, colour)))
        return f"{verb} {self._person(kind.name, self._word(kind.name), colour)}"

    def _staged(self, place: Place | None, time: Any, weather: Any) -> list[str]:
        rng = self.rng
        if place is None and rng.random() < 0.04:
            return [rng.choice(pleas.NOWHERE)]
        words = []
        if place:
            afar = [phrase for phrase, where in pleas.ELSEWHERE.items() if where == place]
            words.append(rng.choice(afar) if rng.random() < 0.08 else rng.choice(lexicon.PLACE_PHRASES[place]))
        words += [rng.choice(lexicon.TIME_PHRASES[time])] if time else []
        words += [rng.choice(lexicon.WEATHER_PHRASES[weather])] if weather else []
        if len(words) > 1 and rng.random() < 0.3:
            rng.shuffle(words)
        return words


def _ended(rng: Random, parts: list[str]) -> str:
    text = " ".join(filter(None, parts)).replace(" ,", ",").replace(" .", ".").replace(",,", ",").strip(" ,")
    text = text[:1].upper() + text[1:]
    return text + rng.choice(("", "", ".", "!")) if text[-1:].isalnum() else text


def _as_typed(rng: Random, text: str) -> str:
    """As somebody types it: lower case, no punctuation, a slip of the finger."""
    style = rng.random()
    if style < 0.25:
        text = text.lower()
    if style < 0.12:
        text = text.replace(",", "").rstrip(".!?")
    if rng.random() < 0.12:
        words = text.split(" ")
        long = [i for i, word in enumerate(words) if len(word) > 4 and word.isalpha() and word.islower()]
        if long:
            i = rng.choice(long)
            words[i] = _slip(rng, words[i])
        text = " ".join(words)
    return text


def _slip(rng: Random, word: str) -> str:
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(3):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
