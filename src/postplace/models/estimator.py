"""Models that are no networks: fitted in one go, on arrays instead of batches. Letters: N posts, C classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from postplace.features.pooled import PooledFeatures

if TYPE_CHECKING:
    from torch import nn

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class FitData:
    """What an estimator learns from: examples, their labels (N,), -1 for none, and the rows of the two parts.

    Whatever is chosen (a strength, a number of neighbours) is chosen on the validation rows. `balanced`: every class
    counts the same.
    """

    examples: PooledFeatures
    labels: NDArray[np.int64]
    classes: int
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    seed: int
    balanced: bool = False


def count_parameters(model: nn.Module | Estimator) -> int:
    """How many numbers were learned: of a network its parameters."""
    if isinstance(model, Estimator):
        return model.size()
    return sum(parameter.numel() for parameter in model.parameters())


@runtime_checkable
class Estimator(Protocol):
    """Examples -> probabilities, once it is fitted or restored."""

    def fit(self, lesson: FitData) -> None:
        """Learn; an earlier lesson is forgotten."""
        ...

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C), each row summing to 1."""
        ...

    def files(self) -> dict[str, bytes]:
        """What was learned, as files by name; nothing that runs code when it is read."""
        ...

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`. Raises BadRun when one is missing or damaged."""
        ...

    def size(self) -> int:
        """How many numbers were learned."""
        ...
