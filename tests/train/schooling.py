"""Data folders of scripted stories with scores, made in a moment: what the tests of curation and of formats have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from core.backends.fake import plan_of, scripted_agents
from core.commands import Open
from core.ports import Agents, JudgeCase, Results, Score, Stream
from core.store import Store
from core.story import Story
from core.types import Policy, Request, Verdict
from tests.core.telling import tell
from train.judging import score_all
from train.scores import Scores
from train.told import Told, told

WORDS = ("cat", "dog", "owl", "fox", "bear", "duck", "frog", "bird")


def torn(case: JudgeCase) -> Verdict:
    """Accepts about half of what it sees, by the hash of the picture, and always has a better prompt."""
    mark = hashlib.sha256(case.after.tobytes()).digest()[0]
    thought = f"I see {mark}."
    if mark % 2:
        return Verdict(accepted=True, thought=thought, p_success=mark / 255)
    return Verdict(accepted=False, thought=thought, refined_prompt=f"{case.prompt}, with {mark}", p_success=mark / 255)


def agents(steps: int = 3) -> Agents:
    return scripted_agents(plans=[plan_of(steps)], verdicts=torn)


def fill(store: Store, count: int, steps: int = 3, first: int = 0, profile: str = "pocket") -> list[Story]:
    """So many whole stories of requests that all differ."""
    return [one_story(store, number, steps, profile) for number in range(first, first + count)]


def one_story(store: Store, number: int, steps: int = 3, profile: str = "pocket") -> Story:
    text = f"Story {number}: a {WORDS[number % len(WORDS)]} finds a balloon"
    command = Open(request=Request(text=text, seed=number), policy=Policy(max_attempts=4), profile=profile)
    story = store.create(command, "person:ann", f"{number:012}")
    tell(story, store.images, agents(steps))
    return story


class Seer:
    """A judge that marks by a function of the case, or of the picture's hash if none is given; None is a failure."""

    name = "seer@1"

    def __init__(self, mark: Callable[[JudgeCase], Score] | None = None) -> None:
        self.mark = mark or by_hash
        self.asked = 0

    def score(self, cases: list[JudgeCase]) -> Stream[Results[Score]]:
        self.asked += len(cases)
        return [self.mark(case) for case in cases]
        yield


def by_hash(case: JudgeCase) -> Score:
    one, other = hashlib.sha256(case.after.tobytes()).digest()[:2]
    return Score(semantics=10 * one / 255, quality=10 * other / 255)


def scored(store: Store, judge: Seer | None = None) -> None:
    """Scores beside all that the store holds."""
    scores = Scores(store.database.folder)
    for _ in score_all(store, scores, judge or Seer()):
        pass


def read(store: Store, ids: Iterable[str] | None = None) -> list[Told]:
    return [told(story_id, store.events(story_id)) for story_id in ids or store.ids()]
