"""Makes a data folder of many stories in a moment, with rows that are as true as if each had been told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from core.events import EVENT, Opened
from core.store import Store, projection
from core.store.tables import Event, Story
from core.trajectory import fold
from core.types import Request

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ANIMALS, THINGS = ("cat", "dog", "Bär", "owl", "fox"), ("balloon", "kite", "lantern")
OWNERS, PROFILES = ("ann", "bob", "cem"), ("pocket", "klein-4b")


def opened(number: int) -> Opened:
    """The first fact of story ``number``, a minute after the one before; owners, profiles and words take turns."""
    text = f"Story {number}: a {ANIMALS[number % 5]} finds a {THINGS[number % 3]}"
    by, profile = f"person:{OWNERS[number % 3]}", PROFILES[number % 7 == 0]
    return Opened(request=Request(text=text, seed=number), profile=profile, by=by, at=FIRST + timedelta(minutes=number))


def fill(store: Store, numbers: Iterable[int]) -> list[str]:
    """Adds one story for each number, in one transaction; returns their ids."""
    stories, facts = [], []
    for number in numbers:
        fact, story_id = opened(number), f"{number:012}"
        row = {**projection.story_row(fold([fact])), **projection.founding_row([fact]), "updated_at": fact.at, "failures": 0}
        kept = {"deleted": False, "starred": number % 50 == 0, "trunk": None, "trunk_length": 0, "gathered": True}
        stories.append({"id": story_id, **row, **kept})
        payload = EVENT.dump_json(fact).decode()
        facts.append({"story_id": story_id, "seq": 0, "kind": "opened", "payload": payload, "by": fact.by, "at": fact.at})
    with store.database.writing() as db:
        db.execute(insert(Story), stories)
        db.execute(insert(Event), facts)
    return [story["id"] for story in stories]
