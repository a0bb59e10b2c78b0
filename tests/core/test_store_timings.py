"""How long a profile's models take is known from their latest calls here, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.commands import Open
from core.events import Drawn, Failed, Imported, Judged, Planned
from core.store import Store, Timings
from core.store.timings import LATEST
from core.story import Story
from core.types import Attempt, AttemptKey, ImageRef, Request, Verdict
from tests.core.telling import ASKED, told

REF = ImageRef(sha256="a" * 64, width=64, height=64)
MADE = {"at": datetime(2026, 1, 1, tzinfo=UTC), "by": "a:model"}


def begun(store: Store, profile: str = "pocket") -> Story:
    return store.create(Open(request=Request(text="A cat"), profile=profile))


def drawn(number: int, seconds: float) -> Drawn:
    key = AttemptKey(step="s1", revision=0, number=number)
    at = MADE["at"] + timedelta(seconds=number)
    return Drawn(attempt=Attempt(key=key, prompt="", seed=0, source=None, image=REF), seconds=seconds, **{**MADE, "at": at})


def judged(seconds: float, by: str = "critic:model") -> Judged:
    key = AttemptKey(step="s1", revision=0, number=0)
    return Judged(attempt=key, verdict=Verdict(accepted=True), seconds=seconds, **{**MADE, "by": by})


def test_the_mean_of_each_kind_of_call_is_known_by_profile(store: Store) -> None:
    begun(store).record(Planned(plan_revision=9, steps=(), seconds=4, **MADE), drawn(0, 1), drawn(1, 2))
    begun(store).record(drawn(0, 6), judged(0.5), judged(0.75))
    begun(store, "klein-4b").record(drawn(0, 60))
    assert store.timings("pocket") == Timings(
        plan_seconds=4, draw_seconds=3, judge_seconds=0.625, plans=1, drawings=3, verdicts=2
    )
    klein = store.timings("klein-4b")
    assert klein is not None
    assert (klein.draw_seconds, klein.plan_seconds, klein.plans) == (60, None, 0)
    assert store.timings("never") is None


def test_only_the_latest_calls_count(store: Store) -> None:
    begun(store).record(*(drawn(number, 100.0 if number < 50 else 1.0) for number in range(50 + LATEST)))
    timings = store.timings("pocket")
    assert timings is not None
    assert (timings.draw_seconds, timings.drawings) == (1.0, LATEST)


def test_people_failures_and_calls_that_nobody_timed_do_not_count(store: Store) -> None:
    begun(store).record(judged(9, "person:ann"), drawn(0, 0.0), Failed(task="plan", code="reply", message="?", seconds=9, **MADE))
    assert store.timings("pocket") is None


def test_what_happened_before_a_story_was_brought_in_happened_on_another_machine(store: Store) -> None:
    story = begun(store)
    story.record(drawn(0, 100), Imported(origin="elsewhere", digest="b" * 64, by="person:ann"), drawn(1, 2))
    story.record(drawn(2, 4))
    for _ in range(2):
        timings = store.timings("pocket")
        assert timings is not None
        assert (timings.draw_seconds, timings.drawings) == (3, 2)
        assert store.audit(story.id).faults == ()
        store.rebuild()
    story.record(Imported(origin="elsewhere", digest="b" * 64, by="person:ann"))
    assert store.timings("pocket") is None
    assert store.audit(story.id).faults == ()


def test_a_branch_counts_no_call_twice_and_a_deleted_story_was_told_all_the_same(store: Store) -> None:
    trunk = told(store)
    before = store.timings(ASKED.profile)
    store.branch(trunk.id, "person:ann")
    store.delete(trunk.id)
    store.rebuild()
    assert before is not None
    assert store.timings(ASKED.profile) == before


def test_a_row_that_no_fact_bears_out_is_named(store: Store) -> None:
    story = told(store)
    with store.database.writing() as db:
        db.exec_driver_sql("UPDATE timing SET seconds = 1e6 WHERE seq = 2")
        db.exec_driver_sql("DELETE FROM timing WHERE seq = 1")
    assert store.audit(story.id).faults == (
        "The row of what fact 1 took is missing.",
        "The row of what fact 2 took differs from the facts.",
    )
