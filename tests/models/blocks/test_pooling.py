"""Means and stand-ins, NaN where nothing is real."""

from __future__ import annotations

import math

import pytest
import torch

from postplace.models.blocks.pooling import AttentionPooling, fill_absent, masked_mean


def test_mean_by_hand() -> None:
    values = torch.tensor([[[1.0, 4.0], [3.0, 8.0]], [[5.0, 6.0], [7.0, 9.0]]])
    mask = torch.tensor([[True, True], [False, True]])
    assert masked_mean(values, mask).tolist() == [[2.0, 6.0], [7.0, 9.0]]


def test_mean_of_nothing_is_zero_with_finite_gradients() -> None:
    values = torch.full((1, 2, 3), torch.nan, requires_grad=True)
    mean = masked_mean(values, torch.zeros(1, 2, dtype=torch.bool))
    assert mean.tolist() == [[0.0, 0.0, 0.0]]
    torch.autograd.backward(mean.sum())
    assert values.grad is not None
    assert values.grad.abs().sum() == 0


def test_stand_in_takes_the_gradient_of_the_absent() -> None:
    values, stand_in = torch.ones(3, 2, requires_grad=True), torch.zeros(2, requires_grad=True)
    out = fill_absent(values, torch.tensor([True, False, False]), stand_in)
    assert out.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    torch.autograd.backward(out.sum())
    assert values.grad is not None
    assert stand_in.grad is not None
    assert values.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert stand_in.grad.tolist() == [2.0, 2.0]


def test_pooling_by_attention_by_hand() -> None:
    pooling = AttentionPooling(2)
    with torch.no_grad():
        pooling.score.weight.copy_(torch.tensor([[1.0, -1.0]]))
    values = torch.tensor([[[1.0, 0.0], [2.0, 3.0], [torch.nan, 9.0]]], requires_grad=True)
    out = pooling(values, torch.tensor([[True, True, False]]))
    first = 1 / (1 + math.exp(-2))  # scores 1 and -1
    assert out.flatten().tolist() == pytest.approx([first + 2 * (1 - first), 3 * (1 - first)])
    torch.autograd.backward(out.sum())
    assert values.grad is not None
    assert values.grad[0, 2].tolist() == [0.0, 0.0]
