"""How often each class is in the training part."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.features.pooled import PooledFeatures
from postplace.models.blocks.class_priors import balanced_bias, class_frequencies, or_frequencies, training_labels
from postplace.models.estimator import FitData

LABELS = np.array([0, 0, 0, 2, -1, 1])


def fit_data(*, balanced: bool) -> FitData:
    nothing = PooledFeatures([""] * 6, [()] * 6, {}, {})
    return FitData(nothing, LABELS, 4, np.arange(5), np.array([5]), seed=0, balanced=balanced)


def test_training_labels_are_those_of_training_posts_that_have_one() -> None:
    rows, labels = training_labels(fit_data(balanced=False))
    assert (rows.tolist(), labels.tolist()) == ([0, 1, 2, 3], [0, 0, 0, 2])


def test_frequencies_are_shares_of_training_posts_and_when_balanced_the_same_for_every_class_there() -> None:
    assert class_frequencies(fit_data(balanced=False)).tolist() == [0.75, 0.0, 0.25, 0.0]
    assert class_frequencies(fit_data(balanced=True)).tolist() == [0.5, 0.0, 0.5, 0.0]


def test_posts_of_which_nothing_is_known_get_the_frequencies() -> None:
    found = or_frequencies(np.array([[0.1, 0.9], [np.nan, np.nan]]), np.array([True, False]), np.array([0.25, 0.75]))
    assert found.tolist() == [[0.1, 0.9], [0.25, 0.75]]


def test_a_balanced_bias_undoes_the_class_frequencies_of_a_posterior() -> None:
    shares = np.array([0.75, 0.25])
    bias = balanced_bias(np.log(shares).astype(np.float32), np.array([0, 0, 0, 1]))
    assert bias == pytest.approx([0.0, 0.0], abs=1e-6)


def test_a_class_without_a_label_keeps_its_bias() -> None:
    bias = balanced_bias(np.array([0.0, 0.0, -np.inf], dtype=np.float32), np.array([0, 1]))
    assert bias[:2] == pytest.approx(np.log([2.0, 2.0]))
    assert bias[2] == -np.inf


def test_a_balanced_bias_of_no_labels_is_the_bias() -> None:
    assert balanced_bias(np.array([0.5], dtype=np.float32), np.zeros(0, dtype=np.int64)).tolist() == [0.5]
