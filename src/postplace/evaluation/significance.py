"""Is a difference more than luck? Percentile bootstrap over groups (Field & Welsh, J. R. Stat. Soc. B 69, 2007).

Posts of one user, venue or near-duplicate cluster are not independent: whole groups are drawn, with replacement.
Few groups make a plain percentile interval too narrow, so its levels are moved outwards (the expanded percentile
interval: Hesterberg, The American Statistician 69, 2015). Below about ten groups, or where one group holds
most posts, it is too narrow still; with one group it is infinite, since nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from postplace.errors import NotEnoughData

Statistic = Callable[[NDArray[np.integer]], NDArray[np.float64]]
Name = TypeVar("Name", bound=Hashable)

_DRAWS_AT_ONCE = 4_000_000  # bounds the memory: 4 million int64 indices are 32 MB
_COUNTS_AT_ONCE = 600_000  # bounds the memory; more leave the processor's cache, and take longer


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its confidence interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def group_bootstrap(
    values: ArrayLike, groups: ArrayLike, *, seed: int, samples: int = 2000, level: float = 0.95
) -> Interval:
    """Mean of `values` (N,) with the interval that resampling `groups` (N,) gives.

    Raises NotEnoughData without a post, ValueError on NaN or infinity.

    Each sample draws as many groups as there are and takes the mean over all their posts: large groups weigh more.

    >>> group_bootstrap([1.0, 1.0, 1.0], ["a", "a", "b"], seed=0)
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    return _bootstrap([(values, groups)], seed=seed, samples=samples, level=level)


