"""The next item is the first that fits, in the order asked for, once for all branches, and finding it walks an index."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, update

from core.commands import Overrule, Resume, Retry
from core.reviewing import Answer, AttemptItem, Item
from core.store import Order, Query, Store
from core.store.review_tables import Review, Reviewable
from core.types import Policy
from tests.core.acting import ME
from tests.core.queues import ALL, MINUTE, NOON, crowd, drawn, judged, key, opened, planned, put, story_of
from tests.core.telling import ASKED, agents, tell, told

YES, NO = Answer(accepted=True), Answer(accepted=False)


def offered(store: Store, query: Query = ALL, reviewer: str = "ann") -> list[Item]:
    """All that a reviewer gets, one after another, who skips each; then takes it all back."""
    items = []
    while taken := store.reviews.take(reviewer, query, NOON):
        items.append(taken.item)
        store.reviews.skip(reviewer, taken.item, NOON)
    for _ in items:
        assert store.reviews.undo(reviewer, NOON, NOON)
    store.reviews.take(reviewer, Query(words="nothing has these words"), NOON)  # gives all back
    return items


# ---------------------------------------------------------------- orders


def test_the_most_uncertain_come_first_and_those_without_a_probability_last(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.9, None, 0.45, 0.6, 0.0])
    assert offered(store) == [items[n] for n in (2, 3, 0, 4, 1)]


def test_the_newest_come_first(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 4)
    assert offered(store, Query(order="newest")) == items[::-1]


def test_by_story_means_one_after_another(store: Store) -> None:
    first, second = story_of(store, "thestory0001", [0.1, 0.2]), story_of(store, "thestory0002", [0.5] * 2)
    assert offered(store, Query(order="story")) == [*first, *second]


def test_those_come_first_whose_critic_judge_creator_and_annotators_are_furthest_apart(store: Store) -> None:
    facts = [opened(), planned()]
    facts += [fact for n in range(5) for fact in (drawn(n), judged(n, (0.9, 0.5, 0.8, 0.7, 0.6)[n], score=(8, None, 1, 7, 6)[n]))]
    put(store, "thestory0001", facts)
    story = store.open_story("thestory0001")
    story.send(Overrule(attempt=key(0), accepted=False, stale="later"))  # 0.9 apart
    items = [AttemptItem(story=story.id, attempt=key(n)) for n in range(5)]
    store.reviews.answer("bob", items[3], NO, NOON)  # 0.7 apart
    two = Query(order="disagreement", required=2)
    assert offered(store, two)[:3] == [items[0], items[2], items[3]]
    store.reviews.answer("cem", items[4], YES, NOON)
    store.reviews.answer("bob", items[4], NO, NOON, required=2)
    assert offered(store, two.model_copy(update={"required": 3}))[0] == items[4], "annotators who contradict each other"


def test_a_random_order_is_a_reviewers_own_and_the_same_again(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 30)
    orders = {
        (name, seed): offered(store, Query(order="random", seed=seed), name) for name in ("ann", "bob") for seed in range(4)
    }
    assert all(sorted(order, key=str) == sorted(items, key=str) for order in orders.values())
    assert len({str(order) for order in orders.values()}) > 4
    assert offered(store, Query(order="random")) == orders["ann", 0]
    assert orders["ann", 0] not in (items, items[::-1])


def test_where_several_answers_are_wanted_the_order_is_that_of_all_items_whatever_they_have(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.9, 0.5, 0.7, 0.6])
    store.reviews.answer("bob", items[1], YES, NOON)
    store.reviews.answer("bob", items[2], YES, NOON)
    for order, expected in {"uncertain": (1, 3, 2, 0), "newest": (3, 2, 1, 0), "story": (0, 1, 2, 3)}.items():
        assert offered(store, Query(order=order, required=2)) == [items[n] for n in expected]  # type: ignore[arg-type]
    whole = offered(store, Query(order="random", required=2), "cem")
    assert sorted(whole, key=str) == items
    assert [item for item in whole if item in (items[0], items[3])] == offered(store, Query(order="random"), "cem")


# ---------------------------------------------------------------- filters


@pytest.fixture
def mixed(store: Store) -> Store:
    """Two stories by two profiles, of unlike models, prompts and days."""
    facts = [opened(), planned(), drawn(0, "A red KITE"), judged(0, 0.9), drawn(1, "a blue kite", at=NOON + MINUTE)]
    put(store, "thestory0001", [*facts, judged(1, 0.2, critic="qwen@2")])
    put(store, "thestory0002", [opened(profile="klein"), planned(), drawn(0, "A Bär", painter="flux@2", at=NOON + 2 * MINUTE)])
    return store


RED, BLUE = (AttemptItem(story="thestory0001", attempt=key(n)) for n in (0, 1))
BEAR = AttemptItem(story="thestory0002", attempt=key(0))


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({}, {RED, BLUE, BEAR}),
        ({"model": "flux@1"}, {RED, BLUE}),
        ({"model": "qwen@2"}, {BLUE}),
        ({"model": "nobody"}, set()),
        ({"verdict": "accepted"}, {RED}),
        ({"verdict": "refused"}, {BLUE}),
        ({"verdict": "unjudged"}, {BEAR}),
        ({"profile": "klein"}, {BEAR}),
        ({"since": NOON + MINUTE}, {BLUE, BEAR}),
        ({"since": NOON + MINUTE, "until": NOON + 2 * MINUTE}, {BLUE}),
        ({"words": "kite"}, {RED, BLUE}),
        ({"words": "red kite"}, {RED}),
        ({"words": "bär"}, {BEAR}),
        ({"words": "%"}, set()),
        ({"words": "a' OR 1=1 --"}, set()),
        ({"flagged": True}, set()),
        ({"faults": ("anatomy",)}, set()),
        ({"kind": "plan"}, None),
    ],
)
def test_what_comes_is_what_a_filter_leaves(mixed: Store, asked: dict, left: set | None) -> None:
    found = offered(mixed, Query(**asked))
    assert set(found) == left if left is not None else {item.kind for item in found} == {"plan"}
    progress = mixed.reviews.progress("ann", Query(**asked), NOON)
    assert (progress.done, progress.all) == (0, len(found))


def test_flags_and_faults_that_others_found_can_be_asked_for(mixed: Store) -> None:
    reviews = mixed.reviews
    reviews.answer("bob", RED, Answer(accepted=False, faults=("anatomy", "style")), NOON)
    reviews.flag("bob", BLUE, NOON)
    reviews.answer("bob", BEAR, Answer(accepted=True, flagged=True), NOON)
    assert offered(mixed, Query(required=2, faults=("style", "text"))) == [RED]
    assert offered(mixed, Query(required=2, faults=("text",))) == []
    assert set(offered(mixed, Query(required=2, flagged=True))) == {BLUE, BEAR}
    assert offered(mixed, Query(required=2, unreviewed=True)) == [BLUE], "a flag is no answer"
    for _ in range(3):
        reviews.undo("bob", NOON, NOON)
    assert offered(mixed, Query(required=2, flagged=True)) == offered(mixed, Query(required=2, faults=("style",))) == []


def test_models_are_those_that_drew_planned_and_judged(mixed: Store) -> None:
    assert mixed.reviews.models() == ("flux@1", "flux@2", "qwen@1", "qwen@2", "sage@1")


# ---------------------------------------------------------------- what does not come


def test_what_was_answered_skipped_or_has_enough_answers_does_not_come(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 4)
    store.reviews.answer("bob", items[0], YES, NOON)
    store.reviews.skip("bob", items[1], NOON)
    assert offered(store, reviewer="bob") == items[2:]
    assert offered(store, reviewer="ann") == items[1:], "what one skips, others get"
    assert offered(store, Query(required=2)) == items
    assert offered(store, Query(required=2), reviewer="bob") == items[2:]


def test_deleted_stories_do_not_come_until_they_are_restored(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5] * 2)
    store.delete("thestory0001")
    assert (offered(store), store.reviews.progress("ann", ALL, NOON).all) == ([], 0)
    store.restore("thestory0001")
    assert offered(store) == items


def test_an_attempt_comes_once_however_many_branches_share_it(store: Store) -> None:
    trunk = told(store)
    drawn_in_trunk = len(trunk.trajectory.tries)
    branches = [store.branch(trunk.id, ME) for _ in range(3)]
    branches.append(store.branch(branches[0].id, ME))
    branches[1].send(Overrule(attempt=trunk.trajectory.tries[0].attempt.key, accepted=False, stale="later"))
    assert [item.story for item in offered(store)] == [trunk.id] * drawn_in_trunk
    branches[3].send(Resume())
    branches[3].send(Retry(step="s2"))
    tell(branches[3], store.images)
    own = len(branches[3].trajectory.tries) - drawn_in_trunk
    assert own > 0
    assert sorted(item.story for item in offered(store)) == sorted([trunk.id] * drawn_in_trunk + [branches[3].id] * own)
    assert all(store.audit(story_id).faults == () for story_id in store.ids())


def test_what_a_trunk_and_its_branch_draw_apart_are_two_things(store: Store) -> None:
    trunk = store.create(ASKED)
    branch = store.duplicate(trunk.id, ME)
    branch.send(Resume())
    for story in (trunk, branch):
        tell(story, store.images, agents(steps=1))
    same = trunk.trajectory.tries[0].attempt.key
    ours, theirs = (AttemptItem(story=story.id, attempt=same) for story in (trunk, branch))
    store.reviews.answer("ann", ours, YES, NOON)
    assert theirs in offered(store)
    assert ours not in offered(store)
    assert store.reviews.of_story(branch.id) == {}


def test_a_story_that_is_imported_or_told_live_has_the_same_rows_as_one_rebuilt(store: Store) -> None:
    story = store.create(ASKED.model_copy(update={"policy": Policy(max_attempts=5, candidates=2)}))
    tell(story, store.images)
    before = rows(store)
    assert len(before) > 5
    store.rebuild()
    assert rows(store) == before


def rows(store: Store) -> list:
    with store.database.reading() as db:
        return list(db.exec_driver_sql("SELECT * FROM reviewable ORDER BY id").all())


def test_rows_that_differ_from_the_facts_are_said_to(store: Store) -> None:
    story_of(store, "thestory0001", [0.5] * 2)
    with store.database.writing() as db:
        db.execute(update(Reviewable).where(Reviewable.key == "s1/0/1").values(p_success=0.1))
        db.exec_driver_sql("DELETE FROM reviewable WHERE key = '1'")
    assert set(store.audit("thestory0001").faults) == {
        "The row to review attempt s1/0/1 differs from the facts.",
        "The row to review plan 1 is missing.",
    }
    store.rebuild()
    assert store.audit("thestory0001").faults == ()


# ---------------------------------------------------------------- the cost of a decision

ORDERS: tuple[Order, ...] = ("disagreement", "uncertain", "newest", "random", "story")
FILTERS: dict[str, dict] = {
    "everything": {},
    "several answers": {"required": 3},
    "every filter": {
        "model": "painter-1",
        "verdict": "refused",
        "profile": "pocket",
        "words": "cat take",
        "since": NOON,
        "until": NOON + 10_000 * MINUTE,
    },
}


@pytest.mark.sqlite
@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("asked", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_next_item_is_found_by_walking_an_index_and_sorts_nothing(
    store: Store, order: Order, asked: dict, analysed: bool
) -> None:
    crowd(store, 200)
    if analysed:
        with store.database.writing() as db:
            db.exec_driver_sql("ANALYZE")
    query = Query(order=order, **asked)
    reviews = store.reviews
    plans = plans_of(store, lambda: reviews.take("ann", query, NOON))
    walk = re.compile(rf"SEARCH reviewable USING (COVERING )?INDEX reviewable_{order} \(kind=\? AND settled=\? AND answers=\?")
    assert len(list(filter(walk.match, plans))) >= query.required
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or plan.startswith("SCAN")]


@pytest.mark.sqlite
def test_every_decision_reads_and_writes_by_indexes(store: Store) -> None:
    crowd(store, 200)
    item = AttemptItem(story=f"{3:012}", attempt=key(0))
    reviews = store.reviews

    def decide() -> None:
        reviews.answer("ann", item, YES, NOON, required=3)
        reviews.answer("bob", item, NO, NOON, required=3)
        reviews.answers_of(item, "ann")
        reviews.undo("ann", NOON, NOON)
        reviews.skip("ann", item, NOON)
        reviews.renew("cem", item, NOON, required=3)
        reviews.undo("ann", NOON, NOON)
        reviews.disagreements(ALL)
        reviews.adjudicate("dan", item, YES, NOON)

    # The indexes that a walk for the smallest item or the last review takes are walks from one end; nothing else is scanned.
    assert not [plan for plan in plans_of(store, decide) if plan.startswith("SCAN") or "TEMP B-TREE" in plan]


def plans_of(store: Store, ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about each statement that is asked."""
    asked = list[tuple[str, Any]]()

    def hear(_connection, _cursor, statement, parameters, _context, _many) -> None:
        asked.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", hear)
    ask()
    event.remove(store.database.engine, "before_cursor_execute", hear)
    with store.database.reading() as db:
        return [
            row[3] + " <- " + said
            for said, given in asked
            if said.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))
            for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", given)
        ]


