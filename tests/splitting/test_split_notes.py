"""What a split could not keep is told as it is: what is too large, what does not divide, and what would help."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.errors import NotEnoughData
from postplace.splitting.split_notes import SplitDiagnostics
from postplace.splitting.splits import split_folds, split_groups


def notes_of(groups: np.ndarray, labels: np.ndarray | None = None, *, folds: int | None = None) -> str:
    labels = np.zeros(len(groups), dtype=np.int64) if labels is None else labels
    split = split_groups(groups, labels, seed=0) if folds is None else split_folds(groups, labels, seed=0, folds=folds)
    return " | ".join(SplitDiagnostics(split, groups, labels, np.full(len(groups), -1), folds=folds).notes())


def test_one_group_that_is_too_large_is_called_so() -> None:
    groups = np.concatenate([np.zeros(90, dtype=np.int64), np.arange(1, 11)])
    assert "one group, too large for so small a part, holds 90% and stays in train" in notes_of(groups)


def test_several_groups_that_are_too_large_are_counted() -> None:
    groups = np.concatenate([np.arange(10).repeat(95), 10 + np.arange(50)])
    assert "10 groups, each too large for so small a part, hold 95% and stay in train" in notes_of(groups)


def test_equal_groups_that_do_not_divide_are_not_called_too_large() -> None:
    """Seven users of 14 or 15 posts: a test part of two in ten is one of them."""
    found = notes_of(np.arange(100) % 7, folds=5)
    assert "groups of up to 15 posts each do not divide more evenly" in found
    assert "too large" not in found


def test_a_single_unknown_class_is_no_plural() -> None:
    groups = np.arange(40)
    labels = np.zeros(40, dtype=np.int64)
    labels[split_groups(groups, labels, seed=0).test[0]] = 1
    split = split_groups(groups, np.zeros(40, dtype=np.int64), seed=0)
    found = " ".join(SplitDiagnostics(split, groups, labels, np.full(40, -1)).notes())
    assert "1 of 4 test posts are of a class that no training post has" in found


def test_too_few_groups_say_what_ties_them_and_what_can_be_asked_for() -> None:
    groups, labels = np.array([0] * 9 + [1]), np.zeros(10, dtype=np.int64)
    tied = "the largest group holds 9 of 10 posts: one user's, or of users who post the same texts or images"
    with pytest.raises(NotEnoughData, match=tied):
        split_groups(groups, labels, seed=0)
    with pytest.raises(NotEnoughData, match=r"2 group\(s\) .* for 5 folds; .* or ask for fewer folds"):
        split_folds(groups, labels, seed=0, folds=5)
