"""A figure of the benchmarks: something's seconds, and those of the baseline that was measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """``seconds`` of ``what``, against ``baseline_seconds`` of ``baseline``."""

    what: str
    seconds: float
    baseline: str
    baseline_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.baseline_seconds
