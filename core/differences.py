"""Says word by word how one text became another. Pure: no models, no disk, no markup."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

Change = tuple[Literal["same", "out", "in"], str]

_PIECES = re.compile(r" ?(?:\w[\w’'-]*|[^\w\s])")  # words, and marks on their own


@lru_cache(maxsize=2048)
def changes(before: str, after: str) -> tuple[Change, ...]:
    """What was taken out of ``before`` and put in to make ``after``, word by word, in reading order.

    Each text begins with the space that stands before it, if there is one, so that they can be set one after the other.
    """
    old, new = (_PIECES.findall(" ".join(text.split())) for text in (before, after))
    matcher = SequenceMatcher(None, [piece.strip() for piece in old], [piece.strip() for piece in new], autojunk=False)
    found: list[Change] = []
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            found.append(("same", "".join(new[c:d])))
            continue
        if a < b:
            found.append(("out", "".join(old[a:b])))
        if c < d:
            found.append(("in", "".join(new[c:d])))
    return tuple(found)
