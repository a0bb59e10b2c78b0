"""A figure of the benchmarks: something measured, and the baseline that was measured in the same run. Knows no clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """What a ratio has to be: at most ``limit``, or at least."""

    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    def met(self, ratio: float) -> bool:
        return ratio >= self.limit if self.at_least else ratio <= self.limit


@dataclass(frozen=True)
class Figure:
    """``value`` of ``what``, against ``base`` of ``baseline``; both in ``unit``, and medians where there were several runs."""

    what: str
    value: float
    baseline: str
    base: float
    unit: str = "s"
    goal: Goal | None = None

    @property
    def ratio(self) -> float:
        return self.value / self.base

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return self.goal.met(self.ratio) if self.goal else None
