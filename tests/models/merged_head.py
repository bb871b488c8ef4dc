"""The head of two streams (co-attention, BridgeTower) in plain numpy, and weights to hold a model to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().double().numpy().T + of.bias.detach().double().numpy())


def by_head(text: Array, image: Array, poolers: Any, inner: Any, classifier: Any) -> Array:
    """Logits (C,) of one post's streams (n, d): tanh(W mean + b) of each, linear, LayerNorm, GELU, linear."""
    pooled = [_linear(x.mean(axis=0), of) for x, of in ((text, poolers.text), (image, poolers.image))]
    hidden = _linear(np.tanh(np.concatenate(pooled)), inner[0])
    gain, bias = (parameter.detach().double().numpy() for parameter in inner[1].parameters())
    hidden = (hidden - hidden.mean()) / np.sqrt(hidden.var() + 1e-5) * gain + bias
    gelu = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2)))
    return _linear(gelu, classifier)


def drawn(model: nn.Module) -> Any:
    """Weights that let nothing cancel: a gain that is not 1, a bias that is not 0."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model.eval()
