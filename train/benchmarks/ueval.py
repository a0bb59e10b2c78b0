"""UEval: questions whose answer needs both text and pictures, each with its own rubrics (arXiv 2601.22155).

Rows: ``{id, prompt, task, text_rubrics, image_rubrics}``; a rubric is a text, or ``{criterion}``. Official files:
``answers.json``, ``[{id, text_answer, image_answer: [paths]}]``, whose paths are relative to its folder: run the repository's
``ueval_eval.py`` there. The answer is all words of the story, its steps numbered a line each, and **all** its pictures.

The rule is github.com/zlab-princeton/UEval's (``ueval_eval.py``): each rubric is asked for by itself and is met or not ("not
sure" is not). A question's text rate and picture rate are shares of its rubrics. Art, life, tech and exercise are **open**: their
judge of pictures sees the text of the answer, too; space, textbook, diagram and paper are **closed**: theirs does not. Both
ways of making one number are given: ``item-pooled``, the mean of both rates' means over all questions (METHOD: the method's own
rows), and ``mean of tasks``, the same within each of the eight tasks, and then over tasks (METHOD: the baselines' rows). That the
leaderboard's tasks are made like this is not said in the repository; its README has only the overall mean of both rates.

``main`` is a question's mean of both rates. One that a story says nothing to meets none of its rubrics. If one rubric could
not be judged, the question's rate is not known. Judge prompts are our own; the official judge is Gemini 2.5 Pro.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.images import ImageStore
from core.types import MAX_TEXT
from train.benchmarks.answers import Answer
from train.benchmarks.asked import asked
from train.benchmarks.field import Scored, keep, mean_mark
from train.benchmarks.figures import joined, mean_of, weighted
from train.benchmarks.outcomes import Line
from train.benchmarks.questions import Question
from train.benchmarks.rows import Row, Source, checked, evenly, unique
from train.benchmarks.runner import Figure
from train.collect import Prompt
from train.judging import Marks

OPEN = ("art", "life", "tech", "exercise")
CLOSED = ("space", "textbook", "diagram", "paper")
SIDES = ("text", "pictures")


def _criteria(said: Any) -> Any:
    """Rubrics come as texts, or as objects with the text and more."""
    if not isinstance(said, list | tuple):
        return said
    return tuple(each.get("criterion") if isinstance(each, dict) else each for each in said)


Rubrics = Annotated[tuple[str, ...], BeforeValidator(_criteria)]


class UevalRow(Row):
    """One question and its rubrics."""

    id: Annotated[str, BeforeValidator(lambda said: str(said) if isinstance(said, int) else said)]
    prompt: str = Field(min_length=1, max_length=MAX_TEXT)
    task: Literal["art", "life", "tech", "exercise", "space", "textbook", "diagram", "paper"]
    text_rubrics: Rubrics = ()
    image_rubrics: Rubrics = ()

    @property
    def rubrics(self) -> dict[str, tuple[str, ...]]:
        """Of the sides that have any."""
        return {side: own for side, own in zip(SIDES, (self.text_rubrics, self.image_rubrics), strict=True) if own}


class _Met(Marks):
    criteria_met: bool | Literal["not sure"]


@dataclass(frozen=True)
class Ueval:
    """The questions, in an order that takes one of each task in turn."""

    rows: Mapping[str, UevalRow]
    source: Source
    name: str = "ueval"

    @classmethod
    def of(cls, source: Source) -> Ueval:
        """Raises ``RunError`` if a row is none."""
        found = checked(source, UevalRow)
        unique(found, [row.id for _, row in found])
        order = evenly([row.task for _, row in found])
        return cls({found[place][1].id: found[place][1] for place in order}, source)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"data": self.source.digest}

    @property
    def inputs(self) -> Sequence[Path]:
        return self.source.files

    def prompts(self) -> Sequence[Prompt]:
        return [asked(number, row.id, row.prompt) for number, row in enumerate(self.rows.values(), start=1)]

    def group(self, name: str) -> str:
        return self.rows[name].task

    def calls(self, name: str) -> int:
        return sum(map(len, self.rows[name].rubrics.values()))

    def write(self, answers: Sequence[Answer], folder: Path, pictures: ImageStore) -> None:
        rows: list[dict[str, Any]] = []
        for answer in answers:
            names = [f"images/{answer.id}_{number}.png" for number in range(1, len(answer.pictures) + 1)]
            for name, ref in zip(names, answer.pictures, strict=True):
                keep(pictures, ref, folder / name)
            rows.append({"id": answer.id, "text_answer": answer.text, "image_answer": names})
        (folder / "answers.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def questions(self, answer: Answer, pictures: ImageStore) -> Sequence[Question]:
        row = self.rows[answer.id]
        pictured = "ueval_pictures_open" if row.task in OPEN else "ueval_pictures_closed"
        made: list[Question] = []
        for side, rubrics in row.rubrics.items():
            if not (answer.text if side == "text" else answer.pictures):
                continue
            template = "ueval_text" if side == "text" else pictured
            shown = {} if side == "text" else {"answer": tuple(("", ref) for ref in answer.pictures)}
            for number, rubric in enumerate(rubrics, start=1):
                words = {"question": row.prompt, "text": answer.text, "rubric": rubric}
                made.append(Question(answer.id, f"{side} {number}", template, words, shown, _Met))
        return made

    def scored(self, answer: Answer, said: Mapping[str, Mapping[str, Any] | None]) -> Scored:
        sides = self.rows[answer.id].rubrics.items()
        rates = {side: _rate([said.get(f"{side} {n}", {}) for n in range(1, len(own) + 1)]) for side, own in sides}
        known = [rate for rate in rates.values() if rate is not None]
        return Scored(rates, fmean(known) if known and len(known) == len(rates) else None)

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        tasks: dict[str, list[Line]] = {}
        for line in lines:
            tasks.setdefault(line["group"], []).append(line)
        kinds = {"open tasks": _of(lines, OPEN), "closed tasks": _of(lines, CLOSED)}
        return {
            "item-pooled": joined(_pooled, lines),
            "mean of tasks": weighted([(1 / len(tasks), [line["main"] for line in own]) for own in tasks.values()]),
            "text rubrics met": mean_mark(lines, "text"),
            "picture rubrics met": mean_mark(lines, "pictures"),
            **{name: mean_of(own) for name, own in kinds.items() if own},
        }


def _rate(said: Sequence[Mapping[str, Any] | None]) -> float | None:
    """The share of rubrics that are met; an empty mapping was not asked for, as there was nothing to look at."""
    if any(each is None for each in said):
        return None
    return fmean((each or {}).get("criteria_met") is True for each in said)


def _pooled(lines: Sequence[Line]) -> float:
    """The mean over the sides of their means over questions."""
    sides = [[line["marks"][side] for line in lines if line["marks"].get(side) is not None] for side in SIDES]
    means = [fmean(own) for own in sides if own]
    return fmean(means) if means else 0.0


def _of(lines: Sequence[Line], tasks: Sequence[str]) -> list[float]:
    return [line["main"] for line in lines if line["group"] in tasks]
