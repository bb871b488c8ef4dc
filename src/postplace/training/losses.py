"""Losses as pure functions."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, labels: Tensor, *, class_weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy in nats of logits (B, C) against labels (B,): MRLF (13), SG-MFT (19).

    With class weights (C,) each post counts by the weight of its class, and the mean is over the weights: 0 where all
    of them are 0.

    >>> round(float(cross_entropy(torch.tensor([[0.0, 0.0]]), torch.tensor([1]))), 4)
    0.6931
    """
    if class_weights is None:
        return functional.cross_entropy(logits, labels)
    total = functional.cross_entropy(logits, labels, weight=class_weights, reduction="sum")
    weights = class_weights[labels].sum()
    return total / torch.where(weights > 0, weights, 1.0)


def balanced_class_weights(labels: NDArray[np.int64], *, classes: int) -> Tensor:
    """Weights (C,) with which every class counts the same: N / (C * n_c), and 0 for a class without posts.

    >>> balanced_class_weights(np.array([0, 0, 0, 1]), classes=2).tolist()
    [0.6666666865348816, 2.0]
    """
    counts = np.bincount(labels, minlength=classes).astype(np.float64)
    weights = np.divide(len(labels), classes * counts, out=np.zeros(classes), where=counts > 0)
    return torch.tensor(weights, dtype=torch.float32)
