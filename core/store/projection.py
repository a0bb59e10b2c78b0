"""Decides what the rows of ``story``, ``attempt`` and ``timing`` say of a story's facts. Pure: no database.

The store writes these beside each fact, and the doctor compares them with what is stored: one definition for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, assert_never

from core.events import Drawn, Event, Failed, Imported, Judged, Planned, founds, made_by_person
from core.policy import Rest, next_task
from core.trajectory import Trajectory, Try
from core.types import AttemptKey, ImageRef, Value

#: ``running`` has work to do, whether or not somebody does it just now; ``waiting`` wants a person to look or to choose.
Status = Literal["running", "waiting", "paused", "stuck", "done"]
Row = dict[str, Any]

TITLE_LENGTH = 60


class StoryCard(Value):
    """A story as a list shows it. ``accepted`` counts the steps whose picture the critic, or a person, accepted.

    ``trunk`` is the story here that a branch shares its first facts with.
    """

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
    starred: bool
    trunk: str | None


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
    """What a person called it, or the first words of the request."""
    if t.title:
        return t.title
    words = " ".join(t.request.text.split()) if t.request else ""
    if len(words) <= TITLE_LENGTH:
        return words or "Untitled"
    return (words[:TITLE_LENGTH].rpartition(" ")[0] or words[:TITLE_LENGTH]) + " …"


def founding_row(events: Iterable[Event]) -> Row:
    """Whose story these facts make it, and since when; nothing if none of them founds it."""
    row: Row = {}
    for event in events:
        if founds(event):
            row = {"owner": event.by.removeprefix("person:"), "created_at": event.at}
    return row


def story_row(t: Trajectory) -> Row:
    """What a story's row says now."""
    whys = [standing.settled.why for standing in t.standings if standing.settled]
    images = [standing.image for standing in t.standings if standing.image]
    return {
        "profile": t.profile,
        "title": title_of(t),
        "words": "\n".join(filter(None, (t.title, t.request.text if t.request else ""))).casefold(),
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
    """The attempts that these facts are about. Undoing can change no others: it reaches back to where a branch began."""
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


def timing_rows(first: int, events: Sequence[Event], profile: str) -> list[Row]:
    """The rows of what models took, from these facts, which are number ``first`` and on.

    What was brought in from a file happened elsewhere, on who knows what machine: only later facts count.
    """
    brought_in = max((number for number, event in enumerate(events) if isinstance(event, Imported)), default=-1)
    return [
        {"seq": first + number, "profile": profile, "kind": event.kind, "seconds": event.seconds, "at": event.at}
        for number, event in enumerate(events)
        if number > brought_in and isinstance(event, Planned | Drawn | Judged) and event.seconds > 0 and not made_by_person(event)
    ]
