"""A tiny Qwen3-VL with its own tokenizer and processor, made in a folder from nothing, and a few lines that teach it.

For tests of the real loading and decoding paths: real classes, real files, random or briefly trained weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from core.backends.checkpoint import rgb
from core.backends.qwen_processor import ImageOnlyQwen3VLProcessor, save_processor
from core.dialect import Message

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\n' -}}"
    "{%- for part in message.content -%}"
    "{%- if part.type == 'image' -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}"
    "{%- else -%}{{- part.text -}}{%- endif -%}"
    "{%- endfor -%}{{- '<|im_end|>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
SIDE, PATCH, MERGE, HIDDEN = 32, 8, 2, 64  # a picture is 2 × 2 tokens


@dataclass
class TinyVlm:
    """The parts, to teach and to save."""

    model: Any
    processor: Any

    def save(self, folder: Path) -> Path:
        self.model.save_pretrained(folder)
        save_processor(self.processor, folder)
        return folder


def tiny_vlm(corpus: Iterable[str] = (), vocabulary: int = 512, context: int = 512, seed: int = 0) -> TinyVlm:
    """Random weights, about 0.2 million, and a byte-level tokenizer that has learned the corpus's words."""
    tokenizer = _tokenizer(corpus, vocabulary)
    pixels = {"shortest_edge": SIDE * SIDE, "longest_edge": SIDE * SIDE}
    image_processor = Qwen2VLImageProcessorPil(
        patch_size=PATCH, merge_size=MERGE, temporal_patch_size=1, size=pixels, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    processor = ImageOnlyQwen3VLProcessor(image_processor=image_processor, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE)
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(_config(tokenizer, context))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return TinyVlm(model.eval(), processor)


def _tokenizer(corpus: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False)
    pieces.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=[SPECIALS[1], *SPECIALS[3:]],
    )


def _config(tokenizer: PreTrainedTokenizerFast, context: int) -> Qwen3VLConfig:
    def token(text: str) -> int:
        return int(tokenizer.convert_tokens_to_ids(text))  # type: ignore[arg-type]

    return Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": HIDDEN,
            "intermediate_size": 2 * HIDDEN,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": HIDDEN // 2,
            "max_position_embeddings": context,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [6, 5, 5],  # sums to half of head_dim
                "mrope_interleaved": True,
            },
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": None,
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 1,
            "out_hidden_size": HIDDEN,
            "num_position_embeddings": (SIDE // PATCH) ** 2,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )


Lesson = tuple[list[Message], list[Image.Image], str]


def teach(tiny: TinyVlm, lessons: list[Lesson], steps: int, rate: float = 3e-3) -> float:
    """Trains the model to answer each lesson's prompt with its reply, all of them at every step; returns the last loss."""
    batch, labels = _batch(tiny, lessons)
    trained = [parameter for parameter in tiny.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=steps)
    tiny.model.train()
    loss = torch.tensor(0.0)
    for _ in range(steps):
        loss = tiny.model(**batch, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
    tiny.model.eval()
    return float(loss.detach())


def _batch(tiny: TinyVlm, lessons: list[Lesson]) -> tuple[Any, torch.Tensor]:
    tokenizer = tiny.processor.tokenizer
    prompts = [tiny.processor.apply_chat_template(messages, add_generation_prompt=True) for messages, _, _ in lessons]
    texts = [prompt + reply + tokenizer.eos_token for prompt, (_, _, reply) in zip(prompts, lessons, strict=True)]
    pictures = [rgb(image) for _, images, _ in lessons for image in images] or None
    batch = tiny.processor(text=texts, images=pictures, padding=True, padding_side="left", return_tensors="pt")
    labels = torch.full_like(batch["input_ids"], -100)
    for row, (_, _, reply) in enumerate(lessons):
        count = len(tokenizer.encode(reply, add_special_tokens=False)) + 1
        labels[row, -count:] = batch["input_ids"][row, -count:]
    return batch, labels
