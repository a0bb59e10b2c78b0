"""Laws of what hosts see and do: who is one, what they learn of people, and that models, sessions and data obey them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import CommandError, NotFound
from core.settings import Settings
from studio.health import Health
from studio.hosting import Hosting
from studio.passwords import Cost, People, hashed, put
from studio.signin import Door
from studio.storyboard import admin_of
from studio.visitors import OWNER, Presence, Visitor
from tests.studio.open_studio import Gate
from tests.studio.storybook import House, Limits, Storybook, until

ANN, BOB, ROOT = Visitor("ann"), Visitor("bob"), Visitor("root")
GUEST = Visitor("root", guest=True)
WORDS = "A wish that is nobody's business"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "data", Storybook().agents, Limits(each=7, megabytes=50, seconds=600)) as opened:
        yield opened


@pytest.fixture
def door(tmp_path: Path) -> Door:
    put(tmp_path / "people", {name: hashed("a long secret", Cost(n=16)) for name in ("ann", "bob", "root")})
    return Door(People(tmp_path / "people"))


@pytest.fixture
def hosting(house: House, door: Door) -> Hosting:
    presence = Presence()
    presence.see(ANN)
    return Hosting(house.controller, ["root"], door, presence)


def test_hosts_are_those_whom_the_settings_name_once_they_signed_in_and_the_machines_owner(hosting: Hosting) -> None:
    assert Settings(admins="root, eve").admins == ("root", "eve")  # type: ignore[arg-type]
    assert [hosting.allows(visitor) for visitor in (ROOT, OWNER, ANN, GUEST, Visitor(""))] == [True, True, False, False, False]


def test_nobody_else_sees_or_does_anything(hosting: Hosting, house: House) -> None:
    house.open(WORDS, ANN)
    for stranger in (ANN, BOB, GUEST, Visitor("")):
        for wish in (
            lambda who: hosting.overview(who),
            lambda who: hosting.hold(True, who),
            lambda who: hosting.sign_out("ann", who),
            lambda who: hosting.erase("ann", "ann", who),
        ):
            with pytest.raises(CommandError, match="STUDIO_ADMINS"):
                wish(stranger)
    assert not house.worker.held
    assert len(house.store.ids()) == 1


def test_a_host_sees_what_everybody_has_and_may_have_but_none_of_their_words(hosting: Hosting, house: House) -> None:
    house.controller.start()
    story = house.open(WORDS, ANN)
    house.rest(story)
    house.worker.hold(True)
    waiting = house.open(WORDS, BOB)
    shown = hosting.overview(ROOT)
    people = {person.name: person for person in shown.people}
    assert people.keys() == {"ann", "bob", "root"}, "also who has no story yet"
    assert (people["ann"].stories, people["ann"].running, people["bob"].running) == (1, 0, 1)
    assert people["ann"].megabytes > 0
    assert people["ann"].seen is not None
    assert people["root"].seen is None
    assert [(each.story, each.owner) for each in shown.queue] == [(waiting, "bob")]
    assert shown.disk.pictures == len({tried.attempt.image.sha256 for tried in house.trajectory(story).tries})
    markup = admin_of(shown)
    assert WORDS not in markup
    assert "/ 7" in markup
    assert "/ 50" in markup


def test_models_begin_nothing_while_they_are_held_and_go_on_afterwards(hosting: Hosting, house: House) -> None:
    house.controller.start()
    hosting.hold(True, ROOT)
    story = house.open(WORDS, ANN)
    until(lambda: house.controller.view(story, live=True).header.status.label == "On hold")
    assert Health(house.controller).state == "draining"
    assert house.loads == 0, "not even the models are loaded"
    hosting.hold(False, ROOT)
    house.rest(story)
    assert [deed.what for deed in hosting.overview(ROOT).log] == ["drain_ended", "drain_begun"]


def test_who_is_signed_out_has_no_session_and_no_token_left_and_others_keep_theirs(hosting: Hosting, door: Door) -> None:
    app = SimpleNamespace(tokens={})
    sessions = {name: door.admit(app, name) for name in ("ann", "bob")}
    assert next(person for person in hosting.overview(ROOT).people if person.name == "ann").is_in
    hosting.sign_out("ann", ROOT)
    assert app.tokens == {sessions["bob"]: "bob"}
    assert not next(person for person in hosting.overview(ROOT).people if person.name == "ann").is_in


def test_data_is_deleted_only_if_the_name_is_typed_and_then_all_of_it_also_what_is_being_told(
    hosting: Hosting, house: House
) -> None:
    house.controller.start()
    stories = [house.open(WORDS, ANN), house.open(WORDS, ANN)]
    other = house.open("Another", BOB)
    with pytest.raises(CommandError, match="nothing was deleted"):
        hosting.erase("ann", "Ann", ROOT)
    assert hosting.erase("ann", " ann ", ROOT) == 2
    for story in stories:
        with pytest.raises(NotFound):
            house.store.open_story(story)
    house.rest(other)
    assert house.store.damage() == []
    assert house.store.audit(other).faults == ()
    assert hosting.overview(ROOT).log[0].whom == "ann"


def test_a_story_that_is_deleted_for_good_in_the_middle_of_a_call_keeps_no_other_waiting(tmp_path: Path) -> None:
    book = Storybook()
    with House(tmp_path / "data", book.agents) as house:
        book.conduct.hook = gate = Gate(at=1)
        house.controller.start()
        house.open(WORDS, ANN)
        assert gate.reached.wait(30)
        other = house.open("Another", BOB)
        house.store.erase("ann", OWNER.by)
        gate.open.set()
        house.rest(other)
        assert house.store.ids() == [other]


def test_a_file_that_somebody_asked_for_goes_with_their_data(hosting: Hosting, house: House) -> None:
    house.controller.start()
    story = house.open(WORDS, ANN)
    house.rest(story)
    job = house.controller.export(story, "markdown", ANN)
    until(lambda: house.controller.exporting(job).ended)
    path = house.controller.exporting(job).path
    assert path is not None
    hosting.erase("ann", "ann", ROOT)
    assert not path.exists()
    with pytest.raises(NotFound):
        house.controller.exporting(job)


def test_names_are_only_words_on_the_page(hosting: Hosting, house: House) -> None:
    house.worker.hold(True)
    house.open(WORDS, Visitor("<b>x</b>"))
    assert "<b>x</b>" not in admin_of(hosting.overview(ROOT))
