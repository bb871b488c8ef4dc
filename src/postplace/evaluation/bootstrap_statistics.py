"""Metrics of S samples of the same N posts at once: `counts` (S, N) says how often each post is in each sample.

Each gives (S,) what the metric of the same name gives of the posts repeated so many times; every sample has a post.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.calibration import BINS, bin_edges
from postplace.evaluation.significance import ratio

Counts = NDArray[np.integer]
Values = NDArray[np.float64]


def mean(counts: Counts, values: NDArray[np.floating]) -> Values:
    """The mean of `values` (N,).

    >>> mean(np.array([[1, 1], [0, 2], [3, 1]]), np.array([1.0, 3.0])).tolist()
    [2.0, 3.0, 1.5]
    """
    found: Values = counts.astype(np.float64) @ np.asarray(values, dtype=np.float64) / counts.sum(axis=1)
    return found


def median(counts: Counts, values: NDArray[np.floating]) -> Values:
    """The median of `values` (N,), which may be infinite.

    >>> median(np.array([[1, 1, 1], [1, 1, 0], [0, 1, 2]]), np.array([1.0, 3.0, np.inf])).tolist()
    [3.0, 2.0, inf]
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(counts[:, order], axis=1)
    middle = np.stack([(ends[:, -1] - 1) // 2, ends[:, -1] // 2], axis=1)
    found: Values = np.asarray(values, dtype=np.float64)[order][_places(ends, middle, side="right")].mean(axis=1)
    return found


def macro_f1(counts: Counts, truth: NDArray[np.integer], predicted: NDArray[np.integer]) -> Values:
    """Mean F1 over the classes that a sample's posts are of, NaN without any; `truth`, `predicted` (N,), -1 for none.

    >>> counts = np.array([[1, 1, 1, 1], [1, 0, 1, 0]])
    >>> macro_f1(counts, np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1])).round(3).tolist()
    [0.583, 1.0]
    """
    classes = np.unique(truth[truth >= 0])
    posts = np.ascontiguousarray(counts.T, dtype=np.float64)
    own, said = _by_class(truth, classes) @ posts, _by_class(predicted, classes) @ posts
    hits = _by_class(np.where(truth == predicted, truth, -1), classes) @ posts
    scores = np.divide(2.0 * hits, own + said, out=np.zeros_like(hits), where=own > 0.0)
    return ratio(scores.sum(axis=0), (own > 0.0).sum(axis=0))


def expected_calibration_error(
    counts: Counts, confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> Values:
    """Mean of |confidence - accuracy| of a sample's own bins; both (N,). Posts of one confidence share a bin.

    >>> confidence, hits = np.array([0.9, 0.6]), np.array([1.0, 0.0])
    >>> expected_calibration_error(np.array([[2, 2]]), confidence, hits, bins=2).round(3).tolist()
    [0.35]
    """
    order, starts = _levels(confidence)
    drawn = counts[:, order]
    sizes, gaps = _together(drawn, starts), _together(drawn * (confidence - hits)[order], starts)
    ends, upto = np.cumsum(sizes, axis=1), np.cumsum(gaps, axis=1)
    edges = bin_edges(ends[:, -1:], bins)
    inside = _places((2 * ends - sizes - 1) // 2, edges, side="left")  # how many confidences have their middle before
    sums = np.where(inside > 0, np.take_along_axis(upto, np.maximum(inside - 1, 0), axis=1), 0.0)
    found: Values = np.abs(np.diff(sums, axis=1, prepend=0.0)).sum(axis=1) / ends[:, -1]
    return found


def risk_coverage_area(counts: Counts, confidence: NDArray[np.floating], hits: NDArray[np.floating]) -> Values:
    """Mean over all numbers of answers of the error among these, the most confident first; both (N,).

    c posts of one confidence with a mean error e, behind n others with E errors, add the sum of (E + (k - n) e) / k
    over k = n + 1 ... n + c, which is (E - n e) (H(n + c) - H(n)) + c e with the harmonic numbers H.

    >>> risk_coverage_area(np.array([[1, 1], [1, 2]]), np.array([0.9, 0.5]), np.array([1.0, 0.0])).round(3).tolist()
    [0.25, 0.389]
    """
    order, starts = _levels(-np.asarray(confidence))
    drawn = counts[:, order]
    sizes, wrong = _together(drawn, starts), _together(drawn * (1.0 - hits[order]), starts)
    ends, errors = np.cumsum(sizes, axis=1), np.cumsum(wrong, axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, int(ends[:, -1].max()) + 1))])
    each = wrong / np.maximum(sizes, 1)
    behind = errors - ends * each  # E - n e, as E + c e are the errors up to here and n + c the posts
    areas = (behind * np.diff(harmonic[ends], axis=1, prepend=0.0)).sum(axis=1) + errors[:, -1]
    found: Values = areas / ends[:, -1]
    return found


def _levels(confidence: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of posts (N,) by confidence, and where in it each of U confidences begins (U,)."""
    order = np.argsort(confidence, kind="stable")
    ordered = np.asarray(confidence)[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return order.astype(np.int64), starts.astype(np.int64)


def _together(values: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """The sums of values (S, N) from one start to the next (S, U)."""
    return values if len(starts) == values.shape[1] else np.add.reduceat(values, starts, axis=1)


def _by_class(classes_of_posts: NDArray[np.integer], classes: NDArray[np.integer]) -> Any:
    """A sparse (C, N) matrix with 1 where a post is of a class; posts of other classes are of none."""
    from scipy.sparse import csr_matrix

    posts = np.flatnonzero(np.isin(classes_of_posts, classes))
    rows = np.searchsorted(classes, classes_of_posts[posts])
    return csr_matrix((np.ones(len(posts)), (rows, posts)), shape=(len(classes), len(classes_of_posts)))


def _places(ends: NDArray[np.integer], wanted: NDArray[np.integer], *, side: Any) -> NDArray[np.int64]:
    """Where each number of a row of `wanted` (S, K) belongs in the same row of `ends` (S, N)."""
    rows = [np.searchsorted(own, numbers, side=side) for own, numbers in zip(ends, wanted, strict=True)]
    return np.stack(rows).astype(np.int64)
