"""Parts of speech: how one voice names new things, things that are there, slots and the stage. No whole sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from core.pocket.world import KINDS, Scene, Slot, Thing
from train.pocket import frames, lexicon
from train.pocket.intents import Intent, Wanted
from train.pocket.phrases import Style

#: How often a synonym takes the place of a plain word, by style.
SYNONYMS: dict[Style, float] = {"explicit": 0.0, "paraphrased": 0.35, "terse": 0.1, "vague": 0.25, "long": 0.35}
#: How often an adjective is used that this world does not know.
FANCY: dict[Style, float] = {"explicit": 0.0, "paraphrased": 0.06, "terse": 0.0, "vague": 0.12, "long": 0.1}
#: How often a character is called by a name.
NAMED: dict[Style, float] = {"explicit": 0.25, "paraphrased": 0.2, "terse": 0.0, "vague": 0.2, "long": 0.3}


@dataclass
class Voice:
    """One speaker: a style, a source of chance, and the names of the characters. Without chance it speaks the plainest words."""

    style: Style = "explicit"
    rng: Random | None = None
    names: dict[str, str] = field(default_factory=dict)
    tells: bool = False  # a step of a story, not somebody's own wish

    def pick(self, words: Sequence[str]) -> str:
        """One of several wordings; the first where the style is plain."""
        return self.rng.choice(words) if self.rng and SYNONYMS[self.style] else words[0]

    def chance(self, odds: float) -> bool:
        return self.rng is not None and self.rng.random() < odds

    def baptise(self, kinds: list[str]) -> None:
        """Gives some of the characters among ``kinds`` a name."""
        for kind in kinds:
            if self.rng and KINDS[kind].character and self.chance(NAMED[self.style]):
                self.names[kind] = made_up_name(self.rng)

    def noun(self, kind: str, several: bool) -> str:
        word = kind
        if self.rng and lexicon.KIND_WORDS[kind] and self.chance(SYNONYMS[self.style]):
            word = self.rng.choice(lexicon.KIND_WORDS[kind])
        return lexicon.plural(word) if several else word

    def a_thing(self, wanted: Wanted) -> str:
        """A new thing: "a big red balloon", "two birds", "flowers", "Mila the orange cat"."""
        several = KINDS[wanted.kind].countable and wanted.count != "one"
        size: str = wanted.size or ""
        if wanted.size and self.rng and self.chance(SYNONYMS[self.style]):
            size = self.rng.choice(lexicon.SIZE_WORDS[wanted.size])
        extra = self.rng.choice(frames.ADJECTIVES) if self.rng and not self.tells and self.chance(FANCY[self.style]) else ""
        text = " ".join(filter(None, [extra, size, wanted.colour or "", self.noun(wanted.kind, several)]))
        if wanted.kind in self.names:
            return f"{self.names[wanted.kind]} the {text}"
        if several:
            return f"{wanted.count} {text}" if wanted.count else f"some {text}" if self.chance(0.4) else text
        return text if self.style == "terse" and self.chance(0.5) else article(text)

    def the_thing(self, thing: Thing, slot: bool = True) -> str:
        """A thing that is there: "the orange cat on the left"; from a loose voice "the cat"."""
        several, plain = thing.count != "one", self.style == "explicit"
        full = plain or (self.style != "vague" and self.chance(0.6))
        count = thing.count if several and full else ""
        size = thing.size if thing.size != "medium" and plain else ""
        text = " ".join(filter(None, [count, size, thing.colour if full else "", self.noun(thing.kind, several)]))
        if thing.kind in self.names:
            text = f"{self.names[thing.kind]} the {text}"
        elif self.style != "terse":
            text = f"the {text}"
        return f"{text} {self.at(thing.slot)}" if slot and full else text

    def somebody(self, scene: Scene) -> str:
        """A character that is there, loosely: "the cat", "Mila the cat"."""
        kinds = [thing.kind for thing in scene.things if KINDS[thing.kind].character]
        if not kinds:
            return "everyone"
        kind = self.rng.choice(kinds) if self.rng else kinds[0]
        return f"{self.names[kind]} the {kind}" if kind in self.names else f"the {self.noun(kind, False)}"

    def at(self, slot: Slot | None) -> str:
        if slot is None:
            return ""
        if self.style == "terse" and self.chance(0.7):
            return slot
        return lexicon.SLOT_PHRASES[slot][0] if self.style == "terse" else self.pick(lexicon.SLOT_PHRASES[slot])

    def stage(self, intent: Intent) -> str:
        """Place, time and weather as far as they are said: "at the beach at night in the rain"."""
        said = [self.pick(lexicon.PLACE_PHRASES[intent.place])] if intent.place else []
        if intent.time == "day" and intent.weather == "clear" and SYNONYMS[self.style] and self.chance(0.7):
            return " ".join([*said, "on a sunny day"])
        said += [self.pick(lexicon.TIME_PHRASES[intent.time])] if intent.time else []
        said += [self.pick(lexicon.WEATHER_PHRASES[intent.weather])] if intent.weather else []
        return " ".join(said)


def article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """With a capital and a full stop; without the traces of parts that were left out."""
    text = " ".join(text.split()).replace(" ,", ",").replace(" :", ":").strip(" ,:")
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")


def made_up_name(rng: Random) -> str:
    """A first name, or one that nobody has heard before."""
    if rng.random() < 0.6:
        return rng.choice(lexicon.NAMES)
    return "".join(rng.choice(lexicon.SYLLABLES) for _ in range(rng.choice((2, 2, 3)))).capitalize()
