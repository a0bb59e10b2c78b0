"""The pocket benchmark in a run: its fixed requests, and the figures of their exact truth (:mod:`train.pocket.benchmark`)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.agreement import Balance, Share
from core.store import Store
from train.benchmarks.figures import ratio, ratio_of
from train.benchmarks.outcomes import Line, pocket_outcome
from train.benchmarks.runner import Figure, Telling
from train.collect import Prompt
from train.pocket.beats import Family
from train.pocket.benchmark import FAMILIES, Outcome, items, outcome


@dataclass(frozen=True)
class Pocket:
    """A thousand requests, always the same ones, or those of some families.

    A line's ``main`` is 1 where the story succeeded from end to end, else 0.
    """

    families: tuple[Family, ...] = FAMILIES
    name: str = "pocket"
    judge: str = "exact"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {} if self.families == FAMILIES else {"families": list(self.families)}

    @property
    def inputs(self) -> Sequence[Path]:
        return ()

    def prompts(self) -> Sequence[Prompt]:
        return [Prompt(number, item.id, item.text) for number, item in enumerate(items(self.families), start=1)]

    def calls(self, name: str) -> int:
        return 0  # the truth is exact

    def lines(self, tellings: Iterable[Telling], store: Store, out: Path) -> Generator[int, None, list[Line]]:
        wanted = {item.id: item for item in items(self.families)}
        lines: list[Line] = []
        for each in tellings:
            found = outcome(wanted[each.prompt.id], each.story, each.events, store.images.load)
            lines.append(found.json() | {"group": found.family, "story": each.story, "main": float(found.success)})
            yield len(lines)
        return lines

    def figures(self, lines: Sequence[Line]) -> Mapping[str, Figure]:
        return figures([pocket_outcome(line) for line in lines])


def figures(found: Sequence[Outcome]) -> dict[str, Figure]:
    """Every figure of a run, by name."""

    def share(right: str, of: str) -> Share:
        return Share(sum(getattr(each, right) for each in found), sum(getattr(each, of) for each in found))

    def of_stories(name: str) -> Share:
        return Share(sum(getattr(each, name) for each in found), len(found))

    def valid(task: str, made: int) -> Share:
        return Share(made, made + sum(each.unread[task] for each in found))

    return {
        "end-to-end success": of_stories("success"),
        "a plan": of_stories("planned"),
        "as many pictures as asked": of_stories("length"),
        "all that was asked for is seen": of_stories("wished"),
        "pictures as their prompts ask": ratio(found, "right", "steps"),
        "pictures with all that their prompts ask": ratio(found, "followed", "steps"),
        "edits that change something else": ratio(found, "harmed", "edited"),
        "first drawings as their prompts ask": ratio(found, "first", "steps"),
        "planner's replies readable": valid("plan", sum(each.planned for each in found)),
        "critic's replies readable": valid("judge", sum(each.judged for each in found)),
        "critic's balanced accuracy": Balance(share("accepted", "good"), share("refused", "bad")),
        "good drawings accepted": share("accepted", "good"),
        "bad drawings refused": share("refused", "bad"),
        "drawings a picture": ratio(found, "drawn", "steps"),
        "drawings a story": ratio(found, "drawn", None),
        "verdicts a story": ratio(found, "judged", None),
        "seconds a story": ratio_of([(sum(each.seconds.values()), 1.0) for each in found]),
    }
