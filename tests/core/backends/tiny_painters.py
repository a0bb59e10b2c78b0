"""Painters of tiny diffusers pipelines, each set up as a profile would, and what tests do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as qwen
from PIL import Image

from core.backends.diffusion import DiffusionPainter, PipelineCall
from core.backends.pipelines import DiffusionModel
from core.ports import DrawCase
from tests.core.backends.streams import drain
from tests.core.backends.tiny_pipelines import (
    KLEIN_OPTIONS,
    SIDE,
    tiny_klein,
    tiny_klein_kv,
    tiny_kontext,
    tiny_qwen_edit,
    tiny_stable_diffusion,
)

STEPS = 3
KLEIN = {"max_sequence_length": 32, "options": KLEIN_OPTIONS}
PIPELINES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "klein": (tiny_klein, {"guidance": 1.0, **KLEIN}),
    "klein-undistilled": (lambda: tiny_klein(distilled=False), {"guidance": 4.0, **KLEIN}),
    "klein-kv": (tiny_klein_kv, {"guidance": 1.0, **KLEIN}),
    # Without this option, Kontext makes a megapixel of every reference.
    "kontext": (tiny_kontext, {"guidance": 2.5, "max_sequence_length": 16, "options": {"_auto_resize": False}}),
    "qwen-edit": (tiny_qwen_edit, {"guidance": 4.0}),
    "stable-diffusion": (tiny_stable_diffusion, {"guidance": 7.5}),
}
EDITORS = [name for name in PIPELINES if name != "stable-diffusion"]


def model(**settings: Any) -> DiffusionModel:
    return DiffusionModel(**{"model": "tiny", "width": SIDE, "height": SIDE, "steps": STEPS, **settings})


def painter(kind: str, **settings: Any) -> tuple[DiffusionPainter, Any]:
    make, usual = PIPELINES[kind]
    pipe = make()
    return DiffusionPainter(PipelineCall(pipe, model(**{**usual, **settings}), f"{kind}@0")), pipe


def photo(width: int = SIDE, height: int = SIDE, hue: int = 0) -> Image.Image:
    ramp = torch.arange(width * height * 3).reshape(height, width, 3) * 7 + hue
    return Image.fromarray((ramp % 256).byte().numpy())


def draw(painter: DiffusionPainter, prompt: str = "a cat", source: Image.Image | None = None, seed: int = 1) -> Any:
    return drain(painter.draw([DrawCase(prompt, source, seed)]))[1][0]


def pixels(image: Any) -> bytes:
    assert isinstance(image, Image.Image), image
    return image.tobytes()


@contextmanager
def before(module: torch.nn.Module, act: Callable[..., object]) -> Iterator[None]:
    """Lets ``act`` see every call of a module; what it raises, the module raises."""

    def see(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:  # what a hook returns would replace the inputs
        act(*inputs)

    hook = module.register_forward_pre_hook(see)
    try:
        yield
    finally:
        hook.remove()


@pytest.fixture
def small_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qwen-Image-Edit makes a megapixel of every reference; the tiny one would spend its seconds on that."""
    monkeypatch.setattr(qwen, "VAE_IMAGE_SIZE", SIDE * SIDE)
