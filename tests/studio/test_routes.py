"""Laws of the studio's own addresses: what they give, to whom, and how long a browser may keep it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from markupsafe import escape
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.errors import ReadOnly
from core.policy import Draw
from core.ports import PreviewImage
from core.types import AttemptKey
from studio.headers import headers_of
from studio.live import Live, Passing
from studio.routes import middleware, routes
from studio.visitors import COOKIE, OWNER, visitor_of
from tests.studio.storybook import House, Storybook, until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A studio with one finished story; a secret lies beside its pictures."""
    folder = Path(tmp_path_factory.mktemp("routes"))
    with House(folder, Storybook(side=320).agents) as opened:
        opened.controller.start()
        opened.rest(opened.open())
        opened.controller.close()
        (folder / "secret.png").write_bytes(b"secret")
        (folder / "images" / "secret.png").write_bytes(b"secret")
        yield opened


@pytest.fixture(scope="module")
def story(house: House) -> str:
    return house.store.ids()[0]


@pytest.fixture(scope="module")
def sha256(house: House, story: str) -> str:
    return house.trajectory(story).tries[0].attempt.image.sha256


def door(house: House, shared: bool = False, signed_in: dict[str, str] | None = None, scheme: str = "http") -> TestClient:
    """A browser before the studio's addresses. ``signed_in``: tokens of people who signed in, where they must."""
    app = Starlette(routes=routes(house.controller, house.store.images), middleware=middleware(shared))
    app.auth = None if signed_in is None else (lambda name, password: False)  # type: ignore[attr-defined]
    app.cookie_id, app.tokens = "id", signed_in or {}  # type: ignore[attr-defined]
    return TestClient(app, base_url=f"{scheme}://studio.test", raise_server_exceptions=False)


@pytest.fixture
def client(house: House) -> TestClient:
    return door(house)


