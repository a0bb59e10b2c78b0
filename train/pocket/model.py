"""Makes a pocket model from nothing: its tokenizer, its processor, and a tiny Qwen3-VL; and saves them as one bundle.

A bundle is an ordinary checkpoint folder, which stock loaders read. Knows nothing of how models are trained.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessorPil, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextRMSNorm

from core.backends.qwen_processor import ImageOnlyQwen3VLProcessor, load_processor, save_processor
from core.pocket.world import SLOTS
from train.pocket.recipe import CONTEXT, MERGE, PATCH, PIECES, SIDE, Size

PAD, TURN, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TIED = "lm_head.weight"  # the embedding by another name
VISION_START, VISION_END, IMAGE, VIDEO = "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"
SPECIALS = (PAD, TURN, END, VISION_START, VISION_END, IMAGE, VIDEO)

#: What every reply repeats, each as one piece: the model spends its few layers on the words, and replies come faster.
SCHEMA = (
    "<think>",
    '</think><answer>{"execution_plan": [{"step_number": ',
    ', "step_name": "',
    '", "instruction": "',
    '", "prompt": "',
    '", "auxiliary_text": "',
    '"}, {"step_number": ',
    '"}]}</answer>',
    '</think><answer>{"previous_step_success": ',
    ', "refine_prompt": "',
    '"}</answer>',
    *(f"; {slot}:" for slot in SLOTS),
)

#: Qwen3-VL's turns. The generation marks say which part a trainer may learn from (``assistant_only_loss``).
CHAT_TEMPLATE = """\
{%- macro write(content) -%}
{%- if content is string -%}{{- content -}}{%- else -%}
{%- for part in content -%}
{%- if part.type == 'image' -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}{%- else -%}{{- part.text -}}{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' -}}
{%- if message.role == 'assistant' -%}
{%- generation -%}{{- write(message.content) -}}{{- '<|im_end|>' -}}{%- endgeneration -%}{{- '\\n' -}}
{%- else -%}
{{- write(message.content) -}}{{- '<|im_end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""


def learn_tokenizer(texts: Iterable[str], pieces: int = PIECES) -> PreTrainedTokenizerFast:
    """A byte-level BPE that has learned the texts' words and can still write any text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    # Added before the training, so that no merges are spent on them.
    bpe.add_tokens([AddedToken(text, normalized=False, special=False) for text in SCHEMA])
    trainer = trainers.BpeTrainer(
        vocab_size=pieces - len(SCHEMA),
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.add_tokens([AddedToken(text, normalized=False, special=False) for text in SCHEMA])
    tokenizer_class: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = tokenizer_class(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[special for special in SPECIALS if special not in {PAD, END}],
        padding_side="left",
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        chat_template=CHAT_TEMPLATE,
    )
    return tokenizer


def make_processor(tokenizer: PreTrainedTokenizerFast) -> ImageOnlyQwen3VLProcessor:
    pixels = SIDE * SIDE  # the library's "edge" is a number of pixels here
    pictures = Qwen2VLImageProcessorPil(
        patch_size=PATCH,
        merge_size=MERGE,
        temporal_patch_size=1,
        size={"shortest_edge": pixels, "longest_edge": pixels},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return ImageOnlyQwen3VLProcessor(image_processor=pictures, tokenizer=tokenizer, chat_template=CHAT_TEMPLATE)


def make_model(tokenizer: PreTrainedTokenizerFast, size: Size, seed: int) -> Qwen3VLForConditionalGeneration:
    """Random weights of this size, the same for the same seed."""
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(_config(tokenizer, size))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def _config(tokenizer: PreTrainedTokenizerFast, size: Size) -> Qwen3VLConfig:
    head = size.text_width // size.text_heads
    across = head // 6  # of a head's rotations, a third each turns with time, height and width; time takes the rest
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": size.text_width,
        "intermediate_size": size.text_inner,
        "num_hidden_layers": size.text_layers,
        "num_attention_heads": size.text_heads,
        "num_key_value_heads": size.text_groups,
        "head_dim": head,
        "max_position_embeddings": CONTEXT,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [head // 2 - 2 * across, across, across],
            "mrope_interleaved": True,
        },
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "tie_word_embeddings": True,
    }
    vision = {
        "depth": size.vision_layers,
        "hidden_size": size.vision_width,
        "intermediate_size": size.vision_inner,
        "num_heads": size.vision_heads,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": 1,
        "out_hidden_size": size.text_width,
        "num_position_embeddings": (SIDE // PATCH) ** 2,
        "deepstack_visual_indexes": list(size.deepstack),
    }
    ids: dict[str, Any] = {name: tokenizer.convert_tokens_to_ids(text) for name, text in _MARKS.items()}
    config = Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids)
    config._attn_implementation = "sdpa"
    return config


_MARKS = {
    "image_token_id": IMAGE,
    "video_token_id": VIDEO,
    "vision_start_token_id": VISION_START,
    "vision_end_token_id": VISION_END,
}


def save_bundle(
    model: Qwen3VLForConditionalGeneration,
    processor: ImageOnlyQwen3VLProcessor,
    folder: Path,
    dtype: torch.dtype = torch.bfloat16,
    temperature: float | None = None,
) -> None:
    """Writes a checkpoint folder. ``temperature``: what its replies are sampled at; None is greedy."""
    folder.mkdir(parents=True, exist_ok=True)
    advice = model.generation_config
    advice.do_sample, advice.temperature = temperature is not None, temperature
    weights = {name: tensor.to(dtype) for name, tensor in model.state_dict().items() if name != TIED}
    before, model.config.dtype = model.config.dtype, dtype
    model.save_pretrained(folder, state_dict=weights)
    model.config.dtype = before
    save_processor(processor, folder)
    (folder / "model.safetensors").chmod(0o644)


def inherit(model: Any, tokenizer: Any, base: Any, base_tokenizer: Any) -> None:
    """Copies ``base`` into a model of another vocabulary; pieces that both know keep what they mean."""
    own, known = model.state_dict(), base_tokenizer.get_vocab()
    for name, tensor in base.state_dict().items():
        if own[name].shape == tensor.shape:
            own[name].copy_(tensor)
    rows, base_rows = model.get_input_embeddings().weight.data, base.get_input_embeddings().weight.data
    for piece, row in tokenizer.get_vocab().items():
        if piece in known:
            rows[row] = base_rows[known[piece]]


def load_bundle(folder: Path) -> tuple[Qwen3VLForConditionalGeneration, ImageOnlyQwen3VLProcessor]:
    """The model in float32, which every CPU computes well in, and its processor."""
    model = Qwen3VLForConditionalGeneration.from_pretrained(  # nosec B615
        folder, dtype=torch.float32, use_safetensors=True, attn_implementation="sdpa"
    )
    return model, load_processor(folder)


# ---------------------------------------------------------------- the same arithmetic, faster on a CPU


def quicken(model: Qwen3VLForConditionalGeneration) -> None:
    """Makes the model train about twice as fast on a CPU, for pictures of one size and rows that are padded on the right.

    The library runs the tower's attention picture by picture, its patch embedding as a convolution, and the text's
    attention by a kernel whose way back is slow in bfloat16; here all are products over the whole batch. Norms take fewer
    passes over memory. The results differ by rounding alone. There is no cache: a quickened model can't generate.
    """
    tower: Any = model.model.visual
    text: Any = model.model.language_model
    for layer in text.layers:
        layer.self_attn.forward = types.MethodType(_causal_attention, layer.self_attn)
    norms: list[Any] = [module for module in text.modules() if isinstance(module, Qwen3VLTextRMSNorm)]
    for norm in norms:
        norm.forward = types.MethodType(_rms_norm, norm)
    tower.patch_embed.forward = types.MethodType(_patches_by_product, tower.patch_embed)
    for block in tower.blocks:
        block.attn.forward = types.MethodType(_attention_over_batch, block.attn)


def _patches_by_product(self: Any, patches: torch.Tensor) -> torch.Tensor:
    weight = self.proj.weight
    embedded: torch.Tensor = F.linear(patches.to(weight.dtype), weight.view(self.embed_dim, -1), self.proj.bias)
    return embedded


def _attention_over_batch(
    self: Any, hidden_states: torch.Tensor, cu_seqlens: torch.Tensor, position_embeddings: Any = None, **_: Any
) -> torch.Tensor:
    pictures = cu_seqlens.shape[0] - 1
    length = hidden_states.shape[0] // pictures
    qkv = self.qkv(hidden_states).view(pictures, length, 3, self.num_heads, self.head_dim)
    query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    cos, sin = (wave[:length].to(query.dtype) for wave in position_embeddings)
    scores = (_turned(query, cos, sin) * self.scaling) @ _turned(key, cos, sin).transpose(-1, -2)
    seen = scores.softmax(-1).to(value.dtype) @ value
    projected: torch.Tensor = self.proj(seen.transpose(1, 2).reshape(hidden_states.shape))
    return projected


def _causal_attention(
    self: Any, hidden_states: torch.Tensor, position_embeddings: Any, **_: Any
) -> tuple[torch.Tensor, torch.Tensor | None]:
    rows, length, _width = hidden_states.shape
    heads = (rows, length, -1, self.head_dim)
    cos, sin = (wave.unsqueeze(1).to(torch.bfloat16) for wave in position_embeddings)
    query = _turned(self.q_norm(self.q_proj(hidden_states).view(heads)).transpose(1, 2), cos, sin)
    key = _turned(self.k_norm(self.k_proj(hidden_states).view(heads)).transpose(1, 2), cos, sin)
    value = self.v_proj(hidden_states).view(heads).transpose(1, 2)
    groups, group = value.shape[1], self.num_key_value_groups
    # A group's query heads are so many more rows of one product with its keys.
    query = (query * self.scaling).reshape(rows, groups, group * length, self.head_dim)
    future = torch.full((length, length), -1e4, dtype=query.dtype).triu(1).repeat(group, 1)
    seen = (query @ key.transpose(-1, -2) + future).softmax(-1).to(value.dtype) @ value
    seen = seen.view(rows, groups * group, length, self.head_dim).transpose(1, 2)
    return self.o_proj(seen.reshape(rows, length, -1)), None


def _rms_norm(self: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    normed: torch.Tensor = _RmsNorm.apply(hidden_states, self.weight, self.variance_epsilon)  # type: ignore[no-untyped-call]
    return normed


class _RmsNorm(torch.autograd.Function):
    """Root-mean-square norm in few passes over memory, which is what it costs on a CPU."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = torch.rsqrt(length.square_() / x.shape[-1] + epsilon)
        normed = (x * scale.to(x.dtype)).to(torch.bfloat16)
        narrow = weight.to(torch.bfloat16)
        ctx.save_for_backward(normed, scale, narrow)
        ctx.dtype = x.dtype
        return normed * narrow

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        normed, scale, narrow = ctx.saved_tensors
        grad = grads[0] * narrow
        along = torch.linalg.vecdot(grad, normed).unsqueeze(-1) / normed.shape[-1]
        back = torch.addcmul(grad, normed, along, value=-1).to(ctx.dtype) * scale.to(ctx.dtype)
        return back, (grads[0] * normed).flatten(0, -2).sum(0).float(), None


def _turned(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin
