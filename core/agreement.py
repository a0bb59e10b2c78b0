"""How far the critic agrees with people, people with each other, and P(success) with what comes true. Pure; knows no store.

What is counted as a share has Wilson's 95 % interval. A figure of nothing is None, never a number that looks like one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Literal

from core.reviewing import FAULTS, Answer, AttemptItem, Consensus, Fault, Review, consensus
from core.types import ImageRef, Verdict

#: What an attempt had to do: draw from nothing, change a picture, or (nothing is drawn then) only tell.
StepKind = Literal["first picture", "edit", "text"]
Key = Literal["critic", "painter", "step", "fault"]

# ---------------------------------------------------------------- shares


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    right: int
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, which stays between 0 and 1."""
        if not self.of:
            return 0.0, 1.0
        z = 1.959964
        middle = self.value + z * z / (2 * self.of)
        spread = z * sqrt(self.value * (1 - self.value) / self.of + z * z / (4 * self.of * self.of))
        scale = 1 + z * z / self.of
        return max(0.0, min(self.value, (middle - spread) / scale)), max(self.value, min(1.0, (middle + spread) / scale))

    def json(self) -> dict[str, float]:
        return _figure(self)


@dataclass(frozen=True)
class Balance:
    """The mean of two shares: what a judge who always says the same gets half of, however the cases are mixed."""

    one: Share
    other: Share

    @property
    def of(self) -> int:
        return self.one.of + self.other.of

    @property
    def value(self) -> float:
        return (self.one.value + self.other.value) / 2

    @property
    def interval(self) -> tuple[float, float]:
        """From the two shares' own intervals, which are independent."""
        down, up = (sqrt(sum((share.value - share.interval[end]) ** 2 for share in (self.one, self.other))) / 2 for end in (0, 1))
        return self.value - down, self.value + up

    def json(self) -> dict[str, float]:
        return _figure(self)


Figure = Share | Balance


def _figure(figure: Figure) -> dict[str, float]:
    low, high = figure.interval
    return {"value": round(figure.value, 4), "low": round(low, 4), "high": round(high, 4), "n": figure.of}


# ---------------------------------------------------------------- cases


@dataclass(frozen=True)
class Opinion:
    """What models had to do with an attempt: its painter, its critic (by name and revision), and the critic's verdict."""

    verdict: Verdict
    critic: str
    painter: str
    step: StepKind


@dataclass(frozen=True)
class Case:
    """One attempt of which both sides speak. ``good`` is people's word, ``accepted`` the critic's."""

    item: AttemptItem
    good: bool
    accepted: bool
    p_success: float | None = None
    critic: str = ""
    painter: str = ""
    step: StepKind = "edit"
    faults: tuple[Fault, ...] = ()


def step_kind(prompt: str | None, source: ImageRef | None) -> StepKind:
    """What a step of this prompt on this picture asks for."""
    if prompt is None:
        return "text"
    return "edit" if source else "first picture"


def cases(reviews: Iterable[Review], opinions: Mapping[AttemptItem, Opinion]) -> tuple[Case, ...]:
    """A case for each attempt that the critic judged and that people agree on, in the order of its first review."""
    found: list[Case] = []
    for item, given in by_attempt(reviews).items():
        opinion, agreed = opinions.get(item), consensus(given)
        if opinion and agreed:
            verdict, faults = opinion.verdict, faults_of(given, agreed)
            models = (opinion.critic, opinion.painter, opinion.step)
            found.append(Case(item, agreed.accepted, verdict.accepted, verdict.p_success, *models, faults))
    return tuple(found)


def by_attempt(reviews: Iterable[Review]) -> dict[AttemptItem, list[Review]]:
    """The reviews of each attempt, in order of id."""
    found: dict[AttemptItem, list[Review]] = defaultdict(list)
    for review in sorted(reviews, key=lambda review: review.id):
        if isinstance(review.item, AttemptItem) and isinstance(review.answer, Answer):
            found[review.item].append(review)
    return dict(found)


def faults_of(reviews: Iterable[Review], agreed: Consensus) -> tuple[Fault, ...]:
    """What those who agree found wrong, any of them; after an adjudication what the adjudicator did."""
    last = {review.reviewer: review for review in sorted(reviews, key=lambda review: review.id)}
    heard = [agreed.review] if agreed.review.adjudicated else list(last.values())
    answers = [review.answer for review in heard if isinstance(review.answer, Answer)]
    named = {fault for answer in answers if answer.accepted == agreed.accepted for fault in answer.faults}
    return tuple(fault for fault in FAULTS if fault in named)


