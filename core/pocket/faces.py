"""Draws faces and their moods: happy, sleepy, or delighted by what is above. A mood changes eyes and mouth, nothing else."""

from __future__ import annotations

from core.pocket.drawing import INK, PAPER, RGB, Pen, arc, blob, mix, oval
from core.pocket.looks import Look

ROSE: RGB = (244, 124, 138)


def eye(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.fill(oval(x, y, radius, radius * 1.2), INK)
    pen.fill(oval(x - radius * 0.28, y - radius * 0.45, radius * 0.42), PAPER)
    pen.fill(oval(x + radius * 0.38, y + radius * 0.5, radius * 0.2), (190, 176, 200))


def eyes(pen: Pen, look: Look, y: float, gap: float) -> None:
    """Two eyes and blushing cheeks; the mood opens, closes or lifts them."""
    for side in (-1, 1):
        pen.fill(oval(side * (gap + 2.3), y + 3.0, 1.7, 1.1), mix(look.colours.base, ROSE, 0.72))
        match look.mood:
            case "sleepy":
                pen.line(arc(side * gap, y - 0.2, 1.6, 1.2, 0, 180), 0.62, INK)
            case "delighted":
                eye(pen, side * gap, y - 0.7, 1.5)
            case "happy":
                eye(pen, side * gap, y, 1.35)


def mouth(pen: Pen, look: Look, y: float, width: float = 1.2, opens: bool = True) -> None:
    if look.mood == "delighted" and opens:
        _open_mouth(pen, y + 0.2, width * 1.25, 2.3)
        return
    for side in (-1, 1):
        pen.line(arc(side * width * 0.95, y, width * 0.95, 0.95, 0, 180), 0.46, INK)


def grin(pen: Pen, look: Look, y: float, width: float) -> None:
    if look.mood == "delighted":
        _open_mouth(pen, y + 0.2, width * 0.8, 3.6)
    else:
        pen.line(arc(0, y, width, 2.2, 8, 172), 0.7, INK)


def _open_mouth(pen: Pen, y: float, width: float, depth: float) -> None:
    corner = width * 0.75
    shape = blob([(-width, y), (0, y + 0.3), (width, y), (corner, y + depth * 0.7), (0, y + depth), (-corner, y + depth * 0.7)])
    pen.fill(shape, (142, 52, 74))
    pen.inlay(shape, oval(0, y + depth, width * 0.75, depth * 0.5), (244, 124, 134))


def small_face(pen: Pen, look: Look, gap: float, smile: bool = True) -> None:
    """A face round (0, 0) for what is no character: two dots, rosy cheeks, and a smile."""
    for side in (-1, 1):
        if look.mood == "sleepy":
            pen.line(arc(side * gap, -0.2, 0.95, 0.75, 0, 180), 0.46, INK)
        else:
            pen.fill(oval(side * gap, 0, 0.8, 1.05), INK)
            pen.fill(oval(side * gap - 0.2, -0.4, 0.3), PAPER)
        pen.fill(oval(side * (gap + 1.6), 1.8, 1.1, 0.7), ROSE)
    if smile:
        pen.line(arc(0, 1.2, 1.0, 0.9, 0, 180), 0.46, INK)
