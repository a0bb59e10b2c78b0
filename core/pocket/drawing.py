"""A small canvas: shapes are arrays of points, and a pen fills them in a thing's own units. Knows nothing of scenes.

One unit is a hundredth of the picture's side at scale 1; y grows downward. Everything is drawn larger than wanted and reduced,
so edges are smooth; the light always falls from the upper left, also on a mirrored thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

RGB = tuple[int, int, int]
Shape = NDArray[np.float64]  # (points, 2)
Points = Sequence[tuple[float, float]]

INK: RGB = (64, 48, 72)  # a warm plum: softer than black beside every colour
PAPER: RGB = (255, 255, 255)

_TURNS = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURNS), np.sin(_TURNS)], axis=1)


@dataclass(frozen=True)
class Ramp:
    """One colour in four lights: on the surface, turned away from the light, toward it, and its palest (bellies, muzzles)."""

    base: RGB
    shade: RGB
    light: RGB
    pale: RGB


def mix(first: RGB, second: RGB, amount: float) -> RGB:
    """``first`` moved toward ``second`` by ``amount`` (0 to 1)."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(first, second, strict=True))
    return red, green, blue


def ramp(base: RGB, shade: RGB | None = None) -> Ramp:
    shade = shade or mix(base, (60, 40, 90), 0.24)
    light = mix(base, PAPER, 0.34)
    return Ramp(base, shade, light, mix(base, (255, 250, 240), 0.68))


def oval(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0.0) -> Shape:
    """An ellipse round (x, y); ``turn`` in degrees, clockwise on the page."""
    points = _CIRCLE * (rx, rx if ry is None else ry)
    if turn:
        points = points @ _rotation(turn).T
    return np.asarray(points + np.array([x, y]))


def blob(points: Points, steps: int = 10) -> Shape:
    """A smooth closed outline through the points (Catmull-Rom)."""
    knots = np.asarray(points, dtype=float)
    return _spline(np.concatenate([knots[-1:], knots, knots[:2]]), steps)


def twin(half: Points, steps: int = 10) -> Shape:
    """A smooth outline that is the same on both sides: ``half`` runs down the right side, from axis to axis."""
    return blob([*half, *((-x, y) for x, y in half[-2:0:-1])], steps)


def to_side(side: int, points: Points) -> list[tuple[float, float]]:
    """The points, or for ``side`` -1 their mirror image."""
    return [(side * x, y) for x, y in points]


def curve(points: Points, steps: int = 10) -> Shape:
    """A smooth open line through the points (Catmull-Rom)."""
    knots = np.asarray(points, dtype=float)
    first, last = 2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1]
    return np.concatenate([_spline(np.concatenate([first, knots, last]), steps), knots[-1:]])


