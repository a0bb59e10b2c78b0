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
from train.reviewed import Compared, Vote
from train.rows import (
    DISAGREE,
    FirstPrompt,
    PreferenceRow,
    Row,
    compared_row,
    corrected_row,
    critic_prompt,
    critic_row,
    current_prompt,
    improvement,
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
NOT_REVIEWED = "no person decided it"
LOW_PLAN = "annotators rate the plan low"
PEOPLE_PREFER = "annotators prefer the other attempt"

Marks = Callable[[Case], Score | None]


@dataclass(frozen=True)
class Candidate:
    """A row that could be. ``rows`` builds it for each folder that may have it; empty where ``dropped`` says why not.

    ``exact`` and ``near`` name its content, to the letter and by its words and pictures alone. ``changed`` says that the row
    would be another one, or not there, without people. ``step`` names the chain that it belongs to, ``number`` is its
    attempt's, ``spread`` the variance of the step's scores.
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
    by_annotators: bool = False  # people too

    @property
    def rank(self) -> int:
        """Whose word it is: the higher one outranks the other on the same case."""
        return self.by_person + self.by_annotators


def candidates(story: Told, pack: Pack, score: Marks, settings: Curation) -> Iterator[Candidate]:
    """All rows that the story could give, the planner's first, in an order that never changes."""
    yield from _of_planner(story, pack, settings)
    for number, chain in enumerate(story.chains):
        yield from _of_chain(story, pack, chain, fingerprint(story.id, number), score, settings)


def _of_planner(story: Told, pack: Pack, settings: Curation) -> Iterator[Candidate]:
    steps, said, by = story.plan, story.plan_said, story.plan_of
    if not steps:
        yield Candidate("planner", NO_PLAN)
        return
    most = min(len(story.shown), len(steps) - 1)
    dice = Random(fingerprint(settings.seed, "cuts", story.id))
    chosen = sorted(dice.sample(range(1, most + 1), min(settings.cuts, most)))
    low = said is not None and said.steps is None and by == "annotators" and said.rating < settings.plan_rating
    why = LOW_PLAN if low else NOT_REVIEWED if settings.reviewed_only and by == "planner" else ""
    weight = _weight(settings, said.vote if said and by == "annotators" else None)
    known = {"by_person": by != "planner", "by_annotators": by == "annotators"}
    changed = by == "creator" or (said is not None and said.steps is not None)
    for cut in [0] * settings.whole + chosen:
        try:
            row = planner_row(pack, story, cut, weight, settings.names)
        except ValueError as error:
            yield Candidate("planner", why or str(error))
            continue
        if why:
            yield Candidate("planner", why)
            continue
        words = [part["text"] for message in row.prompt for part in message["content"] if part["type"] == "text"]
        exact = fingerprint("planner", words, row.images, row.completion)
        near = fingerprint("planner", normal(" ".join(words)), row.images, normal(row.completion))
        yield Candidate("planner", "", {"planner_sft": lambda row=row: row}, exact, near, changed, **known)


def _of_chain(story: Told, pack: Pack, chain: Chain, step: int, score: Marks, settings: Curation) -> Iterator[Candidate]:
    scores = [score(case) for case in chain.cases]
    marks = [found.overall if found else None for found in scores]
    why, spread = unfit(marks, settings), variance(marks)
    for case, found in zip(chain.cases, scores, strict=True):
        yield _of_case(story, pack, case, found, "" if case.person else why, step, spread, settings)
    yield from _compared(story, pack, chain, step, settings)
    if row := improving_row(pack, story, chain.cases, scores, settings.margin, _first(settings, step), settings.names):
        why = _unimproved(story, chain, scores, settings)
        yield Candidate("preference", why) if why else _preferred(row, chain.cases[0].prompt, changed=False)
    for case in chain.cases:
        weight = _weight(settings, case.person and case.person.vote)
        if row := corrected_row(pack, story, case, _first(settings, step), weight, settings.names):
            kept = _preferred(row, case.prompt, changed=True, by_annotators=case.annotators is not None)
            yield Candidate("preference", DISAGREE) if _is_disputed(case, settings) else kept


def _compared(story: Told, pack: Pack, chain: Chain, step: int, settings: Curation) -> Iterator[Candidate]:
    """What annotators said of two attempts at this step."""
    for each in _pairs_in(story, chain):
        weight = _weight(settings, each.vote)
        try:
            row = compared_row(pack, story, chain.cases, each, _first(settings, step), weight, settings.names)
        except ValueError as error:
            yield Candidate("preference", str(error))
            continue
        asked_of = next(case for case in chain.cases if case.attempt.key.number == row.origin.number)
        disputed = _is_disputed(asked_of, settings)
        kept = _preferred(row, chain.cases[0].prompt, changed=True, by_annotators=True)
        yield Candidate("preference", DISAGREE) if disputed else kept


def _unimproved(story: Told, chain: Chain, scores: list[Score | None], settings: Curation) -> str:
    """Why what scores alone say of two attempts is not learnt from; empty if it is."""
    found = improvement(chain.cases, scores, settings.margin)
    assert found is not None
    asked_of, best, worst = found
    if _is_disputed(asked_of, settings):
        return DISAGREE
    if settings.reviewed_only:
        return NOT_REVIEWED
    prompts = {case.attempt.key: case.attempt.prompt for case in chain.cases}
    ranked = [tuple(prompts[key] for key in each.ranked) for each in _pairs_in(story, chain) if each.ranked]
    return PEOPLE_PREFER if (worst.attempt.prompt, best.attempt.prompt) in ranked else ""


def _pairs_in(story: Told, chain: Chain) -> list[Compared]:
    keys = {case.attempt.key for case in chain.cases}
    return [each for each in story.compared if {each.first, each.second} <= keys]


def _of_case(
    story: Told, pack: Pack, case: Case, score: Score | None, why: str, step: int, spread: float | None, settings: Curation
) -> Candidate:
    truth = truth_of(case, score, settings)
    known = {"changed": case.changed, "number": case.attempt.key.number, "truth": truth, "step": step, "spread": spread}
    known |= {"by_person": case.person is not None, "by_annotators": case.annotators is not None}
    why = DISAGREE if _is_disputed(case, settings) else why or (NOT_JUDGED if truth is None else "")
    if settings.reviewed_only and case.person is None:
        why = why or NOT_REVIEWED
    if truth is None or why:
        return Candidate("critic", why, **known)
    first, weight, names = _first(settings, step), _weight(settings, case.person and case.person.vote), settings.names
    rows: dict[Folder, Callable[[], Row]] = {}
    if case.said and case.said.verdict.accepted == truth:
        rows["critic_sft"] = lambda: critic_row(pack, story, case, first, weight, names)
    if not (case.changed and _has_words(case)):  # in RL they would be lost; a verdict alone is the truth there
        rows["critic_rl"] = lambda: critic_prompt(pack, story, case, truth, score, first, weight, names)
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


def _has_words(case: Case) -> bool:
    """Whether people said more than a verdict."""
    return case.person is not None and bool(case.person.verdict.refined_prompt or case.person.verdict.thought)


def _is_disputed(case: Case, settings: Curation) -> bool:
    return case.disputed and settings.ties == "drop"


def _weight(settings: Curation, vote: Vote | None) -> float:
    """Of a row that people decided, annotators by this vote."""
    return settings.person_weight * (vote.share if vote and settings.agreement_weight else 1.0)


def _preferred(row: PreferenceRow, prompt: str, changed: bool, by_annotators: bool = False) -> Candidate:
    exact = fingerprint("preference", prompt, row.images, row.chosen, row.rejected)
    near = fingerprint("preference", normal(prompt), row.images, normal(row.chosen), normal(row.rejected))
    known = {"changed": changed, "by_person": changed, "number": row.origin.number, "by_annotators": by_annotators}
    return Candidate("preference", "", {"preference": lambda: row}, exact, near, **known)


def _first(settings: Curation, step: int) -> FirstPrompt:
    if settings.first_prompt == "mixed":
        return "empty" if fingerprint(settings.seed, "first", step) % 2 else "filled"
    return settings.first_prompt
