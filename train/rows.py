"""Shapes training rows out of stories: what a planner or a critic is asked, and what it should have said. Pure.

Prompts and replies are the dialect's, so that what is learnt is what inference asks and reads. Rows name pictures by their
content, never by a path; whoever writes them fetches the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.dialect import Message, Pack, critic_messages, plan_reply, planner_messages, shows_references, verdict_reply
from core.ports import Score
from core.types import MAX_GIVEN, MAX_STEPS, ImageRef, Plan, Step, Verdict
from train.origins import Names, Origin, case_origin, compared_origin, plan_origin
from train.reviewed import Compared
from train.told import Case, Told, words_of

#: What the critic is told was drawn with on the first attempt: nothing, as the released critics were trained; or the step's
#: prompt, as inference tells it (METHOD, fault 5).
FirstPrompt = Literal["empty", "filled"]
DISAGREE, NEITHER = "annotators disagree", "annotators find neither attempt better"
BEGINS_OTHERWISE = "annotators' plan begins otherwise than the story"


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


def planner_row(pack: Pack, story: Told, cut: int, weight: float = 1.0, names: Names = "hash") -> PlannerRow:
    """The row that shows the first ``cut`` steps, which must be done, and asks for the others of the plan that counts.

    ``ValueError`` says why there is none: nothing would be left to plan, more would be shown than a request can hold, or
    annotators would have begun otherwise than what would be shown.
    """
    request, steps = story.request, [words_of(step) for step in story.plan]
    if not 0 <= cut < len(steps) or cut > len(story.shown):
        raise ValueError(f"the plan of {len(steps)} steps, {len(story.shown)} of them done, cannot be cut at {cut}")
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a plan of more than {MAX_STEPS} steps")
    if steps[:cut] != [words_of(step) for step, _ in story.shown[:cut]]:
        raise ValueError(BEGINS_OTHERWISE)
    if len(request.given) + cut > MAX_GIVEN:
        raise ValueError(f"{len(request.given) + cut} pieces would be shown; at most {MAX_GIVEN} are")
    before, shown = [(piece.text, piece.image) for piece in request.given], story.shown[:cut]
    given = before + [(_caption_of(step), image) for step, image in shown]
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
    completion = plan_reply(Plan(steps=tuple(steps[cut:]), thought=story.trajectory.thought), first=len(given) + 1)
    return PlannerRow(plan_origin(story, cut, weight, names), prompt, images, completion)


def _caption_of(step: Step) -> str:
    """What stands under a step's picture when a person shows it: its caption, else what it is about."""
    return step.caption or step.instruction or step.title


# ---------------------------------------------------------------- critic


def critic_row(
    pack: Pack, story: Told, case: Case, first: FirstPrompt = "filled", weight: float = 1.0, names: Names = "hash"
) -> CriticRow:
    """The row that teaches the verdict which counts. ``ValueError`` if nobody judged the attempt."""
    verdict = taught(case)
    completion = verdict_reply(verdict, case.attempt.prompt)
    return CriticRow(case_origin(story, case, weight, names), asked(pack, case, first), pictures(case), completion)


def critic_prompt(
    pack: Pack,
    story: Told,
    case: Case,
    truth: bool,
    score: Score | None,
    first: FirstPrompt = "filled",
    weight: float = 1.0,
    names: Names = "hash",
) -> CriticPrompt:
    """The row that lets the critic answer freely; ``truth`` is whether the attempt is a success."""
    return CriticPrompt(
        case_origin(story, case, weight, names),
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
    pack: Pack, story: Told, case: Case, first: FirstPrompt = "filled", weight: float = 1.0, names: Names = "hash"
) -> PreferenceRow | None:
    """Person over critic: what the person says against what the critic said; None where they say the same."""
    if case.person is None or case.critic is None or not case.changed:
        return None
    return _preference(pack, case, (taught(case), case.critic.verdict), first, case_origin(story, case, weight, names))


def improving_row(
    pack: Pack,
    story: Told,
    cases: Sequence[Case],
    scores: Sequence[Score | None],
    margin: float,
    first: FirstPrompt = "filled",
    names: Names = "hash",
) -> PreferenceRow | None:
    """Better over worse attempt: of two prompts that a step was drawn with, the one that gave the better picture.

    Every attempt is drawn on the same source, so after the first refused one each of the prompts could have come next. The two
    replies share the critic's thought, and differ in the prompt alone. None if no two scores differ by ``margin``.
    """
    found = improvement(cases, scores, margin)
    if found is None:
        return None
    asked_of, best, worst = found
    return _preference(pack, asked_of, _going_on(asked_of, best, worst), first, case_origin(story, asked_of, 1.0, names))


def improvement(cases: Sequence[Case], scores: Sequence[Score | None], margin: float) -> tuple[Case, Case, Case] | None:
    """The first refused attempt, and the best and the worst that could have come next, by their scores."""
    start = _first_refused(cases)
    if start is None:
        return None
    marked = [(score.overall, case) for case, score in zip(cases[start:], scores[start:], strict=True) if score]
    if not marked:
        return None
    best, worst = max(marked, key=lambda pair: pair[0]), min(marked, key=lambda pair: pair[0])
    if best[0] - worst[0] < margin or best[1].attempt.prompt == worst[1].attempt.prompt:
        return None
    return cases[start], best[1], worst[1]


def compared_row(
    pack: Pack,
    story: Told,
    cases: Sequence[Case],
    compared: Compared,
    first: FirstPrompt = "filled",
    weight: float = 1.0,
    names: Names = "hash",
) -> PreferenceRow:
    """Better over worse attempt, as annotators say, in the form of :func:`improving_row`; ``cases`` are both attempts' chain.

    ``ValueError`` says why it gives no row.
    """
    keys = [case.attempt.key for case in cases]
    one, other = keys.index(compared.first), keys.index(compared.second)
    start = _first_refused(cases[: min(one, other) + 1])
    if compared.ranked is None:
        raise ValueError(DISAGREE if compared.better is None else NEITHER)
    if cases[one].attempt.prompt == cases[other].attempt.prompt:
        raise ValueError("one prompt drew both attempts")
    if start is None:
        raise ValueError("no attempt was refused before these")
    better, worse = (cases[keys.index(key)] for key in compared.ranked)
    origin = compared_origin(story, cases[start], compared, weight, names)
    return _preference(pack, cases[start], _going_on(cases[start], better, worse), first, origin)


def _first_refused(cases: Sequence[Case]) -> int | None:
    return next((n for n, case in enumerate(cases) if case.said and not case.said.verdict.accepted), None)


def _going_on(case: Case, better: Case, worse: Case) -> tuple[Verdict, Verdict]:
    """The verdict on an attempt, going on with the prompt of either."""
    verdict = taught(case)
    chosen, rejected = (verdict.model_copy(update={"refined_prompt": each.attempt.prompt}) for each in (better, worse))
    return chosen, rejected


def _preference(
    pack: Pack, case: Case, chosen_rejected: tuple[Verdict, Verdict], first: FirstPrompt, origin: Origin
) -> PreferenceRow:
    chosen, rejected = (verdict_reply(verdict, case.attempt.prompt) for verdict in chosen_rejected)
    return PreferenceRow(origin, asked(pack, case, first), pictures(case), chosen, rejected)
