"""Items (characters, words, hashtags) <-> ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadRun

PADDING = 0
UNKNOWN = 1
_FIRST = 2


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Items with ids from 2 on; 0 is padding, 1 an item that is not among them.

    >>> vocabulary = Vocabulary.fit(["abba", "cab"], min_count=2)
    >>> vocabulary.items, vocabulary.encode("bcab", length=6).tolist()
    (('a', 'b'), [3, 1, 2, 3, 0, 0])
    """

    items: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {item: number for number, item in enumerate(self.items, start=_FIRST)})

    @classmethod
    def fit(cls, sequences: Iterable[Sequence[str]], *, min_count: int, max_size: int | None = None) -> Vocabulary:
        """Learn from training sequences: most frequent items first, ties in alphabetical order.

        `min_count`: how often an item must occur in all, repetitions within a sequence counted.
        `max_size`: the largest `len`, padding and unknown included; the rarest items go.
        """
        if min_count < 1:
            raise BadOption("min_count", f"{min_count} is too small", "give 1 or more")
        if max_size is not None and max_size < _FIRST:
            raise BadOption("max_size", f"{max_size} is too small", "give 2 or more: padding and unknown count")
        counts: Counter[str] = Counter()
        for sequence in sequences:
            counts.update(sequence)
        frequent = sorted((-count, item) for item, count in counts.items() if count >= min_count)
        room = None if max_size is None else max_size - _FIRST
        return cls(tuple(item for _, item in frequent[:room]))

    def __len__(self) -> int:
        return len(self.items) + _FIRST

    def encode(self, items: Sequence[str], *, length: int) -> NDArray[np.int64]:
        """Ids (length,), cut or filled with padding at the end."""
        ids: NDArray[np.int64] = self.encode_many([items], length=length)[0]
        return ids

    def encode_many(self, sequences: Sequence[Sequence[str]], *, length: int) -> NDArray[np.int64]:
        """Ids (N, length) of N sequences, each cut or filled with padding at the end."""
        if length < 0:
            raise BadOption("length", f"{length} is negative", "give 0 or more")
        ids = np.full((len(sequences), length), PADDING, dtype=np.int64)
        for row, sequence in zip(ids, sequences, strict=True):
            kept = sequence[:length]
            row[: len(kept)] = [self._ids.get(item, UNKNOWN) for item in kept]
        return ids

    def to_json(self) -> list[str]:
        """The items, in the order of their ids."""
        return list(self.items)

    @classmethod
    def from_json(cls, saved: object) -> Vocabulary:
        """The inverse of `to_json`; raises `BadRun` if it is not a list of different strings."""
        if not isinstance(saved, list) or not all(isinstance(item, str) for item in saved):
            raise BadRun("vocabulary.json", "a vocabulary is not a list of strings", "train the run again")
        if len(set(saved)) != len(saved):
            raise BadRun("vocabulary.json", "a vocabulary lists the same item twice", "train the run again")
        return cls(tuple(saved))
