"""Encoders of another package: texts by the letters in them, images by their mean colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace import register_encoder


@register_encoder("toy-lengths", kind="text", width=8, citation="nobody, 2026", prefer_when="a toy is wanted")
class ToyLengths:
    """Sentences -> vectors (B, 8): how many characters leave each remainder when divided by 8, by the text's length."""

    name, width, fingerprint = "toy-lengths", 8, "toy-lengths 1"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See the class."""
        rows = [np.bincount([ord(letter) % 8 for letter in text], minlength=8) / len(text) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 8)


@dataclass(frozen=True)
class Shrink:
    """RGB image -> (8, 8, 3) uint8."""

    def __call__(self, image: Any) -> NDArray[np.uint8]:
        """See the class."""
        return np.asarray(image.resize((8, 8)), dtype=np.uint8)


@register_encoder("toy-colours", kind="image", width=3, citation="nobody, 2026", prefer_when="a toy is wanted")
class ToyColours:
    """Prepared images (B, 8, 8, 3) -> vectors (B, 3): the mean of each channel, from 0 to 1."""

    name, width, fingerprint = "toy-colours", 3, "toy-colours 1"

    def __init__(self) -> None:
        self.prepare = Shrink()

    def encode(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """See the class."""
        return np.asarray(batch.mean(axis=(1, 2)) / 255, dtype=np.float32)
