"""Makes a finished run one page to look at: figures with intervals, cost, acceptance, calibration, and stories as strips.

The page needs nothing else: plots are SVG inside it, pictures are inside it, nothing in it runs, and nothing is fetched.
Which stories are shown follows from how they ended and from their requests' ids, so that two runs show the same ones.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from train.benchmarks.report_plots import Plot, plot, plots_of, points_of, unit_of
from train.benchmarks.report_reading import FinishedRun, Result, read_run
from train.benchmarks.report_rendering import write
from train.benchmarks.report_strips import Kind, strip_of
from train.benchmarks.report_tally import Tally, tally_of

PAGE = "report.html"
EXAMPLES = 12
TURNS: Sequence[Kind] = ("failure", "late", "failure", "success")  # how places are dealt: half of them to failures

KINDS: Mapping[Kind, str] = {"failure": "failures", "unscored": "not scored", "late": "mended late", "success": "successes"}


def write_page(out: Path, examples: int = EXAMPLES, page: Path | None = None) -> Path:
    """Writes the page of the run in ``out``, into its folder if no other file is named, and returns where it is.

    Raises ``RunError`` if there is no finished run.
    """
    run, page = read_run(out), page or out / PAGE
    with run.stories() as store:
        tally = tally_of(run, store)
        shown = chosen([(result, tally.kind_of(result.id, result.passed)) for result in run.results], examples)
        write(
            "report.html.jinja",
            page,
            run=run,
            head=head(run, tally),
            plots=plots_of(run.figures),
            groups=group_plots(run),
            costs=costs(run.cost, len(run.results)),
            numbers=tally.by_number if tally.critic_asked else (),
            accepted=_acceptance(tally),
            whys=tally.whys,
            calibration=tally.calibration,
            points=points_of(tally.calibration),
            kinds=[(kind, called) for kind, called in KINDS.items() if any(own == kind for _, own in shown)],
            strips=(strip_of(store, result, kind, run.exact) for result, kind in shown),
            of=len(run.results),
        )
    return page


def chosen(ended: Sequence[tuple[Result, Kind]], most: int) -> list[tuple[Result, Kind]]:
    """Which stories are shown: half failures, then those that took long to mend, then plain successes.

    Places that one kind leaves free go to the others, failures first. Within a kind an order that follows from the ids alone,
    so that more examples are the fewer ones and others.
    """
    left: dict[Kind, deque[tuple[Result, Kind]]] = {kind: deque() for kind in KINDS}
    for each in sorted(ended, key=lambda each: in_order(each[0].id)):
        left[each[1]].append(each)
    taken: dict[Kind, list[tuple[Result, Kind]]] = {kind: [] for kind in KINDS}
    for turn in islice(cycle(TURNS), min(most, len(ended))):
        kind = turn if left[turn] else next(kind for kind in KINDS if left[kind])
        taken[kind].append(left[kind].popleft())
    return [each for own in taken.values() for each in own]


def in_order(name: str) -> str:
    """Sorts ids as if they were shuffled, always alike: neighbours in a benchmark's list are often of one kind."""
    return hashlib.sha256(name.encode()).hexdigest()


def head(run: FinishedRun, tally: Tally) -> list[tuple[str, str]]:
    """What the page says of the run as a whole, by name."""
    settings, made = run.settings, run.made
    said: list[tuple[str, Any]] = [("benchmark", run.benchmark)]
    said += [(name, settings[name]) for name in ("profile", "control") if settings.get(name) is not None]
    said += [(role, ", ".join(sorted(names))) for role, names in sorted(tally.models.items())]
    said += [("seeds", ", ".join(f"{name} {seed}" for name, seed in made.get("seeds", {}).items()))]
    said += [
        ("requests", len(run.results)),
        ("revision", (made.get("revision") or "unknown")[:12]),
        ("made", _when(made.get("at"))),
    ]
    return [(name, str(value)) for name, value in said if value not in (None, "")]


def _when(at: str | None) -> str | None:
    """A moment as people write it, to the minute."""
    return at and datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M %Z")


def group_plots(run: FinishedRun) -> list[Plot]:
    """Each figure by group, with the whole first; the main figure's plot is the first."""
    found = []
    for name, whole in run.figures.items():
        own = {"all": whole} | {group: figures[name] for group, figures in run.groups.items() if name in figures}
        if len(own) > 1:
            found.append(plot(name, own, unit_of(name, own.values())))
    return sorted(found, key=lambda each: each.title != run.main_name)


def costs(cost: Mapping[str, Any], stories: int) -> list[tuple[str, float, float]]:
    """What was spent, in all and for each story, by name; parts of one kind are named with it."""
    return [(name, value, value / max(1, stories)) for name, value in _flat(cost)]


def _flat(cost: Mapping[str, Any], under: str = "") -> Iterable[tuple[str, float]]:
    for name, value in cost.items():
        called = f"{under}, {name}" if under else name
        if isinstance(value, Mapping):
            yield from _flat(value, called)
        elif isinstance(value, int | float):
            yield called, value


def _acceptance(tally: Tally) -> Plot | None:
    if not tally.critic_asked:
        return None
    shares = {f"attempt {each.number}": each.accepted for each in tally.by_number if each.accepted.of}
    return plot("Accepted by the critic", {name: share.json() for name, share in shares.items()}, "share")
