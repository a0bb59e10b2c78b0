"""Asks a critic about held-out attempts and earns its replies what GRPO would, without training: the step-wise reward's mean.

Shares the reward with training (:class:`train.scoring.Scorer`): what is measured here is what is climbed there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backends.vlm import Reply, Vlm, load_vlm
from core.errors import AgentError
from train.curated import Split, open_rows, sampled
from train.rewards import PAPER, Marks, without
from train.runs import RunError
from train.scoring import Sample, Scorer

if TYPE_CHECKING:
    from datasets import Dataset

    from train.redrawing import Redrawer

TOGETHER = 8  # attempts in one call
PARTS = ("reward", "format", "accuracy", "overall")


def held_out(data: Path, split: Split, limit: int | None, seed: int) -> Dataset:
    """The attempts to measure on. Raises ``RunError`` if there are none."""
    rows = open_rows(data, "critic_rl", split)
    if rows is None:
        raise RunError(f"There are no {split} rows in critic_rl of {data.name}.")
    return rows if limit is None else sampled(rows, limit, seed)


@dataclass(frozen=True)
class Earned:
    """What an attempt's replies earned by part, the mean of each over those that were scored; attempts are counted from 0.

    ``overall`` is the step-wise reward: the change of the marks, -1 to 1. ``step where drawn`` is the same where the step was
    drawn again. ``good accepted`` and ``bad refused`` are the shares of right verdicts on what is a success, and on what is none.
    """

    of: dict[str, dict[int, float]]
    stories: tuple[str, ...] = ()  # whose the attempts are, in their order, if the rows say so: those of one are alike

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """Each part's mean over attempts, with its interval."""
        from train.benchmarks.figures import mean_of

        return {part: mean_of(list(values.values())).json() for part, values in self.of.items()}

    def json(self) -> dict[str, Any]:
        """The figures, and under ``attempts`` what they are the means of: two critics are compared attempt by attempt."""
        attempts = {part: _rounded(values) for part, values in self.of.items()}
        return self.figures | {"attempts": attempts, "stories": list(self.stories)}


def _rounded(values: dict[int, float]) -> dict[int, float]:
    return {attempt: round(value, 4) for attempt, value in values.items()}


def rewards_of(
    model: str,
    rows: Dataset,
    redrawer: Redrawer,
    replies: int,
    temperature: float | None,
    seed: int,
    draws: int = 1,
    watch: Callable[[int, int], None] = lambda done, of: None,
) -> Earned:
    """What the critic's replies earn, for each of the rows; each refined prompt is drawn ``draws`` times.

    Where nothing is drawn, there is no step-wise reward, and verdicts and format are measured alone. ``watch`` hears how many
    of how many rows are done.
    """
    weights = PAPER if draws else without(PAPER, "step")
    vlm = load_vlm(model)
    if temperature is not None:
        vlm = replace(vlm, decoding=replace(vlm.decoding, temperature=temperature))
    by_part = defaultdict[str, dict[int, float]](dict)
    for start in range(0, len(rows), TOGETHER):
        some = [rows[number] for number in range(start, min(start + TOGETHER, len(rows)))]
        batch = [row for row in some for _ in range(replies)]
        said = list(_replies(vlm, batch, seed + start * replies))
        samples, redrawn, earned = Scorer(weights, redrawer, replies, draws=draws).earned(_columns(batch, said))
        for group in range(len(some)):
            part_of = slice(group * replies, (group + 1) * replies)
            own = list(zip(earned[part_of], map(bool, redrawn[part_of]), strict=True))
            for part, value in (_means(own) | _rightly(samples[part_of])).items():
                by_part[part][start + group] = value
        watch(start + len(some), len(rows))
    return Earned(dict(by_part), tuple(rows["story"]) if "story" in rows.column_names else ())


def _means(own: list[tuple[Marks, bool]]) -> dict[str, float]:
    """An attempt's means over its replies, as far as they were scored."""
    means: dict[str, float] = {}
    for part in PARTS:
        values = [value for marks, _ in own if (value := getattr(marks, part)) is not None]
        if values:
            means[part] = sum(values) / len(values)
    drawn = [marks.overall for marks, redrawn in own if redrawn and marks.overall is not None]
    if drawn:
        means["step where drawn"] = sum(drawn) / len(drawn)
    return means


def _rightly(own: list[Sample]) -> dict[str, float]:
    """The share of an attempt's replies whose verdict is right; one that can't be read is wrong."""
    truth = own[0].truth
    right = sum(each.verdict is not None and each.verdict.accepted == truth for each in own)
    return {"good accepted" if truth else "bad refused": right / len(own)}


def _replies(vlm: Vlm, batch: list[dict[str, Any]], first_seed: int) -> Iterator[str]:
    call = vlm.generate(
        [row["prompt"] for row in batch], [row["images"] for row in batch], [first_seed + n for n in range(len(batch))]
    )
    while True:
        try:
            next(call)
        except StopIteration as finished:
            for reply in finished.value:
                if isinstance(reply, AgentError):
                    raise reply from None
                assert isinstance(reply, Reply)
                yield reply.text
            return


def _columns(batch: list[dict[str, Any]], said: list[str]) -> dict[str, Any]:
    names = ("images", "truth", "step_prompt", "current_prompt", "semantics", "quality", "seed")
    return {name: [row[name] for row in batch] for name in names} | {"completions": said}
