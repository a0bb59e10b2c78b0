"""Reads a finished run of any benchmark back from its folder: what was asked, the figures, and what became of each request.

Runs of before lines named their story, group and main number are read as well: a story is known by its seed, which follows
from the request's id. Draws nothing and judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import NotFound
from core.events import Event, Opened
from core.policy import derive_seed
from core.store import Store
from train.benchmarks.outcomes import read_lines
from train.benchmarks.runner import REPORT, STORIES
from train.provenance import RUN
from train.runs import RunError

NOT_SETTINGS = ("benchmark", "figures", "groups", "cost")  # of report.json; the rest says what was asked
MAIN = {"pocket": "end-to-end success", "wise": "WiScore", "rise": "accuracy", "comm": "mean of the six, of 1"}
PASSED = 0.5  # of the main number: what is less is shown as a failure
ONE_GROUP = "all"  # of a run whose lines name no group

Figure = Mapping[str, float]  # value, low, high, n


@dataclass(frozen=True)
class Result:
    """What became of one request. ``main`` is None where it was not scored; ``fields`` are the benchmark's own."""

    id: str
    group: str
    story: str | None
    main: float | None
    fields: Mapping[str, Any]

    @property
    def passed(self) -> bool | None:
        """Whether it counts as a success; None where that is not known."""
        return None if self.main is None else self.main >= PASSED


@dataclass(frozen=True)
class FinishedRun:
    """One run's folder, read. ``made`` is its ``run.json``, empty where that is missing."""

    out: Path
    benchmark: str
    report: Mapping[str, Any]
    made: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def name(self) -> str:
        return self.out.resolve().name

    @property
    def settings(self) -> dict[str, Any]:
        return {name: value for name, value in self.report.items() if name not in NOT_SETTINGS}

    @property
    def figures(self) -> Mapping[str, Figure]:
        return self.report.get("figures", {})

    @property
    def groups(self) -> Mapping[str, Mapping[str, Figure]]:
        """The figures of each group; none where there is only one, which would say the same again."""
        found = self.report.get("groups", {})
        return found if len(found) > 1 else {}

    @property
    def main_name(self) -> str:
        """What the main number is called; where a figure is its mean, as that figure is."""
        return MAIN.get(self.benchmark, "main number")

    @property
    def exact(self) -> bool:
        """Whether the truth about each picture can be read from it."""
        return self.benchmark == "pocket"

    @cached_property
    def cost(self) -> Mapping[str, Any]:
        """Calls, seconds and tokens in all; of an older run, as far as its lines tell."""
        return self.report.get("cost") or _cost(self.results)

    def stories(self) -> Store:
        """The run's stories, only to be looked at."""
        return Store(self.out / STORIES, write=False)


def read_run(out: Path) -> FinishedRun:
    """The run in a folder. Raises ``RunError`` if there is none, or none that is finished."""
    lines = read_lines(out)
    report, made = _object(out / REPORT), _object(out / RUN)
    if report is None or not (out / STORIES).is_dir():
        raise RunError(f"There is no finished run in {out.name}: its {STORIES if report else REPORT} is missing.")
    benchmark = report.get("benchmark") or str((made or {}).get("command", "")).removeprefix("evaluate ")
    results = tuple(_result(out, line) for line in lines)
    run = FinishedRun(out, benchmark, report, made or {}, results)
    if any("story" not in result.fields for result in results):
        return replace(run, results=_with_stories(run))
    return run


def request_of(events: Iterable[Event]) -> Opened:
    """The fact that asked for a story."""
    opened = next((event for event in events if isinstance(event, Opened)), None)
    if opened is None:
        raise NotFound("There is no such story.")
    return opened


def _object(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(f"{file.parent.name}/{file.name} cannot be read.") from error
    if not isinstance(found, dict):
        raise RunError(f"{file.parent.name}/{file.name} is not an object.")
    return found


def _result(out: Path, line: Any) -> Result:
    if not isinstance(line, dict) or not isinstance(line.get("id"), str):
        raise RunError(f"The outcomes of {out.name} cannot be read: a line has no id.")
    main = line.get("main", line.get("success"))
    if main is not None and not isinstance(main, int | float):
        raise RunError(f"The outcomes of {out.name} cannot be read: main of {line['id']} is no number.")
    return Result(line["id"], line.get("group") or ONE_GROUP, line.get("story"), None if main is None else float(main), line)


def _with_stories(run: FinishedRun) -> tuple[Result, ...]:
    """The results of a run whose lines do not name their stories, with them."""
    seed = run.settings.get("seed")
    if not isinstance(seed, int):
        return run.results
    wanted = {derive_seed(seed, "prompt", result.id): result.id for result in run.results}
    found: dict[str, str] = {}
    with run.stories() as store:
        for story_id in store.ids():
            try:
                asked = request_of(store.events(story_id)).request.seed
            except NotFound:
                continue
            if asked in wanted:
                found.setdefault(wanted[asked], story_id)  # branches of it are younger
    return tuple(replace(result, story=result.story or found.get(result.id)) for result in run.results)


def _cost(results: Iterable[Result]) -> dict[str, Any]:
    calls = {"planner calls": "planned", "generator calls": "drawn", "critic calls": "judged"}
    fields = [result.fields for result in results]
    seconds: dict[str, float] = {}
    for own in fields:
        for who, took in own.get("seconds", {}).items():
            seconds[who] = seconds.get(who, 0.0) + took
    return {name: sum(int(own.get(field, 0)) for own in fields) for name, field in calls.items()} | {"seconds": seconds}
