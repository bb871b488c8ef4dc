"""UniS-MMC: unimodality-supervised multimodal contrastive learning (Zou et al., Findings of ACL 2023).

(1) t, v: one vector a side
(2) three heads, of t, of v and of [t; v]: linear, ReLU, dropout, linear, ReLU, linear
(3) s_b = cos(t_b, v_b) / tau. The pair b is positive (P) where the heads of both sides are right, semi-positive (SP)
    where one is: it is held still, so that the other moves towards it; else negative
(4) L_MMC = -log( sum_{b in P or SP} e^(s_b) / sum_b e^(s_b) )
(5) L = CE_t + CE_v + CE_tv + weight L_MMC

(4) is the loss as intended, recalled from the paper's text, over the pairs of a batch. The released code computes all
B x B similarities and then keeps row 0 alone, so that the first post of a batch is the only one to be compared.
The equations' numbers are ours. Letters: B posts, D width of a stored vector, d of a side, C classes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean, text_mean, to_width
from postplace.models.blocks.pooling import fill_absent
from postplace.models.entry import READS_ALL, VECTORS, Training
from postplace.models.registry import register_model


class Side(nn.Module):
    """(1): stored vectors (B, D) -> tanh(W x + b) (B, d), BERT's pooler; a learned vector where absent (B,)."""

    def __init__(self, encoder_width: int, width: int) -> None:
        super().__init__()
        self.scale = to_width(encoder_width, encoder_width, norm=True, dropout=0.0)
        self.linear = nn.Linear(encoder_width, width)
        self.absent_vector = nn.Parameter(torch.randn(width) * 0.02)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """See the class."""
        return fill_absent(torch.tanh(self.linear(self.scale(x))), present, self.absent_vector)


@register_model(
    "unis-mmc",
    title="UniS-MMC",
    family="text and image",
    modalities=READS_ALL,
    inputs=VECTORS,
    training=Training("adam", 5e-4, 128, 40, patience=5, decay_factor=0.2, decay_patience=2, weight_decay=1e-4),
    citation="Zou et al., UniS-MMC: Multimodal Classification via Unimodality-supervised Multimodal Contrastive "
    "Learning, Findings of ACL 2023, arXiv 2305.09299",
    prefer_when="text and image each tell the place often enough, and should be brought to agree",
    deviations="Frozen encoders with one layer of width 256 each, where BERT and ViT (768) were trained along; "
    "learning rate 5e-4, not 1e-4. The pairwise loss is the intended one, over the pairs of a batch "
    "(recalled); the released code keeps row 0 of the similarities only.",
    ranges={"tau": (0.01, 1.0)},
    search={"dropout": (0.1, 0.3), "weight": (0.03, 0.1, 0.3), "width": (128, 256)},
)
class UniSMMC(nn.Module):
    """Batch -> logits (B, C), those of the head of both sides, whose last layer is `classifier`.

    The other two heads serve the loss alone. `weight` is that of (5), `tau` that of (3); `dropout` is that of the two
    heads of one side (published: the third has none).
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        width: int = 256,
        hidden: int = 256,
        dropout: float = 0.1,
        weight: float = 0.1,
        tau: float = 0.07,
    ) -> None:
        super().__init__()
        self.weight, self.tau = weight, tau
        self.text, self.image = Side(sizes.text_width, width), Side(sizes.image_width, width)
        self.text_head, self.image_head = (
            nn.Sequential(hidden_layers(width, hidden, dropout=dropout), nn.Linear(hidden, classes)) for _ in range(2)
        )
        self.fused = hidden_layers(2 * width, hidden, dropout=0.0)
        self.classifier = nn.Linear(hidden, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C) of the head of both sides."""
        return self.both(*self.sides(batch)[:2])

    def both(self, t: Tensor, v: Tensor) -> Tensor:
        """(2): logits (B, C) of [t; v]."""
        logits: Tensor = self.classifier(self.fused(torch.cat([t, v], dim=1)))
        return logits

    def sides(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """(1): t, v (B, d), and which posts (B,) have both."""
        text, has_text = text_mean(batch)
        image, has_image = image_mean(batch)
        return self.text(text, has_text), self.image(image, has_image), has_text & has_image

    def loss(self, batch: Batch, labels: Tensor, class_weights: Tensor | None) -> Tensor:
        """(5); class weights (C,) are those of all three heads."""
        t, v, pair = self.sides(batch)
        of_text, of_image = self.text_head(t), self.image_head(v)
        heads = of_text, of_image, self.both(t, v)
        classification = sum(functional.cross_entropy(logits, labels, weight=class_weights) for logits in heads)
        right_t, right_v = (logits.argmax(dim=1) == labels for logits in (of_text, of_image))
        contrast = pair_loss(t[pair], v[pair], right=(right_t[pair], right_v[pair]), tau=self.tau)
        return classification + self.weight * contrast


def hidden_layers(width: int, hidden: int, *, dropout: float) -> nn.Sequential:
    """(2) but for its last layer."""
    first = nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)
    return nn.Sequential(*first, nn.Linear(hidden, hidden), nn.ReLU())


def pair_loss(t: Tensor, v: Tensor, *, right: tuple[Tensor, Tensor], tau: float) -> Tensor:
    """(3), (4) of vectors (B, d) of pairs, and whether each side alone is right (B,); 0 where no side is."""
    right_t, right_v = right
    t = torch.where((right_t & ~right_v)[:, None], t.detach(), t)
    v = torch.where((right_v & ~right_t)[:, None], v.detach(), v)
    s = functional.cosine_similarity(t, v, dim=1) / tau
    near = right_t | right_v
    if not bool(near.any()):
        return s.sum() * 0.0
    return torch.logsumexp(s, dim=0) - torch.logsumexp(s[near], dim=0)
