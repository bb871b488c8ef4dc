"""SG-MFT's similarity-guided interaction module, SIM (Zhang et al., arXiv 2405.05760): equations (6)-(16).

The similarities of text and image, (1)-(5) in `similarity.py`, steer an attention between self and other and a
feed-forward layer. Letters: B posts, n tokens, d width of a token, h heads of width d_k; mask True = real.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import unknown_name
from postplace.models.blocks.attention import attend
from postplace.models.blocks.fusion import FUSIONS
from postplace.models.blocks.similarity import GATES, Gate, SequenceGate, SimilarityGate, element_similarity

NAMES: Mapping[str, tuple[str, ...]] = {
    "gate": GATES,
    "normalise_over": ("width", "tokens"),
    "feature_norm": ("layer", "none"),
    "cross_query": ("other", "own"),
    "feed_forward": ("text", "image"),
    "fusion": ("cross", *FUSIONS),
    "text_input": ("vectors", "words"),
}
Masks = tuple[Tensor | None, Tensor | None]  # of two sides' tokens, each (B, n); None: all are real


def check_names(**settings: str) -> None:
    """Refuse, with the nearest known one, a value that is none of its setting of SG-MFT's."""
    for name, value in settings.items():
        if value not in NAMES[name]:
            raise unknown_name(name, str(value), NAMES[name])


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
