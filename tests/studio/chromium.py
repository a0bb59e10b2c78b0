"""A real browser for the studio's page: how it is started, and how a page is opened so that nothing in it goes wrong unseen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
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


def visit(page: Page, url: str) -> Page:
    """Opens the studio's page and waits until its scripts have taken over."""
    page.goto(url)
    page.wait_for_selector("body[data-screen]", timeout=60_000)
    return page
