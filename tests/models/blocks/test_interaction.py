"""SG-MFT's similarity-guided interaction module and its parts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from postplace.errors import BadOption
from postplace.models.blocks.interaction import (
    FeedForward,
    InteractionModule,
    InterpolationAttention,
    TokenNorm,
    check_names,
)

SETTINGS: dict[str, Any] = {"gate": "softmax", "normalise_over": "width", "cross_query": "other", "heads": 2}
SETTINGS |= {"feed_forward": "text", "head_width": 3, "dropout": 0.0}


def test_a_name_that_is_unknown_is_an_error_with_the_nearest_one() -> None:
    check_names(normalise_over="tokens", cross_query="own", fusion="cross")
    with pytest.raises(BadOption, match="token") as caught:
        check_names(normalise_over="token")
    assert "tokens" in caught.value.remedy


def test_token_norm_over_the_width_or_over_tokens_of_width_one() -> None:
    values = torch.tensor([[[1.0], [3.0]]])
    assert TokenNorm(2, 1, over="width")(values).flatten().tolist() == [0.0, 0.0]
    assert TokenNorm(2, 1, over="tokens")(values).flatten().tolist() == pytest.approx([-1.0, 1.0], abs=1e-4)


def test_a_gate_of_zero_takes_attention_to_itself_alone_and_a_gate_of_one_across_alone() -> None:
    attention = InterpolationAttention(
        1, 1, heads=1, norm=TokenNorm(2, 1, over="tokens"), cross_query="own", dropout=0.0
    )
    for layer, factor in ((attention.self_output, 1.0), (attention.cross_output, 10.0)):
        nn.init.constant_(layer.weight, factor)
        nn.init.zeros_(layer.bias)
    attention.norm = nn.Identity()  # type: ignore[assignment]
    tokens, zeros = torch.zeros(1, 2, 1), torch.zeros(1, 2, 1)
    own = (zeros, zeros, torch.tensor([[[1.0], [3.0]]]))  # equal scores: the mean of the values, 2
    other = (zeros, zeros, torch.tensor([[[4.0], [6.0]]]))  # 5

    def answer(gate: float) -> list[float]:
        found: Tensor = attention(tokens, own, other, torch.full((1, 2, 1), gate))
        return found.flatten().tolist()

    assert answer(0.0) == pytest.approx([2.0, 2.0])
    assert answer(1.0) == pytest.approx([50.0, 50.0])
    assert answer(0.25) == pytest.approx([14.0, 14.0])  # 0.25 * 50 + 0.75 * 2


def test_a_guided_feed_forward_adds_the_other_side_and_one_that_is_not_ignores_it() -> None:
    x, inter = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    guided = FeedForward(4, norm=TokenNorm(3, 4, over="width"), guided=True, dropout=0.0)
    plain = FeedForward(4, norm=TokenNorm(3, 4, over="width"), guided=False, dropout=0.0)
    assert not torch.equal(guided(x, inter), guided(x))
    assert torch.equal(plain(x, inter), plain(x))


@pytest.mark.parametrize("feed_forward", ["text", "image"])
@pytest.mark.parametrize("cross_query", ["other", "own"])
def test_padded_tokens_change_nothing(feed_forward: str, cross_query: str) -> None:
    torch.manual_seed(0)
    module = InteractionModule(None, 4, **SETTINGS | {"feed_forward": feed_forward, "cross_query": cross_query}).eval()
    text, image = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    masks = torch.tensor([[True, True, False]] * 2), torch.tensor([[True, True, False]] * 2)
    before = module(text, image, *masks)
    for side, mask in zip((text, image), masks, strict=True):
        side[~mask] = 1e4
    after = module(text, image, *masks)
    for one, other, mask in zip(before, after, masks, strict=True):
        torch.testing.assert_close(one[mask], other[mask])
