"""BridgeTower: which layer's states meet which bridge, and what a batch's cut leaves of a position."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from postplace.batch import Batch, InputSizes
from postplace.errors import BadOption
from postplace.models.bridge_tower import BridgeTower, BridgeTowerLite, by_layer


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


def _norm(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.layer_norm(x, x.shape[-1:])


def test_the_whole_step_by_step(sizes: InputSizes, batch: Batch) -> None:
    torch.manual_seed(0)
    sizes = dataclasses.replace(sizes, state_layers=3)
    model = BridgeTower(sizes, classes=3, width=8, layers=3, heads=2).eval()
    given = _layers(batch, 3)
    logits = model(given)
    assert given.text_states is not None
    assert given.image_states is not None
    types = model.bridged.modalities
    z_text: torch.Tensor | None = None
    z_image: torch.Tensor | None = None
    for layer, cross in enumerate(model.bridged.layers):
        u_text = model.text_map(given.text_states[:1, layer::3]) + types[0]
        u_image = model.image_map(given.image_states[:1, layer::3]) + types[1]
        seen = [_norm(u if z is None else u + z) for u, z in ((u_text, z_text), (u_image, z_image))]
        z_text, z_image = cross(*seen)
    assert z_text is not None
    assert z_image is not None
    pooled = [getattr(model.head.pooled, name)(z.mean(dim=1)) for name, z in (("text", z_text), ("image", z_image))]
    expected = model.classifier(model.head.inner(torch.cat(pooled, dim=1).tanh()))
    torch.testing.assert_close(logits[:1], expected, atol=1e-5, rtol=1e-5)


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
    torch.manual_seed(0)
    model = BridgeTowerLite(sizes, classes=3, tokens=4, width=8, layers=2, heads=2).eval()
    u = model.sides(batch)
    text, image = u.text + model.bridged.modalities[0], u.image + model.bridged.modalities[1]
    first, second = model.bridged.layers
    z_text, z_image = first(_norm(text), _norm(image))
    z_text, z_image = second(_norm(text + z_text), _norm(image + z_image))
    expected = model.classifier(model.head.inner(model.head.pooled(z_text, z_image, u.text_mask, u.image_mask)))
    torch.testing.assert_close(model(batch), expected, atol=1e-5, rtol=1e-5)
