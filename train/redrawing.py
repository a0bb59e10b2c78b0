"""Draws a step again with a critic's refined prompt and has it scored: the step-wise reward's only way to the models.

One reply's failure is its own: it has no score. A painter or judge that fails as a whole ends the run, at a checkpoint: what
is gone for good would only mask every sample from here on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import AgentError, Cancelled, OutOfMemory
from core.ports import DrawCase, Judge, JudgeCase, Painter, Results, Score, Stream
from train.runs import RunError

if TYPE_CHECKING:
    from PIL.Image import Image

TOGETHER = 32  # pictures in one call

Case = TypeVar("Case")
Made = TypeVar("Made")


class RewardError(RunError):
    """The painter or the judge is gone, so that nothing can be rewarded."""


@dataclass(frozen=True)
class Again:
    """A step to draw again: the picture before (None: there was none), its own prompt, the refined one, and a seed."""

    before: Image | None
    prompt: str
    refined: str
    seed: int

    def with_seed(self, number: int) -> Again:
        """The same with the seed that comes ``number`` after its own."""
        return replace(self, seed=self.seed + number)


@dataclass(frozen=True)
class Redrawn:
    """What came of it, as far as it came."""

    picture: Image | None
    score: Score | None
    why: str = ""  # there is no picture, or no score


@dataclass(frozen=True)
class Redrawer:
    """A painter and a judge."""

    painter: Painter
    judge: Judge

    def redraw(self, steps: list[Again]) -> list[Redrawn]:
        """One result a step. Raises ``RewardError`` if painter or judge fail as a whole."""
        drawn = _all(
            self.painter.draw,
            [DrawCase(step.refined, step.before, step.seed) for step in steps],
            f"The painter {self.painter.name}",
        )
        pictures = [(number, made) for number, made in enumerate(drawn) if not isinstance(made, AgentError)]
        cases = [
            JudgeCase(step.before, picture, step.prompt, step.refined, step.seed)
            for step, picture in ((steps[number], picture) for number, picture in pictures)
        ]
        scored = _all(self.judge.score, cases, f"The judge {self.judge.name}")
        found: dict[int, Score | AgentError] = {number: score for (number, _), score in zip(pictures, scored, strict=True)}
        return [_redrawn(made, found.get(number)) for number, made in enumerate(drawn)]


def _redrawn(made: Image | AgentError, score: Score | AgentError | None) -> Redrawn:
    if isinstance(made, AgentError):
        return Redrawn(None, None, str(made))
    if isinstance(score, Score):
        return Redrawn(made, score)
    return Redrawn(made, None, str(score))


def _all(call: Callable[[list[Case]], Stream[Results[Made]]], cases: list[Case], who: str) -> list[Made | AgentError]:
    made: list[Made | AgentError] = []
    for start in range(0, len(cases), TOGETHER):
        made += _finished(call(cases[start : start + TOGETHER]), who)
    if len(made) > 1 and all(isinstance(each, OutOfMemory) for each in made):
        raise RewardError(f"{who} has no memory left to work in: {made[0]}")
    return made


def _finished(stream: Stream[Results[Made]], who: str) -> Results[Made]:
    try:
        while True:
            next(stream)
    except StopIteration as finished:
        results: Results[Made] = finished.value
        return results
    except Cancelled:
        raise
    except (AgentError, OSError) as error:  # OSError: a server that can't be reached
        raise RewardError(f"{who} failed: {error or type(error).__name__}") from error


def blank_is_none(picture: Image) -> Image | None:
    """None for the white canvas that a critic sees where there was no picture before."""
    extremes: Any = picture.convert("RGB").getextrema()
    return None if extremes == ((255, 255),) * 3 else picture
