"""Loads a diffusers pipeline from this machine and places it. Knows no prompt, no picture and no port.

Weights are safetensors only, no code of a repository runs, and nothing is downloaded.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from core.backends.checkpoint import usual_dtype
from core.backends.quantizing import Bits, quantization
from core.backends.trimming import LAYERS, bytes_of, trim
from core.backends.weights import is_folder, named, weights_of
from core.errors import ProfileError
from core.types import Value

if TYPE_CHECKING:
    from core.backends.memory import DeviceMemory


class Adapter(Value):
    """A LoRA adapter: a safetensors file, or a folder or hub id that holds one, and how strongly it works."""

    model: str
    file: str | None = None
    scale: float = 1.0


class DiffusionModel(Value):
    """Which diffusers pipeline draws, and how it is called; the painter's section of a profile.

    ``guidance`` goes to whichever guidance the pipeline's class has. ``options`` are more arguments of its call, by their
    own names. ``from_text`` draws what has no source, for pipelines that only edit; without it they edit a blank canvas.
    ``offload`` says which parts are on the accelerator: ``auto`` those that fit beside other models, the part at work first;
    ``none`` all of them, always; ``model`` and ``sequential`` only the part, or the layer, at work. ``quantize`` keeps the large
    parts in fewer bits. ``compile`` makes loading take minutes and each drawing shorter.
    """

    #: Drawings that are made together: at 1024² one keeps a device busy (PERFORMANCE, batching evidence).
    abreast: ClassVar[int] = 1

    kind: Literal["diffusion"] = "diffusion"
    model: str
    revision: str | None = None
    size_gb: float | None = Field(default=None, gt=0)
    gated: bool = False
    width: int = Field(default=1024, ge=64, le=4096)
    height: int = Field(default=1024, ge=64, le=4096)
    steps: int = Field(default=4, ge=1, le=200)
    guidance: float | None = Field(default=None, ge=0)
    negative_prompt: str | None = None
    max_sequence_length: int | None = Field(default=None, gt=0)
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    offload: Literal["auto", "none", "model", "sequential"] = "auto"
    device_map: Literal["balanced", "cuda"] | None = None
    quantize: Bits | None = None
    compile: bool = False
    adapters: tuple[Adapter, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    from_text: DiffusionModel | None = None

    @property
    def loads_as(self) -> str:
        """What of this decides how the pipeline is loaded; however else it is called, it is the same one in memory."""
        names = {"model", "revision", "dtype", "offload", "device_map", "adapters", "quantize", "compile"}
        return self.model_dump_json(include=names) + str(self.options.get(LAYERS, ""))


def load_pipeline(wanted: DiffusionModel, device: str, memory: DeviceMemory) -> Any:
    """The pipeline with its adapters, a tenant of its device's memory under the owner :attr:`DiffusionModel.loads_as`.

    ``ProfileError`` if it is not here or cannot be loaded.
    """
    import diffusers
    import torch

    library: Any = diffusers  # its classes are only half typed
    folder, name = weights_of(wanted.model, wanted.revision), named(wanted.model)
    mapped = wanted.device_map if device.startswith("cuda") else None
    faults = (OSError, ValueError, *((ImportError, RuntimeError) if wanted.quantize else ()))  # as libraries for that say no
    try:
        pipe = library.DiffusionPipeline.from_pretrained(
            folder,
            dtype=getattr(torch, wanted.dtype) if wanted.dtype else usual_dtype(device),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            device_map=mapped,
            quantization_config=quantization(wanted.quantize) if wanted.quantize else None,
            **_image_only_processor(folder),
        )
        trim(pipe, wanted.options)
        _add_adapters(pipe, wanted.adapters)
        if mapped is None:
            _place(pipe, device, wanted, memory)
    except torch.OutOfMemoryError as error:
        raise ProfileError(f"The pipeline {name!r} does not fit into the accelerator's memory.") from error
    except faults as error:
        raise ProfileError(f"The pipeline {name!r} cannot be loaded: {str(error).replace(str(folder), name)}") from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def at_once(pipe: Any, offload: str) -> int:
    """Bytes of the device that the pipeline's own offloading takes at a time; 0 where its parts are tenants."""
    return max((bytes_of(part) for _, part in networks(pipe)), default=0) if offload == "model" else 0


