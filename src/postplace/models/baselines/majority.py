"""The majority class: the same answer to every post, and the least that a system must beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import safetensors.numpy

from postplace.evaluation.baselines import fit_majority
from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.blocks.class_priors import training_labels
from postplace.models.blocks.estimator_io import read_arrays
from postplace.models.entry import EXAMPLES
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS = "safetensors"


@register_model(
    "majority",
    title="Majority class",
    family="baseline",
    modalities=frozenset(),
    inputs=EXAMPLES,
    citation="Mourad et al., A Practical Guide for the Effective Evaluation of Twitter User Geolocation, 2019, "
    "arXiv 1907.12700",
    prefer_when="never to be used, always to be beaten",
)
class MajorityClass:
    """The class frequencies of the training part for every post; a balanced lesson changes nothing here."""

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        self._frequencies = np.full(classes, 1.0 / classes)

    def fit(self, lesson: FitData) -> None:
        """Count."""
        self._frequencies = fit_majority(training_labels(lesson)[1], classes=lesson.classes).frequencies

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        return np.tile(self._frequencies, (len(examples), 1))

    def files(self) -> dict[str, bytes]:
        """One array."""
        return {ARRAYS: safetensors.numpy.save({"frequencies": self._frequencies})}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        arrays = read_arrays(files, ARRAYS, needed={"frequencies": self._frequencies.shape})
        self._frequencies = arrays["frequencies"].astype(np.float64)

    def size(self) -> int:
        """One number a class."""
        return len(self._frequencies)
