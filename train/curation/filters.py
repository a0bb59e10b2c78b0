"""Decides which steps a critic should learn from, by the scores of their attempts, and which side a story is on. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from core.policy import derive_seed
from train.curation.settings import Curation

Side = Literal["train", "validation"]
SIDES: tuple[Side, ...] = ("train", "validation")

NEGATIVE_TREND = "negative trend"
DEGRADED = "degraded"
LOW = "low throughout"
UNSCORED = "not scored"


def unfit(marks: Sequence[float | None], settings: Curation) -> str:
    """Why a step with these scores, in order of its attempts, teaches nothing good; empty if it may be learned from.

    Kept are steps that get better and steps that are good throughout. One without all its scores can't be told.
    """
    scores = [mark for mark in marks if mark is not None]
    if len(scores) < len(marks):
        return UNSCORED if settings.unscored == "drop" else ""
    if min(scores) >= settings.high:
        return ""
    if max(scores) < settings.low:
        return LOW
    if slope(scores) < settings.trend and len(scores) > 1:
        return NEGATIVE_TREND
    if max(scores) - scores[-1] > settings.degradation:
        return DEGRADED
    return ""


def slope(scores: Sequence[float]) -> float:
    """The least-squares slope, in marks an attempt; 0 for a single one."""
    middle, mean = (len(scores) - 1) / 2, sum(scores) / len(scores)
    spread = sum((n - middle) ** 2 for n in range(len(scores)))
    return sum((n - middle) * (score - mean) for n, score in enumerate(scores)) / spread if spread else 0.0


def variance(marks: Sequence[float | None]) -> float | None:
    """The variance of a step's scores (in squared marks); None if one is missing."""
    scores = [mark for mark in marks if mark is not None]
    if not scores or len(scores) < len(marks):
        return None
    mean = sum(scores) / len(scores)
    return sum((score - mean) ** 2 for score in scores) / len(scores)


def cutoff(steps: Sequence[tuple[float, int]], sft_to_rl: float) -> float:
    """The variance above which steps go to RL, so that rows come as near to ``sft_to_rl`` as whole steps allow.

    ``steps`` are each step's variance and its rows. Steps of one variance stay together, and those of none never go to RL.
    """
    by_variance: dict[float, int] = {}
    for value, rows in steps:
        by_variance[value] = by_variance.get(value, 0) + rows
    wanted = sum(by_variance.values()) / (1 + sft_to_rl)
    taken, least_off, best = 0, wanted, float("inf")
    for value in sorted(by_variance, reverse=True):
        if value <= 0:
            break
        taken += by_variance[value]
        if abs(taken - wanted) < least_off:
            least_off, best = abs(taken - wanted), value
    below = [value for value in by_variance if value < best]
    return max(below, default=0.0) if best < float("inf") else float("inf")


def side_of(stem: str, settings: Curation) -> Side:
    """Where a request's stories go, all of them: branches, copies and the same prompt told by another profile included."""
    return "validation" if derive_seed(settings.seed, "side", stem) < settings.validation * 2**31 else "train"


def fingerprint(*parts: object) -> int:
    """64 bits that name these values: the same in every run."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest(), "big")
