"""Co-attention: the whole from its layers, which have tests of their own, and its head in plain numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.batch import Batch, InputSizes
from postplace.models.co_attention import CoAttention

Array = NDArray[np.float64]


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().double().numpy().T + of.bias.detach().double().numpy())


def _by_head(text: Array, image: Array, poolers: Any, inner: Any, classifier: Any) -> Array:
    """Logits (C,) of one post's streams (n, d): tanh(W mean + b) of each, linear, LayerNorm, GELU, linear."""
    pooled = [_linear(x.mean(axis=0), of) for x, of in ((text, poolers.text), (image, poolers.image))]
    hidden = _linear(np.tanh(np.concatenate(pooled)), inner[0])
    gain, bias = (parameter.detach().double().numpy() for parameter in inner[1].parameters())
    hidden = (hidden - hidden.mean()) / np.sqrt(hidden.var() + 1e-5) * gain + bias
    gelu = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2)))
    return _linear(gelu, classifier)


def _drawn(model: nn.Module) -> Any:
    """Weights that let nothing cancel: a gain that is not 1, a bias that is not 0."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model.eval()


def _real(stream: torch.Tensor, mask: torch.Tensor) -> Array:
    """The real tokens of one post, as numbers."""
    return np.asarray(stream[mask].detach().double().numpy())


@pytest.mark.parametrize("tokens", [4, "states"])
def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch, tokens: int | str) -> None:
    model = _drawn(CoAttention(sizes, classes=3, tokens=tokens, width=8, layers=2, heads=2))
    text, image, text_mask, image_mask = model.sides(batch)
    text, image = text + model.modalities[0], image + model.modalities[1]
    layer: Any
    for layer in model.layers:
        before = text
        text = layer.text(text, image, mask=text_mask, other_mask=image_mask)
        image = layer.image(image, before, mask=image_mask, other_mask=text_mask)
    logits = model(batch).detach().numpy()
    for post in range(4):
        streams = _real(text[post], text_mask[post]), _real(image[post], image_mask[post])
        expected = _by_head(*streams, model.pooled, model.head, model.classifier)
        np.testing.assert_allclose(logits[post], expected, rtol=1e-4, atol=1e-4)


def test_the_streams_share_no_weights(sizes: InputSizes) -> None:
    layer: Any = CoAttention(sizes, classes=3, tokens=4, width=8, layers=1, heads=2).layers[0]
    own = [{id(parameter) for parameter in stream.parameters()} for stream in (layer.text, layer.image)]
    assert len(own[0]) == len(own[1])
    assert not own[0] & own[1]
