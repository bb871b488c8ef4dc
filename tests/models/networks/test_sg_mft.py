"""SG-MFT beside numbers worked out without it, equation by equation.

(1)-(5) are in blocks/test_similarity.py, (19) is in training/test_losses.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.interaction import FeedForward, InterpolationAttention, Projections, TokenNorm
from postplace.models.blocks.mlp_head import mlp_head
from postplace.models.contract import ModelContract
from postplace.models.networks.sg_mft import SGMFT, FusionModule
from postplace.models.registry import find_model
from postplace.models.settings import resolve_settings

Array = NDArray[np.float64]

TEXT = torch.tensor([[[1.0, 2.0], [0.0, 1.0]]])  # two tokens of width 2


def _set(module: nn.Module, **values: Any) -> None:
    """Every parameter 0 but those named (`_` for a dot)."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.zero_()
            if name.replace(".", "_") in values:
                parameter.copy_(torch.tensor(values.pop(name.replace(".", "_"))).reshape(parameter.shape))
    assert not values


def _standard(x: Array, axis: int = -1) -> Array:
    centred = x - x.mean(axis=axis, keepdims=True)
    out: Array = centred / np.sqrt((centred**2).mean(axis=axis, keepdims=True) + 1e-5)
    return out


# (6), (7): projections


def test_projections_by_hand() -> None:
    projections = Projections(2, 1)
    _set(
        projections,
        query_weight=[1.0, 2.0],
        key_weight=[0.0, 3.0],
        value_weight=[-1.0, 1.0],
        query_bias=[0.0],
        key_bias=[1.0],
        value_bias=[0.5],
    )
    q, k, v = projections(TEXT)
    assert q.flatten().tolist() == [5.0, 2.0]  # 1 + 2*2, 0 + 2*1
    assert k.flatten().tolist() == [7.0, 4.0]  # 3*2 + 1, 3*1 + 1
    assert v.flatten().tolist() == [1.5, 1.5]  # -1 + 2 + 0.5, 0 + 1 + 0.5


# (8)-(13): interpolation attention

