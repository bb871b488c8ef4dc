"""The landmarks of the synthetic city as shapes, in a frame of 100 x 100: x to the right, y down, the ground at 76.

A landmark is a list of shapes, painted in order. A shape with `light` above 0 is lit at night with that probability.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

Colour = tuple[int, int, int]
GROUND = 76.0
GLASS, DARK, WHITE, STONE = (150, 185, 205), (52, 52, 58), (240, 238, 230), (176, 170, 160)
RED, ORANGE, YELLOW, GREEN, TEAL = (200, 45, 42), (232, 120, 36), (246, 205, 70), (62, 128, 72), (38, 128, 132)
BLUE, PINK, PURPLE, BRICK, CREAM = (48, 98, 178), (226, 110, 150), (126, 78, 160), (158, 76, 58), (236, 214, 170)
BROWN, BEIGE = (108, 74, 48), (206, 188, 160)


class Shape(NamedTuple):
    """A polygon of one colour."""

    colour: Colour
    points: tuple[tuple[float, float], ...]
    light: float = 0.0


class Scene(NamedTuple):
    """A landmark and what it stands on: water, plaza, grass, street, quay or track."""

    shapes: tuple[Shape, ...]
    ground: str


def poly(colour: Colour, *xy: float, light: float = 0.0) -> Shape:
    """A polygon from x0, y0, x1, y1, ..."""
    return Shape(colour, tuple(zip(xy[::2], xy[1::2], strict=True)), light)


def rect(colour: Colour, x0: float, y0: float, x1: float, y1: float, light: float = 0.0) -> Shape:
    """An upright rectangle."""
    return poly(colour, x0, y0, x1, y0, x1, y1, x0, y1, light=light)


def oval(colour: Colour, x: float, y: float, rx: float, ry: float, light: float = 0.0) -> Shape:
    """An ellipse about (x, y)."""
    turns = [2 * math.pi * step / 24 for step in range(24)]
    return Shape(colour, tuple((x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns), light)


def bar(colour: Colour, x0: float, y0: float, x1: float, y1: float, width: float, light: float = 0.0) -> Shape:
    """A thick line."""
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (y1 - y0) / length * width / 2, (x0 - x1) / length * width / 2
    return poly(colour, x0 + dx, y0 + dy, x1 + dx, y1 + dy, x1 - dx, y1 - dy, x0 - dx, y0 - dy, light=light)


def grid(
    colour: Colour,
    box: tuple[float, float, float, float],
    columns: int,
    rows: int,
    fill: float = 0.6,
    light: float = 0.4,
) -> Iterator[Shape]:
    """Windows: columns x rows rectangles in the box, each filling that share of its cell's width and height."""
    x0, y0, x1, y1 = box
    width, height = (x1 - x0) / columns, (y1 - y0) / rows
    for row in range(rows):
        for column in range(columns):
            x, y = x0 + width * (column + 0.5), y0 + height * (row + 0.5)
            dx, dy = width * fill / 2, height * fill / 2
            yield rect(colour, x - dx, y - dy, x + dx, y + dy, light)


def stripes(first: Colour, second: Colour, x0: float, y0: float, x1: float, y1: float, number: int) -> Iterator[Shape]:
    """An awning: upright stripes of two colours, flaring a little towards its lower edge."""
    step = (x1 - x0) / number
    for index in range(number):
        left, right = x0 + index * step, x0 + (index + 1) * step
        flare = [1.12 * (x - (x0 + x1) / 2) + (x0 + x1) / 2 for x in (left, right)]
        yield poly((first, second)[index % 2], left, y0, right, y0, flare[1], y1, flare[0], y1)


