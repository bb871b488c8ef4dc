"""SG-MFT (1)-(5) beside numbers worked out by hand, for sides with places in common and for sequences."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from postplace.models.blocks.similarity import GATES, Gate, SequenceGate, SimilarityGate, element_similarity

TEXT = torch.tensor([[[1.0, 2.0], [0.0, 1.0]]])  # two tokens of width 2
IMAGE = torch.tensor([[[3.0, 0.0], [1.0, 1.0]]])


def _set(module: nn.Module, **values: Any) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.tensor(values[name]))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# (1), (3): the gate


def test_softmax_gate_by_hand() -> None:
    p = SimilarityGate(2, gate="softmax")(TEXT, IMAGE)  # (1) 1*3 + 2*0 = 3, 0*1 + 1*1 = 1
    assert p.shape == (1, 2, 1)
    assert p.flatten().tolist() == pytest.approx([math.exp(2) / (math.exp(2) + 1), 1 / (math.exp(2) + 1)])


def test_literal_gate_by_hand() -> None:
    text, image = torch.tensor([[[1.0], [2.0], [0.0]]]), torch.tensor([[[2.0], [0.5], [9.0]]])
    e = [math.exp(2), math.exp(1), 1.0]  # tokens of width 1: the element-wise products 2, 1, 0
    p = SimilarityGate(3, gate="softmax")(text, image)
    assert p.flatten().tolist() == pytest.approx([part / sum(e) for part in e])


def test_scaled_gate_by_hand() -> None:
    text = torch.tensor([[[3.0], [0.0], [0.0], [0.0]]])
    share = math.exp(3) / (math.exp(3) + 3)  # 0.87, times 4 / 2: capped
    p = SimilarityGate(4, gate="scaled")(text, torch.ones(1, 4, 1))
    assert p.flatten().tolist() == pytest.approx([1.0, *[2 * (1 - share) / 3] * 3])


def test_sigmoid_gate_by_hand() -> None:
    gate = SimilarityGate(2, gate="sigmoid")
    # 3 and 1: mean 2, standard deviation 1, standardised 1 and -1
    assert gate(TEXT, IMAGE).flatten().tolist() == pytest.approx([_sigmoid(1), _sigmoid(-1)], abs=1e-5)
    _set(gate, slope=[2.0, 3.0], offset=[0.5, 1.0])
    assert gate(TEXT, IMAGE).flatten().tolist() == pytest.approx([_sigmoid(2.5), _sigmoid(-2)], abs=1e-5)


def test_global_gate_by_hand() -> None:
    gate = SimilarityGate(2, gate="global")
    _set(gate, slope=[2.0], offset=[0.5])
    cosine = (3 + 0 + 0 + 1) / math.sqrt(1 + 4 + 1) / math.sqrt(9 + 1 + 1)
    assert gate(TEXT, IMAGE).flatten().tolist() == pytest.approx([_sigmoid(2 * cosine + 0.5)] * 2)


@pytest.mark.parametrize("gate", GATES)
def test_gates_on_any_input(gate: Gate) -> None:
    random = torch.Generator().manual_seed(0)
    text, image = (torch.randn(50, 32, 8, generator=random) for _ in range(2))
    p = SimilarityGate(32, gate=gate)(text, image)
    assert p.shape == (50, 32, 1)
    assert bool(((p >= 0) & (p <= 1)).all())
    if gate == "softmax":
        torch.testing.assert_close(p.sum(dim=1), torch.ones(50, 1))
    else:
        assert 0.1 < p.mean().item() < 0.9  # the softmax: 1/32
    if gate == "sigmoid":
        assert p.mean().item() == pytest.approx(0.5, abs=0.02)


# (2), (4), (5): element by element


def test_element_similarity_by_hand() -> None:
    p = element_similarity(TEXT, IMAGE, scaled=False)[0].tolist()
    # (2) [1, 2].[3, 0] = 3, [1, 2].[1, 1] = 3; [0, 1].[3, 0] = 0, [0, 1].[1, 1] = 1; (4), (5) softmax of each row
    assert p[0] == pytest.approx([0.5, 0.5])
    assert p[1] == pytest.approx([1 / (1 + math.e), math.e / (1 + math.e)])


def test_scaled_element_similarity_by_hand() -> None:
    p = element_similarity(TEXT, IMAGE, scaled=True)[0].tolist()
    # normalised: text (-1, 1), (-1, 1); image (1, -1), (0, 0); products over sqrt(2): -2 / sqrt(2), 0
    first = _sigmoid(-math.sqrt(2))
    assert p[0] == pytest.approx([first, 1 - first], abs=1e-4)
    assert p[1] == pytest.approx([first, 1 - first], abs=1e-4)


# Sequences: three text tokens, the last of them padding, and two patches

LONG = torch.tensor([[[1.0, 2.0], [0.0, 1.0], [50.0, 50.0]]])
LONG_MASK, IMAGE_MASK = torch.tensor([[True, True, False]]), torch.tensor([[True, True]])
# The image's mean is (2, 0.5): text tokens give 1*2 + 2*0.5 = 3 and 0.5. The text's is (0.5, 1.5): patches 1.5 and 2.


def _gated(gate: Gate, **values: Any) -> tuple[list[float], list[float]]:
    module = SequenceGate(gate=gate)
    if values:
        _set(module, **values)
    text, image = module(LONG, IMAGE, LONG_MASK, IMAGE_MASK)
    assert (text.shape, image.shape) == ((1, 3, 1), (1, 2, 1))
    return text.flatten()[:2].tolist(), image.flatten().tolist()


def test_softmax_gate_of_sequences_by_hand() -> None:
    text, image = _gated("softmax")
    assert text == pytest.approx([_sigmoid(2.5), _sigmoid(-2.5)])
    assert image == pytest.approx([_sigmoid(-0.5), _sigmoid(0.5)])


def test_scaled_gate_of_sequences_by_hand() -> None:
    text, image = _gated("scaled")  # times 2 / 2: the third token is not counted
    assert text == pytest.approx([_sigmoid(2.5), _sigmoid(-2.5)])
    assert image == pytest.approx([_sigmoid(-0.5), _sigmoid(0.5)])


def test_sigmoid_gate_of_sequences_by_hand() -> None:
    text, image = _gated("sigmoid", slope=[2.0, 3.0], offset=[0.5, 1.0])
    assert text == pytest.approx([_sigmoid(2.5), _sigmoid(-1.5)], abs=1e-4)  # 3 and 0.5 standardised: 1, -1
    assert image == pytest.approx([_sigmoid(-2), _sigmoid(4)], abs=1e-4)


def test_global_gate_of_sequences_by_hand() -> None:
    text, image = _gated("global", slope=[2.0], offset=[0.5])
    cosine = (0.5 * 2 + 1.5 * 0.5) / math.hypot(0.5, 1.5) / math.hypot(2, 0.5)
    assert text == pytest.approx([_sigmoid(2 * cosine + 0.5)] * 2)
    assert image == pytest.approx([_sigmoid(2 * cosine + 0.5)] * 2)


def test_a_side_of_one_token_has_a_gate_and_a_gradient() -> None:
    module = SequenceGate(gate="sigmoid")
    text = LONG.clone().requires_grad_()
    p, _ = module(text, IMAGE, torch.tensor([[True, False, False]]), IMAGE_MASK)
    assert p[0, 0, 0].item() == pytest.approx(0.5)  # nothing to compare it with
    torch.autograd.backward(p[:, :1].sum())
    assert text.grad is not None
    assert bool(text.grad.isfinite().all())


def test_element_similarity_of_what_is_real_by_hand() -> None:
    p = element_similarity(LONG, IMAGE, scaled=False, image_mask=torch.tensor([[True, False]]))
    assert p.tolist() == [[[1.0, 0.0]] * 3]
    by_patch = element_similarity(IMAGE, LONG, scaled=False, image_mask=LONG_MASK)[0].tolist()
    assert by_patch[0] == pytest.approx([_sigmoid(3), _sigmoid(-3), 0.0])  # 3*1 + 0*2 = 3, 0
    assert by_patch[1] == pytest.approx([_sigmoid(2), _sigmoid(-2), 0.0])  # 3, 1
