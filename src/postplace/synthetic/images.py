"""Images of the synthetic city, drawn with Pillow: a landmark under some sky, from somewhere, with people about.

A canvas is twice the size of the image and is halved at the end, which smooths every edge.
"""

from __future__ import annotations

from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from postplace.synthetic.landmarks import DARK, GROUND, SCENES, Colour, Shape

SIZES = ((160, 160), (160, 160), (180, 136), (136, 180))
Points = NDArray[np.float64]


class Light(NamedTuple):
    """Colours of the sky at its top and its horizon, and the tint of everything else."""

    top: Colour
    horizon: Colour
    tint: Colour
    lamps: bool = False


LIGHTS = {
    "day": Light((84, 146, 218), (206, 228, 246), (255, 255, 255)),
    "bright": Light((52, 118, 214), (176, 212, 246), (255, 252, 240)),
    "overcast": Light((148, 156, 166), (206, 210, 214), (222, 226, 230)),
    "dawn": Light((116, 138, 190), (255, 208, 172), (255, 226, 212)),
    "dusk": Light((104, 98, 176), (255, 196, 132), (216, 166, 158), lamps=True),
    "night": Light((42, 52, 92), (116, 112, 150), (112, 118, 164), lamps=True),
}
GROUNDS: dict[str, tuple[Colour, Colour]] = {  # far and near
    "water": ((92, 138, 160), (38, 78, 112)),
    "plaza": ((186, 182, 176), (150, 146, 142)),
    "grass": ((122, 160, 92), (78, 122, 60)),
    "street": ((128, 126, 128), (88, 88, 92)),
    "quay": ((160, 158, 152), (116, 114, 110)),
    "track": ((120, 156, 90), (92, 136, 70)),
}
CLOTHES: tuple[Colour, ...] = (
    (190, 50, 60), (40, 70, 130), (240, 200, 80), (60, 60, 66), (230, 230, 228),
    (70, 130, 90), (150, 90, 150), (226, 128, 60),
)  # fmt: skip
SKIN: tuple[Colour, ...] = ((244, 208, 178), (226, 178, 140), (198, 146, 106), (150, 102, 70))
HAIR: tuple[Colour, ...] = ((32, 26, 24), (62, 42, 30), (110, 72, 42), (24, 24, 30))


class View(NamedTuple):
    """Where the camera stands: canvas x = x0 + scale * (x - 50) + lean, and so on; everything in canvas pixels."""

    width: int
    height: int
    scale: float
    x0: float
    y0: float  # of the ground line
    turn: float
    taper: float
    mirror: int

    def project(self, points: Points) -> Points:
        """Frame coordinates (P, 2) -> canvas pixels (P, 2)."""
        up = (points[:, 1] - GROUND) * self.scale
        across = (points[:, 0] - 50) * self.scale * self.mirror * (1 + self.taper * up / self.height)
        return np.stack((self.x0 + across - up * self.turn, self.y0 + up + across * self.turn), axis=1)


def light_at(hour: int, random: Random) -> str:
    """The name of the light at an hour of the day (0 to 23)."""
    if hour < 6 or hour >= 19:
        return "night"
    if hour >= 17:
        return random.choice(("dusk", "dusk", "overcast"))
    return "dawn" if hour < 8 else random.choice(("day", "day", "bright", "overcast"))


def draw_place(scene: str, *, variant: int, light: str, random: Random) -> Image.Image:
    """An image (RGB, about 160 x 160) of a landmark; `variant` 0, 1, 2, ... paints it in other colours."""
    width, height = (2 * side for side in random.choice(SIZES))
    view = _view(width, height, random)
    canvas = _sky(width, height, LIGHTS[light], random)
    draw = ImageDraw.Draw(canvas, "RGBA")
    _skyline(draw, view, LIGHTS[light], random)
    _ground(draw, SCENES[scene].ground, view, random)
    lit = _landmark(draw, scene, variant, view, random)
    _clutter(draw, view, random, on_water=SCENES[scene].ground == "water")
    canvas = _illuminated(canvas, LIGHTS[light], lit, SCENES[scene].ground, view, random)
    if light == "overcast" and random.random() < 0.5:
        _rain(canvas, random)
    return photographed(canvas, random)


