"""Draws the backdrops: six places, each in three layouts. They depend on place, view, time and weather, never on the things.

Decorations stay low in contrast, away from the slots' centres, and unlike any kind: no loose stars, clouds, flowers or trees
that a reader of pictures could take for a thing.
"""

from __future__ import annotations

from collections.abc import Callable

from core.pocket.drawing import RGB, Points, arc, blob, box, mix, oval, rounded
from core.pocket.landmarks import cactus, crown, mesa, peak, pine, tower, townhouse, windmill
from core.pocket.stage import Stage
from core.pocket.world import Place

GRASS: RGB = (128, 202, 106)
SAND: RGB = (248, 222, 164)
SEA: RGB = (64, 170, 214)
WOODS: RGB = (104, 176, 112)
ALPINE: RGB = (146, 204, 150)
STONE: RGB = (232, 212, 196)
DUNE: RGB = (244, 200, 132)

#: The edge of the sand, by view; a boat at sea always lies beyond it.
SHORES: dict[int, Points] = {
    1: [(-5, 74), (24, 73), (56, 75), (105, 73)],
    2: [(-5, 78), (36, 75.5), (70, 73), (105, 71)],
    3: [(-5, 70), (14, 73), (50, 78), (86, 73), (105, 70)],
}


def meadow(stage: Stage) -> None:
    match stage.view:
        case 1:
            stage.land([(-5, 58), (16, 48), (40, 57), (66, 47), (105, 57)], (150, 210, 150), 0.75)
            stage.land([(-5, 62), (24, 58), (58, 65), (84, 57), (105, 60)], (142, 210, 124), 0.4)
            stage.land([(-5, 72), (28, 67), (62, 71), (105, 66)], GRASS)
        case 2:
            stage.land([(-5, 46), (22, 44), (48, 54), (76, 60), (105, 58)], (150, 208, 146), 0.65)
            stage.land([(-5, 62), (30, 60), (66, 66), (105, 60)], (140, 208, 120), 0.3)
            stage.land([(-5, 69), (40, 67), (105, 70)], GRASS)
            stage.path([(45, 67.5), (40, 73), (44, 82), (33, 103)], 0.9, 20, (238, 216, 166))
            for x in range(-1, 103, 6):
                if not 34 < x < 50:
                    stage.fill(box(x - 0.7, 62.5, x + 0.7, 69.4, 0.6), (238, 208, 168), 0.15)
            for y in (64.2, 66.6):
                stage.fill(box(-5, y, 37, y + 0.9), (238, 208, 168), 0.15)
                stage.fill(box(48, y, 105, y + 0.9), (238, 208, 168), 0.15)
        case _:
            stage.land([(-5, 57), (30, 55), (62, 50), (84, 40), (105, 42)], (150, 204, 152), 0.7)
            windmill(stage, 35, 51.5)
            stage.land([(-5, 60), (40, 60), (105, 57)], (142, 208, 126), 0.4)
            stage.water(64.5, 73, (92, 186, 226))
            stage.land([(-5, 72), (18, 70), (44, 73.5), (74, 70), (105, 73)], GRASS)
    stage.grass((96, 176, 90), 26, flowers=True)
    stage.verge((92, 178, 92))


def beach(stage: Stage) -> None:
    if stage.view == 2:
        stage.land([(-5, 44), (8, 43), (18, 47), (25, 56), (27, 60)], (150, 190, 130), 0.45)
        stage.fill(rounded([(6.5, 45), (8, 30), (11, 30), (12.5, 45)], 0.6), (250, 244, 238), 0.3)
        for y in (33.5, 39.0):
            stage.fill(rounded([(7.6, y), (11.4, y), (11.8, y + 2.6), (7.2, y + 2.6)], 0.2), (232, 120, 110), 0.35)
        stage.window(box(7.9, 28.6, 11.1, 31.4, 0.4), (240, 236, 220), 0.3)
        stage.fill(rounded([(7.0, 28.8), (9.5, 25), (12.0, 28.8)], 0.6), (214, 104, 104), 0.35)
    if stage.view == 3:
        stage.fill(oval(66, 56, 15, 6.5), (176, 204, 132), 0.5)
        for x, lean in ((61.0, -3.0), (69.0, 4.0)):
            stage.line([(x, 51), (x + lean * 0.4, 46), (x + lean, 42)], 1.0, (170, 130, 100), 0.5)
            for turn in (-70, -25, 30, 75):
                stage.turned(x + lean, 42, turn).fill(oval(0, -2.6, 1.0, 3.2), stage.seen((108, 182, 118), 0.45))
    stage.water(53.5, 80, SEA)
    for colour, out in (((110, 206, 226), 2.6), ((252, 250, 242), 0.8), (SAND, 0.0)):  # shallows, foam, sand
        stage.land([(x, y - out) for x, y in SHORES[stage.view]], colour)
    for x, y in stage.scatter(26, 79, 98):
        stage.fill(oval(x, y, 0.6, 0.35), mix(SAND, (190, 140, 90), 0.35))
    for x, y in ((35.0, 93.0), (66.0, 90.0), (94.0, 95.0)):
        shell = stage.turned(x, y, -20 + x)
        shell.fill(blob([(-1.7, 0), (-1.2, -2), (0, -2.7), (1.2, -2), (1.7, 0), (0, 0.7)]), stage.seen((252, 214, 204)))
        shell.line([(0, 0.2), (0, -2)], 0.3, stage.seen((232, 170, 160)))


