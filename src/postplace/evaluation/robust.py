"""Intervals of a share and of a positive mean whose posts come in groups, from a cluster-robust variance.

The variance is CR2 with the degrees of freedom of Bell & McCaffrey (2002), groups being as alike as they are found to
be (Imbens & Kolesar, Rev. Econ. Stat. 98, 2016): right for few and for unequal groups. It is that of the observed mean;
near the edge of what is possible a true mean further off would have had another one, and the interval must say so.
"""

from __future__ import annotations

import numpy as np

from postplace.evaluation.grouped import Totals, effective_groups

NOTHING = (float("-inf"), float("inf"))


def share_bounds(totals: Totals, *, level: float) -> tuple[float, float]:
    """The interval of a mean of values from 0 to 1; infinite where the groups are too few.

    Wilson's (J. Am. Stat. Assoc. 22, 1927) with the effective sample size p (1 - p) / variance (for clusters: Franco,
    Little, Louis & Slud, J. Surv. Stat. Methodol. 7, 2019); where all groups agree, that of `unseen_bounds`.
    """
    if not totals.enough:
        return NOTHING
    mean, variance = totals.mean, _variance(totals)
    if variance <= 1e-15 or not 0.0 < mean < 1.0:
        return unseen_bounds(mean, totals, bounds=(0.0, 1.0), level=level)
    q = _student(totals, level) ** 2 / min(mean * (1.0 - mean) / variance, float(totals.posts.sum()))
    half = float(np.sqrt(q * mean * (1.0 - mean) + q * q / 4.0))
    return (mean + q / 2.0 - half) / (1.0 + q), (mean + q / 2.0 + half) / (1.0 + q)


def positive_bounds(totals: Totals, *, level: float) -> tuple[float, float]:
    """The interval of a mean of values of 0 and more, a few of them large (km, a loss); infinite where none is known.

    Its spread grows with the mean: below, the interval of the logarithm; above, where few groups may have missed the
    largest values, the wider one of the means m whose own standard error is in the same proportion to m as observed.
    """
    mean, variance = totals.mean, _variance(totals) if totals.enough else 0.0
    if mean <= 0.0 or variance <= 1e-15 * mean * mean:
        return NOTHING
    relative = _student(totals, level) * variance**0.5 / mean
    return mean * float(np.exp(-relative)), mean / (1.0 - relative) if relative < 1.0 else float("inf")


def unseen_bounds(mean: float, totals: Totals, *, bounds: tuple[float, float], level: float) -> tuple[float, float]:
    """The interval of a mean on which all groups agree: some posts not seen may be otherwise, up to `bounds`.

    How many: the share that G equal groups would miss with probability (1 - level) / 2 (Clopper & Pearson, 1934).
    """
    share = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / effective_groups(totals.weights))
    return mean - share * (mean - bounds[0]), mean + share * (bounds[1] - mean)


def _variance(totals: Totals) -> float:
    off = totals.sums - totals.mean * totals.weights
    return float((np.square(off) / (1.0 - totals.weights)).sum())


def _student(totals: Totals, level: float) -> float:
    from scipy.special import stdtrit

    return -float(stdtrit(freedom(totals), (1.0 - level) / 2.0))


def freedom(totals: Totals) -> float:
    """Degrees of freedom of the variance: 2 E^2 / Var of the quadratic form, were group means normal.

    G groups of equal size have G - 1.
    """
    weights, alike = totals.weights, totals.likeness
    spread = alike + (1.0 - alike) / np.maximum(totals.posts, 1.0)  # variance of a group's mean
    scale = np.square(weights) / (1.0 - weights)
    half = float((np.square(weights) * spread).sum()) / 2.0 - spread * weights  # covariances are half_g + half_h
    own = spread + 2.0 * half
    expected = float((scale * own).sum())
    varied = 2.0 * float((scale * half * half).sum() * scale.sum() + (scale * half).sum() ** 2)
    varied += float((np.square(scale) * (np.square(own) - np.square(2.0 * half))).sum())
    return max(expected * expected / varied, 1.0)
