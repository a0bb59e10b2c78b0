"""Nobody gets what somebody else has in hand; what one decides can be taken back, step by step, whatever others do meanwhile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.errors import CommandError, NotFound, ReadOnly
from core.reviewing import Answer, AttemptItem, PlanItem
from core.store import Query, Store
from tests.core.queues import ALL, MINUTE, NOON, key, story_of

ROOT = Path(__file__).parents[2]
YES, NO = Answer(accepted=True), Answer(accepted=False)
LEASE = timedelta(minutes=10)


def test_an_item_is_nobody_elses_for_ten_minutes(store: Store) -> None:
    first, second = story_of(store, "thestory0001", [0.5, 0.6])
    taken = store.reviews.take("ann", ALL, NOON)
    assert taken is not None
    assert (taken.item, taken.until, taken.blind) == (first, NOON + LEASE, False)
    found = [store.reviews.take("bob", ALL, NOON + minutes * MINUTE) for minutes in (0, 9, 10)]
    assert [each and each.item for each in found] == [second, second, first]


def test_who_asks_again_gets_the_same_and_who_keeps_it_beside_gets_the_next(store: Store) -> None:
    items = story_of(store, "thestory0001", [0.5, 0.6, 0.7])

    def take(*beside: AttemptItem) -> object:
        taken = store.reviews.take("ann", ALL, NOON, beside)
        return taken and taken.item

    assert [take(), take()] == [items[0]] * 2
    assert take(items[0]) == items[1]
    assert take(items[0], items[1]) == items[2]
    assert take(*items) is None
    assert store.reviews.take("bob", ALL, NOON) is None, "all three are in ann's hand"
    assert take() == items[0]
    assert store.reviews.take("bob", ALL, NOON).item == items[1], "what is not kept goes back"  # type: ignore[union-attr]


def test_a_lease_can_be_renewed_taken_up_again_and_given_back(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    reviews.take("ann", ALL, NOON)
    assert reviews.renew("ann", item, NOON + 9 * MINUTE) == NOON + 19 * MINUTE
    assert reviews.take("bob", ALL, NOON + 18 * MINUTE) is None
    reviews.release("ann", item)
    assert reviews.take("bob", ALL, NOON + 18 * MINUTE) is not None
    with pytest.raises(CommandError, match="somebody else has it"):
        reviews.renew("ann", item, NOON + 20 * MINUTE)
    assert reviews.renew("ann", item, NOON + 28 * MINUTE) == NOON + 38 * MINUTE, "bob's time is up, too"


def test_when_the_clock_goes_back_nothing_is_held_for_longer_than_a_lease(store: Store) -> None:
    story_of(store, "thestory0001", [0.5])
    assert store.reviews.take("ann", ALL, NOON + 3000 * MINUTE) is not None
    assert store.reviews.take("bob", ALL, NOON) is not None
    assert store.reviews.take("cem", ALL, NOON + MINUTE) is None, "what was given by the clock as it is now holds"


def test_an_answer_after_the_lease_counts_if_it_is_still_needed(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    reviews.take("ann", ALL, NOON)
    reviews.take("bob", ALL, NOON + 10 * MINUTE)
    reviews.answer("ann", item, YES, NOON + 11 * MINUTE)
    reviews.answer("bob", item, NO, NOON + 12 * MINUTE)  # bob had it in hand: his work is not lost either
    with pytest.raises(CommandError, match="needs no more answers"):
        reviews.answer("cem", item, NO, NOON + 12 * MINUTE)
    reviews.answer("cem", item, NO, NOON + 12 * MINUTE, required=3)
    assert len(reviews.answers_of(item, "ann")) == 3


def test_as_many_may_hold_an_item_as_answers_are_wanted(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    two = Query(required=2)
    assert [store.reviews.take(name, two, NOON) is not None for name in ("ann", "bob", "cem")] == [True, True, False]
    store.reviews.answer("ann", item, YES, NOON, required=2)
    assert store.reviews.take("cem", two, NOON) is None, "one answer, and bob is at it"
    store.reviews.release("bob", item)
    assert store.reviews.take("cem", two, NOON) is not None


def test_what_is_undone_is_in_hand_again(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    store.reviews.answer("ann", item, YES, NOON)
    assert store.reviews.undo("ann", NOON, NOON) == item
    assert store.reviews.take("bob", ALL, NOON) is None
    store.reviews.skip("ann", item, NOON)
    store.reviews.take("bob", ALL, NOON)
    assert store.reviews.undo("ann", NOON, NOON) == item, "bob has it now; ann's answer is still taken while it is needed"
    store.reviews.answer("ann", item, YES, NOON)


def test_nothing_can_be_taken_where_nothing_can_be_written(store: Store) -> None:
    (item,) = story_of(store, "thestory0001", [0.5])
    store.reviews.answer("ann", item, YES, NOON)
    with Store(store.database.folder, write=False) as reader:
        assert reader.reviews.answers_of(item, "ann")
        with pytest.raises(ReadOnly):
            reader.reviews.take("bob", ALL, NOON)


@pytest.mark.parametrize(
    "item", [AttemptItem(story="nosuchstory1", attempt=key(0)), AttemptItem(story="thestory0001", attempt=key(9))]
)
def test_an_item_that_is_not_there_is_not_found(store: Store, item: AttemptItem) -> None:
    story_of(store, "thestory0001", [0.5])
    reviews = store.reviews
    for act in (
        lambda: reviews.answer("ann", item, YES, NOON),
        lambda: reviews.skip("ann", item, NOON),
        lambda: reviews.renew("ann", item, NOON),
        lambda: reviews.release("ann", item),
        lambda: reviews.answers_of(item, "ann"),
        lambda: reviews.set_gold(item, YES, "ann", NOON),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_answer_is_to_the_kind_of_thing_that_was_asked_about(store: Store) -> None:
    story_of(store, "thestory0001", [0.5])
    with pytest.raises(CommandError, match="another kind"):
        store.reviews.answer("ann", PlanItem(story="thestory0001", revision=1), YES, NOON)


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("required", [1, 2])
def test_threads_that_review_at_once_never_meet_unless_several_answers_are_wanted(store: Store, required: int) -> None:
    items = story_of(store, "thestory0001", [number / 24 for number in range(24)])
    query, start = Query(required=required), threading.Barrier(4)
    answered: dict[str, list] = {name: [] for name in ("ann", "bob", "cem", "dan")}

    def review(name: str) -> None:
        start.wait()
        while taken := store.reviews.take(name, query, NOON):
            store.reviews.answer(name, taken.item, YES, NOON, required=required)
            answered[name].append(taken.item)

    threads = [threading.Thread(target=review, args=(name,)) for name in answered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = [item for theirs in answered.values() for item in theirs]
    assert sorted(given, key=str) == sorted(items * required, key=str)
    assert all(len(set(theirs)) == len(theirs) for theirs in answered.values())


OTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.reviewing import Answer
from core.store import Query, Store
store, now = Store(Path(sys.argv[1])), datetime(2026, 3, 1, 12, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
while taken := store.reviews.take(sys.argv[2], Query(), now):
    store.reviews.answer(sys.argv[2], taken.item, Answer(accepted=True), now)
    print(taken.item.attempt.number, flush=True)
"""


