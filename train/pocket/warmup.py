"""Teaches the vision tower to see before it learns words: light heads read each slot from the tokens that lie on it.

Without this the language model copies the prompt instead of looking (POCKET). The heads are thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from core.pocket.world import COLOURS, COUNTS, KINDS, PLACES, SIZES, SLOTS, TIMES, VIEWS, WEATHERS, Scene
from train.pocket.pictures import draw, grids, patches
from train.pocket.recipe import SEED, TOKENS, WARMUP
from train.pocket.trainer import Loss
from train.pocket.wishes import random_scene

EMPTY_WEIGHT = 0.12  # most slots are empty: at full weight the heads only learn to say so
KIND_NAMES = tuple(KINDS)
#: What is asked of a whole picture and of a slot, and how many answers each has; a slot's first answer is "nothing".
PICTURE = {"place": len(PLACES), "view": len(VIEWS), "time": len(TIMES), "weather": len(WEATHERS)}
SLOT = {"kind": 1 + len(KINDS), "colour": 1 + len(COLOURS), "size": 1 + len(SIZES), "count": 1 + len(COUNTS)}
PICTURE_WEIGHT = 0.3  # backdrops are learned anyway
SLOT_WEIGHTS = {"kind": 1.0, "colour": 1.0, "size": 0.5, "count": 0.5}
SIDE_TOKENS = int(TOKENS**0.5)
SLOT_ROWS, SLOT_COLUMNS = SIDE_TOKENS // 2, SIDE_TOKENS // 3  # tokens that lie on one slot: two rows of three slots


@dataclass(frozen=True)
class Sight:
    """A batch of pictures and what is in them."""

    pictures_NHWC: np.ndarray
    picture_NA: torch.Tensor
    slots_NSA: torch.Tensor


class Heads(nn.Module):
    """Reads pictures off the tower's outputs: one projection of every token, then one linear layer per slot."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.token = nn.Linear(width * outputs, width)
        cell = width * SLOT_ROWS * SLOT_COLUMNS
        self.slots = nn.ModuleList(nn.Linear(cell, sum(SLOT.values())) for _ in SLOTS)
        self.picture = nn.Linear(width, sum(PICTURE.values()))

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, tokens, outputs × width) to (N, picture's answers) and (N, slots, slot's answers)."""
        seen = F.gelu(self.token(tokens))
        cells = (
            seen.view(len(seen), 2, SLOT_ROWS, 3, SLOT_COLUMNS, -1).permute(0, 1, 3, 2, 4, 5).reshape(len(seen), len(SLOTS), -1)
        )
        slots = [head(cells[:, number]) for number, head in enumerate(self.slots)]
        return self.picture(seen.mean(1)), torch.stack(slots, 1)


class Seer(nn.Module):
    """The tower with its heads, as one thing to train."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        self.heads = Heads(tower.config.out_hidden_size, 1 + len(tower.deepstack_visual_indexes))

    def forward(self, pictures_NHWC: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        count = len(pictures_NHWC)
        seen = self.tower(patches(pictures_NHWC), grid_thw=grids(count))
        tokens = torch.cat([seen.pooler_output, *seen.deepstack_features], dim=-1)
        picture, slots = self.heads(tokens.view(count, TOKENS, -1))
        return picture, slots


def sights(first_step: int) -> Iterator[Sight]:
    """Endless random scenes with their answers, from ``first_step`` on."""
    step = first_step
    while True:
        rng = Random(f"{SEED} sight {step}")
        yield sight([random_scene(rng) for _ in range(WARMUP.batch)])
        step += 1


def sight(scenes: list[Scene]) -> Sight:
    return Sight(draw(scenes), torch.tensor([_picture(s) for s in scenes]), torch.tensor([_slots(s) for s in scenes]))


def _picture(scene: Scene) -> list[int]:
    return [PLACES.index(scene.place), VIEWS.index(scene.view), TIMES.index(scene.time), WEATHERS.index(scene.weather)]


def _slots(scene: Scene) -> list[list[int]]:
    answers = []
    for slot in SLOTS:
        thing = scene.at(slot)
        if thing is None:
            answers.append([0] * len(SLOT))
        else:
            kind, colour = KIND_NAMES.index(thing.kind), COLOURS.index(thing.colour)
            answers.append([1 + kind, 1 + colour, 1 + SIZES.index(thing.size), 1 + COUNTS.index(thing.count)])
    return answers


def sight_loss(seer: Seer, sight: Sight) -> Loss:
    with torch.autocast("cpu", torch.bfloat16):
        picture, slots = seer(sight.pictures_NHWC)
    loss, measures = torch.zeros(()), {}
    for number, (name, logits) in enumerate(zip(PICTURE, picture.float().split(list(PICTURE.values()), -1), strict=True)):
        wanted = sight.picture_NA[:, number]
        loss = loss + PICTURE_WEIGHT * F.cross_entropy(logits, wanted)
        measures[name] = (logits.argmax(-1) == wanted).float().mean().item()
    there = sight.slots_NSA[..., 0] > 0
    for number, (name, logits) in enumerate(zip(SLOT, slots.float().split(list(SLOT.values()), -1), strict=True)):
        wanted = sight.slots_NSA[..., number]
        weights = torch.ones(logits.shape[-1])
        weights[0] = EMPTY_WEIGHT
        loss = loss + SLOT_WEIGHTS[name] * F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weight=weights)
        measures[name] = (logits.argmax(-1) == wanted)[there].float().mean().item()
    return loss, measures
