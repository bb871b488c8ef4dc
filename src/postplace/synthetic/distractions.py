"""Images that say nothing about a place, and people who stand in front of one."""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from postplace.synthetic.images import CLOTHES, HAIR, SIZES, SKIN, mixed, photographed
from postplace.synthetic.landmarks import Colour


class Person(NamedTuple):
    """Head and shoulders in an image: the head's centre and half width in pixels."""

    x: float
    y: float
    radius: float

    def mask(self, width: int, height: int) -> NDArray[np.bool_]:
        """Where the person is (height, width): an oval head over an oval body."""
        y, x = np.mgrid[0.5:height, 0.5:width]
        mask: NDArray[np.bool_] = np.zeros((height, width), dtype=bool)
        for left, top, right, bottom in (self.head, self.body):
            cx, cy, rx, ry = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
            mask |= ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
        return mask

    @property
    def head(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.x - self.radius, self.y - 1.25 * self.radius, self.x + self.radius, self.y + 1.25 * self.radius

    @property
    def body(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        x, y, r = self
        return x - 2.1 * r, y + 0.9 * r, x + 2.1 * r, y + 5.5 * r


def person_covering(ratio: float, *, width: int, height: int, random: Random) -> Person:
    """Somebody who covers about that share (0 to 1) of the image, standing at its lower edge."""
    x = width * random.uniform(0.4, 0.6)
    small, large = 2.0, 1.5 * max(width, height)
    for _ in range(12):
        radius = (small + large) / 2
        person = Person(x, height - 2.4 * radius, radius) if 2.4 * radius < height else Person(x, 0.0, radius)
        if Person(*(part / 4 for part in person)).mask(width // 4, height // 4).mean() < ratio:
            small = radius
        else:
            large = radius
    return Person(round(person.x, 1), round(person.y, 1), round(person.radius, 1))


def add_person(image: Image.Image, person: Person, random: Random) -> Image.Image:
    """The image with the person in front; exactly the pixels of `person.mask` change."""
    overlay = image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(overlay)
    x, y, r = (2 * part for part in person)
    skin, hair, shirt = random.choice(SKIN), random.choice(HAIR), random.choice(CLOTHES)
    draw.ellipse([2 * side for side in person.body], fill=shirt)
    draw.polygon((x - r * 0.5, y + r, x, y + r * 1.9, x + r * 0.5, y + r), fill=mixed(skin, (0, 0, 0), 0.12))
    draw.ellipse([2 * side for side in person.head], fill=hair)
    face = (x - r * 0.84, y - r * 0.72, x + r * 0.84, y + r * 1.2)
    draw.ellipse(face, fill=skin)
    draw.pieslice((face[0] - r * 0.1, face[1] - r * 0.5, face[2] + r * 0.1, y + r * 0.5), 190, 350, fill=hair)
    for side in (-1, 1):
        eye, white = x + side * r * 0.34, r * 0.15
        draw.ellipse(
            (eye - white, y + r * 0.16 - white * 0.7, eye + white, y + r * 0.16 + white * 0.7), fill=(250, 250, 250)
        )
        draw.ellipse(
            (eye - white * 0.5, y + r * 0.16 - white * 0.6, eye + white * 0.5, y + r * 0.16 + white * 0.6),
            fill=(40, 28, 22),
        )
        draw.ellipse((eye - r * 0.16, y + r * 0.48, eye + r * 0.16, y + r * 0.66), fill=mixed(skin, (230, 90, 90), 0.3))
    draw.line(
        (x, y + r * 0.25, x - r * 0.08, y + r * 0.5, x + r * 0.06, y + r * 0.52),
        fill=mixed(skin, (60, 30, 20), 0.4),
        width=max(1, int(r * 0.05)),
    )
    draw.chord((x - r * 0.34, y + r * 0.5, x + r * 0.34, y + r * 0.95), 10, 170, fill=(176, 50, 60))
    mask = Image.fromarray(person.mask(image.width, image.height).astype(np.uint8) * 255)
    return Image.composite(overlay.reduce(2), image, mask)


def draw_irrelevant(random: Random) -> Image.Image:
    """An image (RGB, about 160 x 160) of a pet, a meal, a pattern, or flowers."""
    width, height = (2 * side for side in random.choice(SIZES))
    base = _any_colour(random)
    canvas = Image.new("RGB", (2, 2), base)
    canvas.putpixel((1, 1), mixed(base, (0, 0, 0), 0.4))
    canvas.putpixel((0, 1), mixed(base, (255, 255, 255), 0.3))
    canvas = canvas.resize((width, height), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(canvas, "RGBA")
    random.choice((_pet, _meal, _pattern, _flowers))(draw, width, height, random)
    return photographed(canvas, random)


def _pet(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    fur: Colour = random.choice(((226, 150, 70), (90, 90, 96), (236, 230, 220), (150, 112, 80), (52, 46, 46)))
    inner, x, y = (
        mixed(fur, (250, 180, 170), 0.5),
        width * random.uniform(0.35, 0.65),
        height * random.uniform(0.42, 0.6),
    )
    r = min(width, height) * random.uniform(0.22, 0.36)
    draw.ellipse((x - r * 1.3, y + r * 0.4, x + r * 1.3, y + r * 4), fill=mixed(fur, (0, 0, 0), 0.15))
    pointed = random.random() < 0.6
    for side in (-1, 1):
        for colour, size in ((fur, 1.0), (inner, 0.6)):
            if pointed:
                ear = (
                    x + side * r * 0.95,
                    y - r * 0.1,
                    x + side * r * 0.85,
                    y - r * (0.6 + 0.7 * size),
                    x + side * r * 0.15,
                    y - r * 0.8,
                )
                draw.polygon(ear, fill=colour)
            else:
                cx = x + side * r * 1.0
                draw.ellipse(
                    (cx - r * 0.35 * size, y - r * 0.7 * size, cx + r * 0.35 * size, y + r * 0.9 * size), fill=colour
                )
    draw.ellipse((x - r, y - r * 0.9, x + r, y + r * 0.9), fill=fur)
    for side in (-1, 1):
        eye = x + side * r * 0.42
        draw.ellipse(
            (eye - r * 0.2, y - r * 0.3, eye + r * 0.2, y + r * 0.1), fill=(150, 190, 90) if pointed else (40, 26, 20)
        )
        draw.ellipse((eye - r * 0.07, y - r * 0.27, eye + r * 0.07, y + r * 0.07), fill=(16, 14, 16))
    draw.ellipse((x - r * 0.42, y + r * 0.12, x + r * 0.42, y + r * 0.72), fill=mixed(fur, (255, 255, 255), 0.5))
    draw.polygon((x - r * 0.14, y + r * 0.2, x + r * 0.14, y + r * 0.2, x, y + r * 0.38), fill=(190, 90, 96))
    for side in (-1, 1):
        for tilt in (-0.15, 0.0, 0.15):
            draw.line(
                (x + side * r * 0.3, y + r * 0.38, x + side * r * 1.2, y + r * (0.36 + tilt)),
                fill=(250, 250, 250, 180),
                width=2,
            )


def _meal(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    x, y, r = (
        width * random.uniform(0.4, 0.6),
        height * random.uniform(0.42, 0.58),
        min(width, height) * random.uniform(0.36, 0.52),
    )
    flat = random.uniform(0.7, 1.0)
    for size, colour in (
        (1.0, (246, 244, 238)),
        (0.9, (226, 224, 218)),
        (0.82, mixed((214, 150, 70), _any_colour(random), 0.4)),
    ):
        draw.ellipse((x - r * size, y - r * size * flat, x + r * size, y + r * size * flat), fill=colour)
    for _ in range(random.randrange(25, 60)):
        turn, away, size = (
            random.uniform(0, 2 * math.pi),
            r * 0.7 * math.sqrt(random.random()),
            r * random.uniform(0.05, 0.2),
        )
        px, py, colour = x + away * math.cos(turn), y + away * math.sin(turn) * flat, random.choice(_FOOD)
        draw.ellipse((px - size, py - size * random.uniform(0.4, 1), px + size, py + size * 0.8), fill=colour)
    lean = random.uniform(-0.4, 0.4) * height
    draw.line((x + r * 1.1, y - r, x + r * 1.2 + lean * 0.2, y + r), fill=(150, 110, 70), width=7)
    draw.line((x + r * 1.2, y - r, x + r * 1.35 + lean * 0.2, y + r), fill=(130, 92, 58), width=7)


def _pattern(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    colours, step, turn = [_any_colour(random) for _ in range(3)], random.uniform(18, 60), random.uniform(0, math.pi)
    dx, dy = math.cos(turn), math.sin(turn)
    for index in range(-30, 31):
        x, y, shift = width / 2 + index * step * dx, height / 2 + index * step * dy, random.uniform(-4, 4)
        ends = (x - 600 * dy + shift, y + 600 * dx, x + 600 * dy, y - 600 * dx + shift)
        draw.line(ends, fill=(*colours[index % 3], 200), width=int(step * random.uniform(0.3, 0.9)))
    if random.random() < 0.6:
        for _ in range(40):
            x, y, r = random.uniform(0, width), random.uniform(0, height), step * random.uniform(0.1, 0.5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(*random.choice(colours), 220))


def _flowers(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    draw.rectangle((0, 0, width, height), fill=(66, 116, 60, 190))
    for _ in range(60):
        x, y, long = random.uniform(0, width), random.uniform(0, height), random.uniform(20, 70)
        draw.line(
            (x, y, x + random.uniform(-15, 15), y - long),
            fill=mixed((50, 110, 50), (160, 200, 90), random.random()),
            width=5,
        )
    petal = _any_colour(random)
    for _ in range(random.randrange(3, 10)):
        x, y, r, number = (
            random.uniform(0, width),
            random.uniform(0, height),
            random.uniform(16, 52),
            random.randrange(5, 9),
        )
        for leaf in range(number):
            turn = 2 * math.pi * leaf / number
            cx, cy = x + r * math.cos(turn), y + r * math.sin(turn)
            draw.ellipse(
                (cx - r * 0.55, cy - r * 0.55, cx + r * 0.55, cy + r * 0.55),
                fill=mixed(petal, (255, 255, 255), random.uniform(0, 0.3)),
            )
        draw.ellipse((x - r * 0.5, y - r * 0.5, x + r * 0.5, y + r * 0.5), fill=(250, 206, 70))


_FOOD: tuple[Colour, ...] = (
    (200, 60, 40), (240, 190, 80), (96, 150, 60), (236, 220, 190), (150, 84, 44),
    (250, 240, 220), (70, 110, 50), (220, 120, 50),
)  # fmt: skip


def _any_colour(random: Random) -> Colour:
    return random.randrange(40, 256), random.randrange(40, 256), random.randrange(40, 256)
