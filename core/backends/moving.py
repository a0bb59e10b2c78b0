"""Moves torch modules for a :class:`~core.backends.memory.DeviceMemory`: what an accelerator is to it, and what a tenant is.

A module calls for itself through accelerate's hooks, before its work, so that whoever calls a pipeline need not know of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from typing import Any

import psutil
import torch
from accelerate.hooks import ModelHook, add_hook_to_module
from accelerate.utils import send_to_device

from core.backends.checkpoint import Checkpoint, load_checkpoint, placed
from core.backends.memory import DeviceMemory, Tenant
from core.backends.trimming import bytes_of
from core.backends.weights import named, size_of, weights_of


class Accelerator:
    """A CUDA device, what others hold of it left out."""

    apart = True

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def on_device(self) -> int:
        free, _ = torch.cuda.mem_get_info(self._device)
        return free + torch.cuda.memory_reserved(self._device)

    def in_ram(self) -> int:
        return int(psutil.virtual_memory().available)

    def tidy(self) -> None:
        torch.cuda.empty_cache()


class Computer:
    """A CPU, or a chip that shares its memory: nothing moves, and nothing has to leave but what is kept for later."""

    apart = False

    def on_device(self) -> int:
        return sys.maxsize

    def in_ram(self) -> int:
        return int(psutil.virtual_memory().available)

    def tidy(self) -> None:
        pass


def memory_of(device: str) -> DeviceMemory:
    """A memory for this device, in which nobody is yet."""
    return DeviceMemory(Accelerator(_indexed(device)) if device.startswith("cuda") else Computer())


def kept_checkpoint(memory: DeviceMemory, key: str) -> Callable[..., Checkpoint]:
    """How a checkpoint is loaded that is a tenant of this memory, and kept there under its key."""

    def load(model: str, revision: str | None, device: str, dtype: str | None, attn: str | None) -> Checkpoint:
        size = size_of(weights_of(placed(model), revision))
        return memory.kept(key, named(model), size, lambda: loaded(size, model, revision, device, dtype, attn))

    def loaded(size: int, model: str, revision: str | None, device: str, dtype: str | None, attn: str | None) -> Checkpoint:
        if not memory.apart:
            return load_checkpoint(model, revision, device, dtype, attn)
        memory.make_room(size, key)  # for it is read straight onto the device
        checkpoint = load_checkpoint(model, revision, device, dtype, attn)
        tenant = tenant_of(checkpoint.model, checkpoint.name, key, device, inside=True)
        memory.admit(tenant)
        checkpoint.arrive = lambda: memory.use(tenant)
        return checkpoint

    return load


def tenant_of(module: Any, name: str, owner: Hashable, device: str, inside: bool) -> Tenant:
    """This module as a tenant of the device, on which its weights are or are not now."""
    home = _indexed(device)
    return Tenant(
        name=name,
        owner=owner,
        size=lambda: bytes_of(module),
        move=lambda inside: module.to(home if inside else "cpu"),
        inside=inside,
    )


def calls_for_itself(module: Any, tenant: Tenant, memory: DeviceMemory, device: str) -> None:
    """From now on, a call of the module brings it onto the device first, and its arguments after it."""
    add_hook_to_module(module, _MovesIn(tenant, memory, _indexed(device)))


class _MovesIn(ModelHook):  # type: ignore[misc]  # accelerate says no types
    def __init__(self, tenant: Tenant, memory: DeviceMemory, device: torch.device) -> None:
        self.execution_device = device  # under this name a pipeline looks for where its tensors are to be
        self._tenant = tenant
        self._memory = memory

    def pre_forward(self, module: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        self._memory.use(self._tenant)
        return send_to_device(args, self.execution_device), send_to_device(kwargs, self.execution_device)


def _indexed(device: str) -> torch.device:
    """The device with its number, as a module says where it is."""
    found = torch.device(device)
    return torch.device("cuda", torch.cuda.current_device()) if found == torch.device("cuda") else found
