"""Writes the page of results from what the tasks left behind. Every figure is measured; what is missing is said to be missing."""

from __future__ import annotations

import json
import os
import platform
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.events import Opened
from core.store import Store
from train.benchmarks.figures import Mean, joined, mean_of
from train.benchmarks.outcomes import read_outcomes
from train.pocket.benchmark import Outcome
from train.provenance import revision
from train.reproducing.recipe import ANSWERS, ROWS, SEEDS, VERDICTS_OF, Scale
from train.reproducing.tasks import Runner
from train.runs import RunError

Value = Callable[[Outcome], float]
VALUES: dict[str, Value] = {
    "end-to-end success": lambda each: float(each.success),
    "pictures as asked": lambda each: each.right / each.steps if each.steps else 0.0,
}

SIDES = ("good accepted", "bad refused")  # what a critic can be right about


def page(runner: Runner, scale: Scale) -> str:
    """The page, as Markdown."""
    found = {row.title: _runs(runner.out, row.runs) for row in ROWS}
    parts = [
        *_opening(runner, scale),
        *_table(found),
        *_rewards(runner.out),
        *_differences(found),
        *_corrections(runner.out, _requests(runner.out)),
        *_formats(runner.out),
        *_data(runner.out),
        *_times(runner),
    ]
    return "\n".join(parts) + "\n"


def _opening(runner: Runner, scale: Scale) -> Iterator[str]:
    yield "# The method on the pocket models"
    yield ""
    yield (
        "Written by `make reproduce`: prompts → collect → score → curate → SFT → GRPO → evaluate, on a CPU. This is a miniature: "
        "its models, its world and its figures are small, and stand beside the paper's (arXiv 2606.13679, Table 5) only in shape."
    )
    yield ""
    yield f"- {scale.stories} requests told for training, {scale.requests} other ones to measure on."
    yield "- The painter is the pocket one at a temperature of 1.2 (`train/pocket/clumsy.toml`), so that it errs."
    yield "- The critic of the training data is the exact checker, whose place a far stronger model has in the paper."
    yield "- All intervals are of 95 %, bootstrapped over requests; several seeds of one request count once."
    done = [runner.done(task) for task in runner.tasks]
    minutes = sum(each.seconds for each in done) / 60
    finished = sum(each.finished for each in done)
    yield (
        f"- {finished} of {len(done)} tasks are done, {minutes:.0f} minutes of work in all, {runner.together} at a time on "
        f"{os.cpu_count()} cores ({platform.machine()})."
    )
    yield f"- This page was written at revision `{(revision() or 'unknown')[:12]}`; each run's own is in its `run.json`."
    yield ""


def _runs(out: Path, names: Sequence[str]) -> list[list[Outcome]]:
    found = []
    for name in names:
        try:
            found.append(read_outcomes(out / "measured" / name))
        except RunError:
            continue
    return found


def _by_request(runs: list[list[Outcome]], value: Value) -> dict[str, float]:
    """The mean over the runs, by request."""
    values = defaultdict[str, list[float]](list)
    for run in runs:
        for each in run:
            values[each.id].append(value(each))
    return {name: sum(each) / len(each) for name, each in values.items()}


def _mean(runs: list[list[Outcome]], value: Value) -> Mean:
    return mean_of(list(_by_request(runs, value).values()))


def _table(found: dict[str, list[list[Outcome]]]) -> Iterator[str]:
    yield "## Ablations and controls"
    yield ""
    yield "| | end-to-end success | pictures as asked | drawings a picture | critic's balanced accuracy | n × seeds |"
    yield "|---|---|---|---|---|---|"
    for row in ROWS:
        runs = found[row.title]
        title = f"{row.title}<br><sub>{row.note}</sub>" if row.note else row.title
        if not runs:
            yield f"| {title} | not measured yet | | | | |"
            continue
        whole, pictures = (_percent(_mean(runs, value)) for value in VALUES.values())
        drawings = sum(each.drawn for run in runs for each in run) / max(1, sum(each.steps for run in runs for each in run))
        yield f"| {title} | {whole} | {pictures} | {drawings:.2f} | {_accuracy(runs)} | {len(runs[0])} × {len(runs)} |"
    yield ""


def _accuracy(runs: list[list[Outcome]]) -> str:
    """Of verdicts on the drawings of these very stories: the mean over good ones and bad ones."""
    total = {name: sum(getattr(each, name) for run in runs for each in run) for name in ("good", "accepted", "bad", "refused")}
    if not total["good"] or not total["bad"] or (total["accepted"] == total["good"] and not total["refused"]):
        return "–"
    return f"{(total['accepted'] / total['good'] + total['refused'] / total['bad']) / 2:.1%}"


