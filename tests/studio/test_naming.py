"""Laws of the names under which the studio answers, so that no other site can lead a browser to it under its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.settings import Settings
from studio.naming import Names, name_of


def answer(host: str | None, names: tuple[str, ...] = (), shared: bool = False, address: str = "/") -> Response:
    """What a studio of these names answers to a call by this name."""

    def page(request: Request) -> Response:
        return PlainTextResponse("here")

    app = Starlette(
        routes=[Route("/", page, methods=["GET", "POST"]), Route("/healthz", page)],
        middleware=[Middleware(Names, names=names, shared=shared)],
    )
    return TestClient(app, base_url="http://127.0.0.1").get(address, headers={"Host": host} if host is not None else {})  # type: ignore[return-value]


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "localhost.", "[::1]:7860", "[::1]", "127.8.9.1"])
def test_on_ones_own_computer_the_studio_goes_by_this_machines_names(host: str) -> None:
    assert answer(host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7860",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0:7860",
        "192.168.1.9",
        "",
        "[",
    ],
)
def test_by_any_other_name_it_says_one_sentence_and_nothing_else(host: str) -> None:
    refused = answer(host)
    assert refused.status_code == 421
    assert "STUDIO_HOSTS" in refused.text  # type: ignore[attr-defined]
    assert host not in refused.text or not host  # type: ignore[attr-defined]


def test_a_name_that_the_host_has_set_is_one_of_its_own_and_then_no_other_is_where_the_studio_is_shared() -> None:
    names = Settings(hosts="studio.example.org, second.example.org").hosts  # type: ignore[arg-type]
    for shared in (False, True):
        assert answer("Studio.example.org:443", names, shared).status_code == 200
        assert answer("second.example.org", names, shared).status_code == 200
        assert answer("127.0.0.1:7860", names, shared).status_code == 200, "the studio calls itself"
        assert answer("third.example.org", names, shared).status_code == 421


def test_a_shared_studio_whose_names_nobody_has_set_goes_by_any() -> None:
    assert answer("anything.example", shared=True).status_code == 200


def test_how_it_is_a_probe_may_ask_by_any_name() -> None:
    assert answer("10.0.0.7:7860", address="/healthz").status_code == 200
    assert answer("10.0.0.7:7860").status_code == 421


@given(st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,10}){0,3}", fullmatch=True), st.integers(1, 65535))
def test_a_name_is_the_same_with_its_port_in_capitals_and_with_a_dot_behind_it(name: str, port: int) -> None:
    assert {name_of(said) for said in (name, f"{name}:{port}", f"{name.upper()}.:{port}", f"{name}.")} == {name}
