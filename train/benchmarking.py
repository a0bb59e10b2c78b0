"""Runs a benchmark: tells a story for each of its requests by the studio's own loop, and reports what became of them.

A run is its folder: ``stories`` is a data folder that the studio can open, ``run.json`` says what was asked, ``outcomes.jsonl``
has a line a request, and ``report.json`` the figures, each with its number of cases and a 95 % interval. Stopped or killed,
it goes on where it was. Knows no page, and prints nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from core.backends.weights import is_folder
from core.errors import NotFound
from core.events import Opened, Planned
from core.profiles import Profile, build_agents
from core.store import Store, StoryCard
from core.types import Plan, PlannedStep
from train.collect import Collection, Complain, Prompt, Shard, Terms, story_id_of
from train.controls import Control, Remembering, controlled
from train.pocket.benchmark import Item, Outcome, items, outcome
from train.pocket.evaluate import Balance, Share
from train.provenance import write_run
from train.runs import RunError, same_run

STORIES, OUTCOMES, REPORT = "stories", "outcomes.jsonl", "report.json"
WHOLE = Shard(1, 1)
RESAMPLES = 2000  # of the stories, for a mean's interval: its ends move by less than a hundredth of its width


@dataclass(frozen=True)
class BenchmarkRun:
    """One run: which models tell (``profile`` is the name or path that was given), by which control, of how many requests."""

    profile: str
    out: Path
    control: Control = "none"
    max_attempts: int = 5
    threshold: float | None = None  # the least P(success) that passes
    limit: int = 200
    seed: int = 0
    shard: Shard = WHOLE
    plans_of: Path | None = None  # an earlier run, whose plans are told again
    in_flight: int = 16

    @property
    def settings(self) -> dict[str, Any]:
        """What makes it another run; not how many stories are in flight."""
        said = asdict(self) | {"out": self.out.name, "shard": f"{self.shard.number}/{self.shard.of}"}
        del said["in_flight"]
        return said | {"plans_of": run_name(self.plans_of)}


@dataclass(frozen=True)
class Mean:
    """A mean over stories with its 95 % interval, by the bootstrap."""

    value: float
    low: float
    high: float
    n: int

    def json(self) -> dict[str, float]:
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4), "n": self.n}


def benchmark(
    run: BenchmarkRun, profile: Profile, complain: Complain, watch: Callable[[int, int], bool]
) -> dict[str, Any] | None:
    """Tells what is not told yet and writes the report, which is returned; None if ``watch`` (done, of) said to stop.

    Raises ``RunError`` if the folder holds another run.
    """
    same_run(run.out, run.settings)
    asked = run.shard.part(list(islice(items(), run.limit)))
    wanted = {item.id: item for item in asked}
    prompts = [Prompt(number, item.id, item.text) for number, item in enumerate(asked, start=1)]
    models = (profile.planner.model, profile.painter.model, profile.critic.model)
    write_run(run.out, "evaluate pocket", run.settings, [Path(model) for model in models if is_folder(model)])
    with closing(Store(run.out / STORIES)) as store:
        if store.read_only:
            raise RunError(store.read_only)
        agents = build_agents(profile)
        if run.plans_of is not None:
            agents = replace(agents, planner=Remembering(agents.planner, plans_of(run.plans_of)))
        told_by, policy = controlled(agents, run.control, run.max_attempts)
        policy = policy.model_copy(update={"threshold": run.threshold})
        terms = Terms(profile.name, policy, run.seed)
        collection = Collection(store, told_by, prompts, terms, run.in_flight)
        done = 0
        with closing(collection.tell(complain)) as seen:
            for what in seen:
                done += isinstance(what, StoryCard)
                if not watch(done, len(prompts)):
                    return None
        found = list(_outcomes(store, prompts, wanted, terms))
    lines = "".join(json.dumps(each.json()) + "\n" for each in found)
    (run.out / OUTCOMES).write_text(lines, encoding="utf-8")
    report = run.settings | {"figures": {name: figure.json() for name, figure in figures(found).items()}}
    (run.out / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def run_name(out: Path | None) -> str | None:
    return out.name if out else None


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


def _outcomes(store: Store, prompts: Sequence[Prompt], wanted: dict[str, Item], terms: Terms) -> Iterator[Outcome]:
    for prompt in prompts:
        story_id = story_id_of(prompt, terms)
        try:
            events = store.events(story_id)
        except NotFound:
            continue
        yield outcome(wanted[prompt.id], story_id, events, store.images.load)


def figures(found: Sequence[Outcome]) -> dict[str, Share | Balance | Mean]:
    """Every figure of a run, by name."""

    def share(right: str, of: str) -> Share:
        return Share(sum(getattr(each, right) for each in found), sum(getattr(each, of) for each in found))

    def of_stories(name: str) -> Share:
        return Share(sum(getattr(each, name) for each in found), len(found))

    def valid(task: str, made: int) -> Share:
        return Share(made, made + sum(each.unread[task] for each in found))

    return {
        "end-to-end success": of_stories("success"),
        "a plan": of_stories("planned"),
        "as many pictures as asked": of_stories("length"),
        "all that was asked for is seen": of_stories("wished"),
        "pictures as their prompts ask": ratio(found, "right", "steps"),
        "first drawings as their prompts ask": ratio(found, "first", "steps"),
        "planner's replies readable": valid("plan", sum(each.planned for each in found)),
        "critic's replies readable": valid("judge", sum(each.judged for each in found)),
        "critic's balanced accuracy": Balance(share("accepted", "good"), share("refused", "bad")),
        "good drawings accepted": share("accepted", "good"),
        "bad drawings refused": share("refused", "bad"),
        "drawings a picture": ratio(found, "drawn", "steps"),
        "drawings a story": ratio(found, "drawn", None),
        "verdicts a story": ratio(found, "judged", None),
        "seconds a story": _ratio([(sum(each.seconds.values()), 1.0) for each in found]),
    }


def ratio(found: Sequence[Outcome], part: str, whole: str | None) -> Mean:
    """The sum of one count over that of another, or over the stories. Pictures of one story are alike: stories are resampled."""
    return _ratio([(float(getattr(each, part)), float(getattr(each, whole)) if whole else 1.0) for each in found])


def _ratio(pairs: list[tuple[float, float]]) -> Mean:
    low, high = _bootstrapped(len(pairs), lambda chosen: _quotient([pairs[n] for n in chosen]))
    return Mean(_quotient(pairs), low, high, len(pairs))


def mean_of(values: list[float]) -> Mean:
    """The mean of independent values."""
    return _ratio([(value, 1.0) for value in values])


def _quotient(pairs: list[tuple[float, float]]) -> float:
    whole = sum(of for _, of in pairs)
    return sum(part for part, _ in pairs) / whole if whole else 0.0


def paired(one: Sequence[Outcome], other: Sequence[Outcome], value: Callable[[Outcome], float]) -> Mean:
    """How much greater ``other`` is than ``one`` on the requests that both have, with the interval of the paired bootstrap."""
    before = {each.id: value(each) for each in one}
    gains = [value(each) - before[each.id] for each in other if each.id in before]
    low, high = _bootstrapped(len(gains), lambda chosen: sum(gains[n] for n in chosen) / max(1, len(gains)))
    return Mean(sum(gains) / max(1, len(gains)), low, high, len(gains))


def _bootstrapped(count: int, statistic: Callable[[list[int]], float]) -> tuple[float, float]:
    """The middle 95 % of the statistic over resamples of ``count`` cases."""
    if not count:
        return 0.0, 0.0
    dice, cases = Random(count), range(count)
    values = sorted(statistic(dice.choices(cases, k=count)) for _ in range(RESAMPLES))
    return values[round(0.025 * (RESAMPLES - 1))], values[round(0.975 * (RESAMPLES - 1))]


def read_outcomes(out: Path) -> list[Outcome]:
    """What became of a finished run's requests. Raises ``RunError`` if there is no such run."""
    try:
        lines = (out / OUTCOMES).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RunError(f"There is no finished run in {out.name}.") from error
    return [Outcome(**json.loads(line)) for line in lines]
