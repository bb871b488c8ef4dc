"""Prediction sets and circles with guaranteed coverage: split-conformal prediction for posts that come in groups.

Posts of one user or venue are not exchangeable; groups are. Coverage of a post of a new group can mean two things. Over
*users*, every calibration group weighs the same (hierarchical conformal prediction: Lee, Barber & Willett,
Distribution-free inference with hierarchical data, 2023): it holds on average over groups. Over *posts*, every post
weighs the same (Dunn, Wasserman & Ramdas, Distribution-free prediction sets for two-layer hierarchical models, JASA
2023, pool the posts likewise): it holds on average over the posts of groups no larger than the largest of the
calibration part. Where large groups are harder than small ones the first covers fewer posts than it says.

What a new group may add is taken as if the calibration part were as many independent posts as its design effect (Kish,
Survey Sampling, 1965) leaves: never fewer than its groups, which is the worst case and the distribution-free guarantee,
and more where posts of one group are not all alike. `benchmarks/promises.py` measures that it holds.
Sets: APS (Romano, Sesia & Candes, NeurIPS 2020) with the penalties of RAPS (Angelopoulos et al., ICLR 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.integer]
Over = Literal["users", "posts"]  # what coverage is an average of

_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)  # where the design effect is taken, beside the level itself


@dataclass(frozen=True, slots=True)
class Penalty:
    """RAPS: each rank beyond the first `free` ones adds `weight` to a class's score. None of it is APS."""

    weight: float = 0.0
    free: int = 0


def group_quantile(scores: Floats, groups: Rows, *, alpha: float, over: Over = "users") -> float:
    """The threshold t of `scores` (M,): a post of a new group has a score <= t with probability >= 1 - alpha.

    `groups` (M,) are those of the calibration part, `over` what the probability is an average of. Infinite where they
    are too few for any guarantee: see `least_groups`.

    >>> group_quantile(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]), alpha=0.5)  # 3 posts: the 2nd, as 0.5 (3 + 1)
    2.0
    >>> group_quantile(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]), alpha=0.2)  # 4 groups are needed
    inf
    """
    if effective_groups(groups, over=over) < least_groups(alpha) - 1e-9:
        return float("inf")
    weights = _weights(groups, over)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    independent = _independent_posts(scores, groups, weights, (order, reached), level=1.0 - alpha)
    enough = np.flatnonzero(reached >= (1.0 - alpha) * (1.0 + 1.0 / independent) - 1e-12)
    return float(scores[order[enough[0]]]) if len(enough) else float("inf")


def least_groups(alpha: float) -> float:
    """As how many groups of equal weight a calibration part must count for a coverage of 1 - alpha.

    >>> round(least_groups(0.1), 6)
    9.0
    """
    return 1.0 / alpha - 1.0


def effective_groups(groups: Rows, *, over: Over = "users") -> float:
    """As how many groups of equal weight those of M posts (M,) count: all of them over users, fewer over posts.

    Over posts it is (sum n)^2 / sum n^2 of their sizes n (Kish, 1965). 0 without a post.

    >>> effective_groups(np.array([0, 0, 0, 1]), over="users"), effective_groups(np.array([0, 0, 0, 1]), over="posts")
    (2.0, 1.6)
    """
    if not len(groups):
        return 0.0
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return float(len(sizes)) if over == "users" else float(sizes.sum() ** 2 / np.square(sizes).sum())


def why_wide(groups: Rows, *, alpha: float, over: Over = "users") -> str:
    """Why sets of these calibration groups (M,) are wide, or have every class, in words; empty with enough groups.

    Enough are three times as many as the coverage needs: sets of more are hardly smaller (`benchmarks/promises.py`).

    >>> why_wide(np.arange(12), alpha=0.1).partition(":")[0]
    'only 12 users or venues were kept to calibrate with'
    """
    count, least = effective_groups(groups, over=over), least_groups(alpha)
    if count >= 3.0 * least:
        return ""
    alike = "" if over == "users" else f" (which count as {count:.1f} of equal size)"
    kept = f"{len(np.unique(groups))} users or venues{alike} were kept to calibrate with"
    if count >= least - 1e-9:
        return f"only {kept}: sets and circles are wider than with more; train on posts of more users"
    needed = f"{int(np.ceil(least - 1e-9))} are needed to promise {1.0 - alpha:.0%}"
    return f"{kept}, {needed}: a set holds every class, a circle has no end; train on posts of more users"