def group_bootstrap_of(
    statistics: Mapping[Name, Statistic], groups: ArrayLike, *, seed: int, samples: int = 2000, level: float = 0.95
) -> dict[Name, Interval]:
    """Statistics that are no means (a median, an F1), with the intervals that resampling `groups` (N,) gives.

    A statistic is told how often each post is in each sample (S, N) and gives its values (S,), see `resampled.py`; all
    are asked about the same samples, those of `group_bootstrap`. A sample without a value (NaN) is left out.
    Raises NotEnoughData without a post.

    >>> group_bootstrap_of({"posts": lambda counts: counts.sum(axis=1) / 3}, ["a", "b", "c"], seed=0)
    {'posts': Interval(mean=1.0, low=1.0, high=1.0)}
    """
    _group_totals([(np.zeros(len(np.asarray(groups))), groups)])  # refuses what nothing can be resampled of
    names, index = np.unique(np.asarray(groups), return_inverse=True)
    once = np.ones((1, len(index)), dtype=np.int64)
    values = {name: float(statistic(once)[0]) for name, statistic in statistics.items()}
    found: dict[Name, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    rng, step = np.random.default_rng(seed), max(1, _COUNTS_AT_ONCE // len(index))
    for start in range(0, samples if len(names) > 1 else 0, step):
        counts = _drawn_counts(rng, min(step, samples - start), len(names))[:, index]
        for name, statistic in statistics.items():
            found[name].append(statistic(counts))
    return {name: _expanded(value, partial(_valued, found[name]), len(names), level) for name, value in values.items()}


def reflected(interval: Interval) -> Interval:
    """The basic interval of a number that chance can only raise, such as a calibration error: never below 0.

    Resampling raises it once more, so the plain interval lies too high; what it lies above the number is taken off
    (Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 5.2). The number itself is always inside.

    >>> reflected(Interval(0.25, 0.125, 0.75)), reflected(Interval(0.25, 0.375, 0.375))
    (Interval(mean=0.25, low=0.0, high=0.375), Interval(mean=0.25, low=0.125, high=0.25))
    """
    low, high = 2.0 * interval.mean - interval.high, 2.0 * interval.mean - interval.low
    return Interval(interval.mean, low if np.isinf(low) else max(0.0, low), max(interval.mean, high))


def paired_group_bootstrap(
    a: ArrayLike, b: ArrayLike, groups: ArrayLike, *, seed: int, samples: int = 2000, level: float = 0.95
) -> Interval:
    """Mean of a - b (N,), two systems on the same posts, with the interval that resampling `groups` (N,) gives.

    >>> paired_group_bootstrap([1.0, 1.0], [0.0, 0.0], ["u", "v"], seed=0)
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    return group_bootstrap(_difference(a, b), groups, seed=seed, samples=samples, level=level)


def paired_over_seeds(
    runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]], *, seed: int, samples: int = 2000, level: float = 0.95
) -> Interval:
    """Mean over seeds of the mean of a - b; one (a, b, groups) for each seed, each with posts of its own.

    Groups are resampled inside each seed. A group named in several seeds is drawn for all of them at once: five seeds
    tested on the same users are not five times as many users, and independent draws would pretend so.
    The seeds themselves are taken as given.
    """
    return _bootstrap([(_difference(a, b), groups) for a, b, groups in runs], seed=seed, samples=samples, level=level)


def mean_over_seeds(
    runs: Sequence[tuple[ArrayLike, ArrayLike]], *, seed: int, samples: int = 2000, level: float = 0.95
) -> Interval:
    """Mean over seeds of the mean of values; one (values, groups) for each seed; resampled as `paired_over_seeds`."""
    return _bootstrap(runs, seed=seed, samples=samples, level=level)


def unpaired_over_seeds(
    a: Sequence[tuple[ArrayLike, ArrayLike]],
    b: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    seed: int,
    samples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Mean over seeds of values of `a` minus that of `b`, tested on posts of their own; (values, groups) for each seed.

    The groups of each are resampled by themselves; users that both have then count as different ones, which makes the
    interval wide rather than narrow.

    >>> unpaired_over_seeds([([1.0, 1.0], ["u", "v"])], [([0.5, 0.5], ["v", "w"])], seed=0)
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    totals = [_group_totals(runs) for runs in (a, b)]
    mean = _mean_of(*totals[0]) - _mean_of(*totals[1])
    groups = min(sums.shape[1] for sums, _ in totals)
    rng = np.random.default_rng(seed)
    return _expanded(mean, lambda: np.subtract(*(_resampled(rng, samples, *own) for own in totals)), groups, level)


def paired_p_value(
    runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]], *, seed: int, samples: int = 10_000
) -> float:
    """The two-sided p-value that goes with the interval of `paired_over_seeds`: 1 minus the widest level without 0.

    At most one group tells nothing: 1. It is never below what `samples` draws can tell.

    >>> paired_p_value([([1.0, 0.0], [0.0, 1.0], ["u", "v"])], seed=0)
    1.0
    """
    from scipy.special import ndtri, stdtr

    sums, sizes = _group_totals([(_difference(a, b), groups) for a, b, groups in runs])
    groups = sums.shape[1]
    if groups < 2 or not sums.any():
        return 1.0
    means = _resampled(np.random.default_rng(seed), samples, sums, sizes)
    beyond = min(int((means <= 0.0).sum()), int((means >= 0.0).sum()))
    share = min(0.5, (beyond + 1) / (samples + 1))
    return float(2.0 * stdtr(groups - 1.0, ndtri(share) / np.sqrt(groups / (groups - 1.0))))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests, adjusted so that the chance of any false claim keeps its level (Holm, 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def verdict(interval: Interval) -> Literal["better", "worse", "tie"]:
    """What an interval of a - b allows to say of a, where more is better (for errors in km, swap a and b).

    >>> verdict(Interval(0.02, 0.01, 0.03)), verdict(Interval(0.02, -0.01, 0.05))
    ('better', 'tie')
    """
    if interval.low > 0.0:
        return "better"
    return "worse" if interval.high < 0.0 else "tie"


def _difference(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired values of shapes {first.shape} and {second.shape} cannot be compared")
    return first - second


def _bootstrap(runs: Sequence[tuple[ArrayLike, ArrayLike]], *, seed: int, samples: int, level: float) -> Interval:
    sums, sizes = _group_totals(runs)
    rng = np.random.default_rng(seed)
    return _expanded(_mean_of(sums, sizes), lambda: _resampled(rng, samples, sums, sizes), sums.shape[1], level)


def _mean_of(sums: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """The mean over runs of the mean of a run's posts."""
    return float((sums.sum(axis=1) / sizes.sum(axis=1)).mean())


def _expanded(mean: float, draw: Callable[[], NDArray[np.float64]], groups: int, level: float) -> Interval:
    """The interval of resampled means; infinite of one group, for which nothing is drawn."""
    if groups < 2:
        return Interval(mean, float("-inf"), float("inf"))
    tail = _expanded_tail((1.0 - level) / 2.0, groups=groups)
    with np.errstate(invalid="ignore"):  # between two infinite values there is none
        low, high = np.quantile(draw(), [tail, 1.0 - tail])
    return Interval(mean, float(low), float(high))


def _expanded_tail(tail: float, *, groups: int) -> float:
    """The tail that a Student interval with the sample's own spread would leave under the bootstrap's normal one."""
    from scipy.special import ndtr, stdtrit

    return float(ndtr(np.sqrt(groups / (groups - 1.0)) * stdtrit(groups - 1.0, tail)))


def _group_totals(runs: Sequence[tuple[ArrayLike, ArrayLike]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of values and number of posts of each of G groups in each of S runs: (S, G), (S, G)."""
    values = [np.asarray(own, dtype=np.float64) for own, _ in runs]
    groups = [np.asarray(own) for _, own in runs]
    if not runs or not all(len(v) for v in values):
        raise NotEnoughData("evaluation", "there is no post to compare on", "evaluate posts that carry the target")
    if any(v.shape != g.shape or v.ndim != 1 for v, g in zip(values, groups, strict=True)):
        raise ValueError("values and groups must be lists of the same length")
    if not all(np.isfinite(v).all() for v in values):
        raise ValueError("values hold NaN or infinity: leave these posts out of both systems first")
    names, index = np.unique(np.concatenate(groups), return_inverse=True)
    splits = np.split(index, np.cumsum([len(v) for v in values])[:-1])
    sums = [np.bincount(i, weights=v, minlength=len(names)) for i, v in zip(splits, values, strict=True)]
    sizes = [np.bincount(i, minlength=len(names)) for i in splits]
    return np.stack(sums), np.stack(sizes).astype(np.float64)


def _resampled(
    rng: np.random.Generator, samples: int, sums: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As `_resample`, with bounded memory."""
    step = max(1, _DRAWS_AT_ONCE // sums.shape[1])
    counts = [min(step, samples - start) for start in range(0, samples, step)]
    return np.concatenate([_resample(rng, count, sums, sizes) for count in counts])


def _resample(
    rng: np.random.Generator, samples: int, sums: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means over runs (samples,); a run none of whose groups were drawn is left out of that sample."""
    drawn = rng.integers(0, sums.shape[1], size=(samples, sums.shape[1]))
    totals = zip(sums, sizes, strict=True)
    means = [ratio(total[drawn].sum(axis=1), size[drawn].sum(axis=1)) for total, size in totals]
    return np.asarray(np.nanmean(np.stack(means), axis=0), dtype=np.float64)


def _drawn_counts(rng: np.random.Generator, samples: int, groups: int) -> NDArray[np.int32]:
    """How often each of G groups is drawn in each sample (samples, G)."""
    drawn = rng.integers(0, groups, size=(samples, groups)) + groups * np.arange(samples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=samples * groups)
    return counts.reshape(samples, groups).astype(np.int32)


def _valued(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The values of all samples that have one; of none, NaN."""
    values = np.concatenate(parts)
    kept = values[~np.isnan(values)]
    return kept if len(kept) else np.array([np.nan])


def ratio(total: NDArray[Any], count: NDArray[Any]) -> NDArray[np.float64]:
    """total / count, NaN where there is nothing to count."""
    found = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return np.asarray(found, dtype=np.float64)
