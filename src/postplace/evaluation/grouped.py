"""Posts that come in groups: what each group adds to a mean, and whether the groups are enough to say how sure it is.

Posts of one user, venue or near-duplicate cluster are not independent: groups are. How many groups of equal size would
tell as much is (sum of weights)^2 / (sum of squared weights) (Kish, Survey Sampling, 1965); with fewer than
`LEAST_GROUPS` of them no interval is told. Nothing here depends on the order of the posts or on the groups' names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from postplace.errors import NotEnoughData

LEAST_GROUPS = 5.4  # of equal size: fewer that all agree would be no evidence at 5 %, as 2^(1 - 5.4) is about .05


@dataclass(frozen=True, slots=True)
class Totals:
    """Of G groups, in an order of their own: `sums` (G,) add up to the `mean`, `weights` (G,) to 1.

    Of several runs all are means over runs of a group's share in each run. `posts` (G,): of the run where a group has
    most. `likeness`: how alike the values of one group are, from 0 to 1 (intra-class correlation).
    """

    mean: float
    sums: NDArray[np.float64]
    weights: NDArray[np.float64]
    posts: NDArray[np.float64]
    likeness: float

    @property
    def enough(self) -> bool:
        """Whether the groups are enough for an interval."""
        return effective_groups(self.weights) >= LEAST_GROUPS


def effective_groups(sizes: ArrayLike) -> float:
    """How many groups of equal size tell as much as groups of these sizes (G,).

    >>> effective_groups([5, 5, 5, 5]), effective_groups([6, 1, 1])
    (4.0, 1.6842105263157894)
    """
    own = np.asarray(sizes, dtype=np.float64)
    return float(own.sum() ** 2 / np.square(own).sum()) if own.any() else 0.0


def why_no_interval(groups: ArrayLike) -> str | None:
    """Why posts of `groups` (N,) are too few for an interval, in words; None where there is one.

    >>> why_no_interval(["a", "a", "b"])
    'too few users or venues for an interval: 2, the largest with 2 of 3 posts'
    """
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    if effective_groups(sizes) >= LEAST_GROUPS:
        return None
    largest = f", the largest with {sizes.max()} of {sizes.sum()} posts" if len(sizes) > 1 else ""
    return f"too few users or venues for an interval: {len(sizes)}{largest}"


def group_totals(runs: Sequence[tuple[ArrayLike, ArrayLike]]) -> Totals:
    """What each group adds to the mean over runs; one (values, groups) for each run.

    Raises NotEnoughData without a post, ValueError on NaN or infinity.
    """
    values = [np.asarray(own, dtype=np.float64) for own, _ in runs]
    groups = [np.asarray(own) for _, own in runs]
    if not runs or not all(len(v) for v in values):
        raise NotEnoughData("evaluation", "there is no post to compare on", "evaluate posts that carry the target")
    if any(v.shape != g.shape or v.ndim != 1 for v, g in zip(values, groups, strict=True)):
        raise ValueError("values and groups must be lists of the same length")
    if not all(np.isfinite(v).all() for v in values):
        raise ValueError("values hold NaN or infinity: leave these posts out of both systems first")
    names, index = np.unique(np.concatenate(groups), return_inverse=True)
    parts = np.split(index, np.cumsum([len(v) for v in values])[:-1])
    sizes = np.stack([np.bincount(part, minlength=len(names)) for part in parts]).astype(np.float64)
    sums = np.stack([_summed(v, part, groups=len(names)) for v, part in zip(values, parts, strict=True)])
    squares = float(sum(np.square(np.sort(v)).sum() for v in values))
    order = np.lexsort(np.concatenate([sums, sizes])[::-1])
    sums, sizes = sums[:, order], sizes[:, order]
    posts = sizes.sum(axis=1, keepdims=True)
    return Totals(
        mean=float((sums.sum(axis=1) / posts[:, 0]).mean()),
        sums=(sums / posts).mean(axis=0),
        weights=(sizes / posts).mean(axis=0),
        posts=sizes.max(axis=0),
        likeness=_likeness(sums, sizes, squares),
    )


def by_content(groups: ArrayLike, content: Iterable[ArrayLike]) -> NDArray[np.int64]:
    """Groups (N,) as numbers 0 ... G - 1 that follow from what their posts hold: `content`, columns of (N,).

    Groups that hold the same may change places. NaN equals NaN.

    >>> by_content(["b", "a", "b"], [[1.0, 2.0, 1.0]]).tolist()
    [0, 1, 0]
    """
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    kinds = np.zeros(len(index), dtype=np.int64)  # of posts: equal where all columns are
    for column in content:
        own = np.unique(np.asarray(column), return_inverse=True)[1].astype(np.int64)
        kinds = np.unique(kinds * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1].astype(np.int64)
    order = np.lexsort((kinds, index))
    held = [tuple(own.tolist()) for own in np.split(kinds[order], np.cumsum(np.bincount(index))[:-1])]
    place = np.empty(len(names), dtype=np.int64)
    place[sorted(range(len(names)), key=held.__getitem__)] = np.arange(len(names))
    return place[index]


def _summed(values: NDArray[np.float64], index: NDArray[np.integer], *, groups: int) -> NDArray[np.float64]:
    """The sum of each group, to the last digit the same in any order of the posts."""
    order = np.lexsort((values, index))
    return np.bincount(index[order], weights=values[order], minlength=groups).astype(np.float64)


def _likeness(sums: NDArray[np.float64], sizes: NDArray[np.float64], squares: float) -> float:
    """The intra-class correlation by analysis of variance, inside each of the runs (R, G); 1 of single posts."""
    own, posts = sizes > 0, sizes.sum(axis=1)
    means = np.divide(sums, sizes, out=np.zeros_like(sums), where=own)
    between = float((sizes * np.square(means - sums.sum(axis=1, keepdims=True) / posts[:, None])).sum())
    within = max(squares - float((sums * means).sum()), 0.0)
    groups, single = int(own.sum()) - len(sizes), int(posts.sum()) - int(own.sum())
    if not groups or not single:
        return 1.0
    size = float((posts - np.square(sizes).sum(axis=1) / posts).sum()) / groups
    shared = max(between / groups - within / single, 0.0) / size
    return shared / (shared + within / single) if shared else 0.0
