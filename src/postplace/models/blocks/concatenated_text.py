"""Text and hashtags as one sequence of ids, for models that know a single string. B posts; 0 is padding."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def concatenated_text(first: Tensor, second: Tensor, *, offset: int = 0, separator: int | None = None) -> Tensor:
    """Ids (B, L), (B, L'), 0 for padding anywhere -> those of the first, then of the second, padding at the end.

    `offset` is added to the ids of the second, if it has a vocabulary of its own; `separator` stands before them
    wherever there are any.

    >>> concatenated_text(torch.tensor([[5, 0], [0, 0]]), torch.tensor([[7], [8]]), separator=9).tolist()
    [[5, 9, 7], [9, 8, 0]]
    """
    second = torch.where(second != 0, second + offset, 0)
    parts = [first, second]
    if separator is not None:
        any_second = (second != 0).any(dim=1, keepdim=True)
        parts.insert(1, any_second * separator)
    both = torch.cat(parts, dim=1)
    order = torch.argsort((both == 0).to(torch.uint8), dim=1, stable=True)
    longest = int((both != 0).sum(dim=1).max()) if len(both) else 0
    return both.gather(1, order)[:, : max(1, longest)]


def from_the_end(ids: Tensor) -> Tensor:
    """Left-aligned ids (B, L) -> the same, the last one first: column p holds what stands p places from the end.

    What a model says of right-aligned text (positions, windows) then no longer depends on how long the padding is.

    >>> from_the_end(torch.tensor([[5, 6, 7], [8, 9, 0]])).tolist()
    [[7, 6, 5], [9, 8, 0]]
    """
    return torch.where(ids != 0, ids.gather(1, places_from_the_end(ids != 0)), 0)


def places_from_the_end(mask: Tensor) -> Tensor:
    """Where in left-aligned text (B, L) stands what stands there when it is read from its end; 0 for padding."""
    last = mask.sum(dim=1, keepdim=True) - 1
    return (last - torch.arange(mask.shape[1], device=mask.device)).clamp(min=0)


def by_length(ids: Tensor, vectors_of: Callable[[Tensor], Tensor], *, rows: int = 32) -> Tensor:
    """A function of left-aligned ids (B, L) -> (B, D), called with some rows of like length at a time.

    Few posts are nearly as long as the longest of a batch; the rest would mostly be padding, which takes as long.
    """
    lengths = (ids != 0).sum(dim=1)
    order = torch.argsort(lengths, stable=True)
    parts = [vectors_of(ids[some, : max(1, int(lengths[some].max()))]) for some in torch.split(order, rows)]
    return torch.cat(parts)[torch.argsort(order)]