def rounded(points: Points, radius: float) -> Shape:
    """A polygon whose corners are rounded by about ``radius``."""
    corners = np.asarray(points, dtype=float)
    parts = []
    t = np.linspace(0.0, 1.0, 7)[:, None]
    for index, corner in enumerate(corners):
        ends = []
        for other in (corners[index - 1], corners[(index + 1) % len(corners)]):
            side = other - corner
            length = max(float(np.hypot(*side)), 1e-9)
            ends.append(corner + side / length * min(radius, length / 2))
        parts.append((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * corner + t**2 * ends[1])
    return np.concatenate(parts)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Shape:
    return rounded([(left, top), (right, top), (right, bottom), (left, bottom)], radius)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points on an ellipse from ``start`` to ``end`` degrees, clockwise from the right: a smile is 0 to 180."""
    angles = np.radians(np.linspace(start, end, 9))
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in angles]


def ribbon(points: Points, width: float, tip: float | None = None) -> Shape:
    """A smooth line with round ends as an outline; its width goes from ``width`` to ``tip``."""
    line = curve(points, 8)
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half = np.linspace(width, width if tip is None else tip, len(line))[:, None] / 2
    sweep = np.radians(np.linspace(90, -90, 9))
    cap_end = line[-1] + half[-1] * (np.cos(sweep)[:, None] * along[-1] + np.sin(sweep)[:, None] * normal[-1])
    cap_start = line[0] - half[0] * (np.cos(sweep)[:, None] * along[0] + np.sin(sweep)[:, None] * normal[0])
    return np.concatenate([line + normal * half, cap_end, (line - normal * half)[::-1], cap_start])


def _spline(knots: Shape, steps: int) -> Shape:
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    a, b, c, d = (knots[i : len(knots) - 3 + i, None, :] for i in range(4))
    points = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(points.reshape(-1, 2))


def _rotation(degrees: float) -> NDArray[np.float64]:
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


class Pen:
    """Fills shapes on one image, in units, from an origin in pixels; ``within`` gives a pen for a part of the thing."""

    def __init__(self, image: Image.Image, unit: float, origin: tuple[float, float] = (0.0, 0.0), mirrored: bool = False) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._matrix = np.array([[-unit if mirrored else unit, 0.0], [0.0, unit]])
        self._origin = np.asarray(origin, dtype=float)
        self._unit = unit

    def within(self, x: float, y: float, scale: float = 1.0, turn: float = 0.0) -> Pen:
        """A pen whose origin is at (x, y) of this one, scaled and turned."""
        part = Pen.__new__(Pen)
        part.image, part._draw = self.image, self._draw
        part._matrix = self._matrix @ _rotation(turn) * scale
        part._origin = self._pixels(np.array([[x, y]]))[0]
        part._unit = self._unit * scale
        return part

    def fill(self, shape: Shape, colour: RGB) -> None:
        self._draw.polygon(_corners(self._pixels(shape)), fill=colour)

    def line(self, points: Points, width: float, colour: RGB, tip: float | None = None) -> None:
        self.fill(ribbon(points, width, tip), colour)

    def inlay(self, shape: Shape, inner: Shape, colour: RGB) -> None:
        """Fills the part of ``inner`` that lies inside ``shape``."""
        self._fill_common(self._pixels(shape), self._pixels(inner), colour)

    def form(self, shape: Shape, colours: Ramp, depth: float = 1.0) -> None:
        """Fills a shape as a rounded body: a crescent of shade, ``depth`` units wide, on the side away from the light."""
        outline = self._pixels(shape)
        self._draw.polygon(_corners(outline), fill=colours.shade)
        self._fill_common(outline, outline - np.array([0.62, 0.78]) * depth * self._unit, colours.base)

    def wash(self, shape: Shape, top: RGB, bottom: RGB) -> None:
        """Fills a shape with an upright gradient from its highest point to its lowest."""
        outline = self._pixels(shape)
        frame = _frame(outline, self.image.size)
        if frame is None:
            return
        left, upper, right, lower = frame
        mask = _mask(outline, frame)
        t = np.linspace(0.0, 1.0, lower - upper)[:, None]
        column = np.asarray(top) * (1 - t) + np.asarray(bottom) * t
        strip = Image.fromarray(np.rint(column).astype(np.uint8)[:, None, :])
        self.image.paste(strip.resize((right - left, lower - upper), Image.Resampling.NEAREST), (left, upper), mask)

    def _fill_common(self, outline: Shape, inner: Shape, colour: RGB) -> None:
        frame = _frame(outline, self.image.size)
        if frame is not None:
            mask = ImageChops.darker(_mask(outline, frame), _mask(inner, frame))
            self.image.paste(colour, frame, mask)

    def _pixels(self, shape: Shape) -> Shape:
        return np.asarray(shape @ self._matrix.T + self._origin)


def _corners(outline: Shape) -> list[float]:
    corners: list[float] = np.rint(outline - 0.5).ravel().tolist()
    return corners


def _frame(outline: Shape, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The whole pixels round an outline, cut to the image; nothing if it lies outside."""
    left, upper = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0).tolist()
    right, lower = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, size).tolist()
    return (left, upper, right, lower) if left < right and upper < lower else None


def _mask(outline: Shape, frame: tuple[int, int, int, int]) -> Image.Image:
    left, upper, right, lower = frame
    mask = Image.new("L", (right - left, lower - upper))
    ImageDraw.Draw(mask).polygon(_corners(outline - (left, upper)), fill=255)
    return mask
