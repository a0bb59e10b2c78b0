"""Reads a prompt as an intent: :func:`parse_prompt`, and with it the exact checker :func:`check_prompt`.

Deterministic, and made for this project's own wording; of a person's free words it takes what it knows. A sentence is cut
into clauses at its verbs ("add", "make", "move", "remove", "replace", "keep" …); inside a clause, adjectives go to the noun
that follows them, or else back to the noun before ("the cat is blue").
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from core.pocket.world import KINDS, Scene
from train.pocket.intents import Findings, Intent, Wanted, check
from train.pocket.tokens import VERBS, Token, tokens


def parse_prompt(text: str, whole: bool = True) -> Intent:
    """What ``text`` asks for, of an empty canvas (``whole``) or of a picture that is there."""
    reader = _Reader(tokens(text), whole)
    reader.read()
    wanted = tuple(w for w in reader.wanted.values() if w.kind not in reader.gone)
    return Intent(whole, reader.place, reader.time, reader.weather, wanted, tuple(reader.gone))


def check_prompt(prompt: str, before: Scene | None, after: Scene) -> Findings:
    """The exact checker: does ``after`` do what ``prompt`` asks of ``before`` (``None``: an empty canvas), and no more?"""
    return check(parse_prompt(prompt, whole=before is None), before, after)


SKIPPED_AFTER_FROM = frozenset({"the", "a", "colour", "size", "column", "kind", "place"})


@dataclass
class _Reader:
    """One walk over the tokens of a prompt."""

    line: list[Token]
    whole: bool
    place: Any = None
    time: Any = None
    weather: Any = None
    wanted: dict[str, Wanted] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    # Where the walk is: the clause's verb, and whether its "into" has passed; the last noun, and whether it was only pointed at.
    verb: str = ""
    after_into: bool = False
    last: str = ""
    pointed: bool = False
    closed: bool = True  # a determiner stands between the last noun and here, so nothing goes back to it
    article: str = ""
    adjectives: dict[str, Any] = field(default_factory=dict)
    waiting_slot: str = ""
    slotted: bool = False  # the last noun has been given its slot
    segment: list[str] = field(default_factory=list)  # kinds named since the last break, for "… fly away"
    fresh: set[str] = field(default_factory=set)  # those of them that were first named here
    told: bool = False  # an unknown word, perhaps a verb, came after the last noun
    at: int = 0

    def read(self) -> None:
        while self.at < len(self.line):
            token = self.line[self.at]
            if token.sort in VERBS:
                self._verb(token.sort)
            elif self.verb == "keep":
                if token.sort == "stop":
                    self._break("")
            else:
                getattr(self, f"_{token.sort}", self._word)(token)
            self.at += 1

    # -------------------------------------------------------- clauses

    def _verb(self, sort: str) -> None:
        if sort == "take":
            rest = self.line[self.at + 1 :]
            stop = next((i for i, token in enumerate(rest) if token.sort == "stop"), len(rest))
            sort = "remove" if any(token.sort == "away" for token in rest[:stop]) else "move"
        if sort in ("change", "move") and self.last and self.verb in ("", "add") and not self.article and self.segment:
            # "the cat turns blue", "the cat moves to the right": the noun before is what changes.
            self.verb, self.after_into = sort, False
            self.pointed = sort == "change"
            return
        self._break(sort)

    def _break(self, verb: str) -> None:
        self.verb, self.after_into, self.told = verb, False, False
        self._segment_ends()

    def _segment_ends(self) -> None:
        self.segment, self.fresh = [], set()
        self.article, self.adjectives, self.waiting_slot, self.closed, self.pointed = "", {}, "", True, False

    def _stop(self, token: Token) -> None:
        self._break("")

    def _comma(self, token: Token) -> None:
        if self.verb == "without":
            self.verb = ""
        self._segment_ends()

    def _and(self, token: Token) -> None:
        if self.told and self.segment:
            self._segment_ends()
        self.told = False

    def _gone(self, token: Token) -> None:
        for kind in self.segment:
            self.gone.append(kind)
        self._segment_ends()

    def _stays(self, token: Token) -> None:
        for kind in self.fresh:
            self.wanted.pop(kind, None)
        self._break("keep")

    def _prepositions(self, token: Token) -> None:
        turns = {"replace": ("into", "to", "with"), "change": ("into", "to")}.get(self.verb, ())
        if self.last and not self.told and token.sort in turns:
            self.after_into = True
        if self.verb == "without" and token.sort == "with":
            self.verb = ""
        self.article, self.adjectives = "", {}

    _into = _to = _with = _prep = _prepositions

    def _from(self, token: Token) -> None:
        # "from the left to the right", "away from the cat": what follows is not asked for.
        while self.at + 1 < len(self.line) and self.line[self.at + 1].sort in (
            "the",
            "a",
            "colour",
            "size",
            "column",
            "kind",
            "place",
        ):
            self.at += 1

    def _silent(self, token: Token) -> None:
        """ "in the sky", "high up": the slot says it all."""

    def _word(self, token: Token) -> None:
        self.told = self.told or bool(self.last)

    # -------------------------------------------------------- what is said of a noun

    def _the(self, token: Token) -> None:
        self.article, self.adjectives, self.closed = "the", {}, True

    def _a(self, token: Token) -> None:
        self.article, self.adjectives, self.closed = "a", {}, True

    def _some(self, token: Token) -> None:
        self.article, self.adjectives, self.closed = "some", {}, True

    def _of(self, token: Token) -> None:
        self.article = ""  # "a picture of clouds" is not one cloud

    def _colour(self, token: Token) -> None:
        if self._noun_follows():
            self.adjectives[token.sort] = token.value
        elif not self.closed and self.verb != "without":
            self._say(**{token.sort: token.value})

    _size = _count = _colour

    def _noun_follows(self) -> bool:
        skipped = 0
        for i in range(self.at + 1, len(self.line)):
            sort = self.line[i].sort
            if sort == "kind":
                return True
            if sort == "word" and skipped < 2:
                skipped += 1
            elif sort == "and" and i + 1 < len(self.line) and self.line[i + 1].sort in ("colour", "size"):
                continue  # "big and red"
            elif sort not in ("colour", "size", "count"):
                return False
        return False

    def _column(self, token: Token) -> None:
        ahead = [each.sort for each in self.line[self.at + 1 : self.at + 6]]
        if ahead[:1] == ["of"]:
            while ahead and ahead[0] in ("of", "the", "a", "colour", "size"):
                ahead.pop(0)
            if ahead[:1] == ["kind"] or (token.value == "middle" and ahead[:1] in (["place"], ["time"])):
                return  # "on the left of the cat", "in the middle of the night"
        while ahead and ahead[0] in ("a", "colour", "size", "count"):
            ahead.pop(0)
        self.article = ""
        if self.verb == "replace" and not self.after_into:
            return  # it says which one to replace
        follows = ahead[:1] == ["kind"] if self.segment else self._kind_ahead()
        if not self.last or (follows and (self.slotted or not self.segment)):  # "on the left a cat and on the right a dog"
            self.waiting_slot = token.value
            return
        if self.verb != "change" or not self.pointed:  # else it says which one: "make the cat on the left blue"
            self._say(slot=token.value)
        self.closed, self.slotted = False, True

    def _kind_ahead(self) -> bool:
        for token in self.line[self.at + 1 :]:
            if token.sort == "kind":
                return True
            if token.sort in ("stop", "comma") or token.sort in VERBS:
                return False
        return False

    def _it(self, token: Token) -> None:
        if self.last:
            self.segment.append(self.last)
            self.pointed, self.closed = self.verb == "change", False
            if self.verb == "remove":
                self.gone.append(self.last)

    def _kind(self, token: Token) -> None:
        kind, several = token.value
        said, article, slot = self.adjectives, self.article, self.waiting_slot
        self.article, self.adjectives, self.waiting_slot = "", {}, ""
        if self.verb in ("remove", "without") or (self.verb == "replace" and not self.after_into):
            self.gone.append(kind)
            self.last, self.closed, self.told = kind, True, False
            return
        if article == "a" or not (article or several):
            said.setdefault("count", "one")
        changing = self.verb in ("change", "move") and not self.whole  # an empty canvas has nothing to point at
        if changing and self.after_into and self.last and self.last != kind:
            self._replaced(self.last)
        pointing = (
            changing
            and not self.after_into
            and self.last != kind
            and (article == "the" or not (article or several or "count" in said))
        )
        self.pointed = pointing
        self.last, self.closed, self.told, self.slotted = kind, False, False, bool(slot)
        self.segment.append(kind)
        if kind not in self.wanted:
            self.fresh.add(kind)
        self._say(slot=slot, **({} if pointing else said))

    def _replaced(self, kind: str) -> None:
        self.wanted.pop(kind, None)
        self.gone.append(kind)

    def _say(self, **said: Any) -> None:
        """Adds what was said to the last noun, as far as there is one and it can be so."""
        if not self.last:
            return
        kind = KINDS[self.last]
        known = self.wanted.get(kind.name, Wanted(kind.name))
        if said.get("colour") not in kind.colours:
            said.pop("colour", None)
        if not kind.countable:
            said.pop("count", None)
        if said.get("slot"):
            said["slot"] = f"top {said['slot']}" if kind.row == "sky" else said["slot"]
        self.wanted[kind.name] = replace(known, **{name: value for name, value in said.items() if value})

    # -------------------------------------------------------- what is said of the picture

    def _place(self, token: Token) -> None:
        if self.verb not in ("remove", "without"):
            self.place = token.value
        self._noun_of_the_picture()

    def _time(self, token: Token) -> None:
        if self.verb not in ("remove", "without"):
            self.time = token.value
        self._noun_of_the_picture()

    def _weather(self, token: Token) -> None:
        self.weather = "clear" if self.verb in ("remove", "without") else token.value
        self._noun_of_the_picture()

    def _sunny(self, token: Token) -> None:
        self.time, self.weather = "day", "clear"
        self._noun_of_the_picture()

    def _noun_of_the_picture(self) -> None:
        self.article, self.adjectives, self.closed = "", {}, self.verb != "change"
