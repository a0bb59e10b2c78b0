"""The hyper-parameters of each training stage, by preset, with their origins. Only numbers: no models, no disk.

``paper`` is what the paper trained with on eight GPUs, ``24gb`` fits one GPU of that size by LoRA, and ``pocket`` is for the
small models that ship, on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PresetName = Literal["paper", "24gb", "pocket"]
Dtype = Literal["float32", "bfloat16"]
Loss = Literal["grpo", "dapo", "dr_grpo", "gspo"]
Variant = Literal["paper", "code", "even"]  # of the reward


@dataclass(frozen=True)
class SftPreset:
    """How an agent is fine-tuned. ``batch`` counts rows over all devices; ``lora`` is a rank, 0 trains the weights themselves.

    ``weights`` is what the untrained weights are held in; weights that learn are held in float32, or small steps are lost.
    """

    epochs: float
    batch: int
    per_device: int
    rate: float
    decay: float
    warmup: float  # share of all steps
    cutoff: int  # tokens, prompt and reply together
    lora: int
    weights: Dtype
    checkpointing: bool
    keep_every: int  # steps between two checkpoints, each of which is evaluated
    schedule: str = "cosine"
    clip: float = 1.0  # of the gradient's norm


@dataclass(frozen=True)
class GrpoPreset:
    """How a critic is trained by its rewards. ``prompts`` are asked at a time, ``group`` replies each, and every update takes
    ``update`` of these replies. ``clip_low`` and ``clip_high`` bound the ratio of probabilities, ``dual_clip`` the ratio of
    replies that were worse than their group; ``kl`` weighs the distance from the model that training began with. A refined
    prompt is drawn ``draws`` times, with other seeds, and earns their mean. ``even``: successes are asked about as often as
    failures; among steps whose scores vary most failures are many, and a critic learns from them to refuse whatever it sees."""

    epochs: float
    prompts: int
    group: int
    update: int
    per_device: int
    rate: float
    decay: float
    cutoff: int  # tokens of a prompt
    reply: int  # tokens of a reply
    clip_low: float
    clip_high: float
    dual_clip: float
    kl: float
    lora: int
    weights: Dtype
    checkpointing: bool
    keep_every: int
    temperature: float = 1.0
    draws: int = 1
    even: bool = True
    loss: Loss = "dapo"  # the mean over all tokens of an update, as the paper's
    schedule: str = "constant"
    clip: float = 1.0


#: METHOD, training. 2 rows a device and 32 in all are 2 × 8 GPUs, accumulated twice.
SFT: dict[PresetName, SftPreset] = {
    "paper": SftPreset(
        epochs=2,
        batch=32,
        per_device=2,
        rate=2e-5,
        decay=1e-6,
        warmup=0.1,
        cutoff=16_384,
        lora=0,
        weights="float32",
        checkpointing=True,
        keep_every=200,
    ),
    # An 8B model in bfloat16 takes 16 GB; its adapters and one row's activations fit into the rest.
    "24gb": SftPreset(
        epochs=2,
        batch=32,
        per_device=1,
        rate=2e-4,  # ten times that of full training, the usual for LoRA
        decay=1e-6,
        warmup=0.1,
        cutoff=6_144,  # five pictures and their words
        lora=16,
        weights="bfloat16",
        checkpointing=True,
        keep_every=200,
    ),
    "pocket": SftPreset(
        epochs=3,
        batch=16,
        per_device=16,
        rate=5e-4,  # half of what the pocket bundles were trained with from nothing (train/pocket/recipe.py)
        decay=1e-6,
        warmup=0.1,
        cutoff=2_048,  # all that these models can count to
        lora=0,
        weights="float32",
        checkpointing=False,
        keep_every=100,
    ),
}

#: METHOD, training, and TRAINING 8: what the paper's own launch script sets. Its text says a KL weight of 1e-3.
GRPO: dict[PresetName, GrpoPreset] = {
    "paper": GrpoPreset(
        epochs=1,
        prompts=16,
        group=8,
        update=64,
        per_device=1,
        rate=2e-6,
        decay=1e-2,
        cutoff=16_384,
        reply=4_096,
        clip_low=0.2,
        clip_high=0.3,
        dual_clip=3.0,
        kl=1e-3,
        lora=0,
        weights="float32",
        checkpointing=True,
        keep_every=20,
    ),
    "24gb": GrpoPreset(
        epochs=1,
        prompts=8,
        group=8,
        update=64,
        per_device=1,
        rate=2e-5,
        decay=1e-2,
        cutoff=4_096,
        reply=1_024,
        clip_low=0.2,
        clip_high=0.3,
        dual_clip=3.0,
        kl=0.0,  # the reference costs a second forward pass
        lora=16,
        weights="bfloat16",
        checkpointing=True,
        keep_every=20,
    ),
    "pocket": GrpoPreset(
        epochs=1,
        prompts=8,
        group=8,
        update=64,
        per_device=64,
        rate=1e-5,  # at 2e-4 a pocket critic forgets (POCKET)
        decay=1e-2,
        cutoff=1_792,
        reply=256,
        clip_low=0.2,
        clip_high=0.3,
        dual_clip=3.0,
        kl=0.0,
        lora=0,
        weights="float32",
        checkpointing=False,
        keep_every=10,
        draws=4,  # this painter is quick, and errs by luck: one drawing says less of a prompt than of its seed
        schedule="linear",  # a hundred steps: their noise should not be the last word
    ),
}
