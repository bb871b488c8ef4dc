"""An estimator of scikit-learn's kind (fit, predict_proba, get_params) as a model, on the pooled vectors.

It is given the vectors of text, hashtags and image side by side (N, D), zero where a modality is absent, and learns
from the training rows; a post of nothing gets the class frequencies. What was learned is saved with skops, which holds
no code and lets in nothing but scikit-learn's own types and arrays. Letters: N posts, D widths together, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from postplace.errors import BadOption, BadRun
from postplace.features.batch import InputSizes
from postplace.features.pooled import MODALITIES, PooledFeatures
from postplace.models.blocks.class_priors import class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import damaged, get_file, read_arrays
from postplace.models.blocks.forest_io import skops_io
from postplace.models.estimator import FitData, Probabilities

ARRAYS, FITTED = "safetensors", "skops"


class SklearnModel:
    """See the module. `estimator` is cloned: the caller's stays unfitted; settings are its parameters."""

    def __init__(self, sizes: InputSizes, *, classes: int, estimator: Any, **settings: Any) -> None:
        from sklearn.base import clone

        self._estimator = clone(estimator).set_params(**settings)
        self._type = type(estimator)
        self._width = 2 * sizes.text_width + sizes.image_width
        self._frequencies = np.full(classes, 1.0 / classes)

    def fit(self, lesson: FitData) -> None:
        """Learn from the training rows; what is chosen on validation rows elsewhere stays at its setting here."""
        parameters = self._estimator.get_params(deep=False)
        if "random_state" in parameters and parameters["random_state"] is None:
            self._estimator.set_params(random_state=lesson.seed)
        if lesson.balanced:
            if "class_weight" not in parameters:
                problem = f"{self._type.__name__} cannot weight classes"
                raise BadOption("class_weight", problem, "leave it out, or give an estimator with class_weight")
            self._estimator.set_params(class_weight="balanced")
        rows, labels = training_labels(lesson)
        self._frequencies = class_frequencies(lesson)
        self._estimator.fit(_columns(lesson.examples.rows(rows)), labels)

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C): 0 for a class that was not in the training part."""
        answers = np.zeros((len(examples), len(self._frequencies)))
        if len(examples):
            answers[:, np.asarray(self._estimator.classes_)] = self._estimator.predict_proba(_columns(examples))
        present = np.stack([examples.present[name] for name in MODALITIES]).max(axis=0)
        return or_frequencies(answers, present, self._frequencies)

    def files(self) -> dict[str, bytes]:
        """The fitted estimator without code; BadRun where it consists of types that skops does not know as safe."""
        skops = skops_io()
        content: bytes = skops.dumps(self._estimator)
        if unknown := skops.get_untrusted_types(data=content):
            remedy = "write a class with files() and restore() for it: see docs/extending.md"
            problem = f"cannot be saved without code: it holds {', '.join(sorted(unknown))}"
            raise BadRun(f"model {self._type.__name__}", problem, remedy)
        return {FITTED: content, ARRAYS: safetensors.numpy.save({"frequencies": self._frequencies})}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`; BadRun for a file that holds another estimator or a type that may run code."""
        arrays = read_arrays(files, ARRAYS, needed={"frequencies": self._frequencies.shape})
        try:
            estimator = skops_io().loads(get_file(files, FITTED), trusted=[])
        except BadRun:
            raise
        except Exception as error:  # skops and zipfile raise many kinds for a damaged file
            raise damaged(FITTED, error) from None
        if type(estimator) is not self._type:
            raise damaged(FITTED, f"it holds a {type(estimator).__name__}, not a {self._type.__name__}")
        classes = np.asarray(getattr(estimator, "classes_", ()))
        if classes.dtype.kind != "i" or not set(classes.tolist()) <= set(range(len(self._frequencies))):
            raise damaged(FITTED, f"its classes are not among {len(self._frequencies)}")
        if getattr(estimator, "n_features_in_", self._width) != self._width:
            raise damaged(FITTED, f"it takes {estimator.n_features_in_} numbers, not {self._width}")
        self._estimator = estimator
        self._frequencies = arrays["frequencies"].astype(np.float64)

    def size(self) -> int:
        """How many numbers the arrays of the fitted estimator hold; those within its parts are not counted."""
        return sum(value.size for value in vars(self._estimator).values() if isinstance(value, np.ndarray))


def _columns(examples: PooledFeatures) -> NDArray[np.float32]:
    """The vectors side by side (N, D), 0 where a modality is absent."""
    blocks = [np.where(examples.present[name][:, None], examples.vectors[name], 0.0) for name in MODALITIES]
    return np.concatenate(blocks, axis=1, dtype=np.float32)
