"""Draws the six things of the sky round (0, 0): balloon, kite, bird, butterfly, star and cloud."""

from __future__ import annotations

import math

from core.pocket.drawing import INK, PAPER, RGB, Pen, Ramp, arc, blob, mix, oval, ramp, rounded, to_side, twin
from core.pocket.faces import ROSE, small_face
from core.pocket.looks import RAMPS, Look

STRING: RGB = (136, 118, 140)
BEAK = ramp((252, 166, 50), (230, 122, 40))


def balloon(pen: Pen, look: Look) -> None:
    c = look.colours
    pen.line([(0, 6), (1.2, 9.5), (-0.8, 13), (0.6, 17)], 0.6, STRING)
    pen.form(rounded([(0, 4.2), (2.0, 7.6), (-2.0, 7.6)], 0.6), c, 0.4)
    envelope = twin([(0, -15.4), (6.6, -13), (9.2, -6.4), (6.6, 0.8), (0, 5.6)])
    pen.form(envelope, c, 1.5)
    pen.fill(oval(-3.9, -9.2, 1.7, 3.2, 24), mix(c.light, PAPER, 0.35))
    pen.fill(oval(-5.0, -4.4, 0.8, 1.1, 10), mix(c.light, PAPER, 0.35))


def kite(pen: Pen, look: Look) -> None:
    c = look.colours
    kite_pen = pen.within(0, -1.6, turn=14)
    tail = [(0.0, 9.0), (2.4, 12.4), (-1.0, 15.4), (1.8, 18.6)]
    kite_pen.line(tail, 0.6, STRING)
    for x, y in ((1.9, 12.2), (-0.4, 15.4), (1.6, 18.4)):
        for side in (-1, 1):
            kite_pen.form(rounded([(x, y), (x + side * 2.8, y - 1.5), (x + side * 2.8, y + 1.5)], 0.5), RAMPS["yellow"], 0.3)
    sail = rounded([(0, -14.6), (9.6, -3.4), (0, 10.4), (-9.6, -3.4)], 1.4)
    kite_pen.fill(sail, c.base)
    kite_pen.inlay(sail, rounded([(0, -16), (0, -3.4), (-12, -3.4)], 0), c.light)
    kite_pen.inlay(sail, rounded([(0, 12), (0, -3.4), (12, -3.4)], 0), c.shade)
    for spar in ([(0.0, -13.8), (0.0, 9.6)], [(-8.8, -3.4), (8.8, -3.4)]):
        kite_pen.line(spar, 0.6, mix(c.pale, PAPER, 0.3))
    kite_pen.form(oval(0, -3.4, 1.5), RAMPS["yellow"], 0.3)


def bird(pen: Pen, look: Look) -> None:
    """Flying to the right, its wing up or down."""
    c = look.colours
    dusk = Ramp(mix(c.base, c.shade, 0.55), c.shade, c.base, c.pale)
    if look.lively:
        pen.fill(blob([(1.6, -2.4), (3.4, -9.4), (1.8, -14.2), (-2.6, -8.6), (-3.6, -2.4)]), c.shade)
    pen.form(blob([(-7.4, -1.4), (-14.6, -4.8), (-15.6, -1.8), (-13.4, -0.2), (-14.8, 2.8), (-8.0, 2.6)]), dusk, 0.6)
    back = [(-9.0, 0.2), (-3.0, -4.4), (2.0, -7.4), (7.0, -9.0), (11.4, -6.2)]
    front = [(11.4, -1.2), (8.2, 3.8), (1.6, 6.4), (-5.4, 4.2)]
    body = blob([*back, *front])
    pen.form(body, c, 1.1)
    pen.inlay(body, oval(4.4, 5.4, 8.4, 5.0, -28), c.pale if look.colour != "white" else (232, 236, 248))
    pen.form(rounded([(10.8, -5.2), (15.4, -2.8), (10.8, -1.6)], 0.7), BEAK, 0.4)
    wing = (
        [(3.0, -1.2), (0.2, -8.2), (-5.4, -14.4), (-9.6, -13.6), (-8.6, -7.0), (-4.6, -0.6)]
        if look.lively
        else [(4.0, -2.6), (2.6, 2.6), (-3.0, 7.6), (-9.4, 9.6), (-8.0, 3.6), (-4.4, -2.6)]
    )
    pen.form(blob(wing), dusk, 0.8)
    pen.fill(oval(6.2, -1.6, 1.4, 0.9), mix(c.base, ROSE, 0.7))
    if look.mood == "sleepy":
        pen.line(arc(8.0, -4.8, 1.2, 0.9, 0, 180), 0.55, INK)
    else:
        pen.fill(oval(8.0, -4.8, 1.15, 1.4), INK)
        pen.fill(oval(7.7, -5.3, 0.5), PAPER)


