"""SG-MFT as a whole beside numbers worked out without it, and what follows from its shapes."""

from __future__ import annotations

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
from postplace.models.contract import ModelContract
from postplace.models.networks.sg_mft import SGMFT

Array = NDArray[np.float64]
Weights = dict[str, Array]


def _softmax(scores: Array) -> Array:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    out: Array = e / e.sum(axis=-1, keepdims=True)
    return out


def _standard(x: Array, axis: int = -1) -> Array:
    centred = x - x.mean(axis=axis, keepdims=True)
    out: Array = centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5)
    return out


def _weights(model: nn.Module) -> Weights:
    return {name: value.double().numpy() for name, value in model.state_dict().items()}


def _linear(x: Array, w: Weights, name: str) -> Array:
    out: Array = x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", np.zeros(1))
    return out


def _heads(q: Array, k: Array, v: Array, heads: int) -> Array:
    d_k = q.shape[1] // heads
    parts = [slice(a * d_k, (a + 1) * d_k) for a in range(heads)]
    return np.concatenate([_softmax(q[:, p] @ k[:, p].T / math.sqrt(d_k)) @ v[:, p] for p in parts], axis=1)


def _norm(x: Array, w: Weights, name: str, *, over: str) -> Array:
    if over == "width":
        return _standard(x) * w[f"{name}.norm.weight"] + w[f"{name}.norm.bias"]
    return _standard(x, axis=0) * w[f"{name}.norm.weight"][:, None] + w[f"{name}.norm.bias"][:, None]


def _interaction(text: Array, image: Array, w: Weights, *, s: dict[str, Any]) -> tuple[Array, Array]:
    """(1)-(16) of one post, for the gate "softmax"."""
    p_m = _softmax((text * image).sum(axis=1))[:, None]
    qkv = {
        side: [_linear(tokens, w, f"{side}_projections.{part}") for part in ("query", "key", "value")]
        for side, tokens in (("text", text), ("image", image))
    }
    x = {}
    for side, other, tokens in (("text", "image", text), ("image", "text", image)):
        (q, k, v), (q_other, k_other, v_other) = qkv[side], qkv[other]
        sa = _linear(_heads(q, k, v, 2), w, f"{side}_attention.self_output")
        crossed = (q_other, k, v) if s["cross_query"] == "other" else (q, k_other, v_other)
        ca = _linear(_heads(*crossed, 2), w, f"{side}_attention.cross_output")
        x[side] = _norm(ca * p_m + sa * (1 - p_m) + tokens, w, f"{side}_attention.norm", over=s["normalise_over"])
    guided, other = ("text", "image") if s["feed_forward"] == "text" else ("image", "text")
    p_e = _softmax(text @ image.T if guided == "text" else image @ text.T)
    inner = {side: _linear(x[side], w, f"{side}_feed_forward.w1") for side in x}
    inner[guided] = inner[guided] + _linear(p_e @ x[other], w, f"{guided}_feed_forward.w3")
    out = {side: _linear(np.maximum(inner[side], 0), w, f"{side}_feed_forward.w2") + x[side] for side in x}
    normed = {side: _norm(out[side], w, f"{side}_feed_forward.norm", over=s["normalise_over"]) for side in x}
    return normed["text"], normed["image"]


@pytest.mark.parametrize("normalise_over", ["width", "tokens"])
@pytest.mark.parametrize("feed_forward", ["text", "image"])
@pytest.mark.parametrize("cross_query", ["other", "own"])
def test_interaction_in_plain_arithmetic(normalise_over: Any, feed_forward: str, cross_query: str) -> None:
    torch.manual_seed(0)
    settings = {"normalise_over": normalise_over, "feed_forward": feed_forward, "cross_query": cross_query}
    module = InteractionModule(4, 3, gate="softmax", heads=2, head_width=5, dropout=0.5, **settings).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    text, image = torch.randn(1, 4, 3), torch.randn(1, 4, 3)
    sides = text[0].double().numpy(), image[0].double().numpy()
    expected = _interaction(*sides, _weights(module), s=settings)
    for actual, wanted in zip(module(text, image), expected, strict=True):
        np.testing.assert_allclose(actual[0].detach().numpy(), wanted, atol=1e-4)


def _sgmft(sizes: InputSizes, **settings: Any) -> SGMFT:
    torch.manual_seed(0)
    return SGMFT(sizes, classes=3, **{"tokens": 4, "heads": 2, "head_width": 3, **settings}).eval()


def test_sides_by_hand(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, feature_norm="none")
    text, image = model.sides(batch)
    torch.testing.assert_close(text[0], (batch.text_vector[0] + batch.hashtag_vector[0]) / 2)
    torch.testing.assert_close(text[1], batch.text_vector[1])
    torch.testing.assert_close(text[2], batch.hashtag_vector[2])
    torch.testing.assert_close(text[3], model.absent_text)
    torch.testing.assert_close(image[0], (batch.image_vectors[0, 0] + batch.image_vectors[0, 1]) / 2)
    torch.testing.assert_close(image[2], batch.image_vectors[2, 0])
    torch.testing.assert_close(image[1], model.absent_image)


def test_sides_are_brought_to_one_scale(sizes: InputSizes, batch: Batch) -> None:
    text, image = _sgmft(sizes).sides(batch)
    np.testing.assert_allclose(text[1].detach().numpy(), _standard(batch.text_vector[1].double().numpy()), atol=1e-5)
    loud = Batch(**{name: getattr(batch, name) for name in batch.__slots__})
    loud.image_vectors = batch.image_vectors * 1000
    torch.testing.assert_close(_sgmft(sizes).sides(loud)[1], image, atol=1e-3, rtol=0)


