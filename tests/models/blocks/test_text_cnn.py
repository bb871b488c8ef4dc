"""The word convolution beside numbers worked out by hand: MRLF, III-A2."""

from __future__ import annotations

import pytest
import torch

from postplace.models.blocks.text_cnn import TextCNN


def _cnn(weight: list[float], bias: float) -> TextCNN:
    cnn = TextCNN(1, filters=1, kernel=len(weight))
    cnn.load_state_dict({"convolution.weight": torch.tensor([[weight]]), "convolution.bias": torch.tensor([bias])})
    return cnn


def _words(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)[None, :, None]


def test_maximum_over_the_sequence_by_hand() -> None:
    cnn = _cnn([1.0, 2.0, -1.0], 0.5)
    # 0.5 + 2*1 - 3 = -0.5 -> 0; 0.5 + 1 + 6 - 2 = 5.5; 0.5 + 3 + 4 = 7.5
    assert cnn(_words(1, 3, 2), torch.ones(1, 3, dtype=torch.bool)).tolist() == [[7.5]]
    assert cnn(_words(1, 3), torch.ones(1, 2, dtype=torch.bool)).tolist() == [[7.5]]  # second: 0.5 + 1 + 6


def test_even_kernel_by_hand() -> None:
    # K = 2 sees the word before and the word itself: 0 + 1, 1 + 3; what stands behind the last word does not count
    assert _cnn([1.0, 1.0], 0.0)(_words(1, 3), torch.ones(1, 2, dtype=torch.bool)).tolist() == [[4.0]]
    assert _cnn([5.0, 1.0], 0.0)(_words(0, 3), torch.ones(1, 2, dtype=torch.bool)).tolist() == [[3.0]]


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_padding_has_no_influence(kernel: int) -> None:
    cnn = _cnn([1.0] * kernel, 3.0)  # with a positive bias padding would win
    words, mask = _words(-1, -9, torch.nan, 1e6), torch.tensor([[True, True, False, False]])
    torch.testing.assert_close(cnn(words, mask), cnn(words[:, :2], mask[:, :2]))


def test_no_word_is_zero() -> None:
    assert _cnn([1.0], 3.0)(_words(4, 5), torch.zeros(1, 2, dtype=torch.bool)).tolist() == [[0.0]]
