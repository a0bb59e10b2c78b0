"""What many tests need: a data folder's store that is closed again. And what makes all of them quick."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store import Store

#: A file system in memory, and the bytes that must be free in it: the whole suite writes an eighth of them.
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
ROOT = "PYTEST_DEBUG_TEMPROOT"  # where pytest makes its folders


def pytest_configure() -> None:
    """Data folders are in memory where there is room: none outlives its test, and a disk makes every fact wait for it."""
    if ROOT not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ[ROOT] = str(MEMORY)


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Whatever the test files import is there to stay: to look through it all takes half a second each time."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty data folder, open for writing."""
    with Store(tmp_path / "data") as opened:
        yield opened
