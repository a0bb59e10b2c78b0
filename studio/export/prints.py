"""Makes a stored picture ready to go into a book: as a JPEG no larger than asked. Knows no book."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from core.types import ImageRef

if TYPE_CHECKING:
    from core.images import ImageStore

#: Longest side in pixels: on a screen, and on a page of paper that is 160 mm wide at 300 dots an inch.
SCREEN, PAPER = 1600, 1900
QUALITY = 90  # with colours at full resolution: drawn edges stay clean


def jpeg_of(pictures: ImageStore, ref: ImageRef, side: int) -> bytes:
    """The picture as a JPEG that fits into ``side`` × ``side`` pixels; it is never enlarged, and carries no metadata."""
    image = pictures.load(ref)
    image.info = {}
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    encoded = BytesIO()
    image.save(encoded, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return encoded.getvalue()
