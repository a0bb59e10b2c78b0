"""Draws the seven characters, standing on (0, 0) and about thirty units tall. Faces, moods and winter scarves included."""

from __future__ import annotations

from core.pocket.drawing import INK, PAPER, Pen, Points, Ramp, arc, blob, mix, oval, ramp, ribbon, rounded, to_side, twin
from core.pocket.faces import ROSE, eye, eyes, grin, mouth
from core.pocket.looks import Look

BEAK = ramp((252, 160, 44), (230, 118, 36))
WOOL_RED = ramp((226, 74, 74))
WOOL_TEAL = ramp((46, 166, 166))


def cat(pen: Pen, look: Look) -> None:
    c = look.colours
    pen.form(ribbon([(5, -2.6), (11.5, -2.4), (13.6, -7.5), (10.6, -11.5), (11.6, -14.5)], 3.4, 2.8), c, 0.8)
    body = twin([(0, -14), (5.4, -10), (7.8, -4.6), (6.6, -0.4), (0, 0.2)])
    pen.form(body, c)
    pen.inlay(body, oval(-0.3, -3.4, 4.0, 5.6), c.pale)
    _paws(pen, c, 3.0)
    for side in (-1, 1):
        pen.form(rounded([(side * 9.4, -17), (side * 8.4, -28.6), (side * 1.0, -23)], 1.8), c, 0.7)
        pen.fill(rounded([(side * 7.9, -20), (side * 7.5, -25.8), (side * 3.4, -23)], 1.2), mix(ROSE, c.pale, 0.3))
    head = twin([(0, -25.4), (6.4, -24), (9.9, -18.6), (8.4, -13), (0, -10.8)])
    pen.form(head, c)
    for x in (-2.6, 0, 2.6):
        pen.inlay(head, ribbon([(x, -26), (x * 0.85, -22.6 + abs(x) * 0.2)], 1.3, 0.7), c.shade)
    for x in (-1.7, 1.7):
        pen.fill(oval(x, -14.3, 2.5, 1.9), c.pale)
    if look.lively:
        _wave(pen, c, (-5.6, -7.6), (-11.2, -12.6), 3.8)
    for side in (-1, 1):
        for rise in (-0.5, 0.6):
            pen.line([(side * 6.6, -14.4 + rise * 0.6), (side * 11.4, -14.6 + rise * 2.2)], 0.36, mix(c.shade, INK, 0.35))
    eyes(pen, look, -17.4, 4.3)
    pen.fill(rounded([(-1.1, -15.9), (1.1, -15.9), (0, -14.5)], 0.5), ROSE)
    mouth(pen, look, -14.3)
    _scarf(pen, look, -10.6, 5.8)


def dog(pen: Pen, look: Look) -> None:
    c = look.colours
    ears = ramp(c.shade) if look.colour != "white" else ramp((190, 178, 196))
    pen.form(ribbon([(6, -4), (10.4, -6.2), (12.4, -11.4)], 3.4, 2.2), c, 0.8)
    body = twin([(0, -14), (5.8, -10), (8.0, -4.6), (6.8, -0.4), (0, 0.2)])
    pen.form(body, c)
    pen.inlay(body, oval(-0.2, -4.0, 4.4, 6.0), c.pale)
    _paws(pen, c, 3.2)
    if look.lively:
        _wave(pen, c, (-6.0, -7.2), (-11.6, -10.2), 4.0)
    head = twin([(0, -26.4), (6.2, -25), (9.2, -19.6), (8.0, -13), (0, -10.4)])
    pen.form(head, c)
    pen.inlay(head, oval(4.0, -19.0, 3.6, 4.2, 12), mix(ears.base, c.base, 0.35))
    for side in (-1, 1):
        ear = [(5.4, -25.6), (10.2, -24.4), (12.6, -18), (11.4, -12.4), (8.6, -12.6), (7.2, -19)]
        pen.form(blob(to_side(side, ear)), ears, 0.8)
    pen.fill(oval(0, -14.6, 4.9, 3.8), c.pale)
    eyes(pen, look, -19.2, 3.9)
    if look.mood == "delighted":
        pen.fill(blob([(-1.5, -13), (1.5, -13), (1.2, -10.2), (0, -9.4), (-1.2, -10.2)]), (240, 112, 124))
    mouth(pen, look, -13.7, 1.35)
    pen.fill(oval(0, -16.6, 2.0, 1.45), INK)
    pen.fill(oval(-0.6, -17.1, 0.6, 0.4), (150, 136, 160))
    if not look.snowy:
        pen.line(arc(0, -11.6, 5.6, 2.2, 20, 160), 1.2, WOOL_RED.base)
        pen.form(oval(0, -8.7, 1.4), ramp((255, 212, 66)), 0.4)
    _scarf(pen, look, -10.4, 6.2)


