"""Laws of the studio for programs, over a real server: ``gradio_client``, MCP, who owns what, and what is refused."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from core.settings import Settings
from core.store import Tickets
from core.storyfile import open_story_file
from core.types import Notes
from studio.controller import Telling
from studio.passwords import Cost, hashed, put
from studio.ui import launch
from studio.visitors import COOKIE
from tests.studio import storybook
from tests.studio.open_studio import free_port
from tests.studio.storybook import REQUEST, STEPS, House, Storybook

ROOT = Path(__file__).parents[2]
PUBLIC = {"/create_story", "/story_status", "/story_export"}
#: How the first bytes of each format's file begin.
BEGINNINGS = {"html": b"<!doctype html>", "pdf": b"%PDF-", "epub": b"PK", "zip": b"PK", "md": b"PK", "story": b"PK"}


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[tuple[House, str]]:
    """A studio that is open, and its address."""
    port = free_port()
    with House(folder, Storybook().agents) as house:
        app = launch(house.controller, house.store.images, Settings(data=folder, port=port, **settings), wait=False)
        yield house, f"http://127.0.0.1:{port}"
        app.close(verbose=False)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    tellings = [Telling("pocket", "Pocket", heeds=frozenset({"characters"})), Telling("another", "Another hand")]
    with pytest.MonkeyPatch.context() as patch, opened(Path(tmp_path_factory.mktemp("api")), host="127.0.0.1") as (house, url):
        patch.setattr(storybook, "TELLINGS", tellings)
        house.controller.tellings = tuple(tellings)
        yield house, url


@pytest.fixture
def house(studio: tuple[House, str]) -> House:
    return studio[0]


@pytest.fixture
def url(studio: tuple[House, str]) -> str:
    return studio[1]


@pytest.fixture
def client(url: str) -> Client:
    return Client(url, verbose=False, analytics_enabled=False)


def create(client: Client, request: str = REQUEST, **how: Any) -> dict[str, Any]:
    begun: dict[str, Any] = client.predict(request, **how, api_name="/create_story")
    return begun


def status(client: Client, story: str) -> dict[str, Any]:
    said: dict[str, Any] = client.predict(story, api_name="/story_status")
    return said


def done(client: Client, story: str, seconds: float = 60.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (said := status(client, story))["state"] != "done":
        assert said["state"] in ("waiting", "working"), said["says"]
        assert time.monotonic() < end, said["says"]
        time.sleep(0.1)
    return said


def test_a_story_is_begun_watched_and_taken_away_in_every_format(client: Client, url: str, tmp_path: Path) -> None:
    begun = create(client)
    story = begun["story_id"]
    assert begun["address"] == f"{url}/?story={story}"
    said = done(client, story)
    assert (said["done"], said["total"], said["left"]) == (5, 5, "")
    assert [step["title"] for step in said["steps"]] == [title for title, *_ in STEPS]
    assert [step["attempts"] for step in said["steps"]] == [len(attempts) for *_, attempts in STEPS]
    assert [step["badge"] for step in said["steps"]] == ["Accepted"] * 3 + ["Text", "Accepted"]
    for step in said["steps"]:
        if step["picture"]:
            assert httpx.get(step["picture"]).headers["content-type"] == "image/png"
        else:
            assert step["prompt"] == ""
    for format, beginning in BEGINNINGS.items():
        file = Path(client.predict(story, format, api_name="/story_export"))
        assert file.name.startswith("a-cat-finds-a-red-balloon-by-the-sea")
        assert file.read_bytes().startswith(beginning), format
        if beginning == b"PK":
            assert ZipFile(file).testzip() is None
        if format == "story":
            with open_story_file(file) as kept:
                assert kept.manifest.story == story


def test_only_the_three_are_public(client: Client) -> None:
    listed = client.view_api(return_format="dict", print_info=False)
    assert set(listed["named_endpoints"]) == PUBLIC
    assert not listed["unnamed_endpoints"]


def test_what_is_asked_for_is_in_the_story(client: Client, house: House, tmp_path: Path) -> None:
    Image.new("RGB", (128, 96), "teal").save(tmp_path / "mine.png")
    notes = {"style": "ink", "characters": "Mila, a cat", "avoid": "rain", "language": "German"}
    begun = create(
        client, pictures=[handle_file(tmp_path / "mine.png")], max_attempts=2, candidates=2, seed=7, profile="another", **notes
    )
    assert begun["untold"] == []
    t = house.trajectory(begun["story_id"])
    assert t.request is not None
    assert (t.request.seed, t.request.notes, t.profile) == (7, Notes(**notes), "another")
    assert (t.policy.max_attempts, t.policy.candidates) == (2, 2)
    assert house.store.images.load(t.request.images[0]).getpixel((0, 0)) == (0, 128, 128)


def test_notes_that_the_models_are_not_told_of_are_said_at_once(client: Client) -> None:
    assert create(client, style="ink", characters="Mila, a cat")["untold"] == [
        "The Pocket models are not told of this note: style."
    ]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"request": " "}, "Say in a few words what the story is about"),
        ({"max_attempts": 99}, "Max attempts: "),
        ({"candidates": 0}, "Candidates: "),
        ({"seed": -1}, "Seed: "),
        ({"profile": "../pocket"}, "These models are not here"),
        ({"request": "x" * 8001}, "Text: "),
        ({"pictures": [{"path": "/etc/hostname"}]}, "Picture 1: This is not a picture that was uploaded"),
        ({"pictures": ["/etc/hostname"]}, "Picture 1: This is not a picture that was uploaded"),
        ({"pictures": ["http://127.0.0.1/x.png"]}, "Picture 1: It can't be fetched"),
    ],
)
def test_a_wish_that_can_not_be_told_is_refused_in_one_sentence(
    client: Client, house: House, wish: dict[str, Any], why: str
) -> None:
    before = len(house.store.ids())
    with pytest.raises(AppError, match=why):
        create(client, **wish)
    assert len(house.store.ids()) == before


def test_no_text_of_a_caller_becomes_a_path(client: Client, house: House) -> None:
    for story in ("nosuchstory1", "../../secret", "", "x" * 500):
        with pytest.raises(AppError):
            status(client, story)
        with pytest.raises(AppError):
            client.predict(story, "pdf", api_name="/story_export")
    hostile = create(client, "../../../etc/passwd \x00 <b>|; rm")
    done(client, hostile["story_id"])
    file = Path(client.predict(hostile["story_id"], "md", api_name="/story_export"))
    assert file.name == "etc-passwd-b-rm-markdown.zip"


def test_an_exported_file_is_at_an_address_that_can_not_be_guessed_and_opens_nothing_here(client: Client, url: str) -> None:
    story = create(client)["story_id"]
    done(client, story)
    answer = httpx.post(f"{url}/gradio_api/call/story_export", json={"data": [story, "html"]})
    events = httpx.get(f"{url}/gradio_api/call/story_export/{answer.json()['event_id']}", timeout=60).text
    address = events.split('"url": "')[1].split('"')[0]
    served = httpx.get(address if address.startswith("http") else f"{url}{address}")
    assert served.status_code == 200
    assert "attachment" in served.headers["content-disposition"], "a page of somebody's words is not shown as ours"
    assert len(address.split("/")[-2]) == 64, "the hash of what is in it"


def test_a_guest_on_a_shared_studio_is_told_how_to_own_a_story(tmp_path: Path) -> None:
    with opened(tmp_path / "data", host="0.0.0.0") as (house, url):
        stranger = Client(url, verbose=False, analytics_enabled=False)
        with pytest.raises(AppError, match="keep the cookie studio_guest"):
            create(stranger)
        cookie = httpx.get(url).cookies[COOKIE]
        guest = Client(url, verbose=False, analytics_enabled=False, headers={"Cookie": f"{COOKIE}={cookie}"})
        story = create(guest)["story_id"]
        assert house.store.card(story).owner.startswith("guest-")
        assert done(stranger, story)["total"] == 5, "whoever knows a story's id may look, as on a page"


def test_where_people_sign_in_nobody_else_can_call_and_programs_do_with_their_persons_token(tmp_path: Path) -> None:
    people = tmp_path / "people"
    put(people, {"ann": hashed("secret", Cost(n=16))})
    with opened(tmp_path / "data", auth_file=people) as (house, url):
        for path, said in (("create_story", [REQUEST]), ("story_status", ["x"]), ("story_export", ["x", "pdf"])):
            assert httpx.post(f"{url}/gradio_api/call/{path}", json={"data": said}).status_code == 401
        ann = Client(url, auth=("ann", "secret"), verbose=False, analytics_enabled=False)
        assert house.store.card(create(ann)["story_id"]).owner == "ann"
        assert httpx.post(f"{url}/gradio_api/mcp/", json={}).status_code == 401
        assert len(house.store.ids()) == 1
        token = Tickets(house.store.database, "person").make("ann", "person:ann")
        bearing = {"Authorization": f"Bearer {token}"}
        program = Client(url, headers=bearing, verbose=False, analytics_enabled=False)
        _, begun = answers_of(tools_of(url, ("create_story", {"request": REQUEST}), headers=bearing))
        assert [house.store.card(create(program)["story_id"]).owner, begun.isError] == ["ann", False]
        stories = house.store.ids()
        assert [house.store.card(story).owner for story in stories] == ["ann"] * 3
        house.rest(stories[1])
        _, made = answers_of(tools_of(url, ("story_export", {"story_id": stories[1], "format": "epub"}), headers=bearing))
        assert httpx.get(made.content[0].text).status_code == 401, "nor is a file there for anybody else"
        assert httpx.get(made.content[0].text, headers=bearing).content.startswith(b"PK")


async def tools_of(url: str, *calls: tuple[str, dict[str, Any]], headers: dict[str, str] | None = None) -> list[Any]:
    """The tools of a studio's MCP server, and what it answers to some calls."""
    async with (
        httpx.AsyncClient(headers=headers, timeout=60) as client,
        streamable_http_client(f"{url}/gradio_api/mcp/", http_client=client) as (reading, writing, *_),
        ClientSession(reading, writing) as mcp,
    ):
        await mcp.initialize()
        return [(await mcp.list_tools()).tools, *[await mcp.call_tool(name, what) for name, what in calls]]


