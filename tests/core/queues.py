"""Stories to review, told by hand in a moment: what the tests of reviewing have in common."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from core.events import Drawn, Event, Judged, Opened, Planned
from core.reviewing import AttemptItem
from core.store import Query, Store
from core.store.review_tables import Reviewable
from core.trajectory import fold
from core.types import Attempt, AttemptKey, Request, Step, Verdict
from tests.core.acting import picture
from tests.core.shelves import fill

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = Query()


def key(number: int, step: str = "s1", revision: int = 0) -> AttemptKey:
    return AttemptKey(step=step, revision=revision, number=number)


def drawn(number: int, prompt: str = "A cat", step: str = "s1", painter: str = "flux@1", at: datetime = NOON) -> Drawn:
    image = picture(prompt, number, step, painter)
    attempt = Attempt(key=key(number, step), prompt=prompt, seed=number, source=None, image=image)
    return Drawn(attempt=attempt, by=f"painter:{painter}", at=at)


def judged(number: int, p: float | None = 0.5, step: str = "s1", critic: str = "qwen@1", score: float | None = None) -> Judged:
    verdict = Verdict(accepted=(p or 0) >= 0.5, p_success=p, score=score)
    return Judged(attempt=key(number, step), verdict=verdict, by=f"critic:{critic}", at=NOON)


def planned(revision: int = 0) -> Planned:
    return Planned(plan_revision=revision, steps=(Step(id="s1", prompt="A cat"),), by="planner:sage@1", at=NOON)


def opened(text: str = "A story", profile: str = "pocket") -> Opened:
    return Opened(request=Request(text=text), profile=profile, by="person:ann", at=NOON)


def put(store: Store, story_id: str, facts: Sequence[Event], after: Sequence[Event] = ()) -> str:
    """Appends these facts after those before them."""
    store.append(story_id, len(after), facts, fold([*after, *facts]))
    return story_id


def story_of(store: Store, story_id: str, beliefs: Iterable[float | None]) -> list[AttemptItem]:
    """A story of one step whose attempts the critic believes in so much, a minute apart; returns the items."""
    believed = list(beliefs)
    facts: list[Event] = [opened(), planned()]
    for number, p in enumerate(believed):
        facts += [drawn(number, at=NOON + number * MINUTE), judged(number, p)]
    put(store, story_id, facts)
    return [AttemptItem(story=story_id, attempt=key(number)) for number in range(len(believed))]


def crowd(store: Store, number: int, stories: int = 100) -> list[int]:
    """So many attempts in so many stories, in one transaction, with rows such as their facts would have; returns their ids."""
    ids, dice = fill(store, range(stories)), random.Random(number)
    rows = []
    for n in range(number):
        p = dice.random()
        rows.append(
            {
                "id": n + 1,
                "story_id": ids[n % stories],
                "kind": "attempt",
                "key": f"s1/0/{n // stories}",
                "seq": n // stories,
                "at": NOON + n * MINUTE,
                "painter": f"painter-{n % 3}",
                "critic": f"critic-{n % 2}",
                "words": f"a cat, take {n % 10}",
                "accepted": p > 0.5,
                "p_success": p,
                "score": dice.choice((None, 10 * dice.random())),
                "person_accepted": None,
                "superseded": False,
            }
        )
    with store.database.writing() as db:
        db.execute(insert(Reviewable), rows)
    return [row["id"] for row in rows]