def rabbit(pen: Pen, look: Look) -> None:
    c = look.colours
    fluff = Ramp(c.pale, mix(c.pale, c.shade, 0.4), PAPER, PAPER)
    pen.form(oval(7.4, -4.2, 3.1), fluff, 0.8)
    for side, lean in ((-1, -8.0), (1, 22.0 if look.lively else 8.0)):
        ear = pen.within(side * 3.6, -21, turn=lean)
        tall = twin([(0, 1), (-2.7, -4), (-2.6, -10.5), (0, -13.4)])
        ear.form(tall, c, 0.8)
        ear.fill(oval(0, -6.6, 1.3, 4.8), mix(ROSE, c.pale, 0.35))
    body = twin([(0, -12.6), (5.2, -9), (7.2, -4.2), (6, -0.4), (0, 0.2)])
    pen.form(body, c)
    pen.inlay(body, oval(-0.2, -4.2, 4.2, 5.4), c.pale)
    for side in (-1, 1):
        pen.form(oval(side * 4.4, -1.0, 3.5, 1.9), c, 0.6)
        if not (look.lively and side < 0):
            pen.form(ribbon([(side * 5.0, -8.6), (side * 2.6, -5.8)], 3.0, 2.8), c, 0.6)
    head = twin([(0, -23.2), (5.6, -22.2), (9.0, -17), (7.8, -12), (0, -9.8)])
    pen.form(head, c)
    if look.lively:
        _wave(pen, c, (-5.2, -7.4), (-10.6, -11.8), 3.4)
    for x in (-1.5, 1.5):
        pen.fill(oval(x, -13.0, 2.2, 1.7), c.pale)
    eyes(pen, look, -16.4, 4.0)
    pen.fill(oval(0, -14.4, 1.0, 0.7), ROSE)
    if look.mood != "sleepy":
        pen.fill(rounded([(-0.9, -12.8), (0.9, -12.8), (0.8, -11.2), (-0.8, -11.2)], 0.3), PAPER)
    mouth(pen, look, -13.1, opens=False)
    _scarf(pen, look, -9.8, 5.2)


def bear(pen: Pen, look: Look) -> None:
    c = look.colours
    for side in (-1, 1):
        pen.form(oval(side * 7.6, -27.0, 4.0), c, 0.8)
        pen.fill(oval(side * 7.4, -26.6, 2.1), mix(c.pale, ROSE, 0.25))
    if look.lively:
        _wave(pen, c, (-7.6, -9.4), (-13.4, -14.6), 4.8)
    else:
        pen.form(ribbon([(-7.4, -10.6), (-11.2, -5.6)], 4.8, 4.4), c, 0.8)
    pen.form(ribbon([(7.4, -10.6), (11.2, -5.6)], 4.8, 4.4), c, 0.8)
    body = twin([(0, -16), (7.4, -12), (9.8, -5.6), (7.4, -0.6), (0, 0.3)])
    pen.form(body, c, 1.2)
    pen.inlay(body, oval(-0.2, -5.8, 5.6, 6.2), c.pale)
    for side in (-1, 1):
        pen.form(oval(side * 6.4, -2.0, 3.7, 3.3), c, 0.7)
        pen.fill(oval(side * 6.4, -1.7, 2.0, 1.7), c.pale)
    head = twin([(0, -28.8), (6.6, -27.2), (10.2, -21), (8.6, -14.8), (0, -12.2)])
    pen.form(head, c, 1.2)
    pen.fill(oval(0, -16.6, 4.8, 3.7), c.pale)
    eyes(pen, look, -20.4, 4.5)
    pen.fill(oval(0, -18.4, 1.9, 1.35), INK)
    pen.fill(oval(-0.6, -18.9, 0.6, 0.38), (150, 136, 160))
    mouth(pen, look, -16.2, 1.1)
    _scarf(pen, look, -12.2, 6.6)


