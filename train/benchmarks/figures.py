"""Means over stories with 95 % intervals, and differences of two runs by request. Pure arithmetic: knows no benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Any, Protocol, TypeVar

RESAMPLES = 2000  # of the stories, for a mean's interval: its ends move by less than a hundredth of its width


class Named(Protocol):
    """What became of one request."""

    @property
    def id(self) -> str: ...


Each = TypeVar("Each", bound=Named)
Case = TypeVar("Case")


@dataclass(frozen=True)
class Mean:
    """A mean over stories with its 95 % interval, by the bootstrap."""

    value: float
    low: float
    high: float
    n: int

    def json(self) -> dict[str, float]:
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4), "n": self.n}


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of independent values."""
    return ratio_of([(value, 1.0) for value in values])


def ratio(found: Sequence[Any], part: str, whole: str | None) -> Mean:
    """The sum of one count over that of another, or over the stories. Pictures of one story are alike: stories are resampled."""
    return ratio_of([(float(getattr(each, part)), float(getattr(each, whole)) if whole else 1.0) for each in found])


def ratio_of(pairs: Sequence[tuple[float, float]]) -> Mean:
    """The sum of all first parts over that of the second ones; a pair is a story."""
    low, high = bootstrapped(len(pairs), lambda chosen: _quotient([pairs[n] for n in chosen]))
    return Mean(_quotient(pairs), low, high, len(pairs))


def _quotient(pairs: Sequence[tuple[float, float]]) -> float:
    whole = sum(of for _, of in pairs)
    return sum(part for part, _ in pairs) / whole if whole else 0.0


def paired(one: Sequence[Each], other: Sequence[Each], value: Callable[[Each], float]) -> Mean:
    """How much greater ``other`` is than ``one`` on the requests that both have, with the interval of the paired bootstrap."""
    return gained({each.id: value(each) for each in one}, {each.id: value(each) for each in other})


def gained(before: Mapping[str, float], after: Mapping[str, float]) -> Mean:
    """:func:`paired` of values by request."""
    return mean_of([value - before[name] for name, value in after.items() if name in before])


def bootstrapped(count: int, statistic: Callable[[list[int]], float]) -> tuple[float, float]:
    """The middle 95 % of the statistic over resamples of ``count`` cases; it is given the places of those that were drawn."""
    if not count:
        return 0.0, 0.0
    dice, cases = Random(count), range(count)
    return _middle(sorted(statistic(dice.choices(cases, k=count)) for _ in range(RESAMPLES)))


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the middle 95 % of sorted values."""
    return values[round(0.025 * (len(values) - 1))], values[round(0.975 * (len(values) - 1))]


def weighted(strata: Sequence[tuple[float, Sequence[float]]]) -> Mean:
    """The sum of the strata's means, each by its weight. Values are resampled within their stratum, whose size is fixed."""
    places = [len(values) for _, values in strata]
    if not all(places):
        raise ValueError("a stratum without values has no mean")
    value = sum(weight * fmean(values) for weight, values in strata)
    dice = Random(sum(places))
    made = sorted(sum(weight * fmean(dice.choices(values, k=len(values))) for weight, values in strata) for _ in range(RESAMPLES))
    return Mean(value, *_middle(made), sum(places))


def joined(value: Callable[[Sequence[Case]], float], found: Sequence[Case]) -> Mean:
    """Any figure of several cases, with the bootstrap's interval."""
    low, high = bootstrapped(len(found), lambda chosen: value([found[n] for n in chosen]))
    return Mean(value(found), low, high, len(found))
