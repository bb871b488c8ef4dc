"""Characters -> a short sequence of local features: convolution and max-pooling over a small window, MRLF (1)-(2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption


class CharacterCNN(nn.Module):
    """Embedded characters (B, L, d_e) -> tokens M (B, n, f) and their mask, n = ceil(L / stride).

    Window p = K and stride s = K - 1 as in LocTwi, MRLF's model for this module. The last window reaches into padding,
    so that every character is in some window; a token is real when the first character of its window is.
    """

    def __init__(self, embedding: int, *, filters: int, kernel: int) -> None:
        super().__init__()
        if kernel % 2 == 0 or kernel < 3:
            raise BadOption("kernel", f"{kernel} is not an odd number of at least 3", "MRLF: K = 2 delta + 1")
        self.convolution = nn.Conv1d(embedding, filters, kernel, padding=kernel // 2)
        self.window, self.stride = kernel, kernel - 1

    def forward(self, characters: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Embedded characters and their mask (B, L), True = a real character."""
        embedded = characters.masked_fill(~mask[..., None], 0.0)
        # (1)  c_ij = ReLU(b_j + sum_u sum_v w_juv e_(i+u)v), zero padding
        return self.pooled(self.convolution(embedded.transpose(1, 2)), mask)

    def of_ids(self, table: nn.Embedding, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same from character ids (B, L) and their table, at a fraction of the cost.

        There are far fewer characters in a vocabulary than in a batch: each row of the table is multiplied with the
        filters once, and (1) is a sum over looked-up products w_ju e_(i+u).
        """
        kernel = self.window
        products = torch.einsum("vd,fdu->vuf", table.weight, self.convolution.weight)
        products = torch.cat([torch.zeros_like(products[:1]), products[1:]]).flatten(0, 1)  # padding adds nothing
        shifted = functional.pad(ids * mask, (kernel // 2, kernel // 2)).unfold(1, kernel, 1)  # (B, L, K)
        rows = shifted * kernel + torch.arange(kernel, device=ids.device)
        c = functional.embedding_bag(rows.flatten(0, 1), products, mode="sum").view(*ids.shape, -1)
        if self.convolution.bias is not None:
            c = c + self.convolution.bias
        return self.pooled(c.transpose(1, 2), mask)

    def pooled(self, c: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The rest of (1), and (2): convolved (B, f, L) -> tokens (B, n, f) and their mask (B, n)."""
        c = functional.relu(c)
        c = c.masked_fill(~mask[:, None, :], 0.0)  # 0 is the least a ReLU gives: padding never wins the maximum
        # (2)  m_tj = max over the window of c
        tokens = -(-c.shape[2] // self.stride)
        c = functional.pad(c, (0, (tokens - 1) * self.stride + self.window - c.shape[2]))
        m = functional.max_pool1d(c, self.window, self.stride)  # (B, f, n)
        return m.transpose(1, 2), mask[:, :: self.stride]