def frog(pen: Pen, look: Look) -> None:
    c = look.colours
    belly = mix(c.pale, (255, 250, 200), 0.4)
    for side in (-1, 1):
        pen.form(oval(side * 9.4, -4.0, 5.0, 4.2, side * -18), c, 0.8)
        for toe in (-1.6, 0.2, 2.0):
            pen.fill(oval(side * 10.0 + toe * 1.3, -0.7, 1.5, 1.1), c.shade)
    body = twin([(0, -13), (7.4, -9.4), (8.4, -3.4), (5.6, -0.2), (0, 0.2)])
    pen.form(body, c)
    pen.inlay(body, oval(-0.2, -3.4, 5.6, 5.4), belly)
    for side in (-1, 1):
        pen.form(ribbon([(side * 5.6, -6.6), (side * 4.6, -0.9)], 2.6, 2.6), c, 0.6)
        pen.fill(oval(side * 4.6, -0.5, 2.1, 1.0), c.base)
        pen.form(oval(side * 6.3, -21.2, 4.6, 4.6), c, 0.9)
    head = twin([(0, -21.2), (8.0, -20.0), (11.8, -14.4), (8.6, -9.4), (0, -7.8)])
    pen.form(head, c)
    for side in (-1, 1):
        pen.fill(oval(side * 6.3, -21.5, 3.5, 3.5), c.base if look.mood == "sleepy" else PAPER)
        pen.fill(oval(side * 7.8, -13.2, 1.9, 1.2), mix(c.base, ROSE, 0.75))
        pen.fill(oval(side * 1.1, -16.0, 0.35, 0.5), c.shade)
        if look.mood == "sleepy":
            pen.line(arc(side * 6.3, -21.6, 2.4, 1.5, 0, 180), 0.7, INK)
        else:
            eye(pen, side * 6.1, -22.1 if look.mood == "delighted" else -21.2, 2.1)
    grin(pen, look, -13.6, 5.0)
    _scarf(pen, look, -7.8, 6.6)


def duck(pen: Pen, look: Look) -> None:
    c = look.colours
    for x in (-2.6, 2.8):
        pen.line([(x, -4), (x, -1)], 1.3, BEAK.shade)
        pen.form(rounded([(x - 1.2, -1.9), (x + 3.4, -0.9), (x + 3.2, 0.5), (x - 1.9, 0.5)], 0.7), BEAK, 0.3)
    back = [(-12.2, -9.4), (-13.6, -15.6), (-9.0, -12.6), (-2.4, -12.4), (3.0, -14.6)]
    front = [(8.4, -12.6), (9.4, -7.6), (6.0, -3.2), (-1.0, -2.0), (-8.2, -4.0)]
    body = blob([*back, *front])
    pen.form(body, c, 1.2)
    pen.inlay(body, oval(6.4, -7.0, 4.6, 5.4, 10), c.light)
    pen.form(rounded([(9.6, -22.6), (16.2, -20.6), (16.0, -18.2), (9.6, -17.2)], 1.6), BEAK, 0.6)
    pen.line([(10.6, -19.4), (15.2, -19.2)], 0.4, BEAK.shade)
    pen.line([(3.8, -27.4), (1.6, -30.6)], 1.4, c.base, 0.8)
    pen.line([(4.4, -27.4), (4.4, -31.0)], 1.4, c.base, 0.8)
    pen.form(oval(4.6, -20.6, 7.7, 7.5), c)
    pen.fill(oval(4.6, -14.0, 5.4, 1.8), c.base)
    if look.lively:
        wing = [(1.6, -8.0), (-2.4, -8.0), (-9.6, -13.0), (-12.4, -19.4), (-7.2, -18.6), (-3.0, -16.0), (1.2, -12.0)]
    else:
        wing = [(2.6, -11.2), (3.0, -7.4), (-0.6, -5.0), (-6.0, -6.0), (-9.8, -9.8), (-5.0, -11.2)]
    pen.form(blob(wing), Ramp(mix(c.base, c.shade, 0.4), c.shade, c.base, c.pale), 0.8)
    pen.fill(oval(5.6, -17.2, 1.9, 1.2), mix(c.base, ROSE, 0.7))
    if look.mood == "sleepy":
        pen.line(arc(7.2, -21.2, 1.6, 1.1, 0, 180), 0.7, INK)
    else:
        eye(pen, 7.4, -22.2 if look.mood == "delighted" else -21.6, 1.5)
    _scarf(pen, look, -13.6, 5.0, 4.6)


