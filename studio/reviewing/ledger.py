"""Keeps what the figures of agreement are computed from: all reviews of attempts, and what the models said of these.

It is gathered when it is first asked for, and again when a review came, went, or stands again; not at every look.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.agreement import Case, Opinion, by_attempt, cases
from core.reviewing import AttemptItem, Review

if TYPE_CHECKING:
    from core.store import Store
    from core.store.opinions import Mark


@dataclass(frozen=True)
class Ledger:
    """All standing reviews of attempts by ``at``, what the models said of those, and the cases in which both sides speak."""

    at: datetime
    reviews: Mapping[AttemptItem, tuple[Review, ...]]
    opinions: Mapping[AttemptItem, Opinion]
    cases: tuple[Case, ...]

    def answered_by(self, reviewer: str) -> frozenset[AttemptItem]:
        """The attempts that this reviewer has answered."""
        return frozenset(item for item, given in self.reviews.items() if any(each.reviewer == reviewer for each in given))


class Bookkeeper:
    """Hands out the ledger of one data folder, to any number of threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()  # whoever comes while another gathers waits for theirs
        self._kept: tuple[Mark, Ledger] | None = None

    def ledger(self, afresh: bool = False) -> Ledger:
        """The ledger as it is now; ``afresh`` also looks again at what models say, which no review tells of."""
        with self._lock:
            mark = self._store.reviews.mark()
            if afresh or self._kept is None or self._kept[0] != mark:
                self._kept = mark, self._gathered()
            return self._kept[1]

    def _gathered(self) -> Ledger:
        at = datetime.now(UTC)
        everything = list(self._store.reviews.everything())
        opinions = self._store.reviews.opinions()
        reviews = {item: tuple(given) for item, given in by_attempt(everything).items()}
        return Ledger(at, reviews, opinions, cases(everything, opinions))
