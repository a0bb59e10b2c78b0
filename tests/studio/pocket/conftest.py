"""What the tests on the small models share: the models, loaded once; one story, told once; a studio for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.casting import build_agents
from core.ports import Agents
from core.profiles import load_profile
from core.storyfile import export_story
from tests.studio.chromium import Visitors
from tests.studio.pocket.phone import MINUTES, REQUEST, Pocket, opened
from tests.studio.storybook import House, until


@pytest.fixture(scope="session")
def agents() -> Agents:
    return build_agents(load_profile("pocket"))


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory, agents: Agents) -> Path:
    """The file of a story of three pictures, which tests bring into their studios, each its own."""
    folder = tmp_path_factory.mktemp("book")
    with House(folder / "data", agents) as house:
        house.controller.start()
        story = house.open(REQUEST)
        until(lambda: house.view(story).header.status.look == "done", MINUTES / 1000)
        export_story(house.store, story, folder / "cat.story.zip")
    return folder / "cat.story.zip"


@pytest.fixture(scope="module")
def pocket(tmp_path_factory: pytest.TempPathFactory, agents: Agents, chromium: Visitors, book: Path) -> Iterator[Pocket]:
    with opened(tmp_path_factory.mktemp("pocket"), agents, chromium, book) as open_here:
        yield open_here
