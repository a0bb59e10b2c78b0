"""Draws what stands far off in the backdrops: pines, peaks, town houses. Low in contrast, so that none is taken for a thing."""

from __future__ import annotations

import numpy as np

from core.pocket.drawing import RGB, box, mix, oval, rounded
from core.pocket.stage import Stage


def windmill(stage: Stage, x: float, y: float) -> None:
    stage.fill(rounded([(x - 2.6, y + 4), (x - 1.6, y - 8), (x + 1.6, y - 8), (x + 2.6, y + 4)], 0.6), (250, 240, 226), 0.35)
    stage.fill(rounded([(x - 2.3, y - 7.4), (x, y - 10.8), (x + 2.3, y - 7.4)], 0.6), (190, 130, 120), 0.4)
    for turn in (20, 110, 200, 290):
        stage.turned(x, y - 8, turn).fill(box(-0.7, -7.4, 0.7, -0.6, 0.4), stage.seen((244, 232, 220), 0.3))


def pine(stage: Stage, x: float, y: float, height: float, colour: RGB, distance: float) -> None:
    width = height * 0.30
    stage.fill(box(x - width * 0.16, y - height * 0.2, x + width * 0.16, y + 2), (150, 116, 96), distance)
    for tier, share in enumerate((1.0, 0.8, 0.58)):
        low, high = y - height * (0.12 + 0.26 * tier), y - height * (0.54 + 0.23 * tier)
        shape = rounded([(x - width * share, low), (x, high), (x + width * share, low)], height * 0.05)
        stage.fill(shape, colour, distance)
        at, reach = high + (low - high) * 0.36, width * share * 0.36
        stage.cap(rounded([(x - reach, at), (x, high), (x + reach, at), (x, at - reach * 0.3)], height * 0.03))


def crown(stage: Stage, x: float, y: float, height: float, colour: RGB, distance: float) -> None:
    stage.fill(box(x - 0.9, y - height * 0.5, x + 0.9, y + 2), (160, 126, 104), distance)
    for dx, dy, radius in ((-3.6, 0.52, 4.6), (3.8, 0.54, 4.6), (0, 0.74, 5.4)):
        stage.fill(oval(x + dx, y - height * dy, radius, radius * 1.05), colour, distance)
        stage.cap(
            oval(x + dx, y - height * dy - radius * 1.15, radius * 1.1, radius * 0.8),
            oval(x + dx, y - height * dy, radius, radius * 1.05),
        )


def peak(stage: Stage, x: float, top: float, foot: float, spread: float, colour: RGB, distance: float) -> None:
    """A mountain with its right side in shade and a ragged cap of snow."""
    outline = rounded([(x - spread, foot), (x, top), (x + spread, foot)], 1.6)
    stage.wash(outline, stage.seen(colour, distance), stage.seen(mix(colour, (170, 206, 200), 0.5), distance))
    shaded = [(x, top - 2), (x + spread * 1.1, foot), (x + spread * 0.3, foot), (x - spread * 0.08, top + spread * 0.5)]
    stage.inlay(outline, shaded, mix(colour, (96, 116, 176), 0.35), distance)
    edge = spread * 0.40
    drop = (foot - top) * 0.40
    cap = [(x - edge, top + drop), (x, top - 3), (x + edge, top + drop), (x + edge * 0.45, top + drop * 0.74)]
    cap += [(x + edge * 0.1, top + drop * 1.08), (x - edge * 0.34, top + drop * 0.76)]
    stage.inlay(outline, cap, (252, 253, 255), distance * 0.35)


def townhouse(stage: Stage, x: float, y: float, width: float, height: float, wall: RGB, distance: float) -> None:
    half = width / 2
    stage.fill(box(x - half, y - height, x + half, y + 4), wall, distance)
    roof = rounded([(x - half - 0.7, y - height + 0.3), (x, y - height - width * 0.48), (x + half + 0.7, y - height + 0.3)], 0.7)
    stage.fill(roof, (222, 126, 114), distance)
    stage.cap(roof - np.array([0.0, 0.7]))
    for row in range(int(height // 6)):
        for side in (-1, 1):
            left, top = x + side * half * 0.45 - 0.9, y - height + 2.6 + row * 6
            stage.window(box(left, top, left + 1.8, top + 2.6, 0.4), mix(wall, (130, 150, 180), 0.5), distance)


def tower(stage: Stage, x: float, y: float, width: float, height: float, wall: RGB) -> None:
    half = width / 2
    stage.fill(box(x - half, y - height, x + half, y + 6), wall, 0.5)
    spire = rounded([(x - half - 0.8, y - height), (x, y - height - width * 1.3), (x + half + 0.8, y - height)], 0.7)
    stage.fill(spire, (176, 146, 180), 0.5)
    stage.window(oval(x, y - height + 4.2, half * 0.42), (250, 246, 236), 0.4)
    stage.window(box(x - 0.9, y - height + 9, x + 0.9, y - height + 13, 0.8), mix(wall, (130, 150, 180), 0.5), 0.5)


def mesa(stage: Stage, x: float, top: float, width: float) -> None:
    half, foot = width / 2, 66
    edge = ((-1.3, foot), (-0.9, top + 6), (-0.7, top), (0.7, top), (1.0, top + 7), (1.3, foot))
    shape = rounded([(x + half * across, y) for across, y in edge], 1.6)
    stage.wash(shape, stage.seen((232, 160, 118), 0.4), stage.seen((244, 188, 136), 0.5))
    for y in (top + 5, top + 10):
        stage.inlay(shape, [(x - width, y), (x + width, y), (x + width, y + 1.4), (x - width, y + 1.4)], (220, 144, 110), 0.45)


def cactus(stage: Stage, x: float, y: float, height: float) -> None:
    green: RGB = (122, 176, 120)
    stage.line([(x, y), (x, y - height)], height * 0.22, green, 0.25)
    for side, at in ((-1, 0.35), (1, 0.5)):
        arm = ((0.0, at), (0.3 * side, at + 0.04), (0.32 * side, at + 0.32))
        stage.line([(x + height * across, y - height * up) for across, up in arm], height * 0.15, green, 0.25)
