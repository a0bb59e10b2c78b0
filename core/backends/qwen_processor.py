"""The processor of Qwen3-VL for pictures alone: chat template, tokens and patches, without torchvision.

The library's ``Qwen3VLProcessor`` names a video processor in its signature, and every video processor of the library needs
torchvision; without it ``AutoProcessor`` quietly returns a bare tokenizer. Nothing here ever sees a video. Knows no prompt
and no weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, Qwen2VLImageProcessorPil, Qwen3VLProcessor


class ImageOnlyQwen3VLProcessor(Qwen3VLProcessor):
    """Qwen3-VL's processor with no ``video_processor`` in its signature, which is where the library looks for its parts."""

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any) -> None:
        super().__init__(image_processor, tokenizer, None, chat_template=chat_template)  # type: ignore[no-untyped-call]


def load_processor(path_or_id: str | Path, revision: str | None = None) -> ImageOnlyQwen3VLProcessor:
    """The processor of a Qwen3-VL checkpoint, of a local folder or of a hub id that is on this machine."""
    where: dict[str, Any] = {"revision": revision} if revision else {}
    processor_class: Any = ImageOnlyQwen3VLProcessor
    image_class: Any = Qwen2VLImageProcessorPil
    tokenizer_class: Any = AutoTokenizer
    tokenizer = tokenizer_class.from_pretrained(path_or_id, trust_remote_code=False, **where)
    # Part by part: the folder may name the torchvision twin of the image processor, which is not installed.
    processor: ImageOnlyQwen3VLProcessor = processor_class(
        image_processor=image_class.from_pretrained(path_or_id, **where),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
    )
    return processor


def save_processor(processor: ImageOnlyQwen3VLProcessor, folder: Path) -> None:
    """Saves it under the library's own class name, so that stock loaders take it where torchvision is installed."""
    processor.save_pretrained(folder)
    for config in (folder / "processor_config.json", folder / "tokenizer_config.json"):
        said = json.loads(config.read_text(encoding="utf-8"))
        said["processor_class"] = Qwen3VLProcessor.__name__
        config.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
