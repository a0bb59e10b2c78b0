"""Compiles the blocks that a pipeline's transformer repeats: each kind once, rather than the whole network (diffusers)."""

from __future__ import annotations

from typing import Any

COMPILER = "inductor"  # torch's own


def compile_blocks(network: Any) -> None:
    """From now on the network's repeated blocks are compiled when they are first called with a new shape."""
    network.compile_repeated_blocks(backend=COMPILER)


def uncompile(network: Any) -> None:
    """Has all of the network computed as written again."""
    for module in network.modules():
        module._compiled_call_impl = None


def is_compiled(network: Any) -> bool:
    return any(module._compiled_call_impl is not None for module in network.modules())
