"""A model of another package: one linear layer on the vector of the text."""

from __future__ import annotations

from torch import Tensor, nn

from postplace import register_model
from postplace.features.batch import Batch, InputSizes


@register_model(
    "toy-linear",
    title="Toy: one linear layer",
    family="text",
    modalities=frozenset({"text"}),
    inputs=frozenset({"text_vector"}),
    citation="nobody, 2026",
    prefer_when="a first model of one's own is to be written",
)
class ToyLinear(nn.Module):
    """Batch of B posts -> logits (B, C)."""

    def __init__(self, sizes: InputSizes, *, classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(sizes.text_width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C); the vector of a post without text is 0."""
        logits: Tensor = self.classifier(self.dropout(batch.text_vector * batch.text_mask[:, None]))
        return logits
