"""RISE: a picture, and an instruction of which what to draw must be reasoned out (arXiv 2504.02826).

Rows: ``{index, category, instruction, image, reference}`` and, where they apply, ``subtask``, ``reference_txt`` and
``reference_img`` (logical and spatial ones), ``reasoning_img`` (the judge of reasoning sees the picture before, too) and
``consistency_free`` (how well the rest was kept does not count). Official files: ``images/<category>/<index>.png``.

The rule is github.com/PhoenixZ810/RISEBench's (``gpt_eval.py``): appearance consistency, instruction reasoning and visual
plausibility have 1 to 5 marks each; for logical ones there are the first two, 0 or 1, which count as 1 or 5. An answer is
right (``main``) only if **all** that apply are 5; the accuracy of a category, and overall, is the share of right answers.
Also as there: the weighted score is 0.3 consistency + 0.5 reasoning + 0.2 plausibility (logical: 0.3 and 0.7; without
consistency: 0.8 and 0.2), halved, but not below 1, where reasoning has 1 mark; marks are shown as (marks - 1) / 4.

Two things differ between versions of that script and can't be settled here: one counts an answer that is free of
consistency as never right, because its missing mark is not 5; here what does not apply is no condition. And its judge
sees the reference picture in place of the one before wherever there is one; here, too.

The request's picture is the one that the story's first step edits, and the **last** picture is the answer. A missing answer
has the least marks. Questions are our own: figures of the official judge are those of the official script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from core.images import ImageStore
from core.types import MAX_TEXT, ImageRef
from train.benchmarks.answers import Answer
from train.benchmarks.asked import asked
from train.benchmarks.field import Scored, keep, mean_mark
from train.benchmarks.figures import mean_of
from train.benchmarks.outcomes import Line
from train.benchmarks.questions import Question, Shown
from train.benchmarks.rows import Found, Row, Source, checked, evenly, kept, picture, unique
from train.benchmarks.runner import Figure
from train.collect import Prompt
from train.judging import Marks
from train.runs import RunError

INNER = "data"  # where the official release has its pictures, beside the rows
FULL, LEAST = 5.0, 1.0
WEIGHTS = {"consistency": 0.3, "reasoning": 0.5, "plausibility": 0.2}
LOGICAL = {"consistency": 0.3, "reasoning": 0.7}
UNBOUND = {"reasoning": 0.8, "plausibility": 0.2}  # where consistency does not count


class RiseRow(Row):
    """One picture and what is asked of it."""

    index: str
    category: Literal["temporal_reasoning", "causal_reasoning", "spatial_reasoning", "logical_reasoning"]
    instruction: str = Field(min_length=1, max_length=MAX_TEXT)
    image: Any
    reference: str = ""
    reference_txt: str = ""
    reference_img: Any = None
    reasoning_img: Any = None
    consistency_free: Any = None

    @property
    def weights(self) -> dict[str, float]:
        """Of the marks that apply."""
        if self.category == "logical_reasoning":
            return LOGICAL
        return UNBOUND if self.consistency_free else WEIGHTS

    @property
    def by_picture(self) -> bool:
        """Whether the reference is a picture."""
        return bool(self.reference_img) and self.category in ("spatial_reasoning", "logical_reasoning") and not self.reference_txt

    @property
    def right_answer(self) -> str:
        return self.reference_txt or self.reference


class _OfFive(Marks):
    mark: int = Field(ge=1, le=5)


class _OfOne(Marks):
    mark: int = Field(ge=0, le=1)


@dataclass(frozen=True)
class Rise:
    """The requests, in an order that takes one of each category in turn."""

    rows: Mapping[str, tuple[Found, RiseRow]]
    source: Source
    name: str = "rise"

    @classmethod
    def of(cls, source: Source) -> Rise:
        """Raises ``RunError`` if a row is none, or if a picture is missing."""
        found = checked(source, RiseRow)
        unique(found, [row.index for _, row in found])
        for where, row in found:
            if not (row.right_answer or row.reference_img):
                raise RunError(f"{where.where}: there is neither a reference, nor a reference_txt, nor a reference_img.")
        order = evenly([row.category for _, row in found])
        return cls({found[place][1].index: found[place] for place in order}, source)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"data": self.source.digest}

    @property
    def inputs(self) -> Sequence[Path]:
        return self.source.files

    def prompts(self) -> Sequence[Prompt]:
        return [
            asked(number, row.index, row.instruction, (picture(self.source, where, row.image, INNER),))
            for number, (where, row) in enumerate(self.rows.values(), start=1)
        ]

    def group(self, name: str) -> str:
        return self.rows[name][1].category

    def calls(self, name: str) -> int:
        return len(self.rows[name][1].weights)

    def write(self, answers: Sequence[Answer], folder: Path, pictures: ImageStore) -> None:
        for answer in answers:
            if answer.last:
                keep(pictures, answer.last, folder / "images" / self.group(answer.id) / f"{answer.id}.png")

    def questions(self, answer: Answer, pictures: ImageStore) -> Sequence[Question]:
        if answer.last is None:
            return ()
        where, row = self.rows[answer.id]
        compared: ImageRef = answer.story.request.images[0]
        by_picture = (
            bool(row.reference_img) and row.category in ("spatial_reasoning", "logical_reasoning") and not row.reference_txt
        )
        if by_picture:
            compared = kept(pictures, self.source, where, row.reference_img, INNER)
        logical = row.category == "logical_reasoning"
        words = {"instruction": row.instruction, "reference": row.right_answer}
        after: dict[str, tuple[Shown, ...]] = {"answer": (("", answer.last),)}
        both = {"before": (("", compared),)} | after
        marks = _OfOne if logical else _OfFive
        by = "picture" if row.by_picture else "text"
        reasoning = f"rise_logical_{by}" if logical else f"rise_reasoning_{by}"
        seen = both if row.by_picture or logical or row.reasoning_img else {"before": ()} | after
        own = {
            "consistency": ("rise_logical_consistency" if logical else "rise_consistency", both),
            "reasoning": (reasoning, seen),
            "plausibility": ("rise_plausibility", after),
        }
        return tuple(Question(answer.id, about, own[about][0], words, own[about][1], marks) for about in row.weights)

    def scored(self, answer: Answer, said: Mapping[str, Mapping[str, Any] | None]) -> Scored:
        row = self.rows[answer.id][1]
        if not said:
            return Scored(dict.fromkeys([*row.weights, "score"], LEAST), 0.0)
        logical = row.category == "logical_reasoning"
        marks = {about: _of_five(said[about], logical) for about in row.weights}
        known = {about: mark for about, mark in marks.items() if mark is not None}
        if len(known) < len(marks):
            return Scored(marks | {"score": None}, None)
        return Scored(marks | {"score": _score(known, row.weights)}, float(all(mark == FULL for mark in known.values())))

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        shown = [line | {"marks": {name: mark - LEAST for name, mark in line["marks"].items()}} for line in lines]
        return {
            "accuracy": mean_of([line["main"] for line in lines]),
            "score": mean_mark(shown, "score", FULL - LEAST),
            **{name: mean_mark(shown, name, FULL - LEAST) for name in WEIGHTS if any(name in line["marks"] for line in shown)},
        }


def _of_five(marks: Mapping[str, Any] | None, logical: bool) -> float | None:
    if marks is None:
        return None
    return LEAST + (FULL - LEAST) * marks["mark"] if logical else float(marks["mark"])


def _score(marks: Mapping[str, float], weights: Mapping[str, float]) -> float:
    score = sum(weight * marks[name] for name, weight in weights.items())
    return max(LEAST, score / 2) if marks["reasoning"] == LEAST else score
