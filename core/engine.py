"""Performs tasks with models: the only place that turns a task into a fact. Knows no disk, no thread and no policy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, assert_never

from core.errors import AgentError, Cancelled, StudioError
from core.events import Drawn, Event, Failed, Judged, Planned, Settled
from core.policy import Draw, JudgeAttempt, MakePlan, Settle, Task
from core.ports import Agents, DrawCase, Gallery, JudgeCase, PlanCase, PreviewImage, Stream
from core.trajectory import Trajectory
from core.types import Attempt, ImageRef, Plan, PlannedStep, Step, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

TaskT = TypeVar("TaskT", MakePlan, Draw, JudgeAttempt)
Case = TypeVar("Case")
Made = TypeVar("Made")


def perform(work: Sequence[tuple[Trajectory, Task]], agents: Agents, gallery: Gallery) -> Stream[list[Event]]:
    """Does tasks of one kind together, each of another story; returns one fact a task, in order.

    A model's fault becomes a ``Failed`` fact. Closing the stream, or ``Cancelled``, leaves no fact.
    """
    first = work[0][1]
    match first:
        case Settle():
            return [Settled(**task.model_dump()) for _, task in work if isinstance(task, Settle)]
        case MakePlan():
            plans = [(t, task) for t, task in work if isinstance(task, MakePlan)]
            return (yield from _plan(plans, agents, gallery))
        case Draw():
            draws = [(t, task) for t, task in work if isinstance(task, Draw)]
            return (yield from _draw(draws, agents, gallery))
        case JudgeAttempt():
            judgements = [(t, task) for t, task in work if isinstance(task, JudgeAttempt)]
            return (yield from _judge(judgements, agents, gallery))
        case _:
            assert_never(first)


def _plan(work: list[tuple[Trajectory, MakePlan]], agents: Agents, gallery: Gallery) -> Stream[list[Event]]:
    def case(t: Trajectory, task: MakePlan) -> PlanCase:
        asked = t.request
        assert asked is not None
        return PlanCase(
            asked.text,
            tuple(map(gallery.load, asked.images)),
            task.seed,
            given=tuple((piece.text, _picture(gallery, piece.image)) for piece in asked.given),
            references=tuple(map(gallery.load, asked.references)),
            notes=asked.notes,
            answer=asked.answer,
        )

    def fact(t: Trajectory, task: MakePlan, plan: Plan, seconds: float) -> Event:
        planned = map(_in_words, plan.steps) if t.request and t.request.answer == "text" else plan.steps
        steps = tuple(Step(id=f"s{number}", **words.model_dump()) for number, words in enumerate(planned, start=t.last_id + 1))
        return Planned(
            plan_revision=task.plan_revision,
            steps=steps,
            thought=plan.thought,
            raw=plan.raw,
            seconds=seconds,
            by=f"planner:{agents.planner.name}",
        )

    return (yield from _ask(work, case, agents.planner.plan, fact, f"planner:{agents.planner.name}"))


def _draw(work: list[tuple[Trajectory, Draw]], agents: Agents, gallery: Gallery) -> Stream[list[Event]]:
    def case(t: Trajectory, task: Draw) -> DrawCase:
        assert t.request is not None
        references = tuple(map(gallery.load, t.request.references))
        return DrawCase(task.prompt, _picture(gallery, task.source), task.seed, t.request.notes, references)

    def fact(t: Trajectory, task: Draw, image: Image, seconds: float) -> Event:
        ref = gallery.save(image)  # the picture is on disk before the fact is
        attempt = Attempt(key=task.key, prompt=task.prompt, seed=task.seed, source=task.source, image=ref, round=task.round)
        return Drawn(attempt=attempt, seconds=seconds, by=f"painter:{agents.painter.name}")

    return (yield from _ask(work, case, agents.painter.draw, fact, f"painter:{agents.painter.name}"))


def _judge(work: list[tuple[Trajectory, JudgeAttempt]], agents: Agents, gallery: Gallery) -> Stream[list[Event]]:
    def case(t: Trajectory, task: JudgeAttempt) -> JudgeCase:
        before, after = _picture(gallery, task.attempt.source), gallery.load(task.attempt.image)
        return JudgeCase(before, after, task.prompt, task.attempt.prompt, task.seed)

    def fact(t: Trajectory, task: JudgeAttempt, verdict: Verdict, seconds: float) -> Event:
        return Judged(attempt=task.attempt.key, verdict=verdict, seconds=seconds, by=f"critic:{agents.critic.name}")

    return (yield from _ask(work, case, agents.critic.judge, fact, f"critic:{agents.critic.name}"))


def _in_words(step: PlannedStep) -> PlannedStep:
    """The step where only text was asked for: nothing is drawn, and what it has to say is its caption."""
    return step.model_copy(update={"prompt": None, "caption": step.caption or step.instruction or step.prompt})


def _picture(gallery: Gallery, ref: ImageRef | None) -> Image | None:
    return gallery.load(ref) if ref else None


def _ask(
    work: list[tuple[Trajectory, TaskT]],
    case: Callable[[Trajectory, TaskT], Case],
    ask: Callable[[list[Case]], Stream[list[Made | AgentError]]],
    fact: Callable[[Trajectory, TaskT, Made, float], Event],
    by: str,
) -> Stream[list[Event]]:
    started = time.monotonic()
    cases, results = dict[int, Case](), dict[int, Made | AgentError]()
    for place, (t, task) in enumerate(work):
        try:
            cases[place] = case(t, task)
        except StudioError as error:  # a picture that is gone is a fault of its own story, and of no other in the call
            results[place] = _fault(error)
    try:
        answers: Sequence[Made | AgentError] = (yield from _placed(ask(list(cases.values())), list(cases))) if cases else []
    except Cancelled:
        raise
    except StudioError as error:  # the whole call failed
        answers = [_fault(error)] * len(cases)
    results.update(zip(cases, answers, strict=True))
    seconds = (time.monotonic() - started) / len(work)
    return [
        _failed(task, made, seconds, by) if isinstance(made := results[place], AgentError) else fact(t, task, made, seconds)
        for place, (t, task) in enumerate(work)
    ]


def _placed(stream: Stream[Made], places: list[int]) -> Stream[Made]:
    """The stream of a call that some of the work is not in: each delta's index is the case's place in the work."""
    try:
        while True:
            delta = next(stream)
            place = places[delta.index]
            if place != delta.index:
                delta = (
                    replace(delta, index=place) if isinstance(delta, PreviewImage) else delta.model_copy(update={"index": place})
                )
            yield delta
    except StopIteration as finished:
        made: Made = finished.value
        return made
    finally:
        stream.close()


def _fault(error: StudioError) -> AgentError:
    return error if isinstance(error, AgentError) else AgentError(str(error))


def _failed(task: MakePlan | Draw | JudgeAttempt, error: AgentError, seconds: float, by: str) -> Failed:
    match task:
        case MakePlan():
            return Failed(task="plan", code=error.code, message=str(error), seconds=seconds, by=by)
        case Draw(key=key):
            return Failed(task="draw", attempt=key, code=error.code, message=str(error), seconds=seconds, by=by)
        case JudgeAttempt(attempt=attempt):
            return Failed(task="judge", attempt=attempt.key, code=error.code, message=str(error), seconds=seconds, by=by)
