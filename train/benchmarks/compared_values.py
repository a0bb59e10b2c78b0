"""Every number that an outcome line has of its request, by the name of its figure: what two runs are compared by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from train.benchmarks.report_reading import Result
from train.benchmarks.report_strips import SAID

#: Counts of a line that are parts of another one.
PARTS: Mapping[str, tuple[str, str]] = {
    "right": ("steps", "pictures as asked, of a story"),
    "first": ("steps", "first drawings as asked, of a story"),
    "accepted": ("good", "good drawings accepted, of a story"),
    "refused": ("bad", "bad drawings refused, of a story"),
}
WHOLES = {whole for whole, _ in PARTS.values()}
COUNTS: Mapping[str, str] = {"drawn": "drawings a story", "judged": "verdicts a story", "planned": "plans a story"}
SUMS: Mapping[str, str] = {"seconds": "seconds a story", "tokens": "tokens a story", "unread": "unreadable replies a story"}
TOLD = {"id", "group", "story", "main", "success", "marks", "why"}  # fields that are no figure, or that another one says


def values_of(result: Result, main: str) -> dict[str, float]:
    """The numbers by name, the main one first; ``main`` is what that is called. What is not known is not there."""
    values = {} if result.main is None else {main: result.main}
    for name, value in _values(result.fields):
        values.setdefault(name, value)
    return values


def _values(fields: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield from ((name, float(mark)) for name, mark in (fields.get("marks") or {}).items() if _is_number(mark))
    for field, value in fields.items():
        if field in TOLD or field in WHOLES:
            continue
        if field in PARTS:
            whole, name = PARTS[field]
            if fields.get(whole):
                yield name, value / fields[whole]
        elif isinstance(value, bool):
            yield SAID.get(field, field), float(value)
        elif _is_number(value):
            yield COUNTS.get(field, f"{field} a story"), float(value)
        elif field in SUMS and isinstance(value, Mapping):
            yield SUMS[field], float(sum(value.values()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
