"""The pocket benchmark: fixed requests that nothing is trained on, and the exact truth of what became of one. No model, no prose.

A story succeeds from end to end if it has as many pictures as were asked for, each picture is just what its step's prompt
asks for and nothing else changed, and all that the request names is seen in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from core.events import Drawn, Event, Failed, Judged, Planned
from core.types import ImageRef
from train.pocket.asking import ask
from train.pocket.evaluate import HELD_OUT
from train.pocket.intents import Wanted, check
from train.pocket.reading import parse_prompt
from train.pocket.teacher import scene_in
from train.told import Told, normal, told

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.pocket.world import Scene
    from train.pocket.beats import Premise

ITEMS = 1000


@dataclass(frozen=True)
class Item:
    """One request, and what has to be seen. ``steps``: the number of pictures that was asked for, if any was."""

    id: str
    text: str
    wishes: tuple[Wanted, ...]
    place: str | None
    steps: int | None


def items() -> Iterator[Item]:
    """The benchmark's requests, always the same ones in the same order; each says what it wants to see."""
    seen, number = set[str](), HELD_OUT
    while len(seen) < ITEMS:
        number += 1
        request = ask(Random(f"benchmark {number}"))
        item = _item(f"story-{len(seen) + 1:04d}", request.text, request.premise)
        if not item.wishes or normal(item.text) in seen:
            continue
        seen.add(normal(item.text))
        yield item


def _item(name: str, text: str, premise: Premise) -> Item:
    if premise.task:  # its things are the planner's to choose, but for those that the words name
        named = {wanted.kind for wanted in parse_prompt(text).wanted}
        wishes = tuple(wish for _, wish in premise.asked if isinstance(wish, Wanted) and wish.kind in named)
        return Item(name, text, wishes, None, premise.steps)
    wishes = (premise.hero, *(wish for _, wish in premise.asked))
    if not premise.asked and not parse_prompt(text).wanted:  # "Tell me a story": its hero is invented
        wishes = ()
    return Item(name, text, tuple(wish for wish in wishes if isinstance(wish, Wanted)), premise.place, premise.steps)


@dataclass(frozen=True)
class Outcome:
    """What became of one request. Shares are counts: ``right`` of ``steps`` pictures, ``refused`` of ``bad`` ones, and so on.

    ``good`` and ``bad`` count the attempts that the critic judged, ``accepted`` and ``refused`` those that it judged rightly.
    """

    id: str
    success: bool
    planned: bool
    length: bool
    wished: bool
    steps: int
    right: int
    first: int  # of the first attempts at a step
    drawn: int
    judged: int
    good: int
    accepted: int
    bad: int
    refused: int
    unread: dict[str, int]  # replies that could not be used, by task
    seconds: dict[str, float]

    def json(self) -> dict[str, Any]:
        return asdict(self)


def outcome(item: Item, story_id: str, events: Sequence[Event], load: Callable[[ImageRef], Image]) -> Outcome:
    """The truth about a story, from its facts and from the scene programs in its pictures."""
    story = told(story_id, events)
    scenes = _Scenes(load)
    shown = [scene for _, image in story.shown if image and (scene := scenes.of(image))]
    drawn_steps = [standing for standing in story.trajectory.standings if standing.step.prompt is not None]
    right = sum(standing.image is not None and _right(scenes, standing) for standing in drawn_steps)
    truths = _truths(story, scenes)
    planned = bool(story.trajectory.steps)
    length = planned and (item.steps is None or len(drawn_steps) == item.steps)
    wished = all(any(_shows(scene, wish) for scene in shown) for wish in item.wishes)
    if item.place is not None:
        wished = wished and any(scene.place == item.place for scene in shown)
    firsts = [truth for truth, number, _ in truths if number == 0]
    verdicts = [(truth, accepted) for truth, _, accepted in truths if accepted is not None]
    return Outcome(
        id=item.id,
        success=planned and length and wished and bool(drawn_steps) and right == len(drawn_steps),
        planned=planned,
        length=length,
        wished=wished,
        steps=len(drawn_steps),
        right=right,
        first=sum(firsts),
        drawn=sum(isinstance(event, Drawn) for event in events),
        judged=sum(isinstance(event, Judged) for event in events),
        good=sum(truth for truth, _ in verdicts),
        accepted=sum(truth and accepted for truth, accepted in verdicts),
        bad=sum(not truth for truth, _ in verdicts),
        refused=sum(not truth and not accepted for truth, accepted in verdicts),
        unread=_unread(events),
        seconds=_seconds(events),
    )


class _Scenes:
    """The scenes in a story's pictures, each read once."""

    def __init__(self, load: Callable[[ImageRef], Image]) -> None:
        self._load = load
        self._known: dict[str, Scene | None] = {}

    def of(self, image: ImageRef) -> Scene | None:
        if image.sha256 not in self._known:
            self._known[image.sha256] = scene_in(self._load(image))
        return self._known[image.sha256]

    def success(self, prompt: str, source: ImageRef | None, image: ImageRef) -> bool:
        """Whether the picture is what the prompt asks of the source, and no more."""
        before, after = self.of(source) if source else None, self.of(image)
        return after is not None and check(parse_prompt(prompt, whole=before is None), before, after).success


def _right(scenes: _Scenes, standing: Any) -> bool:
    return scenes.success(standing.step.prompt, standing.source, standing.image)


def _truths(story: Told, scenes: _Scenes) -> list[tuple[bool, int, bool | None]]:
    """Of every attempt: is it a success, its number, and what the critic said, if it was asked."""
    found = []
    for case in story.cases:
        attempt = case.attempt
        truth = scenes.success(case.prompt, attempt.source, attempt.image)
        found.append((truth, attempt.key.number, case.critic.verdict.accepted if case.critic else None))
    return found


def _shows(scene: Scene, wish: Wanted) -> bool:
    thing = scene.find(wish.kind)
    if thing is None:
        return False
    said = {name: getattr(wish, name) for name in ("colour", "size", "count")}
    return all(value is None or getattr(thing, name) == value for name, value in said.items())


def _unread(events: Sequence[Event]) -> dict[str, int]:
    failed = [event.task for event in events if isinstance(event, Failed) and event.code == "reply"]
    return {task: failed.count(task) for task in ("plan", "judge")}


def _seconds(events: Sequence[Event]) -> dict[str, float]:
    kinds = {"planner": Planned, "painter": Drawn, "critic": Judged}
    return {
        name: round(sum(event.seconds or 0.0 for event in events if isinstance(event, kind)), 3) for name, kind in kinds.items()
    }
