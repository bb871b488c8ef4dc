"""How much two sides say the same, as a whole and token by token: SG-MFT (1)-(5) (Zhang et al., arXiv 2405.05760).

As printed, the softmax of (3) gives weights of 1/n on average, which all but switches cross-attention off; `gate`
offers that and three others. Letters: B posts, n tokens (n_t of text, n_i of the image), d width; mask True = real.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.models.blocks.pooling import masked_mean

Gate = Literal["sigmoid", "softmax", "scaled", "global"]
GATES = ("sigmoid", "softmax", "scaled", "global")


class SimilarityGate(nn.Module):
    """S^m (1) -> P^m (3) in [0, 1], how much a token takes of the other side: two (B, n, d) -> (B, n, 1)."""

    def __init__(self, tokens: int, *, gate: Gate) -> None:
        super().__init__()
        self.gate = gate
        size = tokens if gate == "sigmoid" else 1
        if gate in ("sigmoid", "global"):
            self.slope = nn.Parameter(torch.ones(size))
            self.offset = nn.Parameter(torch.zeros(size))

    def forward(self, text: Tensor, image: Tensor) -> Tensor:
        """See the class."""
        if self.gate == "global":
            cosine = functional.cosine_similarity(text.flatten(1), image.flatten(1), dim=1)[:, None]
            return torch.sigmoid(self.slope * cosine + self.offset)[..., None].expand(-1, text.shape[1], 1)
        s = (text * image).sum(dim=2)  # (1)  S^m = F_text (x) F_image, summed within a token
        if self.gate == "sigmoid":
            standard = (s - s.mean(dim=1, keepdim=True)) / (s.std(dim=1, keepdim=True, correction=0) + 1e-6)
            return torch.sigmoid(self.slope * standard + self.offset)[..., None]
        p = torch.softmax(s, dim=1)  # (3)
        if self.gate == "scaled":
            p = (p * s.shape[1] / 2).clamp(max=1.0)
        return p[..., None]


class SequenceGate(nn.Module):
    """P^m of sequences that have no places in common: of each side's tokens, in [0, 1], (B, n_t, 1) and (B, n_i, 1).

    (1) multiplies the sides place by place. Here S^m of a token is its product with the mean of the other side's, which
    is the mean of its row (an image's: its column) of S^e; (3) runs over the real tokens of its own side.
    """

    def __init__(self, *, gate: Gate) -> None:
        super().__init__()
        self.gate = gate
        size = {"sigmoid": 2, "global": 1}.get(gate)  # text and image have each their own, or one for the post
        if size is not None:
            self.slope = nn.Parameter(torch.ones(size))
            self.offset = nn.Parameter(torch.zeros(size))

    def forward(self, text: Tensor, image: Tensor, text_mask: Tensor, image_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, n_t, d), (B, n_i, d) and their masks, at least one real token on each side."""
        means = masked_mean(text, text_mask), masked_mean(image, image_mask)
        if self.gate == "global":
            p = torch.sigmoid(self.slope * functional.cosine_similarity(*means, dim=1)[:, None] + self.offset)
            return p[:, None].expand(-1, text.shape[1], 1), p[:, None].expand(-1, image.shape[1], 1)
        s_text, s_image = (text * means[1][:, None]).sum(dim=2), (image * means[0][:, None]).sum(dim=2)  # (1)
        return self._weights(s_text, text_mask, side=0), self._weights(s_image, image_mask, side=1)

    def _weights(self, s: Tensor, mask: Tensor, *, side: int) -> Tensor:
        if self.gate == "sigmoid":
            centred = s - masked_mean(s[..., None], mask)
            variance = masked_mean(centred.square()[..., None], mask)
            return torch.sigmoid(self.slope[side] * centred / (variance + 1e-5).sqrt() + self.offset[side])[..., None]
        p = torch.softmax(s.masked_fill(~mask, -torch.inf), dim=1)  # (3)
        if self.gate == "scaled":
            p = (p * mask.sum(dim=1, keepdim=True) / 2).clamp(max=1.0)
        return p[..., None]


def element_similarity(text: Tensor, image: Tensor, *, scaled: bool, image_mask: Tensor | None = None) -> Tensor:
    """P^e (B, n_t, n_i), rows sum to 1: (2) S^e = F_text F_image^T, (4)-(5) softmax of each row over what is real.

    `scaled` normalises both sides and divides by sqrt(d): without it the rows are all but uniform for small vectors.
    """
    if scaled:
        text, image = (functional.layer_norm(side, side.shape[-1:]) for side in (text, image))
        text = text / text.shape[-1] ** 0.5
    s = text @ image.transpose(1, 2)
    if image_mask is not None:
        s = s.masked_fill(~image_mask[:, None], -torch.inf)
    return torch.softmax(s, dim=2)
