"""Laws of making a book of a story's facts: what is in it, in which order, and with which provenance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from pydantic import ValidationError

from core.errors import CommandError
from core.events import Drawn, Event, Judged, Opened, Planned, Settled
from core.types import Attempt, AttemptKey, ImageRef, Request, Step, Verdict
from studio.export.book import UNTITLED, book_of
from tests.studio.export.books import EVIL, STORY, TEXTS, book, page
from tests.studio.storybook import REQUEST, STEPS, House, Storybook

PICTURE = ImageRef(sha256="5" * 64, width=64, height=48)
KEY = AttemptKey(step="s1", revision=0, number=0)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(Path(tmp_path_factory.mktemp("house")), Storybook().agents) as opened:
        opened.controller.start()
        opened.rest(opened.open())
        yield opened


def begun(text: str = REQUEST, **words: str | None) -> list[Event]:
    """A story with one step that nobody has drawn yet."""
    step = Step(id="s1", **{"title": "Sea", "prompt": "A cat.", "caption": "Down to the sea."} | words)  # type: ignore[arg-type]
    return [Opened(request=Request(text=text)), Planned(plan_revision=0, steps=(step,))]


def drawn(seconds: int = 0) -> list[Event]:
    attempt = Attempt(key=KEY, prompt="A cat by the sea.", seed=11, source=None, image=PICTURE)
    at = datetime(2024, 1, 1, 0, 0, seconds, tzinfo=UTC)
    return [
        Drawn(attempt=attempt, by="painter:brush-2", at=at),
        Settled(step="s1", revision=0, attempt=KEY, source=None, why="budget", at=at),
    ]


def test_a_told_story_is_a_book_of_its_steps_in_reading_order(house: House) -> None:
    story = house.store.ids()[0]
    made = book_of(story, house.store.events(story), author="Ann")
    assert (made.title, made.author, made.language, made.story) == (REQUEST, "Ann", "en", story)
    assert [(page.title, page.caption) for page in made.pages] == [(title, caption) for title, _, caption, _ in STEPS]
    t = house.trajectory(story)
    assert [page.plate and page.plate.image for page in made.pages] == [standing.image for standing in t.standings]
    assert made.pages[3].plate is None, "a step in words alone has no picture"


def test_a_picture_says_who_drew_it_with_what_and_what_was_said_of_it(house: House) -> None:
    story = house.store.ids()[0]
    plate = book_of(story, house.store.events(story)).pages[1].plate
    assert plate is not None
    assert plate.origin is not None
    tried = house.trajectory(story).find(AttemptKey(step="s2", revision=0, number=2))
    assert tried is not None
    assert plate.origin.model_dump() == {
        "story": story,
        "step": "s2",
        "attempt": "s2.0.2",
        "prompt": tried.attempt.prompt,
        "seed": tried.attempt.seed,
        "painter": house.agents.painter.name,
        "verdict": "accepted",
    }


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ([], "not judged"),
        ([("critic:c", False)], "refused"),
        ([("critic:c", False), ("person:ann", True)], "accepted"),
    ],
)
def test_a_persons_verdict_is_the_last_word_on_a_picture(said: list[tuple[str, bool]], verdict: str) -> None:
    judged = [Judged(attempt=KEY, verdict=Verdict(accepted=accepted), by=by) for by, accepted in said]
    first, settled = drawn()
    plate = book_of(STORY, [*begun(), first, *judged, settled]).pages[0].plate
    assert plate is not None
    assert plate.origin is not None
    assert plate.origin.verdict == verdict


def test_a_step_that_has_no_picture_yet_keeps_its_caption() -> None:
    made = book_of(STORY, [*begun(), drawn()[0]])
    assert [(page.caption, page.plate) for page in made.pages] == [("Down to the sea.", None)]


def test_a_step_with_nothing_to_read_is_no_page_and_a_story_of_such_steps_is_no_book() -> None:
    for events in (begun(caption=None), begun(caption="\x00 \u202e"), begun()[:1]):
        with pytest.raises(CommandError, match=r"^There is nothing to read in this story yet: .*\.$"):
            book_of(STORY, events)


def test_what_a_picture_shows_is_said_without_repeating_the_caption() -> None:
    plate = book_of(STORY, [*begun(), *drawn()]).pages[0].plate
    assert plate is not None
    assert plate.alt == "Sea"
    untitled = book_of(STORY, [*begun(title=""), *drawn()]).pages[0].plate
    assert untitled is not None
    assert untitled.alt == "Down to the sea."


def test_the_same_facts_make_the_same_book_and_it_is_as_old_as_the_last_of_them() -> None:
    events = [*begun(), *drawn(seconds=9)]
    assert book_of(STORY, events) == book_of(STORY, events)
    assert book_of(STORY, events).made_at == datetime(2024, 1, 1, 0, 0, 9, tzinfo=UTC)


@pytest.mark.parametrize(("text", "title"), [("", UNTITLED), ("\x00\u202e", UNTITLED), ("  A \n cat ", "A cat")])
def test_a_book_always_has_a_title(text: str, title: str) -> None:
    assert book_of(STORY, begun(text)).title == title
    assert book_of(STORY, begun(text), title="Mila").title == "Mila"
    with pytest.raises(ValidationError, match="there is nothing to read in it"):
        book([page("x")], title="\x00")


def test_a_title_that_is_too_long_for_a_cover_is_cut_at_a_word() -> None:
    title = book_of(STORY, begun(), title="word " * 2000).title
    assert len(title) <= 122
    assert title.endswith("word …")


@given(text=TEXTS)
def test_no_text_in_a_book_has_what_a_format_cannot_hold_or_turns_the_words_around_it(text: str) -> None:
    made = book_of(STORY, begun(text, title=text, caption=f"x{text}{EVIL}"), author=text)
    for shown in (made.title, made.author, made.pages[0].title, made.pages[0].caption):
        assert not set(shown) & {chr(code) for code in (*range(10), *range(11, 32), 0x202E, 0x2066, 0xFFFE, 0x1FFFF, 0xFEFF)}
    assert "\n" not in made.title + made.author + made.pages[0].title
