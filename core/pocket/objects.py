"""Draws the seven things that stand on the ground, on (0, 0), and are no characters: from a house to a gift."""

from __future__ import annotations

from core.pocket.drawing import INK, PAPER, RGB, Pen, Ramp, arc, blob, box, mix, oval, ramp, rounded, to_side, twin
from core.pocket.faces import small_face
from core.pocket.looks import RAMPS, Look

BARK = ramp((150, 104, 74), (114, 74, 62))
LEAF = ramp((78, 164, 92), (48, 124, 84))
SNOW = ramp((246, 249, 255), (204, 218, 240))
ROOF = ramp((104, 84, 108), (76, 58, 86))
CREAM = ramp((255, 244, 224), (236, 214, 190))
WATER = ramp((96, 178, 222), (66, 146, 204))


def house(pen: Pen, look: Look) -> None:
    c = look.colours
    pen.form(box(5.4, -29, 9.4, -20, 0.6), ramp(mix(ROOF.base, c.base, 0.25)), 0.8)
    walls = box(-11.4, -18.4, 11.4, 0, 0.8)
    pen.form(walls, c, 1.4)
    gable = rounded([(-11.4, -17), (0, -28), (11.4, -17)], 0.6)
    pen.form(gable, c, 1.4)
    pen.inlay(walls, box(-12, -1.8, 12, 0.2), mix(c.shade, INK, 0.2))
    for side in (-1, 1):
        slope = [(0, -30.4), (side * 15.2, -16.8), (side * 13.6, -14.0), (0, -26)]
        pen.form(rounded(slope, 1.2), ROOF if side > 0 else ramp(mix(ROOF.base, PAPER, 0.12)), 0.5)
        pen.line([(side * 1.6, -27.4), (side * 13.6, -15.6)], 0.7, mix(ROOF.base, PAPER, 0.34))
        if look.snowy:
            cap = [(0, -31.6), (8, -24.6), (15.6, -17.4), (13.4, -17.2), (9, -21.2), (5, -23.4), (0, -28.2)]
            pen.form(blob(to_side(side, cap)), SNOW, 0.4)
    if not look.snowy:
        pen.fill(oval(0, -29.0, 1.3), ramp(mix(ROOF.base, PAPER, 0.12)).base)
    else:
        pen.form(box(4.8, -30.2, 10, -28, 1), SNOW, 0.4)
    glass: RGB = (255, 226, 132) if look.time != "day" else (206, 236, 250)
    trim = CREAM.base if look.colour != "white" else (214, 190, 170)
    pen.fill(oval(0, -20.6, 2.7), trim)
    pen.fill(oval(0, -20.6, 1.9), glass)
    for x in (-7.2, 7.2):
        pen.fill(box(x - 2.7, -13.6, x + 2.7, -7.2, 0.9), trim)
        pen.fill(box(x - 2.0, -12.9, x + 2.0, -7.9, 0.6), glass)
        pen.fill(box(x - 0.3, -13, x + 0.3, -7.8), trim)
        pen.fill(box(x - 2.2, -10.6, x + 2.2, -10.0), trim)
        pen.form(box(x - 3.2, -7.2, x + 3.2, -5.8, 0.5), BARK, 0.3)
        for at in (-2.0, 0.0, 2.0):
            pen.fill(oval(x + at, -7.4, 1.1, 0.9), LEAF.base)
    pen.fill(rounded([(-3.6, 0), (-3.6, -8), (-2, -10.6), (2, -10.6), (3.6, -8), (3.6, 0)], 1.4), trim)
    door = rounded([(-2.8, 0), (-2.8, -7.6), (-1.4, -9.7), (1.4, -9.7), (2.8, -7.6), (2.8, 0)], 1.2)
    pen.form(door, BARK, 0.6)
    pen.fill(oval(1.5, -4.4, 0.6), (255, 212, 66))
    pen.form(box(-4.4, -0.8, 4.4, 0.5, 0.4), ramp((206, 196, 200)), 0.4)
    for x, size in ((-11.6, 2.6), (-9.2, 2.0), (11.4, 2.3)):
        pen.form(oval(x, -size * 0.6, size * 1.1, size), SNOW if look.snowy else LEAF, 0.5)


