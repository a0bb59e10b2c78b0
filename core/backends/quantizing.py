"""How a pipeline's large parts are kept in fewer bits, by whichever library for it is installed. Knows no pipeline.

The weights are made smaller as they are read; pictures change a little. The autoencoder, a hundredth of the whole, stays as
it is.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, Literal

from core.errors import ProfileError

Bits = Literal["fp8", "int8", "nf4"]
#: What remains of two bytes for each weight of a product; nf4 has a scale of 32 bits for 64 weights, kept in 8 (QLoRA).
LEFT: dict[Bits, float] = {"fp8": 0.5, "int8": 0.5, "nf4": 0.27}
PARTS = ("transformer", "text_encoder")

#: A part's setting for diffusers, and for transformers.
Pair = tuple[Any, Any]


def quantization(bits: Bits) -> Any:
    """The ``PipelineQuantizationConfig`` to load a pipeline with. ``ProfileError`` if no library for it is installed."""
    import diffusers

    libraries = _LIBRARIES[bits]
    found = next((name for name in libraries if _is_installed(name)), None)
    if found is None:
        needs = " or ".join(libraries)
        raise ProfileError(f"The profile's painter is to be quantized to {bits}, which needs {needs}: install it with pip.")
    library: Any = diffusers  # its classes are only half typed
    return library.PipelineQuantizationConfig(quant_mapping=dict(zip(PARTS, libraries[found](), strict=True)))


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _bitsandbytes(bits: Bits) -> Pair:
    import diffusers
    import torch
    import transformers

    four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": torch.bfloat16}
    how: dict[str, Any] = {"load_in_8bit": True} if bits == "int8" else four
    return _pair(diffusers.BitsAndBytesConfig, how, transformers.BitsAndBytesConfig, how)


def _torchao(bits: Bits) -> Pair:
    import diffusers
    import transformers
    from torchao import quantization as ao

    how = {"quant_type": ao.Float8WeightOnlyConfig() if bits == "fp8" else ao.Int8WeightOnlyConfig()}
    return _pair(diffusers.TorchAoConfig, how, transformers.TorchAoConfig, how)


def _pair(one: Any, of_one: dict[str, Any], other: Any, of_other: dict[str, Any]) -> Pair:
    return one(**of_one), other(**of_other)


#: By what a part is quantized, the quickest first. (Not by optimum-quanto, which diffusers gives up.)
_LIBRARIES: dict[Bits, dict[str, Callable[[], Pair]]] = {
    "fp8": {"torchao": lambda: _torchao("fp8")},
    "int8": {"torchao": lambda: _torchao("int8"), "bitsandbytes": lambda: _bitsandbytes("int8")},
    "nf4": {"bitsandbytes": lambda: _bitsandbytes("nf4")},
}
