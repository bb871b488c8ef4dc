"""Posts and their stored vectors -> padded tensors and masks: the only collate.

Letters: B posts, L characters, W words, H hashtags, I images, D width. Masks are True where something real is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class InputSizes:
    """What a model must know of its inputs: vocabulary sizes (padding 0 and unknown 1 counted in) and vector widths."""

    characters: int
    words: int
    hashtags: int
    text_width: int
    image_width: int


@dataclass(slots=True)
class Batch:
    """B posts as tensors.

    Ids are int64 with 0 for padding and 1 for unknown, real ids first (left-aligned). A modality that is absent has
    its mask False, its ids all 0 and its vector all 0; models must not let any of these values through.
    Characters of text and of hashtags share one vocabulary; words and hashtags have one each.
    """

    text_characters: Tensor  # (B, L) int64
    text_words: Tensor  # (B, W) int64
    text_vector: Tensor  # (B, D_text) float32
    text_mask: Tensor  # (B,) bool
    hashtag_characters: Tensor  # (B, L') int64
    hashtag_words: Tensor  # (B, H) int64
    hashtag_vector: Tensor  # (B, D_text) float32
    hashtag_mask: Tensor  # (B,) bool
    image_vectors: Tensor  # (B, I, D_image) float32
    image_mask: Tensor  # (B, I) bool
    labels: Tensor | None = None  # (B,) int64

    def __len__(self) -> int:
        return len(self.text_mask)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device."""
        moved = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{name: None if value is None else value.to(device) for name, value in moved.items()})
