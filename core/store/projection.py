"""Decides what the rows of ``story`` and ``attempt`` say of a trajectory. Pure: no database.

The store writes these beside each fact, and the doctor compares them with what is stored: one definition for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, assert_never

from core.events import Drawn, Event, Failed, Judged, Opened
from core.policy import Rest, next_task
from core.trajectory import Trajectory, Try
from core.types import AttemptKey, ImageRef, Value

#: ``running`` has work to do, whether or not somebody does it just now; ``waiting`` wants a person to look or to choose.
Status = Literal["running", "waiting", "paused", "stuck", "done"]
Row = dict[str, Any]

TITLE_LENGTH = 60


class StoryCard(Value):
    """A story as a list shows it. ``accepted`` counts the steps whose picture the critic, or a person, accepted."""

    id: str
    owner: str
    profile: str
    title: str
    status: Status
    steps: int
    attempts: int
    accepted: int
    failures: int
    cover: ImageRef | None
    created_at: datetime
    updated_at: datetime


def status_of(t: Trajectory) -> Status:
    task = next_task(t)
    if not isinstance(task, Rest):
        return "running"
    match task.reason:
        case "review" | "exhausted":
            return "waiting"
        case "done" | "paused" | "stuck":
            return task.reason
        case _:
            assert_never(task.reason)


def title_of(t: Trajectory) -> str:
    """The first words of the request."""
    words = " ".join(t.request.text.split()) if t.request else ""
    if len(words) <= TITLE_LENGTH:
        return words or "Untitled"
    return (words[:TITLE_LENGTH].rpartition(" ")[0] or words[:TITLE_LENGTH]) + " …"


def origin_row(opened: Opened) -> Row:
    """What a story's row says once and for all."""
    return {"owner": opened.by.removeprefix("person:"), "created_at": opened.at}


def story_row(t: Trajectory) -> Row:
    """What a story's row says now."""
    whys = [standing.settled.why for standing in t.standings if standing.settled]
    images = [standing.image for standing in t.standings if standing.image]
    return {
        "profile": t.profile,
        "title": title_of(t),
        "words": t.request.text.casefold() if t.request else "",
        "status": status_of(t),
        "steps": len(t.steps),
        "attempts": len(t.tries),
        "accepted": whys.count("accepted") + whys.count("person"),
        "cover": images[0].model_dump_json() if images else None,
    }


def attempt_row(tried: Try, failures: int) -> Row:
    attempt, critic, person = tried.attempt, tried.critic, tried.person
    return {
        **attempt.key.model_dump(),
        "prompt": attempt.prompt,
        "seed": attempt.seed,
        "source": attempt.source.sha256 if attempt.source else None,
        "image": attempt.image.sha256,
        "accepted": critic.accepted if critic else None,
        "p_success": critic.p_success if critic else None,
        "score": critic.score if critic else None,
        "person_accepted": person.accepted if person else None,
        "failures": failures,
    }


def attempt_rows(t: Trajectory, failures: Counter[AttemptKey], only: Iterable[AttemptKey] | None = None) -> list[Row]:
    """The rows of all attempts, or of these."""
    tries = t.tries if only is None else [tried for key in only if (tried := t.find(key))]
    return [attempt_row(tried, failures[tried.attempt.key]) for tried in tries]


def touched(events: Iterable[Event]) -> set[AttemptKey]:
    """The attempts whose rows these facts may change."""
    keys = set[AttemptKey]()
    for event in events:
        match event:
            case Drawn(attempt=attempt):
                keys.add(attempt.key)
            case Judged(attempt=key) | Failed(attempt=AttemptKey() as key):
                keys.add(key)
    return keys


def failures_of(events: Iterable[Event]) -> Counter[AttemptKey]:
    """How many calls failed for each attempt."""
    return Counter(event.attempt for event in events if isinstance(event, Failed) and event.attempt)
