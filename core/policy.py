"""Decides what happens next. Pure: no models, no disk, no clock.

The rule (METHOD: inference): make the plan; then, step by step, draw on the previous accepted picture, judge, and draw
again with the refined prompt until the critic accepts or the budget ends; then keep the best attempt. Every task carries
all that it needs, so a task that ``next_task`` still names is still wanted, and one that it no longer names is not.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from core.trajectory import Standing, Trajectory, Try
from core.types import Attempt, AttemptKey, ImageRef, StepId, Text, Value


class MakePlan(Value):
    """Ask the planner. ``plan_revision`` is the plan that the answer would replace."""

    plan_revision: int
    seed: int


class Draw(Value):
    """Draw one attempt."""

    key: AttemptKey
    prompt: Text
    seed: int
    source: ImageRef | None


class JudgeAttempt(Value):
    """Ask the critic about one attempt. ``prompt`` is the step's own; the attempt has the one it was drawn with."""

    attempt: Attempt
    prompt: Text
    seed: int


class Settle(Value):
    """Call a step done."""

    step: StepId
    revision: int
    attempt: AttemptKey | None
    source: ImageRef | None
    why: Literal["accepted", "budget", "text", "person"]


class Rest(Value):
    """Nothing to do until a person acts (or ever, when ``done``). ``message`` says why, for a person."""

    reason: Literal["done", "paused", "review", "stuck", "exhausted"]
    step: StepId | None = None
    message: str = ""


Task = MakePlan | Draw | JudgeAttempt | Settle


def next_task(t: Trajectory) -> Task | Rest:
    """What to do now with an opened story."""
    if t.request is None:
        raise ValueError("nobody has opened this story")
    if t.paused:
        return Rest(reason="paused", message="Paused.")
    if t.steps and t.policy.review and t.unreviewed:
        return Rest(reason="review", message="Waiting for you to look and go on.")
    if not t.steps:
        failed = t.times_failed("plan", None)
        plan = MakePlan(plan_revision=t.plan_revision, seed=derive_seed(t.request.seed, "plan", t.plan_revision, failed))
        return _unless_stuck(t, plan, failed, None)
    standing = t.first_open
    if standing is None:
        return Rest(reason="done", message="Finished.")
    return _step_task(t, standing)


def wanted(task: Task, t: Trajectory) -> bool:
    """Whether a call in flight should go on: not stopped at once, and still what would be done next."""
    if t.stop_now:
        return False
    # A soft pause lets the call in flight finish. The copy shares the cached standings, which do not depend on the pause.
    return next_task(t.model_copy(update={"paused": False}) if t.paused else t) == task


def derive_seed(story_seed: int, *names: str | int) -> int:
    """The seed of one call: moves with every name, the same on every machine. In [0, 2**31)."""
    digest = hashlib.sha256(repr((story_seed, *names)).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


def _step_task(t: Trajectory, standing: Standing) -> Task | Rest:
    step, tries = standing.step, standing.tries
    if step.prompt is None:
        return _settle(standing, None, "text")
    if accepted := next((tried for tried in tries if tried.verdict and tried.verdict.accepted), None):
        return _settle(standing, accepted, "person" if accepted.person else "accepted")
    if not tries:
        return _draw(t, standing, step.prompt)
    last = tries[-1]
    if last.verdict is None:
        return _judge(t, standing, last)
    if _spent(tries) < t.policy.max_attempts:
        return _draw(t, standing, last.verdict.refined_prompt or last.attempt.prompt)
    if t.policy.on_exhausted == "pause":
        name, most = step.title or step.id, t.policy.max_attempts
        message = f"No attempt at “{name}” passed within {most}: choose one, edit the prompt, or retry."
        return Rest(reason="exhausted", step=step.id, message=message)
    kept = last if t.policy.on_exhausted == "last" else max(tries, key=lambda tried: tried.rank)  # max: ties to the earlier
    return _settle(standing, kept, "budget")


def _spent(tries: tuple[Try, ...]) -> int:
    """Attempts since a person last rejected one: their rejection buys the step a new budget."""
    for back, tried in enumerate(reversed(tries)):
        if tried.person is not None:
            return back
    return len(tries)


def _draw(t: Trajectory, standing: Standing, prompt: str) -> Task | Rest:
    step = standing.step
    key = AttemptKey(step=step.id, revision=step.revision, number=len(t.tries_of(step)))
    failed = t.times_failed("draw", key)
    assert t.request is not None
    seed = derive_seed(t.request.seed, "draw", step.id, step.revision, key.number, failed)
    return _unless_stuck(t, Draw(key=key, prompt=prompt, seed=seed, source=standing.source), failed, key)


def _judge(t: Trajectory, standing: Standing, tried: Try) -> Task | Rest:
    key, prompt = tried.attempt.key, standing.step.prompt
    failed = t.times_failed("judge", key)
    assert t.request is not None
    assert prompt is not None
    seed = derive_seed(t.request.seed, "judge", key.step, key.revision, key.number, failed)
    return _unless_stuck(t, JudgeAttempt(attempt=tried.attempt, prompt=prompt, seed=seed), failed, key)


def _settle(standing: Standing, tried: Try | None, why: Literal["accepted", "budget", "text", "person"]) -> Settle:
    return Settle(
        step=standing.step.id,
        revision=standing.step.revision,
        attempt=tried.attempt.key if tried else None,
        source=standing.source if tried else None,
        why=why,
    )


def _unless_stuck(t: Trajectory, task: Task, failed: int, key: AttemptKey | None) -> Task | Rest:
    if failed < t.policy.max_failures:
        return task
    return Rest(reason="stuck", step=key.step if key else None, message=t.failures[-1].message)
