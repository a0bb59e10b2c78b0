"""The reward function that TRL calls: reads replies by the dialect, draws and scores what was refined, and keeps a log.

Knows the columns of ``critic_rl`` rows; what parts are worth is :mod:`train.rewards`'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from core.dialect import parse_verdict
from core.errors import ReplyError
from core.ports import Score
from core.types import Verdict
from train.redrawing import Again, Redrawer, Redrawn, blank_is_none
from train.rewards import KEPT, Marks, Outcome, Weights, degenerate, marks, wants_drawing
from train.rollouts import Log, Rollout

if TYPE_CHECKING:
    from PIL.Image import Image

PARTS = ("format", "accuracy", "overall", "semantics", "quality")


@dataclass(frozen=True)
class Sample:
    """One reply and the row that it answers. ``recorded`` is the score of the picture after; None where it has none."""

    group: int
    reply: str
    verdict: Verdict | None
    before: Image
    after: Image
    truth: bool
    prompt: str
    current: str
    recorded: Score | None
    seed: int

    @property
    def again(self) -> Again | None:
        """What is to be drawn for it, if anything. All replies of a group draw with one seed: only their prompts differ."""
        if not wants_drawing(self.verdict, self.truth) or self.recorded is None:
            return None
        assert self.verdict is not None
        return Again(blank_is_none(self.before), self.prompt, self.verdict.refined_prompt or self.current, self.seed + 1)


class Scorer:
    """Rewards a batch of replies, ``group`` of them in a row for each prompt."""

    __name__ = "total"  # what TRL's own metrics call it

    def __init__(self, weights: Weights, redrawer: Redrawer | None, group: int, log: Log | None = None) -> None:
        """``log`` keeps what was tried, in training."""
        self.weights = weights
        self.redrawer = redrawer if weights.draws else None
        self.group = group
        self.log = log
        self.scored: list[bool] = []  # of the last batch

    def __call__(self, **batch: Any) -> list[float | None]:
        samples, redrawn, earned = self.earned(batch)
        rewards = [each.reward for each in earned]
        self.scored = [reward is not None for reward in rewards]
        self._report(earned, redrawn, batch["log_metric"])
        if self.log is not None:
            step = batch["trainer_state"].global_step + 1
            self.log.write(step, [_rollout(*each) for each in zip(samples, redrawn, earned, strict=True)])
        return rewards

    def earned(self, batch: dict[str, Any]) -> tuple[list[Sample], list[Redrawn | None], list[Marks]]:
        """For each reply of a batch: what it answers, what was drawn for it, and what it earned."""
        samples = _samples(batch, self.group)
        redrawn = self._redraw(samples)
        return samples, redrawn, [self._marks(sample, made) for sample, made in zip(samples, redrawn, strict=True)]

    def _redraw(self, samples: list[Sample]) -> list[Redrawn | None]:
        """Each picture is drawn once, however many replies of a group ask for it."""
        if self.redrawer is None:
            return [None] * len(samples)
        wanted: dict[tuple[int, str], Again] = {}
        keys: list[tuple[int, str] | None] = []
        for sample in samples:
            again = sample.again
            key = (sample.group, again.refined) if again else None
            keys.append(key)
            if key is not None and again is not None:
                wanted.setdefault(key, again)
        made = dict(zip(wanted, self.redrawer.redraw(list(wanted.values())), strict=True))
        return [None if key is None else made[key] for key in keys]

    def _marks(self, sample: Sample, redrawn: Redrawn | None) -> Marks:
        outcome: Outcome = KEPT
        if wants_drawing(sample.verdict, sample.truth):
            outcome = redrawn.score if redrawn else None
        return marks(sample.verdict, sample.truth, sample.recorded, outcome, self.weights)

    def _report(self, earned: list[Marks], redrawn: list[Redrawn | None], log: Callable[[str, float], None]) -> None:
        for part in PARTS:
            values = [value for each in earned if (value := getattr(each, part)) is not None]
            if values and getattr(self.weights, part):
                log(f"parts/{part}/mean", fmean(values))
                log(f"parts/{part}/std", pstdev(values))
        rewards = [each.reward for each in earned]
        groups = [rewards[start : start + self.group] for start in range(0, len(rewards), self.group)]
        log("samples/unscored", fmean(reward is None for reward in rewards))
        log("samples/redrawn", fmean(made is not None for made in redrawn))
        log("groups/degenerate", fmean(map(degenerate, groups)))


def _samples(batch: dict[str, Any], group: int) -> list[Sample]:
    columns = ("images", "truth", "step_prompt", "current_prompt", "semantics", "quality", "seed")
    rows = zip(batch["completions"], *(batch[name] for name in columns), strict=True)
    samples = []
    for number, (said, pictures, truth, prompt, current, semantics, quality, seed) in enumerate(rows):
        reply = _text(said)
        recorded = None if semantics is None or quality is None else Score(semantics, quality)
        before, after = pictures
        # The dialect takes an empty current prompt for the step's own: a first attempt is drawn with that.
        asked = (bool(truth), prompt, current or prompt, recorded, int(seed))
        samples.append(Sample(number // group, reply, _read(reply), before, after, *asked))
    return samples


def _text(said: Any) -> str:
    content = said[-1]["content"] if isinstance(said, list) else said
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)


def _read(reply: str) -> Verdict | None:
    try:
        return parse_verdict(reply)
    except ReplyError:
        return None


def _rollout(sample: Sample, redrawn: Redrawn | None, earned: Marks) -> Rollout:
    pictures = {"before": sample.before, "after": sample.after}
    if redrawn is not None and redrawn.picture is not None:
        pictures["redrawn"] = redrawn.picture
    why = ""
    if earned.reward is None:
        why = redrawn.why if redrawn else "The picture that was judged has no recorded score."
    asked = (sample.prompt, sample.current, sample.truth, sample.reply, sample.verdict)
    return Rollout(sample.group, *asked, earned, why, pictures)
