"""Makes folders, and the names in them, durable: a file is safe from a power cut only if its folder was flushed, too."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make(folder: Path) -> None:
    """Makes the folder, and those above it, if they are missing; its name is durable afterwards."""
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(exist_ok=True)
    with suppress(PermissionError):  # above it may be a folder that we can't read
        sync(folder.parent)  # also if it was there: whoever made it may have been killed before this


def sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
