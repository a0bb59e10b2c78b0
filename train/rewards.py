"""What a critic's reply on one attempt is worth: format, accuracy, and how much better its prompt draws the step again. Pure.

Rewards see only what :mod:`core.dialect` read of a reply. What could not be scored has no reward (``None``), and the sample is
masked: a middle value would teach that failures are fine. METHOD: training has the two variants' formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from core.ports import Score
from core.types import Verdict
from train.presets import Variant

KEPT: Literal["kept"] = "kept"  # nothing was drawn: the picture stays as it is
#: Scores of the redrawn pictures, one of each seed; none: they could not be drawn, or not be scored.
Outcome = Sequence[Score] | Literal["kept"]
Part = Literal["accuracy", "step"]


@dataclass(frozen=True)
class Weights:
    """One way to weigh the parts. ``right`` and ``wrong`` are what a judgement earns.

    ``overall``, ``semantics`` and ``quality`` weigh the change of these marks, on -1 to 1; where ``shifted``, on 0 to 1 with no
    change in the middle.
    """

    format: float
    accuracy: float
    right: float
    wrong: float
    overall: float = 0.0
    semantics: float = 0.0
    quality: float = 0.0
    shifted: bool = False

    @property
    def draws(self) -> bool:
        """Whether any picture has to be drawn again."""
        return bool(self.overall or self.semantics or self.quality)


#: 0.5·format + 0.5·(0.2·accuracy + 0.8·step), accuracy = -|judgement - truth|. The marks' change is a tenth of theirs, so that
#: all parts are of one size; the paper does not say how it scales them.
PAPER = Weights(format=0.5, accuracy=0.1, right=0.0, wrong=-1.0, overall=0.4)
#: 0.5·format + 0.5·(0.2·accuracy + 0.6·semantics + 0.2·quality), each of 0 to 1.
CODE = Weights(format=0.5, accuracy=0.1, right=1.0, wrong=0.0, semantics=0.3, quality=0.1, shifted=True)
#: 0.2·format + 0.4·accuracy + 0.4·step: ours, for critics whose verdicts are still often wrong. By the others' weights a refused
#: failure earns up to four times what a right verdict does, whatever the verdict on a success, and a critic learns to refuse.
EVEN = Weights(format=0.2, accuracy=0.4, right=0.0, wrong=-1.0, overall=0.4)
VARIANTS: dict[Variant, Weights] = {"paper": PAPER, "code": CODE, "even": EVEN}


def without(weights: Weights, part: Part) -> Weights:
    """The same without one part, for ablations; the others keep their weights."""
    if part == "accuracy":
        return replace(weights, accuracy=0.0)
    return replace(weights, overall=0.0, semantics=0.0, quality=0.0)


@dataclass(frozen=True)
class Marks:
    """What one reply earned by part. ``reward`` is their weighted sum, or None: not scored, to be masked."""

    format: float
    accuracy: float
    overall: float | None
    semantics: float | None
    quality: float | None
    reward: float | None


def wants_drawing(verdict: Verdict | None, truth: bool) -> bool:
    """Whether the step is drawn again: only a picture that failed, and that the critic refused. A success is left alone."""
    return not truth and verdict is not None and not verdict.accepted


def marks(verdict: Verdict | None, truth: bool, recorded: Score | None, outcome: Outcome, weights: Weights) -> Marks:
    """What the reply earned. ``verdict`` is None where it can't be read: no format, a wrong judgement, and nothing drawn.

    ``recorded`` is the score of the picture that was judged, ``outcome`` those of the ones drawn with the refined prompt: their
    mean counts, for a prompt is not worth what one seed makes of it.
    """
    in_format = format_reward(verdict)
    accuracy = weights.right if verdict is not None and verdict.accepted == truth else weights.wrong
    if not weights.draws:
        outcome = KEPT
    if isinstance(outcome, str):
        changes: dict[str, float] | None = dict.fromkeys(("overall", "semantics", "quality"), 0.0)
    else:
        changes = _changes(recorded, outcome)
    if changes is None:
        return Marks(in_format, accuracy, None, None, None, None)
    earned = {name: (change + 1) / 2 if weights.shifted else change for name, change in changes.items()}
    reward = weights.format * in_format + weights.accuracy * accuracy
    reward += sum(getattr(weights, name) * value for name, value in earned.items())
    return Marks(in_format, accuracy, **earned, reward=reward)


def format_reward(verdict: Verdict | None) -> float:
    """1 for a reply that can be read and that thinks before it answers, in ``<think>`` marks; else 0."""
    return float(verdict is not None and verdict.raw.lstrip().startswith("<think>") and bool(verdict.thought))


def _changes(before: Score | None, after: Sequence[Score]) -> dict[str, float] | None:
    if before is None or not after:
        return None
    names = ("overall", "semantics", "quality")
    return {name: (fmean(getattr(each, name) for each in after) - getattr(before, name)) / 10 for name in names}


def degenerate(rewards_G: list[float | None]) -> bool:
    """Whether a group of replies to one prompt teaches nothing: fewer than two were scored, or all earned the same."""
    scored = [reward for reward in rewards_G if reward is not None]
    return len(scored) < 2 or max(scored) - min(scored) < 1e-6
