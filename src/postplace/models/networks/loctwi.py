"""LocTwi: words through a transformer, characters through a CNN (Huang et al., Front. Big Data 2:5, 2019), two heads.

(1) E_i = E[w_i] + P[i]: words and, in the same way, characters, with learned positions
(2) Q, K, V = ReLU(X W + b) each;  A = softmax(Q K^T / sqrt(d_k)) V in each head; X' = LN(X + A)   (no W^O)
(3) X'' = LN(X' + W_2 ReLU(W_1 X')), W_1 four times as wide; twice (2), (3); word vector = sum over words
(4) for each kernel K = 3 ... 7: c = ReLU(conv_K(E)), m = max-pooling of c (window K, stride K - 1), dropout, LN
(5) `char_attention_layers` times (2), (3) on m; character vector = sum over tokens, the five side by side
(6) z = [words; characters];  class logits = W z + b;  coarse logits = W' z + b';  loss = CE_class + CE_coarse

The equations' numbers are ours; their form is that of the paper and its released code (city and country there).
Text is right-aligned there: position i counts from the end, and so do windows here. The released masks look for rows of
zeros after positions were added, so that padding is attended to and summed; here it is neither. No character is dropped
where windows do not fill the text; and a window may reach over the beginning, as all do there in short texts.
Text and hashtags are one string: their characters with a separator between them, their words one after another, each
from its own vocabulary.
Letters: B posts, n tokens, d width, h heads, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption, unknown_name
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.coarse_loss import coarse_loss
from postplace.models.blocks.concatenated_text import by_length, concatenated_text, from_the_end
from postplace.models.blocks.pooling import fill_absent, masked_mean
from postplace.models.blocks.windows import convolved, window_maxima
from postplace.models.entry import READS_TEXT, Training
from postplace.models.registry import register_model

KERNELS = (3, 4, 5, 6, 7)
WORD_POSITIONS = 64  # what stands farther from the end shares the last position
CHARACTER_POSITIONS = 320
NAMES: Mapping[str, tuple[str, ...]] = {"projections": ("relu", "linear"), "pooling": ("sum", "mean")}


class Layer(nn.Module):
    """(2), (3): tokens (B, n, d), mask (B, n) -> (B, n, d)."""

    def __init__(self, width: int, *, heads: int, dropout: float, rectified: bool) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.heads, self.rectified = heads, rectified
        self.norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        q, k, v = self.query(x), self.key(x), self.value(x)
        if self.rectified:
            q, k, v = functional.relu(q), functional.relu(k), functional.relu(v)
        x = self.norm(x + self.dropout(attended(q, k, v, mask, heads=self.heads)))
        out: Tensor = self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))
        return out


def attended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, *, heads: int) -> Tensor:
    """(2) in h heads, (B, n, d) -> (B, n, d); keys whose mask (B, n) is False get no weight, 0 where none is real.

    Written out: on a CPU the fused one takes several times as long to learn through heads this narrow.
    """
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (query, key, value))
    scores = q @ (k.transpose(2, 3) / k.shape[3] ** 0.5)
    weights = torch.softmax(scores + torch.where(mask, 0.0, -1e9)[:, None, None, :], dim=3)
    out: Tensor = (weights @ v).transpose(1, 2).flatten(2)
    return out.masked_fill(~mask.any(dim=1)[:, None, None], 0.0)


class CharacterBranch(nn.Module):
    """(4), (5) for one kernel: embedded characters (B, L, d), the last first -> tokens m (B, n, f), mask (B, n)."""

    def __init__(
        self, embedding: int, *, filters: int, kernel: int, heads: int, layers: int, dropout: float, rectified: bool
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(embedding, filters, kernel)
        self.norm = nn.LayerNorm(filters)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(filters, heads=heads, dropout=dropout, rectified=rectified) for _ in range(layers)
        )

    def forward(self, e: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mask (B, L), True = a real character."""
        kernel = self.convolution.kernel_size[0]
        c = convolved(self.convolution, e, mask, before=0)  # 0 in padding: a ReLU gives no less, so it never wins
        m = window_maxima(c, window=kernel, stride=kernel - 1)
        m, mask = self.norm(self.dropout(m)), mask[:, :: kernel - 1]
        for layer in self.layers:
            m = layer(m, mask)
        return m, mask