def tree(pen: Pen, look: Look) -> None:
    c = look.colours
    trunk = blob([(-2.4, -16), (2.4, -16), (2.2, -6), (4.0, 0), (0, 0.5), (-4.0, 0), (-2.2, -6)])
    pen.form(trunk, BARK, 1.0)
    pen.line([(0.6, -9), (4.4, -14.6)], 1.6, BARK.base, 1.0)
    puffs = ((-8.2, -16.6, 6.4), (8.2, -16.6, 6.4), (-6.8, -23.0, 6.2), (6.8, -23.0, 6.2), (0.0, -27.4, 6.4), (0.0, -18.6, 9.4))
    for x, y, r in puffs:
        pen.fill(oval(x, y, r), c.shade)
    for x, y, r in puffs:
        pen.fill(oval(x - 0.7, y - 0.9, r - 0.6), c.base)
    for x, y, r in puffs[:5]:
        puff = oval(x - 0.7, y - 0.9, r - 0.6)
        pen.inlay(puff, oval(x - 1.6, y - 2.2, r * 0.62, r * 0.56), mix(c.base, c.light, 0.6))
    for x, y in ((-3.6, -14.6), (2.4, -12.6), (9.6, -13.6), (3.0, -20.4), (-9.8, -14.0), (9.4, -21.4)):
        pen.fill(oval(x, y, 1.0), mix(c.shade, c.base, 0.15))
    if look.snowy:
        for x, y, r in puffs[2:5]:
            pen.inlay(oval(x, y, r), oval(x, y - r * 1.1, r * 1.15, r * 0.84), SNOW.base)


def flower(pen: Pen, look: Look) -> None:
    c = look.colours
    pen.line([(0, 0), (-0.8, -7), (0, -14)], 1.7, LEAF.base)
    for side, y in ((-1, -3.4), (1, -5.6)):
        leaf = [(0, y), (side * 3.2, y - 3.6), (side * 7.2, y - 3.4), (side * 4.6, y + 0.2)]
        pen.form(blob(leaf), LEAF, 0.5)
    for turn in range(0, 360, 60):
        petal = pen.within(0, -20.4, turn=turn + 12)
        petal.fill(oval(0, -5.4, 3.9, 4.5), c.shade)
    for turn in range(0, 360, 60):
        petal = pen.within(-0.15, -20.6, turn=turn + 12)
        petal.fill(oval(0, -5.2, 3.4, 4.0), c.base)
        petal.fill(oval(0, -4.0, 0.8, 2.2), c.light if look.colour != "white" else c.shade)
    heart = RAMPS["yellow"] if look.colour != "yellow" else RAMPS["orange"]
    pen.form(oval(0, -20.5, 4.2), heart, 0.7)
    small_face(pen.within(0, -21.0, 0.75), look, 2.3)


def mushroom(pen: Pen, look: Look) -> None:
    c = look.colours
    stem = blob([(-3.4, -13), (3.4, -13), (4.0, -6), (5.0, -1.4), (0, 0.2), (-5.0, -1.4), (-4.0, -6)])
    pen.form(stem, CREAM, 1.0)
    cap = twin([(0, -24.8), (5.6, -23.2), (10.6, -17.6), (12.4, -11.4), (7, -9.8), (0, -9.2)])
    pen.form(cap, c, 1.4)
    pen.inlay(cap, oval(0, -9.0, 11.6, 2.3), CREAM.shade)
    for x, y, r in ((-5.6, -16.6, 2.3), (2.4, -20.2, 2.5), (7.8, -14.2, 1.9), (-0.8, -13.4, 1.4), (-10.8, -13.0, 1.4)):
        pen.inlay(cap, oval(x, y, r * 1.05, r), (255, 252, 244))
    small_face(pen.within(0, -5.8, 0.75), look, 2.5)
    for x in (-5.6, 5.0):
        pen.line([(x, 0.3), (x - 0.8, -2.6)], 0.9, LEAF.base, 0.4)
        pen.line([(x, 0.3), (x + 1.2, -2.0)], 0.9, LEAF.shade, 0.4)


