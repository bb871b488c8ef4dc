"""Parts of an image: a grid of boxes, and the image with some of them covered or blurred, or cropped to one.

A box is (left, top, right, bottom) in shares of the sides of the upright image, 0 to 1.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image, ImageStat

Box = tuple[float, float, float, float]
BLURRED_TO = 3  # colours a side that are left of a blurred box: nothing brings more of it back


def grid(size: int) -> list[Box]:
    """The boxes of `size` rows and columns, row by row.

    >>> grid(2)[1]
    (0.5, 0.0, 1.0, 0.5)
    """
    cuts = [number / size for number in range(size + 1)]
    return [(cuts[column], cuts[row], cuts[column + 1], cuts[row + 1]) for row in range(size) for column in range(size)]


def to_pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in pixels of an image of that width and height; boxes that touch do so in pixels too.

    >>> to_pixels((0.25, 0.0, 0.5, 0.5), (9, 6))
    (2, 0, 4, 3)
    """
    (left, top, right, bottom), (width, height) = box, size
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def covered(image: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """A copy with these boxes in the image's mean colour; the image is in mode RGB."""
    red, green, blue = (round(value) for value in ImageStat.Stat(image).mean)
    copy = image.copy()
    for box in boxes:
        copy.paste((red, green, blue), to_pixels(box, image.size))
    return copy


def blurred(image: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """A copy with these boxes brought down to 3 x 3 colours and smoothed: however large, as little is left of each."""
    copy = image.copy()
    for box in boxes:
        left, top, right, bottom = to_pixels(box, image.size)
        if right > left and bottom > top:
            part = image.crop((left, top, right, bottom))
            few = part.resize((min(BLURRED_TO, part.width), min(BLURRED_TO, part.height)), Image.Resampling.BOX)
            copy.paste(few.resize(part.size, Image.Resampling.BICUBIC), (left, top))
    return copy


def cropped(image: Image.Image, box: Box) -> Image.Image:
    """What lies in the box, one pixel at least."""
    left, top, right, bottom = to_pixels(box, image.size)
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def at_most(image: Image.Image, pixels: int) -> Image.Image:
    """The image, smaller if it has more pixels than that (or, one pixel wide, nearly so)."""
    width, height = image.size
    if width * height <= pixels:
        return image
    share = (pixels / (width * height)) ** 0.5
    return image.resize((max(1, int(width * share)), max(1, int(height * share))), Image.Resampling.LANCZOS)


def lossless(image: Image.Image) -> bytes:
    """The image as a file that gives the same pixels again; BMP is the quickest to write."""
    file = io.BytesIO()
    image.save(file, format="BMP")
    return file.getvalue()
