"""Promises of a split, for groups of every shape: kept, or said not to be; and draws that are drawn."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.splitting.assignment import LARGEST_SHARE, LEAST_GROUPS, split_limits
from postplace.splitting.split_notes import SLACK, SplitDiagnostics
from postplace.splitting.splits import FRACTIONS, SUBSETS, Split, split_groups

Indices = NDArray[np.int64]
SHARES = np.array(FRACTIONS)


def sized(sizes: Indices) -> Indices:
    """Posts in groups of these sizes."""
    return np.repeat(np.arange(len(sizes)), sizes)


def shaped(shape: str, groups: int, rng: np.random.Generator) -> Indices:
    """Sizes of groups: all equal, as of a heavy tail, or one that holds half of all posts."""
    if shape == "equal":
        return np.full(groups, 10)
    sizes = np.ceil(3 * (rng.pareto(1.1, groups) + 1)).astype(np.int64)
    if shape == "one giant":
        sizes[0] = max(1, sizes[1:].sum())
    return sizes


def small_parts(split: Split) -> dict[str, Indices]:
    return {name: rows for name, rows in split.subsets() if name != "train"}


@pytest.mark.parametrize("shape", ["equal", "heavy tail", "one giant"])
@pytest.mark.parametrize("number", [5, 12, 40, 120, 200, 500])
def test_every_promise_is_kept_or_said_not_to_be(shape: str, number: int) -> None:
    for seed in range(4):
        rng = np.random.default_rng([seed, number])
        groups = sized(shaped(shape, number, rng))
        labels = rng.integers(0, 6, len(groups))
        split = split_groups(groups, labels, seed=seed)
        rows = np.concatenate([part for _, part in split.subsets()])
        assert sorted(rows.tolist()) == list(range(len(groups)))
        of_parts = [set(groups[part].tolist()) for _, part in split.subsets()]
        assert all(not one & other for one, other in combinations(of_parts, 2))
        notes = " ".join(SplitDiagnostics(split, groups, labels, np.full(len(groups), -1)).notes())
        for name, part in small_parts(split).items():
            inside = np.bincount(groups[part])
            inside = inside[inside > 0]
            assert len(inside) >= min(LEAST_GROUPS, max(1, number // 10)), (name, seed)
            assert len(inside) >= LEAST_GROUPS or f"{name} {len(inside)}" in notes
            assert inside.max() <= SLACK * LARGEST_SHARE * len(part) or f"% of {name}" in notes
            share = len(part) / len(groups)
            assert round(share * SLACK, 9) >= 0.1 or f"{name} {share:.1%}" in notes
            assert share <= 0.16 or number < 20, (name, seed, share)


@pytest.mark.parametrize(
    ("heavy", "groups", "share"),
    [
        ([0.4], 20, 0.09),
        ([0.4, 0.12, 0.12, 0.12], 20, 0.06),
        ([0.12, 0.12, 0.12], 20, 0.09),
        ([0.3, 0.14, 0.11, 0.11], 20, 0.09),
        ([0.15] * 5, 20, 0.06),
    ],
)
def test_heavy_users_do_not_become_a_part(heavy: list[float], groups: int, share: float) -> None:
    """Of 5,000 posts of a few heavy users and 200 others, small parts are of many of the others."""
    sizes = np.array([*(int(part * 5000) for part in heavy), *[round(5000 * (1 - sum(heavy)) / 200)] * 200])
    of_post = sized(sizes)
    labels = np.random.default_rng(0).integers(0, 20, len(of_post))
    split = split_groups(of_post, labels, seed=0)
    assert set(range(len(heavy))) <= set(of_post[split.train].tolist())
    for name, part in small_parts(split).items():
        assert len(np.unique(of_post[part])) >= groups, name
        assert len(part) / len(of_post) >= share, name


def test_the_limits_by_hand() -> None:
    plenty = split_limits(np.full(400, 10), SHARES)
    assert (plenty.largest, plenty.least, plenty.shares.tolist()) == (100, 20, list(FRACTIONS))  # a quarter of 400
    ten = split_limits(np.full(10, 10), SHARES)
    assert (ten.largest, ten.least, ten.shares.tolist()) == (10, 1, list(FRACTIONS))  # one group is a whole part
    giant = split_limits(np.array([900, *[1] * 100]), SHARES)
    assert (giant.largest, giant.least) == (7, 10)  # a quarter of 30: of 100 posts, 90 are for the three small parts
    assert giant.shares == pytest.approx([0.91, 0.03, 0.03, 0.03])


def test_large_groups_are_drawn_anew_by_every_seed() -> None:
    """A seed's test part shares with another's what independent draws would, a tenth; of large groups, too."""
    rng = np.random.default_rng(0)
    sizes = np.concatenate([rng.integers(20, 120, 60), rng.integers(1, 5, 1500)])
    groups = sized(sizes)
    labels = rng.integers(0, 9, len(groups))
    tests = [set(groups[split_groups(groups, labels, seed=seed).test].tolist()) for seed in range(12)]
    large = set(np.flatnonzero(sizes >= 20).tolist())
    shared = [len(one & other & large) / max(1, len(one & large)) for one, other in combinations(tests, 2)]
    assert np.mean(shared) < 0.2
    times = np.bincount([group for test in tests for group in test & large], minlength=60)
    assert times.max() <= 6  # of 12 seeds; each large group is drawn once or twice
    assert (times > 0).mean() > 0.5


def test_labels_are_spread_as_well_as_groups_allow() -> None:
    rng = np.random.default_rng(1)
    groups = sized(np.ceil(2 * (rng.pareto(1.5, 800) + 1)).astype(np.int64))
    labels = rng.integers(0, 9, len(groups))
    whole = np.bincount(labels) / len(labels)
    for seed in range(5):
        for part in small_parts(split_groups(groups, labels, seed=seed)).values():
            found = np.bincount(labels[part], minlength=9) / len(part)
            assert np.abs(found - whole).sum() / 2 < 0.05  # total variation


def test_with_keys_the_order_of_posts_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    groups = sized(rng.integers(1, 30, 150))
    labels = rng.integers(0, 4, len(groups))
    keys = rng.permutation(150).astype(np.uint64)[groups]
    order = rng.permutation(len(groups))
    split = split_groups(groups, labels, seed=3, keys=keys)
    renamed = rng.permutation(150)[groups[order]]
    again = split_groups(renamed, labels[order], seed=3, keys=keys[order])
    for name in SUBSETS:
        assert sorted(order[getattr(again, name)].tolist()) == getattr(split, name).tolist()
