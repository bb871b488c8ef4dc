"""Attention beside numbers worked out by hand: MRLF (3)-(5), SG-MFT (8)-(11)."""

from __future__ import annotations

import math

import pytest
import torch

from postplace.errors import BadOption
from postplace.models.blocks.attention import MultiHeadAttention, attend


def test_one_head_by_hand() -> None:
    q = torch.tensor([[[2.0, 0.0]]])
    k = torch.tensor([[[1.0, 5.0], [0.0, 7.0]]])
    v = torch.tensor([[[1.0, 10.0], [3.0, 20.0]]])
    a = math.exp(2 / math.sqrt(2)) / (math.exp(2 / math.sqrt(2)) + 1)  # scores 2/sqrt(2) and 0
    expected = [a * 1 + (1 - a) * 3, a * 10 + (1 - a) * 20]
    assert attend(q, k, v, heads=1)[0, 0].tolist() == pytest.approx(expected)


def test_two_heads_do_not_mix() -> None:
    q = torch.tensor([[[1.0, 2.0]]])
    k = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    v = torch.tensor([[[1.0, 10.0], [3.0, 20.0]]])
    first = math.e / (math.e + 1)  # head 1: scores 1, 0; d_k = 1
    second = 1 / (1 + math.exp(2))  # head 2: scores 0, 2
    expected = [first * 1 + (1 - first) * 3, second * 10 + (1 - second) * 20]
    assert attend(q, k, v, heads=2)[0, 0].tolist() == pytest.approx(expected)


def test_projections_by_hand() -> None:
    attention = MultiHeadAttention(2, heads=1)
    weights = {
        "query": ([[1.0, 1.0], [0.0, 1.0]], [0.0, 1.0]),  # Linear keeps W transposed: row = output
        "key": ([[1.0, 0.0], [0.0, 2.0]], [0.0, 0.0]),
        "value": ([[0.0, 1.0], [1.0, 0.0]], [5.0, 0.0]),
        "output": ([[1.0, 1.0], [0.0, 3.0]], [0.0, 1.0]),
    }
    attention.load_state_dict(
        {
            f"{name}.{part}": torch.tensor(pair[i])
            for name, pair in weights.items()
            for i, part in enumerate(("weight", "bias"))
        }
    )
    queries, keys = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    # q = (1+2, 2+1) = (3, 3); k = (1, 0), (0, 2); scores 3, 6 over sqrt(2); v = (0+5, 1), (1+5, 0)
    a = math.exp(3 / math.sqrt(2)) / (math.exp(3 / math.sqrt(2)) + math.exp(6 / math.sqrt(2)))
    head = (a * 5 + (1 - a) * 6, a * 1)
    expected = [head[0] + head[1], 3 * head[1] + 1]
    assert attention(queries, keys)[0, 0].tolist() == pytest.approx(expected, rel=1e-5)


def test_masked_keys_get_no_weight() -> None:
    random = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, 4, generator=random) for _ in range(3))
    mask = torch.tensor([[True, True, False], [True, False, False]])
    k[~mask], v[~mask] = 1e6, 1e6
    out = attend(q, k, v, heads=2, key_mask=mask)
    torch.testing.assert_close(out[:1], attend(q[:1], k[:1, :2], v[:1, :2], heads=2))
    torch.testing.assert_close(out[1], v[1, :1].expand(3, 4))  # one key: its value, whatever is asked


def test_no_key_gives_zero_and_finite_gradients() -> None:
    q, k, v = (torch.randn(2, 3, 4, requires_grad=True) for _ in range(3))
    mask = torch.tensor([[True, True, True], [False, False, False]])
    out = attend(q, k, v, heads=2, key_mask=mask)
    assert out[1].tolist() == [[0.0] * 4] * 3
    torch.autograd.backward(out.sum())
    for tensor in (q, k, v):
        assert tensor.grad is not None
        assert bool(tensor.grad.isfinite().all())
        assert tensor.grad[1].abs().sum() == 0


@pytest.mark.parametrize("flat", [0, 1, 2])
def test_two_dimensional_input_is_refused(flat: int) -> None:
    tensors = [torch.zeros(2, 3, 4) for _ in range(3)]
    tensors[flat] = torch.zeros(2, 4)
    with pytest.raises(ValueError, match="batch, tokens, width"):
        attend(*tensors, heads=2)


@pytest.mark.parametrize("heads", [7, 0, -4])
def test_heads_must_divide_the_width(heads: int) -> None:
    with pytest.raises(BadOption, match="heads"):
        MultiHeadAttention(8, heads=heads)


def test_head_width_may_be_chosen() -> None:
    assert MultiHeadAttention(1, heads=3, head_width=2)(torch.ones(1, 4, 1), torch.ones(1, 5, 1)).shape == (1, 4, 1)
