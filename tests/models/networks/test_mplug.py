"""mPLUG: which layer is connected, and the whole from its layers."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.fusion import AsymmetricLayer, ConnectedLayer
from postplace.models.contract import ModelContract
from postplace.models.networks.mplug import MPLUG


def _model(sizes: InputSizes, **settings: Any) -> MPLUG:
    torch.manual_seed(0)
    return MPLUG(sizes, classes=3, **{"tokens": 4, "width": 8, "heads": 2, **settings}).eval()


@pytest.mark.parametrize(
    ("layers", "every", "connected"),
    [(6, 3, [3]), (6, 2, [2, 4]), (6, 5, [5]), (3, 1, [1, 2]), (7, 3, [3, 6]), (6, 0, []), (1, 0, [])],
)
def test_which_layers_are_connected(sizes: InputSizes, layers: int, every: int, connected: list[int]) -> None:
    made = _model(sizes, layers=layers, connect_every=every).layers
    assert [i for i, layer in enumerate(made) if isinstance(layer, ConnectedLayer)] == connected
    assert all(isinstance(layer, AsymmetricLayer) for i, layer in enumerate(made) if i not in connected)


@pytest.mark.parametrize(("layers", "every"), [(6, 6), (6, 7), (1, 1)])
def test_a_connected_layer_that_never_runs_is_refused(sizes: InputSizes, layers: int, every: int) -> None:
    with pytest.raises(BadOption, match=f"connect_every: {every} with {layers} layers: no connected layer would ever"):
        _model(sizes, layers=layers, connect_every=every)


def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, tokens="states", layers=4, connect_every=3)
    text, image, text_mask, image_mask = model.sides(batch)
    first, second, third, connected = model.layers
    for layer in (first, second, third):  # the image passes them unchanged
        text = layer(text, image, mask=text_mask, other_mask=image_mask)
    text, image = connected(text, image, text_mask=text_mask, image_mask=image_mask)
    for post, (of_text, of_image) in enumerate(zip(text, image, strict=True)):
        pooled = torch.cat([of_text[text_mask[post]].mean(dim=0), of_image[image_mask[post]].mean(dim=0)])
        expected = model.classifier(model.hidden(pooled).clamp(min=0))
        torch.testing.assert_close(model(batch)[post], expected, atol=1e-5, rtol=1e-5)


def test_without_connected_layers_the_image_stays_as_it_is(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, connect_every=0, layers=2)
    seen: list[torch.Tensor] = []
    for layer in model.layers:
        layer.register_forward_hook(lambda _, given, __: seen.append(given[1]))
    model(batch)
    assert all(torch.equal(a, b) for a, b in itertools.pairwise([model.sides(batch).image, *seen]))


class TestMplugContract(ModelContract):
    """What every model must hold to."""

    model = "mplug"
    equations = "test_the_whole_step_by_step"
    small = {"tokens": 4, "heads": 2, "width": 8, "layers": 3, "connect_every": 1}
    learns = {"tokens": 8, "width": 64, "layers": 2, "dropout": 0.1, "learning_rate": 0.001, "connect_every": 1}
    variants = (
        {"tokens": "states"},
        {"connect_every": 0},
        {"connect_every": 2},
    )
