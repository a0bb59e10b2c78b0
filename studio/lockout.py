"""Decides how long somebody who guesses passwords has to wait. Knows no page and no password; holds little, whoever knocks.

A name may be missed a few times, an address, behind which many people may be, a few times more; after that each further miss
doubles the wait. A try counts as a miss from its beginning, so that many at once are no more than many in turn.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

FREE_OF_NAME, FREE_OF_ADDRESS = 5, 20  # misses that cost no wait
LONGEST = 15 * 60.0  # seconds
FORGOTTEN_AFTER = 60 * 60.0  # seconds after the last wait
MOST = 10_000  # names, and addresses, that are remembered: a megabyte or two


@dataclass
class _Missed:
    count: int = 0
    until: float = 0.0


class _Register:
    """Misses by name, or by address. The one that was missed longest ago is forgotten first."""

    def __init__(self, free: int, most: int) -> None:
        self._free = free
        self._most = most
        self._missed: OrderedDict[str, _Missed] = OrderedDict()

    def __len__(self) -> int:
        return len(self._missed)

    def wait(self, key: str, now: float) -> float:
        known = self._missed.get(key)
        if known and now - known.until > FORGOTTEN_AFTER:
            del self._missed[key]
            known = None
        return max(known.until - now, 0.0) if known else 0.0

    def miss(self, key: str, now: float) -> None:
        known = self._missed.setdefault(key, _Missed())
        self._missed.move_to_end(key)
        known.count += 1
        over = known.count - self._free
        known.until = now + (min(2.0 ** min(over, 20), LONGEST) if over >= 0 else 0.0)
        while len(self._missed) > self._most:
            self._missed.popitem(last=False)

    def forgive(self, key: str, all: bool) -> None:
        known = self._missed.get(key)
        if known:
            known.count -= 1
            if all or known.count <= 0:
                del self._missed[key]


class Lockout:
    """Who has to wait before they may try to sign in again; for any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self._names = _Register(FREE_OF_NAME, most)
        self._addresses = _Register(FREE_OF_ADDRESS, most)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._names) + len(self._addresses)

    def knock(self, name: str, address: str) -> float:
        """Seconds that this name from this address has to wait. 0: it may try, and has missed unless it is welcomed."""
        address, now = network_of(address), self._clock()
        with self._lock:
            wait = max(self._names.wait(name, now), self._addresses.wait(address, now))
            if not wait:
                self._names.miss(name, now)
                self._addresses.miss(address, now)
            return wait

    def wait(self, address: str) -> float:
        """Seconds that anybody from this address has to wait, who does not try anything now."""
        with self._lock:
            return self._addresses.wait(network_of(address), self._clock())

    def welcome(self, name: str, address: str) -> None:
        """The try was right. The address's other misses stay: a password of one's own is no licence to guess others'."""
        with self._lock:
            self._names.forgive(name, all=True)
            self._addresses.forgive(network_of(address), all=False)


def network_of(address: str) -> str:
    """What one person has of addresses: one of IPv4, but a whole /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False).network_address)
    return str(known)
