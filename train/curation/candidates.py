"""Names the rows that a story could give, with all that decides whether they are kept. Pure: builds a row only when asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from core.dialect import Pack
from core.ports import Score
from train.curation.filters import fingerprint, unfit, variance
from train.curation.settings import Curation
from train.rows import (
    FirstPrompt,
    PreferenceRow,
    Row,
    corrected_row,
    critic_prompt,
    critic_row,
    current_prompt,
    improving_row,
    planner_row,
    taught,
)
from train.told import Case, Chain, Told, normal

Folder = Literal["planner_sft", "critic_sft", "critic_rl", "preference"]
FOLDERS: tuple[Folder, ...] = ("planner_sft", "critic_sft", "critic_rl", "preference")

NO_PLAN = "no plan"
NOT_JUDGED = "not judged"
CONTRADICTED = "the score contradicts the verdict"

Marks = Callable[[Case], Score | None]


@dataclass(frozen=True)
class Candidate:
    """A row that could be. ``rows`` builds it for each folder that may have it; empty where ``dropped`` says why not.

    ``exact`` and ``near`` name its content, to the letter and by its words and pictures alone. ``step`` names the chain that
    it belongs to, ``number`` is its attempt's, ``spread`` the variance of the step's scores.
    """

    kind: Literal["planner", "critic", "preference"]
    dropped: str = ""
    rows: Mapping[Folder, Callable[[], Row]] = field(default_factory=dict)
    exact: int = 0
    near: int = 0
    changed: bool = False
    by_person: bool = False
    number: int = 0
    truth: bool | None = None
    step: int = 0
    spread: float | None = None


def candidates(story: Told, pack: Pack, score: Marks, settings: Curation) -> Iterator[Candidate]:
    """All rows that the story could give, the planner's first, in an order that never changes."""
    yield from _of_planner(story, pack, settings)
    for number, chain in enumerate(story.chains):
        yield from _of_chain(story, pack, chain, fingerprint(story.id, number), score, settings)


def _of_planner(story: Told, pack: Pack, settings: Curation) -> Iterator[Candidate]:
    steps = story.trajectory.steps
    if not steps:
        yield Candidate("planner", NO_PLAN)
        return
    most = min(len(story.shown), len(steps) - 1)
    dice = Random(fingerprint(settings.seed, "cuts", story.id))
    chosen = sorted(dice.sample(range(1, most + 1), min(settings.cuts, most)))
    for cut in [0] * settings.whole + chosen:
        try:
            row = planner_row(pack, story, cut, settings.person_weight)
        except ValueError as error:
            yield Candidate("planner", str(error))
            continue
        by_person = row.origin.source == "person"
        words = [part["text"] for message in row.prompt for part in message["content"] if part["type"] == "text"]
        exact = fingerprint("planner", words, row.images, row.completion)
        near = fingerprint("planner", normal(" ".join(words)), row.images, normal(row.completion))
        yield Candidate("planner", "", {"planner_sft": lambda row=row: row}, exact, near, by_person, by_person)


def _of_chain(story: Told, pack: Pack, chain: Chain, step: int, score: Marks, settings: Curation) -> Iterator[Candidate]:
    scores = [score(case) for case in chain.cases]
    marks = [found.overall if found else None for found in scores]
    why, spread = unfit(marks, settings), variance(marks)
    for case, found in zip(chain.cases, scores, strict=True):
        yield _of_case(story, pack, case, found, "" if case.person else why, step, spread, settings)
    first = _first(settings, step)
    if row := improving_row(pack, story, chain.cases, scores, settings.margin, first):
        yield _preferred(row, chain.cases[0].prompt, changed=False)
    for case in chain.cases:
        if row := corrected_row(pack, story, case, _first(settings, step), settings.person_weight):
            yield _preferred(row, case.prompt, changed=True)


def _of_case(
    story: Told, pack: Pack, case: Case, score: Score | None, why: str, step: int, spread: float | None, settings: Curation
) -> Candidate:
    truth = truth_of(case, score, settings)
    number, by_person = case.attempt.key.number, case.person is not None
    known = {"changed": case.changed, "by_person": by_person, "number": number, "truth": truth, "step": step, "spread": spread}
    if truth is None or why:
        return Candidate("critic", why or NOT_JUDGED, **known)
    first, weight = _first(settings, step), settings.person_weight
    rows: dict[Folder, Callable[[], Row]] = {}
    if case.said and case.said.verdict.accepted == truth:
        rows["critic_sft"] = lambda: critic_row(pack, story, case, first, weight)
    if not case.changed:  # in RL a person's words would be lost
        rows["critic_rl"] = lambda: critic_prompt(pack, story, case, truth, score, first, weight)
    current, attempt = current_prompt(case, first), case.attempt
    seen = (attempt.source and attempt.source.sha256, attempt.image.sha256)
    answer = taught(case) if case.said else None
    told = (answer.accepted, answer.thought, answer.refined_prompt) if answer else ()
    exact = fingerprint("critic", case.prompt, current, seen, told)
    near = fingerprint("critic", normal(case.prompt), normal(current), seen)
    return Candidate("critic", "", rows, exact, near, **known)


def truth_of(case: Case, score: Score | None, settings: Curation) -> bool | None:
    """Whether the attempt is a success: as a person says, else as its score or the critic does; None if nobody says."""
    if case.person:
        return case.person.verdict.accepted
    if settings.truth == "score" and score:
        return min(score.semantics, score.quality) >= settings.pass_score
    return case.critic.verdict.accepted if case.critic else None


def _preferred(row: PreferenceRow, prompt: str, changed: bool) -> Candidate:
    exact = fingerprint("preference", prompt, row.images, row.chosen, row.rejected)
    near = fingerprint("preference", normal(prompt), row.images, normal(row.chosen), normal(row.rejected))
    return Candidate("preference", "", {"preference": lambda: row}, exact, near, changed, changed, row.origin.number)


def _first(settings: Curation, step: int) -> FirstPrompt:
    if settings.first_prompt == "mixed":
        return "empty" if fingerprint(settings.seed, "first", step) % 2 else "filled"
    return settings.first_prompt
