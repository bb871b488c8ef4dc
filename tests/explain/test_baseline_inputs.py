"""A way begins where the network answers what it expects of any post; worked out by hand on a linear toy."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from postplace.explain.baseline_inputs import LARGEST_DIVERGENCE, divergence, find_baseline_inputs
from postplace.explain.gradients import integrated

HOME = {"text_vector": torch.tensor([[1.0, 0.0]])}  # the average post of a run whose most frequent class is "home"
EVEN = torch.tensor([0.5, 0.5])


class Linear:
    """Logits 6 x of a vector x (1, 2): to the average post it answers "home" with 0.998."""

    def __init__(self, slope: float = 6.0) -> None:
        self.slope = slope

    def log_probabilities(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return torch.log_softmax(self.slope * inputs["text_vector"][0].double(), dim=0)

    def odds(self, inputs: Mapping[str, Tensor]) -> Tensor:
        log_p = self.log_probabilities(inputs)
        return torch.stack([log_p[0] - log_p[1], log_p[0].exp()])


def test_the_average_post_is_moved_as_little_as_need_be() -> None:
    start = find_baseline_inputs(Linear(), HOME, prior=EVEN, scales={})
    assert start.before == pytest.approx(float(divergence(Linear().log_probabilities(HOME), EVEN)))
    assert start.before > 2
    assert start.divergence < 0.01
    assert start.inputs["text_vector"][0].tolist() == pytest.approx([0.5, 0.5], abs=0.02)
    assert start.notes() == []


def test_what_says_home_has_its_share_though_the_average_post_says_it_too() -> None:
    """The asked post is the average one: from there its share was 0.00, of the 6 nats that it says."""
    network = Linear()
    from_average = integrated(network.odds, HOME, HOME)
    assert float(from_average.of["text_vector"][0].sum()) == 0.0
    shares = integrated(network.odds, HOME, find_baseline_inputs(network, HOME, prior=EVEN, scales={}).inputs)
    assert float(shares.of["text_vector"][0].sum()) == pytest.approx(6.0, abs=0.2)


def test_the_prior_need_not_be_even() -> None:
    prior = torch.tensor([0.2, 0.8])
    start = find_baseline_inputs(Linear(), HOME, prior=prior, scales={"text_vector": torch.tensor([0.1, 0.1])})
    odds = Linear().odds(start.inputs)[0]
    assert start.divergence <= LARGEST_DIVERGENCE
    assert float(odds) == pytest.approx(math.log(0.25), abs=0.2)


def test_a_neutral_post_stays_where_it_is() -> None:
    begin = {"text_vector": torch.zeros(1, 2)}
    assert find_baseline_inputs(Linear(), begin, prior=EVEN, scales={}).inputs["text_vector"].tolist() == [[0.0, 0.0]]


def test_tokens_are_moved_alike() -> None:
    class Tokens(Linear):
        def log_probabilities(self, inputs: Mapping[str, Tensor]) -> Tensor:
            return torch.log_softmax(inputs["table.weight"].double().sum(dim=0) + torch.tensor([4.0, 0.0]), dim=0)

    start = find_baseline_inputs(Tokens(), {"table.weight": torch.zeros(3, 2)}, prior=EVEN, scales={})
    rows = start.inputs["table.weight"].tolist()
    assert start.divergence <= LARGEST_DIVERGENCE
    assert rows[0] == rows[1] == rows[2]


def test_a_network_that_cannot_be_moved_is_told() -> None:
    class Stubborn(Linear):
        def log_probabilities(self, inputs: Mapping[str, Tensor]) -> Tensor:
            return super().log_probabilities(HOME) + 0.0 * inputs["text_vector"].sum()

    start = find_baseline_inputs(Stubborn(), HOME, prior=EVEN, scales={})
    assert start.divergence == start.before
    (note,) = start.notes()
    assert note.startswith("no baseline input was found: the answer to the nearest is 2.3")
