"""Co-attention: the whole from its layers, which have tests of their own, and its head in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.models.merged_head import by_head, drawn

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.co_attention import CoAttention

Array = NDArray[np.float64]


def _real(stream: torch.Tensor, mask: torch.Tensor) -> Array:
    """The real tokens of one post, as numbers."""
    return np.asarray(stream[mask].detach().double().numpy())


@pytest.mark.parametrize("tokens", [4, "states"])
def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch, tokens: int | str) -> None:
    model = drawn(CoAttention(sizes, classes=3, tokens=tokens, width=8, layers=2, heads=2))
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
        expected = by_head(*streams, model.pooled, model.head, model.classifier)
        np.testing.assert_allclose(logits[post], expected, rtol=1e-4, atol=1e-4)


def test_the_streams_share_no_weights(sizes: InputSizes) -> None:
    layer: Any = CoAttention(sizes, classes=3, tokens=4, width=8, layers=1, heads=2).layers[0]
    own = [{id(parameter) for parameter in stream.parameters()} for stream in (layer.text, layer.image)]
    assert len(own[0]) == len(own[1])
    assert not own[0] & own[1]


class TestCoAttentionContract(ModelContract):
    """What every model must hold to."""

    model = "co-attention"
    equations = "test_the_whole_step_by_step"
    small = {"tokens": 4, "heads": 2, "width": 8, "layers": 2}
    learns = {"tokens": 8, "width": 64, "layers": 1, "dropout": 0.1, "learning_rate": 0.001}
    variants = ({"tokens": "states"},)
