"""SG-MFT on token states: the whole beside plain arithmetic; what padding, absence and order may change."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.interaction import InteractionModule
from postplace.models.blocks.similarity import GATES, Gate
from postplace.models.contract import ModelContract
from postplace.models.networks.sg_mft_sequences import SequenceFusion, SequenceSGMFT

Array = NDArray[np.float64]
Weights = dict[str, Array]


def _softmax(scores: Array) -> Array:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    out: Array = e / e.sum(axis=-1, keepdims=True)
    return out


def _standard(x: Array) -> Array:
    out: Array = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return out


def _weights(model: nn.Module, prefix: str = "") -> Weights:
    state = model.state_dict().items()
    return {name.removeprefix(prefix): value.double().numpy() for name, value in state if name.startswith(prefix)}


def _linear(x: Array, w: Weights, name: str) -> Array:
    out: Array = x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", np.zeros(1))
    return out


def _heads(q: Array, k: Array, v: Array) -> Array:
    halves = np.array_split(np.arange(q.shape[1]), 2)
    scores = [q[:, p] @ k[:, p].T / math.sqrt(len(p)) for p in halves]
    return np.concatenate([_softmax(s) @ v[:, p] for s, p in zip(scores, halves, strict=True)], axis=1)


def _norm(x: Array, w: Weights, name: str) -> Array:
    return _standard(x) * w[f"{name}.norm.norm.weight"] + w[f"{name}.norm.norm.bias"]


def _gates(text: Array, image: Array, w: Weights) -> dict[str, Array]:
    """(1), (3) for the gate "sigmoid", of the real tokens alone."""
    s = {"text": text @ image.mean(axis=0), "image": image @ text.mean(axis=0)}
    scores = {side: w["gate.slope"][i] * _standard(s[side]) + w["gate.offset"][i] for i, side in enumerate(s)}
    return {side: 1 / (1 + np.exp(-score))[:, None] for side, score in scores.items()}


def _interaction(text: Array, image: Array, w: Weights, *, guided: str) -> tuple[Array, Array]:
    """(1)-(16) of one post without padding."""
    p_m = _gates(text, image, w)
    sides = {"text": text, "image": image}
    qkv = {
        side: [_linear(sides[side], w, f"{side}_projections.{part}") for part in ("query", "key", "value")]
        for side in sides
    }
    x = {}
    for side, other in (("text", "image"), ("image", "text")):
        (q, k, v), (_, k_other, v_other) = qkv[side], qkv[other]
        sa = _linear(_heads(q, k, v), w, f"{side}_attention.self_output")  # (8), (10)
        ca = _linear(_heads(q, k_other, v_other), w, f"{side}_attention.cross_output")  # (9), (11), own query
        x[side] = _norm(ca * p_m[side] + sa * (1 - p_m[side]) + sides[side], w, f"{side}_attention")  # (12), (13)
    other = "image" if guided == "text" else "text"
    normed = {side: _standard(tokens) for side, tokens in sides.items()}
    p_e = _softmax(normed[guided] @ normed[other].T / math.sqrt(text.shape[1]))  # (2), (4), (5)
    inner = {side: _linear(x[side], w, f"{side}_feed_forward.w1") for side in x}
    inner[guided] = inner[guided] + _linear(p_e @ x[other], w, f"{guided}_feed_forward.w3")  # (14), (15)
    out = {side: _linear(np.maximum(inner[side], 0), w, f"{side}_feed_forward.w2") + x[side] for side in x}
    return _norm(out["text"], w, "text_feed_forward"), _norm(out["image"], w, "image_feed_forward")  # (16)


def _fusion(text: Array, image: Array, w: Weights) -> Array:
    """(17), each attention pooled before the sum."""
    m = np.zeros(text.shape[1])
    for side, asking, answering in (("text", text, image), ("image", image, text)):
        q = _linear(asking, w, f"{side}_asks.query")
        k, v = (_linear(answering, w, f"{side}_asks.{part}") for part in ("key", "value"))
        ca = _linear(_heads(q, k, v), w, f"{side}_asks.output")
        m = m + _softmax(_linear(ca, w, f"{side}_pooling.score")[:, 0]) @ ca
    return m


def _drawn(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module.eval()


def _padded(real: Array, length: int, filler: float) -> tuple[Tensor, Tensor]:
    """One post's tokens (1, length, d), those beyond the real ones full of `filler`, and the mask."""
    tokens = np.full((length, real.shape[1]), filler)
    tokens[: len(real)] = real
    return torch.from_numpy(tokens).float()[None], (torch.arange(length) < len(real))[None]


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("guided", ["text", "image"])
def test_interaction_in_plain_arithmetic(guided: str, padding: int) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"normalise_over": "width", "cross_query": "own", "feed_forward": guided}
    module = _drawn(InteractionModule(None, 3, gate="sigmoid", heads=2, head_width=5, dropout=0.5, **options))
    rng = np.random.default_rng(0)
    text, image = rng.normal(size=(5, 3)), rng.normal(size=(2, 3))
    (text_tokens, text_mask), (image_tokens, image_mask) = (
        _padded(side, len(side) + padding, 7.0) for side in (text, image)
    )
    actual = module(text_tokens, image_tokens, text_mask, image_mask)
    for found, wanted in zip(actual, _interaction(text, image, _weights(module), guided=guided), strict=True):
        np.testing.assert_allclose(found[0, : len(wanted)].detach().numpy(), wanted, atol=1e-4)


