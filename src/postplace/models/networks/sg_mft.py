"""SG-MFT: Similarity-Guided Multimodal Fusion Transformer (Zhang et al., arXiv 2405.05760), equations (1)-(18).

Frozen vectors of text and image are compared as a whole and element by element; the similarities steer an attention
between self and other (SIM) and a feed-forward layer; two cross-attentions fuse the sides (SFM); five fully-connected
layers classify.

The paper's shapes agree only if a vector of width D is read as D tokens of width 1. `tokens` cuts it into n tokens of
width d = D / n instead: n = D is that literal reading, n = 1 makes every softmax over keys trivial, the queries void,
and n = 32 keeps all formulas working. `sg_mft_sequences.py` reads token states in the place of vectors. SIM is in
`blocks/interaction.py`, the loss (19) in `training/losses.py`.

The ablations of its Tables 2 and 3 are settings: `layers` = 0 leaves SIM out, `fusion` = none SFM ("Baseline + CLIP" is
both), and `text_input` = words takes the mean of word embeddings for the text's vector ("Baseline", with a CNN as the
image encoder). `fusion` = asymmetric, merge or co puts one layer of mPLUG's, merge or co-attention in SFM's place. How
the sides then reach the classifier is not said there: they are concatenated, of the asymmetric layer the text alone.
Letters: B posts, D width of a side, n tokens, d width of a token, h heads, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.attention import MultiHeadAttention
from postplace.models.blocks.fusion import FusionLayer
from postplace.models.blocks.interaction import InteractionModule, TokenNorm, check_names
from postplace.models.blocks.mlp_head import mlp_head
from postplace.models.blocks.modality_tokens import image_mean, text_mean, to_width
from postplace.models.blocks.pooling import fill_absent, masked_mean
from postplace.models.blocks.similarity import Gate
from postplace.models.entry import READS_ALL, STATES, VECTORS, Input, Training, constructor_defaults
from postplace.models.networks.sg_mft_sequences import SequenceSGMFT
from postplace.models.registry import register_model
from postplace.text.stop_words import SG_MFT

WIDTH = 1024  # of a side, when the two encoders disagree: that of the paper's Chinese-CLIP
WORD_WIDTH = 128  # of a word embedding of the Baseline; the paper gives none
Fusion = Literal["cross", "none", "asymmetric", "merge", "co"]


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


class WordMean(nn.Module):
    """Batch -> the mean embedding (B, D_w) of a post's words and hashtags, and whether it has any (B,)."""

    def __init__(self, sizes: InputSizes, width: int) -> None:
        super().__init__()
        self.words = nn.Embedding(sizes.words, width, padding_idx=0)
        self.hashtags = nn.Embedding(sizes.hashtags, width, padding_idx=0)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """See the class."""
        embedded = torch.cat([self.words(batch.text_words), self.hashtags(batch.hashtag_words)], dim=1)
        masks = (
            (batch.text_words != 0) & batch.text_mask[:, None],
            (batch.hashtag_words != 0) & batch.hashtag_mask[:, None],
        )
        mask = torch.cat(masks, dim=1)
        return masked_mean(embedded, mask), mask.any(dim=1)


