"""Tells machines what happens: one JSON object a line on stderr, where ``STUDIO_LOG=json``. Nobody's words are in it.

A line has the ids of a story and its step, the attempt, the stage, seconds and codes, or which model's weights were loaded or
moved; never what somebody asked for, a prompt, a name, a path or a secret. Of a message the template is told, not what is
filled in; of an error its kind and where it was raised, not what it says; and of other people's libraries not even the
template, for they put values into it.

Without it, stderr has what a person should see: warnings, and errors with all their words.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from core.events import Drawn, Failed, Judged, Planned, Settled, made_by_person
from core.policy import Draw, JudgeAttempt, MakePlan, Settle, Task
from core.scheduler import Began, Ended, Notice
from core.types import AttemptKey

log = logging.getLogger("studio.events")

OURS = ("studio", "core", "train")
STAGES = {"plan": "planner", "draw": "painter", "judge": "critic"}
Fields = dict[str, Any]


def log_as_json() -> None:
    """All loggers write lines of JSON on stderr from now on; to be called again when a library has set up loggers of its own."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.root.handlers[:] = [handler]
    logging.captureWarnings(True)
    for name in list(logging.root.manager.loggerDict):
        other = logging.getLogger(name)
        other.handlers.clear()
        other.propagate = True
    for told in (log, logging.getLogger("core.models")):
        told.setLevel(logging.INFO)


def tell(event: str, **fields: object) -> None:
    """Logs that something happened."""
    log.info(event, extra={"fields": {name: value for name, value in fields.items() if value is not None}})


def hear(notice: Notice) -> None:
    """Logs what happened to a story, unless it is passing."""
    if log.isEnabledFor(logging.INFO) and (told := told_of(notice)):
        tell(**told)


def told_of(notice: Notice) -> Fields | None:
    """What is logged of a notice; None for progress, and for what a person did."""
    match notice.what:
        case Began(task=task):
            what: Fields = {"event": "began", **_task(task)}
        case Ended(task=task):
            what = {"event": "given_up", **_task(task)}
        case Planned(seconds=seconds):
            what = {"event": "planned", "stage": "planner", "seconds": seconds}
        case Drawn(attempt=attempt, seconds=seconds):
            what = {"event": "drawn", "stage": "painter", **_attempt(attempt.key), "seconds": seconds}
        case Judged(attempt=key, verdict=verdict, seconds=seconds) as fact if not made_by_person(fact):
            what = {"event": "judged", "stage": "critic", **_attempt(key), "accepted": verdict.accepted, "seconds": seconds}
        case Settled(step=step, why=why):
            what = {"event": "settled", "step": step, "why": why}
        case Failed(task=task, attempt=key, code=code, seconds=seconds):
            of = _attempt(key) if key else {}
            what = {"event": "failed", "stage": STAGES[task], **of, "code": code, "seconds": seconds}
        case _:
            return None
    if "seconds" in what:
        what["seconds"] = round(what["seconds"], 3)
    return {**what, "story": notice.story_id}


def _task(task: Task) -> Fields:
    match task:
        case MakePlan():
            return {"stage": "planner"}
        case Draw(key=key):
            return {"stage": "painter", **_attempt(key)}
        case JudgeAttempt(attempt=attempt):
            return {"stage": "critic", **_attempt(attempt.key)}
        case Settle(step=step):
            return {"step": step}


def _attempt(key: AttemptKey) -> Fields:
    return {"step": key.step, "revision": key.revision, "attempt": key.number}


class Lines(logging.Formatter):
    """Makes a record a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: Fields = {"at": at, "level": record.levelname.lower()}
        if record.name == log.name:
            line |= {"event": record.msg, **getattr(record, "fields", {})}
        else:
            line |= {"event": "log", "logger": record.name}
            if record.name.split(".")[0] in OURS:
                line |= {"message": str(record.msg), **getattr(record, "fields", {})}
            if story := getattr(record, "story", None):
                line["story"] = story
        if record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "raised": list(_frames(record))}
        return json.dumps(line, default=type_name)


def _frames(record: logging.LogRecord) -> Iterator[str]:
    """Where an error went through, from the outside in: file, function and line, without folders and without the line's words."""
    assert record.exc_info is not None
    for frame, line in traceback.walk_tb(record.exc_info[2]):
        yield f"{PurePath(frame.f_code.co_filename).name}:{frame.f_code.co_name}:{line}"


def type_name(value: object) -> str:
    return type(value).__name__
