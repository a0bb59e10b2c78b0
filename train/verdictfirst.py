"""Asks a critic about attempts twice, verdict first and in full, and compares what it says and what that costs.

Both ways are asked about the same attempts in turns, so that whatever else the machine does slows both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.backends.quick import Sure, quick_verdicts
from core.backends.vlm import Reply, Vlm, load_vlm, verdicts
from core.dialect import Message, judged_first
from core.errors import AgentError
from core.ports import Results, Stream
from core.types import Verdict
from train.benchmarks.figures import Mean, mean_of, ratio_of, weighted

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL.Image import Image

TOGETHER = 8  # attempts in one call, as many as a scheduler has in flight


@dataclass(frozen=True)
class MeteredVlm(Vlm):
    """Notes how many tokens it chose."""

    tokens: list[int] = field(default_factory=list)

    def generate(
        self, conversations: list[list[Message]], images: list[list[Image]], seeds: list[int], begun: Sequence[int] = ()
    ) -> Stream[Results[Reply]]:
        replies = yield from super().generate(conversations, images, seeds, begun)
        self.tokens.extend(len(reply.token_ids) - len(begun) for reply in replies if isinstance(reply, Reply))
        return replies


@dataclass(frozen=True)
class Said:
    """What one way said about an attempt. An unreadable reply has no verdict: ``accepted`` is None."""

    accepted: bool | None
    p_success: float | None
    at_once: bool

    @classmethod
    def of(cls, verdict: Verdict | AgentError, sure: Sure) -> Said:
        if isinstance(verdict, AgentError):
            return cls(None, None, at_once=False)
        p = verdict.p_success
        is_sure = p is not None and not sure.refine < p < sure.accept
        return cls(verdict.accepted, p, is_sure and judged_first(verdict.raw))


@dataclass(frozen=True)
class Cost:
    """Of one call about some attempts, by either way."""

    attempts: int
    tokens: tuple[int, int]  # verdict first, in full
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Compared:
    """Of each attempt what is true, what was said verdict first, and what was said in full; and the calls' costs."""

    attempts: tuple[tuple[bool, Said, Said], ...]
    costs: tuple[Cost, ...]

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """Shares and means with their intervals. A verdict that can't be read is wrong. Costs are means over attempts."""
        quick = [(truth, first) for truth, first, _ in self.attempts]
        full = [(truth, last) for truth, _, last in self.attempts]
        at_once = [(first, last) for _, first, last in self.attempts if first.at_once]
        found = {
            "agree": mean_of([first.accepted == last.accepted for _, first, last in self.attempts]),
            "decided at once": mean_of([first.at_once for _, first in quick]),
            "agree where decided at once": mean_of([first.accepted == last.accepted for first, last in at_once]),
            **_rightly("first", quick),
            **_rightly("full", full),
            "tokens first": self._each(lambda cost: cost.tokens[0]),
            "tokens full": self._each(lambda cost: cost.tokens[1]),
            "tokens saved": ratio_of([(cost.tokens[1] - cost.tokens[0], cost.tokens[1]) for cost in self.costs]),
            "seconds first": self._each(lambda cost: cost.seconds[0]),
            "seconds full": self._each(lambda cost: cost.seconds[1]),
            "seconds saved": ratio_of([(cost.seconds[1] - cost.seconds[0], cost.seconds[1]) for cost in self.costs]),
        }
        return {name: mean.json() for name, mean in found.items() if mean.n}

    def _each(self, part: Callable[[Cost], float]) -> Mean:
        return ratio_of([(part(cost), cost.attempts) for cost in self.costs])


def _rightly(way: str, said: list[tuple[bool, Said]]) -> dict[str, Mean]:
    """The shares of right verdicts on what is a success and on what is none, and their mean."""
    good = [float(each.accepted is True) for truth, each in said if truth]
    bad = [float(each.accepted is False) for truth, each in said if not truth]
    found = {f"good accepted, {way}": mean_of(good), f"bad refused, {way}": mean_of(bad)}
    return found | ({f"balanced accuracy, {way}": weighted([(0.5, good), (0.5, bad)])} if good and bad else {})


def compare(
    model: str, rows: Dataset, sure: Sure, seed: int = 0, watch: Callable[[int, int], None] = lambda done, of: None
) -> Compared:
    """Both ways about each of the rows (of critic_rl). ``watch`` hears how many of how many are done."""
    loaded = load_vlm(model)
    vlm = MeteredVlm(loaded.checkpoint, loaded.decoding, loaded.name)
    attempts, costs = list[tuple[bool, Said, Said]](), list[Cost]()
    for start in range(0, len(rows), TOGETHER):
        places = range(start, min(start + TOGETHER, len(rows)))
        some = [rows[place] for place in places]
        asked = ([row["prompt"] for row in some], [row["images"] for row in some], [seed + place for place in places])
        first, quick_cost = _timed(vlm, quick_verdicts(vlm, sure, *asked))
        last, full_cost = _timed(vlm, verdicts(vlm, *asked))
        truths = [bool(row["truth"]) for row in some]
        said = ([Said.of(verdict, sure) for verdict in each] for each in (first, last))
        attempts += zip(truths, *said, strict=True)
        costs.append(Cost(len(some), (quick_cost[0], full_cost[0]), (quick_cost[1], full_cost[1])))
        watch(len(attempts), len(rows))
    return Compared(tuple(attempts), tuple(costs))


def _timed(vlm: MeteredVlm, stream: Stream[Results[Verdict]]) -> tuple[Results[Verdict], tuple[int, float]]:
    """What the call returns, with its tokens and seconds."""
    started, before = time.perf_counter(), sum(vlm.tokens)
    while True:
        try:
            next(stream)
        except StopIteration as finished:
            return finished.value, (sum(vlm.tokens) - before, time.perf_counter() - started)
