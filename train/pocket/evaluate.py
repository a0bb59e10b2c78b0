"""Measures the pocket bundles on held-out cases, by the exact checker and through the studio's own inference path.

Every figure is a share with its number of cases and a 95 % interval. Knows nothing of training or printing.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

from PIL.Image import Image

from core.agreement import Balance, Figure, Share
from core.backends.vlm import Reply, Vlm
from core.dialect import Message, critic_messages, painter_messages, parse_plan, parse_verdict
from core.errors import ReplyError
from core.pocket.render import render
from core.pocket.world import KINDS, SLOTS, Scene, Thing, drawable
from core.types import Plan, Verdict
from train.pocket.examples import Example, Role, examples, pack
from train.pocket.intents import Intent, Wanted, check, expect, usual
from train.pocket.reading import parse_prompt
from train.pocket.recipe import HELD_OUT, SIDE

TOGETHER = 50  # cases in one call; more needs more memory and is no faster


class Tally:
    """Counts of right answers by name, in the order in which names came."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, name: str, right: bool) -> None:
        self._counts[name][0] += right
        self._counts[name][1] += 1

    def shares(self) -> dict[str, Share]:
        return {name: Share(right, of) for name, (right, of) in self._counts.items()}


def held_out(role: Role, count: int) -> list[Example]:
    return list(islice(examples(role, HELD_OUT), count))


def at_temperature(vlm: Vlm, temperature: float) -> Vlm:
    return replace(vlm, decoding=replace(vlm.decoding, temperature=temperature))


def replies(vlm: Vlm, asked: list[list[Message]], scenes: list[tuple[Scene | None, ...]], first_seed: int) -> list[Reply]:
    """What the model answers, as in the studio; case ``i`` is sampled by seed ``first_seed + i``."""
    answers: list[Reply] = []
    for start in range(0, len(asked), TOGETHER):
        part = slice(start, start + TOGETHER)
        pictures = [[_picture(scene) for scene in own] for own in scenes[part]]
        seeds = [first_seed + start + number for number in range(len(pictures))]
        call = vlm.generate(asked[part], pictures, seeds)
        while True:
            try:
                next(call)
            except StopIteration as finished:
                done = finished.value
                break
        for reply in done:
            if not isinstance(reply, Reply):
                raise reply
            answers.append(reply)
    return answers


def _picture(scene: Scene | None) -> Image:
    from PIL import Image as images

    return images.new("RGB", (SIDE, SIDE), "white") if scene is None else render(scene, SIDE)


def scene_of(program: str) -> Scene | None:
    """The scene that was drawn, or None where the program names none."""
    try:
        return drawable(program)
    except ValueError:
        return None


def painted(vlm: Vlm, cases: Iterable[tuple[str, Scene | None]], first_seed: int = 0) -> list[Scene | None]:
    """What the painter draws for each (prompt, picture before)."""
    given = list(cases)
    asked = [painter_messages(pack(), prompt, before is not None) for prompt, before in given]
    sources: list[tuple[Scene | None, ...]] = [() if before is None else (before,) for _, before in given]
    return [scene_of(reply.text) for reply in replies(vlm, asked, sources, first_seed)]


def judged(vlm: Vlm, cases: Iterable[tuple[str, str, Scene | None, Scene]], first_seed: int = 0) -> list[Verdict | None]:
    """The critic's verdict of each (prompt, current prompt, before, after); None where it can't be read."""
    given = list(cases)
    asked = [critic_messages(pack(), prompt, current) for prompt, current, _, _ in given]
    answers = replies(vlm, asked, [(before, after) for _, _, before, after in given], first_seed)
    return [_verdict(reply.text) for reply in answers]


def _verdict(text: str) -> Verdict | None:
    try:
        return parse_verdict(text)
    except ReplyError:
        return None


# ---------------------------------------------------------------- the figures


