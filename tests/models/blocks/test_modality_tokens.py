"""Both sides of a batch as tokens: chunks of vectors, states, stand-ins."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from postplace.errors import BadOption
from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.modality_tokens import ChunkTokens, PooledPair, StateTokens, token_sides


def test_chunks_by_hand(sizes: InputSizes, batch: Batch) -> None:
    module = ChunkTokens(sizes, 4, tokens=4)
    with torch.no_grad():
        module.text_map.copy_(torch.arange(1.0, 5.0)[:, None, None] * torch.eye(4))  # 1, 2, 3, 4 times its chunk
    text, image, text_mask, image_mask = module(batch)
    assert text.shape == image.shape == (4, 4, 4)
    assert bool(text_mask.all()) and bool(image_mask.all())  # noqa: PT018
    mean = (batch.text_vector[0] + batch.hashtag_vector[0]) / 2
    standard = (mean - mean.mean()) / (mean.var(correction=0) + 1e-5).sqrt()
    times = torch.arange(1.0, 5.0)[:, None]
    torch.testing.assert_close(text[0], times * standard.reshape(4, 4) + module.places[0])
    torch.testing.assert_close(text[3], times * module.absent_text.reshape(4, 4) + module.places[0])


def test_chunks_of_two_widths(sizes: InputSizes, batch: Batch) -> None:
    sizes = dataclasses.replace(sizes, image_width=12)
    batch.image_vectors = batch.image_vectors[..., :12]
    sides = ChunkTokens(sizes, 6, tokens=4)(batch)
    assert sides.text.shape == sides.image.shape == (4, 4, 6)
    with pytest.raises(BadOption, match="8 does not divide the width 12 of the image vectors"):
        ChunkTokens(sizes, 6, tokens=8)


def test_states_of_an_absent_side(sizes: InputSizes, batch: Batch) -> None:
    module = StateTokens(sizes, 6, dropout=0.0)
    text, image, text_mask, image_mask = module(batch)
    assert text.shape == (4, 5, 6)
    assert text_mask.tolist() == [
        [True] * 5,
        [True, True, False, False, False],
        [True] * 4 + [False],
        [True] + [False] * 4,
    ]
    torch.testing.assert_close(image[3, 0], module.absent_image)
    assert image_mask[3].tolist() == [True, False, False, False]


def test_which_tokens(sizes: InputSizes) -> None:
    assert isinstance(token_sides(sizes, 4, tokens="states", dropout=0.1), StateTokens)
    assert isinstance(token_sides(sizes, 4, tokens=4, dropout=0.1), ChunkTokens)
    with pytest.raises(BadOption, match="tokens: 'state' is neither"):
        token_sides(sizes, 4, tokens="state", dropout=0.1)


def test_pooled_pair_by_hand() -> None:
    pooled = PooledPair(1)
    with torch.no_grad():
        for parameter, value in zip(pooled.parameters(), (2.0, 1.0, -1.0, 0.0), strict=True):
            parameter.fill_(value)
    text, image = torch.tensor([[[1.0], [2.0], [99.0]]]), torch.tensor([[[0.5]]])
    masks = torch.tensor([[True, True, False]]), torch.tensor([[True]])
    expected = torch.tensor([[2 * 1.5 + 1, -0.5]]).tanh()
    torch.testing.assert_close(pooled(text, image, *masks), expected)
