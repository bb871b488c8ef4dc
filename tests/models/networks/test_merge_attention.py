"""Merge attention: the whole from its layers, which have tests of their own."""

from __future__ import annotations

import pytest
import torch

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.merge_attention import MergeAttention


@pytest.mark.parametrize("tokens", [4, "states"])
def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch, tokens: int | str) -> None:
    torch.manual_seed(0)
    model = MergeAttention(sizes, classes=3, tokens=tokens, width=8, layers=2, heads=2).eval()
    with torch.no_grad():
        model.modalities.normal_()
    text, image, text_mask, image_mask = model.sides(batch)
    text, image = text + model.modalities[0], image + model.modalities[1]
    for layer in model.layers:
        text, image = layer(text, image, text_mask=text_mask, image_mask=image_mask)
    pooled = []
    for name, stream, mask in (("text", text, text_mask), ("image", image, image_mask)):
        mean = torch.stack([own[real].mean(dim=0) for own, real in zip(stream, mask, strict=True)])
        pooled.append(getattr(model.pooled, name)(mean).tanh())
    linear, norm, *_ = model.head
    hidden = torch.nn.functional.gelu(norm(linear(torch.cat(pooled, dim=1))))
    torch.testing.assert_close(model(batch), model.classifier(hidden), atol=1e-5, rtol=1e-5)


def test_both_modalities_share_the_weights(sizes: InputSizes) -> None:
    layer = MergeAttention(sizes, classes=3, tokens=4, width=8, layers=1, heads=2).layers[0]
    assert sum(parameter.numel() for parameter in layer.parameters()) == 4 * 72 + 32 * 9 + 8 * 33 + 2 * 16


class TestMergeAttentionContract(ModelContract):
    """What every model must hold to."""

    model = "merge-attention"
    equations = "test_the_whole_step_by_step"
    small = {"tokens": 4, "heads": 2, "width": 8, "layers": 2}
    learns = {"tokens": 8, "width": 64, "layers": 1, "dropout": 0.1, "learning_rate": 0.001}
    variants = ({"tokens": "states"},)