def networks(pipe: Any) -> Iterator[tuple[str, Any]]:
    """The pipeline's parts that have weights, by name."""
    import torch

    yield from ((name, part) for name, part in pipe.components.items() if isinstance(part, torch.nn.Module))


def usual_device() -> str:
    """The accelerator if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def cuda_memory_gb() -> float:
    """All memory of the first CUDA device, 0 without one."""
    import torch

    return float(torch.cuda.get_device_properties(0).total_memory) / 1e9 if torch.cuda.is_available() else 0.0


def _image_only_processor(folder: Path) -> dict[str, Any]:
    """A Qwen2-VL processor without the video part, which would need torchvision; nothing for pipelines without one."""
    if not (folder / "processor").is_dir() or importlib.util.find_spec("torchvision"):
        return {}
    from transformers import Qwen2VLProcessor

    class ImageOnlyProcessor(Qwen2VLProcessor):
        # transformers loads what this signature names.
        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **_: Any) -> None:
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)  # type: ignore[no-untyped-call]

    return {"processor": ImageOnlyProcessor.from_pretrained(folder / "processor", local_files_only=True)}


def _add_adapters(pipe: Any, adapters: tuple[Adapter, ...]) -> None:
    if not adapters:
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise ProfileError(f"{type(pipe).__name__} takes no LoRA adapters.")
    names = [f"adapter{number}" for number in range(len(adapters))]
    for name, adapter in zip(names, adapters, strict=True):
        file = _adapter_file(adapter)
        try:
            pipe.load_lora_weights(
                str(file.parent), weight_name=file.name, adapter_name=name, use_safetensors=True, local_files_only=True
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ProfileError(f"The adapter {named(adapter.model)!r} does not fit {type(pipe).__name__}: {error}") from error
        # Weights of another architecture are skipped with a warning, and would draw as if there were no adapter.
        if not any(name in own for own in pipe.get_list_adapters().values()):
            raise ProfileError(f"The adapter {named(adapter.model)!r} has no weights for {type(pipe).__name__}.")
    pipe.set_adapters(names, [adapter.scale for adapter in adapters])


def _adapter_file(adapter: Adapter) -> Path:
    place = Path(adapter.model)
    if place.is_file():
        return place
    folder = place if is_folder(adapter.model) else weights_of(adapter.model)
    files = sorted(folder.glob(adapter.file or "*.safetensors"))
    if len(files) != 1:
        raise ProfileError(f"The adapter {named(adapter.model)!r} has {len(files)} safetensors files; name one with file = ….")
    return files[0]


def _place(pipe: Any, device: str, wanted: DiffusionModel, memory: DeviceMemory) -> None:
    if not memory.apart:
        pipe.to(device)  # a CPU has one memory, and so have Apple's chips: nothing to move
        return
    name, owner = named(wanted.model), wanted.loads_as
    match wanted.offload:
        case "auto":
            take_turns(pipe, name, owner, device, memory)
        case "none":
            memory.make_room(sum(bytes_of(network) for _, network in networks(pipe)), owner)
            pipe.to(device)
            take_turns(pipe, name, owner, device, memory, fixed=True)
        case "model":
            pipe.enable_model_cpu_offload(device=device)
        case "sequential":
            pipe.enable_sequential_cpu_offload(device=device)


def take_turns(pipe: Any, name: str, owner: Hashable, device: str, memory: DeviceMemory, fixed: bool = False) -> None:
    """Each part comes onto the device when it is called, and stays as long as others leave it room, or for good (``fixed``)."""
    from core.backends.moving import calls_for_itself, tenant_of

    for part, network in networks(pipe):
        tenant = tenant_of(network, f"{name}'s {part}", owner, device, inside=fixed)
        tenant.fixed = fixed
        memory.admit(tenant)
        calls_for_itself(network, tenant, memory, device)
