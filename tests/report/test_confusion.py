"""Which places are taken for which."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.report.confusion import build_matrix, confused_pairs, count_pairs

COUNTS = np.array([[5, 3, 0, 0], [1, 6, 0, 0], [0, 0, 9, 0], [0, 2, 0, 4]])
NAMES = ("a", "b", "c", "d")


def test_count_pairs_leaves_out_posts_without_a_class_or_a_guess() -> None:
    labels, guesses = np.array([0, 0, 1, 1, -1]), np.array([1, 1, 1, -1, 0])
    assert count_pairs(labels, guesses, classes=3).tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]


def test_confused_pairs_are_the_most_frequent_first_with_their_share_of_the_true_class() -> None:
    coordinates = np.array([[0.0, 0.0], [0.0, 1.0], [np.nan, np.nan], [np.nan, np.nan]])
    found = confused_pairs(COUNTS, coordinates)
    assert [(pair.truth, pair.guess, pair.posts) for pair in found] == [(0, 1, 3), (3, 1, 2), (1, 0, 1)]
    assert [pair.share for pair in found] == pytest.approx([3 / 8, 2 / 6, 1 / 7])
    assert found[0].km == pytest.approx(111.19, abs=0.02)  # a degree of the equator
    assert found[1].km is None
    assert confused_pairs(COUNTS, coordinates, most=1) == found[:1]


def test_a_build_matrix_few_classes_gathers_nothing_and_loses_no_post() -> None:
    matrix = build_matrix(COUNTS, NAMES)
    assert (sorted(matrix.names), matrix.gathered) == (list(NAMES), 0)
    for row, truth in enumerate(matrix.names):
        for column, guess in enumerate(matrix.names):
            assert matrix.counts[row][column] == COUNTS[NAMES.index(truth), NAMES.index(guess)]


def test_a_build_matrix_many_classes_shows_the_most_confused_and_gathers_the_rest() -> None:
    matrix = build_matrix(COUNTS, NAMES, shown=2)
    assert matrix.names == ("b", "a", "2 others")
    assert matrix.counts == ((6, 1, 0), (3, 5, 0), (2, 0, 13))
    assert build_matrix(COUNTS, NAMES, shown=3).names[-1] == "1 other"
