"""A real browser for the studio's page: how it is started, and how a page is opened so that nothing in it goes wrong unseen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: With a process for each site, pages of one visitor share what was compiled.
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--process-per-site",
]
KEPT_BY_PAGES = "local_storage,indexeddb,cache_storage,service_workers"
DESKTOP, PHONE = (1440, 900), (390, 844)


@contextmanager
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


def context(opened: Browser, size: tuple[int, int] = DESKTOP, dark: bool = False, locale: str = "en-US") -> BrowserContext:
    width, height = size
    phone = size == PHONE
    return opened.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        locale=locale,
        reduced_motion="no-preference",
    )


@dataclass
class Visitors:
    """People who look at studios, one after another, with few browsers between them.

    What a page loaded and compiled is there for the next visitor; cookies and whatever else it kept are not.
    """

    browser: Browser
    _free: dict[tuple[tuple[int, int], bool, str], list[BrowserContext]] = field(default_factory=dict)

    @contextmanager
    def visitor(
        self, url: str, size: tuple[int, int] = DESKTOP, dark: bool = False, locale: str = "en-US"
    ) -> Iterator[BrowserContext]:
        """Somebody who was never at this address. The browser of a test that fails is not used again."""
        free = self._free.setdefault((size, dark, locale), [])
        opened = free.pop() if free else context(self.browser, size, dark, locale)
        try:
            yield opened
        except BaseException:
            opened.close()
            raise
        _forget(opened, url)
        free.append(opened)


def _forget(visitor: BrowserContext, url: str) -> None:
    page, *others = visitor.pages or [visitor.new_page()]
    for other in others:
        other.close()
    page.goto(url + "robots.txt")  # a page that is left may still write; the process of this one compiled the scripts
    session = visitor.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": url.rstrip("/"), "storageTypes": KEPT_BY_PAGES})
    session.detach()
    visitor.clear_cookies()
    visitor.clear_permissions()


def visit(page: Page, url: str) -> Page:
    """Opens the studio's page and waits until its scripts have taken over."""
    page.goto(url)
    page.wait_for_selector("body[data-screen]", timeout=60_000)
    return page
