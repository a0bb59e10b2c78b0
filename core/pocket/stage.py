"""The stage of a backdrop: a canvas that knows its light, and the pieces every place is built from. Also the weather."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image

from core.pocket.drawing import PAPER, RGB, Pen, Points, Shape, box, curve, mix, oval, ribbon
from core.pocket.light import LIGHTS, on_land, sky_of
from core.pocket.world import Place, Time, Weather

HORIZON = 60.0  # where the sky's last colour is reached
LAMPLIGHT: RGB = (255, 222, 130)
SKY_STOPS = (0.0, 30.0, 48.0, HORIZON)


class Stage:
    """Paints land, water and weather in hundredths of the picture, each colour as it is seen at this time and distance."""

    def __init__(self, place: Place, view: int, time: Time, weather: Weather, pixels: int) -> None:
        self.view, self.time, self.weather = view, time, weather
        self.snowy = weather == "snow"
        self._sky = sky_of(place, time, weather)
        self.image = _sky_image(self._sky, pixels)
        self._pen = Pen(self.image, pixels / 100)
        self._random = Random(f"{place} {view}")
        self._low_x = (65.0, 35.0, 64.0)[view - 1]  # between two columns of slots

    def seen(self, colour: RGB, distance: float = 0.0, lying: bool = False) -> RGB:
        """A colour of the land at this time; fallen snow covers what lies and dusts what stands."""
        covered = 0.94 - 0.40 * distance if lying else 0.30
        return on_land(colour, self.time, self.weather, distance, covered)

    def cap(self, shape: Shape, on: Shape | None = None) -> None:
        """Snow on top of something far off, only where it covers ``on``; nothing when none has fallen."""
        if self.snowy:
            self._pen.inlay(shape if on is None else on, shape, mix(LIGHTS[self.time].snow, PAPER, 0.3))

    def fill(self, shape: Shape, colour: RGB, distance: float = 0.0) -> None:
        self._pen.fill(shape, self.seen(colour, distance))

    def line(self, points: Points, width: float, colour: RGB, distance: float = 0.0) -> None:
        self._pen.line(points, width, self.seen(colour, distance))

    def inlay(self, shape: Shape, inner: Points, colour: RGB, distance: float = 0.0) -> None:
        self._pen.inlay(shape, np.asarray(inner, dtype=float), self.seen(colour, distance))

    def wash(self, shape: Shape, top: RGB, bottom: RGB) -> None:
        self._pen.wash(shape, top, bottom)

    def turned(self, x: float, y: float, degrees: float) -> Pen:
        return self._pen.within(x, y, turn=degrees)

    def land(self, ridge: Points, colour: RGB, distance: float = 0.0) -> None:
        """Everything below a smooth ridge: lightest along the ridge, deeper toward our feet."""
        shape = np.concatenate([curve(ridge), [(ridge[-1][0], 101.0), (ridge[0][0], 101.0)]])
        seen = self.seen(colour, distance, lying=True)
        self._pen.wash(shape, mix(seen, PAPER, 0.16 if self.time == "day" else 0.09), mix(seen, (40, 60, 110), 0.10))

    def path(self, line: Points, start: float, end: float, colour: RGB) -> None:
        self._pen.fill(ribbon(line, start * 1.12, end * 1.06), mix(self.seen(colour, lying=True), self.seen((90, 150, 90)), 0.35))
        self._pen.fill(ribbon(line, start, end), mix(self.seen(colour, lying=True), (70, 84, 140), 0.22 if self.snowy else 0.0))

    def water(self, top: float, bottom: float, colour: RGB) -> None:
        """A band of water that mirrors a little of the sky, with glints; ice-pale when it snows."""
        mirrored = 0.78 if self.time == "evening" else 0.25  # an evening sea is mostly sky
        far = mix(on_land(colour, self.time, self.weather, 0.2), self._sky[2], mirrored)
        near = mix(on_land(colour, self.time, self.weather, 0.0), self._sky[0], mirrored * 0.85)
        if self.snowy:
            far, near = (mix(tone, self.seen((200, 226, 244)), 0.4) for tone in (far, near))
        self._pen.wash(box(-5, top, 105, bottom), far, near)
        for x, y in self.scatter(round((bottom - top) * 0.9), top + 1.2, bottom - 2):
            length = 2 + (y - top) * 0.16
            self._pen.line([(x - length, y), (x + length, y)], 0.5, mix(near, PAPER, 0.34))
        if self.weather == "clear" and self.time != "day":
            for step in range(int((bottom - top) / 2.1)):
                y = top + 1.0 + 2.1 * step
                length, lean = 4.6 - 0.28 * step, 0.9 * (-1) ** step
                shine = mix(far, LIGHTS[self.time].low, 0.75 - 0.05 * step)
                self._pen.line([(self._low_x + lean - length, y), (self._low_x + lean + length, y)], 0.75, shine)

    def window(self, shape: Shape, colour: RGB, distance: float) -> None:
        """A far window: dark by day, lit from the evening on."""
        seen = self.seen(colour, distance)
        self._pen.fill(shape, seen if self.time == "day" else mix(LAMPLIGHT, seen, 0.15))

    def grass(self, colour: RGB, count: int, flowers: bool = False) -> None:
        """Tufts on the near ground, and specks of flowers too small to be read as any."""
        for x, y in self.scatter(count, 73, 98):
            lean = self._random.uniform(-0.5, 0.5)
            if not self.snowy:
                for blade in (-0.8, 0.0, 0.8):
                    tip = (x + blade + lean, y - 2.2 + abs(blade) * 0.6)
                    self._pen.line([(x + blade * 0.6, y), tip], 0.55, self.seen(colour), 0.25)
        if flowers and not self.snowy:
            for index, (x, y) in enumerate(self.scatter(16, 74, 98)):
                self.fill(oval(x, y, 0.62, 0.55), (PAPER, (255, 236, 140), (255, 206, 222))[index % 3])

    def verge(self, colour: RGB) -> None:
        """Broad blades close to the eye, at the picture's lower edge and between the slots."""
        if self.snowy:
            return
        for x, tall in ((1.5, 7.5), (35.0, 5.0), (65.5, 5.6), (98.0, 8.0)):
            for blade in (-2, -1, 0, 1, 2):
                tip = (x + blade * 1.9, 101 - tall + abs(blade) * tall * 0.2)
                tone = mix(self.seen(colour), PAPER, 0.05 * (blade + 2))
                self._pen.line([(x + blade * 0.8, 102), (x + blade * 1.1, 99.5), tip], 1.5, tone, 0.3)

    def scatter(self, count: int, top: float, bottom: float) -> list[tuple[float, float]]:
        """Places on a strip, spread evenly but not in a grid, the farthest first."""
        uniform = self._random.uniform
        spots = [((index * 61.8 + uniform(0, 14)) % 104 - 2, uniform(top, bottom)) for index in range(count)]
        return sorted(spots, key=lambda spot: spot[1])

    def row(self, count: int, foot: float, low: float, high: float) -> list[tuple[float, float, float]]:
        """A row across the picture: (x, foot, height) of each."""
        pitch = 100 / (count - 1)
        uniform = self._random.uniform
        return [(index * pitch + uniform(-0.2, 0.2) * pitch, foot, uniform(low, high)) for index in range(count)]

    def heavens(self) -> None:
        """What shines low in a clear sky: a glow by day, the setting sun, or the moon and dust-fine stars."""
        if self.weather != "clear":
            return
        x, disc = self._low_x, LIGHTS[self.time].low
        match self.time:
            case "day":
                self._glow(x, 50, 34, (255, 255, 244), 0.5)
            case "evening":
                self._glow(x, 54, 44, (255, 236, 170), 0.75)
                self._pen.fill(oval(x, 53.5, 6.4), disc)
            case "night":
                for index, (left, top) in enumerate(self.scatter(46, 1, 50)):
                    self._pen.fill(oval(left, top, (0.2, 0.3, 0.24)[index % 3]), (226, 228, 255))
                self._glow(x, 47, 22, (206, 204, 255), 0.5)
                self._pen.fill(oval(x, 47, 4.0), disc)
                self._pen.fill(oval(x + 1.2, 46, 0.8), (234, 222, 204))
                self._pen.fill(oval(x - 1.0, 48.4, 1.1), (234, 222, 204))

    def puddles(self) -> None:
        if self.weather != "rain":
            return
        for x, y, width in ((35, 91, 7), (66, 80, 5), (92, 94, 7), (6, 79, 5)):
            self._pen.fill(oval(x, y, width, width * 0.2), mix(self._sky[2], self.seen((90, 110, 130)), 0.35))
            self._pen.fill(oval(x - 0.2, y + 0.15, width * 0.9, width * 0.16), mix(self._sky[-1], PAPER, 0.18))

    def _glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        pixels = self.image.width
        grid = (np.arange(pixels) + 0.5) * (100 / pixels)
        squares = (grid[None, :] - x) ** 2 + (grid[:, None] - y) ** 2
        alpha = np.clip(1 - squares / radius**2, 0, 1) ** 2 * strength * 255
        self.image.paste(colour, (0, 0), Image.fromarray(np.rint(alpha).astype(np.uint8)))


