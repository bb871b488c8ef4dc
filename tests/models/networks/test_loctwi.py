"""LocTwi against its equations in plain numpy, on a tiny network."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.loctwi import KERNELS, CharacterBranch, Layer, LocTwi

Array = NDArray[Any]


def _model(sizes: InputSizes, **settings: Any) -> LocTwi:
    torch.manual_seed(1)
    small = {"width": 6, "heads": 2, "characters": 4, "filters": 4, "char_heads": 2, **settings}
    return LocTwi(sizes, classes=5, **small).eval()


def _norm(x: Array, of: torch.nn.LayerNorm) -> Array:
    scaled = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + of.eps)
    return np.asarray(scaled * of.weight.detach().numpy() + of.bias.detach().numpy())


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().numpy().T + of.bias.detach().numpy())


def _layer(x: Array, layer: Layer) -> Array:
    """(2), (3) of tokens (n, d)."""
    q, k, v = (_linear(x, of) for of in (layer.query, layer.key, layer.value))
    if layer.rectified:
        q, k, v = (np.maximum(y, 0) for y in (q, k, v))
    heads = []
    for own in np.split(np.arange(x.shape[1]), layer.heads):
        powers = np.exp(q[:, own] @ k[:, own].T / np.sqrt(len(own)))
        heads.append(powers / powers.sum(axis=1, keepdims=True) @ v[:, own])
    x = _norm(x + np.concatenate(heads, axis=1), layer.norm)
    hidden = np.maximum(_linear(x, layer.feed_forward[0]), 0)
    return _norm(x + _linear(hidden, layer.feed_forward[2]), layer.feed_forward_norm)


def _branch(e: Array, branch: CharacterBranch) -> Array:
    """(4), (5) of embedded characters (L, d), the last first: the sum over tokens."""
    w, b = (branch.convolution.get_parameter(name).detach().numpy() for name in ("weight", "bias"))
    kernel = w.shape[2]
    padded = np.concatenate([e, np.zeros((kernel - 1, e.shape[1]))])
    c = np.maximum(np.stack([np.einsum("ud,fdu->f", padded[i : i + kernel], w) + b for i in range(len(e))]), 0)
    m = np.stack([c[i : i + kernel].max(axis=0) for i in range(0, len(c), kernel - 1)])
    m = _norm(m, branch.norm)
    for layer in branch.layers:
        m = _layer(m, layer)  # type: ignore[arg-type]
    return np.asarray(m.sum(axis=0))


def _by_formula(model: LocTwi, sizes: InputSizes, batch: Batch, row: int) -> Array:
    """Logits of one post with text."""
    w = {name: value.detach().numpy() for name, value in model.named_parameters()}
    words = [i for i in batch.text_words[row].tolist() if i]
    words += [sizes.words + i for i in batch.hashtag_words[row].tolist() if i]
    x = w["words.weight"][words[::-1]] + w["word_positions"][: len(words)]
    for layer in model.word_layers:
        x = _layer(x, layer)  # type: ignore[arg-type]
    tags = [i for i in batch.hashtag_characters[row].tolist() if i]
    string = [i for i in batch.text_characters[row].tolist() if i] + ([sizes.characters, *tags] if tags else [])
    e = w["characters.weight"][string[::-1]] + w["character_positions"][: len(string)]
    z = np.concatenate([x.sum(axis=0), *(_branch(e, branch) for branch in model.branches)])  # type: ignore[arg-type]
    return np.asarray(w["classifier.weight"] @ z + w["classifier.bias"])


@pytest.mark.parametrize("settings", [{}, {"char_attention_layers": 0}, {"projections": "linear"}])
def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch, settings: dict[str, Any]) -> None:
    model = _model(sizes, **settings)
    logits = model(batch).detach().numpy()
    for row in range(3):
        np.testing.assert_allclose(logits[row], _by_formula(model, sizes, batch, row), atol=2e-5)


class Halved(torch.nn.Module):
    """Stands for a dropout of which it is known what it drops: the second half of a token's numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = torch.arange(x.shape[-1]) < x.shape[-1] // 2
        return 2 * x * kept


