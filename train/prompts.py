"""Builds requests to tell stories for: domains × ways to ask × vocabulary (``prompts.toml``), or those of the pocket world.

Deterministic in the seed: a longer list begins with the shorter one. All sub-categories come equally often, as long as they
have something new to ask, and no request comes twice. The method's own 40k prompts were never released (METHOD: data);
these words are ours.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from random import Random

from core.errors import StudioError

WORDS = Path(__file__).with_suffix(".toml")
SLOT = re.compile(r"\{(\w+)\}")
TRIES = 200  # to find a request that was not there yet, before a sub-category counts as told out
LENGTHS = ("", "", "", " Use {n} pictures.", " In {n} steps.", " {n} pictures are enough.")  # half leave it open
COUNTS = ("three", "four", "five", "six", "seven", "eight")


class ToldOut(StudioError):
    """There are not so many different requests."""


@dataclass(frozen=True)
class Subject:
    """A sub-category: its domain, the domain's ways to ask, and its own phrases."""

    domain: str
    name: str
    asks: tuple[str, ...]
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A request, and what it is about. The id follows from the words."""

    domain: str
    subject: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.domain}-{self.subject}-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"


@lru_cache
def vocabulary() -> tuple[tuple[Subject, ...], dict[str, tuple[str, ...]]]:
    """All sub-categories, and the banks of words for their slots."""
    table = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    by_domain = [
        [Subject(domain, name, tuple(own["asks"]), tuple(phrases)) for name, phrases in own["subjects"].items()]
        for domain, own in table["domains"].items()
    ]
    # One of each domain in turn, so that also a short list has all of them.
    subjects = [subject for turn in zip_longest(*by_domain) for subject in turn if subject]
    return tuple(subjects), {name: tuple(words) for name, words in table["banks"].items()}


def requests(seed: int) -> Iterator[Asked]:
    """Different requests, the sub-categories in turn; one that is told out is left out, and the last one ends it."""
    left = list(vocabulary()[0])
    dice, seen = Random(f"prompts {seed}"), set[str]()
    while left:
        for subject in tuple(left):
            asked = next((one for _ in range(TRIES) if (one := _request(subject, dice)).text not in seen), None)
            if asked is None:
                left.remove(subject)
                continue
            seen.add(asked.text)
            yield asked


def pocket_requests(seed: int) -> Iterator[Asked]:
    """Endless different requests that the pocket models understand, with typos and all; none of the benchmark's is among them."""
    from train.pocket.asking import ask
    from train.pocket.benchmark import items
    from train.told import normal

    held_out = {normal(item.text) for item in items()}
    dice, seen = Random(f"pocket prompts {seed}"), set[str]()
    misses = 0
    while misses < TRIES:
        text = ask(dice).text
        known = text in seen or not normal(text) or normal(text) in held_out  # "...", typed carelessly, is no word at all
        misses = misses + 1 if known else 0
        if not misses:
            seen.add(text)
            yield Asked("pocket", "story", text)


def _request(subject: Subject, dice: Random) -> Asked:
    phrase = _filled(dice.choice(subject.phrases), dice)
    text = _filled(dice.choice(subject.asks).replace("{it}", phrase), dice)
    length = dice.choice(LENGTHS).format(n=dice.choice(COUNTS))
    length = length[:1] + length[1:2].upper() + length[2:]
    text = text[:1].upper() + text[1:]
    return Asked(subject.domain, subject.name, f"{text}.{length}" if length and text[-1] not in ".?!" else f"{text}{length}")


def _filled(text: str, dice: Random) -> str:
    """The text with a word for each slot, never the same one twice, and "an" where it has to be."""
    _, banks = vocabulary()
    used = set[str]()

    def word(slot: re.Match[str]) -> str:
        chosen = dice.choice([word for word in banks[slot[1]] if word not in used])
        used.add(chosen)
        return chosen

    return re.sub(r"\b([Aa])n? (?=([a-z]))", _article, SLOT.sub(word, text))


def _article(found: re.Match[str]) -> str:
    return f"{found[1]}n " if found[2] in "aeio" else f"{found[1]} "
