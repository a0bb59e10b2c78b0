"""Turns one thing into a sprite: how big its kind is, how a group stands together, its shadow, light and place in the picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from core.pocket import airborne, characters, objects
from core.pocket.drawing import Pen
from core.pocket.light import LIGHTS
from core.pocket.looks import Look, chance
from core.pocket.world import GROUND_SLOTS, SKY_SLOTS, Count, Size, Slot

COLUMNS = (20.0, 50.0, 80.0)
SKY_LINE, GROUND_LINE, WATER_LINE = 22.0, 86.0, 70.0  # where things hang, stand, and float on the sea
SCALES: dict[Size, float] = {"small": 0.68, "medium": 1.0, "big": 1.32}
REACH = 27.0  # no thing is drawn farther than this from its own middle, to either side


@dataclass(frozen=True)
class Drawing:
    """How a kind is drawn, and its extent in units at scale 1."""

    draw: Callable[[Pen, Look], None]
    width: float
    height: float
    scale: float = 1.0
    back: float = 0.0  # how much farther away it stands
    shadow: float = 0.42  # half the shadow's width, as a share of the width


DRAWINGS: dict[str, Drawing] = {
    "cat": Drawing(characters.cat, 22, 29, 1.04),
    "dog": Drawing(characters.dog, 24, 27, 1.10),
    "rabbit": Drawing(characters.rabbit, 19, 34, 0.97),
    "bear": Drawing(characters.bear, 25, 31),
    "frog": Drawing(characters.frog, 28, 26, 1.03, shadow=0.48),
    "duck": Drawing(characters.duck, 28, 31, shadow=0.3),
    "penguin": Drawing(characters.penguin, 24, 31),
    "house": Drawing(objects.house, 30, 31, 1.01, back=3.5, shadow=0.5),
    "tree": Drawing(objects.tree, 29, 34, 1.02, back=3.5, shadow=0.36),
    "flower": Drawing(objects.flower, 19, 30, shadow=0.22),
    "mushroom": Drawing(objects.mushroom, 25, 25, 1.08, shadow=0.3),
    "boat": Drawing(objects.boat, 30, 32, 0.96, back=1.0, shadow=0.0),
    "snowman": Drawing(objects.snowman, 26, 34, 0.96, shadow=0.38),
    "gift": Drawing(objects.gift, 22, 25, 1.06, shadow=0.52),
    "balloon": Drawing(airborne.balloon, 19, 32),
    "kite": Drawing(airborne.kite, 20, 33),
    "bird": Drawing(airborne.bird, 31, 22),
    "butterfly": Drawing(airborne.butterfly, 28, 23),
    "star": Drawing(airborne.star, 26, 26),
    "cloud": Drawing(airborne.cloud, 30, 19, 1.02),
}

Spots = tuple[tuple[float, float], ...]

#: Where the ones of a group are, in widths and heights of one, the farthest first: on the ground, and in the sky by their shape.
GROUND_GROUPS: dict[Count, Spots] = {"two": ((0.55, -0.08), (-0.55, 0.02)), "three": ((0.02, -0.60), (-0.58, 0.0), (0.58, 0.03))}
TALL_GROUPS: dict[Count, Spots] = {"two": ((0.56, -0.10), (-0.56, 0.10)), "three": ((0.02, -0.42), (-0.64, 0.30), (0.62, 0.24))}
WIDE_GROUPS: dict[Count, Spots] = {"two": ((0.42, -0.48), (-0.42, 0.48)), "three": ((0.02, -0.56), (-0.58, 0.46), (0.58, 0.40))}
ALONE: Spots = ((0.0, 0.0),)
GROUP_WIDTH, GROUP_HEIGHT = 29.0, 31.0  # a medium group: a big one is then a slot wide, and a small one can still be counted
LARGEST: dict[Count, float] = {"one": 1.0, "two": 0.70, "three": 0.60}  # each of a group is at most this share of one alone


@dataclass(frozen=True)
class Sprite:
    """A finished cut-out and the pixel where its upper left corner goes."""

    image: Image.Image
    corner: tuple[int, int]


def foot(kind: str, slot: Slot, afloat: bool) -> tuple[float, float]:
    """Where a kind stands or hangs in a slot; the small shift belongs to kind and slot, so nothing moves when others change."""
    sway, lift = chance(kind, slot, "x") - 0.5, chance(kind, slot, "y") - 0.5
    if slot in SKY_SLOTS:
        return COLUMNS[SKY_SLOTS.index(slot)] + 2.4 * sway, SKY_LINE + 2.4 * lift
    line = WATER_LINE if afloat else GROUND_LINE
    return COLUMNS[GROUND_SLOTS.index(slot)] + 2.4 * sway, line - DRAWINGS[kind].back + 1.4 * lift


def draw_sprite(kind: str, slot: Slot, count: Count, size: Size, look: Look, side: int, oversize: int) -> Sprite:
    """Draws the thing ``oversize`` times too large, reduces it, and lays its shadow and glow under it."""
    unit = side / 100
    x, y = foot(kind, slot, look.afloat)
    sky = slot in SKY_SLOTS
    left, right = max(math.floor((x - REACH) * unit), 0), min(math.ceil((x + REACH) * unit), side)
    upper = max(math.floor((y - (REACH if sky else 50)) * unit), 0)
    lower = min(math.ceil((y + (REACH if sky else 9)) * unit), side)
    canvas = Image.new("RGBA", ((right - left) * oversize, (lower - upper) * oversize))
    drawing = DRAWINGS[kind]
    spots, scale = _group(drawing, sky, count, size)
    spots = tuple((x + across, y + down) for across, down in spots)
    for spot_x, spot_y in spots:
        origin = ((spot_x * unit - left) * oversize, (spot_y * unit - upper) * oversize)
        drawing.draw(Pen(canvas, unit * scale * oversize, origin, look.mirrored), look)
    cutout = _in_light(canvas.reduce(oversize), look)
    under = _glow(cutout.getchannel("A"), look, side)
    if not sky and drawing.shadow:
        half = drawing.width * scale * drawing.shadow * unit
        centres = [(spot_x * unit - left, spot_y * unit - upper) for spot_x, spot_y in spots]
        under.alpha_composite(_shadow(centres, half, under.size))
    under.alpha_composite(cutout)
    cut = under.getbbox() or (0, 0, 1, 1)
    return Sprite(under.crop(cut), (left + cut[0], upper + cut[1]))


def _group(drawing: Drawing, sky: bool, count: Count, size: Size) -> tuple[Spots, float]:
    """Where each one of a group is, in units from the slot's own spot, and the scale of each."""
    if count == "one":
        return ALONE, drawing.scale * SCALES[size]
    tall = drawing.height > 1.2 * drawing.width
    group = (TALL_GROUPS if tall else WIDE_GROUPS)[count] if sky else GROUND_GROUPS[count]
    across, down = ([spot[axis] for spot in group] for axis in (0, 1))
    wide = (max(across) - min(across) + 1) * drawing.width * drawing.scale
    high = (max(down) - min(down) + 1) * drawing.height * drawing.scale
    scale = drawing.scale * SCALES[size] * min(LARGEST[count], GROUP_WIDTH / wide, GROUP_HEIGHT / high)
    return tuple((x * drawing.width * scale, y * drawing.height * scale) for x, y in group), scale