def forest(stage: Stage) -> None:
    match stage.view:
        case 1:
            stage.land([(-5, 52), (30, 48), (70, 53), (105, 49)], (140, 196, 156), 0.85)
            for x, y, height in stage.row(13, 60, 15, 24):
                pine(stage, x, y, height, (112, 176, 136), 0.7)
            for x, y, height in stage.row(10, 66, 15, 25):
                pine(stage, x, y, height, (88, 160, 116), 0.42)
            stage.land([(-5, 66), (30, 64), (70, 66), (105, 63)], WOODS)
        case 2:
            for x, y, height in stage.row(9, 60, 20, 27):
                crown(stage, x, y, height, (142, 196, 140), 0.75)
            for x, y, height in stage.row(7, 66, 19, 27):
                crown(stage, x, y, height, (112, 180, 116), 0.45)
            stage.land([(-5, 63), (40, 66), (105, 62)], WOODS)
            stage.path([(60, 65.5), (64, 71), (57, 82), (66, 103)], 0.9, 22, (214, 188, 146))
        case _:
            stage.land([(-5, 40), (26, 52), (50, 58), (76, 51), (105, 38)], (132, 188, 152), 0.8)
            stage.land([(-5, 54), (30, 61), (60, 63), (105, 54)], (116, 182, 132), 0.5)
            for x, height in ((0, 36), (9, 27), (17, 19), (84, 19), (92, 28), (101, 38)):
                pine(stage, x, 69, height, (84, 156, 112), 0.3)
            stage.water(63, 70, (120, 196, 214))
            stage.land([(-5, 66), (22, 67.5), (50, 70), (78, 67.5), (105, 66)], WOODS)
    stage.grass((74, 146, 92), 24)
    stage.verge((72, 148, 92))
    for x, y in ((35.0, 79.0), (64.0, 94.0), (5.0, 93.0), (95.0, 81.0)):
        stage.fill(oval(x, y, 2.2, 1.4), (168, 172, 164))
        stage.fill(oval(x - 0.4, y - 0.4, 1.4, 0.7), (196, 200, 190))


def mountain(stage: Stage) -> None:
    far, near = (166, 186, 222), (134, 158, 204)
    match stage.view:
        case 1:
            peak(stage, 24, 33, 66, 30, far, 0.5)
            peak(stage, 76, 29, 66, 34, near, 0.35)
            stage.land([(-5, 60), (30, 63), (60, 60), (105, 63)], (126, 184, 150), 0.35)
            stage.land([(-5, 69), (40, 66), (72, 69), (105, 66)], ALPINE)
        case 2:
            peak(stage, 12, 48, 68, 24, far, 0.6)
            peak(stage, 90, 46, 68, 26, far, 0.6)
            peak(stage, 50, 24, 68, 42, near, 0.35)
            stage.land([(-5, 62), (24, 60), (52, 65), (80, 60), (105, 62)], (126, 184, 150), 0.3)
            stage.land([(-5, 67), (28, 69), (105, 66)], ALPINE)
        case _:
            for colour, x, top in ((far, 2.0, 43.0), (far, 26.0, 37.0), (far, 50.0, 44.0), (far, 70.0, 36.0), (near, 96.0, 41.0)):
                peak(stage, x, top, 62, 19.5, colour, 0.5)
            for x, y, height in stage.row(15, 64, 6, 10):
                pine(stage, x, y, height, (104, 168, 140), 0.45)
            stage.water(62.5, 72, (112, 184, 224))
            stage.land([(-5, 70), (24, 72.5), (60, 70), (105, 73)], ALPINE)
    stage.grass((110, 176, 124), 18)
    stage.verge((104, 174, 122))
    for x, y, size in ((35.0, 78.0, 2.6), (66.0, 93.0, 3.2), (95.0, 77.0, 2.2), (4.0, 92.0, 2.8)):
        rock = [(x + size * dx, y - size * dy) for dx, dy in ((-1.0, 0.0), (-0.7, 0.9), (0.2, 1.2), (1.0, 0.4), (1.0, 0.0))]
        stage.fill(rounded(rock, 0.8), (176, 182, 196))
        stage.fill(rounded([(x - size * 0.6, y - size * 0.3), *rock[1:3]], 0.5), (208, 212, 224))