def painter_adherence(vlm: Vlm, count: int) -> dict[str, Share]:
    """How often a picture is all that its prompt asks for, by the prompt's style; and how often leaving it as it was is."""
    cases = held_out("painter", count)
    drawn = painted(vlm, [(case.facts["prompt"], case.facts["before"]) for case in cases])
    tally = Tally()
    for case, after in zip(cases, drawn, strict=True):
        intent, before, style = case.facts["intent"], case.facts["before"], case.facts["style"]
        success = after is not None and check(intent, before, after).success
        tally.add("a scene", after is not None)
        tally.add(style, success)
        tally.add("edit" if before else "from nothing", success)
        if style == "explicit":
            tally.add("explicit edit" if before else "explicit from nothing", success)
        if before is not None:
            tally.add("doing nothing", check(intent, before, before).success)
    return tally.shares()


def describing(vlm: Vlm, count: int) -> dict[str, Share]:
    """How much of a picture the painter reads rightly, by attribute."""
    cases = held_out("describe", count)
    tally = Tally()
    for case, reply in zip(cases, replies(vlm, [c.messages for c in cases], [c.scenes for c in cases], 0), strict=True):
        truth, seen = case.facts["scene"], scene_of(reply.text)
        tally.add("all", seen == truth)
        for name in ("place", "view", "time", "weather"):
            tally.add(name, seen is not None and getattr(seen, name) == getattr(truth, name))
        for thing in truth.things:
            other = seen.at(thing.slot) if seen else None
            for name in ("kind", "colour", "size", "count"):
                tally.add(name, other is not None and getattr(other, name) == getattr(thing, name))
    return tally.shares()


def critic_accuracy(vlm: Vlm, count: int) -> dict[str, Figure]:
    """How often the verdict is the truth, by truth and by fault; and how often words are exactly the teacher's."""
    cases = held_out("critic", count)
    facts = [case.facts for case in cases]
    verdicts = judged(vlm, [(f["prompt"], f["current"], f["before"], f["after"]) for f in facts])
    tally = Tally()
    for case, verdict in zip(cases, verdicts, strict=True):
        success, teacher = case.facts["success"], parse_verdict(case.completion)
        right = verdict is not None and verdict.accepted == success
        tally.add("a verdict", verdict is not None)
        tally.add("good pictures" if success else "bad pictures", right)
        tally.add("thought exact", verdict is not None and verdict.thought == teacher.thought)
        if not success:
            tally.add(f"fault: {case.facts['fault']}", right)
            tally.add("refined exact", verdict is not None and verdict.refined_prompt == teacher.refined_prompt)
    shares = tally.shares()
    return {"balanced accuracy": Balance(shares["good pictures"], shares["bad pictures"]), **shares}


def usefulness(painter: Vlm, critic: Vlm, count: int) -> dict[str, Share]:
    """Of pictures that failed and that the critic refused: how often its prompt mends them, and how often a new seed does."""
    lessons = [case.facts for case in held_out("painter", count)]
    first = painted(painter, [(f["prompt"], f["before"]) for f in lessons])
    failed = [
        (facts, after)
        for facts, after in zip(lessons, first, strict=True)
        if after is not None and not check(facts["intent"], facts["before"], after).success
    ]
    verdicts = judged(critic, [(f["prompt"], f["prompt"], f["before"], after) for f, after in failed])
    tally = Tally()
    refused: list[tuple[dict[str, Any], str]] = []
    for (facts, _), verdict in zip(failed, verdicts, strict=True):
        tally.add("painter's faults that the critic refuses", verdict is not None and not verdict.accepted)
        if verdict is not None and not verdict.accepted:
            refused.append((facts, verdict.refined_prompt or facts["prompt"]))
    again = painted(painter, [(facts["prompt"], facts["before"]) for facts, _ in refused], first_seed=1_000_000)
    refined = painted(painter, [(prompt, facts["before"]) for facts, prompt in refused], first_seed=1_000_000)
    for (facts, _), by_seed, by_prompt in zip(refused, again, refined, strict=True):
        for name, after in (("mended by a new seed", by_seed), ("mended by the refined prompt", by_prompt)):
            tally.add(name, _does(facts["intent"], facts["before"], after))
    return tally.shares()


def _does(intent: Intent, before: Scene | None, after: Scene | None) -> bool:
    return after is not None and check(intent, before, after).success


