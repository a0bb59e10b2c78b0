"""Takes away from a loaded pipeline the weights that it never reads. What is left computes the same numbers, to the bit.

FLUX.2 klein reads hidden states 9, 18 and 27 of its text encoder's 36 layers, and no word that the encoder would say: the
layers after the last one read, their norm and the language head are a third of its work (PERFORMANCE, A2). Knows no prompt.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger("core.models")

LAYERS = "text_encoder_out_layers"  # klein's name for the hidden states that it reads


def trim(pipe: Any, options: Mapping[str, Any]) -> int:
    """Takes the unread layers from klein's text encoder; returns how many bytes that frees. Leaves other pipelines alone.

    ``options`` are what the pipeline is called with beside its own defaults.
    """
    if not type(pipe).__name__.startswith("Flux2Klein"):
        return 0
    encoder = pipe.text_encoder
    if type(encoder).__name__ != "Qwen3ForCausalLM":  # the one whose layers are known to be these
        return 0
    read = options.get(LAYERS) or inspect.signature(pipe.encode_prompt).parameters[LAYERS].default
    before = bytes_of(encoder)
    truncate(encoder, read)
    if freed := before - bytes_of(encoder):
        log.info("Left out %.1f GB of %s: no hidden state after %d is read.", freed / 1e9, type(encoder).__name__, max(read))
    return freed


def truncate(encoder: Any, read: list[int] | tuple[int, ...]) -> None:
    """Leaves of a ``Qwen3ForCausalLM`` what its hidden states of these numbers need."""
    from torch.nn import Identity

    encoder.lm_head = Identity()  # what it would say is never asked for
    last = max(*read, 1)  # the library finds hidden states by the layers that they go into
    if min(read) < 0 or last >= len(encoder.model.layers):  # from the end, or the last of all, which goes through the norm
        return
    encoder.model.layers = encoder.model.layers[:last]  # hidden state k is what goes into layer k
    encoder.model.norm = Identity()
    encoder.config.num_hidden_layers = last


def bytes_of(module: Any) -> int:
    """Bytes of a module's weights and buffers; what is shared counts once."""
    tensors = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    return sum(map(_bytes, tensors.values()))


def _bytes(tensor: Any) -> int:
    """A tensor that is made of others, as quantized ones are, gives itself out for as large as it stands for."""
    if hasattr(tensor, "__tensor_flatten__"):
        names, _ = tensor.__tensor_flatten__()
        return sum(_bytes(getattr(tensor, name)) for name in names)
    return int(tensor.numel() * tensor.element_size())
