"""Multinomial logistic regression with its regularisation chosen on held-out posts: the core of the baselines."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]

_TOLERANCE = 1e-4
_STEPS = 200


@dataclass(frozen=True)
class Fit:
    """What choosing the regularisation found; accuracy is None without a labelled validation post."""

    regularisation: float
    validation_accuracy: float | None
    unconverged: int


def fit_path(
    x: Any,
    y: NDArray[np.integer],
    *,
    held_out: tuple[Any, NDArray[np.integer]],
    classes: int,
    grid: Sequence[float],
) -> tuple[NDArray[np.float32], NDArray[np.float32], Fit]:
    """Weights (C, F), bias (C,) at the C of `grid` with the best accuracy on `held_out`; its middle without any.

    `x` (N, F) dense or sparse, `y` (N,); `held_out` a pair of the same. `grid` goes from strong regularisation to
    weak: L-BFGS starts each fit where the last one ended. Equal accuracies go to the stronger regularisation. A class
    without a training post has the bias -inf, so its probability is 0.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    seen = np.unique(y)
    if len(seen) < 2:
        constant = _spread(np.zeros((len(seen), x.shape[1])), np.zeros(len(seen)), seen=seen, classes=classes)
        return *constant, Fit(grid[0], _accuracy(*held_out, *constant), 0)
    model = LogisticRegression(tol=_TOLERANCE, max_iter=_STEPS, warm_start=True)
    fits, unconverged = [], 0
    for regularisation in grid if len(held_out[1]) else grid[: len(grid) // 2 + 1]:
        model.C = regularisation
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # counted below instead
            model.fit(x, y)
        unconverged += int(model.n_iter_.max() >= _STEPS)
        weights, bias = _spread(model.coef_, model.intercept_, seen=model.classes_, classes=classes)
        fits.append((_accuracy(*held_out, weights, bias), regularisation, weights, bias))
    best = max(fits, key=lambda fit: fit[0] or 0.0) if len(held_out[1]) else fits[-1]
    return best[2], best[3], Fit(best[1], best[0], unconverged)


def _accuracy(x: Any, y: NDArray[np.integer], weights: NDArray[np.float32], bias: NDArray[np.float32]) -> float | None:
    return float(np.mean((x @ weights.T + bias).argmax(axis=1) == y)) if len(y) else None


def _spread(
    weights: NDArray[np.floating], bias: NDArray[np.floating], *, seen: NDArray[np.integer], classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The rows of the classes `seen` in training among all C; the others get probability 0."""
    if len(seen) == 2:  # one row for the second class against the first
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.concatenate([np.zeros_like(bias), bias])
    all_weights = np.zeros((classes, weights.shape[1]), dtype=np.float32)
    all_bias = np.full(classes, -np.inf, dtype=np.float32)
    all_weights[seen], all_bias[seen] = weights, bias
    return all_weights, all_bias


def softmax(logits: NDArray[np.floating]) -> Probabilities:
    """Logits (N, C), -inf for a class that cannot be -> probabilities (N, C)."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)
