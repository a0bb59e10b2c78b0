"""A story file with which nothing is wrong, for tests that make something wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.store import Store
from core.storyfile import export_story
from tests.core.telling import ASKED, agents, tell
from tests.core.test_images import encoded, picture


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story file with which nothing is wrong: one step, some attempts, an upload."""
    folder = tmp_path_factory.mktemp("good")
    with Store(folder / "data") as store:
        upload = store.images.import_upload(encoded(picture(1)))
        story = store.create(ASKED.model_copy(update={"request": ASKED.request.model_copy(update={"images": (upload,)})}))
        tell(story, store.images, agents(steps=1))
        export_story(store, story.id, folder / "good.story.zip")
    return folder / "good.story.zip"