def answers_of(asked: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """In a thread of its own: a browser that is open for other tests has a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


def test_an_mcp_client_finds_three_tools_that_say_what_they_do_and_uses_them(url: str, house: House) -> None:
    listed, begun, refused = answers_of(
        tools_of(url, ("create_story", {"request": REQUEST, "style": "ink"}), ("create_story", {"request": ""}))
    )
    assert {tool.name for tool in listed} == {name[1:] for name in PUBLIC}
    for tool in listed:
        assert len(tool.description) > 100
        assert all(what["description"] for what in tool.inputSchema["properties"].values())
    assert not begun.isError
    story = house.store.ids()[-1]
    assert story in begun.content[0].text
    house.rest(story)
    assert (refused.isError, refused.content[0].text) == (True, "Say in a few words what the story is about.")
    _, said, made = answers_of(
        tools_of(url, ("story_status", {"story_id": story}), ("story_export", {"story_id": story, "format": "epub"}))
    )
    assert "'state': 'done'" in said.content[0].text
    assert httpx.get(made.content[0].text).content.startswith(b"PK")


def test_by_another_sites_name_nobody_reaches_a_studio_on_ones_own_computer(url: str) -> None:
    for address in ("/", "/config", "/gradio_api/mcp/", "/studio/css/base.css"):
        assert httpx.get(f"{url}{address}", headers={"Host": "rebound.example:7860"}).status_code == 421
    assert httpx.get(url).status_code == 200


def test_the_pocket_models_tell_a_story_to_a_program_from_the_door(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "app.py", "--profile", "pocket", "--data", str(tmp_path / "data"), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    try:
        client = client_of(f"http://127.0.0.1:{port}", process)
        begun = create(client, f"{REQUEST}, in two pictures", max_attempts=1, characters="Mila, an orange cat")
        assert begun["untold"] == ["The Pocket models are not told of this note: characters."]
        said = done(client, begun["story_id"], seconds=240)
        assert said["total"] > 1
        assert said["seconds"] > 0
        for format in ("pdf", "epub", "zip"):
            assert Path(client.predict(begun["story_id"], format, api_name="/story_export")).stat().st_size > 1000
    finally:
        process.terminate()
        process.wait(30)


def client_of(url: str, process: subprocess.Popen[bytes]) -> Client:
    """A client, once the studio is open."""
    end = time.monotonic() + 120
    while True:
        assert process.poll() is None, "the studio did not open"
        assert time.monotonic() < end
        try:
            httpx.get(url)
            return Client(url, verbose=False, analytics_enabled=False)
        except httpx.TransportError:
            time.sleep(0.2)
