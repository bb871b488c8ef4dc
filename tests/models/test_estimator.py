"""What counts as an estimator, and how many numbers a system learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import nn

from postplace.features.pooled import PooledFeatures
from postplace.models.estimator import Estimator, FitData, count_parameters


class Constant:
    """Answers the same to all."""

    def fit(self, lesson: FitData) -> None: ...

    def predict_proba(self, examples: PooledFeatures) -> NDArray[np.float64]:
        return np.ones((len(examples), 1))

    def files(self) -> dict[str, bytes]:
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None: ...

    def size(self) -> int:
        return 41


def test_parameters_of_an_estimator_are_what_it_says() -> None:
    assert count_parameters(Constant()) == 41


def test_parameters_of_a_network_are_weights_and_biases_and_no_buffers() -> None:
    assert count_parameters(nn.Linear(3, 2)) == 3 * 2 + 2
    assert count_parameters(nn.BatchNorm1d(5)) == 5 + 5


def test_a_network_is_no_estimator_and_neither_is_what_cannot_be_saved() -> None:
    unsaved = type("Unsaved", (), dict.fromkeys(("fit", "predict_proba", "size")))
    assert isinstance(Constant(), Estimator)
    assert not isinstance(nn.Linear(1, 1), Estimator)
    assert not isinstance(unsaved(), Estimator)
