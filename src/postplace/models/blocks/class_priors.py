"""How often each of C classes is in the training part: the answer where nothing is known, and what balance undoes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.baselines import fit_majority
from postplace.models.estimator import FitData, Probabilities


def training_labels(lesson: FitData) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training rows that have a label, and their labels."""
    rows = lesson.train[lesson.labels[lesson.train] >= 0]
    return rows, lesson.labels[rows]


def class_frequencies(lesson: FitData) -> NDArray[np.float64]:
    """The share (C,) of each class in the training part; in a balanced lesson all classes seen have the same."""
    _, labels = training_labels(lesson)
    return fit_majority(np.unique(labels) if lesson.balanced else labels, classes=lesson.classes).frequencies


def or_frequencies(answers: Probabilities, known: NDArray[np.bool_], frequencies: NDArray[np.float64]) -> Probabilities:
    """`answers` (N, C) for posts of which something is known (N,), the class frequencies for the others.

    >>> or_frequencies(np.array([[0.0, 1.0]] * 2), np.array([True, False]), np.array([0.75, 0.25])).tolist()
    [[0.0, 1.0], [0.75, 0.25]]
    """
    return np.asarray(np.where(known[:, None], answers, frequencies), dtype=np.float64)


def balanced_bias(bias: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """The bias (C,) minus the logarithm of each class's share of the labels (N,): as if all shares were the same.

    What a posterior becomes under other class frequencies (Saerens et al., 2002, eq. 2.4).

    >>> balanced_bias(np.zeros(2, dtype=np.float32), np.array([0, 0, 0, 1])).astype(float).round(3).tolist()
    [0.288, 1.386]
    """
    counts = np.bincount(labels, minlength=len(bias))
    posts = max(1, len(labels))  # of no labels at all nothing is known, and nothing changes
    shares = np.where(counts > 0, counts, posts) / posts
    return np.asarray(bias - np.log(shares), dtype=np.float32)
