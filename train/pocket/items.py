"""The pocket benchmark's requests: a thousand, always the same ones, and the exact truth of each. No model, no pixels.

They are of four families in turn: stories, how-tos, requests that name things only by what is known of them, and first
pictures with something that happens to them. What a planner is trained on has none of them, nor their wordings of what is
known and of what happens (:mod:`train.pocket.families`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, get_args

from train.pocket import howto
from train.pocket.aftermath import aftermath
from train.pocket.asking import ask, ask_how
from train.pocket.beats import Family, Premise, Story
from train.pocket.intents import Intent, Wanted, Wish, check
from train.pocket.plots import plot
from train.pocket.reading import parse_prompt
from train.pocket.recipe import HELD_OUT
from train.pocket.riddles import riddle
from train.told import normal

if TYPE_CHECKING:
    from core.pocket.world import Place, Scene, Time, Weather

FAMILIES: tuple[Family, ...] = get_args(Family)
ITEMS = 1000


@dataclass(frozen=True)
class Item:
    """One request, and what has to be seen. ``steps``: the number of pictures that was asked for, if any was.

    ``absent``: kinds that are not to be seen. ``together``: all is wanted in one picture. ``changes``: what the pictures are
    in turn, the first of nothing and each other of the one before; any one of several will do. ``parts``: its words,
    picture by picture, where they can be taken apart.
    """

    id: str
    text: str
    wishes: tuple[Wish, ...]
    place: Place | None
    steps: int | None
    family: Family = "story"
    time: Time | None = None
    weather: Weather | None = None
    absent: tuple[str, ...] = ()
    together: bool = False
    changes: tuple[tuple[Intent, ...], ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A request with its truth, and a story that tells it as a good planner would."""

    item: Item
    premise: Premise | None
    story: Story


def items(families: Collection[Family] = FAMILIES) -> Iterator[Item]:
    """The benchmark's requests, of these families alone if not of all; each says what it wants to see."""
    for each in asked_items():
        if each.item.family in families:
            yield each.item


@lru_cache(maxsize=1)
def asked_items() -> tuple[Asked, ...]:
    """The requests with the teacher's stories, the families in turn."""
    each = ITEMS // len(FAMILIES)
    columns = [list(islice(_different(family), each)) for family in FAMILIES]
    return tuple(one for turn in zip(*columns, strict=True) for one in turn)


@lru_cache(maxsize=1)
def held_out_texts() -> frozenset[str]:
    return frozenset(normal(each.item.text) for each in asked_items())


def _different(family: Family) -> Iterator[Asked]:
    seen, number = set[str](), HELD_OUT
    while True:
        number += 1
        found = asked(family, Random(f"benchmark {number}"), held=True)
        if not (found.item.wishes or found.item.changes) or normal(found.item.text) in seen:
            continue
        seen.add(normal(found.item.text))
        yield replace(found, item=replace(found.item, id=f"{family}-{len(seen):03d}"))


def asked(family: Family, rng: Random, held: bool) -> Asked:
    """A random request of a family, in the benchmark's wordings if ``held``, else in others."""
    match family:
        case "story":
            return _story(rng)
        case "how-to":
            return _how(rng, held)
        case "knowledge":
            return _riddle(rng, held)
        case "edit":
            made = aftermath(rng, held)
            wishes = made.truths[0][0].wanted
            item = Item("", made.text, wishes, None, len(made.truths), "edit", changes=made.truths, parts=made.parts)
            return Asked(item, None, made.story)


def to_learn_from(family: Family, rng: Random) -> Asked:
    """A random request for training: never one of the benchmark's, nor in its wordings."""
    while normal((found := asked(family, rng, held=False)).item.text) in held_out_texts():
        pass
    return found


def _story(rng: Random) -> Asked:
    while (request := ask(rng)).premise.task:  # of another family
        pass
    premise = request.premise
    wishes = (premise.hero, *(wish for _, wish in premise.asked))
    if not premise.asked and not parse_prompt(request.text).wanted:  # "Tell me a story": its hero is invented
        wishes = ()
    wanted = tuple(wish for wish in wishes if isinstance(wish, Wanted))
    item = Item("", request.text, wanted, premise.place, premise.steps)
    return Asked(item, premise, plot(rng, premise))


def _how(rng: Random, held: bool) -> Asked:
    """What a how-to's words name must be seen, and one of the things that the task is done with; the rest is the planner's."""
    request = ask_how(rng, held)
    premise, read = request.premise, parse_prompt(request.text)
    task = howto.task_of(premise.task)
    named = [wanted.kind for wanted in read.wanted if wanted.kind in (task.base, *task.things)]
    there = {wish.kind for _, wish in premise.asked} | {task.base}
    premise = replace(premise, asked=(*premise.asked, *(("find", Wanted(kind)) for kind in named if kind not in there)))
    wishes: tuple[Wish, ...] = (*map(Wanted, named), tuple(map(Wanted, task.things)))
    place = task.place if read.place == task.place else None
    weather = task.weather if read.weather == task.weather else None
    item = Item("", request.text, wishes, place, premise.steps, "how-to", weather=weather)
    return Asked(item, premise, plot(rng, premise))


def _riddle(rng: Random, held: bool) -> Asked:
    made = riddle(rng, held)
    premise = made.premise
    item = Item(
        "", made.text, made.wishes, premise.place, premise.steps, "knowledge", premise.time, premise.weather, made.absent, True
    )
    named = {made.premise.hero.kind, *(wish.kind for _, wish in premise.asked)} if made.premise.hero else set()
    while True:
        story = replace(plot(rng, premise), family="knowledge")
        scenes = [beat.scene for beat in story.beats]
        if met(item, scenes) and {thing.kind for scene in scenes for thing in scene.things} <= named:  # nothing invented
            return Asked(item, premise, story)


# ---------------------------------------------------------------- the truth


def met(item: Item, scenes: Sequence[Scene]) -> bool:
    """Whether these pictures show all that the request wants, and nothing that it does not want."""
    if any(scene.find(kind) for scene in scenes for kind in item.absent):
        return False
    if item.changes:
        befores = [None, *scenes]
        return len(scenes) == len(item.changes) and all(
            any(check(truth, before, after).success for truth in truths)
            for truths, before, after in zip(item.changes, befores, scenes, strict=False)
        )
    if item.together:
        return any(_all_in(item, [scene]) for scene in scenes)
    return _all_in(item, scenes)


def _all_in(item: Item, scenes: Sequence[Scene]) -> bool:
    """Whether each wish is met somewhere in these pictures."""
    staged = (
        value is None or any(getattr(scene, name) == value for scene in scenes)
        for name, value in (("place", item.place), ("time", item.time), ("weather", item.weather))
    )
    return all(staged) and all(any(_shows(scene, wish) for scene in scenes) for wish in item.wishes)


def _shows(scene: Scene, wish: Wish) -> bool:
    if isinstance(wish, tuple):
        return any(_shows(scene, each) for each in wish)
    thing = scene.find(wish.kind)
    if thing is None:
        return False
    said = {name: getattr(wish, name) for name in ("colour", "size", "count")}
    return all(value is None or getattr(thing, name) == value for name, value in said.items())