def _shaded(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def _tower() -> Iterator[Shape]:
    steel = (196, 200, 208)
    yield poly(steel, 36, 77, 47, 44, 51, 44, 42, 77)
    yield poly(_shaded(steel, 0.75), 64, 77, 53, 44, 49, 44, 58, 77)
    yield rect(_shaded(steel, 0.9), 47.3, 14, 52.7, 77)
    for y, rx, ry in ((51, 12, 10.5), (27, 7, 6)):
        yield oval((200, 70, 118), 50, y, rx, ry)
        yield oval((232, 120, 158), 50 - rx * 0.2, y - ry * 0.22, rx * 0.62, ry * 0.6)
        for step in range(-2, 3):
            yield oval(YELLOW, 50 + step * rx * 0.36, y + ry * 0.28, rx * 0.08, ry * 0.1, 1.0)
    yield rect(_shaded(steel, 0.7), 40, 72, 60, 77.5)
    yield poly(steel, 48.8, 15, 50, -6, 51.2, 15)
    yield oval(RED, 50, -5, 1, 1, 1.0)


def _lighthouse() -> Iterator[Shape]:
    yield poly((96, 98, 92), 8, 82, 22, 70, 38, 73, 60, 68, 86, 75, 96, 84)
    yield poly((72, 74, 72), 14, 84, 30, 76, 52, 80, 70, 74, 92, 86)
    edges = [(41.5 + 3.6 * step / 6, 77 - 53 * step / 6, 58.5 - 3.6 * step / 6) for step in range(7)]
    for step, (low, high) in enumerate(pairwise(edges)):
        colour = (RED, WHITE)[step % 2]
        yield poly(colour, low[0], low[1], high[0], high[1], high[2], high[1], low[2], low[1])
        yield poly(_shaded(colour, 0.78), 53, low[1], 53, high[1], high[2], high[1], low[2], low[1])
    yield rect(DARK, 42, 21.5, 58, 24.5)
    yield rect((255, 240, 170), 45.5, 13, 54.5, 21.5, 1.0)
    yield bar(DARK, 50, 13, 50, 21.5, 0.8)
    yield poly(RED, 44, 13.5, 50, 5, 56, 13.5)
    yield rect(WHITE, 63, 62, 84, 76)
    yield poly((150, 60, 48), 60.5, 63, 73.5, 53, 86.5, 63)
    yield from grid(GLASS, (64, 64, 83, 72), 3, 1, 0.5, 0.7)


def _apartments() -> Iterator[Shape]:
    for x, top, wall in ((8, 20, (214, 190, 158)), (38, 10, (226, 204, 172)), (68, 26, (204, 178, 148))):
        yield rect(wall, x, top, x + 25, 77)
        yield rect(_shaded(wall, 0.72), x + 20, top, x + 25, 77)
        yield rect(_shaded(wall, 0.6), x + 8, top - 4, x + 15, top)
        yield from grid((118, 140, 156), (x + 0.5, top + 1, x + 20, 75), 4, 10, 0.55, 0.5)
        for row in range(10):
            y = top + 1 + (74 - top) * (row + 0.9) / 10
            yield rect(_shaded(wall, 1.1), x - 1.2, y - 1.2, x + 9, y)
            if (row + int(x)) % 3:
                yield rect((RED, BLUE, WHITE, YELLOW)[(row + int(x)) % 4], x + 0.5, y - 3, x + 3, y - 1.3)
    for x in (4, 35, 64, 96):
        yield oval((46, 92, 62), x, 71, 6, 9)


def _houses() -> Iterator[Shape]:
    walls, roofs = (CREAM, WHITE, (222, 206, 196)), ((176, 58, 44), (190, 78, 54), (156, 50, 46))
    for index, x in enumerate((-12, 20, 52, 84)):
        wall, roof, top = walls[index % 3], roofs[index % 3], 54 - 4 * (index % 2)
        yield rect(_shaded(roof, 0.7), x + 19, top - 14, x + 22.5, top - 3)
        yield rect(wall, x, top, x + 28, 77)
        yield poly(roof, x - 3, top + 1, x + 7, top - 14, x + 21, top - 14, x + 31, top + 1)
        yield poly(_shaded(roof, 0.8), x - 3, top + 1, x + 31, top + 1, x + 30, top + 3, x - 2, top + 3)
        yield rect(BROWN, x + 11, 66, x + 17, 77)
        yield from grid(GLASS, (x + 1, top + 6, x + 27, top + 13), 3, 1, 0.55, 0.7)
    for x in range(-6, 108, 5):
        yield poly(WHITE, x, 82, x, 75, x + 1.2, 73.5, x + 2.4, 75, x + 2.4, 82)
    yield rect(WHITE, -8, 77, 110, 78.2)


def _offices() -> Iterator[Shape]:
    for x, top, slant in ((16, 8, 7), (58, 4, -7)):
        glass = (74, 132, 158)
        yield poly(glass, x, top + max(0, slant), x + 25, top + max(0, -slant), x + 25, 77, x, 77)
        yield poly(_shaded(glass, 0.7), x + 17, top + 6, x + 25, top + max(0, -slant), x + 25, 77, x + 17, 77)
        yield from grid((132, 196, 214), (x + 0.5, top + 9, x + 25, 76), 6, 15, 0.78, 0.45)
    yield rect(DARK, 41, 33, 58, 44)
    yield from grid((176, 220, 230), (41.5, 34, 57.5, 43), 5, 1, 0.8, 0.9)
    yield poly(ORANGE, 28.5, 18, 36, 28, 28.5, 42, 21, 28, light=1.0)
    yield bar(WHITE, 28.5, 18, 28.5, 42, 0.9)
    yield bar(WHITE, 21, 28, 36, 28, 0.9)
    yield rect((120, 126, 130), 34, 70, 66, 77)


def _docks() -> Iterator[Shape]:
    steel = (216, 84, 30)
    yield poly((40, 58, 92), 66, 66, 118, 62, 112, 79, 70, 79)
    yield rect(WHITE, 92, 48, 106, 63)
    yield from grid(DARK, (93, 50, 105, 56), 4, 1, 0.6, 0.8)
    for x in (22, 58):
        yield bar(steel, x, 77, x + 3, 26, 2.6)
        yield bar(_shaded(steel, 0.7), x + 9, 77, x + 6, 26, 2.2)
        yield bar(_shaded(steel, 0.8), x, 60, x + 9, 60, 1.5)
    yield bar(steel, 6, 26, 98, 26, 3.4)
    yield bar(_shaded(steel, 0.75), 43, 6, 10, 25, 1.1)
    yield bar(_shaded(steel, 0.75), 43, 6, 92, 25, 1.1)
    yield bar(steel, 40, 26, 43, 5, 2)
    yield bar(steel, 47, 26, 43, 5, 2)
    yield bar(DARK, 76, 27, 76, 50, 0.5)
    colours = (BLUE, RED, GREEN, YELLOW, TEAL, ORANGE, (150, 150, 155), PURPLE)
    yield rect(RED, 70, 50, 84, 56)
    for row in range(4):
        for column in range(5 - row % 2):
            left, y = -8 + column * 13.5 + (row % 2) * 5, 70.5 - row * 6.3
            colour = colours[(row * 3 + column * 5) % 8]
            yield rect(colour, left, y, left + 13, y + 6.4)
            yield from grid(_shaded(colour, 0.75), (left, y, left + 13, y + 6.4), 6, 1, 0.3, 0.0)


def _university() -> Iterator[Shape]:
    yield rect(BRICK, 2, 46, 98, 77)
    yield poly((84, 88, 96), 0, 47, 6, 38, 94, 38, 100, 47)
    yield from grid((206, 214, 212), (3, 49, 36, 74), 6, 2, 0.5, 0.5)
    yield from grid((206, 214, 212), (64, 49, 97, 74), 6, 2, 0.5, 0.5)
    yield rect(_shaded(BRICK, 1.1), 41, 14, 59, 60)
    yield rect(_shaded(BRICK, 0.8), 54, 14, 59, 60)
    yield poly((70, 120, 104), 39, 15, 50, -4, 61, 15)
    yield oval(WHITE, 50, 24, 6, 6, 1.0)
    yield bar(DARK, 50, 24, 50, 19.5, 0.9)
    yield bar(DARK, 50, 24, 53, 26, 0.9)
    yield from grid(DARK, (43, 33, 57, 42), 3, 1, 0.45, 0.4)
    yield poly(WHITE, 34, 54, 50, 44, 66, 54)
    yield rect(WHITE, 35, 54, 65, 56.5)
    yield rect(_shaded(BRICK, 0.5), 36, 56.5, 64, 77)
    for x in (36.5, 43, 50, 57, 63.5):
        yield rect(WHITE, x - 1.4, 56, x + 1.4, 77)
    for x, y, colour in ((4, 62, (196, 62, 30)), (94, 60, (212, 88, 32)), (14, 69, (172, 48, 34))):
        yield rect(BROWN, x - 1, y, x + 1, 79)
        yield oval(colour, x, y, 9, 8.5)
        yield oval(_shaded(colour, 1.2), x - 2, y - 2, 5, 5)


def _school() -> Iterator[Shape]:
    wall = (244, 208, 92)
    yield rect(wall, 4, 36, 84, 76)
    yield rect(_shaded(wall, 0.8), 66, 36, 84, 76)
    yield rect(BLUE, 2, 32, 86, 37)
    for y in (49, 62.5):
        yield rect(WHITE, 4, y, 84, y + 1.6)
    for y in (39, 52, 65):
        yield from grid((126, 166, 188), (5, y, 84, y + 9), 9, 1, 0.7, 0.3)
    yield rect(BLUE, 38, 62, 50, 76)
    yield bar((210, 210, 214), 93, 77, 93, 12, 1)
    yield poly((40, 70, 200), 93.4, 12, 112, 15, 93.4, 25)
    yield poly((186, 74, 52), -30, 100, -10, 79, 110, 79, 130, 100)
    for step in range(-2, 8):
        yield bar(WHITE, 50 + (step * 20 - 50) * 1.0, 79, 50 + (step * 20 - 50) * 1.6, 100, 0.9)


def _teahouse() -> Iterator[Shape]:
    tiles = (42, 92, 74)
    for level, (half, y) in enumerate(((32, 56), (24, 36), (16, 18))):
        depth = 77 - y if level == 0 else 15
        yield rect((142, 40, 32), 50 - half * 0.78, y, 50 + half * 0.78, y + depth)
        yield from grid((246, 206, 130), (50 - half * 0.74, y + 2, 50 + half * 0.74, y + 11), 6, 1, 0.62, 0.9)
        corners = ((-0.55, -9), (0.55, -9), (1, 1.5), (1.28, -4), (1.05, 4), (-1.05, 4), (-1.28, -4), (-1, 1.5))
        yield Shape(tiles, tuple((50 + half * across, y + down) for across, down in corners))
        yield bar(_shaded(tiles, 1.4), 50 - half * 0.55, y - 9, 50 + half * 0.55, y - 9, 1.6)
        for side in (-1, 1):
            yield oval((222, 54, 40), 50 + side * half * 1.1, y + 7, 2.1, 2.8, 1.0)
    yield poly(YELLOW, 48.5, 10, 50, 1, 51.5, 10)
    for x in (27, 39, 61, 73):
        yield rect((190, 60, 44), x - 1.1, 60, x + 1.1, 77)
    yield rect((196, 190, 178), 12, 75, 88, 79)


def _lane() -> Iterator[Shape]:
    yield rect((190, 176, 156), 34, 30, 66, 70)
    yield from grid(DARK, (36, 34, 64, 56), 4, 2, 0.5, 0.5)
    for shape in _shopfronts():
        yield shape
        yield Shape(shape.colour, tuple((100 - x, y) for x, y in shape.points), shape.light)
    for x, y, size in ((16, 22, 4.2), (31, 31, 3), (44, 36, 2.1), (56, 36, 2.1), (69, 31, 3), (84, 22, 4.2)):
        yield oval((230, 40, 36), x, y, size, size * 1.15, 1.0)
        yield rect(YELLOW, x - size * 0.3, y + size * 1.1, x + size * 0.3, y + size * 1.75)


def _shopfronts() -> Iterator[Shape]:
    """The right-hand side of the lane, running towards the middle."""
    yield poly((128, 92, 70), 125, -20, 67, 28, 67, 68, 125, 104)
    fronts = (((214, 120, 60), 68, 76), ((90, 120, 92), 78, 90), ((168, 66, 60), 93, 112))
    for shop, far, near in fronts:
        f, n = (far - 50) / 62, (near - 50) / 62
        low_far, low_near = 62 + 30 * f, 62 + 30 * n
        yield poly(_shaded(shop, 0.5), far, 54 - 8 * f, near, 54 - 8 * n, near, low_near, far, low_far)
        window = (far + 1, 57, near - 1, 57, near - 1, low_near - 4 - 14 * n, far + 1, low_far - 4 - 18 * f)
        yield poly((250, 214, 140), *window, light=0.9)
        for part in range(6):
            a, b = far + (near - far) * part / 6, far + (near - far) * (part + 1) / 6
            upper, lower = (a, 58.5 - a / 4, b, 58.5 - b / 4), (b - 6, 60.5 - b / 9, a - 6, 60.5 - a / 9)
            yield poly((RED, WHITE)[part % 2], *upper, *lower)
        top = 10 + 12 * (1 - n)
        yield rect(shop, near - 9, top, near - 5, 38, 0.7)
        for mark in range(3):
            yield bar(WHITE, near - 6, top + 4 + 7 * mark, near - 8, top + 6 + 7 * mark, 1.2)


def _mall() -> Iterator[Shape]:
    rainbow = (RED, ORANGE, YELLOW, GREEN, TEAL, BLUE, PURPLE, PINK)
    yield rect((214, 218, 224), -2, 56, 102, 77)
    yield from grid((120, 160, 190), (-1, 58, 101, 75), 14, 1, 0.86, 0.5)
    xs, heights = (2, 18, 34, 50, 66, 82, 98), (56, 36, 46, 20, 44, 34, 56)
    for index in range(6):
        left, right, top = xs[index], xs[index + 1], heights[index]
        yield poly(
            rainbow[index], left, 57, left, top if index else 56, right, heights[index + 1], right, 57, light=0.5
        )
        yield poly(
            _shaded(rainbow[index + 1], 1.15),
            left,
            57,
            (left + right) / 2,
            (top + heights[index + 1]) / 2,
            right,
            57,
            light=0.5,
        )
        yield bar(WHITE, left, top, right, heights[index + 1], 0.8)
        yield bar(WHITE, left, top, left, 57, 0.6)
    yield rect(DARK, 40, 61, 60, 77)
    yield rect((255, 232, 180), 42, 63, 58, 77, 1.0)
    yield poly(WHITE, 50, 57.5, 54, 60.5, 46, 60.5, light=1.0)
    for x in (16, 84):
        yield rect(PINK, x - 4, 62, x + 4, 73, 0.9)


def _market() -> Iterator[Shape]:
    tents = ((RED, WHITE), (TEAL, CREAM), (ORANGE, YELLOW), (PURPLE, WHITE), (BLUE, YELLOW))
    for row, (y, size, shift) in enumerate(((50, 17, -6), (64, 24, -14))):
        for index in range(7 - row):
            x, (first, second) = shift + index * size * 1.08, tents[(index + 2 * row) % 5]
            yield rect((72, 54, 46), x + 1, y, x + size - 1, y + size * 0.72)
            yield rect((255, 214, 130), x + 2, y + 1, x + size - 2, y + size * 0.34, 1.0)
            for good in range(5):
                gx = x + size * (0.16 + 0.17 * good)
                yield oval(tents[(good + index) % 5][0], gx, y + size * 0.36, size * 0.08, size * 0.09)
            yield rect(second, x + 1, y + size * 0.42, x + size - 1, y + size * 0.56)
            for part in range(4):
                a, b = x + size * part / 4, x + size * (part + 1) / 4
                yield poly((first, second)[part % 2], x + size / 2, y - size * 0.5, a - 0.5, y + 1, b + 0.5, y + 1)
    for sag, height in ((11, 14), (9, 26)):
        for step in range(25):
            t = step / 24
            yield oval((255, 226, 140), -5 + 110 * t, height + sag * 4 * t * (1 - t) + 6 * (t - 0.5), 1.1, 1.1, 1.0)


SCENES = {
    "tower": Scene(tuple(_tower()), "plaza"),
    "lighthouse": Scene(tuple(_lighthouse()), "water"),
    "apartments": Scene(tuple(_apartments()), "street"),
    "houses": Scene(tuple(_houses()), "grass"),
    "offices": Scene(tuple(_offices()), "plaza"),
    "docks": Scene(tuple(_docks()), "quay"),
    "university": Scene(tuple(_university()), "grass"),
    "school": Scene(tuple(_school()), "track"),
    "teahouse": Scene(tuple(_teahouse()), "water"),
    "lane": Scene(tuple(_lane()), "street"),
    "mall": Scene(tuple(_mall()), "plaza"),
    "market": Scene(tuple(_market()), "street"),
}