class Steps:
    """Counts the steps of SQLite's machine, thousands of them, and the statements: work, whatever the clock says."""

    def __init__(self, store: Store) -> None:
        self.thousands = self.statements = 0
        event.listen(store.database.engine, "checkout", self._watch)
        event.listen(store.database.engine, "before_cursor_execute", self._count)

    def _watch(self, connection, *_: object) -> None:
        connection.set_progress_handler(self._step, 1000)

    def _step(self) -> int:
        self.thousands += 1
        return 0

    def _count(self, *_: object) -> None:
        self.statements += 1

    def of(self, act: Callable[[], object]) -> tuple[int, int]:
        self.thousands = self.statements = 0
        act()
        return self.thousands, self.statements


def answered_by(store: Store, ids: list[int], reviewer: str) -> None:
    """So many answers, in one transaction, as if given one by one."""
    said = {"accepted": True, "answer": YES.model_dump_json(), "guideline": 0, "at": NOON, "adjudicated": False}
    with store.database.writing() as db:
        given = [{"item_id": each, "reviewer": reviewer, "turn": turn, **said} for turn, each in enumerate(ids, 1)]
        db.execute(Review.__table__.insert(), given)  # type: ignore[attr-defined]
        db.exec_driver_sql("UPDATE reviewable SET answers = answers + 1, yes = yes + 1 WHERE id <= ?", (len(ids),))


