"""Endless training examples for the pocket agents: messages, pictures as scenes, the reply to learn, and the facts behind it.

Deterministic in (role, seed). Messages and replies come from :mod:`core.dialect`, so what is learnt here is what the studio
sends; pictures stay scenes, for whoever trains to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, Literal

from core.dialect import Message, Pack, critic_messages, load_pack, painter_messages, plan_reply, planner_messages, verdict_reply
from core.pocket.world import Scene
from core.types import Verdict
from train.pocket import faults
from train.pocket.asking import ask
from train.pocket.beats import Family
from train.pocket.critique import refined, thought
from train.pocket.intents import check
from train.pocket.items import to_learn_from
from train.pocket.lessons import Lesson, lesson, painted
from train.pocket.plots import plot
from train.pocket.telling import Manner, tell
from train.pocket.wishes import random_edit, random_scene

Role = Literal["planner", "painter", "critic", "describe", "families"]
PACK = Path(__file__).parents[2] / "assets" / "prompts" / "pocket"
DESCRIBE = "Describe the picture."
PASSED = 0.5  # of a critic's cases are good pictures
UNRELATED = 0.35  # of the others have nothing to do with the prompt, or the critic would copy the prompt into its thought
#: How often each family is planned for. A planner that tells stories already forgets none with a third of them; with half of
#: them, it had learned too little of what is new after 300 steps.
FAMILY_ODDS: dict[Family, int] = {"story": 32, "how-to": 8, "knowledge": 30, "edit": 30}
#: How much of the usual vagueness its prompts have. The packed painter does all of a vague edit in about half of the cases.
VAGUENESS: dict[Family, float] = {"story": 0.5, "how-to": 0.5, "knowledge": 0.0, "edit": 0.0}
RETRIED = 0.35  # of the cases were drawn with a prompt that was refined before


@dataclass(frozen=True)
class Example:
    """One thing to learn. ``scenes`` has one entry per image placeholder in order; ``None`` is an empty white canvas."""

    role: Role
    messages: list[Message]
    scenes: tuple[Scene | None, ...]
    completion: str
    facts: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def pack() -> Pack:
    return load_pack(PACK)


def examples(role: Role, seed: int) -> Iterator[Example]:
    """Endless examples for ``role``; the same seed gives the same ones."""
    rng = Random(f"{role} {seed}")
    make = _MAKERS[role]
    while True:
        yield make(rng)


def describe_example(rng: Random) -> Example:
    """A picture, and its scene program: how the shared base learns to see."""
    scene = random_scene(rng)
    return Example("describe", painter_messages(pack(), DESCRIBE, True), (scene,), scene.program(), {"scene": scene})


def painter_example(rng: Random) -> Example:
    """A prompt, perhaps a picture before it, and the program of the picture after it."""
    given = lesson(rng)
    after = painted(rng, given)
    scenes = () if given.before is None else (given.before,)
    facts = {"prompt": given.prompt, "intent": given.intent, "before": given.before, "style": given.style}
    return Example("painter", painter_messages(pack(), given.prompt, given.before is not None), scenes, after.program(), facts)


def critic_example(rng: Random) -> Example:
    """The pictures before and after, a prompt, the prompt drawn with; and the exact judgement."""
    given = lesson(rng)
    before, intent = given.before, given.intent
    after, fault = given.good, "none"
    if rng.random() >= PASSED:
        if rng.random() < UNRELATED:
            after, fault = faults.unrelated(rng, before, random_edit), "unrelated"
        else:
            after, fault = faults.spoiled(rng, intent, before, after)
    findings = check(intent, before, after)
    current = _current(rng, given)
    verdict = Verdict(
        accepted=findings.success,
        thought=thought(intent, before, after, findings),
        refined_prompt=None if findings.success else refined(intent, before, findings),
    )
    facts = {
        "prompt": given.prompt,
        "current": current,
        "before": before,
        "after": after,
        "success": findings.success,
        "fault": "none" if findings.success else fault,
        "intent": intent,
    }
    messages = critic_messages(pack(), given.prompt, current)
    return Example("critic", messages, (before, after), verdict_reply(verdict, current), facts)


def _current(rng: Random, given: Lesson) -> str:
    """The prompt that was drawn with: the step's own, or one that an earlier failure was answered with."""
    if rng.random() >= RETRIED:
        return given.prompt
    earlier, _ = faults.spoiled(rng, given.intent, given.before, given.good)
    return refined(given.intent, given.before, check(given.intent, given.before, earlier))


def planner_example(rng: Random) -> Example:
    """A request in somebody's words, and a plan that tells it."""
    request = ask(rng)
    story = plot(rng, request.premise)
    plan, styles = tell(story, rng)
    facts = {
        "request": request.text,
        "steps": len(plan.steps),
        "asked_steps": request.premise.steps,
        "names": story.names,
        "styles": styles,
        "scenes": tuple(beat.scene for beat in story.beats),
        "asked": request.premise,
    }
    return Example("planner", planner_messages(pack(), request.text, 0), (), plan_reply(plan), facts)


def families_example(rng: Random) -> Example:
    """A request of any family, never one of the benchmark's nor in its wordings, and a plan that tells it."""
    family: Family = rng.choices(list(FAMILY_ODDS), list(FAMILY_ODDS.values()))[0]
    found = to_learn_from(family, rng)
    item, story = found.item, found.story
    plan, styles = tell(story, rng, Manner(VAGUENESS[family], plain=True))
    facts = {
        "request": item.text,
        "item": item,
        "steps": len(plan.steps),
        "asked_steps": item.steps,
        "names": story.names,
        "styles": styles,
        "scenes": tuple(beat.scene for beat in story.beats),
        "asked": found.premise,
    }
    return Example("families", planner_messages(pack(), item.text, 0), (), plan_reply(plan), facts)


_MAKERS: dict[Role, Callable[[Random], Example]] = {
    "describe": describe_example,
    "painter": painter_example,
    "critic": critic_example,
    "planner": planner_example,
    "families": families_example,
}


def corpus(seed: int, count: int) -> Iterator[str]:
    """``count`` texts of all roles, prompts and replies, to learn the tokenizer on."""
    streams = [examples(role, seed) for role in _MAKERS]
    for number in range(count):
        example = next(streams[number % len(streams)])
        words = [part["text"] for message in example.messages for part in message["content"] if part["type"] == "text"]
        yield "\n".join([*words, example.completion])
