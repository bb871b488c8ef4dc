from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.evaluation.conformal import (
    Over,
    Penalty,
    best_penalty,
    coverage_by_group,
    effective_groups,
    group_quantile,
    least_groups,
    prediction_sets,
    set_scores,
    why_wide,
)


def test_single_posts_give_the_usual_threshold() -> None:
    # 9 groups of one post, alpha .1: the 9th of 9 scores, as ceil(10 * 0.9) = 9
    assert group_quantile(np.arange(9.0), np.arange(9), alpha=0.1) == 8.0


def test_too_few_groups_promise_nothing() -> None:
    assert group_quantile(np.arange(8.0), np.arange(8), alpha=0.1) == float("inf")
    assert group_quantile(np.zeros(0), np.zeros(0, dtype=np.int64), alpha=0.1) == float("inf")


def test_over_posts_too_few_groups_are_counted_by_their_sizes() -> None:
    groups = np.repeat([0, 1, 2, 3], [3, 1, 1, 1])
    assert effective_groups(groups, over="users") == 4.0
    assert effective_groups(groups, over="posts") == pytest.approx(36 / 12)
    assert least_groups(0.2) == pytest.approx(4.0)
    assert group_quantile(np.arange(6.0), groups, alpha=0.2) < float("inf")
    assert group_quantile(np.arange(6.0), groups, alpha=0.2, over="posts") == float("inf")


def test_a_large_group_weighs_as_its_posts_where_posts_are_promised() -> None:
    scores = np.concatenate([np.full(60, 9.0), np.arange(600.0) / 1000])
    groups = np.concatenate([np.zeros(60, dtype=np.int64), np.repeat(np.arange(1, 31), 20)])
    assert group_quantile(scores, groups, alpha=0.08) < 1.0  # one of 31 groups lies above
    assert group_quantile(scores, groups, alpha=0.08, over="posts") == 9.0  # 9 % of posts do


def test_posts_that_are_all_alike_in_a_group_count_as_one() -> None:
    scores, groups = np.repeat(np.arange(9.0), 5), np.repeat(np.arange(9), 5)
    assert group_quantile(scores, groups, alpha=0.1) == 8.0  # as nine single posts


def test_posts_that_have_nothing_in_common_count_as_posts() -> None:
    scores = np.arange(45.0).reshape(5, 9).T.ravel()  # every group has one score of each fifth
    assert group_quantile(scores, np.repeat(np.arange(9), 5), alpha=0.1) == 41.0  # the 42nd: 45 * 0.9 * 46/45 = 41.4


def test_why_sets_are_wide_is_said_with_numbers() -> None:
    assert why_wide(np.arange(27), alpha=0.1) == ""
    assert why_wide(np.arange(26), alpha=0.1).startswith("only 26 users or venues were kept")
    assert "5 users or venues were kept to calibrate with, 9 are needed to promise 90%" in why_wide(
        np.arange(5), alpha=0.1
    )
    large = np.concatenate([np.zeros(300, dtype=np.int64), np.arange(1, 100)])
    assert why_wide(large, alpha=0.1) == ""
    assert "100 users or venues (which count as 1.8 of equal size)" in why_wide(large, alpha=0.1, over="posts")


def test_a_large_group_weighs_as_much_as_a_small_one() -> None:
    scores = np.concatenate([np.full(1000, 9.0), np.arange(19.0) / 100])
    groups = np.concatenate([np.zeros(1000, dtype=np.int64), np.arange(1, 20)])
    assert group_quantile(scores, groups, alpha=0.1) < 1.0  # 19 of 21 weights lie below 9


def test_scores_by_hand() -> None:
    p = np.array([[0.2, 0.5, 0.3]])
    np.testing.assert_allclose(set_scores(p, np.array([0.5])), [[0.9, 0.0, 0.65]])
    np.testing.assert_allclose(set_scores(p, np.array([0.0])), [[0.8, 0.0, 0.5]])
    np.testing.assert_allclose(set_scores(p, np.array([0.0]), Penalty(0.1, 1)), [[1.0, 0.0, 0.6]])


def test_equal_probabilities_are_ordered_by_class() -> None:
    np.testing.assert_allclose(set_scores(np.full((1, 3), 1 / 3), np.array([0.0])), [[0, 1 / 3, 2 / 3]])


