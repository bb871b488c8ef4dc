"""Which places are taken for which: a matrix that stays readable with many classes, and the pairs behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postplace.places.distance import great_circle_km

Rows = NDArray[np.int64]

SHOWN = 20  # classes with a row of their own
PAIRS = 30  # named one by one


@dataclass(frozen=True)
class Matrix:
    """Posts by true class (rows) and guess (columns); the classes not shown are gathered in a last row and column."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    gathered: int


@dataclass(frozen=True)
class Pair:
    """Posts of one class that were taken for another; `share` of all posts of the true one, `km` between the two."""

    truth: int
    guess: int
    posts: int
    share: float
    km: float | None


def count_pairs(labels: Rows, guesses: Rows, *, classes: int) -> NDArray[np.int64]:
    """Posts (C, C) by true class and guess; posts whose class or guess is -1 are left out.

    >>> count_pairs(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 0]), classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    known = (labels >= 0) & (guesses >= 0)
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels[known], guesses[known]), 1)
    return counts


def build_matrix(counts: NDArray[np.int64], names: tuple[str, ...], *, shown: int = SHOWN) -> Matrix:
    """The matrix of the most confused classes, neighbours being those confused with each other.

    With at most `shown` classes nothing is gathered.
    """
    wrong = counts - np.diag(np.diag(counts))
    trouble = wrong.sum(axis=0) + wrong.sum(axis=1)
    chosen = np.argsort(-trouble, kind="stable")[:shown]
    chosen = chosen[_by_similarity(counts[np.ix_(chosen, chosen)])]
    rest = np.setdiff1d(np.arange(len(names)), chosen)
    table = counts[np.ix_(chosen, chosen)]
    shown_names = tuple(names[c] for c in chosen)
    if len(rest):
        right, below = counts[np.ix_(chosen, rest)].sum(axis=1), counts[np.ix_(rest, chosen)].sum(axis=0)
        corner = counts[np.ix_(rest, rest)].sum()
        table = np.block([[table, right[:, None]], [below[None], np.array([[corner]])]])
        shown_names = (*shown_names, "1 other" if len(rest) == 1 else f"{len(rest)} others")
    return Matrix(shown_names, tuple(tuple(int(n) for n in row) for row in table), len(rest))


def confused_pairs(
    counts: NDArray[np.int64], coordinates: NDArray[np.float64], *, most: int | None = None
) -> list[Pair]:
    """The pairs of different classes that were confused, the most frequent first."""
    wrong = counts - np.diag(np.diag(counts))
    truths, guesses = np.nonzero(wrong)
    order = np.argsort(-wrong[truths, guesses], kind="stable")[:most]
    totals = counts.sum(axis=1)
    pairs = []
    for truth, guess in zip(truths[order].tolist(), guesses[order].tolist(), strict=True):
        km = float(great_circle_km(*coordinates[truth], *coordinates[guess]))
        posts = int(wrong[truth, guess])
        pairs.append(Pair(truth, guess, posts, posts / float(totals[truth]), km if np.isfinite(km) else None))
    return pairs


def _by_similarity(counts: NDArray[np.int64]) -> Rows:
    """An order of K classes that puts those next to each other that are taken for each other."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    if len(counts) < 3:
        return np.arange(len(counts))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    apart = 1.0 - (shares + shares.T) / 2.0
    np.fill_diagonal(apart, 0.0)
    condensed = squareform(np.maximum(apart, 0.0), checks=False)
    return np.asarray(leaves_list(optimal_leaf_ordering(linkage(condensed, "average"), condensed)), dtype=np.int64)
