"""The Protocols that every encoder fulfils.

An encoder is frozen: the same input gives the same vector for ever, and `fingerprint` changes whenever that would not
hold (other weights, other preprocessing). The store relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class TextEncoder(Protocol):
    """Sentences -> vectors (B, D). It tokenises by itself: give it the text minus links and mentions."""

    name: str
    width: int
    fingerprint: str

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class ImagePreparation(Protocol):
    """Turns a decoded RGB picture into the array an image encoder takes.

    Runs in worker processes: it must be picklable and must not import torch.
    """

    def __call__(self, image: Any) -> NDArray[Any]:
        """A `PIL.Image.Image` in mode RGB -> one array of fixed shape and dtype."""
        ...


class ImageEncoder(Protocol):
    """Prepared pictures, stacked along the first axis -> vectors (B, D)."""

    name: str
    width: int
    fingerprint: str
    prepare: ImagePreparation

    def encode(self, batch: NDArray[Any]) -> Vectors: ...