def falling(time: Time, weather: Weather, near: bool, pixels: int) -> Image.Image | None:
    """Rain or snow with the picture's own transparency, most of it behind the things and a little ``near``; or nothing."""
    if weather == "clear":
        return None
    image = Image.new("RGBA", (pixels, pixels))
    pen = Pen(image, pixels / 100)
    random = Random(f"{weather} {near}")
    if weather == "rain":
        streak: RGB = {"day": (232, 242, 252), "evening": (244, 228, 244), "night": (150, 172, 226)}[time]
        for index in range(18 if near else 60):
            x, y, length = (index * 75.5 + random.uniform(0, 8)) % 108 - 4, index * 57.0 % 104 - 4, random.uniform(3.5, 6)
            pen.line([(x, y), (x - length * 0.22, y + length)], 0.42, streak, 0.25)
    else:
        for index in range(16 if near else 74):
            x, y = (index * 75.5 + random.uniform(0, 9)) % 104 - 2, (index * 57.0 + random.uniform(0, 9)) % 100
            pen.fill(oval(x, y, random.uniform(0.3, 0.6 if near else 0.74)), PAPER)
    opacity = 0.55 if weather == "rain" else 0.9
    image.putalpha(image.getchannel("A").point(lambda value: value * opacity))
    return image


def _sky_image(colours: tuple[RGB, ...], pixels: int) -> Image.Image:
    rows = (np.arange(pixels) + 0.5) * (100 / pixels)
    column = np.stack([np.interp(rows, SKY_STOPS, [colour[band] for colour in colours]) for band in range(3)], axis=1)
    strip = Image.fromarray(np.rint(column).astype(np.uint8)[:, None, :])
    return strip.resize((pixels, pixels), Image.Resampling.NEAREST)
