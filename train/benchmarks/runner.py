"""Runs a benchmark: tells a story for each of its requests by the studio's own loop, and reports what became of them.

A run is its folder: ``stories`` is a data folder that the studio can open, ``run.json`` says what was asked, ``outcomes.jsonl``
has a line a request, and ``report.json`` the figures, each with its number of cases and a 95 % interval. Stopped or killed,
it goes on where it was. What is asked and what it comes to is a :class:`Benchmark`'s. Knows no page, and prints nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Protocol

from core.backends.weights import is_folder
from core.casting import build_agents
from core.errors import NotFound
from core.events import Event, Opened, Planned
from core.profiles import Profile
from core.store import Store, StoryCard
from core.types import MAX_STEPS, Plan, PlannedStep
from train.benchmarks.cost import Cost, cost_of, counted, tokens_of
from train.benchmarks.outcomes import Line, write_lines
from train.collect import Collection, Complain, Prompt, Shard, Share, Terms, story_id_of
from train.controls import Control, Remembering, controlled, policy_of
from train.provenance import write_run
from train.runs import RunError, same_run

STORIES, REPORT = "stories", "report.json"
WHOLE = Shard(1, 1)

#: Hears how far a run is: what is being counted, how many are done, and of how many. Says whether to go on.
Watch = Callable[[str, int, int], bool]


class Figure(Protocol):
    """A number with its interval: :class:`train.benchmarks.figures.Mean`, or a share."""

    def json(self) -> dict[str, float]: ...


@dataclass(frozen=True)
class BenchmarkRun:
    """One run: which models tell (``profile`` is the name or path that was given), by which control, of how many requests."""

    profile: str
    out: Path
    control: Control = "none"
    max_attempts: int = 5
    threshold: float | None = None  # the least P(success) that passes
    limit: int | None = 200
    seed: int = 0
    shard: Shard = WHOLE
    plans_of: Path | None = None  # an earlier run, whose plans are told again
    in_flight: int = 16

    @property
    def settings(self) -> dict[str, Any]:
        """What makes it another run; not how many stories are in flight."""
        said = asdict(self) | {"out": self.out.name, "shard": f"{self.shard.number}/{self.shard.of}"}
        del said["in_flight"]
        return said | {"plans_of": self.plans_of.name if self.plans_of else None}


@dataclass(frozen=True)
class Telling:
    """One request and the story that was told for it."""

    prompt: Prompt
    story: str
    events: Sequence[Event]
    cost: Cost


class Benchmark(Protocol):
    """What a run does not know: what is asked, what it comes to, and which figures are made of that."""

    @property
    def name(self) -> str: ...

    @property
    def judge(self) -> str:
        """Who says what an answer is worth."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What makes it another run, besides the run's own settings. Not the judge: it is told the same stories."""

    @property
    def inputs(self) -> Sequence[Path]:
        """The files that it was read from."""

    def prompts(self) -> Sequence[Prompt]:
        """All its requests, in their order."""

    def calls(self, name: str) -> int:
        """How many questions its judge is asked about a request at most."""

    def lines(self, tellings: Iterable[Telling], store: Store, out: Path) -> Generator[int, None, list[Line]]:
        """What became of these requests, one line each; yields, as it goes on, how many are known. May be closed."""

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        """Figures by name, of all lines or of one group's."""


def measure(run: BenchmarkRun, benchmark: Benchmark, profile: Profile, complain: Complain, watch: Watch) -> dict[str, Any] | None:
    """Tells what is not told yet, and writes the report, which is returned; None if ``watch`` said to stop.

    Raises ``RunError`` if the folder holds another run.
    """
    settings = {**run.settings, **benchmark.settings}
    same_run(run.out, settings)
    prompts = asked_of(run, benchmark)
    models = (profile.planner.model, profile.painter.model, profile.critic.model)
    inputs = [Path(model) for model in models if is_folder(model)]
    write_run(run.out, f"evaluate {benchmark.name}", settings, [*inputs, *benchmark.inputs])
    with closing(Store(run.out / STORIES)) as store:
        if store.read_only:
            raise RunError(store.read_only)
        policy = policy_of(run.control, run.max_attempts).model_copy(update={"threshold": run.threshold})
        terms = Terms(profile.name, policy, run.seed)
        if not _told(run, profile, Share(terms, prompts), store, complain, watch):
            return None
        tellings = list(_tellings(store, prompts, terms, run.control))
        scoring = benchmark.lines(tellings, store, run.out)
        with closing(scoring):
            while True:
                try:
                    known = next(scoring)
                except StopIteration as finished:
                    lines: list[Line] = finished.value
                    break
                if not watch("Answers", known, len(tellings)):
                    return None
    write_lines(run.out, lines)
    cost = reduce(Cost.__add__, (each.cost for each in tellings), Cost())
    said = {**settings, "benchmark": benchmark.name, "judge": benchmark.judge, "requests": len(prompts)}
    return _report(run.out, benchmark, said, lines, cost.json() | {"tokens": tokens_of(run.out)})


