"""Laws of the library: whose stories it has, what is found, and what becomes of stories that are marked, copied, or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from core.commands import Pause, Rename
from core.errors import BadFile, CommandError, NotFound
from core.events import MAX_TITLE
from core.policy import Rest, next_task
from core.reviewing import Answer
from core.store import Query
from core.storyfile import export_story
from core.types import Policy, Request
from studio.librarian import MOST, PAGE
from studio.library import Asked
from studio.reviewing.dashboard import figures_of
from studio.reviewing.ledger import Bookkeeper
from studio.storyboard import library_of
from studio.visitors import NOBODY, OWNER, Visitor
from tests.core.queues import NOON, story_of
from tests.core.shelves import FIRST, fill
from tests.studio.open_studio import Gate
from tests.studio.storybook import House, Storybook, until

ANN, BOB = Visitor("ann"), Visitor("bob")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A studio whose models are asleep."""
    with House(tmp_path / "data", Storybook(side=64).agents) as opened:
        yield opened


def ids(house: House, visitor: Visitor = OWNER, **asked: Any) -> list[str]:
    return [tale.card.id for tale in house.controller.librarian.library(Asked(**asked), visitor).tales]


# ---------------------------------------------------------------- what is seen


def test_everyone_has_their_own_stories_and_the_owner_all(house: House) -> None:
    mine, theirs = house.open(visitor=ANN), house.open(visitor=BOB)
    assert ids(house, ANN) == [mine]
    assert ids(house, OWNER) == [theirs, mine]
    assert ids(house, NOBODY) == ids(house, Visitor("carl")) == []
    assert [tale.card.id for tale in house.controller.librarian.tales([mine, theirs], ANN)] == [mine]
    owners = [tale.owner for tale in house.controller.librarian.library(Asked(), OWNER).tales]
    assert owners == ["bob", "ann"], "the owner is told whose they are"
    assert house.controller.librarian.library(Asked(), ANN).tales[0].owner == ""


