"""Gated multimodal fusion by a GLU, of POI-type prediction (Sanchez Villegas & Aletras, EMNLP 2021).

(1) h_t = tanh(W_t t), h_v = tanh(W_v v)
(2) z = sigmoid(W_z [t; v])
(3) h = z * h_t + (1 - z) * h_v;  logits = W dropout(h) + b

The gated multimodal unit of Arevalo et al. (2017); the equations' numbers are ours, their form is the released code's.
Letters: B posts, D widths of the vectors, d of the gate, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean, text_mean, to_width
from postplace.models.blocks.pooling import fill_absent
from postplace.models.entry import ON_VECTORS, READS_ALL, VECTORS
from postplace.models.registry import register_model


@register_model(
    "gated",
    title="Gated fusion (GLU)",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=ON_VECTORS,
    citation="Sanchez Villegas and Aletras, Point-of-Interest Type Prediction using Text and Images, EMNLP 2021",
    prefer_when="a small model is wanted that learns, for each feature, whether text or image is to be believed",
    deviations="Frozen encoders, so that the learning rate is 1e-3, not 1e-5, in batches of 128, not 8, over up to "
    "40 epochs, not 4; classes are weighted with `class_weight` alone; a learned vector, not the mean image "
    "of the training part, stands for an image that is absent.",
    search={"dropout": (0.05, 0.25, 0.5), "width": (100, 200, 400)},
)
class GatedFusion(nn.Module):
    """Batch -> logits (B, C).

    t is the mean of the text's and the hashtags' vectors, v that of the images, both brought to one scale; a learned
    vector stands for the side that is absent (published: the mean image of the training part).
    """

    def __init__(self, sizes: InputSizes, *, classes: int, width: int = 200, dropout: float = 0.25) -> None:
        super().__init__()
        d_t, d_v = sizes.text_width, sizes.image_width
        self.text_scale, self.image_scale = (to_width(d, d, norm=True, dropout=0.0) for d in (d_t, d_v))
        self.absent_text, self.absent_image = (nn.Parameter(torch.randn(d) * 0.02) for d in (d_t, d_v))
        self.text, self.image = nn.Linear(d_t, width), nn.Linear(d_v, width)
        self.gate = nn.Linear(d_t + d_v, width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        t = fill_absent(self.text_scale(text), has_text, self.absent_text)
        v = fill_absent(self.image_scale(image), has_image, self.absent_image)
        z = torch.sigmoid(self.gate(torch.cat([t, v], dim=1)))  # (2)
        h = z * torch.tanh(self.text(t)) + (1 - z) * torch.tanh(self.image(v))  # (1), (3)
        logits: Tensor = self.classifier(self.dropout(h))
        return logits
