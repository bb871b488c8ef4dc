"""Losses beside numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from postplace.training.losses import balanced_class_weights, cross_entropy


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])  # softmax: 3/4 1/4, 1/2 1/2
    loss = cross_entropy(logits, torch.tensor([0, 1]))
    assert float(loss) == pytest.approx((-math.log(0.75) - math.log(0.5)) / 2)


def test_class_weights_weigh_the_mean() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])
    loss = cross_entropy(logits, torch.tensor([0, 1]), class_weights=torch.tensor([1.0, 3.0]))
    assert float(loss) == pytest.approx((-math.log(0.75) - 3 * math.log(0.5)) / 4)


def test_balanced_weights_give_every_class_the_same_total() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    weights = balanced_class_weights(labels, classes=4).numpy()
    assert (weights * np.bincount(labels, minlength=4)).tolist() == pytest.approx([1.5, 1.5, 1.5, 0.0])
