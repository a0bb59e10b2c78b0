"""What a prompt asks of a picture, and whether a picture does it: the exact truth of the pocket world. No prose, no pixels.

An **edit** asks for some things and, silently, for everything else to stay exactly as it was. A **whole picture** (text to
image) holds the things that were asked for and no others; where none is asked for, they are free. An attribute that is
``None`` was not asked for: it is free for a new thing, and a thing that was already there keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from core.pocket.world import KINDS, WEATHER_OF, Colour, Count, Place, Scene, Size, Slot, Thing, Time, Weather

Attribute = Literal["kind", "colour", "size", "count", "slot", "place", "view", "time", "weather"]
ATTRIBUTES: tuple[Literal["colour", "size", "count", "slot"], ...] = ("colour", "size", "count", "slot")
NOTHING = "nothing"


@dataclass(frozen=True)
class Wanted:
    """A thing that should be in the picture, as far as it was described."""

    kind: str
    colour: Colour | None = None
    size: Size | None = None
    count: Count | None = None
    slot: Slot | None = None

    @property
    def bare(self) -> bool:
        """Only mentioned: nothing was said of how it should be."""
        return self.colour is self.size is self.count is self.slot is None


Wish = Wanted | tuple[Wanted, ...]  # a thing, or several of which any one will do


@dataclass(frozen=True)
class Intent:
    """What one prompt asks for. ``whole``: of an empty canvas; otherwise of the picture before."""

    whole: bool
    place: Place | None = None
    time: Time | None = None
    weather: Weather | None = None
    wanted: tuple[Wanted, ...] = ()
    gone: tuple[str, ...] = ()

    def find(self, kind: str) -> Wanted | None:
        return next((wanted for wanted in self.wanted if wanted.kind == kind), None)

    def given(self, before: Scene | None) -> Intent:
        """The same intent without what is so already: two prompts mean the same of a picture if this is equal."""
        if before is None:
            return self
        wanted = (_unlike(each, before.find(each.kind)) for each in self.wanted)
        return replace(
            self,
            place=None if self.place == before.place else self.place,
            time=None if self.time == before.time else self.time,
            weather=None if self.weather == before.weather else self.weather,
            wanted=tuple(sorted((each for each in wanted if each), key=lambda each: each.kind)),
            gone=tuple(sorted(kind for kind in self.gone if before.find(kind))),
        )


def _unlike(wanted: Wanted, thing: Thing | None) -> Wanted | None:
    if thing is None:
        return wanted
    said = {name: getattr(wanted, name) for name in ATTRIBUTES}
    left = Wanted(wanted.kind, **{name: value for name, value in said.items() if value != getattr(thing, name)})
    return None if left.bare else left


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. ``subject`` is a kind, or "picture"."""

    subject: str
    attribute: Attribute
    wanted: str
    seen: str


@dataclass(frozen=True)
class Findings:
    """What was asked and is not so, and what was not asked and is no longer so."""

    unmet: tuple[Finding, ...] = ()
    collateral: tuple[Finding, ...] = ()

    @property
    def success(self) -> bool:
        return not self.unmet and not self.collateral


@dataclass(frozen=True)
class Expected:
    """All that a good picture shows: what was asked and what must stay. ``None`` is free; ``open``: more things may be there."""

    place: Place | None
    view: int | None
    time: Time | None
    weather: Weather | None
    things: tuple[Wanted, ...]
    open: bool

    def find(self, kind: str) -> Wanted | None:
        return next((wanted for wanted in self.things if wanted.kind == kind), None)

    def at(self, slot: Slot) -> Wanted | None:
        return next((wanted for wanted in self.things if wanted.slot == slot), None)


def expect(intent: Intent, before: Scene | None) -> Expected:
    """The picture that ``intent`` asks for, of ``before`` where it is an edit."""
    if before is None or intent.whole:
        return Expected(intent.place, None, intent.time, intent.weather, intent.wanted, open=not intent.wanted)
    place = intent.place or before.place
    kept = before.weather if before.weather in WEATHER_OF[place] else None
    return Expected(
        place,
        before.view if place == before.place else None,
        intent.time or before.time,
        intent.weather or kept,
        tuple(_things_expected(intent, before)),
        open=False,
    )


def _things_expected(intent: Intent, before: Scene) -> list[Wanted]:
    claimed = {wanted.slot for wanted in intent.wanted if wanted.slot and wanted.kind not in intent.gone}
    things = []
    for thing in before.things:
        asked = intent.find(thing.kind) or Wanted(thing.kind)
        if thing.kind in intent.gone:
            continue
        # A thing whose slot is asked for by another may go to any slot; it must not vanish.
        slot = asked.slot or (None if thing.slot in claimed else thing.slot)
        colour, size, count = asked.colour or thing.colour, asked.size or thing.size, asked.count or thing.count
        things.append(Wanted(thing.kind, colour, size, count, slot))
    present = {wanted.kind for wanted in things}
    return things + [wanted for wanted in intent.wanted if wanted.kind not in present and wanted.kind not in intent.gone]


def check(intent: Intent, before: Scene | None, after: Scene) -> Findings:
    """Holds ``after`` against what was asked of ``before``."""
    expected = expect(intent, before)
    unmet: list[Finding] = []
    collateral: list[Finding] = []

    def differs(asked: bool, subject: str, attribute: Attribute, wanted: str, seen: str) -> None:
        (unmet if asked else collateral).append(Finding(subject, attribute, wanted, seen))

    for name in ("place", "view", "time", "weather"):
        wanted, seen = getattr(expected, name), getattr(after, name)
        if wanted is not None and wanted != seen and (name != "view" or after.place == expected.place):
            differs(name != "view" and getattr(intent, name) is not None, "picture", name, str(wanted), str(seen))
    for want in expected.things:
        asked, thing = intent.find(want.kind), after.find(want.kind)
        if thing is None:
            differs(asked is not None, want.kind, "kind", want.kind, NOTHING)
            continue
        for attribute in ATTRIBUTES:
            value = getattr(want, attribute)
            if value is not None and value != getattr(thing, attribute):
                said = asked is not None and getattr(asked, attribute) is not None
                differs(said, want.kind, attribute, value, getattr(thing, attribute))
    for thing in after.things:
        if not expected.open and expected.find(thing.kind) is None:
            differs(thing.kind in intent.gone, thing.kind, "kind", NOTHING, thing.kind)
    return Findings(tuple(unmet), tuple(collateral))


def usual(wanted: Wanted) -> Colour:
    """The colour to name where none was said."""
    return wanted.colour or KINDS[wanted.kind].colours[0]