@pytest.mark.parametrize("padding", [0, 2])
def test_fusion_in_plain_arithmetic(padding: int) -> None:
    torch.manual_seed(0)
    module = _drawn(SequenceFusion(3, heads=2, head_width=5))
    rng = np.random.default_rng(0)
    text, image = rng.normal(size=(5, 3)), rng.normal(size=(2, 3))
    (text_tokens, text_mask), (image_tokens, image_mask) = (
        _padded(side, len(side) + padding, 7.0) for side in (text, image)
    )
    actual = module(text_tokens, image_tokens, text_mask, image_mask)
    np.testing.assert_allclose(actual[0].detach().numpy(), _fusion(text, image, _weights(module)), atol=1e-4)


def _model(sizes: InputSizes, **settings: Any) -> SequenceSGMFT:
    torch.manual_seed(0)
    return SequenceSGMFT(sizes, classes=3, **{"features": 6, "heads": 2, "head_width": 5, **settings}).eval()


@pytest.mark.parametrize("post", [0, 1, 2, 3])
def test_the_whole_in_plain_arithmetic(sizes: InputSizes, batch: Batch, post: int) -> None:
    """Every post of the batch: all there, no picture, a padded text and patch, nothing at all."""
    model = _model(sizes, layers=2)
    with torch.no_grad():
        for parameter in (model.absent_text, model.absent_image):
            parameter.normal_()
    w = _weights(model)
    sides = []
    for side in ("text", "image"):
        mask = getattr(batch, f"{side}_states_mask")[post]
        states = getattr(batch, f"{side}_states")[post][mask].double().numpy()
        mapped = _linear(_standard(states), w, f"{side}_map.2")
        sides.append(mapped if len(states) else w[f"absent_{side}"][None])
    text, image = sides
    for layer in range(2):
        text, image = _interaction(text, image, _weights(model, f"interaction.{layer}."), guided="text")
    m_fuse = _fusion(text, image, _weights(model, "fusion."))
    expected = model.classifier(torch.from_numpy(m_fuse).float()[None])[0]  # (18) has its own test
    torch.testing.assert_close(model(batch)[post], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("gate", GATES)
def test_where_the_padding_stands_changes_nothing(sizes: InputSizes, batch: Batch, gate: Gate) -> None:
    """The order of tokens is in the states: permuting them, padding between, changes no logit."""
    model = _model(sizes, gate=gate)
    order = torch.tensor([3, 0, 4, 2, 1])
    names = ("text_states", "text_states_mask")
    mixed = dataclasses.replace(batch, **{name: getattr(batch, name)[:, order] for name in names})
    torch.testing.assert_close(model(mixed), model(batch), atol=1e-5, rtol=1e-5)


def test_a_stand_in_is_for_the_absent_side_alone(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    before = model(batch)
    with torch.no_grad():
        model.absent_image.normal_()
    changed = (model(batch) - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [False, True, False, True]
    with torch.no_grad():
        model.absent_text.normal_()
    assert ((model(batch) - before).abs().amax(dim=1) > 1e-6).tolist() == [False, True, False, True]


def test_vectors_are_not_read(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    blank = {name: torch.zeros_like(getattr(batch, name)) for name in ("text_vector", "image_vectors", "image_mask")}
    assert torch.equal(model(dataclasses.replace(batch, **blank)), model(batch))


def test_states_are_brought_to_one_scale(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    assert batch.image_states is not None
    loud = dataclasses.replace(batch, image_states=batch.image_states * 1000)
    torch.testing.assert_close(model(loud), model(batch), atol=1e-3, rtol=0)


def test_equal_widths_need_no_map(sizes: InputSizes) -> None:
    assert not any("image_map" in name for name, _ in _model(sizes, features=12).named_parameters())


@pytest.mark.parametrize("setting", ["gate", "feature_norm", "feed_forward"])
def test_a_name_that_is_none_is_refused(sizes: InputSizes, setting: str) -> None:
    with pytest.raises(BadOption, match=setting):
        _model(sizes, **{setting: "no such"})


class TestSgMftTokensContract(ModelContract):
    """What every model must hold to."""

    model = "sg-mft-tokens"
    equations = "test_the_whole_in_plain_arithmetic"
    small = {"features": 16, "heads": 2, "head_width": 4}
    learns = {"features": 64, "dropout": 0.1, "learning_rate": 0.001}
    variants = (
        {"fusion": "none"},
        {"fusion": "asymmetric"},
        {"fusion": "merge"},
        {"fusion": "co"},
        {"layers": 0, "fusion": "none"},
        {"gate": "softmax"},
        {"gate": "scaled"},
        {"gate": "global"},
        {"feed_forward": "image"},
        {"feature_norm": "none"},
        {"features": 12},
        {"features": None},
        {"layers": 2},
        {"tokens": 4},
    )
