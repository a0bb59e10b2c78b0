"""What a decision costs who reviews: the answer, what they see of it, and the next attempt, at a long queue and at a short one.

It is all that the server does for a decision, markup included; the network and the browser are not in it.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from core.events import Event
from core.reviewing import Answer
from core.store import Order, Query, Store
from studio.reviewing.access import Reviewer
from studio.reviewing.desk import Desk
from studio.storyboard import review_of, said_of
from tests.bench.figures import Figure
from tests.core.queues import MINUTE, NOON, drawn, judged, opened, planned, put

ATTEMPTS = 20  # of a story
LONG, SHORT = 2_000, 100  # attempts in the queue
DECISIONS, RUNS = 40, 2  # fewer than match any question in the short queue
PROMISE = 0.2  # seconds: from a key to the next item, of which the server should need only a part
REVIEWERS = (Reviewer("ann"), Reviewer("bob"))

#: What is asked for in every order. Of the filtered ones, half of the attempts match.
QUESTIONS: dict[str, Query] = {
    "": Query(),
    ", filtered": Query(verdict="refused", model="flux@1", words="cat take", since=NOON - MINUTE, profile="pocket"),
    ", blind, 2 answers each": Query(blind=True, required=2),
}


def figures() -> Iterator[Figure]:
    """The 95th percentile of each order and question, against the short queue's; and the slowest, against what is promised."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "l") as long, Store(Path(folder) / "s") as short:
        for store, attempts in ((long, LONG), (short, SHORT)):
            _fill(store, attempts // ATTEMPTS)
        slowest = 0.0
        for order in get_args(Order):
            for name, question in QUESTIONS.items():
                query = question.model_copy(update={"order": order})
                seconds, baseline = (_decision_seconds(Desk(store), query) for store in (long, short))
                slowest = max(slowest, seconds)
                yield Figure(f"p95 of a decision at {LONG:,}, {order}{name}", seconds, f"at {SHORT}", baseline)
        yield Figure("the slowest of these", slowest, "the promise", PROMISE)


def _fill(store: Store, stories: int) -> None:
    dice = random.Random(stories)
    for story in range(stories):
        facts: list[Event] = [opened(f"Story {story}"), planned()]
        for number in range(ATTEMPTS):
            at = NOON + (story * ATTEMPTS + number) * MINUTE
            facts += [drawn(number, f"A cat, take {number}", at=at), judged(number, number % 2 / 2 + dice.random() / 2)]
        put(store, f"{story:012}", facts)


def _decision_seconds(desk: Desk, query: Query) -> float:
    """The 95th percentile of so many decisions, which two reviewers take in turns and take back afterwards."""
    taken = list[float]()
    for _ in range(RUNS):
        since = datetime.now(UTC)
        hands = {reviewer: desk.take(reviewer, query) for reviewer in REVIEWERS}
        for turn in range(DECISIONS):
            reviewer = REVIEWERS[turn % 2]
            held = hands[reviewer]
            assert held is not None, "the queue is long enough"
            began = time.perf_counter()
            said = desk.answer(reviewer, query, held.item, Answer(accepted=turn % 3 == 0, blind=query.blind), guideline=0)
            said_of(said, leads=False)
            desk.progress(reviewer, query)
            hands[reviewer] = desk.take(reviewer, query)
            if following := hands[reviewer]:
                review_of(following.view)
            taken.append(time.perf_counter() - began)
        for reviewer in REVIEWERS:
            while desk.undo(reviewer, query, since):
                pass
    return statistics.quantiles(taken, n=20)[-1]
