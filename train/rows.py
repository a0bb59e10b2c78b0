"""Shapes training rows out of stories: what a planner or a critic is asked, and what it should have said. Pure.

Prompts and replies are the dialect's, so that what is learnt is what inference asks and reads. Rows name pictures by their
content, never by a path; whoever writes them fetches the pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.dialect import Message, Pack, critic_messages, plan_reply, planner_messages, shows_references, verdict_reply
from core.ports import Score
from core.types import MAX_GIVEN, ImageRef, Plan, PlannedStep, Step, Value, Verdict
from train.told import Case, Told

#: What the critic is told was drawn with on the first attempt: nothing, as the released critics were trained; or the step's
#: prompt, as inference tells it (METHOD, fault 5).
FirstPrompt = Literal["empty", "filled"]


class Origin(Value):
    """Where a row comes from, and who says so.

    ``step`` and ``number`` are, for a planner's row, the first step that it plans and how many it was shown. ``stem`` names
    the request, ``owner`` hides who it belongs to; ``guideline`` is the version of the annotators' guideline, if any.
    """

    story: str
    step: str
    revision: int
    number: int
    stem: str
    owner: str
    by: str
    source: Literal["person", "critic", "planner"]
    at: str
    guideline: str = ""
    profile: str = ""
    planner: str = ""
    painter: str = ""
    critic: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Blank:
    """The white canvas that stands for "no picture before"."""

    width: int
    height: int


Picture = ImageRef | Blank


@dataclass(frozen=True)
class PlannerRow:
    """A request, with as much of its story as is shown, and the rest of the plan."""

    origin: Origin
    prompt: list[Message]
    images: tuple[Picture, ...]
    completion: str


@dataclass(frozen=True)
class CriticRow:
    """An attempt, and the verdict that should be given of it."""

    origin: Origin
    prompt: list[Message]
    images: tuple[Picture, ...]
    completion: str


@dataclass(frozen=True)
class CriticPrompt:
    """An attempt to judge and refine freely; ``truth`` and its recorded score are what the rewards are computed from."""

    origin: Origin
    prompt: list[Message]
    images: tuple[Picture, ...]
    truth: bool
    step_prompt: str
    current_prompt: str
    score: Score | None
    seed: int


@dataclass(frozen=True)
class PreferenceRow:
    """One question to the critic and two replies, the better one first."""

    origin: Origin
    prompt: list[Message]
    images: tuple[Picture, ...]
    chosen: str
    rejected: str


Row = PlannerRow | CriticRow | CriticPrompt | PreferenceRow


# ---------------------------------------------------------------- planner


def planner_row(pack: Pack, story: Told, cut: int, weight: float = 1.0) -> PlannerRow:
    """The row that shows the first ``cut`` steps, which must be done, and asks for the others.

    ``ValueError`` says why there is none: nothing would be left to plan, or more would be shown than a request can hold.
    """
    request, steps = story.request, story.trajectory.steps
    if not 0 <= cut < len(steps) or cut > len(story.shown):
        raise ValueError(f"the plan of {len(steps)} steps, {len(story.shown)} of them done, cannot be cut at {cut}")
    if len(request.given) + cut > MAX_GIVEN:
        raise ValueError(f"{len(request.given) + cut} pieces would be shown; at most {MAX_GIVEN} are")
    before, shown = [(piece.text, piece.image) for piece in request.given], story.shown[:cut]
    given = before + [(_words_of(step), image) for step, image in shown]
    prompt = planner_messages(
        pack,
        request.text,
        len(request.images),
        given=[(text, image is not None) for text, image in given],
        references=len(request.references),
        notes=request.notes,
        text_only=request.answer == "text",
    )
    references = request.references if shows_references(pack) else ()
    images = (*request.images, *(image for _, image in given if image), *references)
    left = tuple(PlannedStep(**step.model_dump(include=set(PlannedStep.model_fields))) for step in steps[cut:])
    completion = plan_reply(Plan(steps=left, thought=story.trajectory.thought), first=len(given) + 1)
    return PlannerRow(_plan_origin(story, steps[cut], cut, weight), prompt, images, completion)


def _words_of(step: Step) -> str:
    """What stands under a step's picture when a person shows it: its caption, else what it is about."""
    return step.caption or step.instruction or step.title


def _plan_origin(story: Told, step: Step, cut: int, weight: float) -> Origin:
    planned = story.planned
    by_person = planned is None or planned.steps != story.trajectory.steps
    by = f"person:{story.owner}" if by_person or planned is None else planned.by
    return Origin(
        story=story.id,
        step=step.id,
        revision=step.revision,
        number=cut,
        stem=story.stem,
        owner=hidden(story.owner),
        by=hidden_by(by),
        source="person" if by_person else "planner",
        at=planned.at.isoformat() if planned else "",
        profile=story.trajectory.profile,
        planner=planned.by.partition(":")[2] if planned else "",
        weight=weight if by_person else 1.0,
    )


# ---------------------------------------------------------------- critic