def grouped(found: Iterable[Case], key: Key) -> dict[str, tuple[Case, ...]]:
    """The cases of each model, step kind or fault, by name; one with two faults is in both groups, one with none in neither."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in found:
        for name in case.faults if key == "fault" else (str(getattr(case, key)),):
            groups[name].append(case)
    return {name: tuple(groups[name]) for name in sorted(groups)}


# ---------------------------------------------------------------- critic and people


@dataclass(frozen=True)
class Confusion:
    """Counts of the critic's word against people's, whose word is the truth."""

    accepted_good: int = 0
    accepted_bad: int = 0
    refused_good: int = 0
    refused_bad: int = 0

    @property
    def of(self) -> int:
        return self.accepted_good + self.accepted_bad + self.refused_good + self.refused_bad

    @property
    def accuracy(self) -> Share:
        return Share(self.accepted_good + self.refused_bad, self.of)

    @property
    def balanced(self) -> Balance | None:
        """Balanced accuracy; None where people found only good ones, or only bad ones."""
        good, bad = self.accepted_good + self.refused_good, self.accepted_bad + self.refused_bad
        return Balance(Share(self.accepted_good, good), Share(self.refused_bad, bad)) if good and bad else None

    @property
    def kappa(self) -> float | None:
        """Cohen's, between the critic and people."""
        counts = {
            (True, True): self.accepted_good,
            (True, False): self.accepted_bad,
            (False, True): self.refused_good,
            (False, False): self.refused_bad,
        }
        return _kappa(Counter[tuple[Hashable, Hashable]](counts))


def confusion(found: Iterable[Case]) -> Confusion:
    counts = Counter((case.accepted, case.good) for case in found)
    return Confusion(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


@dataclass(frozen=True)
class Bin:
    """The cases that the critic gave a P(success) from ``low`` to ``high``: its mean, and how many people found good."""

    low: float
    high: float
    predicted: float
    good: Share


@dataclass(frozen=True)
class Calibration:
    """Of all that the critic gave about the same P(success), how many are good. ``bins`` are those that hold any case."""

    bins: tuple[Bin, ...]

    @property
    def of(self) -> int:
        return sum(each.good.of for each in self.bins)

    @property
    def error(self) -> float | None:
        """Expected calibration error (Guo et al. 2017): how far the two are apart, on average over the cases."""
        if not self.of:
            return None
        return sum(each.good.of * abs(each.good.value - each.predicted) for each in self.bins) / self.of


def calibration(found: Iterable[Case], bins: int = 10) -> Calibration:
    """The curve over so many bins of equal width; a case without P(success) is in none, and 1 is in the last."""
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for case in found:
        if (p := case.p_success) is not None:
            held[min(int(p * bins), bins - 1)].append((p, case.good))
    return Calibration(tuple(_bin(place, held[place], bins) for place in sorted(held)))


def _bin(place: int, held: list[tuple[float, bool]], bins: int) -> Bin:
    predicted, good = sum(p for p, _ in held) / len(held), sum(good for _, good in held)
    return Bin(place / bins, (place + 1) / bins, predicted, Share(good, len(held)))


# ---------------------------------------------------------------- people and each other

#: What was said of each thing, by who said it; who said nothing is not there.
Answers = Mapping[Hashable, Mapping[str, Hashable]]


def independent(reviews: Iterable[Review]) -> dict[Hashable, dict[str, Hashable]]:
    """What each annotator last said of each attempt. Adjudicators are left out: they had seen the others' answers."""
    said: dict[Hashable, dict[str, Hashable]] = {}
    for item, given in by_attempt(reviews).items():
        for review in given:
            if isinstance(review.answer, Answer) and not review.adjudicated:
                said.setdefault(item, {})[review.reviewer] = review.answer.accepted
    return said


def kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """Cohen's kappa (1960) of two who answered the same things in the same order.

    None where nothing could be found out: there is nothing, or both always say the same one thing.
    """
    return _kappa(Counter[tuple[Hashable, Hashable]](zip(one, other, strict=True)))


def kappas(answers: Answers) -> dict[tuple[str, str], tuple[float | None, int]]:
    """Cohen's kappa of each two annotators, and how many things both answered; of those who share any."""
    together: dict[tuple[str, str], Counter[tuple[Hashable, Hashable]]] = defaultdict(Counter)
    for said in answers.values():
        for one, other in combinations(sorted(said), 2):
            together[one, other][said[one], said[other]] += 1
    return {pair: (_kappa(counts), counts.total()) for pair, counts in sorted(together.items())}


def _kappa(counts: Counter[tuple[Hashable, Hashable]]) -> float | None:
    """From how often each two answers were given together."""
    total = counts.total()
    ones, others = Counter[Hashable](), Counter[Hashable]()
    for (one, other), count in counts.items():
        ones[one] += count
        others[other] += count
    by_chance = sum(ones[value] * others[value] for value in ones)  # of total * total
    if by_chance == total * total:
        return None
    same = sum(count for (one, other), count in counts.items() if one == other)
    return (same * total - by_chance) / (total * total - by_chance)


def alpha(answers: Answers) -> float | None:
    """Krippendorff's alpha for nominal values ("Computing Krippendorff's Alpha-Reliability", 2011), answers missing or not.

    1 is full agreement, 0 what chance gives. A thing that fewer than two answered tells nothing. None where no two answers
    could be compared, or all are the same one.
    """
    totals, differing = Counter[Hashable](), 0.0  # of the coincidence matrix: its margins, and what is off its diagonal
    for said in answers.values():
        values = Counter[Hashable](said.values())
        given = values.total()
        if given < 2:
            continue
        totals.update(values)
        differing += sum(count * (given - count) for count in values.values()) / (given - 1)
    n = totals.total()
    expected = n * n - sum(count * count for count in totals.values())
    return 1 - (n - 1) * differing / expected if expected else None
