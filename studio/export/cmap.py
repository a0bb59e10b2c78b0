"""Reads which characters a font file has glyphs for: its ``cmap`` table, and nothing else of it.

OpenType 1.9, “cmap — Character to Glyph Index Mapping Table”; formats 4 and 12 are what every font of today has.
"""

from __future__ import annotations

import struct
from array import array
from functools import lru_cache
from pathlib import Path
from sys import byteorder
from typing import Any, BinaryIO

MOST = 4 * 2**20  # bytes of one cmap; the largest fonts have half a MB


@lru_cache(maxsize=256)
def characters_of(path: Path, index: int = 0) -> frozenset[int]:
    """The code points that the ``index``-th font of this file has glyphs for; none if the file can't be read as a font."""
    try:
        with open(path, "rb") as file:
            table = _cmap(file, index)
        return frozenset(_mapped(table))
    except (OSError, struct.error, IndexError, ValueError):  # a system has all sorts of files among its fonts
        return frozenset()


def _cmap(file: BinaryIO, index: int) -> bytes:
    start = 0
    if file.read(4) == b"ttcf":  # a collection: its fonts' places follow
        _, count = _unpacked(file, ">II")
        if index >= count:
            raise ValueError(index)
        file.seek(12 + 4 * index)
        (start,) = _unpacked(file, ">I")
    file.seek(start + 4)
    (tables,) = _unpacked(file, ">H")
    file.seek(start + 12)
    for _ in range(tables):
        tag, _, offset, length = _unpacked(file, ">4sIII")
        if tag == b"cmap":
            file.seek(offset)
            return file.read(min(length, MOST))
    raise ValueError("no cmap")


def _unpacked(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _mapped(table: bytes) -> set[int]:
    (_, count) = struct.unpack_from(">HH", table)
    found: set[int] = set()
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * number)
        if platform not in (0, 3) or (platform, encoding) == (3, 0):  # not Unicode
            continue
        (layout,) = struct.unpack_from(">H", table, offset)
        if layout == 12:
            found |= _in_groups(table, offset)
        elif layout == 4:
            found |= _in_segments(table, offset)
    return found


def _in_groups(table: bytes, offset: int) -> set[int]:
    """Format 12: groups of code points with consecutive glyphs."""
    (groups,) = struct.unpack_from(">I", table, offset + 12)
    found: set[int] = set()
    for group in range(groups):
        first, last, glyph = struct.unpack_from(">III", table, offset + 16 + 12 * group)
        if first > last or last > 0x10FFFF:
            raise ValueError(first, last)
        found.update(range(first + (glyph == 0), last + 1))  # glyph 0 is the box that stands for a missing one
    return found


def _in_segments(table: bytes, offset: int) -> set[int]:
    """Format 4: segments of the basic plane, whose glyphs are computed or listed."""
    (double,) = struct.unpack_from(">H", table, offset + 6)
    count, place = double // 2, offset + 14
    lasts = _shorts(table, place, count)
    firsts = _shorts(table, place + double + 2, count)
    deltas = _shorts(table, place + 2 * double + 2, count)
    ranges = place + 3 * double + 2
    offsets = _shorts(table, ranges, count)
    found: set[int] = set()
    for segment, (first, last, delta, listed) in enumerate(zip(firsts, lasts, deltas, offsets, strict=True)):
        if first > last or first == 0xFFFF:
            continue
        if not listed:
            found.update(code for code in range(first, last + 1) if (code + delta) & 0xFFFF)
            continue
        glyphs = _shorts(table, ranges + 2 * segment + listed, last - first + 1)
        found.update(first + place for place, glyph in enumerate(glyphs) if glyph)
    return found


def _shorts(table: bytes, offset: int, count: int) -> array[int]:
    shorts = array("H", table[offset : offset + 2 * count])
    if len(shorts) != count:
        raise ValueError(offset, count)
    if byteorder == "little":
        shorts.byteswap()
    return shorts
