"""Lists say of each story what its facts say, newest first, page by page, and never sort ten thousand to show fifty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from core.backends.fake import scripted_agents
from core.commands import Pause, Rename
from core.errors import NotFound
from core.events import Failed, Opened
from core.store import Cursor, Store, StoryCard, StoryQuery, projection
from core.trajectory import Trajectory, fold
from core.types import Policy, Request, Verdict
from tests.core.shelves import FIRST, fill
from tests.core.telling import ASKED, reopened, tell, told


def test_cards_say_what_the_facts_say(store: Store) -> None:
    story = told(store)
    card, t = store.card(story.id), story.trajectory
    assert (card.status, card.steps, card.attempts) == ("done", len(t.steps), len(t.tries))
    assert card.accepted == sum(standing.settled.why == "accepted" for standing in t.standings if standing.settled)
    assert card.cover == t.standings[0].image
    assert card.title == "A cat finds a red balloon by the sea"
    assert (card.owner, card.created_at) == ("local", store.events(story.id)[0].at)


@pytest.mark.parametrize(
    ("policy", "wishes", "status"),
    [
        (Policy(), [], "running"),
        (Policy(), [Pause()], "paused"),
        (Policy(review=True), ["tell"], "waiting"),
        (Policy(max_attempts=1, on_exhausted="pause"), ["tell"], "waiting"),
        (Policy(), ["tell"], "done"),
        (Policy(max_failures=1), [Failed(task="plan", code="reply", message="?")], "stuck"),
    ],
)
def test_the_status_follows_from_what_is_next(store: Store, policy: Policy, wishes: list, status: str) -> None:
    story = store.create(ASKED.model_copy(update={"policy": policy}))
    for wish in wishes:
        if wish == "tell":
            tell(story, store.images, scripted_agents(verdicts=[Verdict(accepted=policy.on_exhausted != "pause")]))
        elif isinstance(wish, Pause):
            story.send(wish)
        else:
            story.record(wish)
    assert store.card(story.id).status == status
    assert store.unfinished() == ([story.id] if status == "running" else [])


def opened_at(store: Store, minute: int, text: str = "a story", owner: str = "ann") -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    fact = Opened(request=Request(text=text), by=f"person:{owner}", at=at)
    story_id = f"{minute:012}"
    store.append(story_id, 0, [fact], fold([fact]))
    return story_id


def test_lists_are_newest_first_by_owner_and_by_words(store: Store) -> None:
    told_of = {"ann": ["The red KITE", "A blue kite and a Bär"], "bob": ["A red 100% house", "Ännchen's cat"]}
    ids = [opened_at(store, n, text, owner) for n, (owner, text) in enumerate((o, x) for o, xs in told_of.items() for x in xs)]
    assert found(store) == ids[::-1]
    assert found(store, owner="ann") == [ids[1], ids[0]]
    assert found(store, words="red") == [ids[2], ids[0]]
    assert found(store, words="kite RED") == [ids[0]]
    assert found(store, words="bär", owner="ann") == [ids[1]]
    assert found(store, words="ännchen's") == [ids[3]]
    assert found(store, words="100%") == [ids[2]]
    assert found(store, words="%") == [ids[2]]
    assert found(store, words="a' OR 1=1") == []
    assert found(store, words="x " * 5000) == []


def found(store: Store, **asked: object) -> list[str]:
    return [card.id for card in store.page(StoryQuery(**asked)).cards]  # type: ignore[arg-type]


def test_a_list_is_what_is_left_after_each_filter(store: Store) -> None:
    ids = fill(store, range(60))
    store.open_story(ids[8]).send(Pause())
    store.delete(ids[59])
    assert found(store, profile="klein-4b", owner="ann") == [ids[n] for n in (42, 21, 0)]
    assert found(store, status="paused") == [ids[8]]
    assert found(store, starred=True) == [ids[50], ids[0]]
    assert found(store, starred=False, profile="klein-4b") == [ids[n] for n in (56, 49, 42, 35, 28, 21, 14, 7)]
    moment = [FIRST + timedelta(minutes=n) for n in (10, 13)]
    assert found(store, since=moment[0], until=moment[1]) == [ids[n] for n in (12, 11, 10)], "the end is not in it"
    assert found(store, since=moment[1], until=moment[0]) == []
    assert store.profiles() == ["klein-4b", "pocket"]
    assert store.profiles("nobody") == []


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 9),
    st.none() | st.sampled_from(["ann", "bob"]),
    st.sampled_from(["", "cat", "a balloon"]),
    st.none() | st.integers(0, 40),
    st.none() | st.integers(0, 40),
)
def test_the_pages_of_a_list_are_the_list_whatever_their_length(
    shelf: Store, limit: int, owner: str | None, words: str, since: int | None, until: int | None
) -> None:
    times = {name: FIRST + timedelta(minutes=n) for name, n in (("since", since), ("until", until)) if n is not None}
    query, paged = StoryQuery(owner=owner, words=words, limit=limit, **times), list[StoryCard]()
    while True:
        page = shelf.page(query)
        assert len(page.cards) == limit or page.next is None
        paged += page.cards
        if page.next is None:
            break
        query = query.model_copy(update={"after": Cursor.model_validate_json(page.next.model_dump_json())})
    assert paged == list(shelf.page(StoryQuery(owner=owner, words=words, **times)).cards)
    assert all(words.split()[-1] in card.title for card in paged if words)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Forty stories, most of which began in the same moment as another."""
    with Store(tmp_path_factory.mktemp("shelf") / "data") as store:
        fill(store, range(40))
        with store.database.writing() as db:
            minute = "printf('2026-01-01 00:%02d:00.000000', CAST(id AS INTEGER) / 3 * 3)"
            db.exec_driver_sql(f"UPDATE story SET created_at = {minute}")
        yield store


