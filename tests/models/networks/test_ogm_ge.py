"""OGM-GE: its forward pass and coefficients from its equations, and what becomes of the gradients."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.ogm_ge import OGMGE, Modulate

LABELS = torch.tensor([0, 3, 4, 1])


def _model(sizes: InputSizes, *, alpha: float = 0.5, noise: float = 0.0) -> OGMGE:
    torch.manual_seed(0)
    return OGMGE(sizes, classes=5, width=6, alpha=alpha, noise=noise).train()


def _gradients(model: OGMGE, batch: Batch) -> dict[str, torch.Tensor]:
    model.zero_grad()
    torch.autograd.backward(torch.nn.functional.cross_entropy(model(batch), LABELS))
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


def _labelled(batch: Batch) -> Batch:
    return dataclasses.replace(batch, labels=LABELS)


def _h(vectors: list[Any], encoder: Any, absent: Any) -> Any:
    """h_m of (1) for one post, from its vectors of one side; the stand-in where it has none."""
    if not vectors:
        return absent.detach().numpy()
    x = np.mean([vector.numpy() for vector in vectors], axis=0)
    scaled = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    return np.maximum(scaled @ encoder.linear.weight.detach().numpy().T + encoder.linear.bias.detach().numpy(), 0)


@pytest.mark.parametrize("labelled", [True, False])
def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch, labelled: bool) -> None:
    model = _model(sizes, noise=1.0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    logits = model(_labelled(batch) if labelled else batch).detach().numpy()
    w, b = (parameter.detach().numpy() for parameter in model.classifier.parameters())
    for row in range(4):
        pairs = (batch.text_vector, batch.text_mask), (batch.hashtag_vector, batch.hashtag_mask)
        text = [vectors[row] for vectors, mask in pairs if mask[row]]
        h_t = _h(text, model.text, model.absent_text)
        h_v = _h(list(batch.image_vectors[row][batch.image_mask[row]]), model.image, model.absent_image)
        expected = w[:, :6] @ h_t + w[:, 6:] @ h_v + b
        np.testing.assert_allclose(logits[row], expected, rtol=1e-4, atol=1e-5)


def test_the_coefficients_are_those_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    w, b = model.classifier.weight, model.classifier.bias
    s = []
    for side, (encoder, columns) in enumerate(((model.text, slice(0, 6)), (model.image, slice(6, 12)))):
        total = 0.0
        for row in (0, 2):  # the posts that have both sides
            x = batch.image_vectors[row][batch.image_mask[row]].mean(dim=0)
            if side == 0:
                x = (batch.text_vector + batch.hashtag_vector)[row] / (2 if row == 0 else 1)
            h = torch.relu(encoder.linear(torch.nn.functional.layer_norm(x, (16,))))
            total += float(torch.softmax(w[:, columns] @ h + b / 2, dim=0)[LABELS[row]].detach())
        s.append(total)
    found = [float(k) for k in model.coefficients(_labelled(batch))]
    ahead = 0 if s[0] > s[1] else 1
    ratio = max(s[0] / s[1], s[1] / s[0])
    assert ratio > 1.001
    assert found[ahead] == pytest.approx(1 - math.tanh(0.5 * ratio), rel=1e-4)
    assert found[1 - ahead] == 1.0


def test_the_gradient_of_the_side_ahead_is_scaled_and_no_other(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    plain, modulated = _gradients(model, batch), _gradients(model, _labelled(batch))
    k = dict(zip(("text", "image"), model.coefficients(_labelled(batch)), strict=True))
    assert min(float(value) for value in k.values()) < 1
    for name, gradient in plain.items():
        side = name.split(".")[0]
        torch.testing.assert_close(modulated[name], gradient * k.get(side, torch.ones(())))


def test_answers_do_not_change(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, noise=1.0)
    assert torch.equal(model(_labelled(batch)), model(batch))


def test_when_it_is_judged_nothing_is_modulated(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes, noise=1.0).eval()
    plain, labelled = _gradients(model, batch), _gradients(model, _labelled(batch))
    assert all(torch.equal(labelled[name], gradient) for name, gradient in plain.items())


def test_posts_of_one_side_alone_do_not_count(sizes: InputSizes, batch: Batch) -> None:
    none = dataclasses.replace(_labelled(batch), image_mask=torch.zeros_like(batch.image_mask))
    assert [float(k) for k in _model(sizes).coefficients(none)] == [1.0, 1.0]


def test_the_noise_is_as_wide_as_the_gradient() -> None:
    torch.manual_seed(0)
    weight = torch.zeros(40_000, requires_grad=True)
    gradient = 3 + 2 * torch.randn(40_000)
    modulated = Modulate.apply(weight, torch.tensor(0.25), 1.0)  # type: ignore[no-untyped-call]
    torch.autograd.backward(modulated, gradient)
    assert weight.grad is not None
    noise = weight.grad - 0.25 * gradient
    assert float(noise.mean()) == pytest.approx(0, abs=0.05)
    assert float(noise.std()) == pytest.approx(float(gradient.std()), rel=0.03)
    assert abs(float(torch.corrcoef(torch.stack([noise, gradient]))[0, 1])) < 0.02


class TestOgmGeContract(ModelContract):
    """What every model must hold to."""

    model = "ogm-ge"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 8}
    variants = ({"alpha": 0.0, "noise": 0.0},)
