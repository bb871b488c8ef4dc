"""UniS-MMC against its equations in plain numpy, and its pairwise loss worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from postplace.features.batch import Batch, InputSizes
from postplace.models.contract import ModelContract
from postplace.models.networks.unis_mmc import UniSMMC, pair_loss

YES, NO = True, False
T = [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]
V = [[3.0, 0.0], [1.0, 0.0], [1.0, -1.0]]  # cosines with T: 1, 0, 0


def _loss(right_t: list[bool], right_v: list[bool]) -> tuple[float, torch.Tensor, torch.Tensor]:
    """The loss with tau 0.5, and the gradients of t and v."""
    t, v = (torch.tensor(rows, requires_grad=True) for rows in (T, V))
    loss = pair_loss(t, v, right=(torch.tensor(right_t), torch.tensor(right_v)), tau=0.5)
    torch.autograd.backward(loss)
    assert t.grad is not None
    assert v.grad is not None
    return float(loss.detach()), t.grad, v.grad


E = math.exp(2)  # e^(1 / 0.5)


@pytest.mark.parametrize(
    ("right_t", "right_v", "expected"),
    [
        ([YES, NO, NO], [YES, NO, NO], -math.log(E / (E + 2))),  # one positive, two negatives
        ([YES, YES, NO], [YES, NO, NO], -math.log((E + 1) / (E + 2))),  # a positive, a semi-positive
        ([NO, YES, NO], [NO, NO, NO], -math.log(1 / (E + 2))),  # the near pair is negative
        ([YES, YES, YES], [YES, YES, NO], 0.0),  # no negative: nothing to be told apart
        ([NO, NO, NO], [NO, NO, NO], 0.0),  # no side is right
    ],
)
def test_pairs_by_hand(right_t: list[bool], right_v: list[bool], expected: float) -> None:
    assert _loss(right_t, right_v)[0] == pytest.approx(expected, abs=1e-6)


def test_of_a_semi_positive_pair_the_right_side_is_held_still() -> None:
    _, t, v = _loss([NO, YES, NO], [NO, NO, YES])
    moved = [[bool(row.any()) for row in side] for side in (t, v)]
    assert moved == [[False, False, True], [False, True, False]]  # of parallel vectors, pair 0, the cosine is at rest


def test_of_other_pairs_both_sides_move() -> None:
    _, t, v = _loss([NO, YES, NO], [NO, YES, NO])
    assert [[bool(row.any()) for row in side[1:]] for side in (t, v)] == [[True, True], [True, True]]


def test_a_pair_moves_as_it_should() -> None:
    """A step against the gradient brings a positive pair together and drives a negative one apart."""
    t, v = torch.tensor([[1.0, 0.2], [1.0, 0.2]], requires_grad=True), torch.tensor([[0.2, 1.0], [0.2, 1.0]])
    right = torch.tensor([YES, NO])
    torch.autograd.backward(pair_loss(t, v, right=(right, right), tau=0.5))
    assert t.grad is not None
    after = torch.cosine_similarity((t - 0.1 * t.grad).detach(), v, dim=1)
    before = torch.cosine_similarity(t.detach(), v, dim=1)
    assert (after > before).tolist() == [True, False]


Array = NDArray[np.float64]


def _linear(x: Array, of: Any) -> Array:
    return np.asarray(x @ of.weight.detach().numpy().T + of.bias.detach().numpy())


def _side(vectors: list[Any], side: Any) -> Array:
    """(1) of one post: the mean of its vectors, on one scale; the stand-in where it has none."""
    if not vectors:
        return np.asarray(side.absent_vector.detach().numpy())
    x = np.mean([vector.numpy() for vector in vectors], axis=0)
    return np.tanh(_linear((x - x.mean()) / np.sqrt(x.var() + 1e-5), side.linear))


def _sides(model: UniSMMC, batch: Batch, row: int) -> tuple[Array, Array]:
    text = [batch.text_vector[row]] * bool(batch.text_mask[row])
    text += [batch.hashtag_vector[row]] * bool(batch.hashtag_mask[row])
    return _side(text, model.text), _side(list(batch.image_vectors[row][batch.image_mask[row]]), model.image)


def _head(x: Array, hidden: Any, last: Any) -> Array:
    """(2): linear, ReLU, (dropout,) linear, ReLU, linear."""
    first, second = hidden[0], hidden[3]
    return _linear(np.maximum(_linear(np.maximum(_linear(x, first), 0), second), 0), last)


def _logits(model: UniSMMC, batch: Batch) -> list[Array]:
    """Of the heads of the text, of the image and of both: (4, C) each."""
    pairs = [_sides(model, batch, row) for row in range(4)]
    heads: Any = model.text_head, model.image_head
    of_text = [_head(t, heads[0][0], heads[0][1]) for t, _ in pairs]
    of_image = [_head(v, heads[1][0], heads[1][1]) for _, v in pairs]
    of_both = [_head(np.concatenate(pair), model.fused, model.classifier) for pair in pairs]
    return [np.stack(rows) for rows in (of_text, of_image, of_both)]


def _model(sizes: InputSizes) -> UniSMMC:
    torch.manual_seed(0)
    model = UniSMMC(sizes, classes=5, width=6, hidden=7, tau=0.5)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return model.eval()


def _cross_entropy(logits: Array, labels: list[int], weights: Array) -> float:
    """The weighted mean of -log softmax(logits)[y]."""
    powers = np.exp(logits.astype(np.float64))
    own = -np.log(powers / powers.sum(axis=1, keepdims=True))[range(len(labels)), labels]
    return float((weights[labels] * own).sum() / weights[labels].sum())


def test_the_forward_pass_is_that_of_the_equations(sizes: InputSizes, batch: Batch) -> None:
    model = _model(sizes)
    np.testing.assert_allclose(model(batch).detach().numpy(), _logits(model, batch)[2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("right", ["text", "image", "both", "none"])
def test_the_loss_is_three_cross_entropies_and_a_tenth(sizes: InputSizes, batch: Batch, right: str) -> None:
    """Of four posts, 0 and 2 are pairs; of 0 the named sides are right, of 2 none is."""
    model = _model(sizes)
    of_text, of_image, of_both = _logits(model, batch)
    says = int(of_text[0].argmax()), int((of_text[0].argmax() + (right != "both")) % 5)
    last: Any = model.image_head[1]
    with torch.no_grad():  # so that it is known what the image's head says
        last.bias[says[1]] += 30.0
    of_image[:, says[1]] += 30.0
    neither = next(label for label in range(5) if label not in says)
    first = {"text": says[0], "image": says[1], "both": says[0], "none": neither}[right]
    wrong = next(label for label in range(5) if label not in (of_text[2].argmax(), of_image[2].argmax()))
    labels, weights = [first, 3, wrong, 1], np.array([1.0, 2.0, 1.0, 1.0, 0.5])
    expected = sum(_cross_entropy(logits, labels, weights) for logits in (of_text, of_image, of_both))
    if right != "none":
        cosines = []
        for t, v in (_sides(model, batch, row) for row in (0, 2)):
            cosines.append(t @ v / np.linalg.norm(t) / np.linalg.norm(v) / 0.5)
        contrast = -math.log(1 / (1 + math.exp(cosines[1] - cosines[0])))
        assert contrast > 0.01
        expected += 0.1 * contrast
    found = model.loss(batch, torch.tensor(labels), torch.tensor(weights, dtype=torch.float32))
    assert float(found.detach()) == pytest.approx(expected, rel=1e-4)


def test_the_weight_and_tau_are_the_published_ones(sizes: InputSizes) -> None:
    model = UniSMMC(sizes, classes=5)
    assert (model.weight, model.tau) == (0.1, 0.07)


class TestUnisMmcContract(ModelContract):
    """What every model must hold to."""

    model = "unis-mmc"
    equations = "test_the_forward_pass_is_that_of_the_equations"
    small = {"width": 8, "hidden": 8}
    variants = ({"weight": 0.0},)
