"""Tiny diffusers pipelines of the real classes, made from nothing: random weights, real schedulers, real tokenizers.

Each draws 64 × 64 pixels in some 20 milliseconds. What they draw is noise; what is tested is how they are called.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinKVPipeline,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxKontextPipeline,
    FluxTransformer2DModel,
    QwenImageEditPlusPipeline,
    QwenImageTransformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen2VLProcessor,
    Qwen3Config,
    Qwen3ForCausalLM,
    T5Config,
    T5EncoderModel,
)

SIDE = 64
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
#: klein's own are layers 9, 18 and 27 of 36; the tiny text encoder has two.
KLEIN_OPTIONS = {"text_encoder_out_layers": [1, 2]}


def tiny_klein(kind: type = Flux2KleinPipeline, distilled: bool = True, layers: int = 2) -> Any:
    """``layers``: of the text encoder."""
    torch.manual_seed(0)
    tokenizer = _qwen_tokenizer()
    decoder = {**_decoder(), "num_hidden_layers": layers}
    config = Qwen3Config(vocab_size=len(tokenizer), pad_token_id=0, head_dim=16, **decoder)
    autoencoder = AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, mid_block_add_attention=False
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=64,  # two layers of the text encoder, 32 wide each
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    parts = (_flow(), autoencoder, Qwen3ForCausalLM(config), tokenizer, transformer)
    return _quiet(kind(*parts, is_distilled=distilled))


def tiny_klein_kv() -> Any:
    return tiny_klein(Flux2KleinKVPipeline)


def tiny_kontext() -> Any:
    torch.manual_seed(0)
    clip, t5 = _clip_tokenizer(), _t5_tokenizer()
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )
    words = T5Config(vocab_size=len(t5), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2)
    return _quiet(
        FluxKontextPipeline(_flow(), _autoencoder(4), _clip_encoder(clip), clip, T5EncoderModel(words), t5, transformer)
    )


def tiny_qwen_edit() -> Any:
    torch.manual_seed(0)
    tokenizer = _qwen_tokenizer()
    tokens = {
        name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start", "vision_end")
    }
    seeing = {"depth": 1, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32}
    patches = {"patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 56}
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
    encoder = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={
                "vocab_size": len(tokenizer),
                "rope_parameters": rope,
                "bos_token_id": None,
                "eos_token_id": 2,
                **_decoder(),
            },
            vision_config={**seeing, **patches, "fullatt_block_indexes": [0]},
            image_token_id=tokens["image_pad"],
            video_token_id=tokens["video_pad"],
            vision_start_token_id=tokens["vision_start"],
            vision_end_token_id=tokens["vision_end"],
        )
    )
    autoencoder = AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4
    )
    transformer = QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        axes_dims_rope=(4, 6, 6),
    )
    parts = (_flow(), autoencoder, encoder, tokenizer, _qwen_processor(tokenizer), transformer)
    return _quiet(QwenImageEditPlusPipeline(*parts))


def tiny_stable_diffusion() -> Any:
    torch.manual_seed(0)
    clip = _clip_tokenizer()
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    parts = (_autoencoder(4), _clip_encoder(clip), clip, unet, DDIMScheduler(steps_offset=1, clip_sample=False), None, None)
    return _quiet(StableDiffusionPipeline(*parts, requires_safety_checker=False))


def save(pipe: Any, folder: Path) -> Path:
    """Saves as the published repositories are: the processor is named as transformers', not by our own class."""
    pipe.save_pretrained(folder)
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    if "processor" in parts:
        parts["processor"] = ["transformers", "Qwen2VLProcessor"]
    index.write_text(json.dumps(parts))
    return folder


def _decoder() -> dict[str, int]:
    width = {"hidden_size": 32, "intermediate_size": 64}
    return {**width, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}


def _flow() -> Any:
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)


def _autoencoder(latent_channels: int) -> Any:
    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=latent_channels,
        norm_num_groups=4,
        mid_block_add_attention=False,
        shift_factor=0.0,
        scaling_factor=1.0,
    )


def _quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()  # as loading does: T5 has dropout
    return pipe


def _pieces(specials: list[str]) -> dict[str, Any]:
    """The vocabulary and (no) merges of a byte-level tokenizer that has learned nothing: a piece is a byte."""
    words = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    return {"vocab": {word: number for number, word in enumerate(words)}, "merges": []}


def _qwen_tokenizer() -> Any:
    tokenizer = Qwen2Tokenizer(**_pieces(SPECIALS), additional_special_tokens=SPECIALS[1:])
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _clip_tokenizer() -> Any:
    specials = ["<|startoftext|>", "<|endoftext|>"]
    words = [f"{byte}</w>" for byte in pre_tokenizers.ByteLevel.alphabet()]
    return CLIPTokenizer(**_pieces([*specials, *words]), model_max_length=77)


def _clip_encoder(tokenizer: Any) -> Any:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        projection_dim=32,
        eos_token_id=tokenizer.eos_token_id,
    )
    return CLIPTextModel(config)


def _t5_tokenizer() -> Any:
    pieces = Tokenizer(models.BPE(**_pieces(["<pad>", "</s>", "<unk>"])))
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return PreTrainedTokenizerFast(tokenizer_object=pieces, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def _qwen_processor(tokenizer: Any) -> Any:
    class ImageOnly(Qwen2VLProcessor):
        """Without a video processor, which would need torchvision."""

        def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **_: Any) -> None:
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    ImageOnly.__name__ = "Qwen2VLProcessor"  # under which it is saved
    pixels = {"shortest_edge": 56 * 56, "longest_edge": 56 * 56}
    return ImageOnly(Qwen2VLImageProcessorPil(patch_size=14, merge_size=2, temporal_patch_size=2, size=pixels), tokenizer)
