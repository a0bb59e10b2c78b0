"""A finished story as data sets tell it: the request, the plan, and each step's attempts in order. Both ways, to and from facts.

What a tale can't carry: who changed what when (only how the story is now), seeds, probabilities and scores, notes and
references, the policy, failures, and attempts at steps that were edited since. A tale's picture of a step is the one that the
next step was drawn on; for the last one, the first attempt that succeeded, else the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from core.events import Drawn, Event, Judged, Opened, Planned, Settled
from core.types import MAX_PICTURES, MAX_STEPS, Attempt, AttemptKey, ImageRef, Policy, Request, Step, Verdict
from train.formats.files import BadRow
from train.told import Told

IMPORTER = "import"  # who opens the stories that are brought in
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # of facts whose time nobody kept: the same in every import


@dataclass(frozen=True)
class Tried:
    """One drawing. ``success`` is None where nobody judged it; ``refined`` is what to draw with next, "" for the same."""

    prompt: str
    image: ImageRef
    success: bool | None = None
    thought: str = ""
    refined: str = ""


@dataclass(frozen=True)
class Part:
    """One step and its attempts; none where nothing is drawn. ``words`` are as in :class:`core.types.Step`."""

    title: str
    instruction: str
    prompt: str | None
    caption: str | None
    tries: tuple[Tried, ...] = ()


@dataclass(frozen=True)
class Tale:
    """A whole story. ``chosen`` is each part's picture, by its place among the tries; None where nothing is drawn."""

    text: str
    images: tuple[ImageRef, ...]
    thought: str
    parts: tuple[Part, ...]
    chosen: tuple[int | None, ...]


def tale_of(story: Told) -> Tale:
    """The story as a tale. ``BadRow`` if it is not finished."""
    t = story.trajectory
    if not t.steps or len(story.shown) < len(t.steps):
        raise BadRow(f"the story {story.id} is not finished")
    if story.request.given:
        raise BadRow(f"the story {story.id} goes on from a sequence of pictures and texts, which a tale cannot carry")
    parts: list[Part] = []
    chosen: list[int | None] = []
    for standing in t.standings:
        step, kept = standing.step, standing.settled and standing.settled.attempt
        tries = standing.tries if kept else ()
        keys = [tried.attempt.key for tried in tries]
        if kept and kept not in keys:
            raise BadRow(f"the story {story.id} keeps a picture that was drawn on another one than the step's")
        told = tuple(_tried(one.attempt, one.verdict) for one in tries)
        parts.append(Part(step.title, step.instruction, step.prompt, step.caption, told))
        chosen.append(keys.index(kept) if kept else None)
    return Tale(story.request.text, story.request.images, t.thought, tuple(parts), tuple(chosen))


def _tried(attempt: Attempt, verdict: Verdict | None) -> Tried:
    if verdict is None:
        return Tried(attempt.prompt, attempt.image)
    refined = "" if verdict.accepted else verdict.refined_prompt or ""
    return Tried(attempt.prompt, attempt.image, verdict.accepted, verdict.thought, refined)


def usual_choice(tries: tuple[Tried, ...]) -> int | None:
    """Which attempt was kept, where nothing says it."""
    return next((n for n, one in enumerate(tries) if one.success), len(tries) - 1) if tries else None


def facts_of(tale: Tale, profile: str = "") -> Iterator[Event]:
    """The facts of a story that is told like this. ``BadRow`` if no story can be."""
    if not 1 <= len(tale.parts) <= MAX_STEPS or len(tale.images) > MAX_PICTURES:
        raise BadRow(f"{len(tale.parts)} steps and {len(tale.images)} pictures to go on from; a story has at most {MAX_STEPS}")
    most = max((len(part.tries) for part in tale.parts), default=1)
    try:
        request, policy = Request(text=tale.text, images=tale.images), Policy(max_attempts=min(max(most, 1), 20))
        steps = tuple(
            Step(id=f"s{n}", title=p.title, instruction=p.instruction, prompt=p.prompt, caption=p.caption)
            for n, p in enumerate(tale.parts, start=1)
        )
        yield Opened(request=request, policy=policy, profile=profile, by=f"person:{IMPORTER}", at=UNDATED)
        yield Planned(plan_revision=0, steps=steps, thought=tale.thought, by=f"planner:{IMPORTER}", at=UNDATED)
        source = tale.images[-1] if tale.images else None
        for step, part, kept in zip(steps, tale.parts, tale.chosen, strict=True):
            yield from _step_facts(step, part, kept, source)
            source = part.tries[kept].image if kept is not None else source
    except ValidationError as error:
        raise BadRow(f"no story can be told like this: {error.errors(include_url=False)[0]['msg'].lower()}") from error


def _step_facts(step: Step, part: Part, kept: int | None, source: ImageRef | None) -> Iterator[Event]:
    if (step.prompt is None) != (kept is None):
        raise BadRow(
            f"the step {step.id[1:]} has {'pictures, but no prompt' if step.prompt is None else 'a prompt, but no picture'}"
        )
    keys = [AttemptKey(step=step.id, revision=0, number=number) for number in range(len(part.tries))]
    for key, tried in zip(keys, part.tries, strict=True):
        attempt = Attempt(key=key, prompt=tried.prompt, seed=0, source=source, image=tried.image)
        yield Drawn(attempt=attempt, by=f"painter:{IMPORTER}", at=UNDATED)
        if tried.success is not None:
            verdict = Verdict(accepted=tried.success, thought=tried.thought, refined_prompt=tried.refined or None)
            yield Judged(attempt=key, verdict=verdict, by=f"critic:{IMPORTER}", at=UNDATED)
    chosen = None if kept is None else keys[kept]
    why = "text" if kept is None else "accepted" if part.tries[kept].success else "budget"
    on = source if chosen else None
    yield Settled(step=step.id, revision=0, attempt=chosen, source=on, why=why, at=UNDATED)


def name_of(tale: Tale) -> str:
    """A story's id that follows from what it tells: a second import finds the first."""
    digest = hashlib.sha256(repr(tale).encode()).digest()
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[byte % 32] for byte in digest[:12])


Keep = Callable[[ImageRef], str]
Load = Callable[[object], ImageRef]
