"""Laws of how much each person may have of a shared studio, and of what they are told when they have had it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as Asked
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.commands import EditStep, Pause, Rename, Resume
from core.errors import CommandError
from core.types import PlannedStep, Policy, Request
from studio.caps import DAY, MB, OF_ADDRESS, Caps, Limits, TooMuch, lasting
from studio.imports import TYPE, import_routes
from studio.uploads import UPLOAD, Uploads
from studio.visitors import NOBODY, OWNER, Visitor
from tests.studio.storybook import House, Storybook

ANN, BOB = Visitor("ann"), Visitor("bob")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def guest(name: str, address: str = "192.0.2.1") -> Visitor:
    return Visitor(f"guest-{name}", guest=True, address=address)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A studio in which nothing is bounded yet."""
    with House(tmp_path, Storybook(side=64).agents) as opened:
        yield opened


def caps(house: House, clock: Clock | None = None, **limits: int) -> Caps:
    """The caps of a studio with these limits, by this clock, in the place of its own."""
    made = Caps(house.store, Limits(**limits), clock or Clock())
    house.controller.caps = house.controller.librarian.caps = made
    return made


def told(house: House, visitor: Visitor) -> float:
    """Tells a whole story for somebody; the seconds that models worked for it, which are made 10 for each call."""
    book = Storybook(side=64)
    house.agents = book.agents
    story = house.open(visitor=visitor)
    house.controller.start()
    house.rest(story)
    return house.view(story).header.seconds


# ---------------------------------------------------------------- requests a minute


def test_so_many_requests_a_minute_and_then_a_sentence_that_says_when(house: House) -> None:
    clock = Clock()
    held = caps(house, clock, requests=3)
    for _ in range(3):
        held.ask(ANN)
        clock.now += 10
    with pytest.raises(TooMuch, match=r"3 things within a minute, the most for one person: try again in 30 s\.") as no:
        held.ask(ANN)
    assert no.value.seconds == 30
    held.ask(BOB)
    clock.now += 30
    held.ask(ANN)
    with pytest.raises(TooMuch):
        held.ask(ANN)


def test_what_is_refused_does_not_count(house: House) -> None:
    clock = Clock()
    held = caps(house, clock, requests=1)
    held.ask(ANN)
    for _ in range(50):
        with pytest.raises(TooMuch):
            held.ask(ANN)
    clock.now += 60
    held.ask(ANN)


def test_a_guest_who_throws_the_cookie_away_is_still_at_their_address(house: House) -> None:
    held = caps(house, requests=2)
    for number in range(2 * OF_ADDRESS):
        held.ask(guest(str(number)))
    with pytest.raises(TooMuch):
        held.ask(guest("another"))
    with pytest.raises(TooMuch):
        held.ask(Visitor("", address="192.0.2.1"))
    held.ask(guest("another", "192.0.2.2"))
    held.ask(Visitor("ann", address="192.0.2.1"))


def test_opening_branching_duplicating_and_exporting_are_counted_and_looking_is_not(house: House) -> None:
    story = house.open(visitor=ANN)
    for act in (
        lambda: house.open(visitor=ANN),
        lambda: house.controller.branch(story, None, ANN),
        lambda: house.controller.librarian.duplicate(story, ANN),
        lambda: house.controller.export(story, "html", ANN),
    ):
        caps(house, requests=1).ask(ANN)
        before = len(house.store.ids())
        house.controller.look(story, "", ANN)
        house.send(story, Rename(title="Another title"), ANN)
        with pytest.raises(TooMuch):
            act()
        assert len(house.store.ids()) == before


def test_whoever_owns_the_data_folder_has_no_limits(house: House) -> None:
    held = caps(house, requests=1, megabytes=1, seconds=1)
    for _ in range(20):
        held.ask(OWNER)
    held.check_room(OWNER, 10**12)
    held.check_work(OWNER)


def test_a_limit_of_nought_is_none(house: House) -> None:
    held = caps(house)
    for _ in range(200):
        held.ask(ANN)
    held.check_room(ANN, 10**12)
    held.check_work(ANN)


# ---------------------------------------------------------------- models' seconds


