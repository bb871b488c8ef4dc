"""Co-attention: two streams that ask each other (Hendricks et al., TACL 2021; METER, Dou et al., CVPR 2022).

Per layer each stream attends to itself, then to the other, then goes through a feed-forward layer, with weights of its
own; both are updated from what the other was before the layer (METER's BertCrossLayer).
Letters: B posts, n tokens, d width of a token, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.fusion import CoAttentionLayer
from postplace.models.blocks.modality_tokens import PooledPair, token_sides
from postplace.models.entry import READS_ALL, STACK, vectors_or_states
from postplace.models.registry import register_model


@register_model(
    "co-attention",
    title="Co-attention",
    family="text and image",
    modalities=READS_ALL,
    inputs=vectors_or_states,
    training=STACK,
    citation="Hendricks et al., Decoupling the Role of Data, Attention, and Losses in Multimodal Transformers, "
    "TACL 2021, as formalised in Dou et al., METER, CVPR 2022",
    prefer_when="posts are many and both modalities tell the place, so that each is worth weights of its own",
    deviations="On chunks of the frozen encoders' vectors (or their token states) in the place of encoders trained "
    "along; 2 layers of width 64 and 4 heads, not 6 of width 768 and 12; no pre-training, and one "
    "learning rate for all weights. The learning rate (1e-3) and the number of chunks (16) were chosen on "
    "a validation part.",
    ranges={"layers": (1, 24)},
    extra_types={"tokens": str},
    search={"dropout": (0.1, 0.3), "width": (32, 64), "layers": (1, 2)},
)
class CoAttention(nn.Module):
    """Batch -> logits (B, C), from chunk tokens of the pooled vectors or, `tokens` = "states", from token states.

    METER's head: both streams pooled, [text; image] -> linear, LayerNorm, GELU -> linear.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        tokens: int | str = 16,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.sides = token_sides(sizes, width, tokens=tokens, dropout=dropout)
        self.modalities = nn.Parameter(torch.randn(2, width) * 0.02)
        self.layers = nn.ModuleList(CoAttentionLayer(width, heads=heads, dropout=dropout) for _ in range(layers))
        self.pooled = PooledPair(width)
        self.head = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.LayerNorm(2 * width), nn.GELU(), nn.Dropout(dropout)
        )
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, image, text_mask, image_mask = self.sides(batch)
        text, image = text + self.modalities[0], image + self.modalities[1]
        for layer in self.layers:
            text, image = layer(text, image, text_mask=text_mask, image_mask=image_mask)
        logits: Tensor = self.classifier(self.head(self.pooled(text, image, text_mask, image_mask)))
        return logits
