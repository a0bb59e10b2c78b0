"""Reads and writes what became of a run's requests: ``outcomes.jsonl``, a JSON object a line.

Every line has ``id``, ``group`` (a family, category or task), ``story`` (its id in the run's data folder) and ``main``, the
number that the benchmark is about (0 to 1; null where it is not known). What else a line has, its benchmark says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from train.pocket.benchmark import Outcome
from train.runs import RunError

OUTCOMES = "outcomes.jsonl"

Line = dict[str, Any]


def write_lines(out: Path, lines: Iterable[Line]) -> None:
    """All lines or none."""
    part = out / f".{OUTCOMES}.part"
    part.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    os.replace(part, out / OUTCOMES)


def read_lines(out: Path) -> list[Line]:
    """The lines of a finished run, of any benchmark. Raises ``RunError`` if there is no such run."""
    try:
        return [json.loads(line) for line in (out / OUTCOMES).read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise RunError(f"There is no finished run in {out.name}.") from error
    except ValueError as error:
        raise RunError(f"The outcomes of {out.name} cannot be read.") from error


def read_outcomes(out: Path) -> list[Outcome]:
    """What became of the requests of a finished run of the pocket benchmark, also of an older one. Raises ``RunError``."""
    try:
        return [pocket_outcome(line) for line in read_lines(out)]
    except TypeError as error:  # other fields
        raise RunError(f"The run in {out.name} is none of the pocket benchmark.") from error


def pocket_outcome(line: Line) -> Outcome:
    """The pocket outcome in a line; fields that lines had not yet when it was written have their defaults."""
    known = {field.name for field in fields(Outcome)}
    return Outcome(**{name: value for name, value in line.items() if name in known})
