"""The control of every fusion against its equations in plain numpy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import erf

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.pair_mlp import PairMLP


def _linear(x: Any, of: Any) -> Any:
    return x @ of.weight.detach().numpy().T + of.bias.detach().numpy()


def _scaled(x: Any) -> Any:
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    torch.manual_seed(0)
    model = PairMLP(sizes, classes=5, side=6, width=4).eval()
    logits = model(batch).detach().numpy()
    for row in range(4):
        pairs = (batch.text_vector, batch.text_mask), (batch.hashtag_vector, batch.hashtag_mask)
        text = [vectors[row].numpy() for vectors, mask in pairs if mask[row]]
        image = list(batch.image_vectors[row][batch.image_mask[row]].numpy())
        t = _brought(np.mean(text, axis=0), model.text) if text else model.absent_text.detach().numpy()
        v = _brought(np.mean(image, axis=0), model.image) if image else model.absent_image.detach().numpy()
        hidden = _linear(np.concatenate([t, v, t * v, np.abs(t - v)]), model.hidden[0])
        hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2  # GELU
        np.testing.assert_allclose(logits[row], _linear(hidden, model.classifier), atol=1e-5)


def _brought(x: Any, layers: Any) -> Any:
    return _linear(_scaled(x), layers[-1]) if len(layers) > 1 else _scaled(x)


@pytest.mark.parametrize(("image_width", "side"), [(16, 16), (24, 6)])
def test_vectors_of_one_width_are_compared_as_they_are(sizes: InputSizes, image_width: int, side: int) -> None:
    model = PairMLP(replace(sizes, text_width=16, image_width=image_width), classes=5, side=6)
    assert model.absent_text.shape == (side,)
    assert any(isinstance(layer, torch.nn.Linear) for layer in model.text) == (image_width != 16)


class TestPairMlpContract(ModelContract):
    """What every model must hold to."""

    model = "pair-mlp"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"side": 6, "width": 8}
