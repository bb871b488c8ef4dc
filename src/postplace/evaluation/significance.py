"""Is a difference more than luck? A bootstrap over groups: each is drawn twice or not at all.

Posts of one user, venue or near-duplicate cluster are not independent: whole groups are drawn. A number of a random
subset of the groups lies above the true one as often as below it ("typical values": Hartigan, J. Am. Stat. Assoc. 64,
1969), which is the same as to change the sign of what each group adds at random: where the groups' errors are
symmetric, intervals and p-values are exact for any number of groups of any sizes (Canay, Romano & Shaikh, Econometrica
85, 2017), else about right. All subsets are taken, or of many groups `samples` of them ("double or nothing": Owen &
Eckles, Ann. Appl. Stat. 6, 2012). Shares and means of kilometres or losses are not symmetric: `robust.py` has theirs.
With too few groups (`grouped.py`) intervals are infinite: nothing is known. `benchmarks/promises_intervals.py` measures
how often the truth is inside, and how often two equal systems are called different.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from postplace.errors import NotEnoughData
from postplace.evaluation.grouped import LEAST_GROUPS, Totals, by_content, effective_groups, group_totals
from postplace.evaluation.robust import positive_bounds, share_bounds, unseen_bounds

Statistic = Callable[[NDArray[np.integer]], NDArray[np.float64]]
Name = TypeVar("Name", bound=Hashable)
Runs = Sequence[tuple[ArrayLike, ArrayLike]]  # of each seed: values, groups

DIFFERENCE = (-1.0, 1.0)  # the bounds of a difference between right and wrong
MOST_SAMPLES = 9999  # of a p-value: 2 / 10,000 is the least that it can be
_DRAWS_AT_ONCE = 4_000_000  # bounds the memory: 4 million numbers are 32 MB
_COUNTS_AT_ONCE = 600_000  # bounds the memory; more leave the processor's cache, and take longer


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its confidence interval, in the unit of the values; infinite bounds where nothing is known."""

    mean: float
    low: float
    high: float


def share_interval(values: ArrayLike, groups: ArrayLike, *, level: float = 0.95) -> Interval:
    """A share: the mean of `values` (N,) from 0 to 1, with Wilson's interval over `groups` (N,).

    Raises NotEnoughData without a post, ValueError on NaN or infinity.

    >>> round(share_interval([1.0] * 12, list("aabbccddeeff")).low, 3)  # six users, all right
    0.541
    >>> share_interval([1.0, 1.0, 1.0], ["a", "b", "c"])
    Interval(mean=1.0, low=-inf, high=inf)
    """
    return share_over_seeds([(values, groups)], level=level)


def share_over_seeds(runs: Runs, *, level: float = 0.95) -> Interval:
    """As `share_interval`, the mean over seeds; a group named in several seeds is one group."""
    totals = group_totals(runs)
    return Interval(totals.mean, *share_bounds(totals, level=level))


def positive_interval(values: ArrayLike, groups: ArrayLike, *, level: float = 0.95) -> Interval:
    """The mean of `values` (N,) of 0 and more, such as kilometres, with an interval over `groups` (N,).

    Raises NotEnoughData without a post, ValueError on NaN or infinity.

    >>> positive_interval([1.0, 1.0, 2.0], ["a", "b", "c"])
    Interval(mean=1.3333333333333333, low=-inf, high=inf)
    """
    return positive_over_seeds([(values, groups)], level=level)


def positive_over_seeds(runs: Runs, *, level: float = 0.95) -> Interval:
    """As `positive_interval`, the mean over seeds; a group named in several seeds is one group."""
    totals = group_totals(runs)
    return Interval(totals.mean, *positive_bounds(totals, level=level))


