"""transTagger against its equations in plain numpy, on a tiny network."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.attention import attend
from postplace.models.contract import ModelContract
from postplace.models.networks.transtagger import EncoderLayer, TransTagger, attend_few

Array = NDArray[Any]


def _model(sizes: InputSizes, **settings: Any) -> TransTagger:
    torch.manual_seed(1)
    model = TransTagger(sizes, classes=5, **{"width": 4, "layers": 2, "heads": 2, "feed_forward": 6, **settings})
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.startswith("absent"):
                parameter.normal_()
    return model.eval()


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().numpy().T + of.bias.detach().numpy())


def _norm(x: Array, of: torch.nn.LayerNorm) -> Array:
    scaled = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + of.eps)
    return np.asarray(scaled * of.weight.detach().numpy() + of.bias.detach().numpy())


def _layer(s: Array, layer: EncoderLayer) -> Array:
    q, k, v = (_linear(s, of) for of in (layer.query, layer.key, layer.value))
    heads = []
    for own in np.split(np.arange(s.shape[1]), layer.heads):
        powers = np.exp(q[:, own] @ k[:, own].T / np.sqrt(len(own)))
        heads.append(powers / powers.sum(axis=1, keepdims=True) @ v[:, own])
    s = _norm(s + _linear(np.concatenate(heads, axis=1), layer.output), layer.norm)
    hidden = np.maximum(_linear(s, layer.feed_forward[0]), 0)
    return _norm(s + _linear(hidden, layer.feed_forward[2]), layer.feed_forward_norm)


def _positions(width: int) -> Array:
    """sin(p / 10000^(2i/d)), cos of the same, for p = 0, 1, 2."""
    return np.array(
        [[f(p / 10_000 ** (2 * i / width)) for i in range(width // 2) for f in (np.sin, np.cos)] for p in range(3)]
    )


def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    logits = model(batch).detach().numpy()
    for row in range(4):
        tags = batch.hashtag_vector[row].numpy()
        image = batch.image_vectors[row][batch.image_mask[row]].numpy()
        given = (
            (batch.text_vector[row].numpy() if batch.text_mask[row] else None, model.text, model.absent_text),
            (tags if batch.hashtag_mask[row] else None, model.hashtags, model.absent_hashtags),
            (image.mean(axis=0) if len(image) else None, model.image, model.absent_image),
        )
        fields = [absent.detach().numpy() if x is None else _linear(x, of) for x, of, absent in given]
        s = np.concatenate([np.stack(fields), _positions(4)], axis=1)
        for layer in model.layers:
            s = _layer(s, layer)  # type: ignore[arg-type]
        np.testing.assert_allclose(logits[row], _linear(s.reshape(-1), model.classifier), atol=1e-5)


def test_the_coarse_level_weighs_a_tenth(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    labels = torch.tensor([0, 3, 4, 1])
    z = model.fused(batch)
    assert model.coarse_classifier is not None
    fine = torch.log_softmax(model.classifier(z), dim=1)[range(4), labels]
    groups = [sizes.coarse[label] for label in labels.tolist()]
    coarse = torch.log_softmax(model.coarse_classifier(z), dim=1)[range(4), groups]
    torch.testing.assert_close(model.loss(batch, labels, None), -fine.mean() - 0.1 * coarse.mean())
    torch.testing.assert_close(model(batch), model.classifier(z))


def test_without_groups_there_is_one_level(sizes: InputSizes, batch: Batch) -> None:
    model = _model(dataclasses.replace(sizes, coarse=()))
    labels = torch.tensor([0, 3, 4, 1])
    assert model.coarse_classifier is None
    torch.testing.assert_close(model.loss(batch, labels, None), torch.nn.functional.cross_entropy(model(batch), labels))


@pytest.mark.parametrize(("settings", "named"), [({"heads": 3}, "heads"), ({"width": 5}, "width")])
def test_settings_that_do_not_fit(sizes: InputSizes, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(BadOption, match=named):
        _model(sizes, **settings)


def test_attention_with_the_heads_side_by_side_is_attention() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(5, 3, 8) for _ in range(3))
    torch.testing.assert_close(attend_few(q, k, v, heads=4), attend(q, k, v, heads=4))


class TestTranstaggerContract(ModelContract):
    """What every model must hold to."""

    model = "transtagger"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 4, "heads": 2, "feed_forward": 8, "layers": 1}
    learns = {"width": 64, "feed_forward": 128, "layers": 1, "learning_rate": 0.001, "max_epochs": 10}
