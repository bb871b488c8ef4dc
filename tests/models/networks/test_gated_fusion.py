"""Gated fusion against its equations in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.gated_fusion import GatedFusion


def _linear(x: Any, of: Any) -> Any:
    return x @ of.weight.detach().numpy().T + of.bias.detach().numpy()


def _scaled(x: Any) -> Any:
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    torch.manual_seed(0)
    model = GatedFusion(sizes, classes=5, width=4).eval()
    logits = model(batch).detach().numpy()
    for row in range(4):
        pairs = (batch.text_vector, batch.text_mask), (batch.hashtag_vector, batch.hashtag_mask)
        text = [vectors[row].numpy() for vectors, mask in pairs if mask[row]]
        image = list(batch.image_vectors[row][batch.image_mask[row]].numpy())
        t = _scaled(np.mean(text, axis=0)) if text else model.absent_text.detach().numpy()
        v = _scaled(np.mean(image, axis=0)) if image else model.absent_image.detach().numpy()
        z = 1 / (1 + np.exp(-_linear(np.concatenate([t, v]), model.gate)))
        h = z * np.tanh(_linear(t, model.text)) + (1 - z) * np.tanh(_linear(v, model.image))
        np.testing.assert_allclose(logits[row], _linear(h, model.classifier), atol=1e-5)


def test_an_open_gate_lets_the_text_alone_through(sizes: InputSizes, batch: Batch) -> None:
    model = GatedFusion(sizes, classes=5, width=4).eval()
    with torch.no_grad():
        model.gate.bias.fill_(1e4)
    before = model(batch)
    batch.image_vectors = batch.image_vectors + 3 * torch.randn(16)
    torch.testing.assert_close(model(batch), before)


class TestGatedContract(ModelContract):
    """What every model must hold to."""

    model = "gated"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 8}
