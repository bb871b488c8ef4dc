"""Batch -> the two sides, text and image, as one vector each or as sequences of tokens with their masks.

The text's side is the text and its hashtags. A side that is absent becomes something learned, and real, so that
nothing of a batch's zeros is ever compared. Letters: B posts, n tokens, D width of an encoder, d width of a token,
k layers of an encoder.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.pooling import fill_absent, masked_mean


class Sides(NamedTuple):
    """Tokens (B, n_t, d) of the text and (B, n_i, d) of the image, masks (B, n_t), (B, n_i); of each one is real."""

    text: Tensor
    image: Tensor
    text_mask: Tensor
    image_mask: Tensor


def text_mean(batch: Batch) -> tuple[Tensor, Tensor]:
    """The mean (B, D) of the text's and the hashtags' vectors, those that are there, and whether any is (B,)."""
    vectors = torch.stack([batch.text_vector, batch.hashtag_vector], dim=1)
    present = torch.stack([batch.text_mask, batch.hashtag_mask], dim=1)
    return masked_mean(vectors, present), present.any(dim=1)


def image_mean(batch: Batch) -> tuple[Tensor, Tensor]:
    """The mean (B, D) of the images' vectors, and whether there is any (B,)."""
    return masked_mean(batch.image_vectors, batch.image_mask), batch.image_mask.any(dim=1)


def to_width(encoder_width: int, width: int, *, norm: bool, dropout: float) -> nn.Sequential:
    """Vectors of an encoder brought to one scale (two encoders rarely agree on it) and, if needed, to the width D."""
    layers: list[nn.Module] = [nn.LayerNorm(encoder_width, elementwise_affine=False)] if norm else []
    if encoder_width != width:  # equal widths, as with SG-MFT's Chinese-CLIP, need no map
        layers += [nn.Dropout(dropout), nn.Linear(encoder_width, width)]
    return nn.Sequential(*layers)


def states_or_stand_in(
    states: Tensor | None, mask: Tensor | None, to_tokens: nn.Module, absent: Tensor
) -> tuple[Tensor, Tensor]:
    """States (B, n, D) and mask -> tokens (B, n, d) and mask; of an absent side the first is the stand-in, and real."""
    if states is None or mask is None:
        raise ValueError("the batch has no token states: encode the posts with states=True")
    present = mask.any(dim=1, keepdim=True)
    tokens: Tensor = to_tokens(states.masked_fill(~mask[..., None], 0.0))
    first = torch.arange(mask.shape[1], device=mask.device) == 0
    return torch.where(present[..., None], tokens, absent), mask | (first & ~present)


def check_states(sizes: InputSizes) -> None:
    """BadOption where an encoder hands out no token states."""
    if not (sizes.text_states and sizes.image_states):
        remedy = "take encoders that do, such as chinese-clip, or another number of tokens"
        raise BadOption("tokens", "'states' asked for, but an encoder gives none", remedy)


class ChunkTokens(nn.Module):
    """Each side's vector, on one scale, cut into n tokens, each brought to width d by a map of its own.

    One map for all would look for the same thing in every chunk, as in the patches of an image; what a number of an
    encoder's vector says depends on where it stands.
    """

    def __init__(self, sizes: InputSizes, width: int, *, tokens: int) -> None:
        super().__init__()
        for side, encoder_width in (("text", sizes.text_width), ("image", sizes.image_width)):
            if encoder_width % tokens:
                problem = f"{tokens} does not divide the width {encoder_width} of the {side} vectors"
                raise BadOption("tokens", problem, "choose a divisor of both widths")
        self.tokens = tokens
        self.text_map = nn.Parameter(_maps(tokens, sizes.text_width // tokens, width))
        self.image_map = nn.Parameter(_maps(tokens, sizes.image_width // tokens, width))
        self.places = nn.Parameter(torch.randn(2, tokens, width) * 0.02)
        self.absent_text = nn.Parameter(torch.randn(sizes.text_width) * 0.02)
        self.absent_image = nn.Parameter(torch.randn(sizes.image_width) * 0.02)

    def forward(self, batch: Batch) -> Sides:
        """See the class."""
        text, image = self._cut(*text_mean(batch), self.absent_text), self._cut(*image_mean(batch), self.absent_image)
        mask = torch.ones(text.shape[:2], dtype=torch.bool, device=text.device)
        text, image = (
            torch.einsum("bnc,ncd->bnd", side, maps) for side, maps in ((text, self.text_map), (image, self.image_map))
        )
        return Sides(text + self.places[0], image + self.places[1], mask, mask)

    def _cut(self, vectors: Tensor, present: Tensor, absent: Tensor) -> Tensor:
        """(B, D) -> (B, n, D / n)."""
        vectors = functional.layer_norm(vectors, vectors.shape[1:])
        return fill_absent(vectors, present, absent).reshape(len(vectors), self.tokens, -1)


def _maps(tokens: int, chunk: int, width: int) -> Tensor:
    """Random maps (n, D / n, d), as large as those of `nn.Linear`."""
    return torch.empty(tokens, chunk, width).uniform_(-1.0, 1.0) / math.sqrt(chunk)


class StateTokens(nn.Module):
    """Each side's token states, on one scale, brought to width d; a learned token stands for a side that is absent."""

    def __init__(self, sizes: InputSizes, width: int, *, dropout: float) -> None:
        super().__init__()
        check_states(sizes)
        self.text_map = to_width(sizes.text_states_width, width, norm=True, dropout=dropout)
        self.image_map = to_width(sizes.image_states_width, width, norm=True, dropout=dropout)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_image = nn.Parameter(torch.randn(width) * 0.02)

    def forward(self, batch: Batch) -> Sides:
        """See the class."""
        text, text_mask = states_or_stand_in(batch.text_states, batch.text_states_mask, self.text_map, self.absent_text)
        image, image_mask = states_or_stand_in(
            batch.image_states, batch.image_states_mask, self.image_map, self.absent_image
        )
        return Sides(text, image, text_mask, image_mask)


def token_sides(sizes: InputSizes, width: int, *, tokens: int | str, dropout: float) -> ChunkTokens | StateTokens:
    """What makes the tokens: of so many chunks of the pooled vectors, or "states", of the encoders' token states."""
    if tokens == "states":
        return StateTokens(sizes, width, dropout=dropout)
    if not isinstance(tokens, int):
        raise BadOption("tokens", f"{tokens!r} is neither a number nor 'states'", "give one of them, such as 32")
    return ChunkTokens(sizes, width, tokens=tokens)


class PooledPair(nn.Module):
    """Both streams' tokens -> one vector (B, 2 d): tanh(W mean + b) of the real tokens of each.

    The poolers of METER and BridgeTower, which take the first token of each stream: here there is none for the whole.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.text, self.image = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, text: Tensor, image: Tensor, text_mask: Tensor, image_mask: Tensor) -> Tensor:
        """Tokens (B, n_t, d), (B, n_i, d), masks (B, n_t), (B, n_i)."""
        of_text, of_image = self.text(masked_mean(text, text_mask)), self.image(masked_mean(image, image_mask))
        return torch.tanh(torch.cat([of_text, of_image], dim=1))
