"""Text and hashtags as one sequence of ids."""

from __future__ import annotations

import torch
from torch import Tensor

from postplace.models.blocks.concatenated_text import (
    by_length,
    concatenated_text,
    from_the_end,
    places_from_the_end,
)


def test_padding_goes_to_the_end_wherever_it_was_and_the_order_stays() -> None:
    first, second = torch.tensor([[0, 5, 0], [1, 2, 3]]), torch.tensor([[7, 0, 8], [0, 0, 0]])
    assert concatenated_text(first, second).tolist() == [[5, 7, 8], [1, 2, 3]]


def test_the_offset_moves_the_second_vocabulary_but_not_its_padding() -> None:
    first, second = torch.tensor([[1, 0]]), torch.tensor([[1, 0]])
    assert concatenated_text(first, second, offset=10).tolist() == [[1, 11]]


def test_the_separator_stands_only_where_there_is_something_behind_it() -> None:
    first, second = torch.tensor([[1], [1], [0]]), torch.tensor([[2], [0], [2]])
    assert concatenated_text(first, second, separator=9).tolist() == [[1, 9, 2], [1, 0, 0], [9, 2, 0]]


def test_posts_with_nothing_are_one_padding_token_long() -> None:
    nothing = torch.zeros(2, 3, dtype=torch.long)
    assert concatenated_text(nothing, nothing).tolist() == [[0], [0]]
    assert concatenated_text(nothing[:0], nothing[:0]).shape == (0, 1)


def test_reading_from_the_end_does_not_depend_on_the_padding() -> None:
    assert from_the_end(torch.tensor([[1, 2, 0]])).tolist() == [[2, 1, 0]]
    assert from_the_end(torch.tensor([[1, 2, 0, 0, 0]])).tolist() == [[2, 1, 0, 0, 0]]
    assert places_from_the_end(torch.tensor([[True, True, False], [False] * 3])).tolist() == [[1, 0, 0], [0, 0, 0]]


def test_by_length_gives_each_row_its_own_vector_and_cuts_rows_of_like_length() -> None:
    ids = torch.tensor([[1, 2, 3, 4], [5, 0, 0, 0], [0, 0, 0, 0], [6, 7, 0, 0]])
    widths: list[int] = []

    def total(some: Tensor) -> Tensor:
        widths.append(some.shape[1])
        return some.sum(dim=1, keepdim=True).float()

    assert by_length(ids, total, rows=2).tolist() == [[10.0], [5.0], [0.0], [13.0]]
    assert widths == [1, 4]
