"""Decides what happens next. Pure: no models, no disk, no clock.

The rule (METHOD: inference): make the plan; then, step by step, draw on the previous accepted picture, judge, and draw
again with the refined prompt until the critic accepts or the budget ends; then keep the best attempt. Every task carries
all that it needs, so a task that ``next_task`` still names is still wanted, and one that it no longer names is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import SkipValidation

from core.errors import Sentence
from core.trajectory import Standing, Trajectory, Try
from core.types import Attempt, AttemptKey, ImageRef, StepId, Text, Value


class MakePlan(Value):
    """Ask the planner. ``plan_revision`` is the plan that the answer would replace."""

    plan_revision: int
    seed: int


class Draw(Value):
    """Draw one attempt. Attempts of one ``round`` are candidates: the same prompt, other seeds."""

    key: AttemptKey
    prompt: Text
    seed: int
    source: ImageRef | None
    round: int = 0


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
    message: SkipValidation[str] = ""  # Pydantic would make a mere text of a sentence that can be translated


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
    if approved := [tried for tried in tries if tried.person and tried.person.accepted]:
        return _settle(standing, max(approved, key=lambda tried: tried.overruled), "person")
    if not tries:
        return _draw(t, standing, step.prompt, 0)
    refused = max((tried for tried in tries if tried.rejected), key=lambda tried: tried.overruled, default=None)
    since = tuple(tried for tried in tries if refused is None or tried.born >= refused.overruled)
    if refused and refused.person and not since:  # a person's own prompt comes before the critic's
        return _draw(t, standing, refused.person.refined_prompt or refused.attempt.prompt, tries[-1].round + 1)
    return _round_task(t, standing, since)


def _round_task(t: Trajectory, standing: Standing, since: tuple[Try, ...]) -> Task | Rest:
    """What to do with the attempts since a person last rejected one: their rejection buys the step a new budget."""
    last = tuple(tried for tried in since if tried.round == since[-1].round)
    left = t.policy.max_attempts - len(since)
    if len(last) < t.policy.candidates and left > 0 and not any(tried.verdict for tried in last):
        return _draw(t, standing, last[-1].attempt.prompt, last[-1].round)
    if unjudged := next((tried for tried in last if tried.verdict is None), None):
        return _judge(t, standing, unjudged)
    if passed := [tried for tried in since if t.passes(tried)]:
        return _settle(standing, _best(passed), "accepted")
    if left > 0:
        best = _best(last)
        refined = best.verdict.refined_prompt if best.verdict else None
        return _draw(t, standing, refined or best.attempt.prompt, last[-1].round + 1)
    step = standing.step
    if t.policy.on_exhausted == "pause":
        name, most = step.title or step.id, t.policy.max_attempts
        message = Sentence(
            "No attempt at “{name}” passed within {most}: choose one, edit the prompt, or retry.", name=name, most=most
        )
        return Rest(reason="exhausted", step=step.id, message=message)
    kept = since[-1] if t.policy.on_exhausted == "last" else _best(standing.tries)
    return _settle(standing, kept, "budget")


def _best(tries: Sequence[Try]) -> Try:
    return max(tries, key=lambda tried: tried.rank)  # max: ties to the earlier


def _draw(t: Trajectory, standing: Standing, prompt: str, round_number: int) -> Task | Rest:
    step = standing.step
    key = AttemptKey(step=step.id, revision=step.revision, number=len(t.tries_of(step)))
    failed = t.times_failed("draw", key)
    assert t.request is not None
    seed = derive_seed(t.request.seed, "draw", step.id, step.revision, key.number, failed)
    task = Draw(key=key, prompt=prompt, seed=seed, source=standing.source, round=round_number)
    return _unless_stuck(t, task, failed, key)


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