def test_a_story_that_is_begun_meanwhile_moves_no_page(store: Store) -> None:
    ids = fill(store, range(6))
    page = store.page(StoryQuery(limit=3))
    store.create(ASKED)
    after = store.page(StoryQuery(limit=3, after=page.next))
    assert [card.id for card in (*page.cards, *after.cards)] == ids[::-1]
    assert after.next is None


def test_a_title_is_found_and_shown_and_an_empty_one_gives_the_storys_own_back(store: Store) -> None:
    story = store.create(ASKED)
    story.send(Rename(title="  Mimi\n am MEER "))
    assert store.card(story.id).title == "Mimi am MEER"
    assert found(store, words="meer balloon") == [story.id], "the request is still searched"
    story.send(Rename(title=" "))
    assert store.card(story.id).title == ASKED.request.text
    assert found(store, words="mimi") == []


def test_a_star_is_nobodys_fact_and_stays(store: Store) -> None:
    story = store.create(ASKED)
    store.star(story.id, True)
    story.send(Pause())
    store.rebuild()
    with reopened(store) as again:
        assert again.card(story.id).starred
        assert again.audit(story.id).faults == ()
        again.star(story.id, False)
        assert not again.card(story.id).starred


QUERIES = {
    "all": {},
    "an owner's": {"owner": "ann"},
    "with words": {"words": "balloon"},
    "of a status": {"status": "running"},
    "an owner's of a status": {"owner": "ann", "status": "paused"},
    "of a profile": {"profile": "pocket"},
    "an owner's of a profile": {"owner": "ann", "profile": "klein-4b"},
    "starred": {"starred": True},
    "an owner's starred": {"owner": "ann", "starred": True},
    "in a time": {"since": FIRST, "until": FIRST + timedelta(days=1)},
    "everything at once": {
        "owner": "ann",
        "words": "cat",
        "status": "running",
        "profile": "pocket",
        "starred": False,
        "since": FIRST,
    },
}


@pytest.mark.sqlite
@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("later", [False, True], ids=["first page", "later page"])
@pytest.mark.parametrize("asked", QUERIES.values(), ids=QUERIES)
def test_a_list_walks_an_index_and_sorts_nothing(store: Store, asked: dict, later: bool, analysed: bool) -> None:
    fill(store, range(100))
    if analysed:
        with store.database.writing() as db:
            db.exec_driver_sql("ANALYZE")
    after = Cursor(created_at=FIRST + timedelta(minutes=50), id=f"{50:012}") if later else None
    (plan,) = plans(store, lambda: store.page(StoryQuery(**asked, after=after)))
    assert plan.startswith("SEARCH story USING INDEX story_newest")
    assert ("created_at" in plan) == (later or "since" in asked), "it begins where the page does"


@pytest.mark.sqlite
def test_profiles_timings_and_unfinished_stories_are_read_from_an_index(store: Store) -> None:
    fill(store, range(100))
    assert plans(store, lambda: store.profiles("ann")) == [
        "SEARCH story USING COVERING INDEX story_profiles (owner=? AND deleted=?)"
    ]
    assert all(
        "COVERING INDEX timing_latest" in plan for plan in plans(store, lambda: store.timings("pocket")) if "timing" in plan
    )
    (plan,) = plans(store, store.unfinished)
    assert "INDEX story_newest_of_status (status=? AND deleted=?)" in plan


def plans(store: Store, ask: Callable[[], object]) -> list[str]:
    """How SQLite goes about what is asked."""
    asked = list[tuple[str, Any]]()

    def hear(_connection, _cursor, statement, parameters, _context, _many) -> None:
        asked.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", hear)
    ask()
    event.remove(store.database.engine, "before_cursor_execute", hear)
    with store.database.reading() as db:
        return [row[3] for said, given in asked for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", given)]


def test_a_deleted_story_is_off_all_lists_and_can_be_brought_back(store: Store) -> None:
    story = store.create(ASKED)
    store.delete(story.id)
    assert (found(store), store.profiles(), store.unfinished(), store.ids()) == ([], [], [], [story.id])
    for ask in (store.open_story, store.events, store.card):
        with pytest.raises(NotFound):
            ask(story.id)
    with reopened(store) as again:
        assert found(again) == []
        again.rebuild()
        assert found(again) == []
        again.restore(story.id)
        assert again.open_story(story.id).trajectory == story.trajectory


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  A cat\n\n  and a dog ", "A cat and a dog"),
        ("word " * 40, "word " * 11 + "word …"),
        ("x" * 200, "x" * 60 + " …"),
        ("", "Untitled"),
    ],
)
def test_a_title_is_the_first_words_of_the_request(text: str, title: str) -> None:
    assert projection.title_of(Trajectory(request=Request(text=text))) == title
