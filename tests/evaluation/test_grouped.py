"""What groups add, how many they are worth, and an order of theirs that no file decides."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.evaluation.grouped import by_content, effective_groups, group_totals, why_no_interval


def test_totals_of_two_seeds_by_hand() -> None:
    """User u: 2 of 3 posts, then 1 of 1; user v: 1 of 3. Right: u 1 and 1, v 1."""
    totals = group_totals([([1.0, 0.0, 1.0], ["u", "u", "v"]), ([1.0], ["u"])])
    assert totals.mean == pytest.approx((2 / 3 + 1) / 2)
    by_weight = dict(zip(totals.weights.round(6).tolist(), totals.sums.tolist(), strict=True))
    assert by_weight == pytest.approx({round((2 / 3 + 1) / 2, 6): (1 / 3 + 1) / 2, round(1 / 6, 6): 1 / 6})
    assert sorted(totals.posts.tolist()) == [1.0, 2.0]


def test_how_alike_the_posts_of_a_user_are() -> None:
    groups = np.arange(4000) // 10
    rng = np.random.default_rng(0)
    skill = rng.beta(2.0, 2.0, 400)  # variance .05 of .25: a fifth is between users
    assert group_totals([(rng.random(4000) < skill[groups], groups)]).likeness == pytest.approx(0.2, abs=0.03)
    assert group_totals([(rng.random(4000) < 0.5, groups)]).likeness == pytest.approx(0.0, abs=0.02)
    assert group_totals([(groups % 2, groups)]).likeness == 1.0
    assert group_totals([(rng.random(40), np.arange(40))]).likeness == 1.0  # nothing is known of users with one post


def test_groups_of_one_size_are_as_many_as_they_are() -> None:
    assert effective_groups([3] * 7) == pytest.approx(7.0)
    assert effective_groups([100, 1, 1, 1]) < 1.1
    assert effective_groups([]) == 0.0


def test_why_there_is_no_interval() -> None:
    assert why_no_interval(np.arange(60) % 6) is None
    assert why_no_interval(np.arange(60) % 5) == (
        "too few users or venues for an interval: 5, the largest with 12 of 60 posts"
    )
    assert why_no_interval(np.zeros(9)) == "too few users or venues for an interval: 1"
    assert why_no_interval(np.repeat(np.arange(30), [60, *[1] * 29])) == (
        "too few users or venues for an interval: 30, the largest with 60 of 89 posts"
    )


def test_groups_are_ordered_by_what_their_posts_hold() -> None:
    groups, content = np.array([7, 7, 3, 5]), [np.array([2.0, 1.0, 1.0, np.inf]), np.array(list("abba"))]
    found = by_content(groups, content)
    order = [3, 1, 0, 2]
    moved = by_content(np.array([0, 9, 9, 1]), [column[order] for column in content])
    assert moved.tolist() == found[order].tolist()
    assert sorted(set(found.tolist())) == [0, 1, 2]
