"""Keeps what judges said: ``scores.jsonl`` in a data folder, one line a score, appended and never changed.

Scores never change a story. They are kept by what was judged (both pictures and the step's prompt), so a branch or a copy has
the scores of its trunk. The newest line about a case counts. Reads by offset: the file may be larger than the memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from core.errors import StoreError
from core.ports import Score
from core.types import AttemptKey, Value

FILE = "scores.jsonl"


class ScoreLine(Value):
    """A judge's marks for one attempt; both are None where it could not say, and ``why`` tells the reason."""

    case: str = Field(pattern=r"^[0-9a-f]{64}$")
    judge: str
    story: str
    attempt: AttemptKey
    semantics: float | None = Field(default=None, ge=0, le=10)
    quality: float | None = Field(default=None, ge=0, le=10)
    why: str = ""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def score(self) -> Score | None:
        return None if self.semantics is None or self.quality is None else Score(self.semantics, self.quality)


class Scores:
    """The scores of one data folder, of one judge or (None) of whichever spoke last; a failure never takes a score's place.

    Takes about 200 bytes of memory a case.
    """

    def __init__(self, folder: Path, judge: str | None = None) -> None:
        self.path = folder / FILE
        self.judge = judge
        self.judges = set[str]()  # who scored anything in the file
        self.unreadable = 0  # lines; one that a killed process left half written is not counted
        self._at: dict[int, int] = {}  # a case's number -> where its line begins
        self._failed = set[int]()  # cases that have only been failed at
        self._end = 0
        self._read()

    def find(self, case: str) -> ScoreLine | None:
        at = self._at.get(_number(case))
        if at is None:
            return None
        with open(self.path, "rb") as file:
            file.seek(at)
            return ScoreLine.model_validate_json(file.readline())

    def add(self, lines: list[ScoreLine]) -> None:
        """Makes these scores durable. ``StoreError`` if they can't be written."""
        if not lines:
            return
        try:
            with open(self.path, "r+b" if self.path.exists() else "xb") as file:
                file.truncate(self._end)
                file.seek(self._end)
                for line in lines:
                    self._note(line, file.tell())
                    file.write(line.model_dump_json().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._end = file.tell()
        except OSError as error:
            raise StoreError(f"The scores cannot be written to {self.path.name}: {error.strerror}.") from error

    def __len__(self) -> int:
        return len(self._at)

    def _read(self) -> None:
        for at, text in self._whole_lines():
            try:
                line = ScoreLine.model_validate_json(text)
            except ValidationError:
                self.unreadable += 1
                continue
            self._note(line, at)

    def _note(self, line: ScoreLine, at: int) -> None:
        number = _number(line.case)
        if line.score:
            self.judges.add(line.judge)
        if self.judge not in (None, line.judge):
            return
        if line.score:
            self._failed.discard(number)
        elif number not in self._at:
            self._failed.add(number)
        elif number not in self._failed:
            return
        self._at[number] = at

    def _whole_lines(self) -> Iterator[tuple[int, bytes]]:
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for text in file:
                if not text.endswith(b"\n"):  # a killed process left it: the next score is written over it
                    return
                yield self._end, text
                self._end += len(text)


def _number(case: str) -> int:
    """64 bits of the case's hash: two of a million cases share them once in 37 million."""
    return int(case[:16], 16)
