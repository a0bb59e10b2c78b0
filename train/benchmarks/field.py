"""The field's benchmarks in a run: official files, our judge's questions, marks and figures. The rules are each benchmark's.

A line of ``outcomes.jsonl`` has ``marks`` by their names, and ``main``, the benchmark's own number. A request that the
models could not answer has the least of all marks; where it cannot be known what they would have answered, or what the
judge would have said, the marks are null, and ``why`` says so.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.agreement import Share
from core.images import ImageStore
from core.store import Store
from train.benchmarks.answers import Answer, answer_of
from train.benchmarks.cost import counting
from train.benchmarks.figures import ratio_of
from train.benchmarks.outcomes import Line
from train.benchmarks.questions import Ledger, Marked, Question, ask
from train.benchmarks.runner import Figure, Telling
from train.collect import Prompt
from train.judging import VlmJudge, asked_named

OFFICIAL = "official"  # the folder of a run that the benchmark's own scripts read
NONE = "none"  # no judge: pictures and official files only
UNSCORED = "The run has no judge."


@dataclass(frozen=True)
class Scored:
    """What an answer earned. ``marks`` has only those that apply to it; ``main`` is from 0 to 1."""

    marks: Mapping[str, float | None]
    main: float | None


class Rules(Protocol):
    """One of the field's benchmarks, read and checked."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What makes it another run, besides the run's own settings."""

    @property
    def inputs(self) -> Sequence[Path]: ...

    def prompts(self) -> Sequence[Prompt]: ...

    def group(self, name: str) -> str:
        """The category or task of a request."""

    def calls(self, name: str) -> int:
        """How many questions the judge is asked about a request at most."""

    def write(self, answers: Sequence[Answer], folder: Path, pictures: ImageStore) -> None:
        """The files that the benchmark's own scripts read."""

    def questions(self, answer: Answer, pictures: ImageStore) -> Sequence[Question]:
        """What the judge is asked about an answer; nothing where there is nothing to look at."""

    def scored(self, answer: Answer, said: Mapping[str, Mapping[str, Any] | None]) -> Scored:
        """By the judge's marks of each question; None where it could not be marked. Without a question: the least marks."""

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        """Of the lines that have a number."""


@dataclass(frozen=True)
class Judged:
    """A benchmark of the field with a judge: a profile's critic, one on a server (``openai:URL#model``), or ``none``."""

    rules: Rules
    judge: str = NONE

    @property
    def name(self) -> str:
        return self.rules.name

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"benchmark": self.name, **self.rules.settings}

    @property
    def inputs(self) -> Sequence[Path]:
        return self.rules.inputs

    def prompts(self) -> Sequence[Prompt]:
        return self.rules.prompts()

    def calls(self, name: str) -> int:
        return 0 if self.judge == NONE else self.rules.calls(name)

    def lines(self, tellings: Iterable[Telling], store: Store, out: Path) -> Generator[int, None, list[Line]]:
        answers = [answer_of(telling) for telling in tellings]
        (out / OFFICIAL).mkdir(exist_ok=True)
        self.rules.write(answers, out / OFFICIAL, store.images)
        if self.judge == NONE:
            return [_line(self.rules, answer, Scored({}, None), UNSCORED) for answer in answers]
        questions = {each.id: self.rules.questions(each, store.images) for each in answers if not each.unknown}
        said = yield from self._asked([one for own in questions.values() for one in own], store, out, len(answers))
        return [self._scored(answer, questions.get(answer.id, ()), said) for answer in answers]

    def _asked(
        self, questions: Sequence[Question], store: Store, out: Path, answers: int
    ) -> Generator[int, None, dict[tuple[str, str], Marked]]:
        """Yields how many of ``answers`` are about marked."""
        if not questions:
            return {}
        gc.collect()  # the memory of the models that told is free before the judge needs it
        judge = counting(VlmJudge(asked_named(self.judge)), "judge", out).vlm
        asking = ask(questions, Ledger.of(out), judge, store.images.load)
        while True:
            try:
                done = next(asking)
            except StopIteration as finished:
                said: dict[tuple[str, str], Marked] = finished.value
                return said
            yield answers * done // len(questions)

    def _scored(self, answer: Answer, questions: Sequence[Question], said: Mapping[tuple[str, str], Marked]) -> Line:
        if answer.unknown:
            return _line(self.rules, answer, Scored({}, None), answer.unknown)
        own = {question.about: said[question.request, question.about] for question in questions}
        scored = self.rules.scored(answer, {about: each.marks for about, each in own.items()})
        why = next((each.why for each in own.values() if each.marks is None), "")
        return _line(self.rules, answer, scored, why)

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        known = [line for line in lines if line["main"] is not None]
        made = self.rules.figures(known) if known else {}
        return {
            **made,
            "scored": Share(len(known), len(lines)),
            "a plan": Share(sum(line["planned"] for line in lines), len(lines)),
            "drawings a story": ratio_of([(line["drawn"], 1.0) for line in lines]),
            "verdicts a story": ratio_of([(line["judged"], 1.0) for line in lines]),
            "seconds a story": ratio_of([(sum(line["seconds"].values()), 1.0) for line in lines]),
        }


def _line(rules: Rules, answer: Answer, scored: Scored, why: str) -> Line:
    cost = answer.telling.cost
    return {
        "id": answer.id,
        "group": rules.group(answer.id),
        "story": answer.telling.story,
        "main": scored.main,
        "marks": dict(scored.marks),
        "why": why,
        "planned": bool(answer.story.trajectory.steps),
        "pictures": len(answer.pictures),
        "drawn": cost.painter,
        "judged": cost.critic,
        "seconds": cost.json()["seconds"],
    }


def keep(pictures: ImageStore, ref: Any, path: Path) -> None:
    """Copies a kept picture, unless the same one is there: a link would let another program change the store."""
    data = pictures.read(ref)
    if not (path.is_file() and path.read_bytes() == data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def mean_mark(lines: Sequence[Line], name: str, scale: float = 1.0) -> Figure:
    """The mean of a mark over the lines that it applies to."""
    return ratio_of([(line["marks"][name] / scale, 1.0) for line in lines if line["marks"].get(name) is not None])
