"""BalanceMLA, the reconstruction, against its equations in plain numpy; its weights worked out by hand."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.balance_mla import BalanceMLA, fused

P = [[[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]], [[0.5, 0.25, 0.25], [0.05, 0.05, 0.9]]]  # (B, M, C)


def _model(sizes: InputSizes, classes: int = 5) -> BalanceMLA:
    torch.manual_seed(0)
    return BalanceMLA(sizes, classes=classes, width=6).eval()


def _by_formula(p: Any, kappa: float, beta: tuple[float, ...]) -> Any:
    p = np.array(p)
    entropy = -(p * np.log(p)).sum(axis=1)
    a = np.exp(kappa * (1 - entropy / math.log(p.shape[1])) + np.array(beta))
    return (a / a.sum()) @ p


def _linear(x: Any, of: Any) -> Any:
    return x @ of.weight.detach().numpy().T + of.bias.detach().numpy()


def _probabilities(model: BalanceMLA, batch: Batch, row: int) -> list[Any]:
    """(1) of one post: p (C,) of the text and of the image, and which of them are there."""
    pairs = (batch.text_vector, batch.text_mask), (batch.hashtag_vector, batch.hashtag_mask)
    text = [vectors[row].numpy() for vectors, mask in pairs if mask[row]]
    image = list(batch.image_vectors[row][batch.image_mask[row]].numpy())
    found = []
    sides: Any = (text, model.text, model.absent_text, model.classifier.text)
    for own, encoder, absent, head in (sides, (image, model.image, model.absent_image, model.classifier.image)):
        h = absent.detach().numpy()
        if own:
            x = np.mean(own, axis=0)
            h = np.maximum(_linear((x - x.mean()) / np.sqrt(x.var() + 1e-5), encoder[1]), 0)
        powers = np.exp(_linear(h, head))
        found.append((powers / powers.sum(), bool(own)))
    return found


def _drawn(sizes: InputSizes) -> BalanceMLA:
    model = _model(sizes)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return model


@pytest.mark.parametrize(("kappa", "beta"), [(1.0, (0.0, 0.0)), (4.0, (-1.5, 0.0))])
def test_the_forward_pass_is_that_of_the_equations(
    sizes: InputSizes, batch: Batch, kappa: float, beta: tuple[float, float]
) -> None:
    model = _drawn(sizes)
    model.kappa.fill_(kappa)
    model.beta.copy_(torch.tensor(beta))
    p = model(batch).exp().detach().numpy()
    for row, sides in enumerate(_probabilities(model, batch, row) for row in range(4)):
        there = [number for number, (_, has) in enumerate(sides) if has] or [0, 1]
        expected = _by_formula([sides[n][0] for n in there], kappa, tuple(beta[n] for n in there))
        np.testing.assert_allclose(p[row], expected, rtol=1e-4, atol=1e-6)


def test_the_loss_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    model = _drawn(sizes)
    model.confidence.copy_(torch.tensor([0.6, 0.4]))
    labels, weights = [0, 3, 4, 1], np.array([1.0, 2.0, 1.0, 1.0, 0.5])
    sides = [_probabilities(model, batch, row) for row in range(4)]
    own = [np.array([-math.log(sides[row][m][0][y]) for row, y in enumerate(labels)]) for m in (0, 1)]
    ce = [(weights[labels] * losses).sum() / weights[labels].sum() for losses in own]
    powers = np.exp(-(np.array([0.6, 0.4]) - 0.5) / 0.2)
    expected = (2 * powers / powers.sum()) @ np.array(ce)
    found = model.loss(batch, torch.tensor(labels), torch.tensor(weights, dtype=torch.float32))
    assert float(found.detach()) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("kappa", "beta"), [(0.0, (0.0, 0.0)), (4.0, (0.5, 0.0)), (1.0, (-2.0, 0.0))])
def test_decisions_are_weighted_by_their_certainty(kappa: float, beta: tuple[float, float]) -> None:
    present = torch.ones(2, 2, dtype=torch.bool)
    found = fused(torch.tensor(P).log(), present, kappa=torch.tensor(kappa), beta=torch.tensor(beta)).exp()
    for row in range(2):
        np.testing.assert_allclose(found[row], _by_formula(P[row], kappa, beta), rtol=1e-5)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))


def test_an_absent_side_has_no_say_unless_both_are() -> None:
    present = torch.tensor([[True, False], [False, False]])
    found = fused(torch.tensor(P).log(), present, kappa=torch.tensor(0.0), beta=torch.zeros(2)).exp()
    torch.testing.assert_close(found, torch.tensor([P[0][0], np.mean(P[1], axis=0).tolist()]))


def test_the_side_that_lags_behind_weighs_more(sizes: InputSizes) -> None:
    model = _model(sizes)
    assert model.weights().tolist() == [1.0, 1.0]
    model.confidence.copy_(torch.tensor([0.6, 0.4]))
    high, low = math.exp(0.1 / 0.2), math.exp(-0.1 / 0.2)
    np.testing.assert_allclose(model.weights(), [2 * low / (high + low), 2 * high / (high + low)], rtol=1e-6)


def test_confidence_runs_over_posts_that_have_the_side(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    labels = torch.tensor([0, 3, 4, 1])
    logits, present = model.sides(batch)
    assert present.tolist() == [[True, True], [True, False], [True, True], [False, False]]
    losses = [torch.nn.functional.cross_entropy(logits[:, side], labels) for side in (0, 1)]
    torch.testing.assert_close(model.loss(batch, labels, None), losses[0] + losses[1])
    assert torch.equal(model.confidence, torch.full((2,), 0.2))  # not while it is judged
    model.train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    model.loss(batch, labels, None)
    p = torch.softmax(logits, dim=2)[range(4), :, labels].detach()
    expected = torch.stack([0.9 * 0.2 + 0.1 * p[:3, 0].mean(), 0.9 * 0.2 + 0.1 * p[[0, 2], 1].mean()])
    torch.testing.assert_close(model.confidence, expected)


def test_a_side_that_no_post_has_keeps_its_confidence(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes).train()
    none = dataclasses.replace(batch, image_mask=torch.zeros_like(batch.image_mask))
    model.loss(none, torch.tensor([0, 3, 4, 1]), None)
    assert model.confidence[1] == pytest.approx(0.2)
    assert model.confidence[0] != pytest.approx(0.2, abs=1e-6)


def test_decisions_are_settled_on_the_validation_part(sizes: InputSizes, batch: Batch) -> None:
    """The picture's head always names the right class, the text's a wrong one: the picture is to be believed."""
    model = _model(sizes, classes=3)
    both = dataclasses.replace(
        batch,
        text_mask=torch.ones(4, dtype=torch.bool),
        image_mask=torch.ones(4, 2, dtype=torch.bool),
        labels=torch.full((4,), 2),
    )
    with torch.no_grad():
        for head, named in ((model.classifier.text, 0), (model.classifier.image, 2)):
            head.weight.zero_()
            head.bias.copy_(3 * torch.eye(3)[named])
    before = torch.nn.functional.cross_entropy(model(both), both.labels)  # type: ignore[arg-type]
    with torch.inference_mode():
        model.fit_on_validation([both])
    after = torch.nn.functional.cross_entropy(model(both), both.labels)  # type: ignore[arg-type]
    assert model.beta.tolist() == [-4.0, 0.0]
    assert after < before
    again = _model(sizes, classes=3)
    again.load_state_dict(safetensors.torch.load(safetensors.torch.save(model.state_dict())))
    assert torch.equal(again(both), model(both))


class TestBalanceMlaContract(ModelContract):
    """What every model must hold to."""

    model = "balance-mla"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 8}
