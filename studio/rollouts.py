"""Reads what a critic tried in a training by rewards: replies, what each earned, and the pictures before, after and redrawn.

A run keeps ``rollouts/<step>-<process>.jsonl`` and small pictures beside, named by their content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.differences import Change, changes
from studio.runs import MOST_BYTES, parse_lines, tail

FOLDER = "rollouts"
PICTURE = re.compile(r"[0-9a-f]{24}\.png")
SHOWN = 4  # groups that are shown; the trainer keeps the pictures of so many
_FILE = re.compile(r"(\d{1,9})-(\d{1,5})\.jsonl")


@dataclass(frozen=True)
class Reply:
    """One reply, and what it earned; ``reward`` is None where it could not be scored, and ``why`` says the reason."""

    text: str
    accepted: bool | None  # None: it could not be read
    refined: tuple[Change, ...]  # against the prompt that was judged
    reward: float | None
    parts: tuple[tuple[str, float], ...]
    why: str
    redrawn: str


@dataclass(frozen=True)
class Group:
    """Replies to one attempt. ``truth``: whether the attempt really did as asked."""

    key: str
    prompt: str
    current: str
    truth: bool
    before: str
    after: str
    replies: tuple[Reply, ...]


@dataclass(frozen=True)
class Tried:
    """What was tried at one step; ``earlier`` and ``later`` are the steps beside it that were kept."""

    step: int
    earlier: int | None
    later: int | None
    groups: tuple[Group, ...]


def tried_in(folder: Path, step: int | None = None) -> Tried | None:
    """What was tried at this step of the run, or at the last one; None if nothing was kept."""
    files: dict[int, list[Path]] = {}
    for path in sorted((folder / FOLDER).glob("*.jsonl")):
        if named := _FILE.fullmatch(path.name):
            files.setdefault(int(named[1]), []).append(path)
    steps = sorted(files)
    if not steps:
        return None
    at = steps.index(step) if step in files else len(steps) - 1
    groups = [group for path in files[steps[at]] for group in groups_of(parse_lines(tail(path, MOST_BYTES)), path.stem)]
    return Tried(
        step=steps[at],
        earlier=steps[at - 1] if at else None,
        later=steps[at + 1] if at + 1 < len(steps) else None,
        groups=tuple(groups[:SHOWN]),
    )


def groups_of(lines: Sequence[Mapping[str, Any]], file: str) -> list[Group]:
    """The groups of one file's lines, in order; ``file`` makes their keys their own."""
    together: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        together.setdefault(str(line.get("group")), []).append(line)
    return [_group(f"{file}-{number}", each) for number, each in together.items()]


def _group(key: str, lines: Sequence[Mapping[str, Any]]) -> Group:
    first = lines[0]
    return Group(
        key=key,
        prompt=str(first.get("prompt") or ""),
        current=str(first.get("current") or ""),
        truth=bool(first.get("truth")),
        before=_picture(first, "before"),
        after=_picture(first, "after"),
        replies=tuple(map(_reply, lines)),
    )


def _reply(line: Mapping[str, Any]) -> Reply:
    marks = line["marks"] if isinstance(line.get("marks"), dict) else {}
    numbers = {name: float(value) for name, value in marks.items() if isinstance(value, int | float)}
    refined, current = str(line.get("refined") or ""), str(line.get("current") or line.get("prompt") or "")
    accepted = line.get("accepted")
    return Reply(
        text=str(line.get("reply") or ""),
        accepted=accepted if isinstance(accepted, bool) else None,
        refined=changes(current, refined) if refined else (),
        reward=numbers.pop("reward", None),
        parts=tuple(numbers.items()),
        why=str(line.get("why") or ""),
        redrawn=_picture(line, "redrawn"),
    )


def _picture(line: Mapping[str, Any], name: str) -> str:
    """The file of a picture, if it is named as the trainer names them: it becomes part of an address."""
    pictures = line.get("pictures")
    file = pictures.get(name) if isinstance(pictures, dict) else None
    return file if isinstance(file, str) and PICTURE.fullmatch(file) else ""
