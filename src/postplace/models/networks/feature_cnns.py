"""Feature-level fusion of two CNNs (Meng et al., 2017), and its variant with user attributes (Wang et al., 2021).

(1) t = [CNN_3(words); CNN_4(words); CNN_5(words)]: one layer of convolution a kernel, max-pooled (Kim, 2014)
(2) v = W_i x + b_i, x the image's vector of a frozen network
(3) logits = W dropout([t; v]) + b
User attributes: (2') x the mean over several images, u = W_u a + b_u, a the attributes, and gates before (3):
(4) s = [t; v; u];  g_m = sigmoid(W_m s + b_m);  h = [g_t * t; g_v * v; g_u * u];  logits = W dropout(h) + b

Reconstructions: neither text is at hand. What is known second-hand is TextCNN with CaffeNet, concatenated, and TextCNN
with PlacesCNN, several images and user attributes under a cross-modal fusion; kernels and widths are Kim's and their
usual ones, the form of the gates is ours, and so are the equations' numbers.
Letters: B posts, W words, I images, f filters, d width of v and u, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import image_mean
from postplace.models.blocks.pooling import fill_absent
from postplace.models.blocks.text_cnn import TextCNN
from postplace.models.entry import ON_VECTORS, READS_ALL, READS_TEXT, Input
from postplace.models.registry import register_model

KERNELS = (3, 4, 5)


class WordsCNN(nn.Module):
    """Batch -> t (B, 3 f), (1), over the words of the text and of the hashtags, a learned vector where there is none.

    Words and hashtags have tables of their own and share the filters; the greater of the two answers counts, as if
    hashtags stood behind the text at a distance that no window spans.
    """

    def __init__(self, sizes: InputSizes, *, embedding: int, filters: int) -> None:
        super().__init__()
        self.words = nn.Embedding(sizes.words, embedding, padding_idx=0)
        self.hashtags = nn.Embedding(sizes.hashtags, embedding, padding_idx=0)
        self.cnns = nn.ModuleList(TextCNN(embedding, filters=filters, kernel=kernel) for kernel in KERNELS)
        self.absent_words = nn.Parameter(torch.zeros(len(KERNELS) * filters))

    def forward(self, batch: Batch) -> Tensor:
        """See the class."""
        words = (batch.text_words != 0) & batch.text_mask[:, None]
        tags = (batch.hashtag_words != 0) & batch.hashtag_mask[:, None]
        embedded = (self.words(batch.text_words), words), (self.hashtags(batch.hashtag_words), tags)
        of_text, of_tags = (torch.cat([cnn(x, mask) for cnn in self.cnns], dim=1) for x, mask in embedded)
        present = words.any(dim=1) | tags.any(dim=1)
        return fill_absent(torch.maximum(of_text, of_tags), present, self.absent_words)


def _get_inactive(settings: Mapping[str, Any], available: frozenset[str]) -> set[str]:
    """A branch that is never given anything is a learned vector, however wide; attributes are as wide as images."""
    of_text = set() if available & READS_TEXT else {"filters"}
    return of_text if "image" in available or settings.get("past") else {*of_text, "image_features"}


_WORDS: frozenset[Input] = frozenset({"words", "image_vector"})


def _get_inputs(settings: Mapping[str, Any]) -> frozenset[Input]:
    return _WORDS | {"past_vectors"} if settings.get("past") else _WORDS


@register_model(
    "feature-cnns",
    title="Feature-level fusion CNNs",
    family="text and image",
    modalities=READS_ALL,
    inputs=frozenset({"image_vector", "words"}),
    training=ON_VECTORS,
    citation="Meng et al., MUSA2 at ACM Multimedia 2017; TextCNN of Kim, Convolutional Neural Networks for "
    "Sentence Classification, EMNLP 2014",
    prefer_when="words that the frozen text encoder does not know (names, slang) tell the place",
    deviations="A reconstruction from second-hand descriptions. Any image encoder stands where CaffeNet's fc7 did; "
    "words are learned with the rest, where Kim's were word2vec's; 100 filters of each width are his; "
    "hashtags are read as words too.",
    search={"dropout": (0.3, 0.5), "filters": (50, 100), "image_features": (128, 256)},
    inactive=_get_inactive,
)
class FeatureCNNs(nn.Module):
    """Batch -> logits (B, C): (1)-(3). Several images are averaged."""

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        embedding: int = 128,
        filters: int = 100,
        image_features: int = 256,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.text = WordsCNN(sizes, embedding=embedding, filters=filters)
        self.image = nn.Linear(sizes.image_width, image_features)
        self.absent_image = nn.Parameter(torch.zeros(image_features))
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(len(KERNELS) * filters + image_features, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        t = self.text(batch)  # (1)
        x, present = image_mean(batch)
        v = fill_absent(self.image(x), present, self.absent_image)  # (2)
        logits: Tensor = self.classifier(self.dropout(torch.cat([t, v], dim=1)))  # (3)
        return logits


@register_model(
    "user-cnns",
    title="Fusion CNNs with user attributes",
    family="text and image",
    modalities=READS_ALL,
    inputs=_get_inputs,
    training=ON_VECTORS,
    citation="Wang et al., IEEE MultiMedia 28(4), 2021",
    prefer_when="the same users post again and again: what they posted before says where they are now",
    deviations="A reconstruction from second-hand descriptions; the form of the gates is ours. Any image encoder "
    "stands where PlacesCNN did; the attributes are the mean vectors of the user's earlier posts alone, "
    "for a profile is not given, and counts of places would give the answer away.",
    search={"dropout": (0.3, 0.5), "filters": (50, 100), "image_features": (128, 256)},
    inactive=_get_inactive,
)
class UserCNNs(nn.Module):
    """Batch -> logits (B, C): (1), (2'), (4).

    The attributes a are what the user had posted before: the mean text, hashtag and image vectors of the earlier posts,
    never a label; `past` = False leaves them, and u, out. A learned u stands for a user without a past.
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        past: bool = True,
        embedding: int = 128,
        filters: int = 100,
        image_features: int = 256,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.text = WordsCNN(sizes, embedding=embedding, filters=filters)
        self.image = nn.Linear(sizes.image_width, image_features)
        self.absent_image = nn.Parameter(torch.zeros(image_features))
        if past and not sizes.past_width:
            raise BadOption("past", "there are no vectors of what users had posted before", "give past=false")
        self.past = nn.Linear(sizes.past_width, image_features) if past else None
        if past:
            self.absent_past = nn.Parameter(torch.zeros(image_features))
        widths = [len(KERNELS) * filters, image_features, *([image_features] if past else [])]
        self.gates = nn.ModuleList(nn.Linear(sum(widths), width) for width in widths)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(sum(widths), classes)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        x, present = image_mean(batch)
        parts = [self.text(batch), fill_absent(self.image(x), present, self.absent_image)]  # (1), (2')
        if self.past is not None:
            parts.append(self.attributes(batch, self.past))
        s = torch.cat(parts, dim=1)
        h = torch.cat([torch.sigmoid(gate(s)) * part for gate, part in zip(self.gates, parts, strict=True)], dim=1)
        logits: Tensor = self.classifier(self.dropout(h))  # (4)
        return logits

    def attributes(self, batch: Batch, to_width: nn.Linear) -> Tensor:
        """(2'): u (B, d)."""
        if batch.past_vector is None or batch.past_mask is None:
            raise ValueError("the batch says nothing of what users had posted before")
        a = batch.past_vector.masked_fill(~batch.past_mask[:, None], 0.0)
        return fill_absent(to_width(a), batch.past_mask, self.absent_past)
