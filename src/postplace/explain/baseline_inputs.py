"""The baseline of integrated gradients: inputs to which a network answers what it expects of any post.

Neither zeros nor average vectors are that: a network may answer "home" to both with 0.8, and then nothing that says
"home" has a share left. So the average vectors are moved, as little as need be, until the answer is the classes' shares
in the training subset. Izzo et al., "A Baseline for Shapley Values in MLPs: from Missingness to Neutrality", 2020,
arXiv:2006.04896.
Letters: C classes, P tokens, d width of an embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

LARGEST_DIVERGENCE = 0.1  # nats of Kullback-Leibler divergence from the prior: up to here an answer says nothing
ROUNDS = 60
PULL = 1e-4  # back to where it began, a number moved by its standard deviation
Inputs = Mapping[str, Tensor]


class Differentiable(Protocol):
    """A network that baseline inputs are looked for."""

    def log_probabilities(self, inputs: Inputs) -> Tensor:
        """Inputs -> the logarithms (C,) of the classes' probabilities."""
        ...


@dataclass(frozen=True)
class BaselineInputs:
    """Inputs, and how far the answer to them, and the answer to those that they were moved from, is from the prior."""

    inputs: dict[str, Tensor]
    divergence: float
    before: float

    def notes(self) -> list[str]:
        """What to report where none was found."""
        if self.divergence <= LARGEST_DIVERGENCE:
            return []
        distance = f"{self.divergence:.2f} nats from the classes' shares"
        return [f"no baseline input was found: the answer to the nearest is {distance}"]


def divergence(log_p: Tensor, prior: Tensor) -> Tensor:
    """KL(prior || p) in nats of log-probabilities (C,).

    >>> float(divergence(torch.tensor([0.5, 0.5]).log(), torch.tensor([1.0, 0.0]))).__round__(4)
    0.6931
    """
    total: Tensor = (torch.special.xlogy(prior, prior) - prior * log_p).sum()
    return total


def find_baseline_inputs(
    network: Differentiable, begin: Inputs, *, prior: Tensor, scales: Mapping[str, Tensor]
) -> BaselineInputs:
    """Move `begin` until the answer is `prior` (C,); `scales` say how much the numbers of an input differ among posts.

    Tokens, inputs of shape (P, d), are all moved alike.
    """
    free = {name: torch.zeros_like(_shared(value)).requires_grad_() for name, value in begin.items() if value.numel()}
    units = {name: _unit(begin[name], scales.get(name)) for name in free}
    prior = prior.to(next(iter(begin.values())).device).double()

    def moved() -> dict[str, Tensor]:
        return {**begin, **{name: begin[name] + units[name] * offset for name, offset in free.items()}}

    with torch.no_grad():
        before = float(divergence(network.log_probabilities(begin), prior))
    if before > LARGEST_DIVERGENCE:
        _minimise(lambda: divergence(network.log_probabilities(moved()), prior), list(free.values()))
    with torch.no_grad():
        inputs = {name: value.detach() for name, value in moved().items()}
        after = float(divergence(network.log_probabilities(inputs), prior))
    if after < before:
        return BaselineInputs(inputs, after, before)
    return BaselineInputs(dict(begin), before, before)


def _minimise(loss: Callable[[], Tensor], free: list[Tensor]) -> None:
    optimiser = torch.optim.LBFGS(free, max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        total = loss() + PULL * sum(offset.square().sum() for offset in free)
        total.backward()  # type: ignore[no-untyped-call]
        return total  # type: ignore[return-value]

    optimiser.step(closure)  # type: ignore[no-untyped-call]


def _shared(value: Tensor) -> Tensor:
    return value[:1] if value.ndim == 2 and len(value) > 1 else value


def _unit(value: Tensor, scale: Tensor | None) -> Tensor:
    """What one step is of: the standard deviation, where it is known."""
    if scale is None or scale.shape[-1:] != value.shape[-1:]:
        return torch.ones((), device=value.device)
    return scale.to(value.device)
