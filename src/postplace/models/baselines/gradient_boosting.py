"""Gradient-boosted trees (LightGBM; Ke et al., NeurIPS 2017) on the stored vectors of all modalities side by side.

The numbers of an absent modality are missing, which the trees know as such. A round is one tree a class; rounds end
when the cross-entropy of the validation part has not fallen for `PATIENCE` of them, and the best ones are kept.
Each tree sees a tenth of the columns: the vectors are wide and their columns tell much the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.features.batch import InputSizes
from postplace.features.pooled import MODALITIES, PooledFeatures
from postplace.models.blocks.class_priors import class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import as_bytes, damaged, get_file, read_arrays, read_json_object
from postplace.models.blocks.trees_io import check_trees
from postplace.models.entry import EXAMPLES, READS_ALL
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS, DIGEST, TREES = "safetensors", "json", "trees.txt"
PATIENCE = 10
_PARAMETERS = {
    "objective": "multiclass",
    "max_bin": 63,
    "feature_fraction": 0.1,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "min_data_in_leaf": 10,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


@register_model(
    "lightgbm",
    title="LightGBM",
    family="baseline",
    modalities=READS_ALL,
    inputs=EXAMPLES,
    citation="Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 2017",
    prefer_when="single numbers of the vectors decide, or modalities are often missing",
    deviations="At most 100 rounds of trees of 7 leaves, each of a tenth of the columns: half a minute for 6,000 "
    "posts of 30 classes on one core.",
    ranges={"rounds": (1, 1000), "leaves": (2, 1024), "learning_rate": (0.001, 1.0)},
    search={"leaves": (7, 15, 31), "rounds": (100, 200)},
)
class GradientBoosting:
    """See the module. `rounds` is how many there are at most; in a balanced lesson posts weigh by their class."""

    def __init__(
        self, sizes: InputSizes, *, classes: int, rounds: int = 100, leaves: int = 7, learning_rate: float = 0.1
    ) -> None:
        self._lightgbm = _lightgbm()
        self._features = 2 * sizes.text_width + sizes.image_width
        self._rounds = rounds
        self._settings = {"num_leaves": max(2, leaves), "learning_rate": learning_rate}
        self._frequencies = np.full(classes, 1.0 / classes)
        self._seen = np.zeros(0, dtype=np.int64)
        self._text = ""
        self._booster: Any = None

    def fit(self, lesson: FitData) -> None:
        """Learn from the training part, choose the number of rounds on the validation part."""
        rows, labels = training_labels(lesson)
        self._frequencies = class_frequencies(lesson)
        self._seen = np.unique(labels)
        self._text, self._booster = "", None
        if len(self._seen) < 2:
            return
        held = lesson.validation[np.isin(lesson.labels[lesson.validation], self._seen)]
        parameters = {**_PARAMETERS, **self._settings, "num_class": len(self._seen), "seed": lesson.seed}
        training = self._part(lesson, rows)
        stop = [self._lightgbm.early_stopping(PATIENCE, verbose=False)] if len(held) else []
        booster = self._lightgbm.train(
            parameters,
            training,
            num_boost_round=self._rounds,
            valid_sets=[self._part(lesson, held, reference=training)] if len(held) else [],
            callbacks=stop,
        )
        self._read(booster.model_to_string(num_iteration=booster.best_iteration if len(held) else -1))

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        answers = np.zeros((len(examples), len(self._frequencies)))
        if self._booster is None or not len(examples):
            return np.tile(self._frequencies, (len(examples), 1))
        answers[:, self._seen] = self._booster.predict(_columns(examples), num_threads=1)
        present = np.stack([examples.present[name] for name in MODALITIES]).max(axis=0)
        return or_frequencies(answers, present, self._frequencies)

    def files(self) -> dict[str, bytes]:
        """LightGBM's own text of the trees, its digest, and the class frequencies."""
        trees = self._text.encode()
        arrays = {"frequencies": self._frequencies, "seen": self._seen}
        return {
            TREES: trees,
            DIGEST: as_bytes({"sha256": hashlib.sha256(trees).hexdigest()}),
            ARRAYS: safetensors.numpy.save(arrays),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        classes = len(self._frequencies)
        arrays = read_arrays(files, ARRAYS, needed={"frequencies": (classes,), "seen": (None,)})
        trees = get_file(files, TREES)
        if read_json_object(files, DIGEST, needed=("sha256",))["sha256"] != hashlib.sha256(trees).hexdigest():
            raise damaged(TREES, "its digest is another")
        seen = arrays["seen"]
        if seen.dtype.kind != "i" or (np.diff(seen) <= 0).any() or not set(seen.tolist()) <= set(range(classes)):
            raise damaged(ARRAYS, f"the classes seen are not among {classes}")
        self._frequencies, self._seen = arrays["frequencies"].astype(np.float64), seen.astype(np.int64)
        self._text, self._booster = "", None
        if len(seen) < 2 and not trees:
            return
        try:
            text = trees.decode("ascii")
            check_trees(text, features=self._features, classes=len(seen), name=TREES)
            self._read(text)
        except (UnicodeDecodeError, self._lightgbm.basic.LightGBMError) as error:
            raise damaged(TREES, error) from None

    def size(self) -> int:
        """Of each leaf its value, of each split its column and threshold."""
        if self._booster is None:
            return len(self._frequencies)
        leaves = sum(int(line.partition("=")[2]) for line in self._text.splitlines() if line.startswith("num_leaves="))
        return 3 * leaves - 2 * int(self._booster.num_trees())

    def _read(self, text: str) -> None:
        """Answer from the text, now as after saving: the numbers in it are what a saved run knows."""
        self._text = text
        self._booster = self._lightgbm.Booster(model_str=text)

    def _part(self, lesson: FitData, rows: NDArray[np.int64], *, reference: Any = None) -> Any:
        labels = np.searchsorted(self._seen, lesson.labels[rows])
        weights = None
        if lesson.balanced:
            counts = np.bincount(np.searchsorted(self._seen, training_labels(lesson)[1]))
            weights = (counts.sum() / (len(counts) * counts))[labels]
        columns = _columns(lesson.examples.rows(rows))
        return self._lightgbm.Dataset(columns, labels, weight=weights, reference=reference, params=dict(_PARAMETERS))


def _columns(examples: PooledFeatures) -> NDArray[np.float32]:
    """The vectors side by side (N, D), NaN where a modality is absent."""
    blocks = [np.where(examples.present[name][:, None], examples.vectors[name], np.nan) for name in MODALITIES]
    return np.concatenate(blocks, axis=1, dtype=np.float32)


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ModuleNotFoundError:
        raise BadOption("model", "lightgbm is not installed", "install it: pip install lightgbm") from None
    return lightgbm