def group_bootstrap(
    values: ArrayLike,
    groups: ArrayLike,
    *,
    seed: int,
    samples: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean of `values` (N,) with the interval that drawing `groups` (N,) gives; of a share use `share_interval`.

    Raises NotEnoughData without a post, ValueError on NaN or infinity. Where all groups agree nothing is known unless
    the values have `bounds`.

    >>> group_bootstrap([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], range(7), seed=0)
    Interval(mean=3.0, low=1.0, high=5.0)
    """
    return mean_over_seeds([(values, groups)], seed=seed, samples=samples, level=level, bounds=bounds)


def bootstrap_totals(
    statistics: Mapping[Name, Statistic],
    groups: ArrayLike,
    *,
    content: Iterable[ArrayLike],
    seed: int,
    samples: int = 2000,
    level: float = 0.95,
) -> dict[Name, Interval]:
    """Statistics that are no means (a median, an F1), with the intervals that drawing `groups` (N,) gives.

    A statistic takes how often each post is in each sample (S, N) and gives its values (S,), see
    `bootstrap_statistics.py`; all are given the same samples. A sample without a value (NaN) is left out. `content`,
    columns of (N,), is all that the statistics know of the posts: the order of the groups follows from it, not from
    the order of the posts. Raises NotEnoughData without a post. >>> posts, content = {"posts": lambda counts:
    counts.sum(axis=1)}, [range(8)] >>> bootstrap_totals(posts, range(8), content=content, seed=0) {'posts':
    Interval(mean=8.0, low=1.0, high=7.0)}
    """
    if not len(np.asarray(groups)):
        raise NotEnoughData("evaluation", "there is no post to compare on", "evaluate posts that carry the target")
    index = by_content(groups, content)
    once = np.ones((1, len(index)), dtype=np.int64)
    values = {name: float(statistic(once)[0]) for name, statistic in statistics.items()}
    sizes = np.bincount(index)
    if effective_groups(sizes) < LEAST_GROUPS:
        return {name: Interval(value, float("-inf"), float("inf")) for name, value in values.items()}
    found: dict[Name, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    step = max(1, _COUNTS_AT_ONCE // len(index))
    for drawn in _subsets(np.random.default_rng(seed), samples, len(sizes), at_once=step):
        counts = drawn[:, index]
        for name, statistic in statistics.items():
            found[name].append(statistic(counts))
    return {name: Interval(value, *_between(_valued(found[name]), level)) for name, value in values.items()}


def above_chance(interval: Interval) -> Interval:
    """The interval of a number that chance can only raise, such as a calibration error: never below 0.

    Samples of half the groups raise it more than all posts do, so the plain interval lies too high. The lower end is
    lower by 3.5 times what they add: of an error that is chance alone, which goes with 1 / sqrt(N), all of it is 2.4
    times as much. 3.5 was chosen on the simulated posts of `drawn` in `benchmarks/promises_intervals.py`, where a 95 %
    interval then holds the true value in 93 % of trials or more; of posts that it was not chosen on,
    `calibrated_otherwise` there, in 94 % or more. The upper end stays where it is, too high with few groups: lowered
    too, it was often below the error of a system that is too sure. The number itself is always inside.

    >>> above_chance(Interval(0.25, 0.125, 0.375)), above_chance(Interval(0.0625, 0.125, 0.375))
    (Interval(mean=0.25, low=0.125, high=0.375), Interval(mean=0.0625, low=0.0, high=0.375))
    """
    if np.isinf(interval.low) or np.isinf(interval.high):
        return Interval(interval.mean, float("-inf"), float("inf"))
    half = (interval.high - interval.low) / 2.0
    added = max(interval.low + half - interval.mean, 0.0)
    low, high = interval.mean - half - 3.5 * added, max(interval.high, interval.mean + half)
    return Interval(interval.mean, max(0.0, low), high)


def paired_group_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike,
    *,
    seed: int,
    samples: int = 2000,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean of a - b (N,), two systems on the same posts, with the interval that drawing `groups` (N,) gives.

    >>> verdict(paired_group_bootstrap([1.0] * 6, [0.0] * 6, list("uvwxyz"), seed=0, bounds=DIFFERENCE))
    'better'
    """
    values = _difference(a, b)
    return mean_over_seeds([(values, groups)], seed=seed, samples=samples, level=level, bounds=bounds)


def paired_over_seeds(
    runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    seed: int,
    samples: int = MOST_SAMPLES,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean over seeds of the mean of a - b; one (a, b, groups) for each seed, each with posts of its own.

    A group named in several seeds is drawn for all of them at once: five seeds tested on the same users are not five
    times as many users, and independent draws would pretend so. The seeds themselves are taken as given.
    """
    return mean_over_seeds(_differences(runs), seed=seed, samples=samples, level=level, bounds=bounds)


def mean_over_seeds(
    runs: Runs,
    *,
    seed: int,
    samples: int = MOST_SAMPLES,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Mean over seeds of the mean of values; one (values, groups) for each seed; drawn as in `paired_over_seeds`."""
    totals = group_totals(runs)
    if not totals.enough:
        return Interval(totals.mean, float("-inf"), float("inf"))
    values = _drawn_means(np.random.default_rng(seed), samples, totals)
    if np.ptp(values) <= 1e-12 and bounds is not None:
        return Interval(totals.mean, *unseen_bounds(totals.mean, totals, bounds=bounds, level=level))
    return Interval(totals.mean, *_between(values, level))


def unpaired_over_seeds(a: Runs, b: Runs, *, seed: int, samples: int = MOST_SAMPLES, level: float = 0.95) -> Interval:
    """Mean over seeds of values of `a` minus that of `b`, tested on posts of their own; (values, groups) for each seed.

    The groups of each are drawn by themselves; users that both have then count as different ones, which makes the
    interval wide rather than narrow.
    """
    one, other = group_totals(a), group_totals(b)
    mean = one.mean - other.mean
    if not (one.enough and other.enough):
        return Interval(mean, float("-inf"), float("inf"))
    rng = np.random.default_rng(seed)
    first, second = (rng.permuted(_drawn_means(rng, samples, own)) for own in (one, other))
    pairs = np.arange(samples)  # of few groups there are fewer subsets: each is taken again
    return Interval(mean, *_between(first[pairs % len(first)] - second[pairs % len(second)], level))


def paired_p_value(
    runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]], *, seed: int, samples: int = MOST_SAMPLES
) -> float:
    """The two-sided p-value that goes with the interval of `paired_over_seeds`: 1 minus the widest level without 0.

    It is the share of subsets of the groups, the empty one with them, on which the difference is none or the other way,
    twice. Too few groups tell nothing: 1.

    >>> runs = [([1.0] * 6, [0.0] * 6, list("uvwxyz"))]
    >>> paired_p_value(runs, seed=0), least_p_value(runs)  # 2 of 64 subsets
    (0.03125, 0.03125)
    """
    totals = group_totals(_differences(runs))
    if not totals.enough or not totals.sums.any():
        return 1.0
    values = _drawn_means(np.random.default_rng(seed), samples, totals)
    beyond = min(int((values <= 0.0).sum()), int((values >= 0.0).sum()))
    return min(1.0, 2.0 * (beyond + 1) / (len(values) + 1))


