"""Holds one run against another, request by request: paired differences with intervals, and what was won and lost.

Only requests that both runs told count, and of each figure only those where both have a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from core.errors import StudioError
from core.store import Store
from train.benchmarks.compared_values import values_of
from train.benchmarks.figures import Mean, paired
from train.benchmarks.report_plots import Unit, unit_of
from train.benchmarks.report_reading import FinishedRun, Result, read_run, request_of
from train.runs import RunError

CARDS = 500  # in one query of a store

#: What became of a request from the first run to the second: better, worse, good in both, bad in both, or not scored in one.
Side = Literal["won", "lost", "both", "neither", "unscored"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Gain:
    """How much greater a figure is in the second run; ``before`` and ``after`` are its means over the requests of both."""

    name: str
    unit: Unit
    before: float
    after: float
    difference: Mean

    def json(self) -> dict[str, float]:
        return self.difference.json() | {"before": round(self.before, 4), "after": round(self.after, 4)}


@dataclass(frozen=True)
class Compared:
    """Two runs of one benchmark. ``sides`` has each shared request; ``strange`` are ids that ask for something else in each."""

    one: FinishedRun
    other: FinishedRun
    gains: tuple[Gain, ...]
    groups: Mapping[str, tuple[Gain, ...]]  # none where there is only one group
    sides: Mapping[str, Side]
    strange: tuple[str, ...]

    def of(self, side: Side) -> list[str]:
        return sorted(name for name, own in self.sides.items() if own == side)

    def json(self) -> dict[str, Any]:
        """What a program wants of it."""
        return {
            "figures": {gain.name: gain.json() for gain in self.gains},
            "groups": {group: {gain.name: gain.json() for gain in own} for group, own in self.groups.items()},
            **{side: self.of(side) for side in SIDES},
            "left out": list(self.strange),
        }


def compare(one: Path, other: Path) -> Compared:
    """The runs of two folders against each other.

    Raises ``RunError`` if one is not finished, if they are of different benchmarks, or if they have no request in common.
    """
    before, after = read_run(one), read_run(other)
    if before.benchmark != after.benchmark:
        raise RunError(
            f"{before.name} is a run of {before.benchmark or 'an unknown benchmark'} and {after.name} one of "
            f"{after.benchmark or 'an unknown benchmark'}: only runs of one benchmark can be compared."
        )
    known = {result.id: result for result in before.results}
    pairs = [(known[result.id], result) for result in after.results if result.id in known]
    strange = _strange(before, after, pairs)
    pairs = [pair for pair in pairs if pair[1].id not in strange]
    if not pairs:
        raise RunError(f"{before.name} and {after.name} have no request in common.")
    by_group: dict[str, list[tuple[Result, Result]]] = {}
    for pair in pairs:
        by_group.setdefault(pair[1].group, []).append(pair)
    name = after.main_name
    groups = {group: gains(own, name) for group, own in sorted(by_group.items())} if len(by_group) > 1 else {}
    sides = {result.id: side_of(first, result) for first, result in pairs}
    return Compared(before, after, gains(pairs, name), groups, sides, strange)


def gains(pairs: Sequence[tuple[Result, Result]], main: str) -> tuple[Gain, ...]:
    """The difference of every figure that both results of a pair have, of any pair."""
    found = [(values_of(first, main), values_of(second, main)) for first, second in pairs]
    names = dict.fromkeys(name for before, after in found for name in before if name in after)
    made = []
    for name in names:
        both = [pair for pair, own in zip(pairs, found, strict=True) if name in own[0] and name in own[1]]
        one, other = [first for first, _ in both], [second for _, second in both]

        def value(result: Result, name: str = name) -> float:
            return values_of(result, main)[name]

        own = [list(map(value, side)) for side in (one, other)]
        unit = unit_of(name, [{"low": min(map(min, own)), "high": max(map(max, own))}])
        before, after = (sum(side) / len(side) for side in own)
        made.append(Gain(name, unit, before, after, paired(one, other, value)))
    return tuple(made)


def side_of(one: Result, other: Result) -> Side:
    """Where a request ended, from the first run to the second: by the main number, which may move without a success more."""
    if one.main is None or other.main is None:
        return "unscored"
    if one.main != other.main:
        return "won" if other.main > one.main else "lost"
    return "both" if other.passed else "neither"


def _strange(one: FinishedRun, other: FinishedRun, pairs: Sequence[tuple[Result, Result]]) -> tuple[str, ...]:
    """Requests of one id that ask for different things, as they do where a benchmark was changed between two runs."""
    with one.stories() as first, other.stories() as second:
        titles = [_titles(store, [pair[place].story for pair in pairs]) for place, store in enumerate((first, second))]
        found = []
        for before, after in pairs:
            said = [known.get(result.story or "") for known, result in zip(titles, (before, after), strict=True)]
            if None in said or said[0] == said[1]:  # a title is a story's first words, unless somebody gave it one
                continue
            asked = [_asked(store, result) for store, result in ((first, before), (second, after))]
            if asked[0] != asked[1]:
                found.append(after.id)
    return tuple(found)


def _titles(store: Store, stories: Sequence[str | None]) -> dict[str, str]:
    ids = [story for story in stories if story is not None]
    cards = (card for at in range(0, len(ids), CARDS) for card in store.cards(ids[at : at + CARDS]))
    return {card.id: card.title for card in cards}


def _asked(store: Store, result: Result) -> str | None:
    try:
        return request_of(store.events(result.story or "")).request.text
    except StudioError:
        return None
