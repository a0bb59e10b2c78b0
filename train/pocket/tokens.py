"""Cuts a prompt into words by what they do. A word that is not in the lexicon or the grammar below means nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from core.pocket.world import KINDS
from train.pocket import lexicon


class Token(NamedTuple):
    """A word or a phrase by what it does: ``sort`` (kind, colour, the, add, …) and what it says."""

    sort: str
    value: Any = None


WORD = Token("word")
#: The words that carry the grammar, by sort.
GRAMMAR: dict[str, str] = {
    "add": "add|put|place|draw|show|bring in|there is|there are|there's|insert|include",
    "change": "make|change|turn|turns|paint|colour|color|recolour|recolor|dye|becomes|become",
    "move": "move|moves|shift|slide|push|bring",
    "take": "take",
    "remove": "remove|delete|erase|take away|get rid of|clear away|wipe away|lose|take out|away with|rub out",
    "without": "without|no|no more|no longer|instead of|in place of|rather than|not",
    "gone": (
        "goes away|go away|flies away|fly away|is gone|are gone|has gone|have gone|disappears|disappear|vanishes|vanish"
        "|drifts away|drift away|sails away|runs away|walks away|hops away|melts away|melts"
        "|leaves the picture|floats away|float away"
    ),
    "replace": "replace|swap|exchange|switch|substitute|trade",
    "keep": (
        "keep|keeps|keeping|leave|leaves everything|everything else|everything|all else|the rest|nothing else|nothing more"
        "|without changing|do not change|don't change|do not touch|don't touch|not change|only these|as before"
        "|do not add|don't add|not add|no other"
    ),
    "stays": "stay|stays|must stay|should stay|is still|are still|remains|remain|must not change",
    "into": "into",
    "to": "to|by|for",
    "silent": "sky|in the sky|of the sky|of the picture|high|high up|side|corner",
    "prep": (
        "near|in|on|at|over|above|under|beside|next|behind|below|around|through|among|across|like|against|up|down|off|top|upper"
    ),
    "with": "with",
    "from": "from",
    "of": "of",
    "away": "away|out",
    "the": "the|this|these|those|my|your|his|her|its|our|their",
    "a": "a|an|another",
    "some": "some|several|many|few|lots of|more",
    "and": "and|&|or",
    "it": "it|them|him",
    "word": (
        "one day|no one|once upon a time|one morning|one evening|one night|right now|all right|all day|every day|good night"
        "|good morning|that day"
    ),
}
VERBS = frozenset({"add", "change", "move", "take", "remove", "without", "replace", "keep"})


def _phrases() -> dict[str, Token]:
    said: dict[str, Token] = {}
    for sort, words in GRAMMAR.items():
        said |= {word: Token(sort) for word in words.split("|")}
    for kind in KINDS:
        for name in (kind, *lexicon.KIND_WORDS[kind], *lexicon.KIND_READ.get(kind, ())):
            said[name] = Token("kind", (kind, False))
            said[lexicon.plural(name)] = Token("kind", (kind, True))
    for sort, table in (
        ("place", lexicon.PLACE_READ),
        ("time", lexicon.TIME_READ),
        ("weather", lexicon.WEATHER_READ),
        ("colour", lexicon.COLOUR_READ),
        ("size", lexicon.SIZE_WORDS),
        ("size", lexicon.SIZE_READ),
        ("count", lexicon.COUNT_READ),
        ("column", lexicon.COLUMN_READ),
    ):
        for value, synonyms in table.items():
            said |= {word: Token(sort, value) for word in synonyms}
            said |= {value: Token(sort, value)} if sort == "colour" else {}
    said |= {word: Token("sunny") for word in lexicon.SUNNY}
    return said


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, list[tuple[tuple[str, ...], Token]]]:
    """Phrases by their first word, the longest first."""
    by_first: dict[str, list[tuple[tuple[str, ...], Token]]] = {}
    for phrase, token in _phrases().items():
        words = tuple(phrase.split(" "))
        by_first.setdefault(words[0], []).append((words, token))
    for entries in by_first.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return by_first


_WORDS = re.compile(r"[a-z0-9&]+(?:-[a-z]+)*(?:'t|'s)?|[.;!?\n]|,")


def tokens(text: str) -> list[Token]:
    """The words of ``text`` by what they do; each run of unknown letters is one ``word``."""
    words = [word.removesuffix("'s") or word for word in _WORDS.findall(text.lower().replace("\u2019", "'"))]
    found, at, known = [], 0, _lexicon()
    while at < len(words):
        word = words[at]
        if word in ".;!?\n":
            found.append(Token("stop"))
        elif word == ",":
            found.append(Token("comma"))
        else:
            for phrase, token in known.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    found.append(token)
                    at += len(phrase) - 1
                    break
            else:
                found.append(WORD)
        at += 1
    return found
