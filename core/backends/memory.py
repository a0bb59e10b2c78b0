"""Who is on an accelerator, and who leaves when there is no room: one :class:`DeviceMemory` for each device.

Weights are tenants. One that is called for moves in; those that were used longest ago move out to the computer's memory until
it fits, with a reserve for what calls need beside weights. What was loaded is kept, so that a second use loads nothing, as
long as the computer's memory allows. Only the models' thread comes here. Knows no model, and no library of models.
"""

from __future__ import annotations

import gc
import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Set
from dataclasses import dataclass
from typing import Protocol, TypeVar
from weakref import WeakSet, WeakValueDictionary

from core.backends.bridge import is_models_thread

log = logging.getLogger("core.models")

GB = 1_000_000_000
#: Left on the device for a call's own numbers, of a small device a quarter: eight verdicts of 4 k tokens each take 4.8 GB with
#: Qwen3-VL (147 456 bytes a token; batches that do not fit are halved), a 1024² edit by klein 1.1 to 1.5 GB beside its weights.
RESERVE, QUARTER = 6 * GB, 4
RAM_RESERVE = 4 * GB  # left of the computer's memory for the studio itself, and for reading a file of weights

T = TypeVar("T")


class Room(Protocol):
    """How much there is, in bytes; asked again each time, because other programs take and give back.

    ``apart``: the device has a memory of its own, so that there is something to move.
    """

    apart: bool

    def on_device(self) -> int:
        """What all tenants and their calls may take of the device together."""

    def in_ram(self) -> int:
        """What is free of the computer's memory."""

    def tidy(self) -> None:
        """Gives back what the allocator has kept of weights that left."""


@dataclass
class PaperRoom:
    """A device that there is none of, of so many bytes: what would happen there can be worked out anywhere."""

    device: int
    ram: int
    apart: bool = True

    def on_device(self) -> int:
        return self.device

    def in_ram(self) -> int:
        return self.ram

    def tidy(self) -> None:
        pass


@dataclass(eq=False)
class Tenant:
    """Weights that are on the device (``inside``) or in the computer's memory.

    ``size`` says how many bytes they have, and ``move`` puts them on the device (True) or off it. Parts of one model have one
    ``owner``. Who is ``fixed`` never moves, and takes room all the same.
    """

    name: str
    owner: Hashable
    size: Callable[[], int]
    move: Callable[[bool], object]
    inside: bool = False
    fixed: bool = False
    used: int = 0  # when it was last called for, by a clock that counts calls


class DeviceMemory:
    """The tenants of one device. A tenant that nobody holds any more is gone from here, too."""

    def __init__(self, room: Room, reserve: int = RESERVE, ram_reserve: int = RAM_RESERVE) -> None:
        self._room = room
        self._reserve = reserve
        self._ram_reserve = ram_reserve
        self._tenants: WeakSet[Tenant] = WeakSet()
        self._clock = itertools.count(1)
        self._held: OrderedDict[Hashable, tuple[str, object]] = OrderedDict()  # in order of use: what keeps them in memory
        self._living: WeakValueDictionary[Hashable, object] = WeakValueDictionary()  # also what only others still hold

    @property
    def apart(self) -> bool:
        """Whether the device has a memory of its own: else there is nothing to move."""
        return self._room.apart

    # ------------------------------------------------------------ the computer's memory

    def kept(self, key: Hashable, name: str, size: int, load: Callable[[], T]) -> T:
        """What was loaded as ``key``, or else ``load()``: for its ``size`` bytes, what was not used for longest is unloaded."""
        _refuse_elsewhere()
        found = self._living.get(key)
        if found is None:
            self._make_ram(size)
            started = time.monotonic()
            found = load()
            _tell("Loaded", name, size, started)
            self._living[key] = found
        self._held[key] = name, found
        self._held.move_to_end(key)
        return found  # type: ignore[return-value]  # the key says of which type

    def _make_ram(self, size: int) -> None:
        """Whoever is still at work stays in memory; no longer held here, it goes when its work is over."""
        while self._held and self._room.in_ram() < size + self._ram_reserve:
            key, (name, model) = self._held.popitem(last=False)
            del model
            gc.collect()  # a model and its hooks hold each other
            log.info("%s %s.", "Will let go of" if key in self._living else "Unloaded", name)

    # ------------------------------------------------------------ the device

    @property
    def most(self) -> int:
        """Bytes that weights may take of the device."""
        device = self._room.on_device()
        return device - min(self._reserve, device // QUARTER)

    def admit(self, tenant: Tenant) -> None:
        """From now on this tenant is counted, and may be asked to leave."""
        _refuse_elsewhere()
        tenant.used = next(self._clock)
        self._tenants.add(tenant)

    def use(self, tenant: Tenant) -> None:
        """Has this tenant on the device. Raises torch's ``OutOfMemoryError`` if it does not fit there even alone."""
        _refuse_elsewhere()
        tenant.used = next(self._clock)
        if tenant.inside:
            return
        self.make_room(tenant.size(), tenant.owner)
        self._move_in(tenant)

    def make_room(self, size: int, owner: Hashable) -> None:
        """Others leave until there are so many bytes: the longest unused first, parts of the same ``owner`` last."""
        _refuse_elsewhere()
        most = self.most
        for tenant in self._by_use(owner):
            if self._taken() + size <= most:
                return
            self._move_out(tenant)

    def clear(self, owner: Hashable) -> None:
        """All leave but those of this ``owner``: a call of its ran out of memory."""
        _refuse_elsewhere()
        for tenant in self._by_use(owner):
            if tenant.owner != owner:
                self._move_out(tenant)
        self._room.tidy()

    def crowded(self, owners: Set[Hashable]) -> bool:
        """Whether the weights of these owners do not fit on the device together."""
        wanted = sum(tenant.size() for tenant in self._tenants if tenant.owner in owners)
        return wanted > self.most

    def _by_use(self, owner: Hashable) -> list[Tenant]:
        inside = [tenant for tenant in self._tenants if tenant.inside and not tenant.fixed]
        return sorted(inside, key=lambda tenant: (tenant.owner == owner, tenant.used))

    def _taken(self) -> int:
        return sum(tenant.size() for tenant in self._tenants if tenant.inside)

    def _move_in(self, tenant: Tenant) -> None:
        from torch import OutOfMemoryError

        try:
            self._move(tenant, True)
            return
        except OutOfMemoryError:
            tenant.move(False)  # some of its weights may have arrived
        # Outside the except clause: inside it, the traceback would keep the failed move's tensors alive.
        for other in self._by_use(tenant.owner):
            self._move_out(other)
        self._move(tenant, True)

    def _move_out(self, tenant: Tenant) -> None:
        self._move(tenant, False)
        self._room.tidy()

    def _move(self, tenant: Tenant, inside: bool) -> None:
        started = time.monotonic()
        tenant.move(inside)
        tenant.inside = inside
        _tell("Moved in" if inside else "Moved out", tenant.name, tenant.size(), started)


def _tell(did: str, name: str, size: int, started: float) -> None:
    """Logs a load or a move, for people and for machines."""
    gb, seconds = size / GB, time.monotonic() - started
    fields = {"did": did.lower(), "weights": name, "gb": round(gb, 3), "seconds": round(seconds, 3)}
    log.info("%s %s: %.1f GB in %.1f s.", did, name, gb, seconds, extra={"fields": fields})


def _refuse_elsewhere() -> None:
    if not is_models_thread():
        raise RuntimeError("Weights move on the models' thread only.")
