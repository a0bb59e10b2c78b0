"""Decides how much each person may have of a shared studio: requests a minute, megabytes kept, and models' seconds a day.

Whoever owns the data folder has no limits. What a person is refused is one sentence, which says when it is possible again. A
guest is known by a cookie, which can be thrown away: their requests are counted by their address, too.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from core.errors import CommandError, Sentence
from studio.lockout import network_of
from studio.speech import later
from studio.visitors import Visitor

if TYPE_CHECKING:
    from core.store import Store

MINUTE, DAY = 60.0, 24 * 60 * 60.0  # seconds
MB = 2**20
OF_ADDRESS = 4  # times what one guest may ask: a family, or a class, has one address
MOST = 10_000  # people and addresses whose requests are remembered
BETWEEN_COUNTS = 30.0  # seconds for which what a person keeps is taken as known


@dataclass(frozen=True)
class Limits:
    """How many unfinished stories there may be, in all and of each person; and what else each may have. 0: without limit."""

    queued: int = 50
    each: int = 5
    requests: int = 0  # a minute, of those that begin work or bring a file
    megabytes: int = 0
    seconds: int = 0  # of models' work, in any 24 hours


class TooMuch(CommandError):
    """A person has had what is theirs; ``seconds`` until there is more, None if time alone brings none."""

    def __init__(self, english: str, seconds: float | None, **values: object) -> None:
        super().__init__(english, **values)
        self.seconds = seconds


@dataclass
class _Kept:
    """What somebody keeps, in bytes, as it was counted last; and what they have uploaded since, and when."""

    pictures: int = 0
    counted: float = -math.inf
    uploads: deque[tuple[float, int]] = field(default_factory=deque)


class Caps:
    """What people have had, held against what they may have. For any number of threads."""

    def __init__(self, store: Store, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        """``clock``: seconds since the epoch."""
        self._store = store
        self.limits = limits
        self._clock = clock
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def ask(self, visitor: Visitor) -> None:
        """Counts a request that begins work or brings a file; ``TooMuch`` if there were too many within a minute."""
        if visitor.owns_all or not self.limits.requests:
            return
        keys = {f"name:{visitor.name}": self.limits.requests} if visitor.name else {}
        if visitor.guest or not visitor.name:
            keys[f"address:{network_of(visitor.address)}"] = OF_ADDRESS * self.limits.requests
        now = self._clock()
        with self._lock:
            lines = {key: self._line(key, now) for key in keys}
            wait = max((line[-most] + MINUTE - now for key, most in keys.items() if len(line := lines[key]) >= most), default=0)
            if wait > 0:
                raise TooMuch(
                    later("You have asked for {count} things within a minute, the most for one person: try again in {time}."),
                    wait,
                    count=self.limits.requests,
                    time=lasting(wait),
                )
            for line in lines.values():
                line.append(now)

    def check_work(self, visitor: Visitor) -> None:
        """``TooMuch`` if the person may begin nothing more that models work on, or that makes pictures."""
        self._check_seconds(visitor)
        self.check_room(visitor)

    def check_room(self, visitor: Visitor, coming: int = 0) -> None:
        """``TooMuch`` if a person keeps more than they may, with ``coming`` bytes more."""
        if visitor.owns_all or not self.limits.megabytes:
            return
        now, most = self._clock(), self.limits.megabytes * MB
        with self._lock:
            kept = self._of(visitor.name, now)
            counted = 0 <= now - kept.counted <= BETWEEN_COUNTS
        if not counted:  # outside the lock: it asks the disk about every picture
            pictures = self._store.kept_by(visitor.name)
            with self._lock:
                kept.pictures, kept.counted = pictures, now
        with self._lock:
            uploads = sum(size for _, size in kept.uploads)
            if kept.pictures + uploads + coming <= most and kept.pictures < most:
                return
            if kept.pictures >= most or not kept.uploads:
                raise TooMuch(
                    later("One person may keep {most} MB here, and you would have more: ask whoever runs the studio for room."),
                    None,
                    most=self.limits.megabytes,
                )
            wait = kept.uploads[0][0] + DAY - now
        raise TooMuch(
            later("One person may keep {most} MB here, uploads of the last day included: try again in {time}."),
            wait,
            most=self.limits.megabytes,
            time=lasting(wait),
        )

    def brought(self, visitor: Visitor, size: int) -> None:
        """The person has uploaded so many bytes, which are kept for a day whatever becomes of them."""
        with self._lock:
            self._of(visitor.name, now := self._clock()).uploads.append((now, size))

    def _check_seconds(self, visitor: Visitor) -> None:
        if visitor.owns_all or not self.limits.seconds:
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        theirs = self._store.worked_for(visitor.name, now - timedelta(seconds=DAY))
        calls = [(at, seconds) for at, seconds in theirs if at <= now]  # no later ones, of a clock that was wrong
        over = sum(seconds for _, seconds in calls) - self.limits.seconds
        if over < 0:
            return
        for at, seconds in calls:  # the oldest first: time goes by until what is left is less
            over -= seconds
            if over < 0:
                wait = (at - now).total_seconds() + DAY
                raise TooMuch(
                    later("The models have worked {spent} for you within a day, which is your share: go on in {time}."),
                    wait,
                    spent=lasting(self.limits.seconds),
                    time=lasting(wait),
                )

    # ------------------------------------------------------------ under the lock

    def _line(self, key: str, now: float) -> deque[float]:
        """When this key asked within the last minute."""
        line = self._asked.setdefault(key, deque())
        self._asked.move_to_end(key)
        while line and not 0 <= now - line[0] < MINUTE:  # what is yet to come was before the clock went back
            line.popleft()
        while len(self._asked) > MOST:
            self._asked.popitem(last=False)
        return line

    def _of(self, name: str, now: float) -> _Kept:
        kept = self._kept.setdefault(name, _Kept())
        self._kept.move_to_end(name)
        while kept.uploads and not 0 <= now - kept.uploads[0][0] < DAY:
            kept.uploads.popleft()
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept


def lasting(seconds: float) -> Sentence:
    """A duration that is never too short, in words that can be said in another language."""
    if seconds <= 59:
        return Sentence("{seconds} s", seconds=max(math.ceil(seconds), 1))
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return Sentence("{minutes} min", minutes=minutes)
    return Sentence("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
