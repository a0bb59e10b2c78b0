"""Agents that follow a script instead of a model: deterministic, instant, and they remember what they were asked.

For tests and for showing the studio without weights. A script is a list of answers, whose last one repeats, or a function
of the case. Runs on the caller's own thread; imports no model library.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from core.dialect import plan_reply, verdict_reply
from core.errors import AgentError
from core.ports import Agents, Delta, DrawCase, JudgeCase, PlanCase, Results, StepProgress, Stream, TextDelta
from core.types import Plan, PlannedStep, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 64  # px: the smallest reference that every painter takes

Case = TypeVar("Case")
Made = TypeVar("Made")
Answers = Sequence[Made | AgentError] | Callable[[Case], Made | AgentError]


@dataclass
class Conduct:
    """How scripted agents behave besides what they answer.

    The first ``failures`` cases fail with an ``AgentError``. A case that does not yields ``deltas`` deltas, ``seconds``
    apart; ``hook`` is called with each of them before it is yielded, in the middle of the call: it may act on the story
    or raise.
    """

    failures: int = 0
    deltas: int = 2
    seconds: float = 0.0
    hook: Callable[[Delta], None] | None = None


@dataclass
class _Script(Generic[Case, Made]):
    """Answers in turn. ``calls`` has the cases of every call that was begun, also of one that was given up."""

    answers: Answers[Made, Case]
    conduct: Conduct
    calls: list[list[Case]] = field(default_factory=list)
    answered: int = 0

    def run(self, cases: list[Case], deltas: Callable[[int, Made, int], Iterator[Delta]]) -> Stream[Results[Made]]:
        """``deltas`` says what is shown of the answer for the case at an index, in so many pieces."""
        self.calls.append(list(cases))
        results: Results[Made] = []
        for index, case in enumerate(cases):
            answer = self._next(case)
            if not isinstance(answer, AgentError):
                for delta in deltas(index, answer, self.conduct.deltas):
                    time.sleep(self.conduct.seconds)
                    if self.conduct.hook:
                        self.conduct.hook(delta)
                    yield delta
            results.append(answer)
        return results

    def _next(self, case: Case) -> Made | AgentError:
        number = self.answered
        self.answered += 1
        if number < self.conduct.failures:
            return AgentError(f"Scripted failure {number + 1} of {self.conduct.failures}.")
        if callable(self.answers):
            return self.answers(case)
        return self.answers[min(number - self.conduct.failures, len(self.answers) - 1)]


class ScriptedPlanner:
    """Answers with ``plans``; streams each plan's reply as text."""

    name = "scripted-planner@1"

    def __init__(self, plans: Answers[Plan, PlanCase], conduct: Conduct | None = None) -> None:
        self._script: _Script[PlanCase, Plan] = _Script(plans, conduct or Conduct())
        self.calls = self._script.calls

    def plan(self, cases: list[PlanCase]) -> Stream[Results[Plan]]:
        return (yield from self._script.run(cases, lambda index, plan, n: _words(index, plan.raw or plan_reply(plan), n)))


class ScriptedPainter:
    """Answers with ``pictures``; each drawing reports its progress in steps."""

    name = "scripted-painter@1"

    def __init__(self, pictures: Answers[Image, DrawCase] | None = None, conduct: Conduct | None = None) -> None:
        self._script: _Script[DrawCase, Image] = _Script(pictures or tiles, conduct or Conduct())
        self.calls = self._script.calls

    def draw(self, cases: list[DrawCase]) -> Stream[Results[Image]]:
        return (yield from self._script.run(cases, lambda index, _, n: _steps(index, n)))


class ScriptedCritic:
    """Answers with ``verdicts``; streams each verdict's reply as text."""

    name = "scripted-critic@1"

    def __init__(self, verdicts: Answers[Verdict, JudgeCase], conduct: Conduct | None = None) -> None:
        self._script: _Script[JudgeCase, Verdict] = _Script(verdicts, conduct or Conduct())
        self.calls = self._script.calls

    def judge(self, cases: list[JudgeCase]) -> Stream[Results[Verdict]]:
        def deltas(index: int, verdict: Verdict, pieces: int) -> Iterator[Delta]:
            return _words(index, verdict.raw or verdict_reply(verdict, cases[index].current), pieces)

        return (yield from self._script.run(cases, deltas))


def scripted_agents(
    plans: Answers[Plan, PlanCase] | None = None,
    pictures: Answers[Image, DrawCase] | None = None,
    verdicts: Answers[Verdict, JudgeCase] | None = None,
    conduct: Conduct | None = None,
) -> Agents:
    """All three, of one conduct (its failures count for each): a plan of three steps, tiles, and a content critic if not told."""
    return Agents(
        planner=ScriptedPlanner(plans or [plan_of(3)], conduct),
        painter=ScriptedPainter(pictures, conduct),
        critic=ScriptedCritic(verdicts or [Verdict(accepted=True, thought="All as asked.", p_success=0.9)], conduct),
    )


def plan_of(steps: int) -> Plan:
    """A plan with so many steps, numbered in all its words."""
    numbers = range(1, steps + 1)
    planned = (
        PlannedStep(title=f"Step {n}", instruction=f"See {n}", prompt=f"Draw {n}", caption=f"This is {n}.") for n in numbers
    )
    return Plan(steps=tuple(planned), thought=f"A story in {steps} pictures.")


def tiles(case: DrawCase) -> Image:
    """Sixteen squares, coloured by a hash of the prompt, the source's pixels and the seed: another case, another picture."""
    from PIL import Image as images

    source = case.source.convert("RGB").tobytes() if case.source else b""
    digest = hashlib.shake_256(repr((case.prompt, case.seed, source)).encode()).digest(4 * 4 * 3)
    return images.frombytes("RGB", (4, 4), digest).resize((SIDE, SIDE), images.Resampling.NEAREST)


def _steps(index: int, pieces: int) -> Iterator[Delta]:
    return (StepProgress(index=index, done=done, total=pieces) for done in range(1, pieces + 1))


def _words(index: int, text: str, pieces: int) -> Iterator[Delta]:
    """The text in so many pieces of about one length; some are empty if it is too short."""
    cuts = [len(text) * number // max(pieces, 1) for number in range(pieces + 1)]
    return (TextDelta(index=index, text=text[start:end]) for start, end in itertools.pairwise(cuts))
