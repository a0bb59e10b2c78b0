"""Laws of the door of a studio where people sign in: who gets in, how guessing is slowed, and that nothing else is open."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gradio.routes import App
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.settings import Settings
from studio.gate import OPEN, UNUSED, Gate
from studio.lockout import FREE_OF_NAME
from studio.passwords import Cost, People, hashed, put
from studio.signin import MONTH, Door, sign_in_routes
from studio.ui import launch
from tests.studio.open_studio import free_port
from tests.studio.storybook import House, Storybook

PASSWORD = "a long secret"
RIGHT = {"username": "ann", "password": PASSWORD}
WRONG = {"username": "ann", "password": "another secret"}
PAGE = {"Accept": "text/html"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    put(tmp_path / "people", {name: hashed(PASSWORD, Cost(n=16)) for name in ("ann", "bob")})
    return tmp_path / "people"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def door_and_client(file: Path, scheme: str = "http", framed: bool = False) -> tuple[Door, TestClient, Clock]:
    """A door, and a browser before a studio of one page and one address behind it."""

    def who(request: Request) -> Response:
        return PlainTextResponse(str(app.tokens.get(request.cookies.get("access-token-id"))))  # type: ignore[attr-defined]

    clock = Clock()
    door = Door(People(file), clock=clock)
    routes = [*sign_in_routes(door, framed), Route("/", who), Route("/library", who), Route("/anything", who)]
    app = Starlette(routes=routes, middleware=[Middleware(Gate, door=door)])
    app.cookie_id, app.tokens = "id", {}  # type: ignore[attr-defined]
    client = TestClient(app, base_url=f"{scheme}://studio.test", raise_server_exceptions=False, follow_redirects=False)
    return door, client, clock


def test_a_person_signs_in_on_a_page_without_scripts_and_comes_to_where_they_wanted(file: Path) -> None:
    _, client, _ = door_and_client(file)
    page = client.get("/library?story=abc&x=%2F", headers=PAGE)
    assert 'name="next" value="library?story=abc&amp;x=%2F"' in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    answer = client.post("/login", data={**RIGHT, "next": "library?story=abc&x=%2F"}, headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "./library?story=abc&x=%2F")
    assert client.get("/anything").status_code == 200


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "../x", "library/../../x", "javascript:x", "\r\nX: y"]
)
def test_nobody_is_led_to_anywhere_but_our_own_pages(file: Path, page: str) -> None:
    _, client, _ = door_and_client(file)
    assert client.post("/login", data={**RIGHT, "next": page}, headers=PAGE).headers["location"] == "./"


def test_words_of_an_address_are_only_words_on_the_sign_in_page(file: Path) -> None:
    _, client, _ = door_and_client(file)
    for asked in ('?x="><script>hurt()</script>', "?x=%22%3E%3Cscript%3E"):
        assert "<script" not in client.get(f"/{asked}", headers=PAGE).text


@pytest.mark.parametrize(
    ("scheme", "framed", "cookie"),
    [
        ("http", False, "access-token-unsecure-id={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"),
        ("https", False, "access-token-id={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"),
        ("https", True, "access-token-id={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=None; Secure"),
    ],
)
def test_the_cookie_of_a_session_is_for_no_script_and_for_no_other_site(
    file: Path, scheme: str, framed: bool, cookie: str
) -> None:
    _, client, _ = door_and_client(file, scheme, framed)
    given = client.post("/login", data=RIGHT).headers.get_list("set-cookie")
    token = given[0].partition("=")[2].partition(";")[0]
    assert given == [cookie.format(token)]
    assert len(token) == 43


def test_wrong_passwords_are_told_in_a_sentence_and_then_cost_time(file: Path) -> None:
    _, client, _ = door_and_client(file)
    answers = [client.post("/login", data=WRONG) for _ in range(FREE_OF_NAME + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {400}
    assert answers[0].json() == {"detail": "The name or the password is wrong."}
    late = answers[-1]
    assert (late.status_code, late.headers["retry-after"]) == (429, "1")
    assert late.json()["detail"] == "There were too many wrong passwords: try again in 1 s."
    page = client.post("/login", data=RIGHT, headers=PAGE)
    assert (page.status_code, page.headers["retry-after"]) == (429, "1")
    assert "There were too many wrong passwords" in page.text, "nor does the right one help before the time is over"
    assert not client.cookies


def test_a_stranger_and_a_person_with_a_wrong_password_get_the_same_answer(file: Path) -> None:
    _, client, _ = door_and_client(file)
    one, other = client.post("/login", data=WRONG), client.post("/login", data={**WRONG, "username": "nobody"})
    assert (one.status_code, one.text) == (other.status_code, other.text)


@pytest.mark.parametrize(
    "form",
    [{}, {"username": "ann"}, {"username": "ann", "password": "x" * 20_000}, {"username": "x" * 100, "password": PASSWORD}],
)
def test_a_form_that_is_none_of_ours_is_wrong_before_any_password_is_worked_out(
    file: Path, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, client, _ = door_and_client(file)
    asked: list[str] = []
    monkeypatch.setattr(door.people, "knows", lambda name, password: asked.append(password) or False)
    assert client.post("/login", data=form).status_code == 400
    assert [password for password in asked if password] == []


def test_another_site_can_sign_nobody_in(file: Path) -> None:
    _, client, _ = door_and_client(file)
    assert client.post("/login", data=RIGHT, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert not client.cookies


def test_a_session_ends_when_the_person_is_taken_out_or_gets_another_password_or_after_a_month(file: Path) -> None:
    for name, end in (("bob", "out"), ("ann", "password"), ("ann", "month")):
        _, client, clock = door_and_client(file)
        secret = PASSWORD if end != "month" else "another secret"
        assert client.post("/login", data={"username": name, "password": secret}).status_code == 200
        assert client.get("/anything").status_code == 200
        if end == "month":
            clock.now += MONTH + 1
        else:
            put(file, {name: hashed("another secret", Cost(n=16)) if end == "password" else None})
        assert client.get("/anything").status_code == 401
        assert client.app.tokens == {}, "Gradio has forgotten them, too"  # type: ignore[attr-defined]


def test_a_token_that_was_not_given_out_here_opens_nothing(file: Path) -> None:
    _, client, _ = door_and_client(file)
    client.app.tokens["planted"] = "ann"  # type: ignore[attr-defined]
    client.cookies.set("access-token-unsecure-id", "planted")
    assert client.get("/anything").status_code == 401


# ---------------------------------------------------------------- the real studio


@pytest.fixture(scope="module")
def studio_with_a_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, App]]:
    """A studio with Gradio behind the door; its address."""
    folder = Path(tmp_path_factory.mktemp("signin"))
    put(folder / "people", {"ann": hashed(PASSWORD, Cost(n=16))})
    port = free_port()
    with House(folder / "data", Storybook().agents) as house:
        settings = Settings(data=folder / "data", port=port, auth_file=folder / "people")
        app = launch(house.controller, house.store.images, settings, wait=False)
        yield f"http://127.0.0.1:{port}", app.app
        app.close(verbose=False)


@pytest.fixture(scope="module")
def url(studio_with_a_door: tuple[str, App]) -> str:
    return studio_with_a_door[0]


@pytest.fixture(scope="module")
def inside(url: str) -> Iterator[httpx.Client]:
    """Somebody who signed in."""
    with httpx.Client(base_url=url) as client:
        assert client.post("/login", data=RIGHT).status_code == 200
        yield client


def addresses(routes: Sequence[object], before: str = "") -> set[tuple[str, str]]:
    """Every method and address that these routes have, their parameters filled in."""
    found = set()
    for route in routes:
        path = before + str(getattr(route, "path", ""))
        inner = getattr(route, "original_router", route)
        if nested := getattr(inner, "routes", None):
            found |= addresses(nested, path)
            continue
        filled = re.sub(r"\{[^}]*\}", "0", path)
        found |= {(method, filled) for method in getattr(route, "methods", None) or {"GET", "POST"}}
    return found


@pytest.fixture(scope="module")
def all_addresses(studio_with_a_door: tuple[str, App]) -> set[tuple[str, str]]:
    return addresses(studio_with_a_door[1].routes)


def test_no_address_of_gradio_or_of_the_studio_is_open_to_strangers(url: str, all_addresses: set[tuple[str, str]]) -> None:
    assert {("POST", "/gradio_api/cancel"), ("GET", "/gradio_api/heartbeat/0"), ("POST", "/imports")} <= all_addresses
    pages, opened = set(), set()
    with httpx.Client(base_url=url) as client:
        for method, address in sorted(each for each in all_addresses if each[0] != "HEAD"):
            answer = client.request(method, address)
            if 'action="login"' in answer.text:
                pages.add(address)
            elif answer.status_code not in (401, 404):
                opened.add(address)
    assert pages == {"/", "/library", "/train", "/review", "/agreement", "/admin", "/account", "/login", "/login/"}
    assert opened <= OPEN


def test_what_the_studio_has_no_use_for_is_there_for_nobody(inside: httpx.Client) -> None:
    for address in ("/monitoring", "/monitoring/summary", "/gradio_api/token", "/gradio_api/vibe-code", "/gradio_api/deep_link"):
        assert address.startswith(UNUSED)
        assert inside.get(address).status_code == 404


def test_who_signed_in_has_the_pages_and_gradio_knows_them(inside: httpx.Client) -> None:
    assert "gradio_config" in inside.get("/").text
    assert inside.get("/config").json()["username"] == "ann"


def test_gradios_own_way_in_is_shut(url: str, inside: httpx.Client) -> None:
    for address in ("/login", "/login/"):
        assert httpx.post(f"{url}{address}", data=WRONG).status_code in (400, 429)
    answers = [inside.post("/login/", data={"username": "bob", "password": f"guess {n}"}) for n in range(FREE_OF_NAME + 2)]
    assert answers[-1].status_code == 429, "nor does somebody who is in guess any faster"


def test_sixty_guesses_at_once_are_a_handful_of_tries(url: str) -> None:
    def guess(number: int) -> int:
        return httpx.post(f"{url}/login", data={"username": "carl", "password": f"guess {number}"}, timeout=30).status_code

    begun = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(60)))
    passed = time.monotonic() - begun
    most = FREE_OF_NAME + 1 + int(passed).bit_length()  # waits double, so time buys its logarithm
    assert answers.count(400) <= most
    assert set(answers) == {400, 429}


def test_where_no_proxy_is_trusted_a_header_makes_nobody_come_from_elsewhere(url: str) -> None:
    for number in range(60):
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "X-Forwarded-Proto": "https"}
        data = {"username": f"somebody {number}", "password": "guess guess"}
        answer = httpx.post(f"{url}/login", data=data, headers=headers)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "strict-transport-security" not in answer.headers


def test_a_proxy_that_is_trusted_says_where_people_come_from_and_that_they_came_by_https(tmp_path: Path) -> None:
    put(tmp_path / "people", {"ann": hashed(PASSWORD, Cost(n=16))})
    port = free_port()
    with House(tmp_path / "data", Storybook().agents) as house:
        settings = Settings(data=tmp_path / "data", port=port, auth_file=tmp_path / "people", trusted_proxies=("127.0.0.1",))
        app = launch(house.controller, house.store.images, settings, wait=False)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for number in range(60):
                # The first address is what a visitor may have written; the last is what the proxy has seen.
                headers = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7", "X-Forwarded-Proto": "https"}
                data = {"username": f"somebody {number}", "password": "guess guess"}
                late = client.post("/login", data=data, headers=headers)
                if late.status_code == 429:
                    break
            assert late.status_code == 429
            right = client.post("/login", data=RIGHT, headers={"X-Forwarded-For": "198.51.100.8", "X-Forwarded-Proto": "https"})
        app.close(verbose=False)
    assert right.status_code == 200
    assert right.headers["set-cookie"].endswith("SameSite=Lax; Secure")
    assert "strict-transport-security" in right.headers
