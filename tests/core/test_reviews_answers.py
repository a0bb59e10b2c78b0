"""Answers are kept with all that they were given under, hidden from who has not answered, and never touch a story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.errors import CommandError
from core.reviewing import FAULTS, Answer, AttemptItem, consensus
from core.store import Calibration, Query, Store
from tests.core.queues import ALL, MINUTE, NOON, key, story_of
from tests.core.telling import reopened, told

YES, NO = Answer(accepted=True), Answer(accepted=False)
FULL = Answer(
    accepted=False,
    refined_prompt="A cat 🐈, smaller\n",
    faults=FAULTS,
    semantics=7.5,
    quality=0,
    comment="Grüß „Gott“ \x00 ' OR 1=1 --",
    flagged=True,
    blind=True,
    seconds=3.25,
)


def test_an_answer_comes_back_as_it_was_given(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    version = store.reviews.publish("# Look twice", "lead", NOON)
    given = store.reviews.answer("ann", item, FULL, NOON, guideline=version)
    assert (given.item, given.answer, given.reviewer, given.guideline, given.at) == (item, FULL, "ann", 1, NOON)
    with reopened(store) as again:
        assert again.reviews.answers_of(item, "ann") == (given,)
        assert again.reviews.of_story(item.story) == {item.attempt: (given,)}


def test_nothing_that_annotators_do_changes_a_story_its_rows_or_its_pictures(store: Store) -> None:
    story = told(store)
    items = [AttemptItem(story=story.id, attempt=tried.attempt.key) for tried in story.trajectory.tries]

    def told_of() -> list:
        with store.database.reading() as db:
            tables = [
                sorted(db.exec_driver_sql(f"SELECT * FROM {name}").all(), key=repr)
                for name in ("story", "event", "attempt", "timing")
            ]
        return [tables, store.events(story.id), store.page(), sorted(store.images.files())]

    before, reviews = told_of(), store.reviews
    reviews.take("ann", ALL, NOON)
    for name, answer in (("ann", YES), ("bob", FULL)):
        reviews.answer(name, items[0], answer, NOON, required=2)
    reviews.flag("ann", items[1], NOON)
    reviews.adjudicate("cem", items[0], YES, NOON)
    reviews.set_gold(items[-1], NO, "cem", NOON)
    reviews.publish("Look", "cem", NOON)
    reviews.undo("ann", NOON, NOON)
    assert told_of() == before
    assert store.audit(story.id).faults == ()
    counted = list(reviews.everything()), reviews.progress("ann", Query(required=2), NOON)
    store.rebuild()
    assert (list(reviews.everything()), reviews.progress("ann", Query(required=2), NOON)) == counted
    assert told_of() == before
    assert not store.damage()


# ---------------------------------------------------------------- taking back


def test_a_second_answer_replaces_the_first_and_undoing_it_lets_the_first_stand_again(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    first = reviews.answer("ann", item, YES, NOON)
    second = reviews.answer("ann", item, NO, NOON + 2 * MINUTE)
    assert reviews.answers_of(item, "ann") == (second,)
    assert reviews.undo("ann", NOON + MINUTE, NOON + 3 * MINUTE) == item
    assert reviews.answers_of(item, "ann") == (first,), "an answer of the session before is not lost"
    assert reviews.undo("ann", NOON + MINUTE, NOON + 3 * MINUTE) is None
    assert reviews.undo("ann", NOON, NOON + 3 * MINUTE) == item
    assert reviews.answers_of(item, "ann") == ()
    with store.database.reading() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM review").scalar_one() == 2


def test_every_decision_of_a_session_is_taken_back_one_by_one_and_no_older_or_others(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 6)
    reviews = store.reviews
    reviews.answer("ann", items[0], YES, NOON)
    begun = NOON + MINUTE
    reviews.answer("ann", items[1], YES, begun)
    reviews.answer("bob", items[5], YES, begun)
    reviews.skip("ann", items[2], begun)
    reviews.flag("ann", items[3], begun)
    reviews.answer("ann", items[4], NO, begun)
    undone = [reviews.undo("ann", begun, begun) for _ in range(6)]
    assert undone == [items[4], items[3], items[2], items[1], None, None]
    assert [review.item for review in reviews.everything()] == [items[0], items[5]]


# ---------------------------------------------------------------- secrecy and adjudication


def test_what_others_said_is_seen_only_by_who_has_answered_and_no_longer_when_they_take_it_back(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    theirs = reviews.answer("bob", item, NO, NOON, required=3)
    assert reviews.answers_of(item, "ann") == ()
    reviews.skip("ann", item, NOON)
    assert reviews.answers_of(item, "ann") == ()
    mine = reviews.answer("ann", item, YES, NOON, required=3)
    assert reviews.answers_of(item, "ann") == (theirs, mine)
    reviews.undo("ann", NOON, NOON)
    assert reviews.answers_of(item, "ann") == ()
    assert reviews.answers_to_adjudicate(item) == (theirs,)


def test_items_whose_answers_differ_wait_for_somebody_who_decides(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5, 0.6, 0.7])
    reviews, many = store.reviews, Query(required=5)
    for name, answers in {"ann": (YES, YES, NO), "bob": (YES, NO, NO), "cem": (NO, NO, NO)}.items():
        for item, answer in zip(items, answers, strict=True):
            reviews.answer(name, item, answer, NOON, required=5)
    assert reviews.disagreements(ALL) == (items[0], items[1])
    assert reviews.disagreements(ALL, limit=1) == (items[0],)
    assert reviews.disagreements(Query(model="nobody")) == ()
    decided = reviews.adjudicate("dan", items[0], NO, NOON, guideline=0)
    assert decided.adjudicated
    assert reviews.disagreements(ALL) == (items[1],)
    agreed = consensus(reviews.of_story("thestory0001")[key(0)])
    assert agreed is not None
    assert (agreed.accepted, agreed.review) == (False, decided)
    taken = reviews.take("eve", many, NOON)
    assert taken is not None
    assert taken.item == items[1], "nobody is asked any more about what is decided"
    assert reviews.undo("dan", NOON, NOON) == items[0]
    assert reviews.disagreements(ALL) == (items[0], items[1])


def test_who_answered_may_decide_and_their_answer_then_counts_as_the_decision(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    with pytest.raises(CommandError, match="Nobody has answered"):
        reviews.adjudicate("ann", item, YES, NOON)
    reviews.answer("ann", item, YES, NOON, required=2)
    reviews.answer("bob", item, NO, NOON, required=2)
    reviews.adjudicate("ann", item, NO, NOON)
    assert [(review.reviewer, review.adjudicated) for review in reviews.answers_to_adjudicate(item)] == [
        ("bob", False),
        ("ann", True),
    ]
    with pytest.raises(CommandError, match="no more answers"):
        reviews.answer("cem", item, YES, NOON, required=5)


# ---------------------------------------------------------------- gold


def test_gold_items_come_to_everyone_once_at_their_share_and_in_no_other_way(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 24)
    gold = set(items[:8])
    for item in gold:
        store.reviews.set_gold(item, YES, "lead", NOON)

    def given(name: str, share: float) -> list[bool]:
        query, found = Query(gold_share=share, required=9), []
        while taken := store.reviews.take(name, query, NOON):
            assert store.reviews.take(name, query, NOON) == taken, "asking again throws no new dice"
            store.reviews.answer(name, taken.item, YES, NOON, required=9)
            found.append(taken.item in gold)
        return found

    assert given("ann", 0) == [False] * 16
    assert given("bob", 1) == [True] * 8 + [False] * 16
    mixed = given("cem", 0.3)
    assert mixed.count(False) == 16
    assert 2 <= mixed.count(True) <= 8
    assert given("dan", 0.3) != mixed, "nobody can tell when one comes"


def test_the_right_answer_is_shown_to_who_has_answered_and_the_newest_counts(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    reviews.set_gold(item, NO, "lead", NOON)
    reviews.set_gold(item, FULL.model_copy(update={"accepted": True}), "lead", NOON)
    assert reviews.gold_of(item, "ann") is None
    reviews.answer("ann", item, YES, NOON)
    assert reviews.gold_of(item, "ann") == FULL.model_copy(update={"accepted": True})
    assert reviews.calibration("ann") == Calibration(accepted=1, of_accepted=1, refused=0, of_refused=0)


def test_calibration_counts_right_answers_of_each_verdict_among_those_that_stand(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 8)
    reviews = store.reviews
    for number, item in enumerate(items[:6]):
        reviews.set_gold(item, (YES, NO)[number % 2], "lead", NOON)
    for item, answer in zip(items, (YES, YES, NO, NO, YES, YES, YES), strict=False):
        reviews.answer("ann", item, answer, NOON)
    assert reviews.calibration("ann") == Calibration(accepted=2, of_accepted=3, refused=1, of_refused=3)
    reviews.undo("ann", NOON, NOON)
    reviews.undo("ann", NOON, NOON)
    assert reviews.calibration("ann") == Calibration(accepted=2, of_accepted=3, refused=1, of_refused=2)
    assert reviews.calibration("bob") == Calibration(accepted=0, of_accepted=0, refused=0, of_refused=0)


# ---------------------------------------------------------------- progress


def test_progress_says_how_far_and_how_fast(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 40)
    reviews = store.reviews
    nobody = reviews.progress("ann", ALL, NOON)
    assert nobody.model_dump() == {"today": 0, "own": 0, "done": 0, "all": 40, "pace": None, "median_seconds": None}
    reviews.answer("ann", items[0], YES, NOON - timedelta(days=1))
    for number, item in enumerate(items[1:26]):
        at = NOON + number * timedelta(seconds=30)
        reviews.answer("ann", item, Answer(accepted=True, seconds=number), at)
    reviews.answer("bob", items[30], YES, NOON)
    reviews.skip("ann", items[31], NOON)
    said = reviews.progress("ann", ALL, NOON + 13 * MINUTE)
    assert (said.today, said.own, said.done, said.all) == (25, 26, 27, 40)
    assert said.pace == pytest.approx(2.0)
    assert said.median_seconds == 14.5
    assert reviews.progress("ann", Query(unreviewed=True), NOON).done == 27
    assert reviews.progress("ann", Query(required=2), NOON).done == 0


def test_a_day_begins_at_the_midnight_of_who_asks(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 2)
    tokyo = timezone(timedelta(hours=9))
    store.reviews.answer("ann", items[0], YES, datetime(2026, 3, 1, 14, 59, tzinfo=UTC))
    store.reviews.answer("ann", items[1], YES, datetime(2026, 3, 1, 15, 1, tzinfo=UTC))
    evening = datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert store.reviews.progress("ann", ALL, evening).today == 2
    assert store.reviews.progress("ann", ALL, evening.astimezone(tokyo)).today == 1


# ---------------------------------------------------------------- guidelines


def test_guidelines_are_numbered_and_none_is_lost(store: Store) -> None:
    reviews = store.reviews
    assert (reviews.guideline(), reviews.guideline(1)) == (None, None)
    assert [reviews.publish(text, "lead", NOON) for text in ("# One", "# Two 🐈")] == [1, 2]
    newest = reviews.guideline()
    assert newest is not None
    assert (newest.version, newest.text, newest.by, newest.at) == (2, "# Two 🐈", "lead", NOON)
    assert reviews.guideline(1).text == "# One"  # type: ignore[union-attr]
    assert reviews.guideline(3) is None
