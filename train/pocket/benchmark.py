"""What became of a request of the pocket benchmark (:mod:`train.pocket.items`), exactly. No model, no prose.

A story or a how-to succeeds from end to end if it has as many pictures as were asked for, each picture is just what its step's
prompt asks for and nothing else changed, and all that the request names is seen in it. The other two families have a truth of
their own for every picture, so there the plan's words do not count: only what is shown does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.events import Drawn, Event, Failed, Judged, Planned
from core.types import ImageRef
from train.pocket.beats import Family
from train.pocket.intents import Findings, check
from train.pocket.items import FAMILIES, ITEMS, Item, items, met
from train.pocket.reading import parse_prompt
from train.pocket.teacher import scene_in
from train.told import Told, told

if TYPE_CHECKING:
    from PIL.Image import Image

    from core.pocket.world import Scene

__all__ = ["FAMILIES", "ITEMS", "Item", "Outcome", "items", "outcome"]

#: Where the plan's words count for the whole, too.
BY_PROMPT: frozenset[Family] = frozenset(("story", "how-to"))


@dataclass(frozen=True)
class Outcome:
    """What became of one request. Shares are counts: ``right`` of ``steps`` pictures, ``refused`` of ``bad`` ones, and so on.

    ``good`` and ``bad`` count the attempts that the critic judged, ``accepted`` and ``refused`` those that it judged rightly.
    ``followed`` are the pictures that show all that their prompts ask for, whatever else they changed; of the ``edited``
    ones, ``harmed`` changed something that they should not have, ``collateral`` things in all.
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
    family: Family = "story"  # earlier lines say nothing of these
    followed: int = 0
    edited: int = 0
    harmed: int = 0
    collateral: int = 0

    def json(self) -> dict[str, Any]:
        return asdict(self)


def outcome(item: Item, story_id: str, events: Sequence[Event], load: Callable[[ImageRef], Image]) -> Outcome:
    """The truth about a story, from its facts and from the scene programs in its pictures."""
    story = told(story_id, events)
    scenes = _Scenes(load)
    shown = [scene for _, image in story.shown if image and (scene := scenes.of(image))]
    drawn_steps = [standing for standing in story.trajectory.standings if standing.step.prompt is not None]
    found = [_found(scenes, standing) for standing in drawn_steps]
    right = sum(each is not None and each.success for each in found)
    edits = [each for each, standing in zip(found, drawn_steps, strict=True) if each and standing.source]
    truths = _truths(story, scenes)
    planned = bool(story.trajectory.steps)
    length = planned and (item.steps is None or len(drawn_steps) == item.steps)
    wished = met(item, shown)
    firsts = [truth for truth, number, _ in truths if number == 0]
    verdicts = [(truth, accepted) for truth, _, accepted in truths if accepted is not None]
    return Outcome(
        id=item.id,
        success=bool(drawn_steps) and length and wished and (item.family not in BY_PROMPT or right == len(drawn_steps)),
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
        family=item.family,
        followed=sum(each is not None and not each.unmet for each in found),
        edited=len(edits),
        harmed=sum(bool(each.collateral) for each in edits),
        collateral=sum(len(each.collateral) for each in edits),
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

    def findings(self, prompt: str, source: ImageRef | None, image: ImageRef) -> Findings | None:
        """What the picture is not that the prompt asks of the source, and what it changed besides; None without a scene."""
        before, after = self.of(source) if source else None, self.of(image)
        return None if after is None else check(parse_prompt(prompt, whole=before is None), before, after)

    def success(self, prompt: str, source: ImageRef | None, image: ImageRef) -> bool:
        """Whether the picture is what the prompt asks of the source, and no more."""
        found = self.findings(prompt, source, image)
        return found is not None and found.success


def _found(scenes: _Scenes, standing: Any) -> Findings | None:
    return scenes.findings(standing.step.prompt, standing.source, standing.image) if standing.image else None


def _truths(story: Told, scenes: _Scenes) -> list[tuple[bool, int, bool | None]]:
    """Of every attempt: is it a success, its number, and what the critic said, if it was asked."""
    found = []
    for case in story.cases:
        attempt = case.attempt
        truth = scenes.success(case.prompt, attempt.source, attempt.image)
        found.append((truth, attempt.key.number, case.critic.verdict.accepted if case.critic else None))
    return found


def _unread(events: Sequence[Event]) -> dict[str, int]:
    failed = [event.task for event in events if isinstance(event, Failed) and event.code == "reply"]
    return {task: failed.count(task) for task in ("plan", "judge")}


def _seconds(events: Sequence[Event]) -> dict[str, float]:
    kinds = {"planner": Planned, "painter": Drawn, "critic": Judged}
    return {
        name: round(sum(event.seconds or 0.0 for event in events if isinstance(event, kind)), 3) for name, kind in kinds.items()
    }