@pytest.mark.sqlite
def test_two_processes_never_get_the_same_item_even_without_the_lock(store: Store) -> None:
    items = story_of(store, "thestory0001", [number / 30 for number in range(30)])
    others = []
    for name in ("ann", "bob"):
        (store.database.folder / "lock").unlink()  # whoever does this gets two owners
        command = [sys.executable, "-c", OTHER_PROCESS, str(store.database.folder), name]
        others.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert others[-1].stdout.readline() == "ready\n"  # type: ignore[union-attr]
    for other in others:
        other.stdin.write("\n")  # type: ignore[union-attr]
        other.stdin.flush()  # type: ignore[union-attr]
    numbers = [line for other in others for line in other.communicate()[0].splitlines()]
    assert sorted(map(int, numbers)) == list(range(len(items)))


# ---------------------------------------------------------------- whatever they do


@dataclass
class Reviewer:
    """What the rules say of one reviewer: what stands, in order, and what is in their hand."""

    decisions: list[tuple[str, AttemptItem, datetime, AttemptItem | None]] = field(default_factory=list)
    hand: dict[AttemptItem, datetime] = field(default_factory=dict)

    def holds(self, item: AttemptItem, now: datetime) -> bool:
        return self.hand.get(item, now) > now

    def did(self, what: str, item: AttemptItem) -> bool:
        return any(done[:2] == (what, item) for done in self.decisions)


NAMES = ("ann", "bob", "cem")
names, numbers = st.sampled_from(NAMES), st.integers(0, 3)


class Reviewing(RuleBasedStateMachine):
    """Three reviewers, four items and a clock, beside a model of them that is too simple to be wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "data")
        self.items = story_of(self.store, "thestory0001", [0.5, 0.6, 0.3, 0.9])
        self.facts = self.store.events("thestory0001")
        self.now, self.begun, self.required, self.written = NOON, NOON, 1, 0
        self.people = {name: Reviewer() for name in NAMES}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize(required=st.integers(1, 3))
    def begin(self, required: int) -> None:
        self.required = required

    @rule(minutes=st.integers(1, 11))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(name=names, keep=st.booleans())
    def take(self, name: str, keep: bool) -> None:
        me = self.people[name]
        beside = [item for item in me.hand if me.holds(item, self.now)] if keep else []
        free = [item for item in self.items if item not in beside and self.may_have(name, item)]
        taken = self.store.reviews.take(name, Query(required=self.required), self.now, beside)
        assert (taken and taken.item) == (free[0] if free else None)
        me.hand = {item: until for item, until in me.hand.items() if item in beside}
        if taken:
            me.hand[free[0]] = taken.until

    @rule(name=names, number=numbers)
    def renew(self, name: str, number: int) -> None:
        item = self.items[number]
        if self.others(name, item) + self.holders(name, item) < self.required:
            self.people[name].hand[item] = self.store.reviews.renew(name, item, self.now, self.required)
        else:
            with pytest.raises(CommandError):
                self.store.reviews.renew(name, item, self.now, self.required)

    @rule(name=names, number=numbers)
    def release(self, name: str, number: int) -> None:
        self.store.reviews.release(name, self.items[number])
        self.people[name].hand.pop(self.items[number], None)

    @rule(name=names, number=numbers, accepted=st.booleans())
    def answer(self, name: str, number: int, accepted: bool) -> None:
        me, item = self.people[name], self.items[number]
        allowed = me.holds(item, self.now) or me.did("answer", item) or self.others(name, item) < self.required
        if not allowed:
            with pytest.raises(CommandError):
                self.store.reviews.answer(name, item, Answer(accepted=accepted), self.now, required=self.required)
            return
        self.store.reviews.answer(name, item, Answer(accepted=accepted), self.now, required=self.required)
        me.hand.pop(item, None)
        me.decisions.append(("answer", item, self.now, None))
        self.written += 1

    @rule(name=names, number=numbers, flag=st.booleans())
    def skip(self, name: str, number: int, flag: bool) -> None:
        (self.store.reviews.flag if flag else self.store.reviews.skip)(name, self.items[number], self.now)
        self.people[name].hand.pop(self.items[number], None)
        self.people[name].decisions.append(("skip", self.items[number], self.now, None))

    @rule(name=names)
    def begin_a_session(self, name: str) -> None:
        self.begun = self.now

    @rule(name=names)
    def undo(self, name: str) -> None:
        me = self.people[name]
        undone = self.store.reviews.undo(name, self.begun, self.now, self.required)
        last = me.decisions[-1] if me.decisions and me.decisions[-1][2] >= self.begun else None
        assert undone == (last and last[1])
        if last:
            me.decisions.pop()
            if self.others(name, last[1]) + self.holders(name, last[1]) < self.required:
                me.hand[last[1]] = self.now + LEASE

    def others(self, name: str, item: AttemptItem) -> int:
        return sum(person.did("answer", item) for other, person in self.people.items() if other != name)

    def holders(self, name: str, item: AttemptItem) -> int:
        return sum(person.holds(item, self.now) for other, person in self.people.items() if other != name)

    def may_have(self, name: str, item: AttemptItem) -> bool:
        me = self.people[name]
        room = self.others(name, item) + self.holders(name, item) < self.required
        return room and not me.did("answer", item) and not me.did("skip", item)

    @invariant()
    def the_answers_are_those_that_stand_and_only_who_answered_sees_them(self) -> None:
        for item in self.items:
            stand = {name for name, person in self.people.items() if person.did("answer", item)}
            for name in NAMES:
                seen = {review.reviewer for review in self.store.reviews.answers_of(item, name)}
                assert seen == (stand if name in stand else set())

    @invariant()
    def every_answer_is_kept_and_no_fact_is_touched(self) -> None:
        with self.store.database.reading() as db:
            assert db.exec_driver_sql("SELECT count(*) FROM review").scalar_one() == self.written
        assert self.store.events("thestory0001") == self.facts
        assert self.store.audit("thestory0001").faults == ()

    @invariant()
    def what_is_counted_follows_from_what_stands(self) -> None:
        answered = [sum(person.did("answer", item) for person in self.people.values()) for item in self.items]
        progress = self.store.reviews.progress("ann", Query(required=self.required), self.now)
        assert (progress.done, progress.all) == (sum(number >= self.required for number in answered), len(self.items))
        assert progress.own == sum(self.people["ann"].did("answer", item) for item in self.items)
        assert self.store.reviews.count_of(["thestory0001"]) == sum(answered) == len(list(self.store.reviews.everything()))


Reviewing.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestReviewing = Reviewing.TestCase