def _percent(mean: Mean) -> str:
    return f"{mean.value:.1%} ({mean.low:.1%} to {mean.high:.1%})"


PAIRS = (
    ("+ GRPO", "+ critic SFT"),
    ("+ critic SFT", "+ critic, zero-shot"),
    ("+ critic SFT", "+ critic SFT, unfiltered data"),
    ("+ GRPO", "planner, each step once (T_max 1)"),
    ("+ GRPO", "painter alone"),
    ("+ GRPO", "+ critic SFT, and P(success) of 0.9 or more"),
    ("+ GRPO", "control: best of 5"),
    ("+ GRPO", "control: same prompt, new seeds"),
    ("+ GRPO", "control: prompts rewritten unseen"),
    ("+ GRPO", "+ GRPO without the step-wise reward"),
    ("+ GRPO", "+ GRPO without the accuracy reward"),
)


def _differences(found: dict[str, list[list[Outcome]]]) -> Iterator[str]:
    yield "## Differences, paired by request"
    yield ""
    yield "| | against | end-to-end success | pictures as asked |"
    yield "|---|---|---|---|"
    for better, worse in PAIRS:
        if found[better] and found[worse]:
            cells = " | ".join(_gain(found[worse], found[better], value) for value in VALUES.values())
            yield f"| {better} | {worse} | {cells} |"
    yield ""


def _gain(before: list[list[Outcome]], after: list[list[Outcome]], value: Value) -> str:
    one, other = _by_request(before, value), _by_request(after, value)
    return gain(mean_of([other[name] - one[name] for name in other if name in one]), 100, " points")


def gain(mean: Mean, scale: float, unit: str) -> str:
    """A difference with its interval, and whether that leaves out nought."""
    text = f"{mean.value * scale:+.2f}{unit} ({mean.low * scale:+.2f} to {mean.high * scale:+.2f})"
    return text if mean.low <= 0 <= mean.high else f"**{text}**"


def _rewards(out: Path) -> Iterator[str]:
    names = {"zero": "critic, zero-shot", "sft": "critic SFT", **{f"grpo-{seed}": f"GRPO, seed {seed}" for seed in SEEDS}}
    names |= {"no-step": "GRPO without the step-wise reward", "no-accuracy": "GRPO without the accuracy reward"}
    found = {name: json.loads(path.read_text()) for name in names if (path := out / f"rewards-{name}.json").is_file()}
    if not found:
        return
    yield "## Rewards on held-out attempts"
    yield ""
    yield (
        "What a critic's replies earn (the paper's weights), sampled as in the studio; nothing is trained on these attempts. "
        "The step-wise reward is the change of the marks when the step is drawn again, from -1 to 1: over all attempts, and "
        "over those that were drawn again."
    )
    yield ""
    yield "| | reward | step-wise | where drawn again | accuracy | format | n |"
    yield "|---|---|---|---|---|---|---|"
    for name, figures in found.items():
        cells = [_figure(figures.get(part)) for part in ("reward", "overall", "step where drawn", "accuracy", "format")]
        yield f"| {names[name]} | {' | '.join(cells)} | {figures['reward']['n']} |"
    yield ""
    trained = [found[name] for seed in SEEDS if (name := f"grpo-{seed}") in found]
    if trained and "sft" in found:
        parts = {"the step-wise reward": "overall", "the reward": "reward", "accuracy": "accuracy"}
        gains = (f"{title} {gain(_paired(found['sft'], trained, part), 1, '')}" for title, part in parts.items())
        yield f"GRPO ({len(trained)} seeds) against critic SFT, paired by attempt: {'; '.join(gains)}."
        yield ""


def _paired(before: dict[str, Any], after: list[dict[str, Any]], part: str) -> Mean:
    """How much more the later ones earn, in the mean over them, on the attempts that all of them were scored on."""
    one = before["attempts"][part]
    others = [each["attempts"][part] for each in after]
    shared = [attempt for attempt in one if all(attempt in other for other in others)]
    return mean_of([sum(other[attempt] for other in others) / len(others) - one[attempt] for attempt in shared])


def _figure(figure: dict[str, float] | None) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})" if figure else "–"


