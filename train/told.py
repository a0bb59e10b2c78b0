"""A finished piece of telling, as training reads it: every attempt with its step, its verdicts and who gave them. Pure.

What a person did outranks what a model did: an edited step is the step, and a person's verdict is the verdict
(:mod:`train.reviewed` has the rule). Attempts at one step, of one revision and on one source, are a **chain**: the same task
tried again, each time with another prompt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.events import Drawn, Event, Judged, Opened, PlanEdited, Planned, StepEdited, made_by_person
from core.store.projection import founding_row
from core.trajectory import Trajectory, Try, fold
from core.types import Attempt, ImageRef, PlannedStep, Request, Step
from train.reviewed import NOT_REVIEWED, Compared, PlanSaid, Reviewed, Said, attempt_said, pairs_said, plan_said


@dataclass(frozen=True)
class Case:
    """One attempt at a step. ``prompt`` is the step's own, at the attempt's revision.

    ``creator`` overruled the critic; ``annotators`` is what those who answered come to, None where nobody did or where they
    are ``disputed``: as many say yes as no.
    """

    prompt: str
    attempt: Attempt
    painter: str
    critic: Said | None = None
    creator: Said | None = None
    annotators: Said | None = None
    disputed: bool = False

    @property
    def person(self) -> Said | None:
        """What people say: annotators, else the creator."""
        return self.annotators or self.creator

    @property
    def said(self) -> Said | None:
        """What counts: a person's verdict, else the critic's."""
        return self.person or self.critic

    @property
    def changed(self) -> bool:
        """Whether a person said otherwise than the critic: another verdict, or another prompt to go on with."""
        if self.person is None or self.critic is None:
            return self.person is not None
        mine, own = self.person.verdict, self.critic.verdict
        return mine.accepted != own.accepted or (not mine.accepted and mine.refined_prompt not in (None, own.refined_prompt))

    @property
    def digest(self) -> str:
        """Names what there is to judge, whatever story it is in: both pictures and the step's prompt."""
        before = self.attempt.source.sha256 if self.attempt.source else ""
        return hashlib.sha256(repr((before, self.attempt.image.sha256, self.prompt)).encode()).hexdigest()


@dataclass(frozen=True)
class Chain:
    """The attempts at one step on one source, in order."""

    cases: tuple[Case, ...]

    @property
    def step(self) -> str:
        return self.cases[0].attempt.key.step


@dataclass(frozen=True)
class Told:
    """One story as its facts tell it. ``stem`` is the same for all stories of one request, branches and copies included."""

    id: str
    stem: str
    owner: str
    trajectory: Trajectory
    planned: Planned | None
    chains: tuple[Chain, ...]
    shown: tuple[tuple[Step, ImageRef | None], ...] = field(default=())  # the steps that are done, from the first on
    plan_said: PlanSaid | None = None  # of the planner's last plan
    compared: tuple[Compared, ...] = ()

    @property
    def request(self) -> Request:
        assert self.trajectory.request is not None
        return self.trajectory.request

    @property
    def cases(self) -> tuple[Case, ...]:
        return tuple(case for chain in self.chains for case in chain.cases)

    @property
    def plan(self) -> Sequence[Step | PlannedStep]:
        """The plan that counts: as annotators corrected it, else as it is."""
        return (self.plan_said and self.plan_said.steps) or self.trajectory.steps

    @property
    def plan_of(self) -> Literal["annotators", "creator", "planner"]:
        """Who says that this is the plan. Annotators also where they left the planner's as it is."""
        edited = self.planned is None or self.planned.steps != self.trajectory.steps
        if self.plan_said and (self.plan_said.steps or not edited):
            return "annotators"
        return "creator" if edited else "planner"


def words_of(step: Step | PlannedStep) -> PlannedStep:
    """A step's words alone."""
    return PlannedStep(**step.model_dump(include=set(PlannedStep.model_fields)))


def told(story_id: str, events: Sequence[Event], reviewed: Reviewed = NOT_REVIEWED) -> Told:
    """The story that these facts, the first of which opened it, tell, with what annotators say of it."""
    trajectory = fold(events)
    planned = next((event for event in reversed(events) if isinstance(event, Planned)), None)
    opened = next(event for event in events if isinstance(event, Opened))
    shown: list[tuple[Step, ImageRef | None]] = []
    for standing in trajectory.standings:
        if standing.settled is None:
            break
        shown.append((standing.step, standing.image))
    return Told(
        id=story_id,
        stem=stem_of(opened.request),
        owner=founding_row(events)["owner"],
        trajectory=trajectory,
        planned=planned,
        chains=_chains(trajectory, events, reviewed),
        shown=tuple(shown),
        plan_said=_plan_said(planned, reviewed),
        compared=pairs_said(reviewed.pairs),
    )


def _plan_said(planned: Planned | None, reviewed: Reviewed) -> PlanSaid | None:
    if planned is None:
        return None
    as_it_is = tuple(words_of(step) for step in planned.steps)
    return plan_said(reviewed.plans, planned.plan_revision + 1, as_it_is)  # a plan's revision is the story's after it


def stem_of(request: Request) -> str:
    """Names a request by its words and pictures. A branch or a copy keeps both, and so does the same prompt told again."""
    pictures = [ref.sha256 for ref in (*request.pictures, *request.references)]
    return hashlib.sha256(repr((normal(request.text), pictures)).encode()).hexdigest()[:16]


def normal(text: str) -> str:
    """The text's words alone: two texts that differ in case, space or punctuation are the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _chains(trajectory: Trajectory, events: Sequence[Event], reviewed: Reviewed) -> tuple[Chain, ...]:
    prompts, painters = _prompts(events), {e.attempt.key: e.by for e in events if isinstance(e, Drawn)}
    judged = [event for event in events if isinstance(event, Judged)]
    chains: dict[tuple[str, int, str], list[Case]] = {}
    for tried in trajectory.tries:
        key, source = tried.attempt.key, tried.attempt.source
        prompt = prompts.get((key.step, key.revision))
        if prompt is None:
            continue
        mine, given = [event for event in judged if event.attempt == key], reviewed.attempts.get(key, ())
        said = (_by_critic(tried, mine), _by_creator(tried, mine), attempt_said(given, tried.critic))
        case = Case(prompt, tried.attempt, painters[key].partition(":")[2], *said, disputed=bool(given) and said[2] is None)
        chains.setdefault((key.step, key.revision, source.sha256 if source else ""), []).append(case)
    return tuple(Chain(tuple(cases)) for cases in chains.values())


def _prompts(events: Iterable[Event]) -> dict[tuple[str, int], str]:
    """Each step's own prompt by its revision; a text-only one has none."""
    found: dict[tuple[str, int], str] = {}
    for event in events:
        match event:
            case Planned(steps=steps) | PlanEdited(steps=steps):
                found |= {(step.id, step.revision): step.prompt for step in steps if step.prompt is not None}
            case StepEdited(step=step) if step.prompt is not None:
                found[step.id, step.revision] = step.prompt
    return found


def _by_critic(tried: Try, judged: Iterable[Judged]) -> Said | None:
    said = [event for event in judged if not made_by_person(event)]
    return Said(tried.critic, said[-1].by, said[-1].at) if tried.critic and said else None


def _by_creator(tried: Try, judged: Iterable[Judged]) -> Said | None:
    """None also where the person took their verdict back."""
    said = [event for event in judged if made_by_person(event) and event.verdict == tried.person]
    return Said(tried.person, said[-1].by, said[-1].at) if tried.person and said else None
