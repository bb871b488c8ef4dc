"""mPLUG's fusion (Li et al., EMNLP 2022, section 3.2; the released FusionLayer and FusionEncoder).

Asymmetric co-attention layers update the text alone, and the image takes the short way past them; every S layers a
connected-attention layer attends over both. Layer i is connected where i != 0 and i mod S = 0: of the base
configuration (S = 3, six layers) that is layer 3. The large configurations say S = 6 with six layers: there no
connected layer ever runs, which is refused here unless `connect_every` = 0 asks for it.
Letters: B posts, n tokens, d width of a token, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.fusion import AsymmetricLayer, ConnectedLayer
from postplace.models.blocks.modality_tokens import token_sides
from postplace.models.blocks.pooling import masked_mean
from postplace.models.entry import READS_ALL, STACK, vectors_or_states
from postplace.models.registry import register_model


@register_model(
    "mplug",
    title="mPLUG",
    family="text and image",
    modalities=READS_ALL,
    inputs=vectors_or_states,
    training=STACK,
    citation="Li et al., mPLUG: Effective and Efficient Vision-Language Learning by Cross-modal Skip-connections, "
    "EMNLP 2022, arXiv 2205.12005",
    prefer_when="the text says more about the place than the image, which then only answers its questions",
    deviations="The fusion encoder alone, on chunks of the frozen encoders' vectors (or their token states) in the "
    "place of encoders trained along; width 32 and 4 heads, not 768 and 12; no image-text pre-training; "
    "means of both streams are classified. The learning rate (1e-3) and the number of chunks (16) were "
    "chosen on a validation part.",
    ranges={"layers": (1, 24), "connect_every": (0, 24)},
    extra_types={"tokens": str},
    search={"dropout": (0.1, 0.3), "width": (32, 64), "connect_every": (2, 3)},
)
class MPLUG(nn.Module):
    """Batch -> logits (B, C), from chunk tokens of the pooled vectors or, `tokens` = "states", from token states.

    The means of both streams' real tokens are concatenated and classified by two linear layers.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        tokens: int | str = 16,
        width: int = 32,
        layers: int = 6,
        connect_every: int = 3,
        heads: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if connect_every >= layers and connect_every:
            problem = f"{connect_every} with {layers} layers: no connected layer would ever run"
            raise BadOption("connect_every", problem, f"give less than {layers}, or 0 if that is what you want")
        self.sides = token_sides(sizes, width, tokens=tokens, dropout=dropout)
        self.layers = nn.ModuleList(
            ConnectedLayer(width, heads=heads, dropout=dropout)
            if connect_every and i != 0 and i % connect_every == 0
            else AsymmetricLayer(width, heads=heads, dropout=dropout)
            for i in range(layers)
        )
        self.hidden = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, image, text_mask, image_mask = self.sides(batch)
        for layer in self.layers:
            if isinstance(layer, ConnectedLayer):
                text, image = layer(text, image, text_mask=text_mask, image_mask=image_mask)
            else:
                text = layer(text, image, mask=text_mask, other_mask=image_mask)
        pooled = torch.cat([masked_mean(text, text_mask), masked_mean(image, image_mask)], dim=1)
        logits: Tensor = self.classifier(functional.relu(self.hidden(self.dropout(pooled))))
        return logits
