"""The control of every fusion: both vectors, their product and their distance, and an MLP (Conneau et al., EMNLP 2017).

(1) z = [t; v; t * v; |t - v|]
(2) logits = W_2 dropout(GELU(W_1 z + b_1)) + b_2

What a fusion of global vectors gains by attention is to be measured against this, which compares them number by number
too. The equations' numbers are ours; (1) is the form in which InferSent compares two sentences.
Letters: B posts, D width of a side, d of the hidden layer, C classes.
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
    "pair-mlp",
    title="Product and difference + MLP",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=ON_VECTORS,
    citation="after Conneau et al., Supervised Learning of Universal Sentence Representations, EMNLP 2017, arXiv "
    "1705.02364",
    prefer_when="it is asked what attention adds to comparing both vectors number by number, in one hidden layer",
    deviations="A control, not a model of the papers: text and image stand where there were two sentences.",
    search={"dropout": (0.1, 0.3, 0.5), "width": (128, 256, 512)},
)
class PairMLP(nn.Module):
    """Batch -> logits (B, C).

    t is the mean of the text's and the hashtags' vectors, v that of the images, both brought to one scale and, where
    the encoders' widths differ, to D = `side`; a learned vector stands for the side that is absent.
    """

    def __init__(
        self, sizes: InputSizes, *, classes: int, side: int = 256, width: int = 256, dropout: float = 0.3
    ) -> None:
        super().__init__()
        widths = sizes.text_width, sizes.image_width
        side = widths[0] if widths[0] == widths[1] else side  # those of one space are compared as they are
        self.text, self.image = (to_width(own, side, norm=True, dropout=0.0) for own in widths)
        self.absent_text, self.absent_image = (nn.Parameter(torch.randn(side) * 0.02) for _ in range(2))
        self.hidden = nn.Sequential(nn.Linear(4 * side, width), nn.GELU(), nn.Dropout(dropout))
        self.classifier = nn.Linear(width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        t = fill_absent(self.text(text), has_text, self.absent_text)
        v = fill_absent(self.image(image), has_image, self.absent_image)
        z = torch.cat([t, v, t * v, (t - v).abs()], dim=1)  # (1)
        logits: Tensor = self.classifier(self.hidden(z))  # (2)
        return logits
