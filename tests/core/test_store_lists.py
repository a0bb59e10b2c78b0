"""Lists say of each story what its facts say, newest first, and never sort ten thousand to show fifty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.backends.fake import scripted_agents
from core.commands import Pause
from core.errors import NotFound
from core.events import Failed, Opened
from core.store import Store, projection, rows
from core.trajectory import Trajectory, fold
from core.types import Policy, Request, Verdict
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


def test_lists_are_newest_first_in_pages_by_owner_and_by_words(store: Store) -> None:
    told_of = {"ann": ["The red KITE", "A blue kite and a Bär"], "bob": ["A red 100% house", "Ännchen's cat"]}
    ids = [opened_at(store, n, text, owner) for n, (owner, text) in enumerate((o, x) for o, xs in told_of.items() for x in xs)]
    newest = ids[::-1]

    def found(**asked: object) -> list[str]:
        return [card.id for card in store.stories(**asked)]  # type: ignore[arg-type]

    assert found() == newest
    assert found(limit=2) + found(limit=2, offset=2) == newest
    assert found(owner="ann") == [ids[1], ids[0]]
    assert found(search="red") == [ids[2], ids[0]]
    assert found(search="kite RED") == [ids[0]]
    assert found(search="bär", owner="ann") == [ids[1]]
    assert found(search="ännchen's") == [ids[3]]
    assert found(search="100%") == [ids[2]]
    assert found(search="%") == [ids[2]]
    assert found(search="a' OR 1=1") == []


def test_a_list_walks_an_index_and_sorts_nothing(store: Store) -> None:
    for owner in (None, "ann"):
        query = str(rows.newest(owner, None).limit(50).compile(store.database.engine, compile_kwargs={"literal_binds": True}))
        with store.database.reading() as db:
            plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
        assert len(plan) == 1
        assert "USING INDEX story_newest" in plan[0]


def test_a_deleted_story_is_off_all_lists_and_can_be_brought_back(store: Store) -> None:
    story = store.create(ASKED)
    store.delete(story.id)
    assert (store.stories(), store.unfinished(), store.ids()) == ([], [], [story.id])
    for ask in (store.open_story, store.events, store.card):
        with pytest.raises(NotFound):
            ask(story.id)
    with reopened(store) as again:
        assert again.stories() == []
        again.rebuild()
        assert again.stories() == []
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
