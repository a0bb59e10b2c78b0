"""Laws of deleting all that a person has: nothing of theirs is left, and nothing of anybody else's is touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from PIL import Image
from sqlalchemy import select

from core.commands import Open, Pause
from core.errors import NotFound, WriteConflict
from core.events import Drawn
from core.reviewing import Answer, AttemptItem
from core.store import Deeds, Store, Tickets
from core.store.people_tables import Ticket
from core.story import Story
from core.types import Request
from tests.core.queues import NOON
from tests.core.telling import ASKED, tell

ANN, BOB, HOST = "person:ann", "person:bob", "person:host"
SECRET_WISH = "A wish that nobody else may ever read"


def told(store: Store, by: str, text: str = "A cat finds a red balloon by the sea") -> Story:
    """A whole story of somebody's, with pictures that no other request is told with."""
    story = store.create(ASKED.model_copy(update={"request": Request(text=text, seed=len(text))}), by)
    tell(story, store.images)
    return story


def whole(store: Store) -> None:
    """Every story that is left is told by its facts, its rows follow from them, and its pictures are there."""
    assert store.damage() == []
    for story in store.ids():
        assert store.audit(story).faults == (), story
        for event in store.events(story):
            if isinstance(event, Drawn):
                store.images.read(event.attempt.image)


def rests(store: Store) -> str:
    """All that the database's files hold, as text."""
    with closing(sqlite3.connect(store.database.folder / "studio.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return "\n".join(db.iterdump())


def test_nothing_of_a_person_is_left_and_all_of_others_is(store: Store) -> None:
    mine, others = told(store, by=ANN, text=SECRET_WISH), told(store, by=BOB, text="Another story")
    deleted = told(store, by=ANN, text=SECRET_WISH)
    store.delete(deleted.id)
    before = store.events(others.id)
    erased = store.erase("ann", HOST)
    assert set(erased.stories) == {mine.id, deleted.id}
    assert store.ids() == [others.id]
    assert store.events(others.id) == before
    for story in (mine.id, deleted.id):
        with pytest.raises(NotFound):
            store.open_story(story)
    kept = rests(store)
    assert SECRET_WISH not in kept
    assert "person:ann" not in kept
    for file in store.database.folder.glob("studio.db*"):
        assert SECRET_WISH.encode() not in file.read_bytes(), "also not where the file was let go of"
    whole(store)


def test_a_picture_goes_with_the_last_story_that_names_it(store: Store) -> None:
    given = [store.images.save(Image.new("RGB", (64, 64), colour)) for colour in ("red", "blue")]
    for by, pictures in ((ANN, given), (BOB, given[:1])):
        store.create(Open(request=Request(text="Go on", images=tuple(pictures))), by)
    smaller = store.images.thumbnail(given[1], 32)
    erased = store.erase("ann", HOST)
    assert erased.pictures == {given[1].sha256}
    assert store.images.path(given[0]).is_file()
    assert not store.images.path(given[1]).exists()
    assert not smaller.exists()


def test_what_others_branched_off_stays_as_it_was_and_nobody_is_named_in_it(store: Store) -> None:
    mine = told(store, by=ANN)
    theirs = store.branch(mine.id, BOB)
    further = store.branch(theirs.id, "person:cat")
    own = store.branch(theirs.id, ANN)
    before = {story.id: (story.trajectory.standings, store.card(story.id)) for story in (theirs, further)}
    store.erase("ann", HOST)
    with pytest.raises(NotFound):
        store.open_story(own.id)
    whole(store)
    for story, (standings, card) in before.items():
        assert store.open_story(story).trajectory.standings == standings
        now = store.card(story)
        assert (now.owner, now.title, now.cover, now.attempts) == (card.owner, card.title, card.cover, card.attempts)
    assert store.card(theirs.id).trunk is None
    assert store.card(further.id).trunk == theirs.id
    assert "person:ann" not in rests(store)
    store.rebuild()
    whole(store)


def test_what_a_person_said_of_others_stories_stays_and_nobodys_name_is_at_it(store: Store) -> None:
    mine, others = told(store, by=ANN), told(store, by=BOB)
    for story, reviewer in ((mine, "bob"), (others, "ann")):
        item = AttemptItem(story=story.id, attempt=story.trajectory.tries[0].attempt.key)
        store.reviews.answer(reviewer, item, Answer(accepted=True), NOON)
    store.erase("ann", HOST)
    (review,) = store.reviews.everything()
    assert (review.item.story, review.answer) == (others.id, Answer(accepted=True)), "what was said of a story goes with it"
    assert review.reviewer.startswith("erased-")


def test_links_and_tokens_of_a_person_open_nothing_any_more_and_the_deed_is_logged(store: Store) -> None:
    mine, others = told(store, by=ANN), told(store, by=BOB)
    links, tokens = Tickets(store.database, "story"), Tickets(store.database, "person")
    gone = [links.make(mine.id, ANN), tokens.make("ann", ANN)]
    kept = links.make(others.id, BOB), tokens.make("bob", BOB)
    store.erase("ann", HOST)
    assert [tickets.opened_by(secret) for tickets, secret in zip((links, tokens), gone, strict=True)] == [None, None]
    assert (links.opened_by(kept[0]), tokens.opened_by(kept[1])) == (others.id, "bob")
    with store.database.reading() as db:
        assert len(db.execute(select(Ticket.id)).all()) == 2  # type: ignore[call-overload]
    (newest,) = Deeds(store.database).latest(1)
    assert (newest.by, newest.what, newest.whom) == (HOST, "data_deleted", "ann")


def test_a_live_story_of_one_who_is_gone_records_nothing_more(store: Store) -> None:
    story = store.create(Open(request=Request(text="Being told")), ANN)
    store.erase("ann", HOST)
    with pytest.raises((WriteConflict, NotFound)):
        story.send(Pause(), ANN)
    assert store.ids() == []


def test_who_never_was_here_is_erased_without_a_trace(store: Store) -> None:
    others = told(store, by=BOB)
    assert store.erase("nobody", HOST).stories == ()
    assert store.ids() == [others.id]


def test_a_picture_that_another_story_saved_and_has_not_named_yet_is_there_once_it_does(store: Store) -> None:
    image = Image.new("RGB", (64, 64), "tomato")
    store.create(ASKED.model_copy(update={"request": Request(text="Hers", images=(store.images.save(image),))}), ANN)
    his = store.images.save(image)  # the same bytes, for a story that is about to begin
    assert his.sha256 in store.erase("ann", HOST).pictures
    assert not store.images.path(his).exists()
    store.create(ASKED.model_copy(update={"request": Request(text="His", images=(his,))}), BOB)
    assert store.images.load(his).tobytes() == image.tobytes()
    whole(store)
