"""Words -> one vector: convolution and max-pooling over the whole sequence (Kim, 2014; MRLF, III-A2)."""

from __future__ import annotations

from torch import Tensor, nn

from postplace.models.blocks.windows import convolved


class TextCNN(nn.Module):
    """Embedded words (B, W, d_e) and their mask (B, W) -> h_w (B, f); 0 where there is no word."""

    def __init__(self, embedding: int, *, filters: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(embedding, filters, kernel, padding=kernel // 2)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        return convolved(self.convolution, words, mask, before=self.convolution.kernel_size[0] // 2).amax(dim=1)
