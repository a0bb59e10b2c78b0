"""Scores attempts from 0 to 10 on two axes, by the exact checker or by any vision-language model. Never steers a story.

Semantics is the lesser of how far the edit was done and how well the rest was kept; quality the lesser of how natural the
picture is and how free of flaws (VIEScore's idea, METHOD: training; the questions are ours, ``assets/prompts/judge``). What
could not be scored has no score, and a reason: never a middle value.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.backends.openai import is_served
from core.backends.vlm import Reply, Respondent, read
from core.dialect import Message, Pack, critic_messages
from core.errors import AgentError, Cancelled, NotFound, ProfileError, ReplyError, StudioError, Unreachable
from core.pictures import PROGRAM
from core.ports import Judge, JudgeCase, Results, Score, Stream
from core.store import Store
from train.pocket.evaluate import scene_of
from train.pocket.intents import Intent, check
from train.pocket.reading import parse_prompt
from train.scores import ScoreLine, Scores
from train.told import Case, told

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.pocket.world import Scene
    from core.profiles import VlmModel

QUESTIONS = Path(__file__).parents[1] / "assets" / "prompts" / "judge"
POCKET_EXACT = "pocket-exact"
A_FAULT = 2.5  # marks: what one thing costs that changed and should not have; after four nothing is left of the picture
TOGETHER = 8  # cases in one call of a judge
KEY_ENV = "OPENAI_API_KEY"  # where programs of this protocol look for their key
REPLY_TOKENS = 512  # two sentences and an object take about 100; a model that was taught to think first takes more


# ---------------------------------------------------------------- the exact judge


class PocketExact:
    """Holds the scene program in a picture against the prompt. The renderer draws no flaws, so quality is always 10."""

    name = POCKET_EXACT

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        return [self._score(case) for case in cases]
        yield  # a stream that has nothing to show

    def _score(self, case: JudgeCase) -> Score | AgentError:
        before, after = None if case.before is None else _scene(case.before), _scene(case.after)
        if after is None or (case.before is not None and before is None):
            return AgentError("The picture has no scene program, so that it was not drawn by the pocket painter.")
        intent = parse_prompt(case.prompt, whole=before is None)
        if not (asked := _demands(intent)):
            return AgentError("The prompt asks for nothing that the pocket world knows.")
        return exact_score(intent, asked, before, after)


def exact_score(intent: Intent, asked: int, before: Scene | None, after: Scene) -> Score:
    """10 where the checker finds no fault; less for each thing that was asked for and is not so, and for each that changed."""
    findings = check(intent, before, after)
    unmet = sum(_demands_of(intent, found.subject) if found.attribute == "kind" else 1 for found in findings.unmet)
    done = 10 * max(0.0, 1 - unmet / asked)
    kept = max(0.0, 10 - A_FAULT * len(findings.collateral))
    return Score(semantics=round(min(done, kept), 2), quality=10.0)


def _scene(picture: Image) -> Scene | None:
    program = picture.info.get(PROGRAM)
    return scene_of(program) if isinstance(program, str) else None


def _demands(intent: Intent) -> int:
    """How many things a prompt asks for, each attribute of its own."""
    stage = sum(value is not None for value in (intent.place, intent.time, intent.weather))
    return stage + len(intent.gone) + sum(_demands_of(intent, wanted.kind) for wanted in intent.wanted)


def _demands_of(intent: Intent, kind: str) -> int:
    wanted = intent.find(kind)
    return 1 if wanted is None else 1 + sum(v is not None for v in (wanted.colour, wanted.size, wanted.count, wanted.slot))


# ---------------------------------------------------------------- a model as the judge


class Marks(BaseModel):
    """What a judge answers: one object of marks by their names."""

    model_config = ConfigDict(extra="ignore", strict=True)


MarksT = TypeVar("MarksT", bound=Marks)


class _EditMarks(Marks):
    edit_success: float = Field(ge=0, le=10)
    over_editing: float = Field(ge=0, le=10)


class _PictureMarks(Marks):
    naturalness: float = Field(ge=0, le=10)
    artefacts: float = Field(ge=0, le=10)


@dataclass(frozen=True)
class VlmJudge:
    """Asks a vision-language model two questions a case: about the edit (two pictures), and about the picture alone."""

    vlm: Respondent

    @property
    def name(self) -> str:
        return self.vlm.name

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        from PIL import Image as images

        blanks = [images.new("RGB", case.after.size, "white") if case.before is None else case.before for case in cases]
        edits = [[before, case.after] for before, case in zip(blanks, cases, strict=True)]
        seeds = [case.seed for case in cases]
        about_edits = yield from self.vlm.generate([question("edit", case.prompt) for case in cases], edits, seeds)
        alone = [[case.after] for case in cases]
        about_pictures = yield from self.vlm.generate([question("picture", case.prompt) for case in cases], alone, seeds)
        return [_scored(edit, picture) for edit, picture in zip(about_edits, about_pictures, strict=True)]


def question(name: str, prompt: str) -> list[Message]:
    """One of the judge's questions about what came of ``prompt``."""
    return critic_messages(_question_pack(name), prompt, prompt)


@lru_cache
def _question_pack(name: str) -> Pack:
    text = (QUESTIONS / f"{name}.md").read_text(encoding="utf-8").strip()
    return Pack(name=f"judge {name}", planner="", critic=text, painter="")


