"""Measures a planner on each family of requests: does the plan, drawn without a fault, show just what the request wants?

The requests are in the benchmark's wordings and none of them is the benchmark's, so a planner may be chosen by these figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from random import Random

from core.agreement import Share
from core.backends.vlm import Vlm
from core.dialect import parse_plan, planner_messages
from core.errors import ReplyError
from core.pocket.world import Scene
from core.types import Plan
from train.pocket.beats import Family
from train.pocket.evaluate import Tally, imagined, remembers_places, replies
from train.pocket.examples import pack
from train.pocket.items import FAMILIES, Item, asked, held_out_texts, met
from train.pocket.recipe import HELD_OUT
from train.told import normal


def requests(family: Family, count: int) -> list[Item]:
    """Requests like the benchmark's, and none of them."""
    return list(islice(_requests(family), count))


def _requests(family: Family) -> Iterator[Item]:
    number = HELD_OUT
    while True:
        number += 1
        item = asked(family, Random(f"trial {number}"), held=True).item
        if (item.wishes or item.changes) and normal(item.text) not in held_out_texts():
            yield item


def by_family(vlm: Vlm, count: int, families: Collection[Family] = FAMILIES) -> dict[Family, dict[str, Share]]:
    return {family: agreement(vlm, requests(family, count)) for family in FAMILIES if family in families}


def agreement(vlm: Vlm, items: Sequence[Item]) -> dict[str, Share]:
    """How often a reply is a plan, has the pictures that were asked for, and shows what must be seen and nothing else."""
    tally = Tally()
    asked = [planner_messages(pack(), item.text, 0) for item in items]
    for item, reply in zip(items, replies(vlm, asked, [()] * len(items), 0), strict=True):
        try:
            plan = parse_plan(reply.text)
        except ReplyError:
            plan = None
        scenes = drawn(plan) if plan else None
        length = plan is not None and item.steps in (None, len(plan.steps))
        tally.add("a plan", plan is not None)
        tally.add("as many pictures as asked", length)
        tally.add("can be drawn to the end", scenes is not None)
        tally.add("remembers places", plan is not None and remembers_places(plan))
        tally.add("shows what was asked for", length and scenes is not None and met(item, scenes))
    return tally.shares()


def drawn(plan: Plan) -> list[Scene] | None:
    """The pictures of a perfect painter; None if a prompt can't be drawn."""
    scenes: list[Scene] = []
    for step in plan.steps:
        if step.prompt is None:
            continue
        scene = imagined(step.prompt, scenes[-1] if scenes else None)
        if scene is None:
            return None
        scenes.append(scene)
    return scenes
