"""Logistic regression with its regularisation chosen on held-out posts."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.evaluation.logistic import fit_path, softmax

TWO_SIDES = np.array([[-1.0], [-2.0], [1.0], [2.0]])


def test_softmax_of_hand_computed_logits_and_of_a_class_that_cannot_be() -> None:
    found = softmax(np.array([[0.0, np.log(3.0), -np.inf], [1000.0, 1000.0, 1000.0]]))
    assert found[0] == pytest.approx([0.25, 0.75, 0.0])
    assert found[1] == pytest.approx([1 / 3, 1 / 3, 1 / 3])  # no overflow


def test_two_separable_classes_are_told_apart_and_a_class_never_seen_is_impossible() -> None:
    y = np.array([0, 0, 2, 2])
    weights, bias, fit = fit_path(TWO_SIDES, y, held_out=(TWO_SIDES, y), classes=3, grid=(0.1, 1.0))
    assert weights.shape == (3, 1)
    assert bias[1] == -np.inf
    assert (TWO_SIDES @ weights.T + bias).argmax(axis=1).tolist() == [0, 0, 2, 2]
    assert fit.validation_accuracy == 1.0


def test_equal_accuracies_go_to_the_stronger_regularisation() -> None:
    y = np.array([0, 0, 1, 1])
    *_, fit = fit_path(TWO_SIDES, y, held_out=(TWO_SIDES, y), classes=2, grid=(0.01, 1.0, 100.0))
    assert fit.regularisation == 0.01


def test_without_held_out_posts_the_middle_of_the_grid_is_taken() -> None:
    y = np.array([0, 0, 1, 1])
    nobody = (np.zeros((0, 1)), np.zeros(0, dtype=np.int64))
    *_, fit = fit_path(TWO_SIDES, y, held_out=nobody, classes=2, grid=(0.1, 1.0, 10.0))
    assert (fit.regularisation, fit.validation_accuracy) == (1.0, None)


def test_a_single_class_gets_all_the_probability_and_needs_no_fit() -> None:
    y = np.array([1, 1, 1, 1])
    weights, bias, fit = fit_path(TWO_SIDES, y, held_out=(TWO_SIDES, np.array([1, 1, 0, 0])), classes=2, grid=(0.1, 1))
    assert softmax(TWO_SIDES @ weights.T + bias).tolist() == [[0.0, 1.0]] * 4
    assert (fit.validation_accuracy, fit.unconverged) == (0.5, 0)
