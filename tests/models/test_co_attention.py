"""Co-attention: the whole from its layers, which have tests of their own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from postplace.batch import Batch, InputSizes
from postplace.models.co_attention import CoAttention


@pytest.mark.parametrize("tokens", [4, "states"])
def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch, tokens: int | str) -> None:
    torch.manual_seed(0)
    model = CoAttention(sizes, classes=3, tokens=tokens, width=8, layers=2, heads=2).eval()
    with torch.no_grad():
        model.modalities.normal_()
    text, image, text_mask, image_mask = model.sides(batch)
    text, image = text + model.modalities[0], image + model.modalities[1]
    layer: Any
    for layer in model.layers:
        before = text
        text = layer.text(text, image, mask=text_mask, other_mask=image_mask)
        image = layer.image(image, before, mask=image_mask, other_mask=text_mask)
    expected = model.classifier(model.head(model.pooled(text, image, text_mask, image_mask)))
    torch.testing.assert_close(model(batch), expected, atol=1e-5, rtol=1e-5)


def test_the_streams_share_no_weights(sizes: InputSizes) -> None:
    layer: Any = CoAttention(sizes, classes=3, tokens=4, width=8, layers=1, heads=2).layers[0]
    own = [{id(parameter) for parameter in stream.parameters()} for stream in (layer.text, layer.image)]
    assert len(own[0]) == len(own[1])
    assert not own[0] & own[1]
