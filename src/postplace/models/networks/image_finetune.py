"""An image network whose last stage is trained along: the stored states before it -> stage -> one linear layer.

The image baselines of MRLF's Table II (Dai et al., ICC 2023) once more: whether their networks were trained along is
not stated. All that lies before the last stage is frozen: a picture goes through it once, and not once an epoch.
Letters: B posts, I pictures of a post, n states of a picture, D' their width, D width of a vector, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.pooling import fill_absent, masked_mean


class ImageFinetune(nn.Module):
    """Batch -> logits W x + b (B, C), x the mean over a post's pictures of what the stage makes of each one.

    A learned vector stands for a post without pictures. `start_from` gives it the stage, with pretrained weights or,
    where a saved run is loaded, as the place that its weights are put in. It must not mix the pictures of a batch.
    """

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        super().__init__()
        self.stage: nn.Module | None = None
        self.absent_image = nn.Parameter(torch.zeros(sizes.image_width))
        self.classifier = nn.Linear(sizes.image_width, classes)

    def start_from(self, stage: nn.Module) -> None:
        """The stage (P, n, D') -> (P, D), from now on a part of this network."""
        self.stage = stage

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        x = fill_absent(self.pooled(batch), batch.image_mask.any(dim=1), self.absent_image)
        logits: Tensor = self.classifier(x)
        return logits

    def pooled(self, batch: Batch) -> Tensor:
        """The mean vector (B, D) of a post's pictures; 0 where there is none."""
        if self.stage is None or batch.image_grids is None:
            raise ValueError("there is no last stage to train, or the batch has no states before it")
        mask = batch.image_mask
        found: Tensor = self.stage(batch.image_grids[mask].float())  # (P, D) of the P real pictures
        vectors = found.new_zeros((*mask.shape, found.shape[1]))
        vectors[mask] = found
        return masked_mean(vectors, mask)
