"""transTagger: fields of a post as a sequence, learned at several levels at once (Li et al., ECIR 2023), mtlTagger.

(1) f_1 ... f_F: one vector a field (text, hashtags, image), each mapped to width d
(2) s_j = [f_j; p_j]: sinusoidal positions p of width d, concatenated, not added
(3) layers of a transformer encoder over s_1 ... s_F, 2 d wide; flattened to z (B, 2 d F)
(4) logits of each level = W z + b;  loss = CE_class + 0.1 CE_coarse  (three levels there: 0.1, 0.1 and 1)

The equations' numbers are ours; their form is that of the released code. There the fields are BERT-Tiny's vectors of
text, user description, user location and so on, and the time; here they are the stored vectors of what is read.
Letters: B posts, F = 3 fields, d width, D width of a stored vector, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.coarse_loss import coarse_loss
from postplace.models.blocks.pooling import fill_absent, masked_mean
from postplace.models.entry import READS_ALL, Training
from postplace.models.registry import register_model

FIELDS = ("text", "hashtags", "image")


def attend_few(query: Tensor, key: Tensor, value: Tensor, *, heads: int) -> Tensor:
    """softmax(Q K^T / sqrt(d_k)) V in h heads, (B, F, h d_k) x 3 -> (B, F, h d_k), for a few tokens and many heads.

    As sums of products with the heads side by side: as B x h little matrices it takes several times as long.
    """
    q, k, v = (tensor.reshape(*tensor.shape[:2], heads, -1) for tensor in (query, key, value))  # (B, F, h, d_k)
    scores = (q[:, :, None] * k[:, None]).sum(dim=4) / q.shape[3] ** 0.5  # (B, F, F, h)
    out: Tensor = (torch.softmax(scores, dim=2)[..., None] * v[:, None]).sum(dim=2)
    return out.flatten(2)


class EncoderLayer(nn.Module):
    """One layer of (3), (B, F, 2 d) -> (B, F, 2 d): self-attention, feed-forward, each with residual and norm."""

    def __init__(self, width: int, *, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, feed_forward), nn.ReLU(), nn.Linear(feed_forward, width))
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, s: Tensor) -> Tensor:
        """See the class."""
        attended = self.output(attend_few(self.query(s), self.key(s), self.value(s), heads=self.heads))
        s = self.norm(s + self.dropout(attended))
        out: Tensor = self.feed_forward_norm(s + self.dropout(self.feed_forward(s)))
        return out


def _get_inactive(_settings: Mapping[str, Any], available: frozenset[str]) -> set[str]:
    """Without districts there is one level, and no weight of another."""
    return set() if "coarse" in available else {"coarse_weight"}


@register_model(
    "transtagger",
    title="transTagger",
    family="text and image",
    modalities=READS_ALL,
    inputs=frozenset({"coarse", "image_vector", "text_vector"}),
    training=Training("adam", 3e-4, 128, 40, patience=5, decay_factor=0.5, decay_patience=2),
    citation="Li et al., A Transformer-based Framework for POI-level Social Post Geolocation, ECIR 2023, arXiv "
    "2211.01336",
    prefer_when="places lie in districts, and a post has several fields that say little each",
    deviations="The fields are the stored vectors of text, hashtags and images, mapped to the 128 of BERT-Tiny, "
    "where there were BERT-Tiny's own of text, user and time; one coarse level (districts) with weight "
    "0.1, not two. Sizes of the encoder are the published ones; dropout is ours.",
    search={"dropout": (0.1, 0.3), "coarse_weight": (0.03, 0.1, 0.3), "layers": (1, 3)},
    inactive=_get_inactive,
)
class TransTagger(nn.Module):
    """Batch -> class logits (B, C), those of `classifier`; `coarse_classifier` helps in training alone.

    `coarse_weight` is its weight in (4); without coarse classes there is none.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        width: int = 128,
        layers: int = 3,
        heads: int = 64,
        feed_forward: int = 1300,
        dropout: float = 0.1,
        coarse_weight: float = 0.1,
    ) -> None:
        super().__init__()
        if width % 2:
            raise BadOption("width", f"{width} is odd", "positions are pairs of a sine and a cosine: give an even one")
        if 2 * width % heads:
            problem = f"{heads} do not divide twice the width {width}"
            raise BadOption("heads", problem, "choose a divisor of it, for the positions are as wide as the vectors")
        self.text = nn.Linear(sizes.text_width, width)
        self.hashtags = nn.Linear(sizes.text_width, width)
        self.image = nn.Linear(sizes.image_width, width)
        self.absent_text, self.absent_hashtags, self.absent_image = (nn.Parameter(torch.zeros(width)) for _ in FIELDS)
        self.register_buffer("positions", sinusoids(len(FIELDS), width), persistent=False)
        self.layers = nn.ModuleList(
            EncoderLayer(2 * width, heads=heads, feed_forward=feed_forward, dropout=dropout) for _ in range(layers)
        )
        fused = len(FIELDS) * 2 * width
        self.classifier = nn.Linear(fused, classes)
        self.coarse_weight = coarse_weight
        self.coarse_classifier = nn.Linear(fused, max(sizes.coarse) + 1) if sizes.coarse else None
        self.register_buffer("coarse", torch.tensor(sizes.coarse, dtype=torch.int64), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C) of the classes."""
        logits: Tensor = self.classifier(self.fused(batch))
        return logits

    def loss(self, batch: Batch, labels: Tensor, class_weights: Tensor | None) -> Tensor:
        """(4): weights (C,) are those of the classes alone."""
        z = self.fused(batch)
        loss = functional.cross_entropy(self.classifier(z), labels, weight=class_weights)
        groups: Tensor = self.coarse  # type: ignore[assignment]
        return loss + self.coarse_weight * coarse_loss(z, labels, head=self.coarse_classifier, groups=groups)

    def fused(self, batch: Batch) -> Tensor:
        """(1)-(3): z (B, 2 d F)."""
        fields = self.fields(batch)
        positions: Tensor = self.positions  # type: ignore[assignment]
        s = torch.cat([fields, positions.expand(len(fields), -1, -1)], dim=2)
        for layer in self.layers:
            s = layer(s)
        return s.flatten(1)

    def fields(self, batch: Batch) -> Tensor:
        """(1): (B, F, d); a learned vector stands in for a field that is absent, so that every field is attended to."""
        text = batch.text_vector.masked_fill(~batch.text_mask[:, None], 0.0)
        hashtags = batch.hashtag_vector.masked_fill(~batch.hashtag_mask[:, None], 0.0)
        image = masked_mean(batch.image_vectors, batch.image_mask)
        vectors = (
            fill_absent(self.text(text), batch.text_mask, self.absent_text),
            fill_absent(self.hashtags(hashtags), batch.hashtag_mask, self.absent_hashtags),
            fill_absent(self.image(image), batch.image_mask.any(dim=1), self.absent_image),
        )
        return torch.stack(vectors, dim=1)


def sinusoids(length: int, width: int) -> Tensor:
    """Positions (length, width): sin(p / 10000^(2i/d)) and cos of the same, in turn (Vaswani et al., 2017, sec. 3.5).

    >>> sinusoids(2, 2).tolist()
    [[0.0, 1.0], [0.8414709568023682, 0.5403022766113281]]
    """
    rates = torch.exp(-math.log(10_000.0) * torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).float()
