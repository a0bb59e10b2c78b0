"""A memory whose moves are written down, on a device of as many bytes as a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.backends.bridge import on_models_thread
from core.backends.memory import DeviceMemory, PaperRoom, Tenant

T = TypeVar("T")
ENOUGH = 10**15


class Ledger:
    """A memory, and everything that moved in it: ``+name`` in, ``-name`` out."""

    def __init__(self, device: int, ram: int = ENOUGH, reserve: int = 0) -> None:
        self.room = PaperRoom(device, ram)
        self.memory = DeviceMemory(self.room, reserve=reserve, ram_reserve=0)
        self.moves: list[str] = []
        self.tenants: dict[str, Tenant] = {}

    def tenant(self, name: str, size: int, owner: str | None = None, **how: bool) -> Tenant:
        def move(inside: bool) -> None:
            self.moves.append(f"{'+' if inside else '-'}{name}")

        tenant = Tenant(name, owner or name, lambda: size, move, **how)
        self.tenants[name] = tenant
        on_models_thread(lambda: self.memory.admit(tenant))
        return tenant

    def use(self, *names: str) -> list[str]:
        """What moved while these were called for one after another."""
        before = len(self.moves)
        for name in names:
            self.on(lambda memory, name=name: memory.use(self.tenants[name]))  # type: ignore[misc]
        return self.moves[before:]

    def on(self, act: Callable[[DeviceMemory], T]) -> T:
        return on_models_thread(lambda: act(self.memory))

    @property
    def inside(self) -> set[str]:
        return {name for name, tenant in self.tenants.items() if tenant.inside}
