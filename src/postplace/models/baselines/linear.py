"""Multinomial logistic regression on the stored vectors of all modalities side by side.

The vectors are standardised, those of an absent modality are zero, and a column a modality says whether it is there;
the regularisation is chosen by the accuracy on the validation part. See `postplace.evaluation.baselines`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from postplace.evaluation.baselines import LinearBaseline, fit_linear
from postplace.features.batch import InputSizes
from postplace.features.pooled import MODALITIES, PooledFeatures
from postplace.models.blocks.class_priors import balanced_bias, class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import read_arrays
from postplace.models.entry import EXAMPLES, READS_ALL
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS = "safetensors"


@register_model(
    "logistic",
    title="Logistic regression",
    family="baseline",
    modalities=READS_ALL,
    inputs=EXAMPLES,
    citation="Radford et al., Learning Transferable Visual Models from Natural Language Supervision, ICML 2021, "
    "sec. 3.2 (linear probes), arXiv 2103.00020",
    prefer_when="posts are few and the encoders good: what the frozen vectors tell without anything in between",
)
class LogisticRegression:
    """See the module. In a balanced lesson each class's probability is divided by its share of the training posts."""

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        self._widths = {"text": sizes.text_width, "hashtags": sizes.text_width, "image": sizes.image_width}
        self._frequencies = np.full(classes, 1.0 / classes)
        width = sum(self._widths.values())
        self._linear = LinearBaseline(
            MODALITIES,
            np.zeros((classes, width + len(MODALITIES)), dtype=np.float32),
            np.zeros(classes, dtype=np.float32),
            np.zeros(width, dtype=np.float32),
            np.ones(width, dtype=np.float32),
        )

    def fit(self, lesson: FitData) -> None:
        """Learn from the training part, choose the regularisation on the validation part."""
        self._frequencies = class_frequencies(lesson)
        present = lesson.examples.present
        taught = [name for name in MODALITIES if present[name][lesson.train].any()]  # columns of zeros cost time alone
        linear, _ = fit_linear(
            {name: lesson.examples.vectors[name] for name in taught or MODALITIES},
            present=present,
            labels=lesson.labels,
            classes=lesson.classes,
            train=lesson.train,
            validation=lesson.validation,
        )
        linear = _widened(linear, self._widths)
        if lesson.balanced:
            linear = replace(linear, bias=balanced_bias(linear.bias, training_labels(lesson)[1]))
        self._linear = linear

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        present = np.stack([examples.present[name] for name in MODALITIES]).max(axis=0)
        answers = self._linear.predict_proba(examples.vectors, examples.present)
        return or_frequencies(answers, present, self._frequencies)

    def files(self) -> dict[str, bytes]:
        """Plain arrays."""
        return {ARRAYS: safetensors.numpy.save({**_named(self._linear), "frequencies": self._frequencies})}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        shapes = {name: array.shape for name, array in _named(self._linear).items()}
        arrays = read_arrays(files, ARRAYS, needed={**shapes, "frequencies": self._frequencies.shape})
        self._frequencies = arrays.pop("frequencies").astype(np.float64)
        own = {name: array.astype(np.float32) for name, array in arrays.items()}
        self._linear = LinearBaseline(MODALITIES, **own)

    def size(self) -> int:
        """Weights and biases."""
        return int(self._linear.weights.size + self._linear.bias.size)


def _widened(linear: LinearBaseline, widths: Mapping[str, int]) -> LinearBaseline:
    """The same for the vectors of all modalities: nothing is made of one that was never there in training."""
    starts = dict(zip(MODALITIES, np.cumsum([0, *(widths[name] for name in MODALITIES)]).tolist(), strict=False))
    width = sum(widths.values())
    own = [np.arange(starts[name], starts[name] + widths[name]) for name in linear.modalities]
    masks = [width + MODALITIES.index(name) for name in linear.modalities]
    weights = np.zeros((len(linear.bias), width + len(MODALITIES)), dtype=np.float32)
    mean, scale = np.zeros(width, dtype=np.float32), np.ones(width, dtype=np.float32)
    columns = np.concatenate(own)
    weights[:, [*columns, *masks]] = linear.weights
    mean[columns], scale[columns] = linear.mean, linear.scale
    return LinearBaseline(MODALITIES, weights, linear.bias, mean, scale)


def _named(linear: LinearBaseline) -> dict[str, NDArray[np.float32]]:
    return {name: getattr(linear, name) for name in ("weights", "bias", "mean", "scale")}
