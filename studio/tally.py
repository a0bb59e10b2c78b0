"""Counts and times a story's facts, for the header: how much was done, how long it took, how long it may take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from core.events import Drawn, Event, Failed, Judged, Opened, Planned, made_by_person
from core.trajectory import Trajectory
from core.types import AttemptKey

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


def seconds_left(tally: Tally, t: Trajectory) -> float | None:
    """How long the models may still work; None until a drawing was timed, or when nothing is left to draw."""
    left = [standing for standing in t.standings if standing.settled is None and standing.step.prompt]
    if not tally.drawings or not left:
        return None
    done = sum(standing.settled is not None and standing.step.prompt is not None for standing in t.standings)
    a_step = min(tally.drawings / done if done else USUAL_ATTEMPTS, t.policy.max_attempts)
    attempts = sum(max(a_step - len(standing.tries), 0.5) for standing in left)
    judging = tally.judge_seconds / tally.verdicts if tally.verdicts else 0.0
    return attempts * (tally.draw_seconds / tally.drawings + judging)


def _add(tally: Tally, event: Event) -> Tally:
    tally = replace(tally, facts=tally.facts + 1)
    match event:
        case Opened(by=by):
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
