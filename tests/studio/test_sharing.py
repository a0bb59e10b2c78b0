"""Laws of links by which a story is read: what they open, to whom, for how long, and that nothing else is reached by one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from core.commands import EditStep
from core.errors import CommandError, NotFound
from core.store import Deeds
from core.store.tickets import MOST
from core.types import PlannedStep
from studio.gate import Gate
from studio.lockout import FREE_OF_ADDRESS
from studio.passwords import Cost, People, hashed, put
from studio.routes import middleware, routes
from studio.sharing import shared_routes
from studio.signin import Door, sign_in_routes
from studio.visitors import Visitor
from tests.studio.storybook import House, Storybook

ANN, BOB = Visitor("ann"), Visitor("bob")
HOSTILE = "<script>hurt()</script>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A studio in which Ann has a finished story, and Bob another."""
    with House(Path(tmp_path_factory.mktemp("shared")), Storybook().agents) as opened:
        opened.controller.start()
        for text, visitor in (("Ann's story", ANN), ("Bob's story", BOB)):
            opened.rest(opened.open(text, visitor))
        yield opened


@pytest.fixture
def story(house: House) -> str:
    return next(card.id for card in house.store.page().cards if card.owner == "ann")


@pytest.fixture
def stranger(house: House, tmp_path: Path) -> TestClient:
    """A browser of nobody before a studio where people sign in."""
    put(tmp_path / "people", {"ann": hashed("a long secret", Cost(n=16))})
    door = Door(People(tmp_path / "people"))
    ours = [*sign_in_routes(door), *routes(house.controller, house.store.images), *shared_routes(house.controller)]
    app = Starlette(routes=ours, middleware=[*middleware(shared=True), Middleware(Gate, door=door)])
    app.auth, app.cookie_id, app.tokens = (lambda name, password: False), "id", {}  # type: ignore[attr-defined]
    return TestClient(app, base_url="http://studio.test", raise_server_exceptions=False)


def pictures_of(page: str) -> list[str]:
    """The addresses of a page's pictures, below its own folder."""
    return re.findall(r'<img src="([^"]+)"', page)