def least_p_value(runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]], *, samples: int = MOST_SAMPLES) -> float:
    """What `paired_p_value` gives where every group says the same; 1 where the groups are too few for any."""
    totals = group_totals(_differences(runs))
    if not totals.enough:
        return 1.0
    every = _all_subsets(len(totals.sums), samples)
    return 2.0 / ((samples if every is None else every) + 1)


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


def verdict(interval: Interval) -> Literal["better", "worse", "tie", "cannot tell"]:
    """What an interval of a - b allows to say of a, where more is better (for errors in km, swap a and b).

    "tie" means that 0 is inside (p >= 1 - level), not that both are equally good; "cannot tell" that there are too few
    groups for any interval, whatever they say.

    >>> verdict(Interval(0.02, 0.01, 0.03)), verdict(Interval(0.02, -0.01, 0.05))
    ('better', 'tie')
    >>> verdict(Interval(0.02, float("-inf"), float("inf")))
    'cannot tell'
    """
    if np.isinf(interval.low) and np.isinf(interval.high):
        return "cannot tell"
    if interval.low > 0.0:
        return "better"
    return "worse" if interval.high < 0.0 else "tie"


def _difference(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"paired values of shapes {first.shape} and {second.shape} cannot be compared")
    return first - second


def _differences(
    runs: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
) -> list[tuple[NDArray[np.float64], ArrayLike]]:
    return [(_difference(a, b), groups) for a, b, groups in runs]


def _between(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The bounds that leave (1 - level) / 2 of the subsets outside, the empty one with them; none of equal values."""
    ordered = np.sort(values)
    rank = int(np.floor((1.0 - level) / 2.0 * (len(ordered) + 1) + 1e-9))
    if rank < 1 or ordered[0] == ordered[-1]:
        return float("-inf"), float("inf")
    return float(ordered[rank - 1]), float(ordered[-rank])


def _drawn_means(rng: np.random.Generator, samples: int, totals: Totals) -> NDArray[np.float64]:
    """The mean of each of S subsets of the groups (S,)."""
    both = np.stack([totals.sums, totals.weights], axis=1)
    step = max(1, _DRAWS_AT_ONCE // len(both))
    parts = [drawn.astype(np.float64) @ both for drawn in _subsets(rng, samples, len(both), at_once=step)]
    found = np.concatenate(parts)
    nothing = np.abs(found[:, 0]) <= 1e-12 * np.abs(totals.sums).sum()  # what rounding leaves of a sum of 0
    means: NDArray[np.float64] = np.where(nothing, 0.0, found[:, 0]) / found[:, 1]
    return means


def _all_subsets(groups: int, samples: int) -> int | None:
    """How many subsets G groups have that are not empty; None where these are more than `samples`."""
    return 2**groups - 1 if groups < 60 and 2**groups - 1 <= samples else None


def _subsets(rng: np.random.Generator, samples: int, groups: int, *, at_once: int) -> Iterator[NDArray[np.int32]]:
    """Which of G groups are in each subset (S, G), none of them empty: all of them, or `samples` random ones."""
    every = _all_subsets(groups, samples)
    for start in range(0, every or samples, at_once):
        stop = min(start + at_once, every or samples)
        if every is None:
            bits = rng.integers(0, 256, size=(stop - start, -(-groups // 8)), dtype=np.uint8)
            drawn = np.unpackbits(bits, axis=1)[:, :groups].astype(np.int32)
            drawn[~drawn.any(axis=1)] = 1  # as rare as one in 2^G
        else:
            drawn = (np.arange(start + 1, stop + 1)[:, None] >> np.arange(groups) & 1).astype(np.int32)
        yield drawn


def _valued(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The values of all samples that have one."""
    values = np.concatenate(parts)
    return values[~np.isnan(values)]


def ratio(total: NDArray[Any], count: NDArray[Any]) -> NDArray[np.float64]:
    """total / count, NaN where there is nothing to count."""
    found = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return np.asarray(found, dtype=np.float64)
