"""UniS-MMC: its heads, and its pairwise loss worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from postplace.batch import Batch, InputSizes
from postplace.models.unis_mmc import UniSMMC, pair_loss

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


def test_the_loss_is_three_cross_entropies_and_a_tenth(sizes: InputSizes, batch: Batch) -> None:
    torch.manual_seed(0)
    model = UniSMMC(sizes, classes=5, width=6, hidden=7).eval()
    labels, weights = torch.tensor([0, 3, 4, 1]), torch.tensor([1.0, 2.0, 1.0, 1.0, 0.5])
    t, v, pair = model.sides(batch)
    assert pair.tolist() == [True, False, True, False]
    of_text, of_image = model.text_head(t), model.image_head(v)
    expected = torch.zeros(())
    for logits in (of_text, of_image, model(batch)):
        own = -torch.log_softmax(logits, dim=1)[range(4), labels]
        expected = expected + (weights[labels] * own).sum() / weights[labels].sum()
    labels[0] = of_text[0].argmax()  # so that of one pair a side is right
    right = of_text[pair].argmax(1) == labels[pair], of_image[pair].argmax(1) == labels[pair]
    contrast = pair_loss(t[pair], v[pair], right=right, tau=0.07)
    assert float(contrast.detach()) > 0
    with_it, without = model.loss(batch, labels, None), _without(model).loss(batch, labels, None)
    torch.testing.assert_close(with_it - without, 0.1 * contrast)
    labels[0] = 0
    torch.testing.assert_close(_without(model).loss(batch, labels, weights), expected)


def _without(model: UniSMMC) -> UniSMMC:
    model.weight = 0.0
    return model
