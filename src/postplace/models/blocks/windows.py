"""Convolution and maximum over windows of neighbouring tokens, at real tokens alone and with the width last in memory.

Few posts are nearly as long as the longest of a batch: a convolution of the padded batch would mostly be of padding.
Letters: B posts, L tokens, R real ones of a batch, d width, f filters, n windows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolved(convolution: nn.Conv1d, x: Tensor, mask: Tensor, *, before: int) -> Tensor:
    """ReLU(w x + b) at every real token of (B, L, d), whose mask is (B, L) -> (B, L, f), 0 where no token is real.

    The window of a token begins so many tokens `before` it. What stands where the mask is False counts as 0.
    """
    kernel = convolution.kernel_size[0]
    x = functional.pad(x.masked_fill(~mask[..., None], 0.0), (0, 0, before, kernel - 1 - before))
    posts, places = mask.nonzero(as_tuple=True)
    seen = (posts * x.shape[1] + places)[:, None] + torch.arange(kernel, device=x.device)
    windows = x.flatten(0, 1).index_select(0, seen.flatten()).view(len(posts), kernel * x.shape[2])
    weight = convolution.weight.transpose(1, 2).flatten(1)
    return put_back(functional.relu(functional.linear(windows, weight, convolution.bias)), mask)


def put_back(values: Tensor, mask: Tensor) -> Tensor:
    """Values (R, f) of the real tokens -> (B, L, f), 0 elsewhere.

    >>> put_back(torch.tensor([[5.0], [6.0]]), torch.tensor([[True, False], [True, False]])).tolist()
    [[[5.0], [0.0]], [[6.0], [0.0]]]
    """
    return values.new_zeros((*mask.shape, values.shape[1])).index_put((mask,), values)


def window_maxima(x: Tensor, *, window: int, stride: int) -> Tensor:
    """The maximum of each window of tokens (B, L, f), none of them below 0 -> (B, n, f), n = ceil(L / stride).

    The last windows reach beyond the end, where all is 0.

    >>> window_maxima(torch.tensor([[[1.0], [3.0], [2.0], [5.0], [4.0]]]), window=3, stride=2).flatten().tolist()
    [3.0, 5.0, 4.0]
    """
    length = x.shape[1]
    windows = -(-length // stride)
    x = functional.pad(x, (0, 0, 0, (windows - 1) * stride + window - length))
    # As an image of height 1 with its channels last in memory: of one with the channels first, a CPU takes each
    # maximum number by number
    return functional.max_pool2d(x.transpose(1, 2)[:, :, None], (1, window), (1, stride))[:, :, 0].transpose(1, 2)