def test_stories_are_found_by_words_state_profile_star_and_day(house: House) -> None:
    fill(house.store, range(60))
    assert len(ids(house, words="bär Kite")) == len([n for n in range(60) if n % 5 == 2 and n % 3 == 1])
    assert ids(house, status="paused") == []
    assert ids(house, starred=True) == [f"{50:012}", f"{0:012}"]
    assert ids(house, profile="klein-4b", since=FIRST + timedelta(minutes=40)) == [f"{n:012}" for n in (56, 49, 42)]
    assert ids(house, until=FIRST + timedelta(minutes=2)) == [f"{1:012}", f"{0:012}"]
    assert house.controller.librarian.profiles(ANN) == [("klein-4b", "klein-4b"), ("pocket", "Storybook")]
    assert ids(house, words="x" * 5000) == ids(house, words="' OR 1=1 --") == ids(house, words="%") == []


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "nonsense"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},  # of no time zone
        {"after": {"created_at": "2026-01-01T00:00:00Z"}},
        {"after": "000000000001"},
        {"owner": "bob"},
        {"limit": 10**9},
        {"starred": []},
    ],
)
def test_what_a_browser_asks_is_checked(house: House, asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        house.controller.librarian.library(Asked.model_validate(asked), ANN)


def test_days_that_no_calendar_has_are_refused_with_a_sentence(house: House) -> None:
    for day in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        for asked in ({"since": day}, {"until": day}, {"after": {"created_at": day, "id": "x"}}):
            with pytest.raises(CommandError, match="too far away"):
                house.controller.librarian.library(Asked.model_validate(asked), ANN)


def test_a_library_of_ten_thousand_stories_is_read_page_by_page_without_gap_or_double(house: House) -> None:
    fill(house.store, range(10_000))
    librarian, seen, times, after = house.controller.librarian, list[str](), list[float](), None
    while True:
        began = perf_counter()
        shown = librarian.library(Asked(after=after), OWNER)
        markup = library_of(shown.tales)
        times.append(perf_counter() - began)
        assert markup.count("<li ") == len(shown.tales) <= PAGE
        seen += [tale.card.id for tale in shown.tales]
        if (after := shown.next) is None:
            break
    assert seen == [f"{n:012}" for n in reversed(range(10_000))]
    middle = sorted(times)[len(times) // 2]
    assert middle < 0.25, f"a page took {middle * 1000:.0f} ms"  # some 15 ms on a quiet machine
    began = perf_counter()
    assert len(ids(house, words="lantern owl")) == PAGE
    assert perf_counter() - began < 1


def test_the_stamp_sorts_cards_as_the_library_does(house: House) -> None:
    fill(house.store, range(30))
    house.open(), house.open()
    shown = house.controller.librarian.library(Asked(), OWNER).tales
    assert [tale.stamp for tale in shown] == sorted((tale.stamp for tale in shown), reverse=True)


HOSTILE = """<img src=x onerror="hurt()"><script>hurt()</script>'\"</li>{{ 7*7 }}${7*7}"""


def test_hostile_titles_and_names_are_only_words(house: House) -> None:
    story = house.controller.open(Request(text=HOSTILE), Policy(), Visitor(HOSTILE))
    house.send(story, Rename(title=HOSTILE))
    house.send(story, Pause())
    tales = house.controller.librarian.library(Asked(), OWNER).tales
    markup = library_of(tales)
    assert markup.count("<li ") == markup.count("</li>") == 1
    assert "49" not in markup
    assert not re.search(r"<(img src=x|script)", markup)
    assert 'onerror="' not in markup
    assert "&lt;script&gt;hurt()&lt;/script&gt;" in markup


def test_a_card_says_how_a_story_is_and_what_can_be_done(house: House) -> None:
    done, review, asleep = house.open(), house.open(review=True), house.open()
    house.send(asleep, Pause())
    house.controller.start()
    house.rest(done)
    house.rest(review, "review")
    house.controller.librarian.star([done], True, OWNER)
    branch = house.controller.branch(done, None, OWNER)
    tales = {tale.card.id: tale for tale in house.controller.librarian.library(Asked(), OWNER).tales}
    assert [tales[story].card.label for story in (done, review, asleep)] == ["Finished", "Your turn", "Paused"]
    assert [tales[story].resumes for story in (done, review, asleep, branch)] == [False, False, True, True]
    assert [tales[story].starred for story in (done, review)] == [True, False]
    assert [tales[story].branch for story in (done, branch)] == [False, True]
    assert tales[done].profile == "Storybook"
    markup = library_of([tales[done]])
    assert f"pictures/{done}/{tales[done].card.cover}.png?size=thumb" in markup
    assert 'href="./?story=' in markup, "it is as true below another path"
    assert 'data-do="resume"' not in markup
    assert 'data-do="resume"' in library_of([tales[asleep]])


# ---------------------------------------------------------------- what is done


def test_nobody_changes_or_finds_out_about_a_strangers_story(house: House) -> None:
    librarian, theirs, mine = house.controller.librarian, house.open(visitor=BOB), house.open(visitor=ANN)
    for story in (theirs, "nosuchstory1"):
        for wish in (
            lambda: librarian.star([mine, story], True, ANN),  # noqa: B023
            lambda: librarian.delete([mine, story], ANN),  # noqa: B023
            lambda: librarian.restore([mine, story], [], ANN),  # noqa: B023
            lambda: librarian.restore([], [story], ANN),  # noqa: B023
            lambda: librarian.duplicate(story, ANN),  # noqa: B023
        ):
            with pytest.raises(NotFound, match=r"^There is no such story\.$"):
                wish()
    assert ids(house, ANN) == [mine], "of an act that is refused nothing is done"
    assert not any(card.starred for card in house.store.page().cards)
    librarian.delete([theirs], BOB)
    with pytest.raises(NotFound):
        librarian.restore([theirs], [], ANN)
    assert ids(house, BOB) == []
    with pytest.raises(CommandError, match="At most"):
        librarian.star([mine] * (MOST + 1), True, ANN)


def test_deleted_stories_are_on_no_list_until_they_are_brought_back(house: House) -> None:
    stories = [house.open(visitor=ANN) for _ in range(3)]
    for story in stories:
        house.send(story, Pause(), ANN)
    librarian = house.controller.librarian
    assert librarian.delete(stories[:2], ANN) == []
    assert librarian.delete(stories[:1], ANN) == [], "twice is once"
    assert ids(house, ANN) == stories[2:]
    assert [card.id for card in house.controller.shelf(ANN)] == stories[2:]
    with pytest.raises(NotFound):
        house.controller.look(stories[0], "", ANN)
    librarian.restore(stories[:2], [], ANN)
    assert ids(house, ANN) == stories[::-1]
    assert house.trajectory(stories[0]).paused


def test_the_reviews_of_a_deleted_story_go_with_it_and_come_back_with_it(house: House) -> None:
    items = story_of(house.store, "thestory0001", [0.5] * 3)
    kept = story_of(house.store, "thestory0002", [0.5])
    for item in (*items, *kept):
        house.store.reviews.answer("bob", item, Answer(accepted=True), NOON)
    librarian, before = house.controller.librarian, list(house.store.reviews.everything())
    assert librarian.reviews_of(["thestory0001", "thestory0002"], ANN) == 4
    with pytest.raises(NotFound):
        librarian.reviews_of(["thestory0001"], BOB)
    librarian.delete(["thestory0001"], ANN)
    assert librarian.reviews_of(["thestory0001"], ANN) == 3, "so many come back with it"
    assert [review.item for review in house.store.reviews.everything()] == kept, "training reads no others"
    assert house.store.reviews.progress("bob", Query(), NOON).all == 1, "nor is any other in a queue"
    assert figures_of(Bookkeeper(house.store).ledger()).reviews == 1
    librarian.restore(["thestory0001"], [], ANN)
    assert list(house.store.reviews.everything()) == before
    assert figures_of(Bookkeeper(house.store).ledger()).reviews == 4


def test_a_story_that_is_being_told_stops_when_it_is_deleted_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    book = Storybook(side=64)
    gate = book.conduct.hook = Gate(2)
    with House(tmp_path, book.agents) as house:
        house.controller.start()
        story = house.open()
        other = house.open()
        assert gate.reached.wait(30)
        telling = story if house.worker.passing(story).live else other
        drawn = len(house.trajectory(telling).tries)
        live = house.store.open_story(telling)
        assert house.controller.librarian.delete([telling], OWNER) == [telling]
        gate.open.set()
        until(lambda: house.worker.passing(telling).live is None)
        house.rest(other if telling == story else story)
        assert len(live.trajectory.tries) == drawn, "the drawing in flight was given up, and no other begun"
        house.controller.librarian.restore([telling], [telling], OWNER)
        assert house.rest(telling).steps


def test_a_story_that_nobody_can_read_any_more_can_still_be_deleted(house: House) -> None:
    story = house.open()
    with house.store.database.writing() as db:
        db.execute(text("UPDATE event SET payload = 'nonsense' WHERE story_id = :story"), {"story": story})
    house.store._live.clear()
    assert house.controller.librarian.delete([story], OWNER) == []
    assert ids(house) == []


def test_a_copy_goes_its_own_way_and_is_finished_if_its_original_is(house: House) -> None:
    done, begun = house.open(visitor=ANN), house.open("x" * 300, visitor=ANN)
    house.send(begun, Pause(), ANN)
    house.send(begun, Rename(title="y" * MAX_TITLE), ANN)
    house.controller.start()
    house.rest(done)
    librarian = house.controller.librarian
    copy, other = librarian.duplicate(done, ANN), librarian.duplicate(begun, ANN)
    tales = {tale.card.id: tale.card for tale in librarian.library(Asked(), ANN).tales}
    assert tales[copy].label == "Finished"
    assert tales[copy].title == f"{tales[done].title} (copy)"
    assert tales[copy].cover == tales[done].cover
    assert len(tales[other].title) == MAX_TITLE
    assert tales[other].title.endswith("y (copy)")
    assert tales[other].label == "Paused"
    house.send(copy, Rename(title="Mine"), ANN)
    assert tales[done].title == house.store.card(done).title


# ---------------------------------------------------------------- story files


def test_a_story_that_was_taken_along_is_the_same_elsewhere_and_belongs_to_whoever_brings_it(tmp_path: Path) -> None:
    with House(tmp_path / "here", Storybook(side=64).agents) as house:
        house.controller.start()
        done, begun = house.open(), house.open(review=True)
        house.rest(done)
        house.rest(begun, "review")
        for story in (done, begun):
            export_story(house.store, story, tmp_path / f"{story}.story.zip")
        told = house.trajectory(done)
    with House(tmp_path / "there", Storybook(side=64).agents) as house:
        librarian, counts = house.controller.librarian, list[tuple[int, int]]()
        story = librarian.import_file(tmp_path / f"{done}.story.zip", ANN, lambda *count: counts.append(count))
        waits = librarian.import_file(tmp_path / f"{begun}.story.zip", ANN)
        assert ids(house, ANN) == [waits, story]
        assert ids(house, BOB) == []
        assert house.trajectory(story).standings == told.standings
        assert counts[-1] == (len(counts), len(counts))
        labels = {tale.card.id: tale.card.label for tale in librarian.library(Asked(), ANN).tales}
        assert labels == {story: "Finished", waits: "Paused"}
        assert isinstance(next_task(house.trajectory(waits)), Rest), "nothing begins before its new owner says so"


def test_what_is_no_story_file_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    (tmp_path / "cat.story.zip").write_bytes(b"PK nonsense")
    with pytest.raises(BadFile, match="not a story file"):
        house.controller.librarian.import_file(tmp_path / "cat.story.zip", ANN)
    with pytest.raises(CommandError, match="cookie"):
        house.controller.librarian.import_file(tmp_path / "cat.story.zip", NOBODY)
    assert house.store.ids() == []
