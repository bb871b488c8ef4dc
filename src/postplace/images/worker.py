"""What a worker process does: decode a batch of images and prepare them for an encoder. No torch in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadImage
from postplace.images.decode import decode

Prepare = Callable[[Any], NDArray[Any]]
Hash = Callable[[Any], int]


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Images that could be decoded: their positions in the requested batch, stacked arrays, perceptual hashes.

    `reasons` says for every other position why it could not.
    """

    positions: list[int]
    arrays: NDArray[Any] | None
    hashes: list[int]
    reasons: dict[int, str]


def prepare_batch(images: Sequence[Path | bytes], prepare: Prepare, *, hash_image: Hash | None) -> PreparedBatch:
    """Decode and prepare each image; one that cannot be decoded becomes a reason, not an error."""
    positions, arrays, hashes, reasons = [], [], [], {}
    for position, source in enumerate(images):
        try:
            image = decode(source, target=getattr(prepare, "size", None))
        except BadImage as error:
            reasons[position] = f"{error.found}; {error.remedy}"
            continue
        positions.append(position)
        arrays.append(prepare(image))
        if hash_image is not None:
            hashes.append(hash_image(image))
    return PreparedBatch(positions, np.stack(arrays) if arrays else None, hashes, reasons)