def _view(width: int, height: int, random: Random) -> View:
    close = random.random() < 0.15  # so near that much of the landmark is outside
    scale = min(width, height) / 100 * (random.uniform(1.5, 2.2) if close else random.uniform(0.85, 1.35))
    return View(
        width,
        height,
        scale,
        x0=width * random.uniform(0.34, 0.66),
        y0=height * random.uniform(0.7, 0.86),
        turn=random.gauss(0, 0.03),
        taper=random.uniform(-0.05, 0.3),
        mirror=1 if random.random() < 0.8 else -1,
    )


def _sky(width: int, height: int, light: Light, random: Random) -> Image.Image:
    """A gradient with clouds, drawn small and blown up, which makes it soft."""
    small = Image.new("RGB", (width // 8, height // 8))
    draw = ImageDraw.Draw(small, "RGBA")
    for row in range(small.height):
        t = min(1.0, row / (small.height * 0.75))
        draw.line((0, row, small.width, row), fill=mixed(light.top, light.horizon, t))
    puff = mixed(light.horizon, (255, 255, 255), 0.5 if light is not LIGHTS["night"] else 0.1)
    for _ in range(random.randrange(0, 6)):
        x, y, size = random.uniform(0, small.width), random.uniform(0, small.height * 0.5), random.uniform(2, 6)
        for _ in range(5):
            dx, dy, r = (
                random.uniform(-1.6, 1.6) * size,
                random.uniform(-0.3, 0.3) * size,
                size * random.uniform(0.3, 0.7),
            )
            draw.ellipse((x + dx - r * 1.5, y + dy - r * 0.7, x + dx + r * 1.5, y + dy + r * 0.7), fill=(*puff, 110))
    sky = small.filter(ImageFilter.GaussianBlur(1)).resize((width, height), Image.Resampling.BILINEAR)
    if light is LIGHTS["night"] and random.random() < 0.6:
        x, y, r = random.uniform(0, width), random.uniform(0, height * 0.3), random.uniform(5, 9)
        ImageDraw.Draw(sky).ellipse((x - r, y - r, x + r, y + r), fill=(246, 240, 210))
    return sky


def _skyline(draw: ImageDraw.ImageDraw, view: View, light: Light, random: Random) -> None:
    """Far buildings or hills in the haze, new ones in every image: they tell nothing."""
    far = mixed(light.horizon, (96, 110, 130), 0.45)
    if random.random() < 0.35:
        x = -40.0
        while x < view.width + 40:
            r = random.uniform(30, 90)
            draw.ellipse((x - r, view.y0 - r * 0.55, x + r, view.y0 + r), fill=mixed(far, (80, 120, 90), 0.3))
            x += r
        return
    x = random.uniform(-20, 0)
    while x < view.width:
        wide, tall = random.uniform(10, 34), random.uniform(0.04, 0.3) * view.height
        draw.rectangle(
            (x, view.y0 - tall, x + wide, view.y0 + 4), fill=mixed(far, light.horizon, random.uniform(0, 0.5))
        )
        x += wide + random.uniform(-2, 14)


def _ground(draw: ImageDraw.ImageDraw, kind: str, view: View, random: Random) -> None:
    far, near = GROUNDS[kind]
    depth = view.height - view.y0 + 24
    slope = view.turn * view.width
    for step in range(12):
        y = view.y0 + depth * step / 12
        colour = mixed(far, near, step / 11)
        draw.polygon(
            ((0, y - slope / 2), (view.width, y + slope / 2), (view.width, view.height + 30), (0, view.height + 30)),
            fill=colour,
        )
    if kind in ("plaza", "quay", "street"):
        for step in range(-8, 9):
            x = view.x0 + step * view.width * 0.16
            draw.line(
                (view.x0 + step * view.width * 0.09, view.y0, x + step * 18, view.height),
                fill=(255, 255, 255, 46),
                width=2,
            )
    for _ in range(46 if kind in ("water", "grass", "track") else 14):
        t = random.random() ** 1.5
        x, y, wide = random.uniform(0, view.width), view.y0 + 3 + depth * t, random.uniform(3, 8 + 26 * t)
        shade = (255, 255, 255, 60) if random.random() < 0.5 else (20, 40, 30, 40)
        draw.line((x, y, x + (wide if kind == "water" else wide * 0.3), y), fill=shade, width=2)


def _landmark(
    draw: ImageDraw.ImageDraw, scene: str, variant: int, view: View, random: Random
) -> list[tuple[Points, Colour]]:
    """Paint the shapes; what is to be lit at night comes back as (points in canvas pixels, colour)."""
    shapes, points, ends = _shapes(scene)
    corners = np.split(view.project(points), ends)
    age = random.uniform(0.88, 1.1)
    lit = []
    for shape, polygon in zip(shapes, corners, strict=False):
        red, green, blue = (
            shape.colour if variant % 3 == 0 else shape.colour[variant % 3 :] + shape.colour[: variant % 3]
        )
        colour = (min(255, int(red * age)), min(255, int(green * age)), min(255, int(blue * age)))
        draw.polygon(polygon.ravel().tolist(), fill=colour)
        if shape.light and random.random() < shape.light:
            lit.append((polygon, mixed(colour, (255, 226, 150), 0.6 if shape.light > 0.6 else 0.25)))
    return lit


@cache
def _shapes(scene: str) -> tuple[tuple[Shape, ...], Points, list[int]]:
    shapes = SCENES[scene].shapes
    points = np.array([point for shape in shapes for point in shape.points])
    return shapes, points, np.cumsum([len(shape.points) for shape in shapes]).tolist()


def _illuminated(
    canvas: Image.Image, light: Light, lit: list[tuple[Points, Colour]], ground: str, view: View, random: Random
) -> Image.Image:
    """The canvas under its light: tinted, lamps on, mirrored in water."""
    if light.tint != (255, 255, 255):
        canvas = ImageChops.multiply(canvas, Image.new("RGB", canvas.size, light.tint))
    if light.lamps:
        glow = Image.new("RGB", (canvas.width // 4, canvas.height // 4))
        glow_draw, draw = ImageDraw.Draw(glow), ImageDraw.Draw(canvas)
        for polygon, colour in lit:
            draw.polygon(polygon.ravel().tolist(), fill=colour)
            glow_draw.polygon((polygon / 4).ravel().tolist(), fill=mixed(colour, (0, 0, 0), 0.45))
        halo = glow.filter(ImageFilter.GaussianBlur(3)).resize(canvas.size, Image.Resampling.BILINEAR)
        canvas = ImageChops.add(canvas, halo)
    if ground == "water":
        horizon = int(view.y0) + 12
        depth = min(canvas.height - horizon, horizon)
        if depth > 4:
            box = (0, horizon - depth, canvas.width, horizon)
            mirrored = canvas.crop(box).transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.BoxBlur(3))
            below = (0, horizon, canvas.width, horizon + depth)
            canvas.paste(Image.blend(canvas.crop(below), mirrored, random.uniform(0.2, 0.45)), below)
    return canvas


def _clutter(draw: ImageDraw.ImageDraw, view: View, random: Random, *, on_water: bool) -> None:
    """Passers-by, trees, cars, lamp posts, birds."""
    for _ in range(random.randrange(0, 4)):
        x, y = random.uniform(0, view.width), random.uniform(10, view.y0 * 0.6)
        draw.line((x - 5, y - 3, x, y, x + 5, y - 3), fill=(40, 40, 50), width=2)
    if on_water:
        return
    for _ in range(random.randrange(0, 3)):
        kind, near = random.choice(("tree", "car", "lamp", "tree")), random.uniform(0.1, 0.9)
        _PROPS[kind](
            draw, random.uniform(0, view.width), view.y0 + near * (view.height - view.y0), 34 + 40 * near, random
        )
    for near in sorted(random.uniform(0.1, 1.0) for _ in range(random.randrange(0, 6))):
        x, y = random.uniform(0, view.width), view.y0 + near * (view.height - view.y0)
        _passer_by(draw, x, y, 16 + 34 * near, random)


def _passer_by(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: Random) -> None:
    top, legs = random.choice(CLOTHES), random.choice(CLOTHES)
    draw.rectangle((x - size * 0.11, y - size * 0.45, x - size * 0.01, y), fill=legs)
    draw.rectangle((x + size * 0.02, y - size * 0.45, x + size * 0.12, y), fill=legs)
    draw.ellipse((x - size * 0.17, y - size * 0.84, x + size * 0.17, y - size * 0.36), fill=top)
    draw.ellipse((x - size * 0.1, y - size * 1.03, x + size * 0.1, y - size * 0.8), fill=random.choice(SKIN))
    draw.pieslice(
        (x - size * 0.11, y - size * 1.06, x + size * 0.11, y - size * 0.82), 180, 360, fill=random.choice(HAIR)
    )


def _tree(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: Random) -> None:
    draw.rectangle((x - size * 0.06, y - size * 0.8, x + size * 0.06, y), fill=(92, 66, 46))
    leaf = random.choice(((58, 110, 58), (84, 128, 60), (48, 92, 66)))
    for _ in range(7):
        dx, dy, r = (
            random.uniform(-0.4, 0.4) * size,
            random.uniform(-1.6, -0.8) * size,
            random.uniform(0.25, 0.42) * size,
        )
        draw.ellipse(
            (x + dx - r, y + dy - r, x + dx + r, y + dy + r), fill=mixed(leaf, (200, 220, 120), random.uniform(0, 0.25))
        )


def _car(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: Random) -> None:
    paint = random.choice(CLOTHES)
    draw.polygon((x - size * 0.4, y - size * 0.3, x - size * 0.25, y - size * 0.55, x + size * 0.28, y - size * 0.55,
                  x + size * 0.45, y - size * 0.3), fill=mixed(paint, (30, 40, 50), 0.55))  # fmt: skip
    draw.rounded_rectangle(
        (x - size * 0.65, y - size * 0.34, x + size * 0.65, y - size * 0.08), size * 0.08, fill=paint
    )
    for wheel in (-0.38, 0.38):
        draw.ellipse(
            (x + (wheel - 0.12) * size, y - size * 0.2, x + (wheel + 0.12) * size, y + size * 0.04), fill=(24, 24, 26)
        )


def _lamp(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, random: Random) -> None:
    draw.line((x, y, x, y - size * 2.4, x + size * 0.4, y - size * 2.5), fill=DARK, width=4)
    draw.ellipse(
        (x + size * 0.3, y - size * 2.55, x + size * 0.55, y - size * 2.4),
        fill=random.choice(((255, 244, 200), (250, 250, 250))),
    )


_PROPS = {"tree": _tree, "car": _car, "lamp": _lamp}


def _rain(canvas: Image.Image, random: Random) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(120):
        x, y, long = random.uniform(0, canvas.width), random.uniform(0, canvas.height), random.uniform(8, 20)
        draw.line((x, y, x - long * 0.2, y + long), fill=(230, 236, 244, 90), width=1)


def photographed(canvas: Image.Image, random: Random) -> Image.Image:
    """Halve the canvas and add what a cheap camera does: exposure, a colour cast, vignetting, grain, some blur."""
    image = canvas.reduce(2)
    if random.random() < 0.15:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 1.3)))
    pixels = np.asarray(image, dtype=np.float32)
    gain = random.uniform(0.85, 1.12) * np.array([random.uniform(0.94, 1.06) for _ in range(3)], dtype=np.float32)
    down, across = random.randrange(64), random.randrange(64)
    grain = _grain()[down : down + pixels.shape[0], across : across + pixels.shape[1], None] * random.uniform(2, 7)
    grain *= 0.4 + pixels.mean() / 200  # less of it in the dark, or it would be all that is left
    shown = pixels * gain * _vignette(pixels.shape[0], pixels.shape[1]) + grain
    return Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8))


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal((256, 256), dtype=np.float32)


@lru_cache(maxsize=8)
def _vignette(height: int, width: int) -> NDArray[np.float32]:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    falloff: NDArray[np.float32] = (1.03 - 0.11 * (x * x + y * y)).astype(np.float32)[..., None]
    return falloff


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with that share of `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
