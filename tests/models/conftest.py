"""Small inputs for every model: four posts, each with other modalities there."""

from __future__ import annotations

import pytest

from postplace.features.batch import Batch, InputSizes
from postplace.models.example_batch import example_batch, example_sizes


@pytest.fixture
def sizes() -> InputSizes:
    """See `example_sizes`."""
    return example_sizes()


@pytest.fixture
def batch() -> Batch:
    """See `example_batch`."""
    return example_batch()
