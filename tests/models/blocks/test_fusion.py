"""The fusion layers beside plain numpy, from the formulas in their docstrings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.models.blocks.fusion import (
    AsymmetricLayer,
    BridgeLayer,
    CoAttentionLayer,
    ConnectedLayer,
    FusionLayer,
    MergeLayer,
)

Array = NDArray[np.float64]
WIDTH, HEADS = 4, 2
SIZES: dict[str, Any] = {"heads": HEADS, "dropout": 0.5}


def _norm(x: Array, part: nn.Module) -> Array:
    weight, bias = (p.detach().double().numpy() for p in part.parameters())
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * weight + bias)


def _linear(x: Array, part: nn.Module) -> Array:
    weight, bias = (p.detach().double().numpy() for p in part.parameters())
    return np.asarray(x @ weight.T + bias)


def _attention(x: Array, keys: Array, step: Any) -> Array:
    """LN(x + W^O concat_a softmax(Q_a K_a^T / sqrt(d_k)) V_a), one post: (N, D), (M, D)."""
    q, k, v = (
        _linear(y, part)
        for y, part in ((x, step.attention.query), (keys, step.attention.key), (keys, step.attention.value))
    )
    heads, d_k = [], WIDTH // HEADS
    for a in range(HEADS):
        own = slice(a * d_k, (a + 1) * d_k)
        scores = np.exp(q[:, own] @ k[:, own].T / math.sqrt(d_k))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ v[:, own])
    return _norm(x + _linear(np.concatenate(heads, axis=1), step.attention.output), step.norm)


def _feed_forward(x: Array, step: Any) -> Array:
    hidden = _linear(x, step.w1)
    gelu = hidden * 0.5 * (1 + np.vectorize(math.erf)(hidden / math.sqrt(2)))
    return _norm(x + _linear(gelu, step.w2), step.norm)


def _asymmetric(x: Array, other: Array, layer: Any) -> Array:
    x = _attention(x, x, layer.self_attention)
    return _feed_forward(_attention(x, other, layer.cross_attention), layer.feed_forward)


def _drawn(layer: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.7)
    return layer.eval()


def _sides(*lengths: int) -> list[Array]:
    random = np.random.default_rng(0)
    return [random.normal(size=(length, WIDTH)) for length in lengths]


def _padded(x: Array) -> tuple[Tensor, Tensor]:
    """One post with two more tokens that are none."""
    tokens = torch.cat([torch.from_numpy(x).float(), torch.full((2, WIDTH), 1e3)])[None]
    return tokens, (torch.arange(len(x) + 2) < len(x))[None]


def _close(found: Tensor, expected: Array) -> None:
    np.testing.assert_allclose(found[0, : len(expected)].detach().numpy(), expected, atol=1e-4)


def test_asymmetric_layer_in_plain_arithmetic() -> None:
    layer = _drawn(AsymmetricLayer(WIDTH, **SIZES))
    text, image = _sides(3, 5)
    (padded_text, text_mask), (padded_image, image_mask) = _padded(text), _padded(image)
    expected = _asymmetric(text, image, layer)
    _close(layer(padded_text, padded_image, mask=text_mask, other_mask=image_mask), expected)


def test_co_attention_updates_both_from_the_layer_before() -> None:
    layer = _drawn(CoAttentionLayer(WIDTH, **SIZES))
    text, image = _sides(3, 5)
    (padded_text, text_mask), (padded_image, image_mask) = _padded(text), _padded(image)
    found = layer(padded_text, padded_image, text_mask=text_mask, image_mask=image_mask)
    _close(found[0], _asymmetric(text, image, layer.text))
    _close(found[1], _asymmetric(image, text, layer.image))  # the text as it came, not the updated one


def test_merge_layer_is_one_sequence() -> None:
    layer: Any = _drawn(MergeLayer(WIDTH, **SIZES))
    text, image = _sides(3, 5)
    (padded_text, text_mask), (padded_image, image_mask) = _padded(text), _padded(image)
    both = np.concatenate([text, image])
    both = _feed_forward(_attention(both, both, layer.self_attention), layer.feed_forward)
    found = layer(padded_text, padded_image, text_mask=text_mask, image_mask=image_mask)
    _close(found[0], both[:3])
    _close(found[1], both[3:])


@pytest.mark.parametrize("masked", ["text", "image"])
def test_one_mask_is_enough(masked: str) -> None:
    layer = _drawn(MergeLayer(WIDTH, **SIZES))
    text, image = (torch.from_numpy(side).float()[None] for side in _sides(3, 5))
    every = {side: torch.ones(1, n, dtype=torch.bool) for side, n in (("text", 3), ("image", 5))}
    expected = layer(text, image)
    found = layer(text, image, **{f"{masked}_mask": every[masked]})
    torch.testing.assert_close(found, expected)


def test_connected_layer_adds_to_the_image_and_replaces_the_text() -> None:
    layer: Any = _drawn(ConnectedLayer(WIDTH, **SIZES))
    text, image = _sides(3, 5)
    both = np.concatenate([image, text])  # as in the paper: [image; text]
    merged = layer.merged
    both = _feed_forward(_attention(both, both, merged.self_attention), merged.feed_forward)
    found = layer(*(torch.from_numpy(side).float()[None] for side in (text, image)))
    _close(found[0], both[5:])
    _close(found[1], image + both[:5])


def test_the_bridge_is_a_norm_of_a_sum() -> None:
    layer: Any = BridgeLayer(2)
    u, z = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[2.0, -3.0]]])
    torch.testing.assert_close(layer(u, z), torch.tensor([[[1.0, -1.0]]]), atol=1e-4, rtol=0)  # of [3, -1]
    torch.testing.assert_close(layer(u, None), torch.tensor([[[-1.0, 1.0]]]), atol=1e-4, rtol=0)


def test_dropout_is_before_the_residual() -> None:
    layer: Any = AsymmetricLayer(WIDTH, heads=HEADS, dropout=0.999).train()
    torch.manual_seed(0)
    x = torch.randn(1, 3, WIDTH)
    expected = nn.functional.layer_norm(x, (WIDTH,))
    torch.testing.assert_close(layer.self_attention(x, x), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("kind", "streams"), [("none", 2), ("asymmetric", 1), ("merge", 2), ("co", 2)])
def test_a_fusion_by_name(kind: str, streams: int) -> None:
    layer: Any = _drawn(FusionLayer(kind, WIDTH, **SIZES))
    text, image = (torch.from_numpy(side).float()[None] for side in _sides(3, 5))
    found = layer(text, image)
    assert layer.streams == len(found) == streams
    assert [stream.shape[1] for stream in found] == [3, 5][:streams]
    if kind == "none":
        assert found[0] is text
        assert found[1] is image
    elif kind == "asymmetric":
        torch.testing.assert_close(found[0], layer.layer(text, image))
    else:
        torch.testing.assert_close(found, layer.layer(text, image))


def test_a_fusion_that_is_none_is_refused() -> None:
    with pytest.raises(BadOption, match="did you mean 'merge'"):
        FusionLayer("merged", WIDTH, **SIZES)
