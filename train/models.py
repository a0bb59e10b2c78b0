"""Loads a model to train, and writes the trained one as a folder that a profile can name. Knows no data and no loss.

The folder holds safetensors and the processor, nothing pickled. What was trained by LoRA is an adapter, which a profile
names beside its model; ``merge`` makes a plain model of the two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backends.checkpoint import Checkpoint, load_checkpoint
from core.backends.weights import is_folder
from core.errors import ProfileError
from core.profiles import ASSETS
from train.presets import Dtype

if TYPE_CHECKING:
    from peft import LoraConfig

#: Every product of the language model, in the architectures that have the usual names; none of the vision tower.
LORA_TARGETS = r".*(language_model|text_model).*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
SIGHT = ("visual", "vision_tower", "vision_model", "multi_modal_projector", "connector")  # Qwen's projector is in its tower


def named_model(model: str, role: str) -> str:
    """``pocket`` is the small model of this role that ships; anything else is a hub id or a folder."""
    return str(ASSETS / "pocket" / role) if model == "pocket" else model


def load_trainable(model: str, dtype: Dtype) -> Checkpoint:
    """The checkpoint in the computer's memory: the trainer places, shards or quickens it as its launch says."""
    checkpoint = load_checkpoint(model, device="cpu", dtype=dtype)
    checkpoint.model.generation_config = checkpoint.advice  # it is saved with the weights, and sampled by
    return checkpoint


def computes_bfloat16() -> bool:
    """Whether the device that trains multiplies in bfloat16: a CPU without that has to convert, and takes seven times as long."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def freeze_sight(model: Any) -> None:
    """Freezes the vision tower and the projector (METHOD: training)."""
    inner = getattr(model, "model", model)
    parts = [part for name in SIGHT if (part := getattr(inner, name, None)) is not None]
    if not parts:
        raise ProfileError(f"{type(model).__name__} has no vision tower that is known; train it with --train-sight.")
    for part in parts:
        part.requires_grad_(False)


def adapter_of(rank: int) -> LoraConfig | None:
    """LoRA over the language model; None at rank 0."""
    if rank == 0:
        return None
    from peft import LoraConfig

    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LORA_TARGETS, task_type="CAUSAL_LM")


def save_trained(trainer: Any, processor: Any, out: Path, base: str) -> None:
    """Writes the trainer's weights, sharded or not, and the processor into ``out``. All processes call it."""
    trainer.save_model(str(out))
    if not trainer.is_world_process_zero():
        return
    (out / "training_args.bin").unlink(missing_ok=True)  # a pickle
    save_processor_of(processor, out)
    for weights in out.glob("*.safetensors"):
        weights.chmod(0o644)
    config = out / "adapter_config.json"
    if config.is_file() and not is_folder(base):  # the library names the folder of its cache
        said = json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": base}
        config.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def save_processor_of(processor: Any, out: Path) -> None:
    from core.backends.qwen_processor import ImageOnlyQwen3VLProcessor, save_processor

    if isinstance(processor, ImageOnlyQwen3VLProcessor):
        save_processor(processor, out)
    else:
        processor.save_pretrained(out)


def merge(adapter: Path, out: Path, dtype: Dtype = "bfloat16", model: str | None = None) -> str:
    """Writes the model with its LoRA adapter worked into the weights; returns the provenance of the model without it."""
    import torch
    from peft import PeftModel

    config = adapter / "adapter_config.json"
    if not config.is_file() or not (adapter / "adapter_model.safetensors").is_file():
        raise ProfileError(f"{adapter.name} holds no LoRA adapter.")
    base = model or json.loads(config.read_text(encoding="utf-8"))["base_model_name_or_path"]
    checkpoint = load_trainable(base, "float32")  # a small change of a bfloat16 weight would be rounded away twice
    peft_model: Any = PeftModel
    try:
        merged = peft_model.from_pretrained(checkpoint.model, str(adapter)).merge_and_unload()
    except (ValueError, RuntimeError) as error:
        raise ProfileError(f"The adapter {adapter.name} does not fit {checkpoint.name}: {error}") from error
    merged.to(getattr(torch, dtype)).save_pretrained(out)
    save_processor_of(checkpoint.processor, out)
    return checkpoint.name
