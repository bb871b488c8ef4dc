"""The feature-level CNNs and their variant with user attributes against their equations in plain numpy."""

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
from postplace.models.networks.feature_cnns import FeatureCNNs, UserCNNs, WordsCNN
from postplace.models.registry import find_model, required_inputs

Array = NDArray[Any]
SMALL: dict[str, Any] = {"embedding": 3, "filters": 2, "image_features": 4}


def _randomised(model: torch.nn.Module) -> Any:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
        for table in model.modules():
            if isinstance(table, torch.nn.Embedding):
                table.weight[0] = 0
    return model.eval()


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().numpy().T + of.bias.detach().numpy())


def _convolved(e: Array, kernel: int, w: Array, b: Array) -> Array:
    """Windows that start kernel // 2 before each word: the greatest answer of each filter, at least 0."""
    padded = np.concatenate([np.zeros((kernel // 2, e.shape[1])), e, np.zeros((kernel, e.shape[1]))])
    answers = [np.einsum("ud,fdu->f", padded[i : i + kernel], w) + b for i in range(len(e))]
    return np.asarray(np.maximum(answers, 0).max(axis=0))


def _t(model: WordsCNN, batch: Batch, row: int) -> Array:
    """(1) of one post."""
    found = [np.zeros(6)]
    for ids, mask, table in (
        (batch.text_words, batch.text_mask, model.words),
        (batch.hashtag_words, batch.hashtag_mask, model.hashtags),
    ):
        real = [i for i in ids[row].tolist() if i and mask[row]]
        if real:
            e = table.weight.detach().numpy()[real]
            cnns: list[Any] = [cnn.convolution for cnn in model.cnns]
            weights = [(w.weight.detach().numpy(), w.bias.detach().numpy()) for w in cnns]
            found.append(np.concatenate([_convolved(e, k, *wb) for k, wb in zip((3, 4, 5), weights, strict=True)]))
    return model.absent_words.detach().numpy() if len(found) == 1 else np.max(found, axis=0)


def _v(model: Any, batch: Batch, row: int) -> Array:
    """(2) of one post."""
    pictures = batch.image_vectors[row][batch.image_mask[row]].numpy()
    return _linear(pictures.mean(axis=0), model.image) if len(pictures) else model.absent_image.detach().numpy()


def test_feature_level_fusion(sizes: InputSizes, batch: Batch) -> None:
    model: FeatureCNNs = _randomised(FeatureCNNs(sizes, classes=5, **SMALL))
    logits = model(batch).detach().numpy()
    for row in range(4):
        s = np.concatenate([_t(model.text, batch, row), _v(model, batch, row)])
        np.testing.assert_allclose(logits[row], _linear(s, model.classifier), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("past", [True, False])
def test_user_attributes_and_gates(sizes: InputSizes, batch: Batch, past: bool) -> None:
    model: UserCNNs = _randomised(UserCNNs(sizes, classes=5, past=past, **SMALL))
    logits = model(batch).detach().numpy()
    assert batch.past_vector is not None
    assert batch.past_mask is not None
    for row in range(4):
        parts = [_t(model.text, batch, row), _v(model, batch, row)]
        if model.past is not None:
            known = bool(batch.past_mask[row])
            a = batch.past_vector[row].numpy()
            parts.append(_linear(a, model.past) if known else model.absent_past.detach().numpy())
        s = np.concatenate(parts)
        gated = [part / (1 + np.exp(-_linear(s, gate))) for part, gate in zip(parts, model.gates, strict=True)]
        expected = _linear(np.concatenate(gated), model.classifier)
        np.testing.assert_allclose(logits[row], expected, rtol=1e-4, atol=1e-4)


def test_no_window_spans_text_and_hashtags(sizes: InputSizes, batch: Batch) -> None:
    """Padding between them, of which other posts decide, changes nothing."""
    model = _randomised(WordsCNN(sizes, embedding=3, filters=2))
    longer = dataclasses.replace(batch, text_words=torch.nn.functional.pad(batch.text_words, (0, 7)))
    torch.testing.assert_close(model(longer), model(batch))


def test_the_past_decides_where_a_user_has_one(sizes: InputSizes, batch: Batch) -> None:
    model = _randomised(UserCNNs(sizes, classes=5, **SMALL))
    assert batch.past_vector is not None
    moved = model(dataclasses.replace(batch, past_vector=batch.past_vector + 1)) - model(batch)
    assert (moved.abs().sum(dim=1) > 1e-4).tolist() == [True, False, True, False]


def test_without_pasts_the_setting_is_named(sizes: InputSizes, batch: Batch) -> None:
    with pytest.raises(BadOption, match="past"):
        UserCNNs(dataclasses.replace(sizes, past_width=0), classes=5)
    with pytest.raises(ValueError, match="had posted before"):
        UserCNNs(sizes, classes=5, **SMALL)(dataclasses.replace(batch, past_vector=None))


def test_the_past_is_asked_for_only_if_it_is_read() -> None:
    entry = find_model("user-cnns")
    assert required_inputs(entry, {}) == {"words", "image_vector", "past_vectors"}
    assert required_inputs(entry, {"past": False}) == {"words", "image_vector"}


class TestFeatureCnnsContract(ModelContract):
    """What every model must hold to."""

    model = "feature-cnns"
    equations = "test_feature_level_fusion"
    small = {"embedding": 6, "filters": 4, "image_features": 5}


class TestUserCnnsContract(ModelContract):
    """What every model must hold to."""

    model = "user-cnns"
    equations = "test_user_attributes_and_gates"
    small = {"embedding": 6, "filters": 4, "image_features": 5}
    variants = ({"past": False},)
