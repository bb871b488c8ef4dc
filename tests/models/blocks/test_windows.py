"""Windows at real tokens alone beside PyTorch's own layers on each post by itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from postplace.models.blocks.windows import convolved, put_back, window_maxima

MASK = torch.arange(9) < torch.tensor([9, 4, 0, 1])[:, None]


@pytest.mark.parametrize(("kernel", "before"), [(3, 1), (4, 2), (5, 2), (4, 0), (1, 0)])
def test_each_post_is_convolved_as_if_it_were_alone(kernel: int, before: int) -> None:
    torch.manual_seed(0)
    convolution, x = nn.Conv1d(2, 3, kernel), torch.randn(4, 9, 2).masked_fill(~MASK[..., None], torch.nan)
    c = convolved(convolution, x, MASK, before=before)
    for post, length in enumerate(MASK.sum(dim=1).tolist()):
        alone = functional.pad(x[post, :length].T, (before, kernel - 1 - before))
        expected = functional.relu(convolution(alone)).T if length else torch.zeros(0, 3)
        torch.testing.assert_close(c[post, :length], expected)
        assert not c[post, length:].any()


def test_gradients_are_those_of_the_padded_convolution() -> None:
    torch.manual_seed(0)
    convolution, x = nn.Conv1d(2, 3, 3, padding=1), torch.randn(4, 9, 2, requires_grad=True)
    kept = x.masked_fill(~MASK[..., None], 0.0)
    padded = functional.relu(convolution(kept.transpose(1, 2))).transpose(1, 2).masked_fill(~MASK[..., None], 0.0)
    leaves = (x, *convolution.parameters())
    expected = torch.autograd.grad(padded.square().sum(), leaves)
    found = torch.autograd.grad(convolved(convolution, x, MASK, before=1).square().sum(), leaves)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_where_nothing_is_real_all_is_zero_and_every_weight_has_a_gradient() -> None:
    convolution = nn.Conv1d(2, 3, 3)
    c = convolved(convolution, torch.randn(2, 5, 2), torch.zeros(2, 5, dtype=torch.bool), before=1)
    assert c.shape == (2, 5, 3)
    assert not c.any()
    for gradient in torch.autograd.grad(c.sum(), list(convolution.parameters())):
        assert not gradient.any()


def test_values_go_back_to_where_they_were() -> None:
    x = torch.randn(4, 9, 2)
    assert torch.equal(put_back(x[MASK], MASK), x.masked_fill(~MASK[..., None], 0.0))


@pytest.mark.parametrize(("window", "stride"), [(3, 2), (5, 4), (7, 6), (10, 1), (1, 1)])
@pytest.mark.parametrize("length", [1, 2, 6, 13])
def test_maxima_are_those_of_each_window(window: int, stride: int, length: int) -> None:
    torch.manual_seed(0)
    x = torch.rand(2, length, 3)
    expected = [x[:, start : start + window].amax(dim=1) for start in range(0, length, stride)]
    assert torch.equal(window_maxima(x, window=window, stride=stride), torch.stack(expected, dim=1))