def timed(house: House, monkeypatch: pytest.MonkeyPatch, *calls: tuple[float, float]) -> None:
    """Lets the store say that models worked for Ann at these times, so many seconds each."""
    from datetime import UTC, datetime

    def worked_for(owner: str, since: datetime) -> list[tuple[datetime, float]]:
        theirs = [(datetime.fromtimestamp(at, UTC), seconds) for at, seconds in calls]
        return [call for call in theirs if owner == "ann" and call[0] > since]

    monkeypatch.setattr(house.store, "worked_for", worked_for)


def test_a_days_share_of_the_models_comes_back_as_its_calls_grow_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(DAY)
    held = caps(house, clock, seconds=100)
    timed(house, monkeypatch, (DAY - 3600, 60.0), (DAY - 1800, 30.0), (DAY - 60, 20.0))
    with pytest.raises(TooMuch, match=r"worked 2 min for you within a day, which is your share: go on in 23 h 0 min\.") as no:
        held.check_work(ANN)
    held.check_work(BOB)
    clock.now += no.value.seconds or 0
    held.check_work(ANN)


def test_a_clock_that_was_wrong_keeps_nobody_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(50 * DAY)
    held = caps(house, clock, seconds=100, requests=1, megabytes=5)
    kept = {"ann": 5 * MB}
    monkeypatch.setattr(house.store, "kept_by", lambda owner: kept.get(owner, 0))
    timed(house, monkeypatch, (50 * DAY, 200.0))
    held.ask(ANN)
    for act in (lambda: held.ask(ANN), lambda: held.check_work(ANN), lambda: held.check_room(ANN)):
        with pytest.raises(TooMuch):
            act()
    clock.now, kept["ann"] = 3 * DAY, 0
    held.check_work(ANN)
    held.ask(ANN)
    held.check_room(ANN)


def test_the_seconds_are_those_of_the_facts_of_ones_own_stories(house: House) -> None:
    from datetime import UTC, datetime, timedelta

    spent = told(house, ANN)
    now = datetime.now(UTC)
    calls = house.store.worked_for("ann", now - timedelta(days=1))
    assert sum(seconds for _, seconds in calls) == pytest.approx(spent)
    assert spent > 0
    assert calls == sorted(calls)
    assert house.store.worked_for("bob", now - timedelta(days=1)) == []
    assert house.store.worked_for("ann", now + timedelta(seconds=1)) == []
    house.store.delete(house.store.ids()[0])
    assert house.store.worked_for("ann", now - timedelta(days=1)) == calls, "a deleted story has cost what it cost"


def test_who_has_had_their_share_can_look_stop_and_name_but_begin_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    story = house.open(visitor=ANN)
    house.controller.start()
    house.rest(story)
    going = house.open(visitor=ANN, review=True)
    house.rest(going, "review")
    caps(house, Clock(DAY), seconds=1)
    timed(house, monkeypatch, (DAY - 60, 5.0))
    before = house.store.events(story)
    new = PlannedStep(title="New", prompt="New", caption="New")
    for step in ("s1", "s4"):
        with pytest.raises(TooMuch):
            house.send(story, EditStep(step=step, words=new), ANN)
    with pytest.raises(TooMuch):
        house.open(visitor=ANN)
    with pytest.raises(TooMuch):
        house.send(going, Resume(), ANN)
    assert house.store.events(story) == before
    house.send(going, Pause(), ANN)
    house.send(story, Rename(title="Another title"), ANN)
    house.controller.look(story, "", ANN)
    house.controller.export(story, "html", ANN)


def test_what_a_story_does_not_allow_is_told_before_what_a_person_has_used_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = house.open(visitor=ANN)
    caps(house, Clock(DAY), seconds=1)
    timed(house, monkeypatch, (DAY - 60, 5.0))
    with pytest.raises(CommandError) as no:
        house.send(story, EditStep(step="s99", words=PlannedStep(title="New")), ANN)
    assert not isinstance(no.value, TooMuch)


# ---------------------------------------------------------------- megabytes


def test_pictures_and_uploads_of_a_day_fill_the_room_and_uploads_make_room_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, kept = Clock(), {"ann": 2 * MB}
    held = caps(house, clock, megabytes=5)
    monkeypatch.setattr(house.store, "kept_by", lambda owner: kept.get(owner, 0))
    held.check_room(ANN, 3 * MB)
    held.brought(ANN, 3 * MB)
    with pytest.raises(TooMuch, match=r"5 MB here, uploads of the last day included: try again in 24 h 0 min\.") as no:
        held.check_room(ANN, 1)
    assert no.value.seconds == DAY
    held.check_room(BOB, 5 * MB)
    clock.now += DAY
    held.check_room(ANN, 1)
    kept["ann"] = 5 * MB
    clock.now += 31
    with pytest.raises(TooMuch, match="ask whoever runs the studio for room") as no:
        held.check_work(ANN)
    assert no.value.seconds is None