def test_dropout_comes_before_the_norm(sizes: InputSizes) -> None:
    branch: Any = _model(sizes, char_attention_layers=0).branches[0]
    branch.norm.weight.data, branch.norm.bias.data = torch.tensor([1.0, 2.0, -1.0, 3.0]), torch.arange(4.0)
    e, mask = torch.randn(1, 7, 4), torch.ones(1, 7, dtype=torch.bool)
    pooled: list[torch.Tensor] = []
    branch.dropout.register_forward_pre_hook(lambda _, given: pooled.append(given[0]))
    branch(e, mask)
    branch.dropout = Halved()
    found, _ = branch(e, mask)
    dropped = pooled[0][0].detach().numpy() * [2, 2, 0, 0]
    np.testing.assert_allclose(found[0].detach().numpy(), _norm(dropped, branch.norm), atol=1e-5)
    assert (pooled[0] >= 0).all()  # what comes of the ReLU and the maxima, not of a norm


def test_the_released_loop_has_no_attention_over_characters(sizes: InputSizes) -> None:
    none, two = _model(sizes, char_attention_layers=0), _model(sizes)
    assert [len(branch.layers) for branch in none.branches] == [0] * len(KERNELS)  # type: ignore[arg-type]
    assert [len(branch.layers) for branch in two.branches] == [2] * len(KERNELS)  # type: ignore[arg-type]


def test_positions_count_from_the_end(sizes: InputSizes, batch: Batch) -> None:
    """A word put before the others leaves their tokens as they were, before attention mixes them."""
    model = _model(sizes, layers=1)
    model.word_layers = torch.nn.ModuleList()
    longer = dataclasses.replace(batch, text_words=torch.nn.functional.pad(batch.text_words, (1, 0), value=7))
    gained = (model.word_vector(longer) - model.word_vector(batch))[1]
    length = int((batch.text_words[1] != 0).sum())
    torch.testing.assert_close(gained, model.words.weight[7] + model.word_positions[length])


def test_a_long_string_shares_the_last_position(sizes: InputSizes, batch: Batch) -> None:
    long = torch.full((4, 500), 3)
    assert bool(_model(sizes)(dataclasses.replace(batch, text_characters=long)).isfinite().all())


def test_the_loss_is_the_sum_of_both_heads(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    labels, weights = torch.tensor([0, 3, 4, 1]), torch.tensor([1.0, 2.0, 1.0, 1.0, 0.5])
    z = model.fused(batch)
    fine = torch.log_softmax(model.classifier(z), dim=1)[range(4), labels]
    assert model.coarse_classifier is not None
    groups = [sizes.coarse[label] for label in labels.tolist()]
    coarse = torch.log_softmax(model.coarse_classifier(z), dim=1)[range(4), groups]
    expected = -(weights[labels] * fine).sum() / weights[labels].sum() - coarse.mean()
    torch.testing.assert_close(model.loss(batch, labels, weights), expected)


def test_without_groups_there_is_one_head(sizes: InputSizes, batch: Batch) -> None:
    model = _model(dataclasses.replace(sizes, coarse=()))
    labels = torch.tensor([0, 3, 4, 1])
    expected = torch.nn.functional.cross_entropy(model(batch), labels)
    assert model.coarse_classifier is None
    torch.testing.assert_close(model.loss(batch, labels, None), expected)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"heads": 4}, "heads"), ({"char_heads": 3}, "char_heads"), ({"projections": "tanh"}, "projections")],
)
def test_settings_that_do_not_fit(sizes: InputSizes, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(BadOption, match=named):
        _model(sizes, **settings)


class TestLoctwiContract(ModelContract):
    """What every model must hold to."""

    model = "loctwi"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 8, "heads": 2, "characters": 6, "filters": 4}
    learns = {"width": 64, "characters": 32, "max_epochs": 10}
    variants = (
        {"char_attention_layers": 0},
        {"projections": "linear"},
        {"pooling": "mean"},
    )
