"""MRLF beside numbers worked out without it; (1), (2) are in blocks/test_char_cnn.py too, (13) with the losses."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.mrlf import MRLF, Fusion, SelfAttentionBlock, by_length

Array = NDArray[np.float64]
Weights = dict[str, Array]


def _weights(model: torch.nn.Module, prefix: str = "") -> Weights:
    state = model.state_dict()
    return {k.removeprefix(prefix): v.double().numpy() for k, v in state.items() if k.startswith(prefix)}


def _linear(x: Array, w: Weights, name: str) -> Array:
    out: Array = x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
    return out


def _softmax(scores: Array) -> Array:
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    out: Array = e / e.sum(axis=-1, keepdims=True)
    return out


def _norm(x: Array, w: Weights, name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    out: Array = scaled * w[f"{name}.weight"] + w[f"{name}.bias"]
    return out


def _attention(asking: Array, answering: Array, w: Weights, name: str, *, heads: int) -> Array:
    """(3)-(5), (6)-(8) of one post, head by head: (n, f), (n', f) -> (n, f)."""
    q = _linear(asking, w, f"{name}.query")
    k, v = (_linear(answering, w, f"{name}.{part}") for part in ("key", "value"))
    d_k = q.shape[1] // heads
    parts = [slice(a * d_k, (a + 1) * d_k) for a in range(heads)]
    outputs = [_softmax(q[:, p] @ k[:, p].T / math.sqrt(d_k)) @ v[:, p] for p in parts]
    return _linear(np.concatenate(outputs, axis=1), w, f"{name}.output")


def _block(m: Array, w: Weights, name: str, *, heads: int) -> Array:
    h = _norm(m + _attention(m, m, w, f"{name}.attention", heads=heads), w, f"{name}.norm")
    inner = np.maximum(_linear(h, w, f"{name}.feed_forward.0"), 0)
    return _norm(h + _linear(inner, w, f"{name}.feed_forward.2"), w, f"{name}.feed_forward_norm")


def _convolved(e: Array, w: Weights, name: str) -> Array:
    """(1): embedded (L, d_e) -> c (L, f)."""
    weight, bias = w[f"{name}.convolution.weight"], w[f"{name}.convolution.bias"]
    delta = weight.shape[2] // 2
    c = np.zeros((len(e), len(bias)))
    for i in range(len(e)):
        for u in range(-delta, delta + 1):
            if 0 <= i + u < len(e):
                c[i] += weight[:, :, u + delta] @ e[i + u]
    out: Array = np.maximum(c + bias, 0)
    return out


def _pooled(c: Array, kernel: int) -> Array:
    """(2): windows of K, every K - 1."""
    return np.stack([c[start : start + kernel].max(axis=0) for start in range(0, len(c), kernel - 1)])


def _expected(model: MRLF, batch: Batch, fusion: str) -> Array:
    """(1)-(10) for post 0, which has everything."""
    w = _weights(model)

    def side(name: str, characters: torch.Tensor, words: torch.Tensor) -> tuple[Array, Array, Array]:
        c = _convolved(w["characters.weight"][characters[0][characters[0] != 0]], w, f"{name}.character_cnn")
        m = _pooled(c, 5)
        h_w = _convolved(w[f"{name}.words.weight"][words[0][words[0] != 0]], w, f"{name}.word_cnn").max(axis=0)
        return m, _block(m, w, f"{name}.self_attention", heads=2), h_w

    m_t, end_t, h_w_t = side("text", batch.text_characters, batch.text_words)
    m_g, end_g, h_w_g = side("hashtags", batch.hashtag_characters, batch.hashtag_words)
    pictures = batch.image_vectors[0].double().numpy()
    z = [end_t.mean(axis=0), end_g.mean(axis=0), h_w_t, h_w_g, _linear(pictures, w, "image").mean(axis=0)]
    both = np.concatenate([m_t, m_g])
    i = _linear(pictures, w, "image_tokens") if "image_tokens.weight" in w else pictures
    pairs = {
        "cross": [(m_t, m_g, "fuse")],
        "cross_both": [(m_t, m_g, "fuse"), (m_g, m_t, "fuse_back")],
        "joint": [(both, both, "fuse")],
        "late": [(end_t, end_g, "fuse")],
        "none": [],
        "text_image": [(m_t, i, "fuse")],
        "tag_image": [(m_g, i, "fuse")],
        "all": [(m_t, np.concatenate([m_g, i]) if fusion == "all" else m_g, "fuse")],
    }[fusion]
    if pairs:
        h_f: Array = sum((_attention(a, b, w, name, heads=2).mean(axis=0) for a, b, name in pairs), np.zeros(8))
        z.append(h_f)
    return _linear(np.concatenate(z), w, "classifier")


def _model(sizes: InputSizes, fusion: Fusion = "cross") -> MRLF:
    torch.manual_seed(0)
    return MRLF(sizes, classes=3, fusion=fusion, embedding=8, filters=8, heads=2, image_features=6).eval()


def test_self_attention_by_hand() -> None:
    block = SelfAttentionBlock(2, heads=2, dropout=0.0).eval()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        block.attention.query.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
        block.attention.key.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        block.attention.value.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
        block.attention.output.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    m = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    h = block.attention(m, m)[0]
    # head 1: q = 1, 0; k = 1, 0; v = 0, 1; token 1: weights e, 1 -> 1 / (e + 1); token 2: 1/2
    # head 2: q = 0, 2; k = 0, 1; v = 1, 0; token 1: 1/2; token 2: weights 1, e^2 -> 1 / (1 + e^2)
    first, second = (1 / (math.e + 1), 0.5), (0.5, 1 / (1 + math.exp(2)))
    assert h.flatten().tolist() == pytest.approx(
        [first[0], first[0] + second[0], first[1], first[1] + second[1]], rel=1e-5
    )


def test_the_block_adds_normalises_and_feeds_forward() -> None:
    torch.manual_seed(0)
    block = SelfAttentionBlock(4, heads=2, dropout=0.5).eval()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.normal_()
    m = torch.randn(1, 3, 4)
    wrapped = torch.nn.ModuleDict({"block": block})
    expected = _block(m[0].double().numpy(), _weights(wrapped), "block", heads=2)
    actual = block(m, torch.ones(1, 3, dtype=torch.bool))[0].detach().numpy()
    np.testing.assert_allclose(actual, expected, atol=1e-5)


@pytest.mark.parametrize("fusion", Fusion.__args__)  # type: ignore[attr-defined]
def test_the_whole_in_plain_arithmetic(fusion: Fusion, sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, fusion)
    np.testing.assert_allclose(model(batch)[0].detach().numpy(), _expected(model, batch, fusion), atol=1e-5)


def test_classification_by_hand(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, "none")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for absent, value in ((model.text.absent_characters, 1.0), (model.hashtags.absent_characters, 2.0)):
            absent.fill_(value)
        for absent, value in ((model.text.absent_words, 3.0), (model.hashtags.absent_words, 4.0)):
            absent.fill_(value)
        model.absent_image.fill_(5.0)
        model.classifier.weight[1] = 1.0
        model.classifier.bias.copy_(torch.tensor([0.5, 0.0, -0.5]))
    # (9) z = [1 x 8, 2 x 8, 3 x 8, 4 x 8, 5 x 6]; (10) o = W z + b
    logits = model(batch)[3]
    assert logits.tolist() == [0.5, 8 * (1 + 2 + 3 + 4) + 6 * 5, -0.5]
    # (11) softmax, (12) argmax: what callers make of the logits
    assert int(logits.argmax()) == 1


@pytest.mark.parametrize("fusion", ["cross", "late", "text_image", "tag_image", "all"])
def test_fusion_has_a_stand_in_where_either_side_is_absent(fusion: Fusion, sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, fusion)
    before = model(batch)
    with torch.no_grad():
        model.absent_fusion.add_(1.0)
    fused = {"cross": [0], "late": [0], "text_image": [0], "tag_image": [0, 2], "all": [0]}[fusion]
    unmoved = [post for post in range(4) if torch.equal(model(batch)[post], before[post])]
    assert unmoved == fused


def test_pictures_are_averaged(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    mean = batch.image_vectors.clone()
    mean[0] = batch.image_vectors[0].mean(dim=0)
    torch.testing.assert_close(model(dataclasses.replace(batch, image_vectors=mean)), model(batch))
    swapped = dataclasses.replace(batch, image_vectors=batch.image_vectors[:1].flip(1).expand(4, -1, -1))
    torch.testing.assert_close(model(swapped)[0], model(batch)[0])


def test_text_and_hashtags_share_the_characters_alone(sizes: InputSizes) -> None:
    model = _model(sizes)
    tables = {
        name: tuple(table.weight.shape)
        for name, table in model.named_modules()
        if isinstance(table, torch.nn.Embedding)
    }
    assert tables == {"characters": (20, 8), "text.words": (15, 8), "hashtags.words": (12, 8)}


@pytest.mark.parametrize("fusion", ["crosss", 5, None])
def test_an_unknown_fusion_is_refused(sizes: InputSizes, fusion: Fusion) -> None:
    with pytest.raises(BadOption, match="fusion"):
        MRLF(sizes, classes=3, fusion=fusion)


def test_posts_of_like_length_go_together_and_each_gets_its_own_answer(sizes: InputSizes) -> None:
    lengths = torch.tensor([9, 1, 0, 12, 5, 7, 3])[:, None]
    ids = torch.randint(1, 20, (7, 12), generator=torch.Generator().manual_seed(0)) * (torch.arange(12) < lengths)
    none = torch.zeros(7, 1, dtype=torch.int64)
    present = lengths[:, 0] > 0
    batch = Batch(
        ids, none, torch.zeros(7, 16), present, none, none, torch.zeros(7, 16), present, torch.zeros(7, 1, 16),
        torch.zeros(7, 1, dtype=torch.bool),
    )  # fmt: skip
    model = _model(sizes)
    seen: list[tuple[int, ...]] = []

    def features(part: Batch) -> torch.Tensor:
        seen.append(tuple(part.text_characters.shape))
        return model.features(part)

    found = by_length(batch, features, rows=3)
    assert seen == [(3, 3), (3, 9), (1, 12)]  # no wider than the longest of each part
    torch.testing.assert_close(found, model.features(batch))


class TestMrlfContract(ModelContract):
    """What every model must hold to."""

    model = "mrlf"
    equations = "test_the_whole_in_plain_arithmetic"
    small = {"embedding": 8, "filters": 8, "heads": 2, "image_features": 6}
    learns = {"embedding": 32, "filters": 32, "heads": 4, "learning_rate": 0.001, "max_epochs": 10}
    variants = (
        {"fusion": "cross_both"},
        {"fusion": "joint"},
        {"fusion": "late"},
        {"fusion": "none"},
        {"fusion": "text_image"},
        {"fusion": "tag_image"},
        {"fusion": "all"},
        {"kernel": 3, "word_kernel": 2},
    )