def boat(pen: Pen, look: Look) -> None:
    c = look.colours
    if not look.afloat:
        ice = look.snowy
        pond = ramp((176, 212, 236), (140, 184, 220)) if ice else WATER
        pen.fill(oval(0, -0.2, 15.8, 4.0), pond.shade)
        pen.fill(oval(0, 0.2, 14.9, 3.4), pond.base)
    pen.line([(0, -6), (0, -29)], 1.1, BARK.base)
    pen.form(blob([(1.2, -27.4), (6.6, -21), (12.2, -10.4), (6.4, -9.0), (1.2, -9.4), (1.6, -18)]), CREAM, 1.0)
    pen.form(blob([(-1.2, -24.6), (-5.0, -18.6), (-9.4, -10.6), (-5.0, -9.2), (-1.2, -9.4), (-1.0, -16)]), c, 0.9)
    pen.form(rounded([(0.2, -31.6), (6.0, -29.9), (0.2, -28.0)], 0.5), c, 0.3)
    hull = twin([(0, -7.3), (6, -7.5), (13.6, -8.4), (12.2, -3.6), (8.6, -0.2), (0, 0.4)])
    pen.form(hull, c, 1.2)
    pen.inlay(hull, blob([(-15, -9.4), (0, -8.0), (15, -9.4), (15, -6.4), (0, -5.2), (-15, -6.4)]), CREAM.base)
    for x in (-5.0, 0.0, 5.0):
        pen.fill(oval(x, -3.2, 1.25), CREAM.base)
        pen.fill(oval(x, -3.2, 0.8), mix(c.shade, INK, 0.35))
    for x, y, half in ((-8.6, 0.8, 2.5), (0.2, 1.4, 3.0), (9.0, 0.8, 2.0)):
        pen.line([(x - half, y), (x, y + 0.4), (x + half, y)], 0.7, (226, 244, 252))


def snowman(pen: Pen, look: Look) -> None:
    c = Ramp((253, 252, 252), (190, 204, 234), PAPER, PAPER)
    scarf = ramp((226, 74, 74))
    for side in (-1, 1):
        pen.line([(side * 6, -12), (side * 11, -15.4), (side * 13.6, -19.0 if side < 0 else -14.6)], 0.9, BARK.base, 0.7)
        pen.line([(side * 11, -15.4), (side * 13.4, -14.4 if side < 0 else -18.0)], 0.8, BARK.base, 0.6)
    pen.form(oval(0, -7.4, 9.2, 7.7), c, 1.6)
    pen.form(oval(0, -19.4, 7.2, 6.7), c, 1.4)
    for y in (-9.6, -6.2, -2.8):
        pen.fill(oval(0, y, 0.85), INK)
    pen.form(rounded([(1.8, -14), (4.8, -13.8), (5.6, -7.4), (2.6, -7.0)], 0.7), scarf, 0.5)
    pen.form(blob([(-6.2, -15.6), (0, -13.9), (6.2, -15.6), (6.4, -13.2), (0, -11.5), (-6.4, -13.2)]), scarf, 0.6)
    hat = ramp((76, 84, 132), (54, 58, 104))
    pen.form(rounded([(-4.4, -33.6), (4.4, -33.6), (4.9, -25), (-4.9, -25)], 0.9), hat, 0.9)
    pen.fill(rounded([(-4.9, -27.6), (4.9, -27.6), (5.0, -25.4), (-5.0, -25.4)], 0.2), scarf.base)
    pen.form(box(-7.4, -26, 7.4, -24.2, 0.9), hat, 0.4)
    small_face(pen.within(0, -20.6, 0.9), look, 3.1, smile=False)
    pen.form(rounded([(-0.3, -20.0), (6.4, -18.0), (-0.3, -17.4)], 0.8), ramp((252, 150, 52), (228, 110, 40)), 0.4)
    pen.line(arc(-0.4, -16.6, 2.4, 1.2, 20, 160), 0.5, INK)


def gift(pen: Pen, look: Look) -> None:
    c = look.colours
    band = CREAM if look.colour == "yellow" else ramp((255, 222, 110), (236, 180, 70))
    base = box(-9.6, -14.6, 9.6, 0, 1.0)
    pen.form(base, c, 1.4)
    pen.inlay(base, box(-10, -15, 10, -13.4), c.shade)
    pen.fill(box(-1.9, -14.6, 1.9, 0), band.base)
    pen.fill(box(1.0, -14.6, 1.9, 0), band.shade)
    lid = box(-11.0, -19.0, 11.0, -14.0, 1.1)
    pen.form(lid, Ramp(mix(c.base, c.light, 0.3), c.shade, c.light, c.pale), 0.8)
    pen.inlay(lid, box(-2.1, -19.4, 2.1, -13.6), band.base)
    for side in (-1, 1):
        loop = [(0, -19.2), (side * 3.0, -23.8), (side * 7.2, -25.2), (side * 8.4, -22.0), (side * 5.0, -19.6)]
        pen.form(blob(loop), band, 0.6)
        pen.fill(oval(side * 5.2, -22.2, 1.7, 1.0, side * -28), mix(band.shade, c.shade, 0.35))
    pen.form(oval(0, -20.0, 2.0, 1.7), band, 0.5)
    for x, y in ((-5.8, -9.8), (5.6, -9.8), (-5.8, -4.0), (5.6, -4.0)):
        pen.fill(oval(x, y, 0.95), c.light)