def test_no_set_is_empty() -> None:
    p = np.array([[0.9, 0.1], [0.4, 0.6]])
    assert prediction_sets(set_scores(p, np.array([1.0, 1.0])), 0.0).tolist() == [[True, False], [False, True]]


def test_a_system_that_is_right_more_often_than_promised_names_one_class() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(5, size=2000)
    guess = np.where(random.random(2000) < 0.95, labels, (labels + 1) % 5)
    p = np.full((2000, 5), 0.05)
    p[np.arange(2000), guess] = 0.8
    scores = set_scores(p, random.random(2000))
    threshold = group_quantile(scores[np.arange(2000), labels], np.arange(2000), alpha=0.1)
    assert (prediction_sets(scores, threshold).sum(axis=1) == 1).all()


def test_coverage_by_group() -> None:
    covered = np.array([True, True, True, False, False])
    assert coverage_by_group(covered, np.array([0, 0, 0, 0, 1])) == pytest.approx(0.375)
    assert np.isnan(coverage_by_group(np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64)))


def simulated(groups: int, *, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Probabilities that are too sure, labels, and groups whose posts are right or wrong together."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 12, size=groups)
    own = np.repeat(np.arange(groups), sizes)
    skill = random.uniform(0.2, 1.0, size=groups)[own]
    labels = random.integers(10, size=len(own))
    logits = random.normal(size=(len(own), 10)) * 2
    logits[np.arange(len(own)), labels] += np.where(random.random(len(own)) < skill, 3, 0)
    powers = np.exp(1.5 * logits)
    return powers / powers.sum(axis=1, keepdims=True), labels.astype(np.int64), own.astype(np.int64)


@pytest.mark.parametrize("penalty", [Penalty(), Penalty(0.05, 2)])
@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_promise_is_kept_over_new_groups(penalty: Penalty, alpha: float) -> None:
    kept = []
    for seed in range(40):
        p, labels, groups = simulated(300, seed=seed)
        scores = set_scores(p, np.random.default_rng(seed).random(len(p)), penalty)
        own = scores[np.arange(len(labels)), labels]
        first = groups < 150
        threshold = group_quantile(own[first], groups[first], alpha=alpha)
        kept.append(coverage_by_group(own[~first] <= threshold, groups[~first]))
    assert np.mean(kept) == pytest.approx(1 - alpha, abs=0.015)


@pytest.mark.parametrize("over", ["users", "posts"])
def test_each_promise_is_kept_where_large_groups_are_harder(over: Over) -> None:
    random = np.random.default_rng(0)
    kept, other = [], []
    for _ in range(60):
        sizes = random.choice([2, 20], size=400, p=[0.8, 0.2])
        groups = np.repeat(np.arange(400), sizes)
        scores = random.random(len(groups)) * np.where(sizes[groups] == 20, 2.0, 1.0)
        first = groups < 200
        threshold = group_quantile(scores[first], groups[first], alpha=0.1, over=over)
        covered = scores[~first] <= threshold
        pair = coverage_by_group(covered, groups[~first]), float(covered.mean())
        kept.append(pair[over == "posts"])
        other.append(pair[over == "users"])
    assert np.mean(kept) == pytest.approx(0.9, abs=0.015)
    assert abs(np.mean(other) - 0.9) > 0.04  # the other is not promised, and not kept


@pytest.mark.parametrize("count", [9, 12, 20])
def test_few_groups_are_hardly_covered_too_often(count: int) -> None:
    random = np.random.default_rng(1)
    kept = [
        group_quantile(random.random(5 * count), np.repeat(np.arange(count), 5), alpha=0.1)  # covers as much as it is
        for _ in range(400)
    ]
    assert 0.89 <= np.mean(kept) <= 0.93  # by the worst case of what a new group may bring it is .98 for nine


def test_a_penalty_that_shrinks_sets_is_chosen() -> None:
    p, labels, groups = simulated(300, seed=0)
    flat = 0.5 * p + 0.05  # a long tail, which plain APS would have to go down
    chance = np.random.default_rng(0).random(len(p))

    def mean_size(penalty: Penalty) -> float:
        scores = set_scores(flat, chance, penalty)
        threshold = group_quantile(scores[np.arange(len(labels)), labels], groups, alpha=0.1)
        return float(prediction_sets(scores, threshold).sum(axis=1).mean())

    chosen = best_penalty(flat, labels, groups, chance, alpha=0.1)
    assert mean_size(chosen) <= mean_size(Penalty())