def _corrections(out: Path, asked: Mapping[str, str]) -> Iterator[str]:
    """What the critic sees better for an annotator's corrections; ``asked`` has the words of each story's request."""
    titles = {"zero": "as it ships", "own-sft": "SFT on its own verdicts", "annotated-sft": "SFT on the answers"}
    paths = {name: out / f"verdicts-{name}.json" for name in titles}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()}
    if "annotated-sft" not in found or "own-sft" not in found:
        return
    yield "## What corrections are worth"
    yield ""
    yield (
        f"The critic that ships tells stories, and learns from its own verdicts: as they are, and after an annotator who is "
        f"never wrong has answered {ANSWERS} attempts, the least sure ones first. "
        "Measured on attempts at held-out requests."
    )
    yield ""
    yield "| critic | balanced accuracy | good accepted | bad refused | n attempts (requests) |"
    yield "|---|---|---|---|---|"
    verdicts = {name: _verdicts(each, asked) for name, each in found.items()}
    for name, each in verdicts.items():
        cells = " | ".join(_percent(joined(right, each)) for right in (_balanced, _accepted, _refused))
        yield f"| {titles[name]} | {cells} | {sum(good + bad for good, _, bad, _ in each)} ({len(each)}) |"
    yield ""
    for name in ("zero", "own-sft"):
        if name in verdicts:
            both = list(zip(verdicts[name], verdicts["annotated-sft"], strict=True))
            more = gain(joined(_gained, both), 100, " points")
            yield f"Corrected against {titles[name]}, paired by request: {more} of balanced accuracy."
            yield ""


#: Of one request: good attempts, those that were accepted, bad ones, those that were refused.
Verdicts = tuple[int, float, int, float]


def _requests(out: Path) -> dict[str, str]:
    """The words of each story's request: stories that several runs tell of one request are alike."""
    found: dict[str, str] = {}
    for folder in (out / "measured" / run / "stories" for run in VERDICTS_OF):
        if not folder.is_dir():
            continue
        with Store(folder, write=False) as store:
            for story in store.ids():
                found[story] = next(event.request.text for event in store.events(story) if isinstance(event, Opened))
    return found


def _verdicts(rewards: dict[str, Any], asked: Mapping[str, str]) -> list[Verdicts]:
    """What a critic said of each request's attempts, in the order of the requests' words."""
    found: dict[str, list[float]] = {}
    for place, side in enumerate(SIDES):
        for attempt, right in rewards["attempts"][side].items():
            own = found.setdefault(asked[rewards["stories"][int(attempt)]], [0, 0.0, 0, 0.0])
            own[2 * place] += 1
            own[2 * place + 1] += right
    return [(int(good), accepted, int(bad), refused) for _, (good, accepted, bad, refused) in sorted(found.items())]


def _accepted(found: Sequence[Verdicts]) -> float:
    return sum(accepted for _, accepted, _, _ in found) / max(1, sum(good for good, _, _, _ in found))


def _refused(found: Sequence[Verdicts]) -> float:
    return sum(refused for _, _, _, refused in found) / max(1, sum(bad for _, _, bad, _ in found))


def _balanced(found: Sequence[Verdicts]) -> float:
    return (_accepted(found) + _refused(found)) / 2


def _gained(both: Sequence[tuple[Verdicts, Verdicts]]) -> float:
    return _balanced([after for _, after in both]) - _balanced([before for before, _ in both])


def _formats(out: Path) -> Iterator[str]:
    yield "## The format, learned from nothing"
    yield ""
    yield "| | planner's replies that can be read | critic's |"
    yield "|---|---|---|"
    for title, planner, critic in (("before", "untrained", "untrained-critic"), ("after SFT", "first", "first")):
        yield f"| {title} | {_readable(out, planner, 'planner')} | {_readable(out, critic, 'critic')} |"
    yield ""


def _readable(out: Path, run: str, who: str) -> str:
    path = out / "measured" / run / "report.json"
    if not path.is_file():
        return "not measured yet"
    return _share(json.loads(path.read_text(encoding="utf-8"))["figures"][f"{who}'s replies readable"])


def _share(figure: dict[str, float]) -> str:
    if not figure["n"]:
        return "– (it was never asked)"
    return f"{figure['value']:.1%} ({figure['low']:.1%} to {figure['high']:.1%}, n = {figure['n']})"


def _data(out: Path) -> Iterator[str]:
    yield "## Data"
    yield ""
    for name, folder in (("filtered", "curated"), ("unfiltered", "unfiltered-data")):
        path = out / folder / "report.json"
        if path.is_file():
            report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            rows = ", ".join(f"{each} {sides['train']} + {sides['validation']}" for each, sides in report["rows"].items())
            dropped = ", ".join(f"{count} {why}" for why, count in report["dropped"]["critic"].items())
            yield f"- {name}: rows to learn from + held out: {rows}. Critic rows dropped: {dropped or 'none'}."
    yield ""


def _times(runner: Runner) -> Iterator[str]:
    yield "## Commands and their time"
    yield ""
    yield "| task | minutes | command |"
    yield "|---|---|---|"
    for task in runner.tasks:
        done = runner.done(task)
        minutes = f"{done.seconds / 60:.1f}" if done.finished else "not done"
        yield f"| {task.name} | {minutes} | `{task.command.replace(str(runner.out), 'OUT')}` |"
    yield ""
