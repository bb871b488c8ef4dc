"""What a text network gives -> vectors and token states, whatever runs the network (PyTorch, onnxruntime).

Letters: B texts, L tokens of the longest text of a run, D width of a vector, n states, S width of a state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.encoder import States, Vectors

# Which texts (their rows), what the network gave for them, (B, D) and (B, L, S), and the mask (B, L) of their tokens
NetworkOutput = tuple[NDArray[np.int64], Sequence[Any], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class TextReadout:
    """What a text encoder reads out of its network; `run` cuts texts to so many tokens and gives each text in one run.

    longest: tokens that are read of a text; `whole`: every text is padded to them, so that a shorter cut changes
    nothing. Of a longer text than `states` tokens the states are those of its beginning, read alone.
    """

    run: Callable[[Sequence[str], int], Iterable[NetworkOutput]]
    longest: int
    whole: bool
    width: int
    states: int
    states_width: int

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """(B, D)."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        for rows, outputs, _ in self.run(texts, self.longest):
            vectors[rows] = outputs[0]
        return vectors

    def token_states(self, texts: Sequence[str]) -> States:
        """(B, n, S), real ones first; a padded token's state is all zeros."""
        states = np.zeros((len(texts), self.states, self.states_width), dtype=np.float32)
        for rows, outputs, mask in self.run(texts, min(self.longest, self.states)):
            self._keep(states, rows, outputs[1], mask)
        return states

    def both(self, texts: Sequence[str]) -> tuple[Vectors, States]:
        """Vectors and states in one run; texts longer than `states` tokens take a second one, for their states."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        states = np.zeros((len(texts), self.states, self.states_width), dtype=np.float32)
        longer: list[int] = []
        for rows, outputs, mask in self.run(texts, self.longest):
            vectors[rows] = outputs[0]
            self._keep(states, rows, outputs[1], mask)
            if not self.whole:
                longer += rows[mask.sum(axis=1) > self.states].tolist()
        if longer:
            states[longer] = self.token_states([texts[row] for row in longer])
        return vectors, states

    def tokens_read(self, *, states: bool) -> int:
        """How many tokens of a text are read: for its vector, or for the states."""
        return min(self.longest, self.states) if states else self.longest

    def _keep(self, states: States, rows: NDArray[np.int64], found: Any, mask: NDArray[np.int64]) -> None:
        for row, own, real in zip(rows, found, mask, strict=True):
            kept = own[real.astype(bool)][: self.states]
            states[row] = 0
            states[row, : len(kept)] = kept
