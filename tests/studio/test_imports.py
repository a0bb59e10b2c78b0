"""Laws of the address that takes story files in: what it refuses, what it says meanwhile, and that nothing stays behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.storyfile import export_story
from studio import librarian
from studio.imports import TYPE, import_routes
from studio.visitors import NOBODY, OWNER, Visitor
from tests.studio.storybook import House, Storybook, until

ANN = Visitor("ann")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A finished story's file."""
    folder = Path(tmp_path_factory.mktemp("told"))
    with House(folder / "data", Storybook(side=64).agents) as house:
        house.controller.start()
        story = house.open()
        house.rest(story)
        export_story(house.store, story, folder / "cat.story.zip")
    return (folder / "cat.story.zip").read_bytes()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path / "data", Storybook(side=64).agents) as opened:
        yield opened


def send(house: House, data: Any, visitor: Visitor = OWNER, signed_in: bool = True, **headers: str) -> Response:
    app = Starlette(routes=import_routes(house.controller.librarian, house.folder / "imports", lambda request: visitor))
    app.auth = None if signed_in else (lambda name, password: False)  # type: ignore[attr-defined]
    app.cookie_id, app.tokens = "id", {}  # type: ignore[attr-defined]
    client = TestClient(app, base_url="http://studio.test")
    return client.post("/imports", content=data, headers={"content-type": TYPE, **headers})


def lines(answer: Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def nothing_left(house: House) -> bool:
    folder = house.folder / "imports"
    return not folder.exists() or not list(folder.iterdir())


def test_a_story_file_becomes_a_story_and_one_hears_how_far_it_is(house: House, told: bytes) -> None:
    *counts, last = lines(send(house, told, ANN))
    assert counts == [{"done": n, "total": len(counts)} for n in range(1, len(counts) + 1)]
    card = house.store.card(last["story"])
    assert (card.owner, card.status) == ("ann", "done")
    assert nothing_left(house)


def test_a_damaged_file_is_refused_in_one_sentence(house: House, told: bytes) -> None:
    for data in (b"", b"GIF89a", told[: len(told) // 2], told[:400] + b"!" + told[401:]):
        last = lines(send(house, data))[-1]
        assert last["error"].endswith(".")
        assert "Traceback" not in last["error"]
    assert house.store.ids() == []
    assert nothing_left(house)


def test_no_more_is_taken_in_than_allowed_whatever_the_browser_says_of_the_size(
    house: House, told: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(librarian, "FILE_OF_OTHERS", 1000)
    pieces = (told[at : at + 300] for at in range(0, len(told), 300))
    for data in (told, pieces):  # of a said length, and of none
        answer = send(house, data, ANN)
        assert (answer.status_code, nothing_left(house)) == (400, True)
        assert "too large" in answer.json()["error"]
    assert "story" in lines(send(house, told, OWNER))[-1], "on one's own computer more is allowed"


def test_only_the_studios_own_page_sends_files_and_only_for_somebody_it_knows(house: House, told: bytes) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"content-type": "text/plain"}):
        assert send(house, told, **headers).status_code == 400
    assert send(house, told, signed_in=False).status_code == 401
    assert "cookie" in lines(send(house, told, NOBODY))[-1]["error"]
    assert house.store.ids() == []
    assert nothing_left(house)
    assert "story" in lines(send(house, told, **{"sec-fetch-site": "same-origin"}))[-1]


def test_what_a_killed_studio_left_is_swept_away_and_nothing_else(house: House, told: bytes) -> None:
    folder = house.folder / "imports"
    folder.mkdir()
    (folder / f"{'a' * 32}.part").write_bytes(b"half")
    (folder / "notes.txt").write_bytes(b"mine")
    assert "story" in lines(send(house, told))[-1]
    until(lambda: [path.name for path in folder.iterdir()] == ["notes.txt"])


def test_many_bad_files_do_not_use_the_places_up(house: House) -> None:
    app = Starlette(routes=import_routes(house.controller.librarian, house.folder / "imports", lambda request: OWNER))
    app.auth = None  # type: ignore[attr-defined]
    client = TestClient(app)
    for _ in range(6):
        assert "error" in client.post("/imports", content=b"nonsense", headers={"content-type": TYPE}).json()
