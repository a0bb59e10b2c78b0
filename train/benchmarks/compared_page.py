"""Makes a comparison of two runs one page to look at: differences with intervals, won and lost, changed stories side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from core.store import Store
from train.benchmarks.compared import SIDES, Compared, Gain, Side
from train.benchmarks.report import in_order
from train.benchmarks.report_plots import Plot, Unit, differences, said
from train.benchmarks.report_reading import Result
from train.benchmarks.report_rendering import write
from train.benchmarks.report_strips import Kind, Strip, strip_of

EXAMPLES = 12  # changed requests whose two stories are shown
TITLES: dict[Unit, str] = {"share": "Shares, in points", "mark": "Marks", "work": "Work"}


@dataclass(frozen=True)
class Beside:
    """A request that changed, as both runs told it."""

    side: Side
    strips: tuple[Strip, Strip]


def page_beside(one: Path, other: Path) -> Path:
    """Where the page of a comparison is if no other file is named: in the second run's folder, named by the first."""
    return other / f"compared-with-{one.resolve().name}.html"


def write_comparison(found: Compared, page: Path, examples: int = EXAMPLES) -> None:
    """Writes a comparison as one page that needs nothing else."""
    shown = changed(found, examples)
    with ExitStack() as stack:
        stores = [stack.enter_context(run.stories()) for run in (found.one, found.other)]
        write(
            "compared.html.jinja",
            page,
            found=found,
            plots=_plots(found.gains),
            groups=_by_group(found),
            counts=_counts(found),
            settings=_settings(found),
            changed=[(name, found.sides[name]) for name in sorted(found.sides) if found.sides[name] in ("won", "lost")],
            kinds=[(side, side) for side in SIDES if any(found.sides[name] == side for name in shown)],
            pairs=_pairs(found, shown, stores),
        )


def changed(found: Compared, most: int) -> list[str]:
    """Ids of requests that were won or lost, half of each as far as there are so many; the same ones always."""
    won, lost = (sorted(found.of(side), key=in_order) for side in ("won", "lost"))
    half = most // 2
    few = min(len(won), max(most - half, most - len(lost)))
    return won[:few] + lost[: most - few]


def _pairs(found: Compared, shown: Sequence[str], stores: Sequence[Store]) -> Iterator[Beside]:
    known = [{result.id: result for result in run.results} for run in (found.one, found.other)]
    for name in shown:
        first, second = (
            strip_of(store, by_id[name], _kind(by_id[name]), found.one.exact) for store, by_id in zip(stores, known, strict=True)
        )
        yield Beside(found.sides[name], (first, second))


def _kind(result: Result) -> Kind:
    return "unscored" if result.passed is None else "success" if result.passed else "failure"


def _plots(made: Sequence[Gain]) -> list[Plot]:
    by_unit = {unit: {gain.name: gain for gain in made if gain.unit == unit} for unit in TITLES}
    return [_plot(TITLES[unit], own, unit) for unit, own in by_unit.items() if own]


def _plot(title: str, rows: Mapping[str, Gain], unit: Unit) -> Plot:
    notes = {name: f"{said(gain.before, unit)} → {said(gain.after, unit)}" for name, gain in rows.items()}
    return differences(title, {name: gain.difference.json() for name, gain in rows.items()}, unit, notes)


def _by_group(found: Compared) -> list[Plot]:
    """A plot for each figure, the main one first, with a row for the whole and one for each group that has it."""
    plots = []
    for whole in found.gains if found.groups else ():
        rows = {"all": whole} | {group: gain for group, own in found.groups.items() for gain in own if gain.name == whole.name}
        plots.append(_plot(whole.name, rows, whole.unit))
    return plots


def _counts(found: Compared) -> list[tuple[str, Counter[str]]]:
    """How many requests are on each side, in all and by group."""
    group_of = {result.id: result.group for result in found.other.results}
    rows: dict[str, Counter[str]] = {"all": Counter(found.sides.values())}
    if found.groups:
        for name, side in sorted(found.sides.items()):
            rows.setdefault(group_of[name], Counter())[side] += 1
    return list(rows.items())


def _settings(found: Compared) -> list[tuple[str, str, str]]:
    """What the two runs were asked, where that differs, by name."""
    one, other = found.one.settings, found.other.settings
    names = [name for name in {**one, **other} if name != "out"]  # that is the runs' names again
    return [(name, str(one.get(name)), str(other.get(name))) for name in names if one.get(name) != other.get(name)]
