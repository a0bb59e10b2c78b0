"""An image store for books."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.images import ImageStore


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    return ImageStore(Path(tmp_path_factory.mktemp("books")) / "images")