def critic_row(pack: Pack, story: Told, case: Case, first: FirstPrompt = "filled", weight: float = 1.0) -> CriticRow:
    """The row that teaches the verdict which counts. ``ValueError`` if nobody judged the attempt."""
    verdict = taught(case)
    completion = verdict_reply(verdict, case.attempt.prompt)
    return CriticRow(_origin(story, case, weight), asked(pack, case, first), pictures(case), completion)


def critic_prompt(
    pack: Pack, story: Told, case: Case, truth: bool, score: Score | None, first: FirstPrompt = "filled", weight: float = 1.0
) -> CriticPrompt:
    """The row that lets the critic answer freely; ``truth`` is whether the attempt is a success."""
    return CriticPrompt(
        _origin(story, case, weight),
        asked(pack, case, first),
        pictures(case),
        truth,
        case.prompt,
        current_prompt(case, first),
        score,
        case.attempt.seed,
    )


def taught(case: Case) -> Verdict:
    """The verdict to learn: a person's; with the critic's thought and prompt where the two agree and the person wrote none."""
    if case.said is None:
        raise ValueError("nobody judged the attempt")
    if case.person is None or case.critic is None:
        return case.said.verdict
    person, critic = case.person.verdict, case.critic.verdict
    if person.accepted != critic.accepted:
        return person
    kept = {"thought": person.thought or critic.thought, "refined_prompt": person.refined_prompt or critic.refined_prompt}
    return person.model_copy(update=kept)


def asked(pack: Pack, case: Case, first: FirstPrompt = "filled") -> list[Message]:
    """The question that the critic is asked about an attempt."""
    return critic_messages(pack, case.prompt, current_prompt(case, first))


def current_prompt(case: Case, first: FirstPrompt) -> str:
    """What the critic is told that the picture was drawn with."""
    untouched = case.attempt.key.number == 0 and case.attempt.prompt == case.prompt
    return "" if first == "empty" and untouched else case.attempt.prompt


def pictures(case: Case) -> tuple[Picture, ...]:
    """Before and after; before the first picture is a blank one of the same size."""
    after = case.attempt.image
    return (case.attempt.source or Blank(after.width, after.height), after)


# ---------------------------------------------------------------- preferences


def corrected_row(
    pack: Pack, story: Told, case: Case, first: FirstPrompt = "filled", weight: float = 1.0
) -> PreferenceRow | None:
    """Person over critic: what the person says against what the critic said; None where they say the same."""
    if case.person is None or case.critic is None or not case.changed:
        return None
    chosen, rejected = taught(case), case.critic.verdict
    return _preference(pack, story, case, chosen, rejected, first, weight)


def improving_row(
    pack: Pack, story: Told, cases: Sequence[Case], scores: Sequence[Score | None], margin: float, first: FirstPrompt = "filled"
) -> PreferenceRow | None:
    """Better over worse attempt: of two prompts that a step was drawn with, the one that gave the better picture.

    Every attempt is drawn on the same source, so after the first refused one each of the prompts could have come next. The two
    replies share the critic's thought, and differ in the prompt alone. None if no two scores differ by ``margin``.
    """
    start = next((n for n, case in enumerate(cases) if case.said and not case.said.verdict.accepted), None)
    if start is None:
        return None
    marked = [(score.overall, case) for case, score in zip(cases[start:], scores[start:], strict=True) if score]
    if not marked:
        return None
    best, worst = max(marked, key=lambda pair: pair[0]), min(marked, key=lambda pair: pair[0])
    if best[0] - worst[0] < margin or best[1].attempt.prompt == worst[1].attempt.prompt:
        return None
    verdict = taught(cases[start])
    chosen, rejected = (verdict.model_copy(update={"refined_prompt": case.attempt.prompt}) for _, case in (best, worst))
    return _preference(pack, story, cases[start], chosen, rejected, first, 1.0)


def _preference(
    pack: Pack, story: Told, case: Case, chosen: Verdict, rejected: Verdict, first: FirstPrompt, weight: float
) -> PreferenceRow:
    current = case.attempt.prompt
    replies = verdict_reply(chosen, current), verdict_reply(rejected, current)
    return PreferenceRow(_origin(story, case, weight), asked(pack, case, first), pictures(case), *replies)


# ---------------------------------------------------------------- provenance


def _origin(story: Told, case: Case, weight: float) -> Origin:
    said, by_person = case.said, case.person is not None
    return Origin(
        **case.attempt.key.model_dump(),
        story=story.id,
        stem=story.stem,
        owner=hidden(story.owner),
        by=hidden_by(said.by) if said else "",
        source="person" if by_person else "critic",
        at=said.at.isoformat() if said else "",
        profile=story.trajectory.profile,
        planner=story.planned.by.partition(":")[2] if story.planned else "",
        painter=case.painter,
        critic=case.critic.by.partition(":")[2] if case.critic else "",
        weight=weight if by_person else 1.0,
    )


def hidden(name: str) -> str:
    """A person's name as a data set may carry it: the same for the same person, and not readable."""
    return hashlib.sha256(f"person {name}".encode()).hexdigest()[:12]


def hidden_by(by: str) -> str:
    """Who it was: a model by its name, a person by their hash."""
    kind, _, name = by.partition(":")
    return f"person:{hidden(name)}" if kind == "person" else by
