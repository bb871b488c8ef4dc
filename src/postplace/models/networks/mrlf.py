"""MRLF: Multi-modal Representation Learning Framework (Dai et al., ICC 2023, arXiv 2306.07935), equations (1)-(13).

Characters of text and hashtags go through a convolution and self-attention, words through a convolution, images
through a fully-connected layer on frozen features; text and hashtags are fused on the convolution outputs, before
either is finished ("early fusion"); one linear layer classifies the concatenation.

The symbols of the equations and most sizes are lost in every public copy of the paper. The reconstruction follows the
prose and LocTwi (Huang et al., 2019), whose module this one repeats step by step; where several readings are possible,
`fusion` names them. The loss (13) is in `training/losses.py`.
Letters: B posts, L characters, n tokens after pooling, f filters, W words, I images, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from postplace.errors import unknown_name
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.attention import MultiHeadAttention
from postplace.models.blocks.char_cnn import CharacterCNN
from postplace.models.blocks.pooling import fill_absent, masked_mean
from postplace.models.blocks.text_cnn import TextCNN
from postplace.models.entry import READS_ALL, READS_TEXT, Training
from postplace.models.registry import register_model

Fusion = Literal["cross", "cross_both", "joint", "late", "none", "text_image", "tag_image", "all"]
Tokens = tuple[Tensor, Tensor]  # (B, n, f) and mask (B, n)


class SelfAttentionBlock(nn.Module):
    """Tokens M (B, n, f) -> H'' (B, n, f): equations (3)-(5), then feed-forward, each with residual and norm."""

    def __init__(self, filters: int, *, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(filters, heads=heads)
        self.norm = nn.LayerNorm(filters)
        self.feed_forward = nn.Sequential(nn.Linear(filters, 4 * filters), nn.ReLU(), nn.Linear(4 * filters, filters))
        self.feed_forward_norm = nn.LayerNorm(filters)
        self.dropout = nn.Dropout(dropout)

    def forward(self, m: Tensor, mask: Tensor) -> Tensor:
        """Mask (B, n), True = real."""
        # (3) Q = M W^Q, K = M W^K, V = M W^V   (4) A_a = softmax(Q_a K_a^T / sqrt(d_k))   (5) H = Concat(A_a V_a) W^O
        h = self.attention(m, m, key_mask=mask)
        h = self.norm(m + self.dropout(h))
        out: Tensor = self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
        return out


class TextBranch(nn.Module):
    """One of the two kinds of text (the text, the hashtags): M for the fusion, h_c and h_w for the classifier."""

    def __init__(
        self, width: int, words: int, *, filters: int, kernels: tuple[int, int], heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width, padding_idx=0)
        self.character_cnn = CharacterCNN(width, filters=filters, kernel=kernels[0])
        self.word_cnn = TextCNN(width, filters=filters, kernel=kernels[1])
        self.self_attention = SelfAttentionBlock(filters, heads=heads, dropout=dropout)
        self.absent_characters = nn.Parameter(torch.zeros(filters))
        self.absent_words = nn.Parameter(torch.zeros(filters))

    def forward(
        self, table: nn.Embedding, characters: Tensor, words: Tensor, present: Tensor
    ) -> tuple[Tokens, Tokens, Tensor, Tensor]:
        """Table of characters, ids (B, L) and (B, W), present (B,) -> tokens M, H'', vectors h_c and h_w (B, f)."""
        real = (characters != 0) & present[:, None]
        m, mask = self.character_cnn.of_ids(table, characters, real)  # (1), (2)
        finished = self.self_attention(m, mask)  # (3)-(5)
        h_c = fill_absent(masked_mean(finished, mask), mask.any(dim=1), self.absent_characters)
        real = (words != 0) & present[:, None]
        h_w = fill_absent(self.word_cnn(self.words(words), real), real.any(dim=1), self.absent_words)
        return (m, mask), (finished, mask), h_c, h_w


def _get_inactive(_settings: Mapping[str, Any], available: frozenset[str]) -> set[str]:
    """A branch that is never given anything is a learned vector, however wide."""
    of_text = set() if available & READS_TEXT else {"filters"}
    return of_text if "image" in available else {*of_text, "image_features"}


@register_model(
    "mrlf",
    title="MRLF",
    family="text and image",
    modalities=READS_ALL,
    inputs=frozenset({"characters", "image_vector", "words"}),
    training=Training("rmsprop", 3e-4, 128, 50, patience=5, decay_factor=0.8, decay_patience=3),
    citation="Dai et al., Multi-modal Representation Learning for Social Post Location Inference, ICC 2023, arXiv "
    "2306.07935",
    prefer_when="posts are many and noisy, slang and misspelt names matter, hashtags repeat words of the text",
    deviations="Any image encoder stands where VGG19 did. Most sizes are lost in every public copy; the learning "
    "rate (3e-4), the patience (5) and the least count of a character or word (2) were chosen on "
    "validation parts.",
    search={"dropout": (0.3, 0.5), "filters": (64, 128), "image_features": (128, 256)},
    inactive=_get_inactive,
)
class MRLF(nn.Module):
    """Batch -> logits (B, C). See the module for the paper, `fusion` below for the readings of (6)-(8).

    cross: text tokens ask, hashtag tokens answer (the default). cross_both: both directions, summed. joint:
    self-attention over both. late: as cross, on the finished tokens (the paper's text-tag-end). none: no fusion.
    text_image, tag_image, all: the paper's Sec. IV-D; the pair, or text asking hashtags and images together.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        fusion: Fusion = "cross",
        embedding: int = 128,
        filters: int = 128,
        kernel: int = 5,
        word_kernel: int = 3,
        heads: int = 8,
        dropout: float = 0.3,
        image_features: int = 256,
    ) -> None:
        super().__init__()
        if fusion not in get_args(Fusion):
            raise unknown_name("fusion", str(fusion), get_args(Fusion))
        self.fusion = fusion
        # One table for the characters of both: the same word in text and hashtags starts from the same vectors, and
        # finding such words is what the fusion is for.
        self.characters = nn.Embedding(sizes.characters, embedding, padding_idx=0)
        kernels = kernel, word_kernel
        self.text = TextBranch(embedding, sizes.words, filters=filters, kernels=kernels, heads=heads, dropout=dropout)
        self.hashtags = TextBranch(
            embedding, sizes.hashtags, filters=filters, kernels=kernels, heads=heads, dropout=dropout
        )
        self.image = nn.Linear(sizes.image_width, image_features)
        self.absent_image = nn.Parameter(torch.zeros(image_features))
        if fusion != "none":
            self.fuse = MultiHeadAttention(filters, heads=heads)
            self.absent_fusion = nn.Parameter(torch.zeros(filters))
        if fusion == "cross_both":
            self.fuse_back = MultiHeadAttention(filters, heads=heads)
        if fusion in ("text_image", "tag_image", "all"):
            self.image_tokens = nn.Linear(sizes.image_width, filters)
        self.dropout = nn.Dropout(dropout)
        width = 4 * filters + image_features + (filters if fusion != "none" else 0)
        self.classifier = nn.Linear(width, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        z = by_length(batch, self.features)
        logits: Tensor = self.classifier(self.dropout(z))  # (10); softmax (11) and argmax (12) are the caller's
        return logits

    def features(self, batch: Batch) -> Tensor:
        """(1)-(9): z (B, 4 f + D' [+ f])."""
        b = batch
        text, text_end, h_c_text, h_w_text = self.text(self.characters, b.text_characters, b.text_words, b.text_mask)
        tags, tags_end, h_c_tags, h_w_tags = self.hashtags(
            self.characters, b.hashtag_characters, b.hashtag_words, b.hashtag_mask
        )
        # v = FC(GAP(VGG19(image))): the frozen part is the image encoder; several images are averaged
        v = self.image(masked_mean(b.image_vectors, b.image_mask))
        v = fill_absent(v, b.image_mask.any(dim=1), self.absent_image)
        parts = [h_c_text, h_c_tags, h_w_text, h_w_tags, v]
        if self.fusion != "none":
            early = (text, tags) if self.fusion != "late" else (text_end, tags_end)
            parts.append(self.fused(*early, batch))  # (6)-(8)
        return torch.cat(parts, dim=1)  # (9)

    def fused(self, text: Tokens, tags: Tokens, batch: Batch) -> Tensor:
        """h_f (B, f): (6) Q from one side, K and V from the other, (7) attention in heads, (8) W^O; mean of tokens."""
        if self.fusion == "joint":
            both = _joined(text, tags)
            return self._pooled(self.fuse, both, both)
        if self.fusion == "text_image":
            return self._pooled(self.fuse, text, self._images(batch))
        if self.fusion == "tag_image":
            return self._pooled(self.fuse, tags, self._images(batch))
        if self.fusion == "all":
            return self._pooled(self.fuse, text, _joined(tags, self._images(batch)))
        if self.fusion == "cross_both":
            return self._pooled(self.fuse, text, tags) + self._pooled(self.fuse_back, tags, text)
        return self._pooled(self.fuse, text, tags)

    def _pooled(self, attention: MultiHeadAttention, asking: Tokens, answering: Tokens) -> Tensor:
        (queries, query_mask), (keys, key_mask) = asking, answering
        f = attention(queries, keys, key_mask=key_mask)
        both = query_mask.any(dim=1) & key_mask.any(dim=1)
        return fill_absent(masked_mean(f, query_mask), both, self.absent_fusion)

    def _images(self, batch: Batch) -> Tokens:
        vectors = batch.image_vectors.masked_fill(~batch.image_mask[..., None], 0.0)
        return self.image_tokens(vectors), batch.image_mask


def by_length(batch: Batch, features: Callable[[Batch], Tensor], *, rows: int = 32) -> Tensor:
    """A function of a batch, one row a post, called on a CPU with some posts of like length at a time.

    Few posts are nearly as long as the longest of a batch; the rest would mostly be padding, which takes as long.
    """
    if batch.text_mask.device.type != "cpu":
        return features(batch)
    lengths = (batch.text_characters != 0).sum(dim=1) + (batch.hashtag_characters != 0).sum(dim=1)
    order = torch.argsort(lengths, stable=True)
    return torch.cat([features(batch.rows(some)) for some in torch.split(order, rows)])[torch.argsort(order)]


def _joined(first: Tokens, second: Tokens) -> Tokens:
    return torch.cat([first[0], second[0]], dim=1), torch.cat([first[1], second[1]], dim=1)