def butterfly(pen: Pen, look: Look) -> None:
    c = look.colours
    for side in (-1, 1):
        wing = pen.within(0, 0, turn=side * 4)
        lower = blob(to_side(side, [(0.6, -0.6), (8.0, 1.2), (10.6, 6.2), (7.4, 10.6), (3.4, 8.6)]))
        wing.form(lower, Ramp(mix(c.base, c.shade, 0.5), c.shade, c.base, c.pale), 0.8)
        wing.fill(oval(side * 6.8, 6.0, 2.2, 2.3), c.light)
        upper = blob(to_side(side, [(0.6, 0.8), (3.0, -7.0), (8.6, -12.4), (13.6, -10.6), (13.4, -4.0), (8.4, 1.2)]))
        wing.form(upper, c, 1.0)
        wing.fill(oval(side * 9.0, -6.4, 3.0, 3.2, side * 30), c.pale)
        wing.fill(oval(side * 9.2, -6.4, 1.5, 1.7, side * 30), c.light)
        pen.line([(side * 0.5, -7), (side * 1.8, -10.8), (side * 4.0, -12.6)], 0.55, INK)
        pen.fill(oval(side * 4.1, -12.7, 0.8), INK)
    pen.fill(blob([(0, -3.6), (1.5, -1), (1.1, 5), (0, 8.4), (-1.1, 5), (-1.5, -1)]), (92, 70, 96))
    pen.fill(oval(0, -5.2, 2.3), (92, 70, 96))
    for side in (-1, 1):
        pen.fill(oval(side * 0.85, -5.5, 0.5, 0.62), PAPER)


def star(pen: Pen, look: Look) -> None:
    c = look.colours
    corners = []
    for index in range(10):
        radius, angle = (13.4 if index % 2 == 0 else 6.9), math.radians(index * 36 - 90)
        corners.append((radius * math.cos(angle), radius * math.sin(angle)))
    shape = rounded(corners, 3.0)
    pen.form(shape, c, 1.3)
    pen.fill(oval(-4.6, -3.6, 0.9, 1.7, 40), mix(c.light, PAPER, 0.5))
    small_face(pen.within(0, 0.2), look, 2.6)


def cloud(pen: Pen, look: Look) -> None:
    puffs = ((-8.6, 1.2, 6.0, 5.0), (8.4, 1.4, 6.4, 5.2), (-2.4, -3.8, 7.2, 6.4), (4.6, -1.8, 6.2, 5.6), (0, 3.0, 12.0, 4.4))
    for x, y, rx, ry in puffs:
        pen.fill(oval(x + 0.3, y + 1.1, rx, ry), (196, 210, 238))
    for x, y, rx, ry in puffs:
        pen.fill(oval(x, y, rx, ry), (240, 244, 254))
    for x, y, rx, ry in puffs[:4]:
        pen.fill(oval(x - 0.5, y - 0.8, rx * 0.86, ry * 0.84), (255, 255, 255))
    pen.fill(oval(-0.6, 2.0, 10.4, 3.4), (255, 255, 255))
    small_face(pen.within(-0.4, 0.8), look, 3.0)
