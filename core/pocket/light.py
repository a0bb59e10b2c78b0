"""The light of a scene: what a time of day and a weather do to the sky, to the land by its distance, and to the things."""

from __future__ import annotations

from dataclasses import dataclass

from core.pocket.drawing import RGB, mix
from core.pocket.world import Place, Time, Weather

Tint = tuple[float, float, float]

OVERCAST: dict[Time, RGB] = {"day": (158, 178, 200), "evening": (160, 138, 172), "night": (50, 60, 104)}


@dataclass(frozen=True)
class Light:
    """One time of day. The land takes a strong tint, then a veil; the things a mild one, so that colours keep their names."""

    sky: tuple[RGB, RGB, RGB, RGB]  # at the top, at 30 %, at 48 %, at the horizon
    land: tuple[Tint, Tint, Tint]  # rows: how much of red, green and blue goes into each
    veil: RGB
    veiled: float
    haze: RGB  # where far land goes
    snow: RGB  # fallen snow: never quite white, so that white things stand out on it
    things: Tint
    low: RGB  # the disc of the sun or the moon, and its path on water
    halo: RGB
    haloed: float


LIGHTS: dict[Time, Light] = {
    "day": Light(
        sky=((104, 190, 246), (146, 210, 248), (190, 230, 250), (226, 244, 250)),
        land=((1, 0, 0), (0, 1, 0), (0, 0, 1)), veil=(255, 255, 255), veiled=0.0,
        haze=(196, 228, 246), snow=(226, 236, 249),
        things=(1.0, 1.0, 1.0), low=(255, 255, 255), halo=(70, 84, 130), haloed=0.16,
    ),
    "evening": Light(
        sky=((142, 150, 222), (206, 172, 218), (252, 182, 170), (255, 222, 158)),
        land=((0.95, 0, 0), (0, 0.88, 0), (0, 0, 0.80)), veil=(255, 176, 110), veiled=0.15,
        haze=(248, 166, 166), snow=(242, 210, 226),
        things=(1.0, 0.94, 0.89), low=(255, 244, 196), halo=(255, 240, 214), haloed=0.30,
    ),
    "night": Light(
        sky=((26, 32, 86), (46, 52, 124), (82, 80, 158), (128, 114, 186)),
        land=((0.39, 0, 0), (-0.14, 0.63, 0), (0, 0, 0.70)), veil=(74, 50, 172), veiled=0.26,
        haze=(80, 82, 164), snow=(122, 132, 192),
        things=(0.93, 0.92, 1.0), low=(252, 244, 220), halo=(170, 190, 255), haloed=0.34,
    ),
}  # fmt: skip

#: What a place lends to the sky: its own air, mixed in by day only.
AIR: dict[Place, RGB] = {
    "meadow": (150, 214, 255),
    "beach": (120, 226, 250),
    "forest": (190, 236, 206),
    "mountain": (156, 190, 244),
    "town": (246, 222, 226),
    "desert": (255, 232, 186),
}


def sky_of(place: Place, time: Time, weather: Weather) -> tuple[RGB, ...]:
    """The sky's colours from the top to the horizon."""
    colours = tuple(mix(colour, AIR[place], 0.22 if time == "day" else 0.04) for colour in LIGHTS[time].sky)
    if weather == "clear":
        return colours
    grey = OVERCAST[time]
    pale = mix(grey, (235, 240, 250), 0.42 if time != "night" else 0.14)
    if weather == "rain":
        return tuple(mix(colour, mix(grey, pale, step / 3), 0.78) for step, colour in enumerate(colours))
    return tuple(mix(colour, mix(mix(grey, pale, 0.6), pale, step / 3), 0.60) for step, colour in enumerate(colours))


def on_land(colour: RGB, time: Time, weather: Weather, distance: float, covered: float = 0.0) -> RGB:
    """A colour of the land as it is seen at ``distance`` (0 at our feet, 1 at the horizon), ``covered`` so far by fallen snow."""
    light = LIGHTS[time]
    red, green, blue = (round(sum(part * value for part, value in zip(row, colour, strict=True))) for row in light.land)
    seen = mix(mix((red, green, blue), light.veil, light.veiled), light.haze, distance * 0.62)
    if weather == "snow":
        return mix(seen, mix(light.snow, light.haze, distance * 0.45), covered)
    return mix(seen, OVERCAST[time], 0.20 + 0.16 * distance) if weather == "rain" else seen