def test_a_picture_is_what_its_address_says_and_is_kept_for_ever(client: TestClient, story: str, sha256: str) -> None:
    answer = client.get(f"/pictures/{story}/{sha256}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert hashlib.sha256(answer.content).hexdigest() == sha256
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize(("size", "side"), [("thumb", 256), ("card", 320)])
def test_a_smaller_picture_is_a_jpeg_that_fits_and_is_never_enlarged(
    client: TestClient, story: str, sha256: str, size: str, side: int
) -> None:
    for _ in range(2):  # made, and found
        answer = client.get(f"/pictures/{story}/{sha256}.png", params={"size": size})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert max(Image.open(BytesIO(answer.content)).size) == side
        assert "immutable" in answer.headers["cache-control"]


def test_every_picture_of_a_page_is_there(house: House, client: TestClient, story: str) -> None:
    news = house.controller.look(story, "", visitor_of(None, {}, shared=False))
    assert news is not None
    markup = "".join(news["parts"].values())
    addresses = set(re.findall(r'"((?:pictures|stories)/[^"]+)"', markup))
    assert len(addresses) > 10
    assert {client.get(f"/{address}").status_code for address in addresses} == {200}


@pytest.mark.parametrize(
    "address",
    [
        "/pictures/{story}/" + "0" * 64 + ".png",
        "/pictures/nosuchstory1/{sha256}.png",
        "/pictures/{story}/{sha256}.jpg",
        "/pictures/{story}/{sha256}.png.html",
        "/pictures/{story}/{sha256}",
        "/pictures/{story}/{SHA256}.png",
        "/pictures/{story}/{sha256}.png%0A",
        "/pictures/{story}/{sha256}.png?size=huge",
        "/pictures/{story}/{sha256}.png?size=../thumb",
        "/pictures/{story}/secret.png",
        "/pictures/{story}/..%2Fsecret.png",
        "/pictures/{story}/%2E%2E%2F%2E%2E%2Fsecret.png",
        "/pictures/..%2F..%2F{story}/{sha256}.png",
        "/pictures/../images/secret.png",
        "/pictures/%2E%2E/{sha256}.png",
        "/pictures/{story}/preview.jpg",
        "/pictures/nosuchstory1/preview.jpg",
        "/exports/nosuchjob",
        "/exports/..%2Fstudio.db",
        "/exports/%2E%2E",
        "/exports/",
        "/studio/js/..%2Fcss%2Fbase.css",
        "/studio/js/%2E%2E/%2E%2E/studio/routes.py",
        "/studio/js/..%2F..%2Fcore%2Ftypes.py",
        "/studio/css//etc/passwd",
        "/studio/js/",
        "/images/secret.png",
        "/secret.png",
    ],
)
def test_whatever_else_is_asked_for_is_not_there(client: TestClient, story: str, sha256: str, address: str) -> None:
    answer = client.get(address.format(story=story, sha256=sha256, SHA256=sha256.upper()))
    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert "immutable" not in answer.headers.get("cache-control", ""), "it may be there later"


def test_a_picture_is_given_out_with_its_own_story_only(house: House, story: str, sha256: str) -> None:
    other = house.open("Another story")
    assert door(house).get(f"/pictures/{other}/{sha256}.png").status_code == 404
    assert door(house).get(f"/pictures/{story}/{sha256}.png").status_code == 200


def test_a_preview_is_the_drawing_so_far_and_is_never_kept(
    house: House, client: TestClient, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Draw(key=AttemptKey(step="s1", revision=0, number=0), prompt="", seed=0, source=None)
    live = Live(task, since=0.0).after(PreviewImage(index=0, image=Image.new("RGBA", (24, 16), "red")))
    monkeypatch.setattr(house.worker, "passing", lambda _: Passing(live=live))
    answer = client.get(f"/pictures/{story}/preview.jpg?n=1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    assert Image.open(BytesIO(answer.content)).size == (24, 16)


def exported(house: House, story: str) -> str:
    """The id of a web page of the story, once it is made."""
    job = house.controller.export(story, "html", OWNER)
    until(lambda: house.controller.exporting(job).ended)
    return job


def test_a_file_that_was_asked_for_is_given_out_under_its_id_alone(tmp_path: Path) -> None:
    with House(tmp_path / "open", Storybook().agents) as house:
        house.controller.start()
        story, client = house.open(), door(house)
        house.rest(story)
        job = exported(house, story)
        answer = client.get(f"/exports/{job}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-disposition"] == 'attachment; filename="a-cat-finds-a-red-balloon-by-the-sea.html"'
        assert answer.headers["cache-control"] == "no-store"
        assert answer.text.count("data:image/jpeg;base64,") >= 4
        assert all(step.caption and escape(step.caption) in answer.text for step in house.trajectory(story).steps)
        assert client.get(f"/exports/{job[:-1]}").status_code == 404


def test_what_is_not_there_says_so_in_a_sentence(client: TestClient) -> None:
    answer = client.get("/exports/nosuchjob")
    assert (answer.status_code, answer.text) == (404, "There is nothing here.")


def test_a_data_folder_that_refuses_says_why(
    house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch, story: str, sha256: str
) -> None:
    def refuse(story_id: str) -> None:
        raise ReadOnly("The data folder cannot be read; check its disk.")

    monkeypatch.setattr(house.store, "open_story", refuse)
    answer = client.get(f"/pictures/{story}/{sha256}.png")
    assert (answer.status_code, answer.text) == (500, "The data folder cannot be read; check its disk.")


def test_scripts_and_styles_are_asked_about_each_time(client: TestClient) -> None:
    for address, kind in (("/studio/js/studio.js", "text/javascript"), ("/studio/css/base.css", "text/css")):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert answer.headers["content-type"].startswith(kind)
        again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("passed_on", ["", "/below"], ids=["taken away", "passed on"])
def test_all_is_found_below_another_path_whether_or_not_the_proxy_takes_it_away(house: House, passed_on: str) -> None:
    app = Starlette(routes=routes(house.controller, house.store.images), middleware=middleware(shared=True))
    app.auth = None  # type: ignore[attr-defined]
    client = TestClient(app, root_path="/below")
    for address in ("/studio/js/studio.js", "/studio/css/base.css"):
        assert client.get(passed_on + address).status_code == 200
    for address in ("/studio/js/%2E%2E/%2E%2E/app.py", "/studio/js/..%2Fcss%2Fbase.css", "/studio/js/"):
        assert client.get(passed_on + address).status_code == 404
    assert COOKIE in client.get(passed_on + "/library").headers["set-cookie"], "a guest may come to any page first"


@pytest.mark.parametrize("address", ["/pictures/{story}/{sha256}.png", "/exports/nosuchjob", "/studio/js/", "/nothing"])
def test_every_answer_keeps_the_page_to_itself(client: TestClient, story: str, sha256: str, address: str) -> None:
    headers = client.get(address.format(story=story, sha256=sha256)).headers
    wanted = headers_of(secure=False)
    assert {name: headers.get_list(name) for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert headers["x-content-type-options"] == "nosniff"


def test_nothing_can_be_changed_through_an_address(client: TestClient, story: str, sha256: str) -> None:
    for address in (f"/pictures/{story}/{sha256}.png", "/exports/nosuchjob", "/studio/js/studio.js"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert client.request(method, address).status_code == 405


def test_where_people_sign_in_nobody_else_sees_anything_of_a_story(house: House, story: str, sha256: str) -> None:
    private = (f"/pictures/{story}/{sha256}.png", "/exports/nosuchjob", f"/pictures/{story}/preview.jpg", "/pictures/x/y")
    for cookies in ({}, {"access-token-id": "forged"}, {"access-token-other": "token"}):
        client = door(house, shared=True, signed_in={"token": "ann"})
        client.cookies.update(cookies)
        answers = [client.get(address) for address in private]
        assert [(answer.status_code, answer.text) for answer in answers] == [(401, "Sign in first.")] * len(private)
    for name in ("access-token-id", "access-token-unsecure-id"):
        client = door(house, shared=True, signed_in={"token": "ann"})
        client.cookies.set(name, "token")
        assert [client.get(address).status_code for address in private] == [200, 404, 404, 404]


@pytest.mark.parametrize(("scheme", "site"), [("http", "samesite=lax"), ("https", "samesite=lax; secure")])
def test_a_guest_gets_a_cookie_of_their_own_once(house: House, scheme: str, site: str) -> None:
    client = door(house, shared=True, scheme=scheme)
    given = client.get("/").headers["set-cookie"]
    assert given.startswith(f"{COOKIE}=")
    assert given.lower().endswith(f"path=/; max-age=31536000; httponly; {site}"), "no script can read it"
    guest = visitor_of(None, dict(client.cookies), shared=True)
    assert guest.name.startswith("guest-")
    assert "set-cookie" not in client.get("/").headers
    other = door(house, shared=True, scheme=scheme)
    other.get("/")
    assert visitor_of(None, dict(other.cookies), shared=True) != guest


def test_no_cookie_is_set_on_ones_own_computer_or_with_a_picture(house: House, story: str, sha256: str) -> None:
    assert "set-cookie" not in door(house).get("/").headers
    assert "set-cookie" not in door(house, shared=True).get(f"/pictures/{story}/{sha256}.png").headers
