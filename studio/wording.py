"""Turns model text into what a person can read: glimpses of a reply that is still being written, durations, and headlines.

Pure. A glimpse is for the eye only; values come from :mod:`core.dialect` once the reply is whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from studio.speech import say

_TITLE = re.compile(r'"step_name"\s*:\s*("(?:[^"\\]|\\.)*"?)')
_ANSWER = re.compile(r"</think>|<answer>|\{\s*\"")
_TAG = re.compile(r"</?(?:t(?:h(?:i(?:n(?:k)?)?)?)?)?>?$|</?think>|</?answer>")


@dataclass(frozen=True)
class Glimpse:
    """What can be shown of an unfinished reply: the thought so far, and the titles of the steps written so far."""

    thought: str
    titles: tuple[str, ...] = ()


def glimpse(reply: str) -> Glimpse:
    """A look at a planner's or critic's reply while it is written."""
    start = _ANSWER.search(reply)
    thought = reply[: start.start()] if start else reply
    titles = tuple(map(_unquoted, _TITLE.findall(reply[start.start() :]))) if start else ()
    return Glimpse(_TAG.sub("", thought).strip(), tuple(title for title in titles if title))


def _unquoted(literal: str) -> str:
    closed = literal if len(literal) > 1 and literal.endswith('"') else literal.rstrip("\\") + '"'
    try:
        return str(json.loads(closed)).strip()
    except ValueError:  # an escape that is cut in the middle
        return literal.strip('"').split("\\")[0].strip()


def clock(seconds: float) -> str:
    """A duration as a person says it: ``48 s``, ``3 min``, ``1 h 5 min``."""
    if seconds < 60:
        return say("{seconds} s", seconds=max(round(seconds), 1))
    minutes = round(seconds / 60)
    if minutes < 60:
        return say("{minutes} min", minutes=minutes)
    return say("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def headline(text: str, most: int = 60) -> str:
    """The first words of a text, as a title."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    whole = line[: most + 1].rsplit(" ", 1)[0]
    return f"{whole if len(whole) <= most else line[:most]} …"
