"""Leak-free splits: nothing of one group on two sides, shares and labels met, errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.errors import BadOption, BadPost, BadRun, NotEnoughData
from postplace.splitting.splits import SUBSETS, Split, random_split, split_folds, split_fractions, split_groups

Indices = NDArray[np.int64]


def subsets_of_groups(split: Split, groups: Indices) -> list[set[int]]:
    return [set(groups[indices].tolist()) for _, indices in split.subsets()]


def shares(split: Split) -> list[float]:
    sizes = [len(indices) for _, indices in split.subsets()]
    return [size / sum(sizes) for size in sizes]


@pytest.mark.parametrize("seed", range(5))
def test_no_group_on_two_sides_and_every_post_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.zipf(1.6, 3000) % 200
    split = split_groups(groups, rng.integers(-1, 9, 3000), seed=seed)
    inside = subsets_of_groups(split, groups)
    assert sum(len(part) for part in inside) == len(set(groups.tolist()))
    everything = np.concatenate([indices for _, indices in split.subsets()])
    assert sorted(everything.tolist()) == list(range(3000))
    assert all((np.diff(indices) > 0).all() for _, indices in split.subsets())


def test_fractions_of_posts_and_of_each_label_are_met() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 800, 8000)
    labels = (rng.random(8000) ** 2 * 10).astype(np.int64)
    split = split_groups(groups, labels, seed=3)
    assert shares(split) == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=0.005)
    for label in range(10):
        total = (labels == label).sum()
        found = [(labels[indices] == label).sum() / total for _, indices in split.subsets()]
        assert found == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=0.03), label


def test_labels_are_spread_even_when_each_group_has_one_label_only() -> None:
    groups = np.repeat(np.arange(100), 5)
    labels = np.repeat(np.arange(100) // 10, 5)  # 10 groups a label: 7, 1, 1 and 1 of them
    split = split_groups(groups, labels, seed=0)
    for _, indices in split.subsets():
        assert len(set(np.bincount(labels[indices], minlength=10).tolist())) == 1
    assert [len(indices) for _, indices in split.subsets()] == [350, 50, 50, 50]


def test_one_user_with_a_quarter_of_the_posts_goes_to_train() -> None:
    rng = np.random.default_rng(1)
    groups = np.concatenate([np.zeros(3791, dtype=np.int64), rng.integers(1, 400, 13862 - 3791)])
    split = split_groups(groups, rng.integers(0, 80, 13862), seed=1)
    assert 0 in subsets_of_groups(split, groups)[0]
    assert shares(split) == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=0.01)


def test_one_user_with_nearly_all_posts_leaves_the_rest_to_the_others() -> None:
    groups = np.concatenate([np.zeros(900, dtype=np.int64), np.arange(1, 101)])
    split = split_groups(groups, np.arange(1000) % 4, seed=1)
    assert shares(split)[0] == 0.91  # a tenth of the others' posts stays in train, which else were of one user alone
    assert min(shares(split)[1:]) >= 0.03


def test_as_many_equal_groups_as_subsets_fill_every_subset() -> None:
    split = split_groups(np.repeat(np.arange(4), 10), np.zeros(40, dtype=np.int64), seed=0)
    assert [len(indices) for _, indices in split.subsets()] == [10, 10, 10, 10]


def test_as_many_groups_as_subsets_fill_every_subset() -> None:
    groups = np.array([0] * 50 + [1] * 3 + [2] * 2 + [3])
    split = split_groups(groups, np.zeros(56, dtype=np.int64), seed=0)
    assert [len(part) for part in subsets_of_groups(split, groups)] == [1, 1, 1, 1]
    assert 0 in subsets_of_groups(split, groups)[0]


def test_too_few_groups_say_how_many_there_are() -> None:
    with pytest.raises(NotEnoughData, match=r"the split: 3 group\(s\) .* for 4 subsets; bring posts of more users"):
        split_groups(np.array([0, 0, 1, 2]), np.zeros(4, dtype=np.int64), seed=0)
    with pytest.raises(NotEnoughData, match=r"0 group\(s\)"):
        split_groups(np.array([], dtype=np.int64), np.array([], dtype=np.int64), seed=0)


def test_a_part_may_be_left_out() -> None:
    split = split_groups(np.arange(100), np.zeros(100, dtype=np.int64), seed=0, fractions=(0.8, 0.0, 0.0, 0.2))
    assert [len(indices) for _, indices in split.subsets()] == [80, 0, 0, 20]


@pytest.mark.parametrize("fractions", [(0.7, 0.1, 0.1, 0.2), (1.2, -0.2, 0.0, 0.0), (0.0, 0.5, 0.25, 0.25), (0.9, 0.1)])
def test_fractions_must_divide_the_posts(fractions: tuple[float, float, float, float]) -> None:
    with pytest.raises(BadOption, match="add up to 1"):
        split_groups(np.arange(10), np.zeros(10, dtype=np.int64), seed=0, fractions=fractions)


def test_labels_must_cover_the_posts() -> None:
    with pytest.raises(BadOption, match="3 labels for 10 posts"):
        split_groups(np.arange(10), np.zeros(3, dtype=np.int64), seed=0)


def test_the_seed_decides_and_group_ids_do_not_matter() -> None:
    groups, labels = np.arange(200) // 2, np.arange(200) % 3
    one, again, other = (split_groups(groups, labels, seed=seed).subset_names(200) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert split_groups(groups * 10 + 5, labels, seed=1).subset_names(200) == one


def test_posts_without_a_label_are_placed_and_spread() -> None:
    split = split_groups(np.arange(1000), np.full(1000, -1), seed=0)
    assert [len(indices) for _, indices in split.subsets()] == [700, 100, 100, 100]


def test_a_random_split_is_stratified_by_post() -> None:
    labels = np.repeat([0, 1], [900, 100])
    split = random_split(1000, labels, seed=0)
    assert [int(labels[indices].sum()) for _, indices in split.subsets()] == [70, 10, 10, 10]


@pytest.mark.parametrize("folds", [2, 5, 10])
def test_over_the_folds_every_post_is_in_test_once(folds: int) -> None:
    rng = np.random.default_rng(0)
    groups = np.concatenate([np.zeros(300, dtype=np.int64), rng.integers(1, 400, 2700)])
    labels = rng.integers(0, 5, 3000)
    made = [split_folds(groups, labels, seed=seed, folds=folds) for seed in range(2 * folds)]
    for repeat in (made[:folds], made[folds:]):
        assert sorted(np.concatenate([split.test for split in repeat]).tolist()) == list(range(3000))
    for split in made:
        inside = subsets_of_groups(split, groups)
        assert sum(len(part) for part in inside) == len(set(groups.tolist()))
        assert sum(len(rows) for _, rows in split.subsets()) == 3000
        assert shares(split) == pytest.approx(split_fractions(folds), abs=0.025)
    assert made[0].test.tolist() != made[folds].test.tolist()


@pytest.mark.parametrize("folds", [2, 10])
def test_no_fold_is_one_large_group(folds: int) -> None:
    """Three groups fill a fold of ten each; whichever it is, others come to them."""
    groups = np.repeat(np.arange(43), [100] * 3 + [10] * 40)
    least = 43 // (2 * folds)
    for seed in range(20 * folds):
        test = split_folds(groups, np.zeros(700, dtype=np.int64), seed=seed, folds=folds).test
        assert len(np.unique(groups[test])) >= least, f"fold {seed % folds}"


def test_folds_are_of_equal_labels_and_do_not_depend_on_the_order_of_posts() -> None:
    groups, labels = np.arange(1000) // 2, np.arange(1000) // 2 % 2
    order = np.random.default_rng(0).permutation(1000)
    one = split_folds(groups, labels, seed=3, folds=5, keys=groups.astype(np.uint64))
    other = split_folds(groups[order], labels[order], seed=3, folds=5, keys=groups[order].astype(np.uint64))
    assert np.bincount(labels[one.test]).tolist() == [100, 100]
    assert sorted(order[other.calibration].tolist()) == one.calibration.tolist()


def test_folds_that_cannot_be_made() -> None:
    with pytest.raises(BadOption, match="folds: 1 is out of range; give a whole number from 2 on"):
        split_folds(np.arange(9), np.zeros(9, dtype=np.int64), seed=0, folds=1)
    with pytest.raises(NotEnoughData, match=r"4 group\(s\) .* for 5 folds"):
        split_folds(np.arange(4), np.zeros(4, dtype=np.int64), seed=0, folds=5)


def test_random_folds_are_post_by_post() -> None:
    tests = [random_split(100, np.zeros(100, dtype=np.int64), seed=seed, folds=5).test for seed in range(5)]
    assert sorted(np.concatenate(tests).tolist()) == list(range(100))


def test_a_split_is_saved_by_id_and_found_in_any_order() -> None:
    split = Split(*(np.array(part) for part in ([0, 3], [1], [2], [4])))
    saved = split.to_json(["a", "b", "c", "d", "e"])
    assert saved == {"train": ["a", "d"], "validation": ["b"], "calibration": ["c"], "test": ["e"]}
    loaded = Split.from_json(saved, ["new", "e", "d", "c", "b", "a"])
    assert loaded.subset_names(6) == ["", "test", "train", "calibration", "validation", "train"]
    assert loaded.train.tolist() == [2, 5]


def test_loading_a_split_names_what_is_missing() -> None:
    saved = {name: [name] for name in SUBSETS}
    with pytest.raises(BadRun, match=r"2 of its 4 posts are not there \(the first: 'validation'\)"):
        Split.from_json(saved, ["train", "test"])
    with pytest.raises(BadRun, match="no list 'test'"):
        Split.from_json({name: [] for name in SUBSETS[:3]}, [])


def test_ids_must_differ() -> None:
    split = random_split(10, np.zeros(10, dtype=np.int64), seed=0)
    with pytest.raises(BadPost, match="posts 1 and 10 share the id 'a'"):
        split.to_json([*"abcdefghi", "a"])
