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
        """What is to be drawn for it, if anything. All replies of a group draw with the same seeds: only their prompts differ."""
        if not wants_drawing(self.verdict, self.truth) or self.recorded is None:
            return None
        assert self.verdict is not None
        return Again(blank_is_none(self.before), self.prompt, self.verdict.refined_prompt or self.current, self.seed + 1)


class Scorer:
    """Rewards a batch of replies, ``group`` of them in a row for each prompt."""

    __name__ = "total"  # what TRL's own metrics call it

    def __init__(self, weights: Weights, redrawer: Redrawer | None, group: int, log: Log | None = None, draws: int = 1) -> None:
        """Each refined prompt is drawn ``draws`` times, with other seeds. ``log`` keeps what was tried, in training."""
        self.weights = weights
        self.redrawer = redrawer if weights.draws else None
        self.group = group
        self.log = log
        self.draws = draws
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

    def earned(self, batch: dict[str, Any]) -> tuple[list[Sample], list[list[Redrawn]], list[Marks]]:
        """For each reply of a batch: what it answers, what was drawn for it, and what it earned."""
        samples = _samples(batch, self.group)
        redrawn = self._redraw(samples)
        return samples, redrawn, [self._marks(sample, made) for sample, made in zip(samples, redrawn, strict=True)]

    def _redraw(self, samples: list[Sample]) -> list[list[Redrawn]]:
        """Each picture is drawn once, however many replies of a group ask for it; nothing for whoever asks for none."""
        if self.redrawer is None:
            return [[] for _ in samples]
        wanted: dict[tuple[int, str], Again] = {}
        keys: list[tuple[int, str] | None] = []
        for sample in samples:
            again = sample.again
            key = (sample.group, again.refined) if again else None
            keys.append(key)
            if key is not None and again is not None:
                wanted.setdefault(key, again)
        drawn = self.redrawer.redraw([again.with_seed(n) for again in wanted.values() for n in range(self.draws)])
        made = {key: drawn[place * self.draws : (place + 1) * self.draws] for place, key in enumerate(wanted)}
        return [[] if key is None else made[key] for key in keys]

    def _marks(self, sample: Sample, redrawn: list[Redrawn]) -> Marks:
        outcome: Outcome = KEPT
        if wants_drawing(sample.verdict, sample.truth):
            outcome = [each.score for each in redrawn if each.score is not None]
        return marks(sample.verdict, sample.truth, sample.recorded, outcome, self.weights)

    def _report(self, earned: list[Marks], redrawn: list[list[Redrawn]], log: Callable[[str, float], None]) -> None:
        for part in PARTS:
            values = [value for each in earned if (value := getattr(each, part)) is not None]
            if values and getattr(self.weights, part):
                log(f"parts/{part}/mean", fmean(values))
                log(f"parts/{part}/std", pstdev(values))
        rewards = [each.reward for each in earned]
        groups = [rewards[start : start + self.group] for start in range(0, len(rewards), self.group)]
        log("samples/unscored", fmean(reward is None for reward in rewards))
        log("samples/redrawn", fmean(map(bool, redrawn)))
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


def _rollout(sample: Sample, redrawn: list[Redrawn], earned: Marks) -> Rollout:
    pictures = {"before": sample.before, "after": sample.after}
    if (picture := next((each.picture for each in redrawn if each.picture is not None), None)) is not None:
        pictures["redrawn"] = picture
    why = ""
    if earned.reward is None:
        why = redrawn[0].why if redrawn else "The picture that was judged has no recorded score."
    asked = (sample.prompt, sample.current, sample.truth, sample.reply, sample.verdict)
    return Rollout(sample.group, *asked, earned, why, pictures)
