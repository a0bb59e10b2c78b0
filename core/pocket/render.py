"""Draws a scene as a picture. Pure: an equal scene gives equal pixels, and a thing that did not change does not move.

A picture is a backdrop, then the cut-outs of its things, then what falls from the sky. Each part depends on few values and is
kept in a cache, because the models learn from many thousand small pictures that share their parts.
"""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from core.pocket.looks import Look, look_of
from core.pocket.places import BACKDROPS
from core.pocket.stage import Stage, falling
from core.pocket.things import DRAWINGS, Sprite, draw_sprite
from core.pocket.world import GROUND_SLOTS, SKY_SLOTS, Count, Place, Scene, Size, Slot, Thing, Time, Weather

SMALL = 160  # pixels; up to here every part that was drawn is worth keeping


def render(scene: Scene, side: int = 768) -> Image.Image:
    """The scene as a square RGB picture."""
    picture = _backdrop(scene, side).copy()
    for thing in sorted(scene.things, key=_nearness):
        sprite = _sprite(thing, look_of(thing, scene), side)
        picture.paste(sprite.image, sprite.corner, sprite.image)
    return _under(_falling(scene.time, scene.weather, True, side), picture)


def _nearness(thing: Thing) -> tuple[bool, float, int]:
    """Far to near: the sky, then the ground from back to front, each from the middle outward."""
    ground = thing.slot in GROUND_SLOTS
    column = (GROUND_SLOTS if ground else SKY_SLOTS).index(thing.slot)
    return ground, -DRAWINGS[thing.kind].back, abs(column - 1)


def _oversize(side: int) -> int:
    """How many times too large to draw, so that edges come out smooth."""
    return 4 if side <= SMALL else 3 if side <= 400 else 2


def _backdrop(scene: Scene, side: int) -> Image.Image:
    keep = _kept_backdrop if side <= SMALL else _recent_backdrop
    return keep(scene.place, scene.view, scene.time, scene.weather, side)


def _sprite(thing: Thing, look: Look, side: int) -> Sprite:
    keep = _kept_sprite if side <= SMALL else _recent_sprite
    return keep(thing.kind, thing.slot, thing.count, thing.size, look, side)


def _draw_backdrop(place: Place, view: int, time: Time, weather: Weather, side: int) -> Image.Image:
    stage = Stage(place, view, time, weather, side * _oversize(side))
    stage.heavens()
    BACKDROPS[place](stage)
    stage.puddles()
    return _under(_falling(time, weather, False, side), stage.image.reduce(_oversize(side)))


def _draw_sprite(kind: str, slot: Slot, count: Count, size: Size, look: Look, side: int) -> Sprite:
    return draw_sprite(kind, slot, count, size, look, side, _oversize(side))


_kept_backdrop = lru_cache(maxsize=256)(_draw_backdrop)
_recent_backdrop = lru_cache(maxsize=8)(_draw_backdrop)
_kept_sprite = lru_cache(maxsize=16384)(_draw_sprite)
_recent_sprite = lru_cache(maxsize=32)(_draw_sprite)


@lru_cache(maxsize=16)
def _falling(time: Time, weather: Weather, near: bool, side: int) -> Image.Image | None:
    drops = falling(time, weather, near, side * _oversize(side))
    return drops.reduce(_oversize(side)) if drops else None


def _under(drops: Image.Image | None, picture: Image.Image) -> Image.Image:
    if drops is not None:
        picture.paste(drops, (0, 0), drops)
    return picture