@register_model(
    "loctwi",
    title="LocTwi",
    family="text",
    modalities=READS_TEXT,
    inputs=frozenset({"characters", "coarse", "words"}),
    training=Training("adam", 5e-4, 128, 40, patience=5, decay_factor=0.5, decay_patience=2),
    citation="Huang, Tong, He and Maciejewski, Frontiers in Big Data 2:5, 2019",
    prefer_when="words and parts of words both matter, and places lie in districts that can be learned too",
    deviations="Districts (groups of neighbouring places) where there were countries, hashtags after the text; words "
    "64 wide with 4 heads, characters 32, 16 filters a kernel with 2 heads, not 200, 10, 100, 64 and 8; "
    "learning rate 5e-4, not 1e-4, up to 40 epochs, not 30, stopping after 5 without gain, not 3; a "
    "character or word counts from its second occurrence, not its tenth: posts are few, and learned on "
    "one core. Two attention layers over characters, as written; the released loop is never entered (0). "
    "Padding is masked throughout.",
    vocabulary={"max_characters": 140, "max_words": 30},
    ranges={"char_attention_layers": (0, 6)},
    search={"dropout": (0.3, 0.5), "filters": (16, 64), "width": (64, 200)},
)
class LocTwi(nn.Module):
    """Batch -> class logits (B, C), those of `classifier`; `coarse_classifier` helps in training alone.

    `char_attention_layers` 2 is what the paper describes; 0 is what the released loop, which is never entered, does.
    `projections` relu is (2), linear the usual attention; `pooling` sum is (3) and (5).
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        characters: int = 32,
        filters: int = 16,
        char_heads: int = 2,
        char_attention_layers: int = 2,
        projections: str = "relu",
        pooling: str = "sum",
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        for name, chosen in (("projections", projections), ("pooling", pooling)):
            if chosen not in NAMES[name]:
                raise unknown_name(name, chosen, NAMES[name])
        for name, number, wide in (("heads", heads, width), ("char_heads", char_heads, filters)):
            if wide % number:
                raise BadOption(name, f"{number} do not divide the width {wide}", "choose a divisor of the width")
        rectified = projections == "relu"
        self.separator, self.first_hashtag, self.pooling = sizes.characters, sizes.words, pooling
        self.words = nn.Embedding(sizes.words + sizes.hashtags, width, padding_idx=0)
        self.word_positions = nn.Parameter(torch.randn(WORD_POSITIONS, width) * 0.1)
        self.word_layers = nn.ModuleList(
            Layer(width, heads=heads, dropout=dropout, rectified=rectified) for _ in range(layers)
        )
        self.characters = nn.Embedding(sizes.characters + 1, characters, padding_idx=0)
        self.character_positions = nn.Parameter(torch.randn(CHARACTER_POSITIONS, characters) * 0.1)
        options = {"filters": filters, "heads": char_heads, "layers": char_attention_layers, "dropout": dropout}
        self.branches = nn.ModuleList(
            CharacterBranch(characters, kernel=kernel, rectified=rectified, **options)  # type: ignore[arg-type]
            for kernel in KERNELS
        )
        self.absent_words = nn.Parameter(torch.zeros(width))
        self.absent_characters = nn.Parameter(torch.zeros(len(KERNELS) * filters))
        fused = width + len(KERNELS) * filters
        self.classifier = nn.Linear(fused, classes)
        self.coarse_classifier = nn.Linear(fused, max(sizes.coarse) + 1) if sizes.coarse else None
        self.register_buffer("coarse", torch.tensor(sizes.coarse, dtype=torch.int64), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C) of the classes."""
        logits: Tensor = self.classifier(self.fused(batch))
        return logits

    def loss(self, batch: Batch, labels: Tensor, class_weights: Tensor | None) -> Tensor:
        """(6): the sum of the two mean cross-entropies; weights (C,) are those of the classes alone."""
        z = self.fused(batch)
        loss = functional.cross_entropy(self.classifier(z), labels, weight=class_weights)
        groups: Tensor = self.coarse  # type: ignore[assignment]
        return loss + coarse_loss(z, labels, head=self.coarse_classifier, groups=groups)

    def fused(self, batch: Batch) -> Tensor:
        """Z (B, d + 5 f)."""
        return torch.cat([self.word_vector(batch), self.character_vector(batch)], dim=1)

    def word_vector(self, batch: Batch) -> Tensor:
        """(1)-(3): (B, d)."""
        b = batch
        text, hashtags = b.text_words * b.text_mask[:, None], b.hashtag_words * b.hashtag_mask[:, None]
        ids = from_the_end(concatenated_text(text, hashtags, offset=self.first_hashtag))
        return fill_absent(by_length(ids, self._word_vectors), (ids != 0).any(dim=1), self.absent_words)

    def _word_vectors(self, ids: Tensor) -> Tensor:
        x, mask = _positioned(self.words, self.word_positions, ids)
        for layer in self.word_layers:
            x = layer(x, mask)
        return self._pooled(x, mask)

    def character_vector(self, batch: Batch) -> Tensor:
        """(1), (4), (5): (B, 5 f)."""
        b = batch
        text, hashtags = b.text_characters * b.text_mask[:, None], b.hashtag_characters * b.hashtag_mask[:, None]
        ids = from_the_end(concatenated_text(text, hashtags, separator=self.separator))
        vectors = by_length(ids, self._character_vectors)
        return fill_absent(vectors, (ids != 0).any(dim=1), self.absent_characters)

    def _character_vectors(self, ids: Tensor) -> Tensor:
        e, mask = _positioned(self.characters, self.character_positions, ids)
        return torch.cat([self._pooled(*branch(e, mask)) for branch in self.branches], dim=1)

    def _pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        return masked_mean(x, mask) if self.pooling == "mean" else (x * mask[..., None]).sum(dim=1)


def _positioned(table: nn.Embedding, positions: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """(1): ids (B, n), the last first -> tokens (B, n, d), 0 where there is none, and their mask."""
    mask = ids != 0
    places = torch.arange(ids.shape[1], device=ids.device).clamp(max=len(positions) - 1)
    return (table(ids) + positions[places]).masked_fill(~mask[..., None], 0.0), mask