def forecast(run: BenchmarkRun, benchmark: Benchmark) -> dict[str, Any]:
    """How much a run asks, if no call fails and has to be made again. A story has as many steps as its plan, at most 30."""
    prompts = asked_of(run, benchmark)
    policy = policy_of(run.control, run.max_attempts)
    judged = run.control in ("none", "reseed", "best-of-n", "rewrite")
    steps = 1 if run.control == "alone" else MAX_STEPS
    drawings = len(prompts) * steps * policy.max_attempts
    return {
        "benchmark": benchmark.name,
        "requests": len(prompts),
        "planner calls": 0 if run.control == "alone" else len(prompts),
        "generator calls a step at most": policy.max_attempts,
        "generator calls at most": drawings,
        "critic calls at most": drawings if judged else 0,
        "judge calls at most": sum(benchmark.calls(prompt.id) for prompt in prompts),
    }


def asked_of(run: BenchmarkRun, benchmark: Benchmark) -> list[Prompt]:
    """The requests that are this run's: of the first so many, its shard's part."""
    return run.shard.part(list(benchmark.prompts())[: run.limit])


def _told(run: BenchmarkRun, profile: Profile, share: Share, store: Store, complain: Complain, watch: Watch) -> bool:
    """Tells the stories; False if it was stopped. Models are loaded only if there is anything to tell."""
    if share.told(store):
        return True
    agents = counted(build_agents(profile), run.out)
    if run.plans_of is not None:
        agents = replace(agents, planner=Remembering(agents.planner, plans_of(run.plans_of)))
    told_by, _ = controlled(agents, run.control, run.max_attempts)
    collection = Collection(store, told_by, share.prompts, share.terms, run.in_flight)
    done = 0
    with closing(collection.tell(complain)) as seen:
        for what in seen:
            done += isinstance(what, StoryCard)
            if not watch("Stories", done, len(share.prompts)):
                return False
    return True


def _tellings(store: Store, prompts: Sequence[Prompt], terms: Terms, control: Control) -> Iterator[Telling]:
    for prompt in prompts:
        story_id = story_id_of(prompt, terms)
        try:
            events = store.events(story_id)
        except NotFound:  # it could not be opened, which was complained of, or somebody deleted it
            continue
        yield Telling(prompt, story_id, events, cost_of(events, control))


def _report(
    out: Path, benchmark: Benchmark, said: Mapping[str, Any], lines: Sequence[Line], cost: Mapping[str, Any]
) -> dict[str, Any]:
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line["group"], []).append(line)
    report = {
        **said,
        "figures": _json(benchmark.figures(lines)),
        "groups": {name: _json(benchmark.figures(own)) for name, own in sorted(groups.items())},
        "cost": cost,
    }
    part = out / f".{REPORT}.part"
    part.write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    os.replace(part, out / REPORT)
    return report


def _json(figures: Mapping[str, Figure]) -> dict[str, dict[str, float]]:
    return {name: figure.json() for name, figure in figures.items()}


def plans_of(out: Path) -> dict[str, Plan]:
    """The plans of an earlier run by their requests' words. Raises ``RunError`` if there is none."""
    if not (out / STORIES).is_dir():
        raise RunError(f"There is no run in {out.name} whose plans could be told.")
    found: dict[str, Plan] = {}
    with Store(out / STORIES, write=False) as store:
        for story_id in store.ids():
            events = store.events(story_id)
            asked = next(event.request.text for event in events if isinstance(event, Opened))
            planned = next((event for event in events if isinstance(event, Planned)), None)
            if planned is not None:
                steps = tuple(PlannedStep(**step.model_dump(include=set(PlannedStep.model_fields))) for step in planned.steps)
                found[asked] = Plan(thought=planned.thought, steps=steps, raw=planned.raw)
    return found
