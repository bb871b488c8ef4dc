"""Linear probe of a frozen image network: one linear layer on its stored vector (VGG19, ResNet, DenseNet, ...).

The image baselines of MRLF's Table II (Dai et al., ICC 2023), whose networks are a choice of the image encoder.
Letters: B posts, D width of a vector, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean
from postplace.models.blocks.pooling import fill_absent


class ImageLinear(nn.Module):
    """Batch -> logits W x + b (B, C), x the mean over a post's pictures, a learned vector where there is none."""

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        super().__init__()
        self.absent_image = nn.Parameter(torch.zeros(sizes.image_width))
        self.classifier = nn.Linear(sizes.image_width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        logits: Tensor = self.classifier(fill_absent(*image_mean(batch), self.absent_image))
        return logits
