"""Images of more than 8 bits a value -> 8 bits: grey of 16 and 32 bits and floats, colours of 16 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What white is in integers: the most that so many bits hold. A camera of 10 or 12 bits saved in files of 16 leaves the
# upper bits at zero; taken for 16 bits all of it would be almost black.
WHITES = (255, 1023, 4095, 65535)
_SAMPLE_FORMAT_TAG = 339  # of a TIFF
_UNSIGNED = 1
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


def stretched(image: Image.Image) -> Image.Image:
    """Colours of 16 bits, of which the upper 8 are here -> the same, or brighter where they held fewer bits.

    Of 12 bits in 16 the upper half holds 0 to 15, of 10 bits 0 to 3: few shades, but the image can be seen.
    """
    bands = image.split()
    colours = bands[:3] if len(bands) >= 3 else bands[:1]
    largest = max(int(band.getextrema()[1]) for band in colours)  # type: ignore[arg-type]
    white = next((white for white in (3, 15) if largest <= white), 255)
    if white == 255 or largest == 0:
        return image
    table = [min(255, round(value * 255 / white)) for value in range(256)]
    alphas = bands[len(colours) :]
    return Image.merge(image.mode, [*(band.point(table) for band in colours), *alphas])


def _raw_mode(args: object) -> str:
    return args if isinstance(args, str) else str(args[0]) if isinstance(args, tuple) and args else ""
