"""Keeps what was last shown of a story, part by part, so that a page is sent only what has changed since it last looked."""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from core.story import Story

#: Distinguishes this process's versions from those of one before it: a page that knows only the old ones is sent everything.
EPOCH = secrets.token_hex(4)


@dataclass(frozen=True)
class Sheet:
    """A story as markup: parts by name, the names of its steps' parts in order, and the few facts that scripts need."""

    parts: Mapping[str, str]
    order: tuple[str, ...]
    state: Mapping[str, Any]


@dataclass
class Board:
    """One story's parts, each with the version at which it last changed."""

    version: int = 0
    story: Story | None = None
    sheet: Sheet | None = None
    shown: Hashable = None  # what the sheet was made from
    changed: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def put(self, sheet: Sheet, shown: Hashable) -> None:
        """Makes ``sheet`` the present one, as made from ``shown``."""
        self.shown = shown
        if sheet == self.sheet:
            return
        self.version += 1
        old = self.sheet.parts if self.sheet else {}
        for name, part in sheet.parts.items():
            if old.get(name) != part:
                self.changed[name] = self.version
        self.sheet = sheet

    def since(self, seen: str) -> dict[str, Any] | None:
        """What a page that has seen version ``seen`` lacks; None if it lacks nothing."""
        assert self.sheet is not None
        epoch, _, number = seen.partition(".")
        known = int(number) if epoch == EPOCH and number.isdecimal() else 0
        if known == self.version:
            return None
        parts = {name: part for name, part in self.sheet.parts.items() if self.changed[name] > known}
        return {
            "version": f"{EPOCH}.{self.version}",
            "parts": parts,
            "order": self.sheet.order,
            "state": self.sheet.state,
        }