def test_a_link_opens_its_story_to_whoever_has_it_with_every_picture_and_without_a_script(
    house: House, story: str, stranger: TestClient
) -> None:
    secret = house.controller.sharing.make(story, ANN)
    page = stranger.get(f"/shared/{secret}")
    assert page.status_code == 200
    captions = [card.caption for card in house.view(story).cards]
    assert all(caption in page.text for caption in captions if "“" not in caption)
    pictures = pictures_of(page.text)
    assert len(pictures) == 4
    for address in pictures:
        answer = stranger.get(f"/shared/{address}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == "private, no-cache", "a link that was taken back shows none again"
    assert not re.search(r"<script|<button|<form|data-do", page.text), "there is nothing to do but to read"


def test_nobody_learns_from_a_shared_story_where_it_is_or_that_it_is(house: House, story: str, stranger: TestClient) -> None:
    secret = house.controller.sharing.make(story, ANN)
    page = stranger.get(f"/shared/{secret}")
    assert story not in page.text, "whoever knows a story's id may look at more of it where nobody signs in"
    for answer in (page, stranger.get(f"/shared/{pictures_of(page.text)[0]}")):
        assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert "set-cookie" not in answer.headers
    assert any(policy.startswith("default-src 'none'") for policy in page.headers.get_list("content-security-policy"))
    assert page.headers["cache-control"] == "no-store"


def test_by_a_link_nothing_else_of_the_studio_is_reached(house: House, story: str, stranger: TestClient) -> None:
    secret = house.controller.sharing.make(story, ANN)
    (other,) = (card.id for card in house.store.page().cards if card.owner == "bob")
    hidden = {tried.attempt.image.sha256 for tried in house.trajectory(story).tries}
    hidden -= {card.picture.sha256 for card in house.view(story).cards if card.picture}
    assert hidden, "some attempts were refused"
    strange = {tried.attempt.image.sha256 for tried in house.trajectory(other).tries} - {
        tried.attempt.image.sha256 for tried in house.trajectory(story).tries
    }
    for sha256 in hidden | strange:
        assert stranger.get(f"/shared/{secret}/{sha256}.png").status_code == 404
    for address in (f"/shared/{secret}/../../library", f"/shared/{secret}/x/y", "/shared/..%2F..%2Flibrary", "/shared/"):
        assert stranger.get(address).status_code == 404 or 'action="login"' in stranger.get(address).text
    bearing = {"Authorization": f"Bearer {secret}", "Cookie": f"access-token-id={secret}; studio_guest={secret}"}
    for address in (f"/pictures/{story}/{min(hidden)}.png", "/studio/speech.json", "/studio/js/studio.js", "/exports/x"):
        assert stranger.get(address, headers=bearing).status_code == 401
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert stranger.request(method, f"/shared/{secret}").status_code == 401


def test_what_opens_nothing_is_one_page_whichever_way_it_came_about(house: House, story: str, stranger: TestClient) -> None:
    sharing = house.controller.sharing
    gone = sharing.make(story, ANN)
    (link,) = [link.id for link in sharing.links(story, ANN) if gone.endswith(link.ending)]
    picture = pictures_of(stranger.get(f"/shared/{gone}").text)[0]
    sharing.revoke(story, link, ANN)
    answers = [stranger.get(f"/shared/{secret}") for secret in (gone, "A" * 43, "short", "%F0%9F%8E%88", "x" * 5000)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert "This link opens nothing" in answers[0].text
    assert stranger.get(f"/shared/{picture}").status_code == 404
    with pytest.raises(NotFound):
        sharing.revoke(story, link, ANN)


def test_a_link_rests_while_its_story_is_deleted_and_is_of_no_branch(house: House, story: str, stranger: TestClient) -> None:
    sharing, librarian = house.controller.sharing, house.controller.librarian
    secret = sharing.make(story, ANN)
    branch = house.controller.branch(story, None, ANN)
    assert sharing.links(branch, ANN) == []
    house.send(branch, EditStep(step="s4", words=PlannedStep(title="", caption=HOSTILE)), ANN)
    assert "hurt" not in stranger.get(f"/shared/{secret}").text
    librarian.delete([story], ANN)
    assert stranger.get(f"/shared/{secret}").status_code == 404
    librarian.restore([story], [], ANN)
    assert stranger.get(f"/shared/{secret}").status_code == 200
    own = sharing.make(branch, ANN)
    page = stranger.get(f"/shared/{own}").text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page, "words are only words"


def test_a_storys_links_are_its_owners_alone(house: House, story: str) -> None:
    sharing = house.controller.sharing
    sharing.make(story, ANN)
    (link, *_) = sharing.links(story, ANN)
    for stranger in (BOB, Visitor("")):
        with pytest.raises(CommandError):
            sharing.links(story, stranger)
        with pytest.raises(CommandError):
            sharing.make(story, stranger)
        with pytest.raises(CommandError):
            sharing.revoke(story, link.id, stranger)
    (other,) = (card.id for card in house.store.page().cards if card.owner == "bob")
    with pytest.raises(NotFound):
        sharing.revoke(other, link.id, BOB)
    assert link in sharing.links(story, ANN)


def test_only_the_hash_of_a_secret_is_kept_and_every_deed_is_logged(house: House, story: str) -> None:
    sharing = house.controller.sharing
    secret = sharing.make(story, ANN)
    (link, *_) = [link for link in sharing.links(story, ANN) if secret.endswith(link.ending)]
    sharing.revoke(story, link.id, ANN)
    with closing(sqlite3.connect(house.folder / "studio.db")) as db:
        kept = "\n".join(db.iterdump())
    assert secret not in kept
    newest = Deeds(house.store.database).latest(2)
    assert [(deed.by, deed.what, deed.whom) for deed in newest] == [
        ("person:ann", "link_revoked", story),
        ("person:ann", "link_made", story),
    ]


def test_a_story_has_a_bounded_number_of_links(house: House) -> None:
    (other,) = (card.id for card in house.store.page().cards if card.owner == "bob")
    for _ in range(MOST):
        house.controller.sharing.make(other, BOB)
    with pytest.raises(CommandError, match="take one back"):
        house.controller.sharing.make(other, BOB)


def test_guessing_links_costs_time_and_the_right_ones_then_wait_too(house: House, story: str, stranger: TestClient) -> None:
    secret = house.controller.sharing.make(story, ANN)
    for _ in range(2 * FREE_OF_ADDRESS):
        assert stranger.get(f"/shared/{secret}").status_code == 200, "reading costs nothing"
    answers = [stranger.get(f"/shared/{number:043}") for number in range(FREE_OF_ADDRESS + 2)]
    assert {answer.status_code for answer in answers[:FREE_OF_ADDRESS]} == {404}
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"
    assert stranger.get(f"/shared/{secret}").status_code == 429
