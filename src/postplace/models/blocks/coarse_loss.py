"""Loss of a second head, which learns the district of a place beside the place itself. Letters: B posts, C classes."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def coarse_loss(z: Tensor, labels: Tensor, *, head: nn.Module | None, groups: Tensor) -> Tensor | float:
    """Cross-entropy of the head's logits of z (B, D) with the group of each label (B,); 0 where there is no head.

    `groups` (C,) is the district of each class.

    >>> import torch
    >>> z, groups = torch.zeros(2, 3), torch.tensor([0, 0, 1])
    >>> loss = coarse_loss(z, torch.tensor([1, 2]), head=nn.Linear(3, 2, bias=False), groups=groups)
    >>> round(loss.item(), 4)
    0.6931
    """
    return 0.0 if head is None else functional.cross_entropy(head(z), groups[labels])
