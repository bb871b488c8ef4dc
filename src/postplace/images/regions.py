"""Parts of a picture: a grid of boxes, and the picture with some of them covered or blurred, or cropped to one.

A box is (left, top, right, bottom) in shares of the sides of the upright picture, 0 to 1.
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


def pixels_of(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in pixels of a picture of that width and height; boxes that touch do so in pixels too.

    >>> pixels_of((0.25, 0.0, 0.5, 0.5), (9, 6))
    (2, 0, 4, 3)
    """
    (left, top, right, bottom), (width, height) = box, size
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def covered(picture: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """A copy with these boxes in the picture's mean colour; the picture is in mode RGB."""
    red, green, blue = (round(value) for value in ImageStat.Stat(picture).mean)
    copy = picture.copy()
    for box in boxes:
        copy.paste((red, green, blue), pixels_of(box, picture.size))
    return copy


def blurred(picture: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """A copy with these boxes brought down to 3 x 3 colours and smoothed: however large, as little is left of each."""
    copy = picture.copy()
    for box in boxes:
        left, top, right, bottom = pixels_of(box, picture.size)
        if right > left and bottom > top:
            part = picture.crop((left, top, right, bottom))
            few = part.resize((min(BLURRED_TO, part.width), min(BLURRED_TO, part.height)), Image.Resampling.BOX)
            copy.paste(few.resize(part.size, Image.Resampling.BICUBIC), (left, top))
    return copy


def cropped(picture: Image.Image, box: Box) -> Image.Image:
    """What lies in the box, one pixel at least."""
    left, top, right, bottom = pixels_of(box, picture.size)
    left, top = min(left, picture.width - 1), min(top, picture.height - 1)
    return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def at_most(picture: Image.Image, pixels: int) -> Image.Image:
    """The picture, smaller if it has more pixels than that (or, one pixel wide, nearly so)."""
    width, height = picture.size
    if width * height <= pixels:
        return picture
    share = (pixels / (width * height)) ** 0.5
    return picture.resize((max(1, int(width * share)), max(1, int(height * share))), Image.Resampling.LANCZOS)


def lossless(picture: Image.Image) -> bytes:
    """The picture as a file that gives the same pixels again; BMP is the quickest to write."""
    file = io.BytesIO()
    picture.save(file, format="BMP")
    return file.getvalue()
