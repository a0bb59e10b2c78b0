"""What many tests need: a data folder's store that is closed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty data folder, open for writing."""
    with Store(tmp_path / "data") as opened:
        yield opened
