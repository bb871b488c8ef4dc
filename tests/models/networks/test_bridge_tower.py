"""BridgeTower: which layer's states meet which bridge, its head in plain numpy, and what a cut leaves of a position."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.models.merged_head import by_head, drawn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.bridge_tower import BridgeTower, BridgeTowerLite, by_layer

Array = NDArray[np.float64]


def _layers(batch: Batch, k: int) -> Batch:
    """Every state k times, each layer's plus its number; as many masks."""
    made = {}
    for side in ("text", "image"):
        states, mask = getattr(batch, f"{side}_states"), getattr(batch, f"{side}_states_mask")
        steps = torch.arange(k)[None, None, :, None] * torch.linspace(-1, 1, states.shape[2])
        made[f"{side}_states"] = (states[:, :, None] + steps).flatten(1, 2)
        made[f"{side}_states_mask"] = mask.repeat_interleave(k, dim=1)
    return dataclasses.replace(batch, **made)


def test_positions_come_apart_into_layers() -> None:
    states = torch.arange(6.0)[None, :, None]
    mask = torch.tensor([[True, True, True, True, False, False]])
    apart, real = by_layer(states, mask, layers=2)
    assert apart[0, :, 0].flatten().tolist() == [0.0, 2.0, 4.0]  # index = position * k + layer
    assert apart[0, :, 1].flatten().tolist() == [1.0, 3.0, 5.0]
    assert real.tolist() == [[True, True, False]]


def test_a_batch_without_any_state_is_cut_to_one_place() -> None:
    apart, real = by_layer(torch.zeros(2, 1, 3), torch.zeros(2, 1, dtype=torch.bool), layers=4)
    assert apart.shape == (2, 1, 4, 3)
    assert real.tolist() == [[False], [False]]


def _bridge(u: torch.Tensor, z: torch.Tensor | None, bridge: Any) -> torch.Tensor:
    """LayerNorm(u + z), of the first layer LayerNorm(u)."""
    x = u if z is None else u + z
    centred = x - x.mean(dim=-1, keepdim=True)
    scaled = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()
    normed: torch.Tensor = scaled * bridge.norm.weight + bridge.norm.bias
    return normed


def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch) -> None:
    """Of the first post, which has both sides: its states through maps, bridges, layers and the head."""
    sizes = dataclasses.replace(sizes, state_layers=3)
    model = drawn(BridgeTower(sizes, classes=3, width=8, layers=3, heads=2))
    given = _layers(batch, 3)
    assert given.text_states is not None
    assert given.image_states is not None
    streams: list[torch.Tensor | None] = [None, None]
    for layer, cross in enumerate(model.bridged.layers):
        u = model.text_map(given.text_states[:1, layer::3]), model.image_map(given.image_states[:1, layer::3])
        bridges = model.bridged.text_bridges[layer], model.bridged.image_bridges[layer]
        seen = [_bridge(u[n] + model.bridged.modalities[n], streams[n], bridges[n]) for n in (0, 1)]
        streams = list(cross(*seen))
    text, image = (stream[0].detach().double().numpy() for stream in streams if stream is not None)
    expected = by_head(text, image, model.head.pooled, model.head.inner, model.classifier)
    np.testing.assert_allclose(model(given)[0].detach().numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("side", ["text", "image"])
def test_every_layer_of_the_encoders_counts(sizes: InputSizes, batch: Batch, side: str, layer: int) -> None:
    torch.manual_seed(0)
    model = BridgeTower(dataclasses.replace(sizes, state_layers=3), classes=3, width=8, layers=3, heads=2).eval()
    given = _layers(batch, 3)
    before = model(given)
    states = getattr(given, f"{side}_states").clone()
    states[:, layer::3, 0] += 3.0
    after = model(dataclasses.replace(given, **{f"{side}_states": states}))
    changed = [True, True, True, False] if side == "text" else [True, False, True, False]
    assert ((after - before).abs().amax(dim=1) > 1e-5).tolist() == changed


def test_encoders_that_hand_out_fewer_layers_are_refused(sizes: InputSizes) -> None:
    with pytest.raises(BadOption, match="layers: 3, but the states given are of 1"):
        BridgeTower(sizes, classes=3, layers=3)
    with pytest.raises(BadOption, match="an encoder gives none"):
        BridgeTower(dataclasses.replace(sizes, text_states=0), classes=3, layers=1)


def test_the_lite_one_adds_the_same_at_every_bridge(sizes: InputSizes, batch: Batch) -> None:
    model = drawn(BridgeTowerLite(sizes, classes=3, tokens=4, width=8, layers=2, heads=2))
    sides = model.sides(batch)
    u = [side + type_ for side, type_ in zip(sides[:2], model.bridged.modalities, strict=True)]
    streams: list[torch.Tensor | None] = [None, None]
    for layer, cross in enumerate(model.bridged.layers):
        bridges = model.bridged.text_bridges[layer], model.bridged.image_bridges[layer]
        streams = list(cross(*(_bridge(u[n], streams[n], bridges[n]) for n in (0, 1))))
    logits = model(batch).detach().numpy()
    for post in range(4):
        text, image = (stream[post].detach().double().numpy() for stream in streams if stream is not None)
        expected = by_head(text, image, model.head.pooled, model.head.inner, model.classifier)
        np.testing.assert_allclose(logits[post], expected, rtol=1e-4, atol=1e-4)


class TestBridgeTowerContract(ModelContract):
    """What every model must hold to."""

    model = "bridge-tower"
    equations = "test_the_whole_step_by_step"
    small = {"width": 8, "heads": 2, "layers": 2}
    learns = {"learning_rate": 0.001, "max_epochs": 8}
    variants = ({"layers": 1},)


class TestBridgeTowerLiteContract(ModelContract):
    """What every model must hold to."""

    model = "bridge-tower-lite"
    equations = "test_the_lite_one_adds_the_same_at_every_bridge"
    small = {"tokens": 4, "heads": 2, "width": 8, "layers": 2}
    learns = {"tokens": 8, "width": 64, "layers": 1, "dropout": 0.1, "learning_rate": 0.001}
