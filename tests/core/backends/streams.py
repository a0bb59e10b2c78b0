"""Reads a port's stream to its end."""

from __future__ import annotations

from typing import TypeVar

from core.ports import Delta, Stream

T = TypeVar("T")


def drain(stream: Stream[T]) -> tuple[list[Delta], T]:
    """All deltas, and the result."""
    deltas: list[Delta] = []
    while True:
        try:
            deltas.append(next(stream))
        except StopIteration as finished:
            return deltas, finished.value
