"""Browsers of people who review, and what they said: what the tests of the review page have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from core.reviewing import Answer, Review
from core.store import Store
from core.store.review_tables import Lease
from tests.core.queues import NOON
from tests.studio.open_studio import Studio


@contextmanager
def reviewing(studio: Studio, name: str = "", ask: str = "", **how: object) -> Iterator[Page]:
    """A browser of its own on the review page, in which somebody reviews under this name."""
    with studio.page(f"review?{ask}", **how) as page:  # type: ignore[arg-type]
        if name:
            page.get_by_role("button", name="Change").click()
            page.fill("[data-who-form] [name=name]", name)
            page.keyboard.press("Enter")
            expect(page.locator("[data-reviewer]")).to_have_text(name)
        yield page


def told(studio: Studio) -> str:
    """A whole story: seven attempts at four steps."""
    story = studio.house.open()
    studio.house.rest(story)
    return story


def said_by(store: Store, reviewer: str) -> list[Review]:
    return [review for review in store.reviews.everything() if review.reviewer == reviewer]


def answers(store: Store, reviewer: str) -> list[Answer]:
    return [review.answer for review in said_by(store, reviewer) if isinstance(review.answer, Answer)]


def shown(page: Page) -> str:
    """Which item is looked at: its place in the story, and the address of its picture."""
    expect(page.locator(".ra-head p")).to_be_visible()
    return f"{page.locator('.ra-head p').inner_text()} {page.locator('.look-after > img').first.get_attribute('src')}"


def goes_on(page: Page, key: str) -> str:
    """Decides with a key, and waits for the item after it; which one that is."""
    before = page.locator(".look-after > img").first.get_attribute("src")
    page.keyboard.press(key)
    page.wait_for_function("src => document.querySelector('.look-after > img')?.getAttribute('src') !== src", arg=before)
    return shown(page)


def progress(page: Page) -> Locator:
    return page.locator("[data-progress]")


def pass_ten_minutes(store: Store) -> None:
    """For what reviewers have in hand."""
    with store.database.writing() as db:
        db.execute(update(Lease).values(until=NOON))
