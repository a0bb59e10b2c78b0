"""Pictures as the models see them: scenes drawn at 96 pixels, and pictures cut into the processor's patches. Knows no words."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from core.pocket.render import render
from core.pocket.world import Scene
from train.pocket.recipe import MERGE, PATCH, SIDE

WHITE = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
GRID = torch.tensor([[1, SIDE // PATCH, SIDE // PATCH]])  # frames, rows and columns of patches in one picture


def draw(scenes: Iterable[Scene | None]) -> np.ndarray:
    """The scenes as (N, height, width, 3) bytes; None is an empty white canvas.

    Drawn as they are needed, not kept: the renderer keeps its parts, after some thousand pictures one takes 1 ms, and a
    trainer hardly meets a scene twice.
    """
    drawn = [WHITE if scene is None else np.asarray(render(scene, SIDE)) for scene in scenes]
    return np.stack(drawn) if drawn else np.zeros((0, SIDE, SIDE, 3), dtype=np.uint8)


def patches(pictures_NHWC: np.ndarray) -> torch.Tensor:
    """Bytes to what the processor makes of them: (N × patches, 3 × 8 × 8) in -1 … 1, the patches of one token together."""
    count, cells = len(pictures_NHWC), SIDE // PATCH // MERGE
    values = torch.from_numpy(pictures_NHWC).permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)
    tiles = values.reshape(count, 3, cells, MERGE, PATCH, cells, MERGE, PATCH)
    return tiles.permute(0, 2, 5, 3, 6, 1, 4, 7).reshape(-1, 3 * PATCH * PATCH)


def grids(count: int) -> torch.Tensor:
    """``image_grid_thw`` of ``count`` pictures."""
    return GRID.repeat(count, 1)
