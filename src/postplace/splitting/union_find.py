"""Disjoint sets, to join posts that must stay together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class UnionFind:
    """Disjoint sets of 0..n-1."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, item: int) -> int:
        """The representative of the item's set."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        """Make one set of the sets of both."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first

    def labels(self) -> Indices:
        """The set of each item (n,): 0, 1, ... by first appearance."""
        return by_first_appearance([self.find(item) for item in range(len(self._parent))])


def by_first_appearance(labels: Sequence[int] | Indices) -> Indices:
    """The labels (n,) numbered anew: 0, 1, ... in the order in which they first appear."""
    _, first, inverse = np.unique(np.asarray(labels, dtype=np.int64), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
