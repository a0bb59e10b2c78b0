"""Counts and times a story's facts, for the header: how much was done, how long it took, how long it may take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from core.events import Branched, Drawn, Event, Failed, Imported, Judged, Opened, Planned, made_by_person
from core.trajectory import Trajectory
from core.types import AttemptKey

if TYPE_CHECKING:
    from core.store import Timings

#: Attempts that a step costs, before a story has shown how many its own steps cost.
USUAL_ATTEMPTS = 1.5


@dataclass(frozen=True)
class Tally:
    """What the first ``facts`` facts of a story add up to. Seconds are those that models worked."""

    facts: int = 0
    drawings: int = 0
    verdicts: int = 0
    seconds: float = 0.0
    draw_seconds: float = 0.0
    judge_seconds: float = 0.0
    opened_by: str = ""
    seconds_of: Mapping[AttemptKey, float] = field(default_factory=dict)  # of each drawing


def tallied(tally: Tally, events: Iterable[Event]) -> Tally:
    """``tally`` after more facts."""
    return reduce(_add, events, tally)


def seconds_left(tally: Tally, t: Trajectory, usual: Timings | None = None) -> float | None:
    """How long the models may still work: by this story's own calls, else by what ``usual`` calls take on this machine.

    None until a drawing was timed, or when nothing is left to draw.
    """
    left = [standing for standing in t.standings if standing.settled is None and standing.step.prompt]
    drawing = _mean(tally.draw_seconds, tally.drawings, usual.draw_seconds if usual else None)
    if drawing is None or not left:
        return None
    judging = _mean(tally.judge_seconds, tally.verdicts, usual.judge_seconds if usual else None) or 0.0
    done = sum(standing.settled is not None and standing.step.prompt is not None for standing in t.standings)
    a_step = min(tally.drawings / done if done and tally.drawings else USUAL_ATTEMPTS, t.policy.max_attempts)
    attempts = sum(max(a_step - len(standing.tries), 0.5) for standing in left)
    return attempts * (drawing + judging)


def _mean(total: float, count: int, otherwise: float | None) -> float | None:
    return total / count if count else otherwise


def _add(tally: Tally, event: Event) -> Tally:
    tally = replace(tally, facts=tally.facts + 1)
    match event:
        case Opened(by=by) | Branched(by=by) | Imported(by=by):
            return replace(tally, opened_by=by)
        case Planned(seconds=seconds) | Failed(seconds=seconds):
            return replace(tally, seconds=tally.seconds + seconds)
        case Drawn(attempt=attempt, seconds=seconds):
            return replace(
                tally,
                drawings=tally.drawings + 1,
                seconds=tally.seconds + seconds,
                draw_seconds=tally.draw_seconds + seconds,
                seconds_of={**tally.seconds_of, attempt.key: seconds},
            )
        case Judged(seconds=seconds) if not made_by_person(event):
            return replace(
                tally,
                verdicts=tally.verdicts + 1,
                seconds=tally.seconds + seconds,
                judge_seconds=tally.judge_seconds + seconds,
            )
    return tally
