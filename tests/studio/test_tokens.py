"""Laws of tokens by which programs are people: what they open, for how long, who makes them, and that guessing is slowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import door as command
from core.errors import CommandError, NotFound
from core.store import Store, Tickets
from core.store.tickets import MOST
from studio.gate import INSIDE, Gate
from studio.lockout import FREE_OF_ADDRESS
from studio.passwords import Cost, People, hashed, put
from studio.routes import user_of
from studio.signin import Door, sign_in_routes
from studio.tokens import Tokens
from studio.visitors import Visitor

ANN = Visitor("ann")
PASSWORD = "a long secret"


class Studio:
    """A door, the data folder behind it, and a program before it."""

    def __init__(self, folder: Path) -> None:
        def who(request: Request) -> Response:
            return PlainTextResponse(str(user_of(request)))

        self.folder, self.people, self.now = folder, folder / "people", 0.0
        put(self.people, {name: hashed(PASSWORD, Cost(n=16)) for name in ("ann", "bob")})
        self.store = Store(folder / "data")
        self.tokens = Tokens(self.store, signed=True)
        self.door = Door(People(self.people), clock=lambda: self.now, tokens=Tickets(self.store.database, "person"))
        routes = [*sign_in_routes(self.door), Route("/who", who), Route("/metrics", who)]
        self.app = Starlette(routes=routes, middleware=[Middleware(Gate, door=self.door)])
        self.app.auth, self.app.cookie_id, self.app.tokens = True, "id", {}  # type: ignore[attr-defined]
        self.client = TestClient(self.app, base_url="http://studio.test", raise_server_exceptions=False)

    def says(self, token: str, address: str = "/who", **headers: str) -> tuple[int, str]:
        answer = self.client.get(address, headers={"Authorization": f"Bearer {token}", **headers})
        return answer.status_code, answer.text


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = Studio(tmp_path)
    yield opened
    opened.store.close()


def test_a_program_with_a_token_is_its_person_whatever_cookies_it_sends(studio: Studio) -> None:
    token = studio.tokens.make("agent", ANN)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    bob = studio.door.admit(studio.app, "bob")
    for cookie in ("", f"access-token-id={bob}", "access-token-id=forged; studio_guest=x"):
        assert studio.says(token, Cookie=cookie) == (200, "ann")
    assert len(studio.app.tokens) == 2, "however often it calls, it has one session"  # type: ignore[attr-defined]
    assert studio.door.sessions_of("ann") == 0, "which is nobody's to sign out"


def test_without_a_right_token_nothing_opens_not_even_with_a_persons_cookie(studio: Studio) -> None:
    studio.client.cookies.set("access-token-id", studio.door.admit(studio.app, "bob"))
    assert studio.client.get("/who").text == "bob"
    for wrong in ("x", "A" * 43, "", PASSWORD, studio.door.inside):
        answer = studio.client.get("/who", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == (401 if wrong else 200)
    studio.client.cookies.clear()
    token = studio.tokens.make("", ANN)
    for scheme in ("Basic", "Token", ""):
        assert studio.client.get("/who", headers={"Authorization": f"{scheme} {token}"}).status_code == 401
    assert studio.client.get(f"/who?token={token}").status_code == 401


def test_a_token_ends_at_once_when_it_is_taken_back_or_its_person_taken_out_and_outlives_a_new_password(studio: Studio) -> None:
    first, second = studio.tokens.make("one", ANN), studio.tokens.make("two", ANN)
    put(studio.people, {"ann": hashed("another secret", Cost(n=16))})
    assert studio.says(first) == studio.says(second) == (200, "ann")
    (kept,) = (token for token in studio.tokens.of(ANN) if token.label == "one")
    studio.tokens.revoke(kept.id, ANN)
    assert studio.says(first)[0] == 401
    assert studio.says(second)[0] == 200
    put(studio.people, {"ann": None})
    assert studio.says(second)[0] == 401
    assert studio.app.tokens == {}, "Gradio has forgotten them, too"  # type: ignore[attr-defined]


def test_guessing_tokens_costs_time_and_signing_in_wrongly_costs_programs_none(studio: Studio) -> None:
    token = studio.tokens.make("", ANN)
    for number in range(FREE_OF_ADDRESS + 2):
        studio.client.post("/login", data={"username": f"somebody {number}", "password": "guess guess"})
    assert studio.says(token) == (200, "ann")
    answers = [studio.says(f"{number:043}")[0] for number in range(FREE_OF_ADDRESS + 2)]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert studio.says(token)[0] == 429
    studio.now += 60 * 60
    assert studio.says(token)[0] == 200


def test_what_guards_itself_is_asked_for_with_tokens_of_its_own(studio: Studio) -> None:
    for _ in range(FREE_OF_ADDRESS + 2):
        assert studio.says("the metrics' own token", "/metrics")[0] == 200


def test_the_studio_lets_its_own_calls_in_as_nobody(studio: Studio) -> None:
    inside = {INSIDE.decode(): studio.door.inside}
    assert studio.client.get("/who", headers=inside).text == ""
    for wrong in ("", studio.door.inside[:-1], "é"):
        assert studio.client.get("/who", headers={INSIDE.decode(): wrong.encode()}).status_code == 401
    token = studio.tokens.make("", ANN)
    assert studio.says(token, **inside) == (200, "ann"), "whoever called is still who called"


def test_people_make_tokens_for_themselves_alone(studio: Studio) -> None:
    studio.tokens.make("<b>mine</b>", ANN)
    (token,) = studio.tokens.of(ANN)
    assert studio.tokens.of(Visitor("bob")) == []
    with pytest.raises(NotFound):
        studio.tokens.revoke(token.id, Visitor("bob"))
    for nobody in (Visitor("ann", guest=True), Visitor("")):
        with pytest.raises(CommandError):
            studio.tokens.make("", nobody)
    with pytest.raises(CommandError):
        Tokens(studio.store, signed=False).make("", ANN)
    for _ in range(MOST - 1):
        studio.tokens.make("", ANN)
    with pytest.raises(CommandError):
        studio.tokens.make("", ANN)


def test_the_host_makes_tokens_by_command_also_while_the_studio_has_the_folder(studio: Studio) -> None:
    given = ["token", "ann", "--auth-file", str(studio.people), "--data", str(studio.folder / "data")]
    made = CliRunner().invoke(command, [*given, "--label", "nightly"])
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    assert studio.says(token) == (200, "ann")
    assert studio.tokens.of(ANN)[0].label == "nightly"
    assert CliRunner().invoke(command, [*given, "--revoke", token[-4:]]).exit_code == 0
    assert studio.says(token)[0] == 401
    assert "no token that ends" in CliRunner().invoke(command, [*given, "--revoke", token[-4:]]).output
    given[1] = "eve"
    assert "There is no eve" in CliRunner().invoke(command, given).output