def _in_light(cutout: Image.Image, look: Look) -> Image.Image:
    """The time's mild tint, and a little less light toward the ground."""
    pixels = np.asarray(cutout).astype(np.float32)
    fall = np.linspace(1.0, 0.96, cutout.height, dtype=np.float32)[:, None, None]
    tint = (1.0, 1.0, 1.0) if look.shining else LIGHTS[look.time].things
    pixels[..., :3] *= np.asarray(tint, dtype=np.float32) * fall
    return Image.fromarray(np.rint(pixels).astype(np.uint8), "RGBA")


def _glow(alpha: Image.Image, look: Look, side: int) -> Image.Image:
    """A soft rim round the thing: faint shade by day, light by night, so that it stands out from every backdrop."""
    light = LIGHTS[look.time]
    rim = alpha.filter(ImageFilter.GaussianBlur(side * 0.012))
    image = Image.new("RGBA", alpha.size, (255, 226, 130) if look.shining else light.halo)
    image.putalpha(rim.point(lambda value: value * light.haloed))
    return image


def _shadow(centres: list[tuple[float, float]], half: float, size: tuple[int, int]) -> Image.Image:
    across, down = np.arange(size[0], dtype=np.float32) + 0.5, np.arange(size[1], dtype=np.float32) + 0.5
    depth = np.zeros((size[1], size[0]), dtype=np.float32)
    for x, y in centres:
        squares = ((across[None, :] - x - half * 0.12) / half) ** 2 + ((down[:, None] - y) / (half * 0.22)) ** 2
        depth = np.maximum(depth, np.clip(1.35 - squares, 0, 1))
    image = Image.new("RGBA", size, (44, 40, 88))
    image.putalpha(Image.fromarray(np.rint(depth * 92).astype(np.uint8)))
    return image
