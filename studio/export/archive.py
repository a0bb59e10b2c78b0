"""Writes ZIP files whose bytes depend on nothing but what is in them. Knows no book."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can say


class Archive:
    """A ZIP that is being written; entries keep the order in which they are added. For a ``with``."""

    def __init__(self, path: Path) -> None:
        self._zip = ZipFile(path, "w")

    def add(self, name: str, content: bytes | str, pressed: bool = True) -> None:
        """Adds a file; what is already small (a JPEG, a PNG) is better not ``pressed``."""
        entry = ZipInfo(name, EPOCH)
        entry.create_system = 3  # Unix, whatever this machine is
        entry.external_attr = 0o644 << 16
        entry.compress_type = ZIP_DEFLATED if pressed else ZIP_STORED
        self._zip.writestr(entry, content)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()
