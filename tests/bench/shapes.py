"""Models of the real shapes with random weights: they take the time and memory of the real ones, and draw and write noise.

The shapes are those of the published configurations (PERFORMANCE, A5); the tiny ones are for showing that all of it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from transformers import Qwen2VLImageProcessorPil, Qwen3Config, Qwen3ForCausalLM, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from core.backends.checkpoint import Checkpoint
from core.backends.qwen_processor import ImageOnlyQwen3VLProcessor
from tests.core.backends.tiny_pipelines import KLEIN_OPTIONS, tiny_klein
from tests.core.backends.tiny_vlm import CHAT_TEMPLATE, TinyVlm, tiny_vlm

VOCABULARY = 151_936
CONTEXT = 16_384


@dataclass(frozen=True)
class Decoder:
    """Of a text model: what its configuration calls hidden_size, intermediate_size and so on."""

    width: int
    inner: int
    layers: int
    tied: bool

    def options(self) -> dict[str, Any]:
        return {
            "vocab_size": VOCABULARY,
            "hidden_size": self.width,
            "intermediate_size": self.inner,
            "num_hidden_layers": self.layers,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "max_position_embeddings": CONTEXT,
        }


@dataclass(frozen=True)
class Shape:
    """Planner, critic and painter of one size, and how long their replies are."""

    name: str
    text: Decoder  # the painter's encoder, and the language model of both agents
    painter: dict[str, Any]
    sight: dict[str, Any]
    side: int = 1024  # pixels
    plan_tokens: int = 1800
    verdict_tokens: int = 450
    costs: tuple[int, ...] = (3, 2, 1)  # attempts of each step

    def pipeline(self, device: str, dtype: torch.dtype) -> Any:
        """The painter's pipeline."""
        tokenizer = tiny_klein().tokenizer  # what it is asked is padded to the same length by any
        config = Qwen3Config(**self.text.options(), tie_word_embeddings=self.text.tied, pad_token_id=0)
        encoder = made(lambda: Qwen3ForCausalLM(config), device, dtype)
        transformer = made(lambda: Flux2Transformer2DModel(guidance_embeds=False, **self.painter), device, dtype)
        pixels = made(AutoencoderKLFlux2, device, dtype)
        parts = (FlowMatchEulerDiscreteScheduler(), pixels, encoder, tokenizer, transformer)
        pipe = Flux2KleinPipeline(*parts, is_distilled=True)
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def options(self) -> dict[str, Any]:
        """Of the pipeline's call."""
        return {}

    def agent(self, device: str, dtype: torch.dtype) -> Checkpoint:
        """A planner's or a critic's model."""
        tokenizer = tiny_vlm().processor.tokenizer
        pixels = {"shortest_edge": 65_536, "longest_edge": 1_048_576}
        looks = Qwen2VLImageProcessorPil(patch_size=16, merge_size=2, temporal_patch_size=2, size=pixels)
        processor = ImageOnlyQwen3VLProcessor(image_processor=looks, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE)
        marks = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
        config = Qwen3VLConfig(
            text_config={
                **self.text.options(),
                "rope_parameters": {
                    "rope_type": "default",
                    "rope_theta": 5e6,
                    "mrope_section": [24, 20, 20],
                    "mrope_interleaved": True,
                },
                "tie_word_embeddings": self.text.tied,
            },
            vision_config={"patch_size": 16, "out_hidden_size": self.text.width, **self.sight},
            image_token_id=marks["image_pad"],
            video_token_id=marks["video_pad"],
            vision_start_token_id=marks["vision_start"],
            vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
            tie_word_embeddings=self.text.tied,
        )
        model = made(lambda: Qwen3VLForConditionalGeneration(config), device, dtype)
        return endless(TinyVlm(model, processor), self.name)


class Tiny(Shape):
    """The same classes, some thousand weights each."""

    def pipeline(self, device: str, dtype: torch.dtype) -> Any:
        return tiny_klein().to(device, dtype)

    def options(self) -> dict[str, Any]:
        return KLEIN_OPTIONS

    def agent(self, device: str, dtype: torch.dtype) -> Checkpoint:
        tiny = tiny_vlm(context=CONTEXT)
        return endless(replace(tiny, model=tiny.model.to(device, dtype)), self.name)


def made(build: Callable[[], Any], device: str, dtype: torch.dtype) -> Any:
    """The model, whose weights are never in another place or precision."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return build().eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(usual)


def endless(vlm: TinyVlm, name: str) -> Checkpoint:
    """The model with nothing that ends a reply: each is as long as it may be."""
    checkpoint = Checkpoint(vlm.model, vlm.processor, f"{name}@random")
    checkpoint.model.generation_config.eos_token_id = None
    checkpoint.eos = set()
    return checkpoint


def _painter(layers: int, single: int, heads: int, joint: int) -> dict[str, Any]:
    return {
        "num_layers": layers,
        "num_single_layers": single,
        "attention_head_dim": 128,
        "num_attention_heads": heads,
        "joint_attention_dim": joint,
    }


def _sight(depth: int, width: int, inner: int, deepstack: tuple[int, ...]) -> dict[str, Any]:
    return {
        "depth": depth,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_heads": 16,
        "deepstack_visual_indexes": list(deepstack),
    }


KLEIN_4B = Shape(
    "klein-4B, two VL-4B",
    Decoder(2560, 9728, 36, tied=True),
    _painter(5, 20, 24, 7680),
    _sight(24, 1024, 4096, (5, 11, 17)),
)
KLEIN_9B = Shape(
    "klein-9B, two VL-8B",
    Decoder(4096, 12288, 36, tied=False),
    _painter(8, 24, 32, 12288),
    _sight(27, 1152, 4304, (8, 16, 24)),
)
TINY = Tiny("tiny", Decoder(64, 128, 2, tied=True), {}, {}, side=64, plan_tokens=4, verdict_tokens=3, costs=(2, 1))
