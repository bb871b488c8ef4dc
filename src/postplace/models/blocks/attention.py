"""Scaled dot-product attention in h heads (Vaswani et al., 2017): MRLF (3)-(5), SG-MFT (8)-(11)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int, key_mask: Tensor | None = None) -> Tensor:
    """softmax(Q K^T / sqrt(d_k)) V in each head, heads concatenated: (B, N, h d_k), (B, M, h d_k) x 2 -> (B, N, h d_k).

    Keys whose mask (B, M) is False get no weight; where a post has no real key at all the result is 0.
    Refuses two-dimensional input: (B, D) would be read as one sequence of B tokens, and posts would see each other.
    """
    for tensor in (query, key, value):
        if tensor.ndim != 3:
            raise ValueError(f"attention takes (batch, tokens, width), got {tuple(tensor.shape)}")
    q, k, v = (
        tensor.reshape(*tensor.shape[:2], heads, tensor.shape[2] // heads).transpose(1, 2)
        for tensor in (query, key, value)
    )
    if key_mask is None:
        out = functional.scaled_dot_product_attention(q, k, v)
        return out.transpose(1, 2).flatten(2)
    real = key_mask.any(dim=1)
    open_mask = key_mask | ~real[:, None]  # a softmax over nothing has no value: open all, then take 0 instead
    out = functional.scaled_dot_product_attention(q, k, v, attn_mask=open_mask[:, None, None, :])
    return (out.transpose(1, 2).flatten(2)).masked_fill(~real[:, None, None], 0.0)


class MultiHeadAttention(nn.Module):
    """Attention with its own projections: queries (B, N, D), keys = values (B, M, D) -> (B, N, D)."""

    def __init__(self, width: int, *, heads: int, head_width: int | None = None) -> None:
        super().__init__()
        if heads < 1 or (head_width is None and width % heads):
            raise BadOption("heads", f"{heads} do not divide the width {width}", "choose a divisor of the width")
        inner = heads * (head_width or width // heads)
        self.heads = heads
        self.query = nn.Linear(width, inner)
        self.key = nn.Linear(width, inner)
        self.value = nn.Linear(width, inner)
        self.output = nn.Linear(inner, width)

    def forward(self, queries: Tensor, keys: Tensor, *, key_mask: Tensor | None = None) -> Tensor:
        """Mask (B, M), True = real."""
        q, k, v = self.query(queries), self.key(keys), self.value(keys)
        out: Tensor = self.output(attend(q, k, v, heads=self.heads, key_mask=key_mask))
        return out
