"""The Protocols that every encoder fulfils.

An encoder is frozen: the same input gives the same vector for ever, and `fingerprint` changes whenever that would not
hold (other weights, other preprocessing). The store relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from postplace.schema import Post

Vectors = NDArray[np.float32]
States = NDArray[np.float32]  # (B, n, D)


class TextEncoder(Protocol):
    """Sentences -> vectors (B, D). It tokenises by itself: give it the text minus links and mentions."""

    name: str
    width: int
    fingerprint: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Texts (B) -> vectors (B, D) float32."""
        ...


class ImagePreparation(Protocol):
    """Turns a decoded RGB image into the array an image encoder takes.

    Runs in worker processes: it must be picklable and must not import torch.
    """

    def __call__(self, image: Any) -> NDArray[Any]:
        """A `PIL.Image.Image` in mode RGB -> one array of fixed shape and dtype."""
        ...


class ImageEncoder(Protocol):
    """Prepared images, stacked along the first axis -> vectors (B, D)."""

    name: str
    width: int
    fingerprint: str
    prepare: ImagePreparation

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """Prepared images (B, height, width, 3) -> vectors (B, D) float32."""
        ...


@runtime_checkable
class EncodesPosts(Protocol):
    """A text encoder that has its vectors by the posts' ids, not by their texts: they were computed elsewhere.

    `hashtags` has those of the posts' hashtags; with None the hashtags have no vector.
    """

    width: int
    hashtags: EncodesPosts | None

    def encode_posts(self, posts: Sequence[Post]) -> Vectors:
        """Posts -> the vectors (B, D) of their texts; raises BadVectors for a post that has none."""
        ...


@runtime_checkable
class TextStates(Protocol):
    """A text encoder that can also hand out the states of its tokens, `states` of them a text, cut and padded to that.

    A padded state is all zero, and only a padded one: that is how it is known. `fingerprint` covers the states too.
    """

    states: int
    states_width: int

    def encode_states(self, texts: Sequence[str]) -> States:
        """Texts -> (B, n, D)."""
        ...


@runtime_checkable
class CountsLengths(Protocol):
    """A text encoder that says how much of a text it reads: of a long one it reads the beginning alone.

    `unit` is what it counts by: characters or tokens.
    """

    unit: str

    def lengths(self, texts: Sequence[str], *, states: bool = False) -> NDArray[np.int64]:
        """How many units of each text it reads, and how many there are: (B, 2); `states`: reads for token states."""
        ...


@runtime_checkable
class ImageStates(Protocol):
    """An image encoder that can also hand out the states of a grid of patches, `states` of them, row by row.

    A padded state, if there is one, is all zero. `fingerprint` covers the states too.
    """

    states: int
    states_width: int

    def encode_states(self, batch: NDArray[Any]) -> States:
        """Prepared images, stacked along the first axis -> (B, n, D)."""
        ...


@runtime_checkable
class LayeredStates(Protocol):
    """An encoder whose states are those of several of its network's last layers, the last one last.

    Of each position the layers follow each other: state `position * state_layers + layer`, of `states` in all.
    """

    state_layers: int


@runtime_checkable
class BothAtOnce(Protocol):
    """An encoder, of texts or of images, whose network gives vectors and states in one run: it is asked for both."""

    def encode_both(self, batch: Any) -> tuple[Vectors, States]:
        """Texts, or prepared images -> what `encode` and `encode_states` give, (B, D) and (B, n, D)."""
        ...


@runtime_checkable
class OwnBatchSize(Protocol):
    """An encoder that knows how many items fill its device; it is handed as many at a time, or fewer at the end."""

    @property
    def batch_size(self) -> int:
        """How many items are encoded at once."""
        ...
