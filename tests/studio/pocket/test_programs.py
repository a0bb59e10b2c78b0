"""The studio's three endpoints for programs, with the small models behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from gradio_client import Client

from tests.studio.pocket.phone import MINUTES, Pocket
from tests.studio.storybook import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pocket")]
#: How the first bytes of each format's file begin.
BEGINNINGS = {"html": b"<!doctype html>", "pdf": b"%PDF-", "epub": b"PK", "zip": b"PK", "md": b"PK"}


def test_a_program_begins_a_story_watches_it_and_takes_it_away_in_every_format(pocket: Pocket) -> None:
    client = Client(pocket.url, verbose=False, analytics_enabled=False)
    asked = {"characters": "Mila, an orange cat", "style": "ink", "seed": 3}
    begun = client.predict("A cat finds a red balloon by the sea, in two pictures", **asked, api_name="/create_story")
    assert begun["untold"] == [f"The Pocket models are not told of this note: {note}." for note in ("style", "characters")]
    story = begun["story_id"]
    said: dict[str, Any] = {}

    def told() -> bool:
        said.update(client.predict(story, api_name="/story_status"))
        assert said["state"] in ("waiting", "working", "done"), said["says"]
        return said["state"] == "done"

    until(told, MINUTES / 1000)
    assert (said["done"], said["total"], len(said["steps"])) == (2, 2, 2)
    assert said["seconds"] > 0
    for step in said["steps"]:
        assert step["prompt"]
        assert step["caption"]
        assert httpx.get(step["picture"]).headers["content-type"] == "image/png"
    for format, beginning in BEGINNINGS.items():
        file = Path(client.predict(story, format, api_name="/story_export"))
        assert file.read_bytes().startswith(beginning), format
        if beginning == b"PK":
            assert ZipFile(file).testzip() is None