def town(stage: Stage) -> None:
    walls: tuple[RGB, ...] = ((252, 202, 168), (186, 214, 240), (252, 226, 162), (228, 190, 220), (190, 228, 190))
    match stage.view:
        case 1:
            for index, (x, y, height) in enumerate(stage.row(8, 70, 17, 27)):
                townhouse(stage, x, y, 12.4, height, walls[index % 5], 0.36)
            stage.land([(-5, 68), (105, 68)], STONE)
        case 2:
            stage.land([(-5, 58), (30, 52), (50, 50), (72, 52), (105, 58)], (156, 206, 156), 0.6)
            tower(stage, 36, 54, 9, 24, walls[0])
            tower(stage, 65, 54, 7, 19, walls[3])
            for index, x in enumerate((4, 15, 26, 46, 56, 76, 87, 98)):
                townhouse(stage, x, 66, 10, 9 + 3 * (index % 3), walls[index % 5], 0.42)
            stage.land([(-5, 65), (40, 64), (105, 66)], (150, 208, 134))
            stage.path([(50, 65), (52, 72), (46, 84), (52, 103)], 1.6, 28, STONE)
            stage.grass((112, 182, 110), 14)
        case _:
            for index, (x, y, height) in enumerate(stage.row(10, 62, 8, 22)):
                townhouse(stage, x, y, 9.6, height, walls[(index * 2) % 5], 0.52)
            stage.water(61, 76, (96, 182, 216))
            stage.fill(box(-5, 59.5, 105, 63), (224, 200, 188), 0.35)
            for x in (8, 36, 64, 92):
                stage.fill(box(x - 3, 61, x + 3, 68, 0.8), (224, 200, 188), 0.35)
                stage.line(arc(x + 14, 68, 11, 5.6, 180, 360), 1.6, (212, 186, 178), 0.35)
            stage.land([(-5, 74), (105, 74)], STONE)
            stage.fill(box(-5, 73.4, 105, 75, 0), (250, 236, 222), 0.1)
    if stage.view != 2:
        for x, y in stage.scatter(34, 79, 98):
            stage.fill(box(x - 1.8, y - 0.5, x + 1.8, y + 0.5, 0.5), mix(STONE, (186, 160, 156), 0.4))


def desert(stage: Stage) -> None:
    match stage.view:
        case 1:
            stage.land([(-5, 56), (24, 50), (50, 58), (78, 52), (105, 58)], (248, 206, 146), 0.7)
            stage.land([(-5, 66), (30, 63), (52, 57), (60, 61), (105, 66)], (246, 196, 128), 0.35)
            cactus(stage, 35, 64, 8)
            stage.land([(-5, 68), (36, 71), (70, 66), (105, 70)], DUNE)
        case 2:
            stage.land([(-5, 59), (105, 58)], (248, 206, 146), 0.7)
            for x, top, width in ((10.0, 40.0, 24.0), (88.0, 36.0, 28.0), (52.0, 49.0, 14.0)):
                mesa(stage, x, top, width)
            stage.land([(-5, 66), (50, 64), (105, 66)], DUNE)
            cactus(stage, 66, 68, 7)
        case _:
            for x, top, spread in ((80.0, 47.0, 15.0), (40.0, 36.0, 27.0)):
                stage.fill(rounded([(x - spread, 64), (x, top), (x + spread, 64)], 0.6), (236, 190, 128), 0.4)
                stage.fill(rounded([(x + spread * 0.24, 64), (x, top), (x + spread, 64)], 0.4), (206, 152, 110), 0.4)
            stage.land([(-5, 62), (40, 63), (72, 60), (105, 63)], (248, 206, 140), 0.3)
            stage.land([(-5, 70), (22, 66), (60, 71), (105, 67)], DUNE)
            cactus(stage, 66, 71, 6)
    for x, y in stage.scatter(7, 77, 96):
        stage.line([(x - 6, y), (x, y - 0.9), (x + 6, y)], 0.5, mix(DUNE, (206, 146, 86), 0.5))
    for x, y in stage.scatter(8, 80, 98):
        stage.fill(oval(x, y, 1.0, 0.6), (206, 160, 120))


BACKDROPS: dict[Place, Callable[[Stage], None]] = {
    "meadow": meadow,
    "beach": beach,
    "forest": forest,
    "mountain": mountain,
    "town": town,
    "desert": desert,
}
