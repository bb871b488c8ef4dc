"""SG-MFT: Similarity-Guided Multimodal Fusion Transformer (Zhang et al., arXiv 2405.05760), equations (1)-(18).

Frozen vectors of text and image are compared as a whole and element by element; the similarities steer an attention
between self and other (SIM) and a feed-forward layer; two cross-attentions fuse the sides (SFM); five fully-connected
layers classify.

The paper's shapes agree only if a vector of width D is read as D tokens of width 1. `tokens` cuts it into n tokens of
width d = D / n instead: n = D is that literal reading, n = 1 makes every softmax over keys trivial, the queries void,
and n = 32 keeps all formulas working. `SequenceSGMFT` reads them as what the block's ancestor MKGformer has: sequences,
of n_t text tokens and n_i patches of the picture. The loss (19) is in `training/losses.py`.
Letters: B posts, D width of a side, n tokens, d width of a token, h heads, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.batch import Batch, InputSizes
from postplace.errors import BadOption, unknown_name
from postplace.models.blocks.attention import MultiHeadAttention, attend
from postplace.models.blocks.pooling import AttentionPooling, masked_mean, or_stand_in
from postplace.models.blocks.similarity import GATES, Gate, SequenceGate, SimilarityGate, element_similarity

WIDTH = 1024  # of a side, when the two encoders disagree: that of the paper's Chinese-CLIP
TOKEN_WIDTH = 256  # of a token of a sequence, as methods of its kind have (MKGformer's successors: 256 to 768)
HIDDEN = (512, 256, 128, 64)
NAMES: Mapping[str, tuple[str, ...]] = {
    "gate": GATES,
    "normalise_over": ("width", "tokens"),
    "feature_norm": ("layer", "none"),
    "cross_query": ("other", "own"),
    "feed_forward": ("text", "image"),
}
Masks = tuple[Tensor | None, Tensor | None]  # of two sides' tokens, each (B, n); None: all are real


class TokenNorm(nn.Module):
    """Layer normalisation over the width of a token or, for tokens of width 1 (which that sets to 0), over tokens."""

    def __init__(self, tokens: int, width: int, *, over: Literal["width", "tokens"]) -> None:
        super().__init__()
        self.over = over
        self.norm = nn.LayerNorm(width if over == "width" else tokens)

    def forward(self, values: Tensor) -> Tensor:
        """(B, n, d) -> (B, n, d)."""
        out: Tensor = self.norm(values if self.over == "width" else values.transpose(1, 2))
        return out if self.over == "width" else out.transpose(1, 2)


class Projections(nn.Module):
    """(6), (7): Q, K, V of one side, tokens of width d lifted to h heads of width d_k."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, inner) for _ in range(3))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, n, d) -> three of (B, n, h d_k)."""
        return self.query(tokens), self.key(tokens), self.value(tokens)


class InterpolationAttention(nn.Module):
    """(8)-(13) for one side: attention to itself and across, weighed by P^m, then residual and norm."""

    def __init__(
        self, width: int, inner: int, *, heads: int, norm: TokenNorm, cross_query: str, dropout: float
    ) -> None:
        super().__init__()
        self.heads, self.cross_query = heads, cross_query
        self.self_output = nn.Linear(inner, width)
        self.cross_output = nn.Linear(inner, width)
        self.norm = norm
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        tokens: Tensor,
        own: tuple[Tensor, Tensor, Tensor],
        other: tuple[Tensor, Tensor, Tensor],
        p_m: Tensor,
        *,
        masks: Masks = (None, None),
    ) -> Tensor:
        """Tokens (B, n, d), projections of this and the other side, P^m (B, n, 1) -> X^C (B, n, d).

        `masks` are those of this and the other side's tokens (None: all are real).
        """
        (q, k, v), (q_other, k_other, v_other) = own, other
        sa = self.self_output(attend(q, k, v, heads=self.heads, key_mask=masks[0]))  # (8), (10)
        if self.cross_query == "other":  # (9): the other side's query on one's own keys and values
            ca = attend(q_other, k, v, heads=self.heads, key_mask=masks[0])
        else:  # MKGformer, the block's ancestor: one's own query on the other side's
            ca = attend(q, k_other, v_other, heads=self.heads, key_mask=masks[1])
        ca = self.cross_output(ca)  # (11)
        x = ca * p_m + sa * (1 - p_m)  # (12)
        out: Tensor = self.norm(self.dropout(x) + tokens)  # (13)
        return out