def planner_validity(vlm: Vlm, count: int) -> dict[str, Share]:
    """How often a reply is a plan, has as many steps as were asked for, and can be drawn step by step as it is imagined."""
    cases = held_out("planner", count)
    tally = Tally()
    for case, reply in zip(cases, replies(vlm, [c.messages for c in cases], [c.scenes for c in cases], 0), strict=True):
        try:
            plan = parse_plan(reply.text)
        except ReplyError:
            plan = None
        tally.add("a plan", plan is not None)
        if names := [name for name in case.facts["names"].values() if name in case.facts["request"]]:
            told = " ".join(step.caption or "" for step in plan.steps) if plan else ""
            tally.add("names are kept", all(re.search(rf"\b{re.escape(name)}\b", told) for name in names))
        steps = case.facts["asked_steps"]
        if steps is not None:
            tally.add("as many steps as asked", plan is not None and len(plan.steps) == steps)
        scene: Scene | None = None
        shown: set[str] = set()
        drawable = plan is not None
        for step in plan.steps if plan else ():
            if step.prompt is not None and drawable:
                scene = imagined(step.prompt, scene)
                drawable = scene is not None
                shown |= {thing.kind for thing in scene.things} if scene else set()
        tally.add("drawable to the end", drawable)
        tally.add("everything is where a later step says", plan is not None and remembers_places(plan))
        if wishes := _wishes(case.facts["asked"]):
            tally.add("all that was asked for appears", wishes <= shown)
    return tally.shares()


#: "the big red balloon at the top left": something that is there already, and where.
_PLACED = re.compile(
    rf"\b[Tt]he (?:\w+ ){{0,2}}({'|'.join(name for kind in KINDS.values() for name in (kind.plural, kind.name))})"
    rf" (?:at|in|on) the ({'|'.join(SLOTS)})\b"
)


def remembers_places(plan: Plan) -> bool:
    """Whether the plan remembers where it has put things, as far as its prompts say so and speak of them again."""
    kinds = {name: kind.name for kind in KINDS.values() for name in (kind.plural, kind.name)}
    told: dict[str, str] = {}
    for step in plan.steps:
        if step.prompt is None:
            continue
        if any(told.get(kinds[name], slot) != slot for name, slot in _PLACED.findall(step.prompt)):
            return False
        intent = parse_prompt(step.prompt, whole=not told)
        told |= {wanted.kind: wanted.slot for wanted in intent.wanted if wanted.slot}
        for kind in intent.gone:
            told.pop(kind, None)
    return True


def _wishes(premise: Any) -> set[str]:
    """The kinds of things that a request names."""
    asked = [premise.hero, *(wish for _, wish in premise.asked)]
    return {wanted.kind for wanted in asked if isinstance(wanted, Wanted)}


def imagined(prompt: str, before: Scene | None) -> Scene | None:
    """The picture that a perfect painter would draw; None if the prompt asks for nothing, or for what can't be."""
    intent = parse_prompt(prompt, whole=before is None)
    if before is not None and any(before.find(kind) is None for kind in intent.gone):
        return None
    if not (intent.wanted or intent.gone or intent.place or intent.time or intent.weather):
        return before
    expected = expect(intent, before)
    things: list[Thing] = []
    # Those whose slot is said come first: the others take what is left.
    for wanted in sorted(expected.things, key=lambda wanted: wanted.slot is None):
        taken = {thing.slot for thing in things}
        slot = wanted.slot or next((slot for slot in KINDS[wanted.kind].slots if slot not in taken), None)
        if slot is None:
            return None
        said = {"count": wanted.count or "one", "size": wanted.size or "medium", "colour": usual(wanted)}
        try:
            things.append(Thing.model_validate({"slot": slot, "kind": wanted.kind, **said}))
        except ValueError:
            return None
    place = expected.place or "meadow"
    weather = expected.weather or "clear"
    try:
        return Scene(place=place, view=before.view if before else 1, time=expected.time or "day", weather=weather).with_things(
            *things
        )
    except ValueError:
        return None


def seconds(vlm: Vlm, role: Role, count: int = 10) -> float:
    """Mean seconds of one reply, asked one at a time, on as many threads as torch has now."""
    cases = held_out(role, count + 1)
    began = 0.0
    for number, case in enumerate(cases):
        if number == 1:  # the first call warms up
            began = time.perf_counter()
        replies(vlm, [case.messages], [case.scenes], number)
    return (time.perf_counter() - began) / count
