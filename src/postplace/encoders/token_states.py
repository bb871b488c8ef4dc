"""Token states as rows of a store, for the models that read tokens and patches instead of one vector.

They are wide: 49 patches of width 1024 are 50,176 numbers an image. In float16, in memory and in the store, that is
100 kB an image (and as much for 52 tokens of a text), so that 10,000 posts of one image each take 2 GB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import (
    BothAtOnce,
    ImageEncoder,
    ImageStates,
    LayeredStates,
    States,
    TextEncoder,
    TextStates,
    Vectors,
)
from postplace.encoders.store import Precision, Store, Stores
from postplace.errors import BadOption

PRECISION: Precision = "float16"
SHARD_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class StateRows:
    """The states of an encoder, n of width D an item, flat: a store takes rows of n D numbers."""

    encode_states: Callable[[Any], States]
    fingerprint: str
    states: int
    width: int

    @property
    def row(self) -> int:
        """Numbers an item."""
        return self.states * self.width

    def open(self, stores: Stores) -> Store:
        """Where rows are kept; in shards of 64 MiB, for one is gathered, and read, as a whole."""
        shard_rows = max(1, SHARD_BYTES // (2 * self.row))
        return stores.open(self.fingerprint, self.row, dtype=PRECISION, shard_rows=shard_rows)

    def encode(self, batch: Any) -> States:
        """Texts, or prepared images, to rows (B, n D); ValueError when the encoder does not keep to what it says."""
        found = self.encode_states(batch)
        if found.shape != (len(batch), self.states, self.width):
            expected = f"({len(batch)}, {self.states}, {self.width})"
            raise ValueError(f"{self.fingerprint}: states of shape {found.shape}, expected {expected}")
        return found.reshape(len(batch), -1)

    def shaped(self, rows: NDArray[np.float16]) -> NDArray[np.float16]:
        """Rows (N, n D) of a store, as (N, n, D)."""
        return rows.reshape(len(rows), self.states, self.width)


def text_state_rows(encoder: TextEncoder) -> StateRows:
    """The token states of a text encoder; BadOption if it hands out none."""
    if not (isinstance(encoder, TextStates) and encoder.states > 0):
        raise _no_states("text", encoder.name)
    return StateRows(encoder.encode_states, _fingerprint(encoder), encoder.states, encoder.states_width)


def image_state_rows(encoder: ImageEncoder) -> StateRows:
    """The patch states of an image encoder; BadOption if it hands out none."""
    if not (isinstance(encoder, ImageStates) and encoder.states > 0):
        raise _no_states("image", encoder.name)
    return StateRows(encoder.encode_states, _fingerprint(encoder), encoder.states, encoder.states_width)


def get_state_layers(encoder: object) -> int:
    """Of how many of its network's layers an encoder hands out states, one after the other at each position."""
    return encoder.state_layers if isinstance(encoder, LayeredStates) else 1


def rows_of_both(encoder: object, rows: StateRows) -> Callable[[Any], tuple[Vectors, States]] | None:
    """How to make the vectors, and the states as rows, of a batch in one run of the network; None if it takes two."""
    if not isinstance(encoder, BothAtOnce):
        return None

    def encode(batch: Any) -> tuple[Vectors, States]:
        vectors, states = encoder.encode_both(batch)
        return vectors, replace(rows, encode_states=lambda _: states).encode(batch)

    return encode


def in_one_run(encoder: ImageEncoder, rows: StateRows) -> tuple[Callable[[Any], Vectors], Callable[[Any], States]]:
    """How to make vectors, and states as rows, of images: each batch is seen once, if the encoder can do both."""
    both = rows_of_both(encoder, rows)
    if both is None:
        return encoder.encode, rows.encode
    run = _OneRun(both)
    return run.vectors, run.states


class _OneRun:
    """Keeps what was made of the last batch: whoever asks for the other half of it gets it at once."""

    def __init__(self, encode_both: Callable[[Any], tuple[Vectors, States]]) -> None:
        self._encode_both = encode_both
        self._last: tuple[Any, tuple[Vectors, States]] | None = None

    def vectors(self, batch: Any) -> Vectors:
        return self._both(batch)[0]

    def states(self, batch: Any) -> States:
        return self._both(batch)[1]

    def _both(self, batch: Any) -> tuple[Vectors, States]:
        if self._last is None or not np.array_equal(self._last[0], batch):
            self._last = batch, self._encode_both(batch)
        return self._last[1]


def _fingerprint(encoder: Any) -> str:
    layers = get_state_layers(encoder)
    of_layers = f" of {layers} layers" if layers > 1 else ""
    return f"{encoder.fingerprint}; {encoder.states} states{of_layers} of width {encoder.states_width}, {PRECISION}"


def _no_states(kind: Literal["text", "image"], name: str) -> BadOption:
    from postplace.encoders.hub.build import HUB_NAMES

    able = ", ".join(other for other, entry in HUB_NAMES.items() if kind in entry.reads)
    remedy = f"take one that does ({able}, or another of the hub), or a model that reads vectors, such as sg-mft"
    return BadOption(f"{kind}_encoder", f"{name} gives no token states", remedy)
