"""CoMM, tasks 3 and 4: picture-text documents, continued from their first half or made from a title (arXiv 2406.10462).

Rows: ``{data_id, title, step_info}``; a step is a list of ``{type: "text", content}`` and ``{type: "image", image_path}``. The
release keeps them pickled (``test_data.pth``), which is never opened here: write them as JSON once, by ``torch.load`` and
``json.dump``, where you trust the file. Pictures are looked for in the folder that ``--images`` names.

Requests are the official ones (github.com/HKUST-LongGroup/CoMM, ``models/SEED/scripts/eval_CoMM.py``): task 4 asks for
instructions with pictures about the title; task 3 gives the first half of the steps, rounded down, and asks for the rest. As
there, documents without pictures are left out, and so are those of task 3 whose first half has ten pictures or more
(``eval_metric.py``); so is what no request has room for. Official files, one folder a request, ``<data_id>_task<n>/``:
``results.json``, ``predict_<k>.png`` and ``origin/``.

Six scores from 0 to 10 (``tot_metric/gpt4o_eval.py``): consistency of style, of entities and of the trend, completeness, picture
quality, and how well each picture shows what the text beside it calls for. That one, the paper's illustration relevance score, is
asked for officially in two calls, the first of which imagines the pictures by the text alone; **ours is one question**, and so
is not the official figure, nor are the others', whose prompts are our own too. As there, the judge sees at most ten pictures,
and the official overall consistency is not one of the six. Whether the paper's tables name just these six could not be looked
up; the official code computes them. A missing answer has 0 of each; ``main`` is a tenth of their mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from pydantic import Field

from core.images import ImageStore
from core.types import MAX_GIVEN, MAX_TEXT, ImageRef
from train.benchmarks.answers import Answer
from train.benchmarks.asked import Piece, asked
from train.benchmarks.field import Scored, keep, mean_mark
from train.benchmarks.figures import mean_of
from train.benchmarks.outcomes import Line
from train.benchmarks.questions import Question, Shown
from train.benchmarks.rows import Found, Row, Source, checked, picture, unique
from train.benchmarks.runner import Figure
from train.collect import Prompt
from train.judging import Marks

Task = Literal[3, 4]
MOST_PICTURES = 10  # of one document, that the official judge sees
MOST = 10.0  # marks of each score
MARK = "<IMAGE>"  # where a picture is, in the official texts


class _Content(Row):
    type: Literal["text", "image"]
    content: str = ""
    image_path: str = ""


class CommRow(Row):
    """One document."""

    data_id: str
    title: str = Field(min_length=1, max_length=MAX_TEXT // 2)
    step_info: tuple[tuple[_Content, ...], ...] = Field(min_length=1)

    def steps(self, task: Task) -> tuple[tuple[_Content, ...], ...]:
        """Those that are given."""
        return self.step_info[: len(self.step_info) // 2] if task == 3 else ()

    def usable(self, task: Task) -> bool:
        given = self.steps(task)
        if task == 3 and (not given or sum(map(_count, given)) >= MOST_PICTURES):
            return False
        pieces = list(_pieces(given))
        if len(pieces) > MAX_GIVEN or any(len(text) > MAX_TEXT for text, _ in pieces):
            return False
        return any(map(_count, self.step_info))


class _Whole(Marks):
    style_consistency: float = Field(ge=0, le=10)
    entity_consistency: float = Field(ge=0, le=10)
    trend_consistency: float = Field(ge=0, le=10)
    completeness: float = Field(ge=0, le=10)
    image_quality: float = Field(ge=0, le=10)


class _Relevance(Marks):
    illustration_relevance: float = Field(ge=0, le=10)


SCORES = (*_Whole.model_fields, *_Relevance.model_fields)


@dataclass(frozen=True)
class Comm:
    """The documents of one task, in their order. ``left_out`` counts those that the task can't be asked about."""

    rows: Mapping[str, tuple[Found, CommRow]]
    task: Task
    source: Source
    left_out: int = 0
    name: str = field(default="comm")

    @classmethod
    def of(cls, source: Source, task: Task) -> Comm:
        """Raises ``RunError`` if a row is none."""
        found = checked(source, CommRow)
        unique(found, [row.data_id for _, row in found])
        rows = {row.data_id: (where, row) for where, row in found if row.usable(task)}
        return cls(rows, task, source, len(found) - len(rows))

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"data": self.source.digest, "task": self.task}

    @property
    def inputs(self) -> Sequence[Path]:
        return self.source.files

    def prompts(self) -> Sequence[Prompt]:
        rows = enumerate(self.rows.items(), start=1)
        return [asked(number, name, self._text(row), given=self._given(name)) for number, (name, (_, row)) in rows]

    def _text(self, row: CommRow) -> str:
        if self.task == 4:
            return f"Can you generate step-by-step instructions with images about {row.title}?"
        rest = "According to the above steps, can you generate the rest steps?"
        return f"Here are step-by-step instructions with images about {row.title}. {rest}"

    def _given(self, name: str) -> tuple[Piece, ...]:
        where, row = self.rows[name]
        pieces = _pieces(row.steps(self.task))
        return tuple((text, picture(self.source, where, path) if path else None) for text, path in pieces)

    def group(self, name: str) -> str:
        return f"task {self.task}"

    def calls(self, name: str) -> int:
        return 2

    def write(self, answers: Sequence[Answer], folder: Path, pictures: ImageStore) -> None:
        for answer in answers:
            row = self.rows[answer.id][1]
            own = folder / f"{answer.id}_task{self.task}"
            given = answer.story.request.pictures
            before = [f"input_{number}.png" for number in range(1, len(given) + 1)]
            names = [f"predict_{number}.png" for number in range(len(given) + 1, len(given) + len(answer.pictures) + 1)]
            for name, ref in zip(before, given, strict=True):
                keep(pictures, ref, own / "origin" / name)
            for name, ref in zip(names, answer.pictures, strict=True):
                keep(pictures, ref, own / name)
            results = {
                "model_input": _official_input(self._text(row), row.steps(self.task)),
                "model_output": _official_output(answer, len(row.steps(self.task)) + 1),
                "input_image_list": before,
                "output_gt_image_list": [],  # tasks 3 and 4 are scored without the document's own pictures
                "prediction_image_list": names,
            }
            own.mkdir(parents=True, exist_ok=True)
            (own / "results.json").write_text(json.dumps(results, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")

    def questions(self, answer: Answer, pictures: ImageStore) -> Sequence[Question]:
        if not answer.pictures:
            return ()
        request = answer.story.request
        left = MOST_PICTURES - len(request.pictures)
        shown = {"given": tuple(_limited(((piece.text, piece.image) for piece in request.given), MOST_PICTURES))}
        first = len(self.rows[answer.id][1].steps(self.task)) + 1
        steps = ((f"({number}) {step.text}", step.image) for number, step in enumerate(answer.steps, start=first))
        shown |= {"answer": tuple(_limited(steps, left))}
        words = {"request": request.text}
        return (
            Question(answer.id, "whole", "comm_whole", words, shown, _Whole),
            Question(answer.id, "relevance", "comm_relevance", words, shown, _Relevance),
        )

    def scored(self, answer: Answer, said: Mapping[str, Mapping[str, Any] | None]) -> Scored:
        if not said:
            return Scored(dict.fromkeys(SCORES, 0.0), 0.0)
        marks: dict[str, float | None] = dict.fromkeys(SCORES)
        for each in said.values():
            marks |= {name: float(mark) for name, mark in (each or {}).items()}
        known = [mark for mark in marks.values() if mark is not None]
        return Scored(marks, fmean(known) / MOST if len(known) == len(SCORES) else None)

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        scores = {name.replace("_", " "): mean_mark(lines, name) for name in SCORES}
        return scores | {"mean of the six, of 1": mean_of([line["main"] for line in lines])}


def _count(step: Sequence[_Content]) -> int:
    return sum(content.type == "image" for content in step)


def _pieces(steps: Sequence[Sequence[_Content]]) -> Iterator[tuple[str, str]]:
    """The steps as pieces: each step's words with its first picture, and its other pictures by themselves."""
    for number, step in enumerate(steps, start=1):
        paths = [content.image_path for content in step if content.type == "image"]
        yield f"({number}) {_words(step)}", paths[0] if paths else ""
        yield from (("", path) for path in paths[1:])


def _words(step: Sequence[_Content]) -> str:
    return " ".join(text for content in step if content.type == "text" and (text := content.content.strip()))


def _limited(pieces: Iterator[tuple[str, ImageRef | None]], most: int) -> Iterator[Shown]:
    """The pieces, without the pictures that are more than so many."""
    for text, image in pieces:
        most -= image is not None
        yield text, image if most >= 0 else None


def _official_input(text: str, steps: Sequence[Sequence[_Content]]) -> str:
    """As the official example has it: the steps stand between the two sentences of task 3."""
    if not steps:
        return text
    opening, _, question = text.rpartition(". According")
    told = "".join(f"({number}) {_words(step)} {MARK * _count(step)}" for number, step in enumerate(steps, start=1))
    return f"{opening}: {told} According{question}"


def _official_output(answer: Answer, first: int) -> str:
    parts = (f"({n}) {step.text} {MARK if step.image else ''}".strip() for n, step in enumerate(answer.steps, start=first))
    return " ".join(parts)
