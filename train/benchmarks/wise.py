"""WISE: one picture of something that the prompt names only by what is known of it (arXiv 2503.07265).

Rows: ``{Prompt, Explanation, Category, Subcategory, prompt_id}``, in three files or one. Official files: one
``<prompt_id>.png`` a prompt, which the repository's ``gpt_eval.py`` and ``vllm_eval.py`` take as their ``--image_dir``.

Two releases, each with rows of its own (github.com/PKU-YuanGroup/WISE, README of both releases). **verified**, the default
there: the judge says 0 or 1; categories by ``prompt_id`` are culture 1-400, time 401-520, space 521-640, biology 641-760,
physics 761-880, chemistry 881-1000 (``calculate_verified.py``); overall is 0.40 culture and 0.12 each of the others.
**original**: consistency, realism and aesthetic quality from 0 to 2, WiScore = (0.7 C + 0.2 R + 0.1 A) / 2; categories are
culture 1-400, time 401-567, space 568-700, biology 701-800, physics 801-900, chemistry 901-1000 (``Calculate.py``); overall is
0.4 culture, 0.167 time, 0.133 space and 0.1 each of the others. As there, overall is known only with every category.

The answer is the **last** picture of a story: a plan may come to what is asked in several steps, and as each edits the one
before, all of it is in the last. Questions are our own, and judges differ: figures of the official judges (Qwen3.5-35B-A3B,
GPT-4o-2024-05-13) are those of the official scripts over the official files. A prompt without a picture scores 0 here; the
official scripts leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from core.images import ImageStore
from core.types import MAX_TEXT
from train.benchmarks.answers import Answer
from train.benchmarks.asked import asked
from train.benchmarks.field import Scored, keep, mean_mark
from train.benchmarks.figures import mean_of, weighted
from train.benchmarks.outcomes import Line
from train.benchmarks.questions import Question
from train.benchmarks.rows import Row, Source, checked, evenly, unique
from train.benchmarks.runner import Figure
from train.collect import Prompt
from train.judging import Marks
from train.runs import RunError

Release = Literal["verified", "original"]
WEIGHTS: dict[Release, dict[str, float]] = {
    "verified": {"culture": 0.40, "time": 0.12, "space": 0.12, "biology": 0.12, "physics": 0.12, "chemistry": 0.12},
    "original": {"culture": 0.4, "time": 0.167, "space": 0.133, "biology": 0.1, "physics": 0.1, "chemistry": 0.1},
}
LAST: dict[Release, dict[str, int]] = {  # the last prompt_id of each category, which begins after the one before
    "verified": {"culture": 400, "time": 520, "space": 640, "biology": 760, "physics": 880, "chemistry": 1000},
    "original": {"culture": 400, "time": 567, "space": 700, "biology": 800, "physics": 900, "chemistry": 1000},
}
PARTS = {"consistency": 0.7, "realism": 0.2, "aesthetic quality": 0.1}  # of the original's WiScore
MOST = 2.0  # marks of each of these
OVERALL = "overall"


class WiseRow(Row):
    """One prompt. Explanations say what the picture must show, and are for the judge alone."""

    prompt_id: Annotated[int, BeforeValidator(lambda said: int(said) if isinstance(said, str) and said.isdecimal() else said)] = (
        Field(ge=1, le=1000, strict=True)
    )
    Prompt: str = Field(min_length=1, max_length=MAX_TEXT)
    Explanation: str = ""

    @property
    def id(self) -> str:
        return str(self.prompt_id)


class _Verified(Marks):
    score: int = Field(ge=0, le=1)


class _Original(Marks):
    consistency: float = Field(ge=0, le=2)
    realism: float = Field(ge=0, le=2)
    aesthetic_quality: float = Field(ge=0, le=2)


@dataclass(frozen=True)
class Wise:
    """The prompts, in an order that takes one of each category in turn."""

    rows: Mapping[str, WiseRow]
    release: Release
    source: Source
    name: str = "wise"

    @classmethod
    def of(cls, source: Source, release: Release = "verified") -> Wise:
        """Raises ``RunError`` if a row is none."""
        found = checked(source, WiseRow)
        unique(found, [row.id for _, row in found])
        order = evenly([category(row.prompt_id, release) for _, row in found])
        return cls({found[place][1].id: found[place][1] for place in order}, release, source)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"data": self.source.digest, "release": self.release}

    @property
    def inputs(self) -> Sequence[Path]:
        return self.source.files

    def prompts(self) -> Sequence[Prompt]:
        return [asked(number, row.id, row.Prompt) for number, row in enumerate(self.rows.values(), start=1)]

    def group(self, name: str) -> str:
        return category(int(name), self.release)

    def calls(self, name: str) -> int:
        return 1

    def write(self, answers: Sequence[Answer], folder: Path, pictures: ImageStore) -> None:
        for answer in answers:
            if answer.last:
                keep(pictures, answer.last, folder / f"{answer.id}.png")

    def questions(self, answer: Answer, pictures: ImageStore) -> Sequence[Question]:
        if answer.last is None:
            return ()
        row = self.rows[answer.id]
        words = {"prompt": row.Prompt, "explanation": row.Explanation}
        marks = _Verified if self.release == "verified" else _Original
        return (Question(answer.id, "picture", f"wise_{self.release}", words, {"answer": (("", answer.last),)}, marks),)

    def scored(self, answer: Answer, said: Mapping[str, Mapping[str, Any] | None]) -> Scored:
        names = ["score"] if self.release == "verified" else list(PARTS)
        if not said:
            return Scored(dict.fromkeys(names, 0.0), 0.0)
        marks = said["picture"]
        if marks is None:
            return Scored(dict.fromkeys(names), None)
        made = {name: float(marks[name.replace(" ", "_")]) for name in names}
        if self.release == "verified":
            return Scored(made, made["score"])
        return Scored(made, sum(PARTS[name] * mark for name, mark in made.items()) / MOST)

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        by_category = {name: [line["main"] for line in lines if line["group"] == name] for name in LAST[self.release]}
        weights = WEIGHTS[self.release]
        figures: dict[str, Figure] = {}
        if all(by_category.values()):
            figures[OVERALL] = weighted([(weights[name], values) for name, values in by_category.items()])
        figures["WiScore"] = mean_of([line["main"] for line in lines])
        if self.release == "original":
            figures |= {name: mean_mark(lines, name, MOST) for name in PARTS}
        return figures


def category(prompt_id: int, release: Release) -> str:
    """By the prompt's number, as the official scripts have it."""
    found = next((name for name, last in LAST[release].items() if prompt_id <= last), None)
    if found is None or prompt_id < 1:
        raise RunError(f"WISE has no prompt {prompt_id}.")
    return found