def test_the_whole_in_plain_arithmetic(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, gate="softmax", layers=2)
    w = _weights(model)
    settings = {"normalise_over": "width", "feed_forward": "text", "cross_query": "other"}
    mean_text = (batch.text_vector[0] + batch.hashtag_vector[0]).double().numpy() / 2
    text = _standard(mean_text).reshape(4, 4) + w["chunks"][0]
    image = _standard(batch.image_vectors[0].double().numpy().mean(axis=0)).reshape(4, 4) + w["chunks"][1]
    for layer in range(2):
        prefix = f"interaction.{layer}."
        own = {name.removeprefix(prefix): value for name, value in w.items() if name.startswith(prefix)}
        text, image = _interaction(text, image, own, s=settings)
    m = np.zeros((4, 4))
    for name, asking, answering in (("text_asks", text, image), ("image_asks", image, text)):  # (17)
        q = _linear(asking, w, f"fusion.{name}.query")
        k, v = (_linear(answering, w, f"fusion.{name}.{part}") for part in ("key", "value"))
        m = m + _linear(_heads(q, k, v, 2), w, f"fusion.{name}.output")
    expected = model.classifier(torch.from_numpy(m.flatten()).float()[None])[0]  # (18) has its own test
    torch.testing.assert_close(model(batch)[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tokens", [1, 4])
def test_a_single_token_makes_the_queries_void(sizes: InputSizes, batch: Batch, tokens: int) -> None:
    model = _sgmft(sizes, tokens=tokens)
    before = model(batch)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".query." in name or ".key." in name:
                parameter.normal_()
    assert torch.allclose(model(batch), before, atol=1e-6) is (tokens == 1)


def test_a_width_of_its_own_when_the_encoders_disagree(batch: Batch) -> None:
    sizes = InputSizes(characters=2, words=2, hashtags=2, text_width=16, image_width=12)
    batch.image_vectors = batch.image_vectors[..., :12]
    assert _sgmft(sizes, tokens=32).absent_text.shape == (1024,)
    model = _sgmft(sizes, features=24)
    assert model.absent_text.shape == (24,)
    assert model(batch).shape == (4, 3)


def test_equal_widths_need_no_map(sizes: InputSizes) -> None:
    assert not any("map" in name for name, _ in _sgmft(sizes).named_parameters())


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"tokens": "scalar"}, "normalise_over"),  # width 1, normalised over the width
        ({"tokens": 16}, "normalise_over"),
        ({"tokens": 1, "normalise_over": "tokens"}, "normalise_over"),
        ({"tokens": 5}, "tokens"),
        ({"tokens": "many"}, "tokens"),
        ({"gate": "sigmoidd"}, "gate"),
        ({"normalise_over": "both"}, "normalise_over"),
        ({"feature_norm": "batch"}, "feature_norm"),
        ({"cross_query": "both"}, "cross_query"),
        ({"feed_forward": "both"}, "feed_forward"),
    ],
)
def test_what_would_not_work_is_refused(sizes: InputSizes, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(BadOption, match=named):
        _sgmft(sizes, **settings)


def test_literal_reading_is_blind_to_the_order_of_features(sizes: InputSizes, batch: Batch) -> None:
    """Tokens of width 1 carry no place: permuting both sides permutes what the interaction gives."""
    settings: dict[str, Any] = {"tokens": "scalar", "normalise_over": "tokens", "gate": "softmax"}
    model = _sgmft(sizes, **settings)
    assert model.chunks is None
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    text, image = (side[..., None] for side in model.sides(batch))
    first = model.interaction[0](text, image)
    second = model.interaction[0](text[:, order], image[:, order])
    for a, b in zip(first, second, strict=True):
        assert isinstance(a, Tensor)
        torch.testing.assert_close(a[:, order], b, atol=1e-5, rtol=1e-5)


class TestSgMftContract(ModelContract):
    """What every model must hold to."""

    model = "sg-mft"
    equations = "test_the_whole_in_plain_arithmetic"
    small = {"tokens": 4, "heads": 2}
    learns = {"tokens": 8, "features": 128, "dropout": 0.1, "learning_rate": 0.001}
    variants = (
        {"gate": "softmax"},
        {"gate": "scaled"},
        {"gate": "global"},
        {"cross_query": "own"},
        {"feed_forward": "image"},
        {"feature_norm": "none"},
        {"normalise_over": "tokens"},
        {"features": 24},
        {"layers": 2},
        {"tokens": 1},
        {"tokens": "scalar", "normalise_over": "tokens"},
        {"layers": 0},
        {"layers": 0, "fusion": "none"},
        {"layers": 0, "fusion": "none", "text_input": "words"},
        {"text_input": "words"},
        {"fusion": "none"},
        {"fusion": "asymmetric"},
        {"fusion": "merge"},
        {"fusion": "co"},
        {"fusion": "none", "tokens": "scalar", "normalise_over": "tokens"},
        {"fusion": "asymmetric", "tokens": "scalar", "normalise_over": "tokens"},
        {"fusion": "merge", "tokens": "scalar", "normalise_over": "tokens"},
        {"fusion": "co", "tokens": "scalar", "normalise_over": "tokens"},
    )