def penguin(pen: Pen, look: Look) -> None:
    c = look.colours
    face = PAPER if look.colour != "red" else (255, 246, 240)
    for side in (-1, 1):
        pen.form(oval(side * 4.4, -0.6, 3.5, 1.7), BEAK, 0.5)
    down: Points = [(7.6, -16), (11.6, -11), (12.0, -6.4)]
    up: Points = [(7.6, -16), (12.6, -19), (14.6, -23.6)]
    dusk = Ramp(mix(c.base, c.shade, 0.5), c.shade, c.light, c.pale)
    pen.form(ribbon(to_side(-1, up if look.lively else down), 5.0, 2.4), dusk, 0.7)
    pen.form(ribbon(down, 5.0, 2.4), dusk, 0.7)
    for x, y in ((-1.6, -30.8), (0.4, -31.6), (2.2, -30.6)):
        pen.line([(0, -28.4), (x, y)], 1.2, c.base, 0.7)
    body = twin([(0, -29.4), (6.6, -27), (9.4, -19.6), (10.2, -10), (7.8, -2.4), (0, 0)])
    pen.form(body, c, 1.4)
    front = twin([(0, -12.6), (4.6, -13.8), (7.0, -8), (5.4, -2.6), (0, -0.9)])
    pen.inlay(body, front, face)
    for side in (-1, 1):
        pen.inlay(body, oval(side * 3.5, -20.0, 4.4, 4.6), face)
    pen.inlay(body, oval(0, -16.8, 5.4, 2.6), face)
    eyes(pen, look, -20.0, 3.7)
    pen.form(rounded([(-2.2, -18.4), (0, -19.4), (2.2, -18.4), (0, -15.6)], 0.8), BEAK, 0.5)
    _scarf(pen, look, -13.4, 8.2)


def _paws(pen: Pen, c: Ramp, apart: float) -> None:
    for side in (-1, 1):
        pen.form(oval(side * apart, -0.9, 2.5, 1.7), Ramp(c.light, c.base, c.pale, c.pale), 0.4)


def _wave(pen: Pen, c: Ramp, shoulder: tuple[float, float], hand: tuple[float, float], width: float) -> None:
    elbow = ((shoulder[0] + hand[0]) / 2 - 0.8, (shoulder[1] + hand[1]) / 2 + 1.0)
    pen.form(ribbon([shoulder, elbow, hand], width), c, 0.7)
    pen.fill(oval(hand[0] - 0.1, hand[1] + 0.1, width * 0.27), c.pale)


def _scarf(pen: Pen, look: Look, y: float, reach: float, x: float = 0.0) -> None:
    """A winter scarf round the neck, when it snows."""
    if not look.snowy:
        return
    wool = WOOL_TEAL if look.colour in ("red", "pink", "orange") else WOOL_RED
    neck = pen.within(x, y)
    neck.within(reach * 0.3, 0).form(rounded([(0, 0), (2.8, 0), (3.4, 6), (0.6, 6.3)], 0.7), wool, 0.5)
    neck.form(blob([(-reach, -1.1), (0, 0.1), (reach, -1.1), (reach, 1.1), (0, 2.4), (-reach, 1.1)]), wool, 0.6)