class SGMFT(nn.Module):
    """Batch -> logits (B, C). See the module for the paper, the readings and the ablations.

    F_text is the mean of the text's and the hashtags' vectors, those that are there; F_image that of the images;
    a learned vector stands in for a side that is absent, so that nothing of a batch's zeros is ever compared.
    `features` is D (None: the encoders' width if equal, else 1024; with words the images'); `tokens` n, a divisor of
    D or "scalar" (n = D).
    """

    def __init__(
        self,
        sizes: InputSizes,
        *,
        classes: int,
        features: int | None = None,
        tokens: int | Literal["scalar"] = 32,
        text_input: Literal["vectors", "words"] = "vectors",
        feature_norm: Literal["layer", "none"] = "layer",
        gate: Gate = "sigmoid",
        normalise_over: Literal["width", "tokens"] = "width",
        cross_query: Literal["other", "own"] = "other",
        feed_forward: Literal["text", "image"] = "text",
        fusion: Fusion = "cross",
        layers: int = 1,
        heads: int = 8,
        head_width: int = 8,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_names(normalise_over=normalise_over, feature_norm=feature_norm, text_input=text_input, fusion=fusion)
        check_names(gate=gate, cross_query=cross_query, feed_forward=feed_forward)
        text_width = WORD_WIDTH if text_input == "words" else sizes.text_width
        same = text_input == "words" or sizes.text_width == sizes.image_width
        width = features or (sizes.image_width if same else WIDTH)
        self.n, self.d = n, d = _layout(width, tokens, normalise_over=normalise_over)
        self.words = WordMean(sizes, WORD_WIDTH) if text_input == "words" else None
        self.text_map = to_width(text_width, width, norm=feature_norm == "layer", dropout=dropout)
        self.image_map = to_width(sizes.image_width, width, norm=feature_norm == "layer", dropout=dropout)
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
        attention: dict[str, int] = {"heads": heads, "head_width": head_width}
        self.fusion: FusionModule | FusionLayer
        if fusion == "cross":
            self.fusion, streams = FusionModule(d, **attention), 1
        else:
            normed = 2 * n if fusion == "merge" else n
            norm = partial(TokenNorm, normed, d, over=normalise_over)
            self.fusion = FusionLayer(fusion, d, **attention, dropout=dropout, norm=norm)
            streams = self.fusion.streams
        self.classifier = mlp_head(streams * width, classes, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B, C)."""
        f_text, f_image = self.sides(batch)
        text, image = (side.reshape(-1, self.n, self.d) for side in (f_text, f_image))
        if self.chunks is not None:
            text, image = text + self.chunks[0], image + self.chunks[1]
        for interaction in self.interaction:
            text, image = interaction(text, image)  # (1)-(16)
        if isinstance(self.fusion, FusionModule):
            m_fuse = self.fusion(text, image)  # (17)
        else:
            m_fuse = torch.cat(self.fusion(text, image), dim=1)
        logits: Tensor = self.classifier(m_fuse.flatten(1))  # (18); the softmax is the caller's
        return logits

    def sides(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """F_text, F_image (B, D)."""
        text, any_text = text_mean(batch) if self.words is None else self.words(batch)
        image, any_image = image_mean(batch)
        return (
            fill_absent(self.text_map(text), any_text, self.absent_text),
            fill_absent(self.image_map(image), any_image, self.absent_image),
        )


def _layout(width: int, tokens: int | str, *, normalise_over: str) -> tuple[int, int]:
    """n and d of tokens that make up a width; BadOption where there are none, or where normalising would void them."""
    n = width if tokens == "scalar" else tokens
    if not isinstance(n, int) or n < 1 or width % n:
        raise BadOption("tokens", f"{tokens!r} does not divide the width {width}", "choose a divisor, or scalar")
    d = width // n
    if d == 1 and normalise_over == "width":
        raise BadOption("normalise_over", "'width' with tokens of width 1 sets every one to 0", "give tokens")
    if n == 1 and normalise_over == "tokens":
        raise BadOption("normalise_over", "'tokens' with a single token sets everything to 0", "give width")
    return n, d


_SEQUENCES = {
    "cross_query": ("own", "where the other side has another number of queries"),
    "normalise_over": ("width", "whose number differs from post to post"),
    "text_input": ("vectors", "which are what the text encoder gives"),
}


def _check_sequences(settings: Mapping[str, Any]) -> None:
    """With token states a text and its image differ in length: of some settings only one value is possible."""
    for name, (value, why) in _SEQUENCES.items():
        if settings.get(name, value) != value:
            problem = f"{settings[name]!r} does not go with tokens=states, {why}"
            raise BadOption(name, problem, f"give {name}={value}, or take sg-mft-tokens")


def _get_inputs(settings: Mapping[str, Any]) -> frozenset[Input]:
    if settings["tokens"] != "states":
        return frozenset({"words", "image_vector"}) if settings["text_input"] == "words" else VECTORS
    _check_sequences(settings)
    return STATES


def _get_inactive(settings: Mapping[str, Any], _available: frozenset[str]) -> set[str]:
    """Without SIM and SFM nothing is cut into tokens, and no head is there."""
    return {"tokens", "head_width"} if settings["layers"] == 0 and settings["fusion"] == "none" else set()


def build_sg_mft(sizes: InputSizes, *, classes: int, **settings: Any) -> SGMFT | SequenceSGMFT:
    """The network over vectors or, `tokens` = "states", the one over token sequences."""
    if settings.get("tokens") != "states":
        return SGMFT(sizes, classes=classes, **settings)
    _check_sequences(settings)
    of_sequences = {name: value for name, value in settings.items() if name not in ("tokens", *_SEQUENCES)}
    return SequenceSGMFT(sizes, classes=classes, **of_sequences)


_TRAINING = Training("adam", 2e-4, 64, 30, patience=4, decay_factor=0.8, decay_patience=2, betas=(0.9, 0.99))
_ZHANG = (
    "Zhang et al., Similarity Guided Multimodal Fusion Transformer for Semantic Location Prediction, arXiv 2405.05760"
)
_RANGES = {"layers": (0.0, 24.0)}  # 0: without SIM
_VOCABULARY = {"word_rules": SG_MFT}  # of the paper's Baseline, which reads words
_TYPES: Mapping[str, type] = {"features": type(None), "tokens": str}

register_model(
    "sg-mft",
    title="SG-MFT",
    training=_TRAINING,
    prefer_when="posts are few, so that what the frozen encoders know already must do most of the work",
    deviations="Vectors are cut into 32 tokens, each with a learned embedding of its position, not into tokens of "
    "width 1, and the gate is a sigmoid: as printed, its weights are 1/n on average and switch the "
    "cross-attention off. Both sides of (2) are normalised and divided by sqrt(d), otherwise the rows of "
    "P^e are all but uniform; a layer norm stands before everything. Any encoders stand where "
    "Chinese-CLIP did; hashtags are read with the text, and of several images the mean. Learning rate "
    "2e-4, not 1e-5, and falling, batches of 64, not 20, and early stopping: chosen on validation parts.",
    search={"dropout": (0.3, 0.5), "tokens": (16, 32, 64), "head_width": (8, 16)},
    inactive=_get_inactive,
    factory=build_sg_mft,
    vocabulary=_VOCABULARY,
    family="text and image",
    modalities=READS_ALL,
    inputs=_get_inputs,
    citation=_ZHANG,
    ranges=_RANGES,
    extra_types=_TYPES,
)(SGMFT)

register_model(
    "sg-mft-paper",
    title="SG-MFT (literal)",
    training=Training("adam", 1e-5, 20, 30, patience=30, decay_factor=0.8, decay_patience=30, betas=(0.9, 0.99)),
    prefer_when="the literal reading of the paper is wanted, at many times the cost",
    deviations="Any encoders stand where Chinese-CLIP did; hashtags are read with the text, of several images the "
    "mean, and the weights of the best epoch are kept. Otherwise nothing where the paper says it; dropout "
    "and the widths of the classifier are not given there.",
    defaults={
        "tokens": "scalar",
        "feature_norm": "none",
        "dropout": 0.1,
        "gate": "softmax",
        "normalise_over": "tokens",
    },
    factory=build_sg_mft,
    vocabulary=_VOCABULARY,
    family="text and image",
    modalities=READS_ALL,
    inputs=_get_inputs,
    citation=_ZHANG,
    ranges=_RANGES,
    extra_types=_TYPES,
)(SGMFT)

register_model(
    "sg-mft-tokens",
    title="SG-MFT (token states)",
    training=_TRAINING,
    prefer_when="the encoders hand out token states, and single words or parts of an image tell the place",
    deviations="Reads token sequences as MKGformer does, where the paper fuses global vectors, mapped to a width of "
    "256: so each side of (9) has its own queries, and means over the tokens go into (17). Gate, training "
    "and encoders as in sg-mft.",
    search={"dropout": (0.1, 0.3), "head_width": (16, 32)},
    inactive=_get_inactive,
    defaults={"tokens": "states", "cross_query": "own", **constructor_defaults(SequenceSGMFT)},
    factory=build_sg_mft,
    family="text and image",
    modalities=READS_ALL,
    inputs=_get_inputs,
    citation=_ZHANG,
    ranges=_RANGES,
    extra_types=_TYPES,
)(SGMFT)
