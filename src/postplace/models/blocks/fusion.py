"""Layers that fuse two streams of tokens: asymmetric, connected, merge and co-attention, and the bridge.

Post-norm, as in BERT: each step is LayerNorm(x + Drop(step(x))). Names and structure as in mPLUG (Li et al., EMNLP
2022), Hendricks et al. (TACL 2021), METER (Dou et al., CVPR 2022) and BridgeTower (Xu et al., AAAI 2023). Attention
weights themselves are not dropped, unlike there. Letters: B posts, n_t tokens of text, n_i of the image, D width.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import unknown_name
from postplace.models.blocks.attention import MultiHeadAttention

FUSIONS = ("none", "asymmetric", "merge", "co")
Norm = Callable[[], nn.Module]  # makes a new normalisation of tokens (B, n, D)
Pair = tuple[Tensor, Tensor]


class AttentionStep(nn.Module):
    """LN(x + Drop(MHA(Q = x, K = V = keys))): SA where x asks itself, CA where it asks the other stream."""

    def __init__(
        self, width: int, *, heads: int, dropout: float, head_width: int | None = None, norm: Norm | None = None
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(width, heads=heads, head_width=head_width)
        self.norm = norm() if norm else nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, keys: Tensor, *, key_mask: Tensor | None = None) -> Tensor:
        """x (B, N, D), keys (B, M, D), mask (B, M) -> (B, N, D)."""
        out: Tensor = self.norm(x + self.dropout(self.attention(x, keys, key_mask=key_mask)))
        return out


class FeedForwardStep(nn.Module):
    """LN(x + Drop(W_2 GELU(W_1 x + b_1) + b_2)), four times as wide inside: (B, N, D) -> (B, N, D)."""

    def __init__(self, width: int, *, dropout: float, norm: Norm | None = None) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm = norm() if norm else nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        out: Tensor = self.norm(x + self.dropout(self.w2(functional.gelu(self.w1(x)))))
        return out


class AsymmetricLayer(nn.Module):
    """One stream is updated, the other only asked: x <- SA(x); x <- CA(Q = x, K = V = other); x <- FFN(x).

    mPLUG's asymmetric co-attention layer, where x is the text; the image passes unchanged.
    """

    def __init__(
        self, width: int, *, heads: int, dropout: float, head_width: int | None = None, norm: Norm | None = None
    ) -> None:
        super().__init__()
        self.self_attention, self.cross_attention = (
            AttentionStep(width, heads=heads, dropout=dropout, head_width=head_width, norm=norm) for _ in range(2)
        )
        self.feed_forward = FeedForwardStep(width, dropout=dropout, norm=norm)

    def forward(
        self, x: Tensor, other: Tensor, *, mask: Tensor | None = None, other_mask: Tensor | None = None
    ) -> Tensor:
        """x (B, N, D), other (B, M, D), masks (B, N), (B, M) -> x (B, N, D)."""
        x = self.self_attention(x, x, key_mask=mask)
        x = self.cross_attention(x, other, key_mask=other_mask)
        out: Tensor = self.feed_forward(x)
        return out


class CoAttentionLayer(nn.Module):
    """Two streams with weights of their own, each updated from what the other was before this layer (METER)."""

    def __init__(
        self, width: int, *, heads: int, dropout: float, head_width: int | None = None, norm: Norm | None = None
    ) -> None:
        super().__init__()
        self.text, self.image = (
            AsymmetricLayer(width, heads=heads, dropout=dropout, head_width=head_width, norm=norm) for _ in range(2)
        )

    def forward(
        self, text: Tensor, image: Tensor, *, text_mask: Tensor | None = None, image_mask: Tensor | None = None
    ) -> Pair:
        """Text (B, n_t, D) and image (B, n_i, D), masks (B, n_t), (B, n_i) -> both, updated."""
        return (
            self.text(text, image, mask=text_mask, other_mask=image_mask),
            self.image(image, text, mask=image_mask, other_mask=text_mask),
        )


class MergeLayer(nn.Module):
    """One self-attention and feed-forward over the tokens of both, with the same weights: FFN(SA([text; image]))."""

    def __init__(
        self, width: int, *, heads: int, dropout: float, head_width: int | None = None, norm: Norm | None = None
    ) -> None:
        super().__init__()
        self.self_attention = AttentionStep(width, heads=heads, dropout=dropout, head_width=head_width, norm=norm)
        self.feed_forward = FeedForwardStep(width, dropout=dropout, norm=norm)

    def forward(
        self, text: Tensor, image: Tensor, *, text_mask: Tensor | None = None, image_mask: Tensor | None = None
    ) -> Pair:
        """Text (B, n_t, D) and image (B, n_i, D), masks (B, n_t), (B, n_i) -> both, updated."""
        both = torch.cat([text, image], dim=1)
        both = self.feed_forward(self.self_attention(both, both, key_mask=_joined(text, text_mask, image, image_mask)))
        return both[:, : text.shape[1]], both[:, text.shape[1] :]


class ConnectedLayer(nn.Module):
    """mPLUG's connected-attention layer: text <- its part of FFN(SA([image; text])), image <- image + its part."""

    def __init__(self, width: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        self.merged = MergeLayer(width, heads=heads, dropout=dropout)

    def forward(
        self, text: Tensor, image: Tensor, *, text_mask: Tensor | None = None, image_mask: Tensor | None = None
    ) -> Pair:
        """Text (B, n_t, D) and image (B, n_i, D), masks (B, n_t), (B, n_i) -> both, updated."""
        new_text, new_image = self.merged(text, image, text_mask=text_mask, image_mask=image_mask)
        return new_text, image + new_image


class FusionLayer(nn.Module):
    """One layer by name (see FUSIONS) and the streams that it leaves: text and image, of the asymmetric one the text.

    "none" leaves both as they were.
    """

    def __init__(
        self,
        kind: str,
        width: int,
        *,
        heads: int,
        dropout: float,
        head_width: int | None = None,
        norm: Norm | None = None,
    ) -> None:
        super().__init__()
        if kind not in FUSIONS:
            raise unknown_name("fusion", kind, FUSIONS)
        kinds = {"asymmetric": AsymmetricLayer, "merge": MergeLayer, "co": CoAttentionLayer}
        made = kinds.get(kind)
        self.kind, self.streams = kind, 1 if kind == "asymmetric" else 2
        self.layer = made and made(width, heads=heads, dropout=dropout, head_width=head_width, norm=norm)

    def forward(
        self, text: Tensor, image: Tensor, *, text_mask: Tensor | None = None, image_mask: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Text (B, n_t, D) and image (B, n_i, D), masks (B, n_t), (B, n_i) -> one or two streams."""
        if self.layer is None:
            return text, image
        if isinstance(self.layer, AsymmetricLayer):
            return (self.layer(text, image, mask=text_mask, other_mask=image_mask),)
        streams: Pair = self.layer(text, image, text_mask=text_mask, image_mask=image_mask)
        return streams


class BridgeLayer(nn.Module):
    """BridgeTower's bridge into a cross-modal layer: LayerNorm(u + z), of the first layer LayerNorm(u)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, u: Tensor, z: Tensor | None) -> Tensor:
        """u (B, n, D) of a layer of the encoder, z (B, n, D) of the cross-modal layer before -> (B, n, D)."""
        out: Tensor = self.norm(u if z is None else u + z)
        return out


def _joined(text: Tensor, text_mask: Tensor | None, image: Tensor, image_mask: Tensor | None) -> Tensor | None:
    """The mask (B, n_t + n_i) of both; None where none is given."""
    if text_mask is None and image_mask is None:
        return None
    pairs = ((text, text_mask), (image, image_mask))
    masks = [torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask for x, mask in pairs]
    return torch.cat(masks, dim=1)