def test_what_a_person_keeps_are_the_files_of_their_pictures_drawn_or_given(house: House) -> None:
    from PIL import Image

    given = house.store.images.save(Image.new("RGB", (80, 80), "red"))
    house.send(house.controller.open(Request(text="", images=(given,)), Policy(), BOB), Pause(), BOB)
    told(house, ANN)
    files = {path.name[:64]: path.stat().st_size for path, sha256 in house.store.images.files() if sha256}
    assert house.store.kept_by("bob") == files.pop(given.sha256)
    assert house.store.kept_by("ann") == sum(files.values())
    assert house.store.kept_by("carl") == 0
    house.store.delete(next(card.id for card in house.store.page().cards if card.owner == "ann"))
    assert house.store.kept_by("ann") == sum(files.values()), "nothing drawn is ever deleted"


# ---------------------------------------------------------------- uploads and imports


def browser(house: House, visitor: Visitor) -> TestClient:
    """A browser of this visitor's before the addresses that take files in."""

    async def upload(request: Asked) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    def who(_: object) -> Visitor:
        return visitor

    routes = [
        Route(UPLOAD, upload, methods=["POST"]),
        *import_routes(house.controller.librarian, house.folder / "imports", who),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Uploads, caps=house.controller.caps, who=who)])
    app.auth = None  # type: ignore[attr-defined]
    return TestClient(app)


def test_uploads_are_counted_in_number_and_in_bytes_and_refused_before_they_are_read(house: House) -> None:
    caps(house, requests=4, megabytes=1)
    client = browser(house, ANN)
    assert client.post(UPLOAD, content=b"x" * 600_000).text == "600000"
    full = client.post(UPLOAD, content=b"x" * 600_000)
    assert (full.status_code, full.headers["retry-after"]) == (429, str(int(DAY)))
    assert full.text == "One person may keep 1 MB here, uploads of the last day included: try again in 24 h 0 min."
    assert client.post(UPLOAD, content=iter([b"x"])).status_code == 411
    assert client.post(UPLOAD, content=b"x").status_code == 200
    assert client.post(UPLOAD, content=b"x").status_code == 200
    late = client.post(UPLOAD, content=b"x")
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    assert "try again in 1 min" in late.text


def test_who_could_not_be_recognised_again_uploads_nothing(house: House) -> None:
    assert browser(house, NOBODY).post(UPLOAD, content=b"x").status_code == 403


def test_the_owner_uploads_whatever_they_like(house: House) -> None:
    caps(house, requests=1, megabytes=1)
    client = browser(house, OWNER)
    assert [client.post(UPLOAD, content=b"x" * MB).status_code for _ in range(4)] == [200] * 4


def test_imports_are_counted_too_and_told_as_a_sentence(house: House) -> None:
    caps(house, requests=1)
    client, file = browser(house, ANN), {"Content-Type": TYPE}
    first = client.post("/imports", content=b"no story", headers=file)
    assert "error" in json.loads(first.text.splitlines()[-1])
    again = client.post("/imports", content=b"no story", headers=file)
    assert again.status_code == 429
    assert "within a minute" in again.json()["error"]


# ---------------------------------------------------------------- the line


def test_a_place_in_line_is_a_number_and_nobody_elses_words(house: House) -> None:
    for number in range(2):
        house.open(f"A secret number {number}", visitor=ANN)
    mine = house.open("My own story", visitor=BOB)
    for story in (*house.store.ids(),):
        house.worker.stir(house.store.open_story(story))
    news = house.controller.look(mine, "", BOB)
    assert news is not None
    assert news["state"]["says"] == "2 stories are ahead of this one."
    assert "secret" not in json.dumps(news)
    assert "ann" not in json.dumps(news).split()


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0.2, "1 s"), (58.9, "59 s"), (59.1, "1 min"), (61, "2 min"), (3599, "1 h 0 min"), (3600.5, "1 h 1 min")],
)
def test_a_wait_is_never_said_to_be_shorter_than_it_is(seconds: float, says: str) -> None:
    assert lasting(seconds) == says
