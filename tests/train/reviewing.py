"""What annotators say of scripted stories: what the tests of curated and of exported reviews have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import NotFound
from core.reviewing import Answer, AttemptItem, PairAnswer, PairItem, PlanAnswer, PlanItem, Review
from core.store import Store
from core.types import AttemptKey
from tests.train.schooling import one_story
from train.curation.settings import Curation
from train.curation.sources import Sources
from train.formats.exchange import records
from train.told import Case, Told

YES = Answer(accepted=True)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOOSE = Curation(balance=0, validation=0, low=0, trend=-10, degradation=10, variance=1000, cuts=0)
KEY = AttemptKey(step="s1", revision=0, number=0)


def loose(**changes: Any) -> Curation:
    return LOOSE.model_copy(update=changes)


def rows(out: Path, folder: str) -> list[dict[str, Any]]:
    return list(records(sorted((out / folder).glob("*.parquet"))))


def words(row: dict[str, Any], name: str = "completion") -> str:
    return str(row[name][0]["content"][0]["text"])


def told_in(folder: Path) -> list[Told]:
    """The stories with their reviews, as a curation reads them."""
    with Sources([folder]) as sources:
        return [story for _, story in sources.walk() if story]


def cases_in(folder: Path) -> list[tuple[Told, Case]]:
    return [(story, case) for story in told_in(folder) for case in story.cases]


def say(store: Store, story: str, key: AttemptKey, reviewer: str, answer: Answer, guideline: int = 0) -> Review:
    return store.reviews.answer(reviewer, AttemptItem(story=story, attempt=key), answer, NOON, guideline=guideline, required=9)


def settle(store: Store, story: str, key: AttemptKey, by: str, answer: Answer) -> Review:
    return store.reviews.adjudicate(by, AttemptItem(story=story, attempt=key), answer, NOON)


def of_attempt(rows: Iterable[dict[str, Any]], story: str, key: AttemptKey) -> list[dict[str, Any]]:
    return [
        row for row in rows if row["story"] == story and {n: row[n] for n in ("step", "revision", "number")} == key.model_dump()
    ]


def plan_revision(store: Store, story_id: str) -> int:
    from core.events import Planned

    return max(event.plan_revision for event in store.events(story_id) if isinstance(event, Planned)) + 1


def plan_review(folder: Path, story_id: str, answer: PlanAnswer, reviewer: str = "ann") -> None:
    with Store(folder) as store:
        item = PlanItem(story=story_id, revision=plan_revision(store, story_id))
        store.reviews.answer(reviewer, item, answer, NOON, required=9, guideline=store.reviews.publish("Plan well.", "eve", NOON))


def paired_story(folder: Path) -> tuple[Path, str, PairItem]:
    """A story whose first step has a refused attempt and two later ones, and the pair of these two as it is stored."""
    with Store(folder) as store:
        for number in range(40):
            story = one_story(store, number)
            tries = [tried for tried in story.trajectory.tries if tried.attempt.key.step == "s1"]
            if len(tries) > 2 and tries[0].critic and not tries[0].critic.accepted:
                break
        keys = {tries[1].attempt.key, tries[2].attempt.key}
        for first, second in ((tries[1], tries[2]), (tries[2], tries[1])):
            item = PairItem(story=story.id, first=first.attempt.key, second=second.attempt.key)
            try:
                store.reviews.answers_to_adjudicate(item)
            except NotFound:  # the pair stands the other way round
                continue
            assert {item.first, item.second} == keys
            return folder, story.id, item
    raise AssertionError("no such story")


def compare(folder: Path, item: PairItem, **said: str) -> None:
    with Store(folder) as store:
        for reviewer, better in said.items():
            store.reviews.answer(reviewer, item, PairAnswer(better=better), NOON, required=9)  # type: ignore[arg-type]
