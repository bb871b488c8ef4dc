"""The centre with the least expected distance to where a post may be: what is computed once for all posts.

Memory is bounded whatever the number of centres L. While the distances between all of them fit, the centre found is the
exact one. Beyond that the mass of each centre is moved to the nearest of fewer nodes: what is found is off by at most
twice the km that the mass was moved on average, and the km reported of it are exact again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postplace.places.distance import great_circle_km

BYTES = 64_000_000  # of a table of distances
_AT_ONCE = 1_000_000  # numbers of a block of work
_CANDIDATES = 8  # centres that are looked at again where the distances are those of nodes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """Centres (L, 2) in degrees, and the km (L, G) from each to G nodes; `node` (L,) says which one stands for it."""

    centres: Floats
    km: NDArray[np.floating]
    node: NDArray[np.intp]

    @classmethod
    def between(cls, centres: Floats, *, at_most: int = BYTES) -> Distances:
        """The distances between centres (L, 2) in degrees, in no more bytes than given."""
        count = len(centres)
        if 8 * count**2 <= at_most:
            return cls(centres, _table(centres, centres, np.float64), np.arange(count))
        if 4 * count**2 <= at_most:
            return cls(centres, _table(centres, centres, np.float32), np.arange(count))
        parts = _bisected(centres, max(2, at_most // (4 * count)))
        node = np.empty(count, dtype=np.intp)
        for number, part in enumerate(parts):
            node[part] = number
        middles = np.array([centres[part[_off_middle(centres[part]).argmin()]] for part in parts])
        return cls(centres, _table(centres, middles, np.float32), node)

    @property
    def exact(self) -> bool:
        """Whether every centre is its own node."""
        return self.km.shape == (len(self.centres),) * 2

    def least_expected(self, mass: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Mass (N, L) -> the centre (N,) with the least sum of mass times km, and that sum (N,)."""
        rows = max(1, _AT_ONCE // max(1, len(self.centres)))
        blocks = [self._block(mass[start : start + rows]) for start in range(0, len(mass), rows)]
        if not blocks:
            return np.zeros(0, dtype=np.intp), np.zeros(0)
        found, least = zip(*blocks, strict=True)
        return np.concatenate(found), np.concatenate(least)

    def _block(self, mass: Floats) -> tuple[NDArray[np.intp], Floats]:
        if not self.exact:
            return self._among_candidates(mass)
        risks = mass.astype(self.km.dtype, copy=False) @ self.km
        best = risks.argmin(axis=1)
        if self.km.dtype == np.float64:
            return best, risks.min(axis=1)
        return best, np.einsum("nl,nl->n", mass, self.km[best], dtype=np.float64)

    def _among_candidates(self, mass: Floats) -> tuple[NDArray[np.intp], Floats]:
        """The best centre by nodes and its rivals, compared by their true distances."""
        found, least = np.empty(len(mass), dtype=np.intp), np.empty(len(mass))
        for row, own in enumerate(mass):
            moved = np.bincount(self.node, own, minlength=self.km.shape[1]).astype(np.float32)
            rivals = np.sort(np.argsort(self.km @ moved, kind="stable")[:_CANDIDATES])
            there = np.flatnonzero(own > 0.0)
            km = _table(self.centres[rivals], self.centres[there], np.float64)
            risks = km @ own[there]
            best = int(risks.argmin())
            found[row], least[row] = rivals[best], risks[best]
        return found, least


def _table(a: Floats, b: Floats, kind: type[np.floating]) -> NDArray[np.floating]:
    """Km (A, B) between points (A, 2) and (B, 2), a block of rows at a time; half of it where both are the same."""
    table = np.empty((len(a), len(b)), dtype=kind)
    rows = max(1, _AT_ONCE // max(1, len(b)))
    for start in range(0, len(a), rows):
        block, first = a[start : start + rows], start if a is b else 0
        table[start : start + rows, first:] = great_circle_km(block[:, :1], block[:, 1:], b[first:, 0], b[first:, 1])
        if a is b:
            table[first:, start : start + rows] = table[start : start + rows, first:].T
    return table


def _bisected(centres: Floats, most: int) -> list[NDArray[np.intp]]:
    """Clusters of about as many centres each, made by halving across the longer side: at most `most` of them."""
    parts = [np.arange(len(centres))]
    while 2 * len(parts) <= most and max(len(part) for part in parts) > 1:
        parts = [half for part in parts for half in _halves(centres, part) if len(half)]
    return parts


def _halves(centres: Floats, part: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    points = _flat(centres[part])
    order = part[np.argsort(points[:, int(np.ptp(points, axis=0).argmax())], kind="stable")]
    return [order[: len(order) // 2], order[len(order) // 2 :]]


def _off_middle(centres: Floats) -> Floats:
    points = _flat(centres)
    off: Floats = np.square(points - points.mean(axis=0)).sum(axis=1)
    return off


def _flat(centres: Floats) -> Floats:
    """Degrees as long in both directions."""
    flat: Floats = centres * [1.0, np.cos(np.radians(centres[:, 0].mean()))]
    return flat
