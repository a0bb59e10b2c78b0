"""A vision-language checkpoint in memory: weights, processor and LoRA adapters, loaded safely from a folder or the hub.

One :class:`Checkpoint` is in memory once, however many agents use it; each names the adapter that it wants. Knows
transformers and peft; knows no prompt and no reply. Weights are safetensors only, and no code of a repository runs.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backends.weights import named, provenance, weights_of
from core.dialect import Message
from core.errors import ProfileError

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MAX_PIXELS = 1_048_576  # largest picture the agents were trained on (METHOD: training); 1024 tokens of Qwen3-VL


class Checkpoint:
    """One image-text-to-text model of any architecture that transformers knows, Qwen3-VL first."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        """Takes over a loaded model; ``name`` is its provenance, ``<model>@<revision>``."""
        from transformers import GenerationConfig

        from core.backends.decoding import boolean_tokens
        from core.backends.lookup import Habits

        plain: Any = GenerationConfig
        self.model = model.eval()
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.name = name
        # What the checkpoint's makers advise; our own decoding is greedy over the noise, so the model forgets it.
        self.advice = model.generation_config
        stops = self.advice.eos_token_id if self.advice.eos_token_id is not None else self.tokenizer.eos_token_id
        self.eos: set[int] = set(stops) if isinstance(stops, list) else {stops}
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.tokenizer.padding_side = "left"  # a reply must follow its prompt, not padding
        pad = self.tokenizer.pad_token_id
        model.generation_config = plain(eos_token_id=sorted(self.eos), pad_token_id=pad)
        self.booleans = boolean_tokens(self.tokenizer)
        self.habits = Habits()  # of all agents that use it: they read and say like things
        self._control = _control_tokens(processor)
        self.arrive: Callable[[], None] = lambda: None  # has the weights on their device, where they share it with others
        self._adapter: str | None = None
        self._adapters: dict[str, str] = {}  # its folder or hub id -> its name in the model

    @property
    def device(self) -> torch.device:
        device: torch.device = self.model.device
        return device

    @property
    def context(self) -> int | None:
        """Most tokens, prompt and reply together, that the positions of this model can count; None if it does not say."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def encode(self, conversations: list[list[Message]], pictures: list[list[Image]], begun: Sequence[int] = ()) -> Any:
        """One left-padded batch, in which each reply has ``begun`` with these tokens.

        A control token that somebody wrote into a message is broken up: it stays mere text.
        """
        batch = self.processor.apply_chat_template(
            [self._fill(messages, own) for messages, own in zip(conversations, pictures, strict=True)],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        if begun:
            _append(batch, begun)
        return batch.to(self.device, self.model.dtype)

    def _fill(self, messages: list[Message], pictures: list[Image]) -> list[Message]:
        """The messages with the pictures in their image parts, in order. Fresh dictionaries: the library writes into them."""
        places = sum(part["type"] == "image" for message in messages for part in message["content"])
        if places != len(pictures):
            raise ProfileError(f"The prompt pack has places for {places} pictures; {len(pictures)} are given.")
        rest = iter(pictures)

        def fill(part: dict[str, str]) -> dict[str, Any]:
            if part["type"] == "image":
                return {"type": "image", "image": rgb(next(rest))}
            return {"type": "text", "text": self.plain(part["text"])}

        return [{**message, "content": [fill(part) for part in message["content"]]} for message in messages]

    def plain(self, text: str) -> str:
        """The text with its control tokens broken up; a trainer's rows go through it as a person's words do."""
        return self._control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def add_adapter(self, adapter: str) -> str:
        """Loads a LoRA adapter, a local folder or a hub id, beside those that are there, once; returns its provenance."""
        adapter = placed(adapter)
        folder = weights_of(adapter)
        if adapter not in self._adapters:
            if not (folder / "adapter_model.safetensors").is_file():  # peft would take a pickled one, too
                raise ProfileError(f"The adapter {named(adapter)!r} has no adapter_model.safetensors.")
            name = f"adapter{len(self._adapters)}"
            try:
                missing = self.model.load_adapter(str(folder), adapter_name=name).missing_keys
            except (ValueError, RuntimeError) as error:
                raise ProfileError(f"The adapter {named(adapter)!r} does not fit {self.name}: {error}") from error
            if any(f".{name}." in key for key in missing):  # the library only warns, and it would change nothing
                raise ProfileError(f"The adapter {named(adapter)!r} does not fit {self.name}.")
            self._adapters[adapter] = name
            self.use(None)
        return provenance(adapter, folder)

    def use(self, adapter: str | None) -> None:
        """Makes this adapter the only one at work, or none, and the weights ready for it. On the model's thread only."""
        self.arrive()
        if not self._adapters or (self._adapter == adapter and adapter is not None):
            return
        if adapter is not None:
            from peft.functional import set_adapter

            set_adapter(self.model, self._adapters[placed(adapter)], inference_mode=True)
        _switch_adapters(self.model, on=adapter is not None)
        self._adapter = adapter


def load_checkpoint(
    model: str, revision: str | None = None, device: str | None = None, dtype: str | None = None, attn: str | None = None
) -> Checkpoint:
    """Loads ``model``, a local folder or a hub id whose weights are on this machine. Raises ``ProfileError``."""
    import torch
    from transformers import AutoModelForImageTextToText
    from transformers.utils import logging as chatter

    model = placed(model)
    folder = weights_of(model, revision)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    silence: Any = chatter.disable_progress_bar  # untyped upstream
    silence()  # whoever waits sees the studio's own words, or the command's own bar
    any_model: Any = AutoModelForImageTextToText
    try:
        weights, loading = any_model.from_pretrained(
            folder,
            output_loading_info=True,
            dtype=getattr(torch, dtype) if dtype else usual_dtype(device),
            device_map=None if device == "cpu" else {"": device},  # straight to the accelerator, not by way of the memory
            use_safetensors=True,
            trust_remote_code=False,
            # Always said, so that a checkpoint's config cannot name a kernel repository.
            attn_implementation=attn or "sdpa",
        )
        processor = _load_processor(folder, weights.config.model_type)
    except (OSError, ValueError, ImportError) as error:
        raise ProfileError(f"The model {named(model)!r} cannot be loaded: {error}") from error
    except torch.OutOfMemoryError as error:
        raise ProfileError(f"The model {named(model)!r} does not fit into the memory of {device}.") from error
    if loading["missing_keys"]:  # the library only warns, and makes them up
        raise ProfileError(f"The model {named(model)!r} lacks weights, such as {min(loading['missing_keys'])}.")
    _cap_pixels(processor.image_processor)
    return Checkpoint(weights, processor, provenance(model, folder))


def placed(model: str) -> str:
    """An existing folder by its absolute path, which is how weights are told from a hub id; else the name as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def usual_dtype(device: str) -> torch.dtype:
    """bfloat16 on an accelerator; float32 on a CPU, whose bfloat16 products may be 100 times slower."""
    import torch

    if device.startswith("cpu"):
        return torch.float32
    return torch.float16 if device.startswith("mps") else torch.bfloat16


def _load_processor(folder: Path, model_type: str) -> Any:
    if model_type in {"qwen3_vl", "qwen3_vl_moe"} and importlib.util.find_spec("torchvision") is None:
        from core.backends.qwen_processor import load_processor

        return load_processor(folder)
    from transformers import AutoProcessor

    processor_class: Any = AutoProcessor
    processor = processor_class.from_pretrained(folder, trust_remote_code=False)
    if not hasattr(processor, "image_processor"):  # what AutoProcessor quietly returns when a part is not installed
        raise ProfileError(f"The processor of a {model_type} model needs torchvision: pip install torchvision.")
    return processor


def _cap_pixels(image_processor: Any) -> None:
    # Only the processors of Qwen's kind take any size; there "longest_edge" is a number of pixels. Others have their own.
    size = dict(image_processor.size)
    if hasattr(image_processor, "merge_size") and size.get("longest_edge", 0) > MAX_PIXELS:
        image_processor.size = size | {"longest_edge": MAX_PIXELS}


def _append(batch: Any, tokens: Sequence[int]) -> None:
    """Each row goes on with the tokens. What else is told of each token (masks, types) is as it was of the row's last one."""
    import torch

    asked_BT = batch["input_ids"]
    for name, told in batch.items():
        if told.shape[:2] == asked_BT.shape and not told.is_floating_point():  # a picture's numbers are
            more = told[:, -1:].repeat_interleave(len(tokens), 1)
            if name == "input_ids":
                more = asked_BT.new_tensor([tokens]).expand(len(asked_BT), -1)
            batch[name] = torch.cat([told, more], 1)


def _control_tokens(processor: Any) -> re.Pattern[str]:
    """Matches what would end a turn, begin one, or stand for a picture. (Not ``<think>``: replies and prompts have it.)"""
    tokens = {token.content for token in processor.tokenizer.added_tokens_decoder.values() if token.special}
    tokens |= {token for name in ("image_token", "video_token") if isinstance(token := getattr(processor, name, None), str)}
    longest_first = sorted((token for token in tokens if not token.isspace()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")  # (?!) never matches


def rgb(image: Image) -> Image:
    """The picture as a person sees it on a page: transparent parts are white."""
    from PIL import Image as images

    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = images.new("RGBA", image.size, "white")
    return images.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _switch_adapters(model: Any, on: bool) -> None:
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils import AuxiliaryTrainingWrapper

    # The model's own enable_adapters forgets the wrappers that its disable_adapters switched off.
    for module in model.modules():
        if isinstance(module, BaseTunerLayer | AuxiliaryTrainingWrapper):
            module.enable_adapters(on)
    model.requires_grad_(False)
