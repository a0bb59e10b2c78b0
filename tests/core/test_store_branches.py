"""A branch has its trunk's facts without a copy of them, goes its own way, and needs nobody's leave to stay."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.commands import Overrule, Pause, Rename, Resume, Retry, Undo
from core.errors import NotFound, ReadOnly
from core.events import Branched, Failed, Opened
from core.policy import Rest, next_task
from core.store import Store, StoryQuery
from core.trajectory import fold
from tests.core.facts import facts, requests
from tests.core.telling import ASKED, agents, reopened, tell, told

ANN, BOB = "person:ann", "person:bob"


def rows_in(store: Store, table: str, story_id: str) -> int:
    with store.database.reading() as db:
        count: int = db.execute(text(f"SELECT count(*) FROM {table} WHERE story_id = :id"), {"id": story_id}).scalar_one()
        return count


def healthy(store: Store) -> bool:
    return all(store.audit(story_id).faults == () for story_id in store.ids()) and not store.damage()


def test_a_branch_begins_with_all_facts_of_its_trunk_and_copies_neither_facts_nor_pictures(store: Store) -> None:
    trunk = told(store)
    before, pictures = store.events(trunk.id), list(store.images.files())
    branch = store.branch(trunk.id, BOB, seed=77)
    *shared, fact = store.events(branch.id)
    assert shared == before == store.events(trunk.id)
    assert fact == Branched(trunk=trunk.id, length=len(before), seed=77, by=BOB, at=fact.at)
    assert rows_in(store, "event", branch.id) == 1
    assert rows_in(store, "attempt", branch.id) == rows_in(store, "timing", branch.id) == 0
    assert list(store.images.files()) == pictures
    assert (branch.length, branch.trajectory) == (len(before) + 1, fold([*before, fact]))
    assert store.open_story(branch.id) is branch
    with reopened(store) as again:
        assert again.open_story(branch.id).trajectory == branch.trajectory
        assert healthy(again)


def test_a_branch_is_its_makers_says_where_it_came_from_and_is_new(store: Store) -> None:
    trunk = store.create(ASKED, ANN)
    branch = store.branch(trunk.id, BOB)
    card = store.card(branch.id)
    assert (card.owner, card.trunk, card.status, card.starred) == ("bob", trunk.id, "paused", False)
    assert card.created_at == store.events(branch.id)[-1].at > store.card(trunk.id).created_at
    assert [found.id for found in store.page().cards] == [branch.id, trunk.id]
    assert [found.id for found in store.page(StoryQuery(owner="ann")).cards] == [trunk.id]


def test_trunk_and_branch_go_their_own_ways(store: Store) -> None:
    trunk = told(store)
    branch = store.branch(trunk.id, BOB)
    step = branch.trajectory.steps[-1].id
    branch.send(Resume(), BOB)
    branch.send(Retry(step=step), BOB)
    tell(branch, store.images)
    assert rows_in(store, "attempt", branch.id) == len(branch.trajectory.tries) - len(trunk.trajectory.tries) > 0
    drawn = [tried.attempt for tried in branch.trajectory.tries if tried.attempt.key.revision == 1]
    trunk.send(Retry(step=step))
    tell(trunk, store.images)
    again = [tried.attempt for tried in trunk.trajectory.tries if tried.attempt.key.revision == 1]
    assert again[0].seed != drawn[0].seed, "what is drawn again is drawn differently"
    assert store.open_story(branch.id).trajectory == branch.trajectory
    assert isinstance(next_task(branch.trajectory), Rest)
    assert healthy(store)


def test_a_duplicate_draws_again_what_its_trunk_would(store: Store) -> None:
    trunk = told(store)
    twin = store.duplicate(trunk.id, BOB)
    twin.send(Resume(), BOB)
    for story in (trunk, twin):
        story.send(Retry(step="s1"))
        tell(story, store.images)
    shared = store.card(twin.id).attempts - rows_in(store, "attempt", twin.id)
    assert shared == rows_in(store, "attempt", trunk.id) - rows_in(store, "attempt", twin.id)
    assert [tried.attempt for tried in twin.trajectory.tries] == [tried.attempt for tried in trunk.trajectory.tries]


def test_each_branch_has_another_seed(store: Store) -> None:
    trunk = store.create(ASKED)
    seeds = {store.branch(trunk.id, ANN).trajectory.request.seed for _ in range(5)}  # type: ignore[union-attr]
    assert len({ASKED.request.seed, *seeds}) == 6


def test_a_branch_of_a_branch_has_the_facts_of_all_and_any_part_of_them_can_be_asked_for(store: Store) -> None:
    story = told(store)
    for number in range(4):
        story = store.branch(story.id, ANN)
        story.send(Rename(title=f"The way {number}"), ANN)
    whole = store.events(story.id)
    assert [event.kind for event in whole[-8:]] == ["branched", "renamed"] * 4
    for after in range(-1, len(whole)):
        assert store.events(story.id, after) == whole[after + 1 :]
    with reopened(store) as again:
        assert again.open_story(story.id).length == len(whole)
        assert healthy(again)


def test_a_branch_needs_its_trunk_on_no_list(store: Store) -> None:
    trunk = told(store)
    branch = store.branch(trunk.id, BOB)
    store.delete(trunk.id)
    with pytest.raises(NotFound):
        store.branch(trunk.id, BOB)
    with reopened(store) as again:
        whole = again.open_story(branch.id)
        assert whole.trajectory == branch.trajectory
        whole.send(Resume(), BOB)
        assert [card.id for card in again.page().cards] == [branch.id]
        assert healthy(again)


def test_what_the_trunk_does_later_is_not_the_branchs(store: Store) -> None:
    trunk = store.create(ASKED)
    branch = store.branch(trunk.id, BOB)
    trunk.send(Rename(title="Later"))
    tell(trunk, store.images, agents(steps=1))
    assert [event.kind for event in store.events(branch.id)] == ["opened", "branched"]
    assert store.card(branch.id).title != "Later"


def test_a_verdict_on_a_shared_picture_is_the_branchs_alone_also_when_it_is_undone(store: Store) -> None:
    trunk = told(store)
    before = store.audit(trunk.id)
    branch = store.branch(trunk.id, BOB)
    key = branch.trajectory.tries[0].attempt.key
    branch.send(Overrule(attempt=key, accepted=False, stale="later"), BOB)
    assert rows_in(store, "attempt", branch.id) == 1
    assert healthy(store)
    branch.send(Undo(), BOB)
    assert store.audit(trunk.id) == before
    assert healthy(store)


def test_failures_before_a_branch_are_on_its_card_and_in_no_row_of_its_attempts(store: Store) -> None:
    trunk = told(store)
    key = trunk.trajectory.tries[-1].attempt.key
    trunk.record(Failed(task="judge", attempt=key, code="reply", message="?"))
    branch = store.branch(trunk.id, BOB)
    branch.record(Failed(task="judge", attempt=key, code="reply", message="?"))
    assert store.card(branch.id).failures == store.card(trunk.id).failures + 1
    with store.database.reading() as db:
        failures = text("SELECT failures FROM attempt WHERE story_id = :id")
        assert db.scalars(failures, {"id": branch.id}).all() == [1]
    assert healthy(store)


def test_only_who_may_write_branches(store: Store) -> None:
    trunk = store.create(ASKED)
    with Store(store.database.folder, write=False) as reader, pytest.raises(ReadOnly):
        reader.branch(trunk.id, BOB)
    assert store.ids() == [trunk.id]


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("UPDATE story SET trunk_length = trunk_length - 1 WHERE trunk IS NOT NULL", "missing"),
        ("UPDATE story SET trunk = 'otherstory01' WHERE trunk IS NOT NULL", "branched off otherstory01"),
        ("UPDATE story SET trunk = id WHERE trunk IS NOT NULL", "missing"),
        ("UPDATE story SET trunk = NULL WHERE trunk IS NOT NULL", "missing"),
        ("DELETE FROM event WHERE seq = 1 AND story_id <> 'otherstory01'", "Fact 1 .*missing"),
    ],
)
def test_a_branch_that_has_lost_its_trunk_is_said_to_be_ill(store: Store, harm: str, fault: str) -> None:
    trunk = store.create(ASKED)
    trunk.send(Pause())
    other = store.create(ASKED, story_id="otherstory01")
    other.send(Pause())
    branch = store.branch(trunk.id, BOB)
    with store.database.writing() as db:
        db.exec_driver_sql(harm)
    assert re.search(fault, " ".join(store.audit(branch.id).faults))


# ---------------------------------------------------------------- whatever the facts are

openings = st.builds(Opened, request=requests, by=st.just(ANN))
others = facts.filter(lambda event: event.kind != "opened")
stretches = st.lists(st.lists(others, max_size=4), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(openings, stretches)
def test_a_chain_of_branches_has_the_facts_that_one_story_would_have(
    tmp_path_factory: pytest.TempPathFactory, opening: Opened, stretches: list
) -> None:
    with Store(tmp_path_factory.mktemp("data")) as store:
        whole, keeper = [opening], "firststory00"
        store.append(keeper, 0, whole, fold(whole))
        for stretch in stretches:
            for event in stretch:
                whole.append(event)
                store.append(keeper, len(whole) - 1, [event], fold(whole))
            keeper = store.branch(keeper, BOB).id
            whole.append(store.events(keeper)[-1])
            assert store.events(keeper) == whole
            assert store.card(keeper).owner == "bob"
        assert healthy(store)
        before = dumped(store)
        store.rebuild()
        assert dumped(store) == before


def dumped(store: Store) -> list:
    with store.database.reading() as db:
        return [
            db.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").all()
            for table in ("story", "attempt", "timing", "reviewable")
        ]
