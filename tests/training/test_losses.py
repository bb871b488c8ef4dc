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


def test_a_batch_of_classes_without_weight_has_no_loss() -> None:
    """0 / 0 would be NaN, and so would every weight of the network after it."""
    logits = torch.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([1, 1]), class_weights=torch.tensor([1.0, 0.0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0.0
    assert gradient.tolist() == [[0.0, 0.0], [0.0, 0.0]]