def _scored(edit: Reply | AgentError, picture: Reply | AgentError) -> Score | AgentError:
    semantics = read(edit, lambda reply: _least(reply.text, _EditMarks))
    quality = read(picture, lambda reply: _least(reply.text, _PictureMarks))
    for marks in (semantics, quality):
        if isinstance(marks, AgentError):
            return marks
    assert not isinstance(semantics, AgentError)
    assert not isinstance(quality, AgentError)
    return Score(semantics, quality)


def _least(reply: str, marks: type[Marks]) -> float:
    """The lesser of the two marks in the reply."""
    return float(min(marks_in(reply, marks).model_dump().values()))


def marks_in(reply: str, marks: type[MarksT]) -> MarksT:
    """The marks in the reply's last object. ``ReplyError`` if it has none, or none that are allowed."""
    objects = re.findall(r"\{[^{}]*\}", reply)
    if not objects:
        raise ReplyError("The judge's reply has no marks in it.")
    try:
        return marks.model_validate(json.loads(objects[-1]))
    except (ValidationError, ValueError) as error:
        raise ReplyError(f"The judge's marks cannot be read: {' '.join(objects[-1].split())[:200]}") from error


def judge_named(name: str) -> Judge:
    """The exact checker, the critic's model of a profile, or ``openai:URL#model``: one on a server. ``ProfileError``.

    The server's key, if there is one, is in the environment variable ``OPENAI_API_KEY``; a profile may name another.
    """
    return PocketExact() if name == POCKET_EXACT else VlmJudge(asked_named(name))


def asked_named(name: str) -> Respondent:
    """The model of a judge that is one, as :func:`judge_named` names it, to be asked other questions. ``ProfileError``."""
    from core.casting import build_vlm
    from core.profiles import load_profile

    model = _on_server(name) if is_served(name) else load_profile(name).critic
    return build_vlm(model.model_copy(update={"max_new_tokens": REPLY_TOKENS}))


def _on_server(name: str) -> VlmModel:
    from core.profiles import VlmModel

    try:
        return VlmModel(model=name, key_env=KEY_ENV if os.environ.get(KEY_ENV) else None)
    except ValidationError as error:
        why = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ProfileError(f"This is no judge: {why}.") from error


# ---------------------------------------------------------------- a whole data folder


@dataclass(frozen=True)
class Seen:
    """An attempt that was come to; ``new`` if it was scored just now, not in an earlier run."""

    line: ScoreLine
    new: bool


def score_all(store: Store, scores: Scores, judge: Judge, again: bool = False) -> Iterator[Seen]:
    """Scores every attempt that this judge has not scored yet; ``again``: also those where it failed before.

    May be closed at any point: what was yielded is kept, and the next run goes on from there.
    """
    waiting: dict[str, tuple[str, Case]] = {}
    repeated: list[str] = []  # what an attempt in waiting shows, too
    for story_id in store.ids():
        try:
            story = told(story_id, store.events(story_id))
        except NotFound:  # deleted
            continue
        for case in story.cases:
            known = scores.find(case.digest)
            if known and (known.score or not again):
                yield Seen(known, new=False)
                continue
            if case.digest in waiting:
                repeated.append(case.digest)
                continue
            waiting[case.digest] = (story_id, case)
            if len(waiting) == TOGETHER:
                yield from _score(store, scores, judge, waiting, repeated)
                waiting, repeated = {}, []
    yield from _score(store, scores, judge, waiting, repeated)


def _score(
    store: Store, scores: Scores, judge: Judge, waiting: dict[str, tuple[str, Case]], repeated: list[str]
) -> Iterator[Seen]:
    """Asks about these, and keeps what comes before it is shown."""
    loaded: list[JudgeCase] = []
    lines: list[ScoreLine] = []
    asked: list[tuple[str, Case]] = []
    for story_id, case in waiting.values():
        try:
            loaded.append(_loaded(store, case))
        except StudioError as error:  # its picture is gone or damaged
            lines.append(_line(judge, story_id, case, AgentError(str(error))))
        else:
            asked.append((story_id, case))
    results = _ask(judge, loaded) if loaded else []
    lines += [_line(judge, story_id, case, made) for (story_id, case), made in zip(asked, results, strict=True)]
    scores.add(lines)
    yield from (Seen(line, new=True) for line in lines)
    yield from (Seen(line, new=False) for digest in repeated if (line := scores.find(digest)))


def _loaded(store: Store, case: Case) -> JudgeCase:
    attempt = case.attempt
    before = store.images.load(attempt.source) if attempt.source else None
    return JudgeCase(before, store.images.load(attempt.image), case.prompt, attempt.prompt, attempt.seed)


def _ask(judge: Judge, cases: list[JudgeCase]) -> Results[Score]:
    call = judge.score(cases)
    try:
        while True:
            next(call)
    except StopIteration as finished:
        results: Results[Score] = finished.value
        return results
    except (Cancelled, Unreachable):  # nothing is known of these attempts, and nothing would be of those after them
        raise
    except AgentError as error:  # the whole call failed
        return [error] * len(cases)


def _line(judge: Judge, story_id: str, case: Case, made: Score | AgentError) -> ScoreLine:
    marks = {"why": str(made)} if isinstance(made, AgentError) else {"semantics": made.semantics, "quality": made.quality}
    return ScoreLine(case=case.digest, judge=judge.name, story=story_id, attempt=case.attempt.key, **marks)
