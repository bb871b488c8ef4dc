"""From many vectors to one, padding left out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real ones of N: (B, N, D), mask (B, N) -> (B, D); 0 where none is real.

    Whatever stands where the mask is False, NaN too, has no influence.

    >>> masked_mean(torch.tensor([[[1.0], [3.0], [torch.nan]]]), torch.tensor([[True, True, False]])).tolist()
    [[2.0]]
    """
    kept = values.masked_fill(~mask[..., None], 0.0)
    return kept.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)


def fill_absent(values: Tensor, present: Tensor, stand_in: Tensor) -> Tensor:
    """`values` (B, D) where the modality is present (B,), else the learned vector (D,).

    >>> fill_absent(torch.tensor([[1.0], [2.0]]), torch.tensor([True, False]), torch.tensor([9.0])).tolist()
    [[1.0], [9.0]]
    """
    return torch.where(present[:, None], values, stand_in)


class AttentionPooling(nn.Module):
    """Mean of the real ones of N, weighted by a softmax of learned scores: (B, N, D), mask (B, N) -> (B, D).

    Whatever stands where the mask is False, NaN too, has no influence.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1, bias=False)  # the same added to every score would change nothing

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """See the class; at least one of each row is real."""
        kept = values.masked_fill(~mask[..., None], 0.0)
        scores: Tensor = self.score(kept)
        weights = torch.softmax(scores.masked_fill(~mask[..., None], -torch.inf), dim=1)
        return (weights * kept).sum(dim=1)
