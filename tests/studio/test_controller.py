"""Laws of what a person can do in the studio, whichever page they do it from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.commands import EditStep, MoveStep, Pause, RemoveStep, Resume, Retry
from core.errors import CommandError, NotFound
from core.events import Failed
from core.ports import Delta
from core.types import PlannedStep
from studio.board import EPOCH
from studio.controller import Limits
from studio.live import Passing
from studio.storyboard import shelf_of
from studio.visitors import NOBODY, OWNER, Visitor
from tests.studio.storybook import House, Storybook, until

ANN, BOB = Visitor("ann"), Visitor("bob")


class Page:
    """What a page makes of its looks: it keeps the parts it was sent, and puts new ones in their place."""

    def __init__(self, house: House, story: str, visitor: Visitor = OWNER) -> None:
        self.house, self.story, self.visitor = house, story, visitor
        self.seen = ""
        self.parts: dict[str, str] = {}
        self.state: dict[str, Any] = {}

    def look(self) -> set[str]:
        """The names of the parts that were sent; none if nothing was."""
        news = self.house.controller.look(self.story, self.seen, self.visitor)
        if news is None:
            return set()
        self.seen, self.state = news["version"], news["state"]
        there = {**self.parts, **news["parts"]}
        self.parts = {name: part for name, part in there.items() if not name.startswith("card:") or name[5:] in news["order"]}
        return set(news["parts"])


def words(text: str) -> PlannedStep:
    return PlannedStep(title=text, prompt=text, caption=text)


@pytest.fixture
def house(tmp_path: Path) -> Any:
    """A studio whose models are asleep, for three unfinished stories, two of each person."""
    with House(tmp_path, Storybook(side=64).agents, Limits(queued=3, each=2)) as opened:
        yield opened


def test_a_story_is_told_by_the_models_that_were_chosen_and_by_none_that_are_not_offered(house: House) -> None:
    assert house.trajectory(house.open(visitor=ANN)).profile == "pocket"
    assert house.trajectory(house.open(visitor=ANN, profile="another")).profile == "another"
    for name in ("", "../pocket", "klein-4b"):
        with pytest.raises(CommandError, match="not here"):
            house.open(visitor=BOB, profile=name)


def test_whoever_could_not_be_recognised_again_opens_no_story_and_has_no_shelf(house: House) -> None:
    house.open(visitor=ANN)
    with pytest.raises(CommandError, match="cookie"):
        house.open(visitor=NOBODY)
    assert house.controller.shelf(NOBODY) == []


def test_a_person_has_so_many_unfinished_stories_and_is_told_what_to_do(house: House) -> None:
    first, _ = house.open(visitor=ANN), house.open(visitor=ANN)
    with pytest.raises(CommandError, match="You have 2 stories in work: pause one, or wait until one is finished"):
        house.open(visitor=ANN)
    house.open(visitor=BOB)
    house.send(first, Pause(), ANN)
    house.open(visitor=ANN)
    assert len(house.store.ids()) == 4, "what was refused left no story"


def test_the_studio_has_so_many_unfinished_stories_in_all_whoever_asks(house: House) -> None:
    for _ in range(3):
        house.open(visitor=OWNER)
    for visitor in (BOB, OWNER):
        with pytest.raises(CommandError, match="The studio is full at the moment: try again"):
            house.open(visitor=visitor)


def test_somebody_elses_story_can_be_seen_but_not_changed(house: House) -> None:
    story = house.open(visitor=ANN)
    before = house.store.events(story)
    for wish in (Pause(now=True), Retry(step="s1")):
        with pytest.raises(CommandError, match="somebody else's story"):
            house.send(story, wish, BOB)
    assert house.store.events(story) == before
    mine, theirs = Page(house, story, ANN), Page(house, story, BOB)
    mine.look(), theirs.look()
    assert (mine.state["mine"], theirs.state["mine"]) == (True, False)
    assert mine.state["acts"]
    assert not theirs.state["acts"]
    assert 'data-do="pause"' in mine.parts["header"]
    assert "data-do" not in theirs.parts["header"]
    house.send(story, Pause(), OWNER)
    assert house.trajectory(story).paused, "whoever owns the data folder may do everything"


def test_a_look_sends_what_has_changed_and_nothing_else(house: House) -> None:
    house.controller.start()
    story = house.open()
    house.rest(story)
    page = Page(house, story)
    assert page.look() == {"header", "plan", "reading", *(f"card:s{n}" for n in range(1, 6))}
    assert house.controller.look(story, page.seen, OWNER) is None
    house.controller.close()
    house.send(story, EditStep(step="s4", words=PlannedStep(title="A wish", caption="New words")))
    assert page.look() == {"header", "card:s4", "reading"}  # the header, because the change can be undone
    assert "New words" in page.parts["card:s4"]
    for seen in ("", "0", f"{'0' * len(EPOCH)}.{page.seen.split('.')[1]}", f"{EPOCH}.", f"{EPOCH}.-1", f"{EPOCH}.1.2"):
        news = house.controller.look(story, seen, OWNER)
        assert news is not None
        assert news["parts"] == page.parts, "a page of another time, or with nonsense, is sent everything"
        assert news["version"] == page.seen


def test_a_page_that_looks_now_and_then_has_what_a_new_page_has(tmp_path: Path) -> None:
    book = Storybook(side=64)
    with House(tmp_path, book.agents) as house:
        story = house.open()
        pages = [Page(house, story), Page(house, story, ANN)]
        calls: list[Delta] = []

        def look(delta: Delta) -> None:
            calls.append(delta)
            for page in pages[: 1 + (len(calls) % 3 == 0)]:
                page.look()

        book.conduct.hook = look
        house.controller.start()
        house.rest(story)
        house.controller.close()
        for wish in (MoveStep(step="s5", position=0), RemoveStep(step="s2"), EditStep(step="s3", words=words("Draw a duck"))):
            house.send(story, wish)
            for page in pages:
                page.look()
                fresh = Page(house, story, page.visitor)
                fresh.look()
                assert (page.parts, page.state, page.seen) == (fresh.parts, fresh.state, fresh.seen)
        assert len(calls) > 50


def test_a_fact_that_comes_in_the_middle_of_a_look_is_seen_at_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    story = house.open()
    live = house.store.open_story(story)
    page = Page(house, story)
    passing = house.worker.passing

    def late(story_id: str) -> Passing:
        monkeypatch.undo()
        live.record(Failed(task="plan", code="reply", message="No plan in it.", seconds=77))
        return passing(story_id)

    monkeypatch.setattr(house.worker, "passing", late)
    page.look()
    page.look()
    assert 'data-clock="77.0"' in page.parts["header"]


def test_a_story_that_is_not_there_is_not_found(house: House) -> None:
    for ask in (
        lambda: house.controller.look("nosuchstory1", "", OWNER),
        lambda: house.controller.view("'; DROP TABLE story; --"),
        lambda: house.send("../images", Pause()),
        lambda: house.controller.picture("", "0" * 64),
    ):
        with pytest.raises(NotFound, match="There is no such story"):
            ask()


def test_a_shelf_has_ones_own_stories_newest_first_and_those_that_are_searched_for(house: House) -> None:
    kite, pear, other = (
        house.open(text, visitor) for text, visitor in (("A <b>kite</b>", ANN), ("A pear", ANN), ("A kite", BOB))
    )

    def shelf(visitor: Visitor, search: str = "") -> list[str]:
        return [card.id for card in house.controller.shelf(visitor, search)]

    assert shelf(ANN) == [pear, kite]
    assert shelf(OWNER) == [other, pear, kite]
    assert shelf(ANN, " KITE ") == [kite]
    assert shelf(ANN, "%") == shelf(ANN, "' OR 1=1 --") == shelf(Visitor("carl")) == []
    markup = shelf_of(house.controller.shelf(ANN, "<b>"), here=kite, search="<b>")
    assert "A &lt;b&gt;kite&lt;/b&gt;" in markup
    assert "<b>" not in markup
    assert markup.count('aria-current="page"') == 1
    nothing = shelf_of(house.controller.shelf(ANN, "<i>"), here="", search="<i>")
    assert "No story has these words" in nothing
    assert "<i>" not in nothing


def test_the_shelf_says_how_each_story_is(house: House) -> None:
    done, paused, waiting = house.open(), house.open(), house.open()
    house.send(paused, Pause())
    house.send(waiting, Pause())
    house.controller.start()
    t = house.rest(done)
    house.controller.close()
    house.open("New")
    cards = {card.id: card for card in house.controller.shelf(OWNER)}
    assert [cards[story].label for story in (done, paused)] == ["Finished", "Paused"]
    assert cards[done].cover == t.standings[0].image.sha256  # type: ignore[union-attr]
    assert [card.label for card in cards.values() if card.title == "New"] == ["In line"]
    assert (cards[done].progress, cards[paused].progress) == ("5 steps", "")


def test_stories_in_line_say_how_many_are_ahead(house: House) -> None:
    stories = [house.open(visitor=visitor) for visitor in (ANN, ANN, BOB)]
    says = []
    for story in stories:
        page = Page(house, story)
        page.look()
        says.append(page.state["says"])
    assert says == ["Starting…", "One story is ahead of this one.", "2 stories are ahead of this one."]


def test_a_picture_is_found_in_its_own_story_only(house: House) -> None:
    house.controller.start()
    story, other = house.open(), house.open(review=True)
    t = house.rest(story)
    house.rest(other, "review")
    for tried in t.tries:
        assert house.controller.picture(story, tried.attempt.image.sha256) == tried.attempt.image
        with pytest.raises(NotFound, match="no such picture"):
            house.controller.picture(other, tried.attempt.image.sha256)


# ---------------------------------------------------------------- changes, branches, files


def test_a_change_is_weighed_by_the_pictures_it_makes_stale(house: House) -> None:
    house.controller.start()
    story = house.open()
    house.rest(story)
    change = EditStep(step="s2", words=PlannedStep(prompt="Another."))
    assert house.controller.weigh(story, change) == [(3, "A friend with wings"), (5, "Evening comes")]
    assert house.controller.weigh(story, EditStep(step="s4", words=PlannedStep(caption="Other words"))) == []
    with pytest.raises(CommandError, match="no longer in the plan"):
        house.controller.weigh(story, change.model_copy(update={"step": "s99"}))


def test_anybody_may_branch_a_story_that_they_may_look_at_and_it_is_theirs(house: House) -> None:
    house.controller.start()
    story = house.open(visitor=ANN)
    t = house.rest(story)
    branch = house.controller.branch(story, t.tries[1].attempt.key, BOB)
    assert house.trajectory(branch).paused
    assert house.trajectory(branch).standings[1].image == t.tries[1].attempt.image
    house.send(branch, Resume(), BOB)
    with pytest.raises(CommandError, match="somebody else's"):
        house.send(branch, Resume(), ANN)
    with pytest.raises(CommandError, match="cookie"):
        house.controller.branch(story, None, NOBODY)


def test_a_story_is_compared_with_those_that_share_its_beginning_only(house: House) -> None:
    house.controller.start()
    story, other = house.open(), house.open("Another")
    house.rest(story)
    assert house.controller.versus(story, other) is None
    branch = house.controller.branch(story, None, OWNER)
    again = house.controller.branch(branch, None, OWNER)
    here, there, relatives = house.controller.versus(branch, other)  # type: ignore[misc]
    assert (here.story, there.story) == (branch, again)
    assert [card.id for card in relatives] == [again, story]


def test_a_file_is_watched_and_given_up_by_whoever_asked_for_it(house: House) -> None:
    house.controller.start()
    story = house.open(visitor=ANN)
    house.rest(story)
    job = house.controller.export(story, "markdown", BOB)
    with pytest.raises(NotFound):
        house.controller.exporting(job, ANN)
    with pytest.raises(NotFound):
        house.controller.give_up(job, ANN)
    until(lambda: house.controller.exporting(job, BOB).ended)
    assert house.controller.exporting(job, BOB).state == "done"
    with pytest.raises(NotFound):
        house.controller.export("nosuchstory1", "pdf", BOB)
