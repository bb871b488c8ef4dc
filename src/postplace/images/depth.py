"""Images of more than 8 bits a value -> 8 bits: grey of 16 and 32 bits and floats, colours of 16 bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What white is in integers: the most that so many bits hold. A camera of 10 or 12 bits saved in files of 16 leaves the
# upper bits at zero; taken for 16 bits all of it would be almost black.
WHITES = (255, 1023, 4095, 65535)
_SAMPLE_FORMAT_TAG = 339  # of a TIFF
_UNSIGNED = 1
_UPPER_OF_12_BITS = 15
_ROWS = 64
_PHOTOMETRIC_TAG, _WHITE_IS_ZERO = 262, 0


def is_deep(image: Image.Image) -> bool:
    """Whether an opened image has grey values of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def has_deep_colours(image: Image.Image) -> bool:
    """Whether an opened, not yet loaded image has colours of 16 bits, of which Pillow keeps the upper half."""
    return any(";16" in _raw_mode(tile.args) for tile in getattr(image, "tile", [])) and not is_deep(image)


def eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 bits, 32 bits or floats -> mode L; floats up to 1 count as fractions, NaN as black.

    White is the most that 8, 10, 12 or 16 bits hold, the fewest that hold all values, or else the largest value.
    """
    tags = getattr(image, "tag_v2", None)  # of a TIFF
    raw = np.asarray(image)
    if image.mode == "I" and tags is not None and _UNSIGNED in tags.get(_SAMPLE_FORMAT_TAG, (_UNSIGNED,)):
        raw = raw.view(np.uint32)  # Pillow has no mode for these and reads them as signed
    values = np.nan_to_num(raw.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    grey = np.clip(values * (255 / white_level(values, image.mode)), 0, 255).astype(np.uint8)
    white_is_zero = tags is not None and tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO  # Pillow minds it up to 8 bits
    return Image.fromarray(255 - grey if white_is_zero else grey)


def white_level(values: NDArray[np.float32], mode: str) -> float:
    """The value that is white in an image of that mode of Pillow.

    >>> [white_level(np.array([0, most], np.float32), "I;16") for most in (200, 1000, 4095, 4096, 70_000)]
    [255.0, 1023.0, 4095.0, 65535.0, 70000.0]
    """
    largest = float(values.max())
    if mode == "F":
        return max(largest, 1.0 if largest <= 1 else 255.0)
    return float(next((white for white in WHITES if largest <= white), largest))


def stretched(upper: Image.Image, open_again: Callable[[], Image.Image]) -> Image.Image:
    """Colours of 16 bits, of which the upper 8 are here -> the same, or brighter where they hold 8, 10 or 12 bits.

    Only then the lower 8 are decoded too, from the same file opened again. An image of grey and transparency, whose
    lower halves Pillow does not give, gets the 16 shades that the upper ones hold.
    """
    bands = upper.split()
    colours = 3 if len(bands) >= 3 else 1
    largest = max(int(band.getextrema()[1]) for band in bands[:colours])  # type: ignore[arg-type]
    if largest > _UPPER_OF_12_BITS:
        return upper
    lower = _lower_halves(open_again) if upper.mode in ("RGB", "RGBA") else None
    if lower is None:
        table = [min(255, round(value * 255 / _UPPER_OF_12_BITS)) for value in range(256)]
        return Image.merge(upper.mode, [*(band.point(table) for band in bands[:colours]), *bands[colours:]])
    pixels, low = np.array(upper), np.asarray(lower)
    white = next(
        white for white in WHITES if largest * 256 + (int(low[..., :3].max()) if largest == 0 else 255) <= white
    )
    shades = np.minimum(np.arange(256 * (_UPPER_OF_12_BITS + 1)) * 255 // white, 255).astype(np.uint8)
    for row in range(0, len(pixels), _ROWS):  # a few at a time: their values of 16 bits take memory
        some = slice(row, row + _ROWS)
        pixels[some, :, :3] = shades[pixels[some, :, :3].astype(np.uint16) * 256 + low[some, :, :3]]
    return Image.fromarray(pixels)


def _lower_halves(open_again: Callable[[], Image.Image]) -> Image.Image | None:
    """The lower 8 bits of colours of 16: the same values read as if their bytes were the other way round."""
    image = open_again()
    if not all(_raw_mode(tile.args)[:-1] in ("RGB;16", "RGBA;16") for tile in image.tile):  # type: ignore[attr-defined]
        return None
    tiles = []
    for tile in image.tile:  # type: ignore[attr-defined]
        mode = _raw_mode(tile.args)
        swapped = mode[:-1] + ("L" if mode[-1] == "B" else "B")
        tiles.append(tile._replace(args=swapped if isinstance(tile.args, str) else (swapped, *tile.args[1:])))
    image.tile = tiles  # type: ignore[attr-defined]
    image.load()
    return image


def _raw_mode(args: object) -> str:
    return args if isinstance(args, str) else str(args[0]) if isinstance(args, tuple) and args else ""
