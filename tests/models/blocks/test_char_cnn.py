"""The character convolution beside numbers worked out by hand: MRLF (1), (2)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from postplace.errors import BadOption
from postplace.models.blocks.char_cnn import CharacterCNN


def _cnn(weight: Tensor, bias: Tensor) -> CharacterCNN:
    """Weight (f, d_e, K)."""
    cnn = CharacterCNN(weight.shape[1], filters=len(weight), kernel=weight.shape[2])
    cnn.load_state_dict({"convolution.weight": weight, "convolution.bias": bias})
    return cnn


def _passing(kernel: int) -> CharacterCNN:
    """One filter that hands its middle character through."""
    weight = torch.zeros(1, 1, kernel)
    weight[0, 0, kernel // 2] = 1.0
    return _cnn(weight, torch.zeros(1))


def _real(*lengths: int, longest: int) -> Tensor:
    return torch.arange(longest) < torch.tensor(lengths)[:, None]


def test_convolution_by_hand() -> None:
    w = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])  # u = -1, 0, 1
    deaf = torch.tensor([[0.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    cnn = _cnn(torch.stack([w.T, deaf.T]), torch.tensor([0.5, 0.25]))
    e = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    # filter 1: c_1 = 0.5 + 2*0 + (-1*0 + 1*1) = 1.5, c_2 = 0.5 + 1*1 + 2*1 = 3.5
    # filter 2: c_1 = 0.25 - 1 < 0 -> 0, c_2 = 0.25
    m, mask = cnn(e, torch.tensor([[True, True]]))
    assert m.tolist() == [[[3.5, 0.25]]]  # one window over both
    assert mask.tolist() == [[True]]
    alone, _ = cnn(e[:, :1], torch.tensor([[True]]))  # c_1 without a right neighbour: 0.5; 0
    assert alone.tolist() == [[[0.5, 0.0]]]


def test_relu_is_applied() -> None:
    m, _ = _passing(3)(torch.full((1, 5, 1), -2.0), torch.ones(1, 5, dtype=torch.bool))
    assert m.flatten().tolist() == [0.0, 0.0, 0.0]


def test_pooling_by_hand() -> None:
    values = torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0])[None, :, None]
    m, mask = _passing(3)(values, _real(5, longest=5))  # K = 3: windows of 3, every 2
    assert m.flatten().tolist() == [3.0, 5.0, 4.0]  # max(1, 3, 2), max(2, 5, 4), max(4)
    assert mask.tolist() == [[True, True, True]]


@pytest.mark.parametrize("length", range(1, 14))
def test_every_character_is_in_a_window(length: int) -> None:
    for position in range(length):
        values = torch.zeros(1, length, 1)
        values[0, position] = 7.0
        m, mask = _passing(5)(values, _real(length, longest=length))
        assert m.shape[1] == -(-length // 4)
        assert m[mask].max().item() == 7.0


def test_a_token_is_real_when_its_first_character_is() -> None:
    _, mask = _passing(5)(torch.ones(4, 9, 1), _real(0, 4, 5, 9, longest=9))  # windows begin at 0, 4, 8
    assert mask.tolist() == [[False] * 3, [True, False, False], [True, True, False], [True] * 3]


def test_padding_has_no_influence() -> None:
    torch.manual_seed(0)
    cnn = CharacterCNN(2, filters=3, kernel=5)
    with torch.no_grad():
        assert cnn.convolution.bias is not None
        cnn.convolution.bias.fill_(2.0)  # a positive bias would make padding win the maximum
    e = torch.randn(1, 7, 2)
    short, short_mask = cnn(e, _real(7, longest=7))
    padded = torch.cat([e, torch.full((1, 9, 2), torch.nan)], dim=1)
    long, long_mask = cnn(padded, _real(7, longest=16))
    assert int(long_mask.sum()) == int(short_mask.sum()) == 2
    torch.testing.assert_close(long[:, :2], short)


@pytest.mark.parametrize("kernel", [4, 1, 0, -3])
def test_kernel_must_be_odd(kernel: int) -> None:
    with pytest.raises(BadOption, match="kernel"):
        CharacterCNN(2, filters=3, kernel=kernel)


def test_from_ids_it_gives_what_the_convolution_of_the_embedded_gives() -> None:
    torch.manual_seed(0)
    cnn, table = CharacterCNN(4, filters=3, kernel=5), torch.nn.Embedding(7, 4, padding_idx=0)
    ids = torch.randint(1, 7, (2, 11))
    mask = _real(11, 6, longest=11)
    by_ids, by_ids_mask = cnn.of_ids(table, ids, mask)
    embedded, embedded_mask = cnn(table(ids), mask)
    assert torch.allclose(by_ids, embedded, atol=1e-6)
    assert torch.equal(by_ids_mask, embedded_mask)


def test_from_ids_both_get_the_gradients_of_the_convolution() -> None:
    torch.manual_seed(0)
    ids, mask = torch.randint(1, 7, (2, 11)), _real(11, 6, longest=11)
    gradients = []
    for way in ("ids", "embedded"):
        torch.manual_seed(1)
        cnn, table = CharacterCNN(4, filters=3, kernel=5), torch.nn.Embedding(7, 4, padding_idx=0)
        m, _ = cnn.of_ids(table, ids, mask) if way == "ids" else cnn(table(ids), mask)
        (m**2).sum().backward()
        gradients.append([p.grad for p in (*cnn.parameters(), *table.parameters())])
    for first, second in zip(*gradients, strict=True):
        assert first is not None
        assert second is not None
        assert torch.allclose(first, second, atol=1e-5)


def test_from_ids_a_poisoned_padding_row_changes_nothing() -> None:
    cnn, table = CharacterCNN(4, filters=3, kernel=5), torch.nn.Embedding(7, 4, padding_idx=0)
    ids = torch.tensor([[3, 4, 0, 0, 0, 0]])
    before, _ = cnn.of_ids(table, ids, ids != 0)
    with torch.no_grad():
        table.weight[0] = 1e6
    after, _ = cnn.of_ids(table, ids, ids != 0)
    assert torch.equal(before, after)
