"""Attention maps are those that the network used."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from postplace import Post, PostLocator
from postplace.explain.attention import attention_maps, attention_weights
from postplace.models.blocks.attention import MultiHeadAttention, attend


def test_weights_by_hand() -> None:
    """One head, d_k = 4: scores 2 ln 3 / sqrt 4 = ln 3 and 0, so 3/4 and 1/4; the masked key has none."""
    query = torch.tensor([[[2 * np.log(3.0), 0.0, 0.0, 0.0]]])
    key = torch.tensor([[[1.0, 0, 0, 0], [0, 1.0, 0, 0], [9.0, 9, 9, 9]]], dtype=torch.float64)
    found = attention_weights(query, key, heads=1, key_mask=torch.tensor([[True, True, False]]))
    assert found is not None
    assert found.flatten().tolist() == pytest.approx([0.75, 0.25])
    assert attention_weights(query, key, heads=1, key_mask=torch.zeros(1, 3, dtype=torch.bool)) is None


def test_weights_are_those_that_give_the_output() -> None:
    torch.manual_seed(0)
    module = MultiHeadAttention(12, heads=3)
    queries, keys = torch.randn(1, 5, 12), torch.randn(1, 7, 12)
    mask = torch.tensor([[True] * 6 + [False]])
    q, k, v = module.query(queries), module.key(keys), module.value(keys)
    weights = attention_weights(q, k, heads=3, key_mask=mask)
    assert weights is not None
    values = v[0, :6].reshape(6, 3, 4).transpose(0, 1)
    out = (weights @ values).transpose(0, 1).reshape(1, 5, 12)
    torch.testing.assert_close(out, attend(q, k, v, heads=3, key_mask=mask))


def test_maps_of_mrlf_are_named_by_their_characters(place_locator: PostLocator) -> None:
    before = place_locator.predict_proba([{"id": "1", "text": "sea air", "hashtags": ["harbour"]}])
    maps, notes = attention_maps(place_locator, Post("1", text="sea air", hashtags=("harbour",)))
    assert notes == []
    assert [own.name for own in maps] == [
        "text.self_attention.attention", "hashtags.self_attention.attention", "fuse",
    ]  # fmt: skip
    fused = maps[-1]
    assert (fused.queries, fused.keys) == (("sea a", "air"), ("harbo", "our"))
    for own in maps:
        assert own.weights.shape[1:] == (len(own.queries), len(own.keys))
        np.testing.assert_allclose(own.weights.sum(axis=2), 1.0, rtol=1e-5)
    after = place_locator.predict_proba([{"id": "1", "text": "sea air", "hashtags": ["harbour"]}])
    assert (before == after).all(axis=None)


def test_an_absent_modality_has_no_map(place_locator: PostLocator) -> None:
    maps, _ = attention_maps(place_locator, Post("1", text="sea air"))
    assert [own.name for own in maps] == ["text.self_attention.attention"]


def test_maps_of_sg_mft_and_of_a_system_without(
    posts: list[Post], sg_mft_locator: PostLocator, majority_locator: PostLocator
) -> None:
    maps, notes = attention_maps(sg_mft_locator, posts[0])
    assert len(maps) == 6
    assert {own.weights.shape for own in maps} == {(8, 32, 32)}
    assert notes == []
    assert attention_maps(majority_locator, posts[0]) == ((), ["majority has no attention maps to show"])