OWN = tuple(torch.tensor(part)[None, :, None] for part in ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 2.0, 6.0]))
OTHER = tuple(torch.tensor(part)[None, :, None] for part in ([2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [3.0, 9.0, 0.0]))


@pytest.mark.parametrize("cross_query", ["other", "own"])
def test_interpolation_by_hand(cross_query: str) -> None:
    norm = TokenNorm(3, 1, over="tokens")
    attention = InterpolationAttention(1, 1, heads=1, norm=norm, cross_query=cross_query, dropout=0.0)
    _set(
        attention,
        self_output_weight=[2.0],
        self_output_bias=[1.0],
        cross_output_weight=[3.0],
        norm_norm_weight=[1.0, 1.0, 1.0],
    )
    p_m, tokens = [0.25, 0.5, 1.0], [1.0, 5.0, -2.0]
    e = math.e
    # (8) own query 1, 0, 0 on own keys 0, 1, 0: token 1 weighs 1, e, 1; the others evenly
    heads_self = [(1 + 2 * e + 6) / (2 + e), 3.0, 3.0]
    sa = [2 * head + 1 for head in heads_self]  # (10)
    if cross_query == "other":  # (9) the other's query 2, 0, 0 on own keys and values: token 1 weighs 1, e^2, 1
        heads_cross = [(1 + 2 * e**2 + 6) / (2 + e**2), 3.0, 3.0]
    else:  # own query on the other's keys 0, 0, 3 and values 3, 9, 0: token 1 weighs 1, 1, e^3
        heads_cross = [(3 + 9) / (2 + e**3), 4.0, 4.0]
    ca = [3 * head for head in heads_cross]  # (11)
    x = [c * p + s * (1 - p) for c, p, s in zip(ca, p_m, sa, strict=True)]  # (12)
    expected = _standard(np.array(x) + np.array(tokens))  # (13)
    values = torch.tensor(tokens)[None, :, None], OWN, OTHER, torch.tensor(p_m)[None, :, None]
    np.testing.assert_allclose(attention(*values).detach().numpy().flatten(), expected, atol=1e-5)


@pytest.mark.parametrize("over", ["width", "tokens"])
def test_token_norm_by_hand(over: Any) -> None:
    x = torch.tensor([[[1.0, 2.0, 6.0], [0.0, 4.0, 8.0]]])
    expected = _standard(x.double().numpy(), axis=2 if over == "width" else 1)
    np.testing.assert_allclose(TokenNorm(2, 3, over=over)(x).detach().numpy(), expected, atol=1e-5)


# (14)-(16): feed-forward


def test_guided_feed_forward_by_hand() -> None:
    feed_forward = FeedForward(1, norm=TokenNorm(3, 1, over="tokens"), guided=True, dropout=0.0)
    _set(
        feed_forward,
        w1_weight=[1.0, -1.0, 2.0, 0.0],
        w1_bias=[0.0, 1.0, -1.0, 0.0],
        w3_weight=[1.0, 0.0, -1.0, 2.0],
        w2_weight=[1.0, 2.0, 3.0, -1.0],
        w2_bias=[0.5],
        norm_norm_weight=[1.0, 1.0, 1.0],
    )
    x, x_inter = [1.0, 2.0, -1.0], [1.0, 0.0, 2.0]
    # (15) token 1: ReLU(1+1, -1+1, 2-1-1, 2) = 2, 0, 0, 2 -> 2 - 2 + 0.5 = 0.5
    #      token 2: ReLU(2, -2+1, 4-1, 0) = 2, 0, 3, 0 -> 2 + 9 + 0.5 = 11.5
    #      token 3: ReLU(-1+2, 1+1, -2-1-2, 4) = 1, 2, 0, 4 -> 1 + 4 - 4 + 0.5 = 1.5
    expected = _standard(np.array([0.5 + 1, 11.5 + 2, 1.5 - 1]))  # (16)
    actual = feed_forward(torch.tensor(x)[None, :, None], torch.tensor(x_inter)[None, :, None])
    np.testing.assert_allclose(actual.detach().numpy().flatten(), expected, atol=1e-5)


def test_usual_feed_forward_has_no_third_matrix() -> None:
    feed_forward = FeedForward(2, norm=TokenNorm(3, 2, over="width"), guided=False, dropout=0.0)
    assert {name for name, _ in feed_forward.named_parameters()} == {
        "w1.weight", "w1.bias", "w2.weight", "w2.bias", "norm.norm.weight", "norm.norm.bias",
    }  # fmt: skip


# (17), (18): fusion and classifier


def test_fusion_by_hand() -> None:
    fusion = FusionModule(1, heads=1, head_width=1)
    _set(
        fusion,
        text_asks_query_weight=[1.0],
        text_asks_key_weight=[1.0],
        text_asks_value_weight=[1.0],
        text_asks_output_weight=[2.0],
        image_asks_query_weight=[1.0],
        image_asks_key_weight=[-1.0],
        image_asks_value_weight=[1.0],
        image_asks_output_weight=[1.0],
        image_asks_output_bias=[0.5],
    )
    text, image = torch.tensor([[[1.0], [0.0]]]), torch.tensor([[[0.0], [2.0]]])
    weight = math.exp(2) / (1 + math.exp(2))
    asked_by_text = [2 * (weight * 2), 2 * 1.0]  # text 1 on image 0, 2: weights 1, e^2; text 0: evenly
    asked_by_image = [0.5 + 0.5, 0.5 + 1 / (1 + math.exp(2))]  # image 0 on text 1, 0: evenly; image 2: e^-2, 1
    expected = [a + b for a, b in zip(asked_by_text, asked_by_image, strict=True)]
    assert fusion(text, image).flatten().tolist() == pytest.approx(expected)


def test_five_layers_in_plain_arithmetic() -> None:
    torch.manual_seed(0)
    classifier = mlp_head(6, 3, dropout=0.5).eval()
    linear = [part for part in classifier if isinstance(part, nn.Linear)]
    assert [part.out_features for part in linear] == [512, 256, 128, 64, 3]
    x: Array = np.array([0.5, -1.0, 2.0, 0.0, 1.0, -0.5])
    expected = x
    for number, part in enumerate(linear):
        expected = part.weight.detach().double().numpy() @ expected + part.bias.detach().double().numpy()
        if number < 4:
            expected = np.array([v / 2 * (1 + math.erf(v / math.sqrt(2))) for v in _standard(expected)])
    actual = classifier(torch.from_numpy(x).float()[None])[0]
    np.testing.assert_allclose(actual.detach().numpy(), expected, atol=1e-5)


def test_the_literal_system_is_as_printed(sizes: InputSizes, batch: Batch) -> None:
    plan = resolve_settings(find_model("sg-mft-paper"), {})
    assert plan.training is not None
    printed = plan.training.learning_rate, plan.training.batch_size, plan.training.max_epochs, plan.training.betas
    assert printed == (1e-5, 20, 30, (0.9, 0.99))  # section 4.2
    assert plan.model["heads"] == 8
    literal = find_model("sg-mft-paper").network(sizes, 5, plan.model)
    assert isinstance(literal, SGMFT)
    ours = SGMFT(
        sizes, classes=5, tokens="scalar", gate="softmax", normalise_over="tokens", feature_norm="none", dropout=0.1
    )
    ours.load_state_dict(literal.state_dict())
    torch.testing.assert_close(literal.eval()(batch), ours.eval()(batch))


class TestSgMftPaperContract(ModelContract):
    """What every model must hold to."""

    model = "sg-mft-paper"
    equations = "test_the_literal_system_is_as_printed"
    small = {"heads": 2, "head_width": 2}
    variants = (
        {"gate": "sigmoid"},
        {"gate": "scaled"},
        {"gate": "global"},
    )
