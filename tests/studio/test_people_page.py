"""What people and hosts see and do in a real browser: a link that is shared, a token that is made, data that is deleted."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from core.settings import Settings
from studio.passwords import Cost, hashed, put
from studio.ui import launch
from tests.studio.chromium import DESKTOP, PHONE, Visitors
from tests.studio.door import door_to
from tests.studio.open_studio import ask, finished, free_port
from tests.studio.storybook import House, Storybook, until
from tests.studio.test_access import findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PASSWORD = "a long secret"


def signed_in(page: Page, url: str, name: str) -> Page:
    page.goto(url)
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("body[data-screen]")
    return page


def test_a_story_is_shared_and_taken_back_and_a_host_deletes_all_that_its_teller_had(tmp_path: Path, chromium: Visitors) -> None:
    put(tmp_path / "people", {name: hashed(PASSWORD, Cost(n=16)) for name in ("ann", "root")})
    port = free_port()
    with House(tmp_path / "data", Storybook().agents) as house:
        settings = Settings(data=tmp_path / "data", port=port, auth_file=tmp_path / "people", admins=("root",))
        app = launch(house.controller, house.store.images, settings, wait=False)
        with door_to(port) as url:
            with chromium.visitor(url, DESKTOP) as ann:
                page = signed_in(ann.new_page(), url, "ann")
                story = ask(page)
                finished(page)
                page.get_by_role("button", name="Share").click()
                page.keyboard.press("Tab")
                page.get_by_role("button", name="Make a link").press("Enter")
                expect(page.get_by_label("The new link")).to_be_focused()
                link = page.get_by_label("The new link").input_value()
                assert link.startswith(f"{url}shared/")
                assert findings(page) == []
                with chromium.visitor(url, PHONE, dark=True) as stranger:
                    reader = stranger.new_page()
                    reader.goto(link)
                    expect(reader.get_by_role("heading", level=1)).to_have_text("A cat finds a red balloon by the sea")
                    picture = reader.locator(".page img").first
                    reader.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
                    assert findings(reader) == []
                    page.get_by_role("button", name="Take the link").click()
                    expect(page.get_by_label("The new link")).to_be_hidden()
                    reader.reload()
                    expect(reader.get_by_role("alert")).to_contain_text("This link opens nothing")
                page.goto(f"{url}account")
                page.get_by_label("What it is for").fill("nightly")
                page.keyboard.press("Enter")
                expect(page.get_by_label("The new token")).to_be_focused()
                token = page.get_by_label("The new token").input_value()
                bearing = {"Authorization": f"Bearer {token}"}
                assert httpx.get(f"{url}config", headers=bearing).json()["username"] == "ann"
            with chromium.visitor(url, PHONE, dark=True) as root:
                page = signed_in(root.new_page(), url, "root")
                page.goto(f"{url}admin")
                page.get_by_role("button", name="Begin nothing more").click()
                expect(page.get_by_text("The models begin nothing more until you let them.")).to_be_visible()
                assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
                assert findings(page) == []
                page.get_by_role("button", name="Let the models go on").click()
                page.get_by_role("button", name="Delete all data of ann").press("Enter")
                go = page.get_by_role("button", name="Delete for good")
                page.keyboard.type("an")
                expect(go).to_be_disabled()
                page.keyboard.type("n")
                assert findings(page) == []
                page.keyboard.press("Enter")
                expect(page.get_by_text("root deleted all data of ann.")).to_be_visible()
            until(lambda: story not in house.store.ids())
            assert httpx.get(f"{url}config", headers=bearing).status_code == 401
        app.close(verbose=False)
