"""SG-MFT on token states (Zhang et al., arXiv 2405.05760), read as the block's ancestor MKGformer has it.

The sides are sequences, of n_t tokens of the text and n_i patches of the image. See `sg_mft.py` for the paper.
Letters: B posts, n_t and n_i tokens, d width of a token, h heads, C classes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.attention import MultiHeadAttention
from postplace.models.blocks.fusion import FusionLayer
from postplace.models.blocks.interaction import InteractionModule, check_names
from postplace.models.blocks.mlp_head import mlp_head
from postplace.models.blocks.modality_tokens import check_states, states_or_stand_in, to_width
from postplace.models.blocks.pooling import AttentionPooling
from postplace.models.blocks.similarity import Gate

TOKEN_WIDTH = 256  # of a token of a sequence, as methods of its kind have (MKGformer's successors: 256 to 768)
Fusion = Literal["cross", "none", "asymmetric", "merge", "co"]


class SequenceFusion(nn.Module):
    """SFM (17) for sequences (B, n_t, d), (B, n_i, d) -> M (B, d): each CA is pooled before the sum."""

    streams = 1

    def __init__(self, width: int, *, heads: int, head_width: int) -> None:
        super().__init__()
        self.text_asks = MultiHeadAttention(width, heads=heads, head_width=head_width)
        self.image_asks = MultiHeadAttention(width, heads=heads, head_width=head_width)
        self.text_pooling, self.image_pooling = AttentionPooling(width), AttentionPooling(width)

    def forward(self, text: Tensor, image: Tensor, text_mask: Tensor, image_mask: Tensor) -> Tensor:
        """See the class; masks (B, n_t), (B, n_i)."""
        of_text = self.text_pooling(self.text_asks(text, image, key_mask=image_mask), text_mask)
        fused: Tensor = of_text + self.image_pooling(self.image_asks(image, text, key_mask=text_mask), image_mask)
        return fused


class PooledFusion(nn.Module):
    """Another fusion in SFM's place: what its streams leave is pooled and concatenated, M (B, d) or (B, 2 d)."""

    def __init__(self, kind: str, width: int, *, heads: int, head_width: int, dropout: float) -> None:
        super().__init__()
        self.layer = FusionLayer(kind, width, heads=heads, head_width=head_width, dropout=dropout)
        self.streams = self.layer.streams
        self.poolings = nn.ModuleList(AttentionPooling(width) for _ in range(self.streams))

    def forward(self, text: Tensor, image: Tensor, text_mask: Tensor, image_mask: Tensor) -> Tensor:
        """See the class; tokens (B, n_t, d), (B, n_i, d), masks (B, n_t), (B, n_i)."""
        streams = self.layer(text, image, text_mask=text_mask, image_mask=image_mask)
        asked = zip(self.poolings, streams, (text_mask, image_mask), strict=False)  # the text alone, if it is one
        return torch.cat([pooling(stream, mask) for pooling, stream, mask in asked], dim=1)


class SequenceSGMFT(nn.Module):
    """Batch -> logits (B, C) from token states: n_t tokens of the text and its hashtags, n_i patches of the images.

    Each is brought to width d (`features`, None: 256). A side that is absent becomes one learned token; padding is
    masked everywhere. Where (9) and (12) need as many tokens on both sides, a side asks the other with its own query,
    as in MKGformer; (1) is read as `SequenceGate` says; (17) is pooled by attention before the sum.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        features: int | None = TOKEN_WIDTH,
        feature_norm: Literal["layer", "none"] = "layer",
        gate: Gate = "sigmoid",
        feed_forward: Literal["text", "image"] = "text",
        fusion: Fusion = "cross",
        layers: int = 1,
        heads: int = 8,
        head_width: int = 32,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_names(gate=gate, feature_norm=feature_norm, feed_forward=feed_forward, fusion=fusion)
        check_states(sizes)
        width = features or TOKEN_WIDTH
        self.text_map = to_width(sizes.text_states_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.image_map = to_width(sizes.image_states_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_image = nn.Parameter(torch.randn(width) * 0.02)
        self.interaction = nn.ModuleList(
            InteractionModule(
                None,
                width,
                gate=gate,
                normalise_over="width",
                cross_query="own",
                feed_forward=feed_forward,
                heads=heads,
                head_width=head_width,
                dropout=dropout,
            )
            for _ in range(layers)
        )
        self.fusion = (
            SequenceFusion(width, heads=heads, head_width=head_width)
            if fusion == "cross"
            else PooledFusion(fusion, width, heads=heads, head_width=head_width, dropout=dropout)
        )
        self.classifier = mlp_head(self.fusion.streams * width, classes, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, text_mask = states_or_stand_in(batch.text_states, batch.text_states_mask, self.text_map, self.absent_text)
        image, image_mask = states_or_stand_in(
            batch.image_states, batch.image_states_mask, self.image_map, self.absent_image
        )
        for interaction in self.interaction:
            text, image = interaction(text, image, text_mask, image_mask)  # (1)-(16)
        m_fuse = self.fusion(text, image, text_mask, image_mask)  # (17)
        logits: Tensor = self.classifier(m_fuse)  # (18); the softmax is the caller's
        return logits
