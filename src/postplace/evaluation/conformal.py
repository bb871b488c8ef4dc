"""Sets of classes and circles with a promise: split-conformal prediction for posts that come in groups.

Posts of one user or venue are not exchangeable; groups are. The threshold is therefore that of hierarchical conformal
prediction (Lee, Barber & Willett, Distribution-free inference with hierarchical data, 2023): every calibration group
weighs the same, and a new group's post is covered with probability >= 1 - alpha, over the draw of groups and posts.
Sets: APS (Romano, Sesia & Candes, NeurIPS 2020) with the penalties of RAPS (Angelopoulos et al., ICLR 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Penalty:
    """RAPS: each rank beyond the first `free` ones adds `weight` to a class's score. None of it is APS."""

    weight: float = 0.0
    free: int = 0


def group_quantile(scores: Floats, groups: Rows, *, alpha: float) -> float:
    """The threshold t of `scores` (M,): a post of a new group has a score <= t with probability >= 1 - alpha.

    Each of the K groups (M,) has the weight 1 / (K + 1), shared by its posts, infinity the rest: with K < 1 / alpha - 1
    groups nothing can be promised, and t is infinite.

    >>> group_quantile(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]), alpha=0.5)  # weights 1/4 each
    2.0
    >>> group_quantile(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), alpha=0.5)  # 1/6, 1/6, 1/3, and 1/3 at infinity
    3.0
    """
    if not len(scores):
        return float("inf")
    _, own, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1.0 / ((len(sizes) + 1) * sizes[own])
    order = np.argsort(scores, kind="stable")
    reached = np.flatnonzero(np.cumsum(weights[order]) >= 1.0 - alpha - 1e-12)
    return float(scores[order[reached[0]]]) if len(reached) else float("inf")


def set_scores(probabilities: Floats, chance: Floats, penalty: Penalty = Penalty()) -> Floats:
    """How far down each class stands (N, C): the mass above it, a share `chance` of its own, and penalties.

    `chance` (N,) between 0 and 1 is drawn once a post: without it sets could only cover too much. The most probable
    class stands at 0, so that no set is empty: a threshold of what is shown, not of sets that are filled up later.

    >>> set_scores(np.array([[0.5, 0.3, 0.2]]), np.array([1.0])).round(3).tolist()
    [[0.0, 0.8, 1.0]]
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above = np.cumsum(ranked, axis=1) - ranked
    ranks = np.arange(1, probabilities.shape[1] + 1)
    scores: Floats = above + chance[:, None] * ranked + penalty.weight * np.maximum(ranks - penalty.free, 0)
    scores[:, 0] = 0.0
    unsorted = np.empty_like(scores)
    np.put_along_axis(unsorted, order, scores, axis=1)
    return unsorted


def sets_below(scores: Floats, threshold: float) -> NDArray[np.bool_]:
    """The classes (N, C) whose score is within the threshold."""
    within: NDArray[np.bool_] = scores <= threshold
    return within


def best_penalty(probabilities: Floats, labels: Rows, groups: Rows, chance: Floats, *, alpha: float) -> Penalty:
    """The penalty whose sets are smallest on average. Choose it on posts that the threshold is not taken from."""
    if not len(labels):
        return Penalty()
    candidates = [Penalty(), *(Penalty(weight, free) for weight in (0.01, 0.05, 0.2) for free in (1, 2, 5))]
    sizes = []
    for penalty in candidates:
        scores = set_scores(probabilities, chance, penalty)
        threshold = group_quantile(scores[np.arange(len(labels)), labels], groups, alpha=alpha)
        sizes.append(float(sets_below(scores, threshold).sum(axis=1).mean()))
    return candidates[int(np.argmin(sizes))]


def coverage_by_group(covered: NDArray[np.bool_], groups: Rows) -> float:
    """The mean over groups of the share of their posts (N,) that are covered: what is promised; NaN without any.

    >>> coverage_by_group(np.array([True, True, False]), np.array([0, 0, 1]))
    0.5
    """
    if not len(covered):
        return float("nan")
    _, own, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return float((np.bincount(own, weights=covered.astype(np.float64)) / sizes).mean())
