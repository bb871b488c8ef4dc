"""How much of an image is people, and what is done about it.

MRLF (Dai et al., ICC 2023) recognises portraits with U2-Net, leaves out images whose portrait ratio exceeds 0.5
(sections IV-A and IV-E) and fills the people in the others from their surroundings (section III-A).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from postplace.errors import BadOption, unknown_name
from postplace.images.inpaint import Inpainter, widened

MAX_RATIO = 0.5  # MRLF, section IV-E
SEGMENTERS = ("auto", "u2net", "embedded")

Mask = NDArray[np.bool_]


class PersonSegmenter(Protocol):
    """Finds people in images. It travels to worker processes: it must be picklable, and loads what it needs there.

    `fingerprint` changes whenever the same image could get another mask.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def fingerprint(self) -> str:
        """What decides its result: method, version, weights."""
        ...

    def mask(self, image: Image.Image) -> Mask:
        """An image in mode RGB -> the pixels of people (H, W), True = person."""
        ...


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An image after the rule: `mask` (H, W) and `ratio` of people in it; `image` is None where it is dropped."""

    ratio: float
    dropped: bool
    image: Image.Image | None
    mask: Mask


def find_segmenter(name: str = "auto", *, weights: Path | None = None) -> PersonSegmenter:
    """The segmenter "u2net" or "embedded"; "auto" takes U2-Net if its weights are here, else the embedded one.

    `weights`: U2-Net's ONNX file; without it the one in rembg's cache. Nothing is ever downloaded. Raises BadOption for
    an unknown name or a library that is not installed, BadWeights for a file that is missing or is not the network.
    """
    from postplace.images.persons.embedded import embedded_segmenter
    from postplace.images.persons.u2net import u2net_segmenter, weights_in_cache

    if name not in SEGMENTERS:
        raise unknown_name("portrait segmenter", name, SEGMENTERS)
    if name == "embedded":
        if weights is not None:
            raise BadOption("portrait segmenter", f"'embedded' has no use for {weights}", "take 'u2net' or no file")
        return embedded_segmenter()
    if name == "auto" and weights is None and weights_in_cache() is None:
        return embedded_segmenter()
    return u2net_segmenter(weights)


def person_ratio(mask: Mask) -> float:
    """Person pixels over all pixels, 0 to 1 (MRLF, section IV-E: the portrait ratio).

    >>> person_ratio(np.array([[True, False], [False, False]]))
    0.25
    """
    return float(mask.mean()) if mask.size else 0.0


def clean_image(
    image: Image.Image, *, segmenter: PersonSegmenter, inpainter: Inpainter, max_ratio: float = MAX_RATIO
) -> Cleaned:
    """MRLF's rule for one image in mode RGB: drop it, fill the people in it, or leave it.

    A ratio above `max_ratio` drops it, one above 0 has its people filled by `inpainter`, 0 leaves it as it is. The mask
    is widened before it is filled, not before the ratio is taken. Raises BadOption for a `max_ratio` outside 0 to 1.
    """
    if not 0 <= max_ratio <= 1:
        raise BadOption("max_ratio", f"{max_ratio} is not a share of an image", "give a number from 0 to 1")
    mask = segmenter.mask(image)
    ratio = person_ratio(mask)
    if ratio > max_ratio:
        return Cleaned(ratio, True, None, mask)
    if ratio == 0:
        return Cleaned(ratio, False, image, mask)
    return Cleaned(ratio, False, inpainter.fill(image, widened(mask)), mask)
