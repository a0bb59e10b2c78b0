"""Training reads the reviews that stand, in order, of shared attempts too; plans and pairs are reviewed as attempts are."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.commands import Resume, Retry
from core.events import Imported, Opened, PlanEdited
from core.reviewing import Answer, AttemptItem, PairAnswer, PairItem, PlanAnswer, PlanItem
from core.store import Query, Store, migrations, reviews
from core.trajectory import fold
from core.types import PlannedStep, Step
from tests.core.acting import ME
from tests.core.facts import facts, requests
from tests.core.queues import ALL, NOON, drawn, judged, key, opened, planned, put, story_of
from tests.core.telling import tell, told

YES, NO = Answer(accepted=True), Answer(accepted=False)
GOOD, BAD = PlanAnswer(rating=5), PlanAnswer(rating=1, steps=(PlannedStep(prompt="A dog"),), comment="no dog")


def test_a_storys_reviews_are_those_that_stand_in_order(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 3)
    said = store.reviews
    said.answer("ann", items[1], NO, NOON)
    second = said.answer("bob", items[0], NO, NOON, required=2)
    third = said.answer("ann", items[1], YES, NOON)
    fourth = said.answer("ann", items[0], YES, NOON, required=2)
    said.answer("ann", items[2], YES, NOON)
    said.undo("ann", NOON, NOON)
    assert said.of_story("thestory0001") == {key(0): (second, fourth), key(1): (third,)}
    assert said.of_story("nosuchstory1") == {}
    assert list(said.everything()) == [second, third, fourth]
    assert list(said.everything(after_id=third.id)) == [fourth]
    assert list(said.everything(after_id=fourth.id)) == []
    assert said.count_of(["thestory0001", "nosuchstory1"]) == 3
    assert said.count_of([]) == 0


def test_a_branch_has_the_reviews_of_the_attempts_that_it_shares_and_of_no_others(store: Store) -> None:
    trunk = told(store)
    shared = trunk.trajectory.tries[0].attempt.key
    branch = store.branch(trunk.id, ME)
    twig = store.branch(branch.id, ME)
    for story in (trunk, branch):
        story.send(Resume())
        story.send(Retry(step="s2"))
        tell(story, store.images)
    own = key(0, "s2", revision=1)  # which both drew, each for itself
    assert trunk.trajectory.find(own) != branch.trajectory.find(own)
    said = store.reviews
    on_trunk = said.answer("ann", AttemptItem(story=twig.id, attempt=shared), YES, NOON)
    later = said.answer("ann", AttemptItem(story=trunk.id, attempt=own), YES, NOON)
    on_branch = said.answer("ann", AttemptItem(story=branch.id, attempt=own), NO, NOON)
    assert on_trunk.item == AttemptItem(story=trunk.id, attempt=shared), "an item is its first story's, whoever names it"
    assert said.of_story(trunk.id) == {shared: (on_trunk,), own: (later,)}
    assert said.of_story(branch.id) == {shared: (on_trunk,), own: (on_branch,)}
    assert said.of_story(twig.id) == {shared: (on_trunk,)}
    assert [said.count_of([story.id]) for story in (trunk, branch, twig)] == [2, 1, 0]
    store.delete(trunk.id)
    assert said.of_story(twig.id) == {shared: (on_trunk,)}
    assert list(said.everything()) == [on_branch]
    assert said.count_of([trunk.id]) == 2, "deleting can say what goes with it, and restoring brings it back"


def test_everything_comes_in_batches_and_each_review_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "BATCH", 3)
    items = story_of(store, "thestory0001", [0.5] * 9)
    given = [store.reviews.answer("ann", item, YES, NOON) for item in items]
    found = store.reviews.everything()
    assert [next(found) for _ in range(4)] == given[:4]
    store.reviews.undo("ann", NOON, NOON)  # while somebody reads
    assert list(found) == given[4:8]


# ---------------------------------------------------------------- plans


def plans_offered(store: Store, name: str = "ann") -> list:
    found = []
    while taken := store.reviews.take(name, Query(kind="plan", order="newest"), NOON):
        found.append((taken.item, taken.seq))
        store.reviews.skip(name, taken.item, NOON)
    return found


def test_the_newest_plan_of_a_planner_comes_and_a_persons_never(store: Store) -> None:
    facts = [opened(), planned(0)]
    put(store, "thestory0001", facts)
    said = store.reviews
    first = said.answer("bob", PlanItem(story="thestory0001", revision=1), BAD, NOON, required=2)
    more = [PlanEdited(plan_revision=2, steps=(Step(id="s1", prompt="mine"),), by=ME), planned(2)]
    put(store, "thestory0001", more, facts)
    assert plans_offered(store) == [(PlanItem(story="thestory0001", revision=3), 3)]
    second = said.answer("bob", PlanItem(story="thestory0001", revision=3), GOOD, NOON)
    assert said.plans_of_story("thestory0001") == (first, second), "what was said of older plans is kept"
    assert said.undo("bob", NOON, NOON) == second.item
    assert said.progress("bob", Query(kind="plan"), NOON).all == 1


def test_a_plans_revision_is_that_of_the_story_after_it(store: Store) -> None:
    story = told(store)
    ((item, seq),) = plans_offered(store)
    events = store.events(story.id)
    assert item == PlanItem(story=story.id, revision=fold(events[: seq + 1]).plan_revision)


def test_plans_are_split_where_some_find_them_usable_and_some_do_not(store: Store) -> None:
    put(store, "thestory0001", [opened(), planned()])
    item = PlanItem(story="thestory0001", revision=1)
    for name, rating in {"ann": 5, "bob": 3}.items():
        store.reviews.answer(name, item, PlanAnswer(rating=rating), NOON, required=3)
    assert store.reviews.disagreements(Query(kind="plan")) == ()
    store.reviews.answer("cem", item, BAD, NOON, required=3)
    assert store.reviews.disagreements(Query(kind="plan")) == (item,)
    store.reviews.adjudicate("dan", item, BAD, NOON)
    assert store.reviews.disagreements(Query(kind="plan")) == ()


# ---------------------------------------------------------------- pairs


def pairs_offered(store: Store, name: str = "ann") -> list[PairItem]:
    found = []
    while taken := store.reviews.take(name, Query(kind="pair"), NOON):
        assert isinstance(taken.item, PairItem)
        found.append(taken.item)
        store.reviews.skip(name, taken.item, NOON)
    return found


def numbers(pair: PairItem) -> set[int]:
    return {pair.first.number, pair.second.number}


def test_pairs_are_attempts_at_one_step_on_one_source_the_closest_first(store: Store) -> None:
    facts = [opened(), planned(), *(drawn(n) for n in range(3)), drawn(0, step="s2"), drawn(1, step="s2")]
    facts += [judged(0, 0.9), judged(1, 0.2), judged(2, 0.85)]
    put(store, "thestory0001", facts)
    found = pairs_offered(store)
    assert [(pair.first.step, numbers(pair)) for pair in found] == [
        ("s1", {0, 2}),
        ("s1", {1, 2}),
        ("s1", {0, 1}),
        ("s2", {0, 1}),
    ]


def test_the_later_attempt_of_a_pair_is_not_always_on_one_side(store: Store) -> None:
    story_of(store, "thestory0001", [0.5] * 8)
    found = pairs_offered(store)
    assert len(found) == 28
    assert 5 < sum(pair.first.number < pair.second.number for pair in found) < 23


def test_pairs_grow_with_the_attempts_not_with_their_square(store: Store) -> None:
    story_of(store, "thestory0001", [0.5] * 40)
    assert store.reviews.progress("ann", Query(kind="pair"), NOON).all < 40 * 8


def test_a_pair_is_answered_undone_and_decided_like_an_attempt(store: Store) -> None:
    story_of(store, "thestory0001", [0.5] * 2)
    (pair,) = pairs_offered(store)
    said = store.reviews
    for name, better in (("bob", "first"), ("cem", "neither")):
        said.answer(name, pair, PairAnswer(better=better), NOON, required=2)
    assert said.disagreements(Query(kind="pair")) == (pair,)
    assert said.undo("cem", NOON, NOON) == pair
    assert said.disagreements(Query(kind="pair")) == ()
    assert [review.answer for review in said.everything()] == [PairAnswer(better="first")]
    assert said.of_story("thestory0001") == {}
    assert said.plans_of_story("thestory0001") == ()


# ---------------------------------------------------------------- whatever the facts are


@settings(max_examples=60, deadline=None)
@given(
    st.builds(Opened, request=requests, by=st.just(ME)),
    st.lists(st.lists(facts.filter(lambda event: event.kind != "opened"), max_size=5), max_size=4),
)
def test_rows_to_review_are_the_same_told_piece_by_piece_and_rebuilt(
    tmp_path_factory: pytest.TempPathFactory, opening: Opened, pieces: list
) -> None:
    with Store(tmp_path_factory.mktemp("data")) as store:
        whole = [opening]
        put(store, "thestory0001", whole)
        for piece in filter(None, pieces):
            put(store, "thestory0001", piece, whole)
            whole += piece
        assert store.audit("thestory0001").faults == ()
        before = rows(store)
        store.rebuild()
        assert rows(store) == before


def rows(store: Store) -> list:
    with store.database.reading() as db:
        return list(db.exec_driver_sql("SELECT * FROM reviewable ORDER BY id").all())


# ---------------------------------------------------------------- data folders of old


def aged(store: Store, *more: str) -> Path:
    """The folder of this store as the version before reviewing left it."""
    store.close()
    folder = store.database.folder
    with closing(sqlite3.connect(folder / "studio.db")) as db:
        for table in ("lease", "skip", "gold", "guideline", "review", "reviewable", "ticket", "deed"):
            db.execute(f"DROP TABLE {table}")
        first = migrations.FIRST_TABLES
        script = (
            "DROP INDEX story_to_gather; ALTER TABLE story DROP COLUMN gathered;" + first[first.index("CREATE TABLE review") :]
        )
        db.executescript(";".join((script, *more, "PRAGMA user_version = 2")))
    return folder


@pytest.mark.sqlite
def test_what_an_older_version_kept_can_be_reviewed_branches_included(store: Store) -> None:
    trunk = told(store)
    branch = store.branch(trunk.id, ME)
    branch.send(Resume())
    branch.send(Retry(step="s2"))
    tell(branch, store.images)
    before = sorted(row[1:16] for row in rows(store))
    with Store(aged(store)) as again:
        assert rows(again) == []
        assert again.audit(trunk.id).faults == (), "it is not ill before somebody reviews"
        attempts = again.reviews.progress("ann", ALL, NOON).all
        assert sorted(row[1:16] for row in rows(again)) == before
        assert attempts == len(branch.trajectory.tries)
        assert [again.audit(story_id).faults for story_id in again.ids()] == [(), ()]


@pytest.mark.sqlite
def test_a_story_that_cannot_be_read_keeps_nobody_from_reviewing_the_others(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5])
    story_of(store, "thestory0002", [0.5])
    folder = aged(store, "UPDATE event SET payload = '{' WHERE story_id = 'thestory0002' AND seq = 1")
    with Store(folder) as again:
        taken = again.reviews.take("ann", ALL, NOON)
        assert taken is not None
        assert taken.item == items[0]


@pytest.mark.sqlite
def test_reviews_that_the_old_table_held_are_kept(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    said = "(1, 'thestory0001', 's1', 0, 0, 'ann', 0, NULL, 'too red', 'v2', '2026-01-02 03:04:05')"
    again_said = "(2, 'thestory0001', 's1', 0, 0, 'ann', 1, 'A \"cat\"', '', '7', '2026-01-02 03:05:05')"
    others = "(5, 'thestory0001', 's1', 0, 0, 'bob', 0, NULL, 'no', '', '2026-01-02 03:06:05')"
    with Store(aged(store, f"INSERT INTO review VALUES {said}, {again_said}, {others}")) as again:
        first, second = again.reviews.of_story("thestory0001")[item.attempt]
        assert (first.id, first.reviewer, first.guideline) == (2, "ann", 7)
        assert first.answer == Answer(accepted=True, refined_prompt='A "cat"')
        assert (second.id, second.answer, second.guideline) == (5, Answer(accepted=False, comment="no"), 0)
        assert again.reviews.disagreements(ALL) == (item,)
        assert again.audit("thestory0001").faults == ()
        with again.database.reading() as db:
            (kept,) = db.exec_driver_sql("SELECT answer FROM review WHERE retracted_at IS NOT NULL").scalars()
        assert json.loads(kept)["comment"] == "too red"
        assert again.reviews.answer("ann", item, NO, NOON).id == 6


def test_a_story_that_is_brought_in_from_a_file_can_be_reviewed(store: Store) -> None:
    brought = Imported(origin="elsewhere", digest="0" * 64, by=ME)
    put(store, "thestory0001", [opened(), planned(), drawn(0), judged(0), brought])
    taken = store.reviews.take("ann", ALL, NOON)
    assert taken is not None
    assert taken.item == AttemptItem(story="thestory0001", attempt=key(0))