class FeedForward(nn.Module):
    """(15), (16): ReLU(X W_1 + X_inter W_3 + b_1) W_2 + b_2, residual and norm; without X_inter the usual one."""

    def __init__(self, width: int, *, norm: TokenNorm, guided: bool, dropout: float) -> None:
        super().__init__()
        hidden = 4 * width
        self.w1 = nn.Linear(width, hidden)
        self.w3 = nn.Linear(width, hidden, bias=False) if guided else None
        self.w2 = nn.Linear(hidden, width)
        self.norm = norm
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, x_inter: Tensor | None = None) -> Tensor:
        """X, X_inter (B, n, d) -> (B, n, d)."""
        hidden = self.w1(x)
        if self.w3 is not None and x_inter is not None:
            hidden = hidden + self.w3(x_inter)
        out: Tensor = self.norm(self.dropout(self.w2(functional.relu(hidden))) + x)
        return out


class InteractionModule(nn.Module):
    """SIM: text and image tokens (B, n, d) -> similarity-aware F_text^S, F_image^S (B, n, d), equations (1)-(16).

    `tokens` is n, or None for sequences of different lengths, whose masks are then given.
    """

    def __init__(
        self,
        tokens: int | None,
        width: int,
        *,
        gate: Gate,
        normalise_over: Literal["width", "tokens"],
        cross_query: str,
        feed_forward: str,
        heads: int,
        head_width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        inner = heads * head_width
        self.feed_forward = feed_forward
        self.scaled = gate != "softmax"
        self.gate = SequenceGate(gate=gate) if tokens is None else SimilarityGate(tokens, gate=gate)
        self.text_projections, self.image_projections = Projections(width, inner), Projections(width, inner)

        def norm() -> TokenNorm:
            return TokenNorm(tokens or 0, width, over=normalise_over)

        def attention() -> InterpolationAttention:
            return InterpolationAttention(
                width, inner, heads=heads, norm=norm(), cross_query=cross_query, dropout=dropout
            )

        self.text_attention, self.image_attention = attention(), attention()
        guided = feed_forward == "text"
        self.text_feed_forward = FeedForward(width, norm=norm(), guided=guided, dropout=dropout)
        self.image_feed_forward = FeedForward(width, norm=norm(), guided=not guided, dropout=dropout)

    def forward(
        self, text: Tensor, image: Tensor, text_mask: Tensor | None = None, image_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """See the class."""
        if isinstance(self.gate, SequenceGate):
            p_text, p_image = self.gate(text, image, text_mask, image_mask)  # (1), (3)
        else:
            p_text = p_image = self.gate(text, image)
        of_text, of_image = self.text_projections(text), self.image_projections(image)  # (6), (7)
        x_text = self.text_attention(text, of_text, of_image, p_text, masks=(text_mask, image_mask))  # (8)-(13)
        x_image = self.image_attention(image, of_image, of_text, p_image, masks=(image_mask, text_mask))
        if self.feed_forward == "text":
            p_e = element_similarity(text, image, scaled=self.scaled, image_mask=image_mask)  # (2), (4), (5)
            return self.text_feed_forward(x_text, p_e @ x_image), self.image_feed_forward(x_image)  # (14)-(16)
        # the paper's image-wise variant (its Table 4)
        p_e = element_similarity(image, text, scaled=self.scaled, image_mask=text_mask)
        return self.text_feed_forward(x_text), self.image_feed_forward(x_image, p_e @ x_text)


class FusionModule(nn.Module):
    """SFM (17): M = CA(Q text, K V image) + CA(Q image, K V text), (B, n, d)."""

    def __init__(self, width: int, *, heads: int, head_width: int) -> None:
        super().__init__()
        self.text_asks = MultiHeadAttention(width, heads=heads, head_width=head_width)
        self.image_asks = MultiHeadAttention(width, heads=heads, head_width=head_width)

    def forward(self, text: Tensor, image: Tensor) -> Tensor:
        """See the class."""
        fused: Tensor = self.text_asks(text, image) + self.image_asks(image, text)
        return fused


class SequenceFusion(nn.Module):
    """SFM (17) for sequences (B, n_t, d), (B, n_i, d) -> M (B, d): each CA is pooled before the sum."""

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


class SGMFT(nn.Module):
    """Batch -> logits (B, C). See the module for the paper and the readings.

    F_text is the mean of the text's and the hashtags' vectors, those that are there; F_image that of the pictures;
    a learned vector stands in for a side that is absent, so that nothing of a batch's zeros is ever compared.
    `features` is D (None: the encoders' width if equal, else 1024); `tokens` n, a divisor of D or "scalar" (n = D).
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        features: int | None = None,
        tokens: int | Literal["scalar"] = 32,
        feature_norm: Literal["layer", "none"] = "layer",
        gate: Gate = "sigmoid",
        normalise_over: Literal["width", "tokens"] = "width",
        cross_query: Literal["other", "own"] = "other",
        feed_forward: Literal["text", "image"] = "text",
        layers: int = 1,
        heads: int = 8,
        head_width: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        _check_names(
            gate=gate,
            normalise_over=normalise_over,
            feature_norm=feature_norm,
            cross_query=cross_query,
            feed_forward=feed_forward,
        )
        width = features or (sizes.text_width if sizes.text_width == sizes.image_width else WIDTH)
        n = width if tokens == "scalar" else tokens
        if not isinstance(n, int) or n < 1 or width % n:
            raise BadOption("tokens", f"{tokens!r} does not divide the width {width}", "choose a divisor, or scalar")
        d = width // n
        if d == 1 and normalise_over == "width":
            raise BadOption("normalise_over", "'width' with tokens of width 1 sets every one to 0", "give tokens")
        if n == 1 and normalise_over == "tokens":
            raise BadOption("normalise_over", "'tokens' with a single token sets everything to 0", "give width")
        self.n, self.d = n, d
        self.text_map = _map(sizes.text_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.image_map = _map(sizes.image_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_image = nn.Parameter(torch.randn(width) * 0.02)
        self.chunks = nn.Parameter(torch.randn(2, n, d) * 0.02) if d > 1 else None
        self.interaction = nn.ModuleList(
            InteractionModule(
                n,
                d,
                gate=gate,
                normalise_over=normalise_over,
                cross_query=cross_query,
                feed_forward=feed_forward,
                heads=heads,
                head_width=head_width,
                dropout=dropout,
            )
            for _ in range(layers)
        )
        self.fusion = FusionModule(d, heads=heads, head_width=head_width)
        self.classifier = five_layers(width, classes, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        f_text, f_image = self.sides(batch)
        text, image = (side.reshape(-1, self.n, self.d) for side in (f_text, f_image))
        if self.chunks is not None:
            text, image = text + self.chunks[0], image + self.chunks[1]
        for interaction in self.interaction:
            text, image = interaction(text, image)  # (1)-(16)
        m_fuse = self.fusion(text, image)  # (17)
        logits: Tensor = self.classifier(m_fuse.flatten(1))  # (18); the softmax is the caller's
        return logits

    def sides(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """F_text, F_image (B, D)."""
        vectors = torch.stack([batch.text_vector, batch.hashtag_vector], dim=1)
        present = torch.stack([batch.text_mask, batch.hashtag_mask], dim=1)
        text = or_stand_in(self.text_map(masked_mean(vectors, present)), present.any(dim=1), self.absent_text)
        image = self.image_map(masked_mean(batch.image_vectors, batch.image_mask))
        return text, or_stand_in(image, batch.image_mask.any(dim=1), self.absent_image)


class SequenceSGMFT(nn.Module):
    """Batch -> logits (B, C) from token states: n_t tokens of the text and its hashtags, n_i patches of the pictures.

    Each is brought to width d (`features`, None: 256). A side that is absent becomes one learned token; padding is
    masked everywhere. Where (9) and (12) need as many tokens on both sides, a side asks the other with its own query,
    as in MKGformer; (1) is read as `SequenceGate` says; (17) is pooled by attention before the sum.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        features: int | None = None,
        feature_norm: Literal["layer", "none"] = "layer",
        gate: Gate = "sigmoid",
        feed_forward: Literal["text", "image"] = "text",
        layers: int = 1,
        heads: int = 8,
        head_width: int = 32,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        _check_names(gate=gate, feature_norm=feature_norm, feed_forward=feed_forward)
        if not (sizes.text_states and sizes.image_states):
            remedy = "take encoders that do, such as chinese-clip, or another number of tokens"
            raise BadOption("tokens", "'states' asked for, but an encoder gives none", remedy)
        width = features or TOKEN_WIDTH
        self.text_map = _map(sizes.text_states_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.image_map = _map(sizes.image_states_width, width, norm=feature_norm == "layer", dropout=dropout)
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
        self.fusion = SequenceFusion(width, heads=heads, head_width=head_width)
        self.classifier = five_layers(width, classes, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        text, text_mask = _side(batch.text_states, batch.text_states_mask, self.text_map, self.absent_text)
        image, image_mask = _side(batch.image_states, batch.image_states_mask, self.image_map, self.absent_image)
        for interaction in self.interaction:
            text, image = interaction(text, image, text_mask, image_mask)  # (1)-(16)
        m_fuse = self.fusion(text, image, text_mask, image_mask)  # (17)
        logits: Tensor = self.classifier(m_fuse)  # (18); the softmax is the caller's
        return logits


def _side(states: Tensor | None, mask: Tensor | None, to_width: nn.Module, absent: Tensor) -> tuple[Tensor, Tensor]:
    """States (B, n, D) and mask -> tokens (B, n, d) and mask; of an absent side the first is the stand-in, and real."""
    if states is None or mask is None:
        raise ValueError("the batch has no token states: encode the posts with states=True")
    present = mask.any(dim=1, keepdim=True)
    tokens: Tensor = to_width(states.masked_fill(~mask[..., None], 0.0))
    first = torch.arange(mask.shape[1], device=mask.device) == 0
    return torch.where(present[..., None], tokens, absent), mask | (first & ~present)


def _check_names(**settings: str) -> None:
    """Refuse, with the nearest known one, a value that is none of its setting's."""
    for name, value in settings.items():
        if value not in NAMES[name]:
            raise unknown_name(name, str(value), NAMES[name])


def five_layers(width: int, classes: int, *, dropout: float) -> nn.Sequential:
    """MC (18): five fully-connected layers, D -> 512 -> 256 -> 128 -> 64 -> C."""
    layers: list[nn.Module] = []
    for inner in HIDDEN:
        layers += [nn.Linear(width, inner), nn.LayerNorm(inner), nn.GELU(), nn.Dropout(dropout)]
        width = inner
    return nn.Sequential(*layers, nn.Linear(width, classes))


def _map(encoder_width: int, width: int, *, norm: bool, dropout: float) -> nn.Sequential:
    """Vectors of an encoder brought to one scale (two encoders rarely agree on it) and, if needed, to the width D."""
    layers: list[nn.Module] = [nn.LayerNorm(encoder_width, elementwise_affine=False)] if norm else []
    if encoder_width != width:  # equal widths, as with the paper's Chinese-CLIP, need no map
        layers += [nn.Dropout(dropout), nn.Linear(encoder_width, width)]
    return nn.Sequential(*layers)