def _weights(groups: Rows, over: Over) -> Floats:
    """What each post (M,) weighs; they sum to one."""
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights: Floats = 1.0 / sizes[index] if over == "users" else np.ones(len(index))
    total: Floats = weights / weights.sum()
    return total


def _independent_posts(
    scores: Floats, groups: Rows, weights: Floats, ranked: tuple[NDArray[np.intp], Floats], *, level: float
) -> float:
    """As how many independent posts the calibration part tells the share of scores below a threshold.

    The variance of that share over groups (linearised) against that of independent posts, at the threshold of `level`
    and, as few groups say little, at others together; the fewer of the two counts. Never fewer than the groups count
    for, nor more than the posts do.
    """
    _, index = np.unique(groups, return_inverse=True)
    count = int(index.max()) + 1
    fewest = 1.0 / float(np.square(np.bincount(index, weights)).sum())
    if count < 2:
        return fewest
    order, reached = ranked

    def independent(levels: tuple[float, ...]) -> float:
        spread = alone = 0.0
        for each in levels:
            threshold = scores[order[min(int(np.searchsorted(reached, each - 1e-12)), len(order) - 1)]]
            below = (scores <= threshold).astype(np.float64)
            share = float(weights @ below)
            spread += float(np.square(np.bincount(index, weights * (below - share))).sum()) * count / (count - 1)
            alone += share * (1.0 - share)
        return alone / spread if spread > 0.0 else fewest

    posts = min(independent((level,)), independent(_LEVELS))
    return float(min(max(posts, fewest), 1.0 / float(np.square(weights).sum())))


def set_scores(probabilities: Floats, randomization_u: Floats, penalty: Penalty = Penalty()) -> Floats:
    """How far down each class stands (N, C): the mass above it, a share of its own, and penalties.

    The share `randomization_u` (N,), from 0 to 1, is drawn once a post: without it sets could only cover too much. The
    most probable class stands at 0, so that no set is empty: a threshold of what is shown, not of sets that are
    filled up later.

    >>> set_scores(np.array([[0.5, 0.3, 0.2]]), np.array([1.0])).round(3).tolist()
    [[0.0, 0.8, 1.0]]
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above = np.cumsum(ranked, axis=1) - ranked
    ranks = np.arange(1, probabilities.shape[1] + 1)
    scores: Floats = above + randomization_u[:, None] * ranked + penalty.weight * np.maximum(ranks - penalty.free, 0)
    scores[:, 0] = 0.0
    unsorted = np.empty_like(scores)
    np.put_along_axis(unsorted, order, scores, axis=1)
    return unsorted


def prediction_sets(scores: Floats, threshold: float) -> NDArray[np.bool_]:
    """The classes (N, C) whose score is within the threshold."""
    within: NDArray[np.bool_] = scores <= threshold
    return within


def best_penalty(
    probabilities: Floats, labels: Rows, groups: Rows, randomization_u: Floats, *, alpha: float
) -> Penalty:
    """The penalty whose sets are smallest on average. Choose it on posts that the threshold is not taken from."""
    if not len(labels):
        return Penalty()
    candidates = [Penalty(), *(Penalty(weight, free) for weight in (0.01, 0.05, 0.2) for free in (1, 2, 5))]
    sizes = []
    for penalty in candidates:
        scores = set_scores(probabilities, randomization_u, penalty)
        threshold = group_quantile(scores[np.arange(len(labels)), labels], groups, alpha=alpha)
        sizes.append(float(prediction_sets(scores, threshold).sum(axis=1).mean()))
    return candidates[int(np.argmin(sizes))]


def coverage_by_group(covered: NDArray[np.bool_], groups: Rows) -> float:
    """The mean over groups of the share of their posts (N,) that are covered: coverage over users; NaN without any.

    >>> coverage_by_group(np.array([True, True, False]), np.array([0, 0, 1]))
    0.5
    """
    if not len(covered):
        return float("nan")
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return float((np.bincount(index, weights=covered.astype(np.float64)) / sizes).mean())
