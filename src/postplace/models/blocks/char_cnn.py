"""Characters -> a short sequence of local features: convolution and max-pooling over a small window, MRLF (1)-(2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption
from postplace.models.blocks.windows import convolved, put_back, window_maxima


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
        # (1)  c_ij = ReLU(b_j + sum_u sum_v w_juv e_(i+u)v), zero padding
        return self.pooled(convolved(self.convolution, characters, mask, before=self.window // 2), mask)

    def of_ids(self, table: nn.Embedding, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same from character ids (B, L) and their table, at a fraction of the cost.

        There are far fewer different characters in a batch than characters: each is multiplied with the filters once,
        and (1) is a sum over looked-up products w_ju e_(i+u).
        """
        kernel = self.window
        found, places = _different(functional.pad(ids * mask, (kernel // 2, kernel // 2)), len(table.weight))
        weights = self.convolution.weight.permute(1, 2, 0).flatten(1)  # (d_e, K f)
        vectors = table.weight[found].masked_fill((found == 0)[:, None], 0.0)  # padding adds nothing
        products = (vectors @ weights).view(len(found) * kernel, -1)
        windows = places.unfold(1, kernel, 1)[mask]  # (R, K) of the R real characters
        rows = windows * kernel + torch.arange(kernel, device=ids.device)
        c = functional.embedding_bag(rows, products, mode="sum")
        if self.convolution.bias is not None:
            c = c + self.convolution.bias
        return self.pooled(put_back(functional.relu(c), mask), mask)

    def pooled(self, c: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(2): c (B, L, f), 0 in padding, the least that a ReLU gives -> tokens (B, n, f) and their mask (B, n)."""
        # (2)  m_tj = max over the window of c
        return window_maxima(c, window=self.window, stride=self.stride), mask[:, :: self.stride]


def _different(ids: Tensor, known: int) -> tuple[Tensor, Tensor]:
    """The different ones of ids below `known`, in order, and which of them each id is."""
    there = torch.zeros(known, dtype=torch.bool, device=ids.device)
    there[ids.flatten()] = True
    return there.nonzero()[:, 0], (there.cumsum(0) - 1)[ids]
