"""Remembers the pictures that were kept or looked at last, so that a story's models need not decode them again and again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

#: A picture of 1024² is looked at about four times: as the one before, as the one after, and as a source. 16 of them are 48 MB.
MOST_PIXELS = 16 * 2**20


class Recent:
    """RGB pictures by name, for any number of threads; the one that was asked for the longest ago is forgotten first."""

    def __init__(self, most_pixels: int = MOST_PIXELS) -> None:
        self._most = most_pixels
        self._pixels = 0
        self._pictures: OrderedDict[str, Image] = OrderedDict()
        self._lock = Lock()

    def put(self, name: str, picture: Image) -> None:
        """Remembers the picture, which nobody may change any more; one that is too large for this is not remembered."""
        if _pixels(picture) > self._most:
            return
        with self._lock:
            self._drop(name)
            self._pictures[name] = picture
            self._pixels += _pixels(picture)
            while self._pixels > self._most:
                self._drop(next(iter(self._pictures)))

    def get(self, name: str) -> Image | None:
        """A copy that may be changed; None if the picture is not remembered."""
        with self._lock:
            picture = self._pictures.get(name)
            if picture is None:
                return None
            self._pictures.move_to_end(name)
        return picture.copy()

    def _drop(self, name: str) -> None:
        if (dropped := self._pictures.pop(name, None)) is not None:
            self._pixels -= _pixels(dropped)


def _pixels(picture: Image) -> int:
    return picture.width * picture.height