@pytest.mark.sqlite
@pytest.mark.parametrize("order", ORDERS)
def test_a_decision_among_twenty_thousand_costs_what_it_costs_among_two_hundred(store: Store, order: Order) -> None:
    ids = crowd(store, 20_000)
    answered_by(store, ids[:12_000], "ann")
    steps, query = Steps(store), Query(order=order)

    def decide() -> None:
        taken = store.reviews.take("ann", query, NOON)
        assert taken is not None
        store.reviews.answer("ann", taken.item, YES, NOON)

    decide()
    costs = [steps.of(decide) for _ in range(20)]
    assert max(thousands for thousands, _ in costs) <= 5, "a walk past the answered ones would take a hundred"
    assert max(statements for _, statements in costs) <= 40
    two = Query(order=order, required=2)
    among, _ = steps.of(lambda: store.reviews.take("ann", two, NOON))
    assert among <= 1200, "past one's own 12,000 answers that want another's: some dozen steps each"


@pytest.mark.sqlite
def test_progress_among_twenty_thousand_passes_each_once(store: Store) -> None:
    crowd(store, 20_000)
    steps = Steps(store)
    store.reviews.progress("ann", ALL, NOON)
    thousands, statements = steps.of(lambda: store.reviews.progress("ann", ALL, NOON))
    assert thousands <= 1000
    assert statements <= 6
