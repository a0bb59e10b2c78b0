"""Decides for each candidate where it goes, or why it is dropped. Holds some bytes of each, never a row.

Entered once in order, and then settled: only when all are known can rows be balanced and the variance be cut.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from train.curation.candidates import CONTRADICTED, FOLDERS, Candidate, Folder
from train.curation.filters import SIDES, Side, cutoff, fingerprint
from train.curation.settings import Curation

EXACT, NEAR = "exact duplicate", "near duplicate"
OUTRANKED = "a person judged the same"
UNBALANCED = "too many of one verdict"
NONE = -1.0  # the variance of a step without one
PENDING = 0
KINDS = ("planner", "critic", "preference")

#: A decision is a number: 1 and up name a folder and a side, 255 and down a reason.
KEPT: tuple[tuple[Folder, Side], ...] = tuple((folder, side) for folder in FOLDERS for side in SIDES)


@dataclass
class _Critics:
    """The critic's candidates that are not dropped yet, a column each."""

    ordinal: array[int] = field(default_factory=lambda: array("L"))
    name: array[int] = field(default_factory=lambda: array("Q"))
    step: array[int] = field(default_factory=lambda: array("Q"))
    spread: array[float] = field(default_factory=lambda: array("d"))
    number: array[int] = field(default_factory=lambda: array("H"))
    flags: array[int] = field(default_factory=lambda: array("B"))  # truth, validation, may go to SFT, to RL, by a person

    def add(self, ordinal: int, one: Candidate, side: Side) -> None:
        self.ordinal.append(ordinal)
        self.name.append(one.near)
        self.step.append(one.step)
        self.spread.append(NONE if one.spread is None else one.spread)
        self.number.append(one.number)
        may = ("critic_sft" in one.rows, "critic_rl" in one.rows)
        bits = (bool(one.truth), side == "validation", *may, one.by_person)
        self.flags.append(sum(bit << place for place, bit in enumerate(bits)))

    def flag(self, row: int, place: int) -> bool:
        return bool(self.flags[row] >> place & 1)


class Ledger:
    """The decisions, in the order in which candidates were entered."""

    def __init__(self, settings: Curation) -> None:
        self.settings = settings
        self.reasons: list[str] = []
        self.kinds = bytearray()  # of candidates, by their place in KINDS
        self.decisions = bytearray()
        self.cutoff = 0.0
        self._critics = _Critics()
        self._exact = set[int]()
        self._near: dict[int, int] = {}
        self._ranks: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.decisions)

    def enter(self, one: Candidate, side: Side) -> None:
        ordinal = len(self.decisions)
        self.kinds.append(KINDS.index(one.kind))
        self.decisions.append(PENDING)
        if why := one.dropped or self._repeated(one):
            self._drop(ordinal, why)
            return
        self._exact.add(one.exact)
        self._near[one.near] = ordinal
        self._ranks[one.near] = one.rank
        if one.kind == "critic":
            self._critics.add(ordinal, one, side)
        else:
            (folder,) = one.rows
            self._keep(ordinal, folder, side)

    def settle(self) -> None:
        """Decides what could not be decided before all were entered."""
        self._balance()
        critics = self._critics
        self.cutoff = self._cutoff(self._pending())
        contradicted = [row for row in self._pending() if self._folder(row) is None]
        for row in contradicted:
            self._drop(critics.ordinal[row], CONTRADICTED)
        if contradicted:
            self._balance()
        for row in self._pending():
            folder = self._folder(row)
            assert folder is not None
            self._keep(critics.ordinal[row], folder, SIDES[critics.flag(row, 1)])

    def _balance(self) -> None:
        """Drops, at each attempt's number, the verdicts that there are too many of.

        Before RL and SFT part, and not in each: the steps whose scores vary are those with failures, so that RL would be left
        with no first attempt that succeeded, and SFT with none that failed.
        """
        critics, cells = self._critics, defaultdict[tuple[bool, int], list[int]](list)
        for row in self._pending():
            cells[critics.flag(row, 1), critics.number[row]].append(row)
        for rows in cells.values():
            for row in set(rows) - set(self._balanced(rows)):
                self._drop(critics.ordinal[row], UNBALANCED)

    def _pending(self) -> list[int]:
        """The critic's candidates that nothing is decided of."""
        return [row for row, ordinal in enumerate(self._critics.ordinal) if self.decisions[ordinal] == PENDING]

    def decided(self, ordinal: int) -> tuple[Folder, Side] | None:
        """Where this candidate goes; None if nowhere."""
        code = self.decisions[ordinal]
        return KEPT[code - 1] if 0 < code <= len(KEPT) else None

    def dropped(self) -> dict[str, dict[str, int]]:
        """How many of each kind were dropped, by reason."""
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for kind, code in zip(self.kinds, self.decisions, strict=True):
            if code > len(KEPT):
                counts[KINDS[kind]][self.reasons[255 - code]] += 1
        return {kind: dict(sorted(reasons.items())) for kind, reasons in counts.items()}

    def verdicts(self) -> Iterator[tuple[int, bool, bool]]:
        """Attempt number, truth, and whether it is kept, of every critic candidate that was not dropped at once."""
        critics = self._critics
        for row, ordinal in enumerate(critics.ordinal):
            yield critics.number[row], critics.flag(row, 0), self.decided(ordinal) is not None

    def _repeated(self, one: Candidate) -> str:
        earlier = self._near.get(one.near)
        if earlier is None:
            return ""
        if one.kind == "critic" and one.rank > self._ranks[one.near]:
            self._drop(earlier, OUTRANKED)
            return ""
        return EXACT if one.exact in self._exact else NEAR

    def _cutoff(self, pending: list[int]) -> float:
        if self.settings.variance is not None:
            return self.settings.variance
        if self.settings.sft_to_rl == 0:
            return -math.inf
        critics, spreads, rows = self._critics, dict[int, float](), Counter[int]()
        for row in pending:
            spreads[critics.step[row]] = max(0.0, critics.spread[row])
            rows[critics.step[row]] += 1
        return cutoff([(spread, rows[step]) for step, spread in spreads.items()], self.settings.sft_to_rl)

    def _folder(self, row: int) -> Folder | None:
        sft, rl = self._critics.flag(row, 2), self._critics.flag(row, 3)
        if rl and self._critics.spread[row] > self.cutoff:
            return "critic_rl"
        return "critic_sft" if sft else None

    def _balanced(self, rows: list[int]) -> list[int]:
        """As many of one truth as the setting allows for those of the other; people's first, the others by chance."""
        if not self.settings.balance:
            return rows
        sides = [[row for row in rows if self._critics.flag(row, 0) == truth] for truth in (False, True)]
        most = int(min(map(len, sides)) * self.settings.balance)

        def rank(row: int) -> tuple[bool, int]:
            return not self._critics.flag(row, 4), fingerprint(self.settings.seed, self._critics.name[row])

        return [row for side in sides for row in sorted(side, key=rank)[:most]]

    def _keep(self, ordinal: int, folder: Folder, side: Side) -> None:
        self.decisions[ordinal] = KEPT.index((folder, side)) + 1

    def _drop(self, ordinal: int, why: str) -> None:
        if why not in self.reasons:
            self.reasons.append(why)
        self.decisions[ordinal] = 255 - self.reasons.index(why)
