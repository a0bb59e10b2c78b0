"""Examines a data folder: every fact readable, every row as the facts say, every picture there and whole.

Only looks, so it works while the studio runs and on a folder that cannot be written. Mends nothing: what it finds is named,
and whoever reads it decides.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.images import INCOMING, ImageStore
from core.store import Store
from core.trajectory import Trajectory

#: Nothing takes longer to write than this; a half-written picture that is older was left by a killed process.
WRITING_SECONDS = 60.0

T = TypeVar("T")
Watch = Callable[[Iterable[T]], Iterable[T]]


@dataclass(frozen=True)
class Fault:
    """Something that should not be so, and where."""

    where: str
    what: str


@dataclass(frozen=True)
class Report:
    """What was examined and what is wrong. ``unnamed`` pictures are in no story: their upload was never used, or the process
    ended between the picture and its fact. They do no harm."""

    stories: int
    facts: int
    pictures: int
    unnamed: int
    faults: tuple[Fault, ...]


def examine(folder: Path, watch: Watch[str] = iter) -> Report:
    """Examines everything in the folder; ``watch`` may show how far it is, story by story. ``StoreError`` if it can't be read."""
    with Store(folder, write=False) as store:
        faults = [Fault("database", what) for what in store.damage()]
        story_ids, facts, named = store.ids(), 0, dict[str, str]()
        for story_id in watch(story_ids):
            try:
                audit = store.audit(story_id)
            except Exception as error:  # the driver fails in any way it likes on a value that it can't decode
                faults.append(Fault(f"story {story_id}", f"Its rows cannot be read: {getattr(error, 'orig', error)}."))
                continue
            facts += audit.facts
            faults += [Fault(f"story {story_id}", what) for what in audit.faults]
            named.update(dict.fromkeys(_pictures(audit.story), story_id))
        # Files after facts: a picture is there before its fact is, so that a story which goes on meanwhile is no fault.
        there = set[str]()
        faults += _file_faults(store.images, there)
        faults += [Fault(f"story {named[gone]}", f"Its picture {gone} is missing.") for gone in sorted(named.keys() - there)]
    return Report(len(story_ids), facts, len(there), len(there - named.keys()), tuple(faults))


def _pictures(story: Trajectory) -> Iterator[str]:
    if story.request:
        yield from (ref.sha256 for ref in (*story.request.pictures, *story.request.references))
    for tried in story.tries:
        yield tried.attempt.image.sha256
        if tried.attempt.source:
            yield tried.attempt.source.sha256


def _file_faults(images: ImageStore, there: set[str]) -> Iterator[Fault]:
    """What is wrong with the files; adds the pictures to ``there``."""
    for path, sha256 in images.files():
        where = str(path.relative_to(images.folder.parent))
        if sha256 is not None:
            there.add(sha256)
            if _hash(path) != sha256:
                yield Fault(where, "It is damaged: its content is not what its name says.")
        elif path.parent.name != INCOMING:
            yield Fault(where, "It is no picture of the studio's; move it elsewhere.")
        elif _age(path) > WRITING_SECONDS:
            yield Fault(where, "It was left half written by a process that was killed; the next start of the studio removes it.")


def _hash(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # it has just become a picture
        return 0.0
