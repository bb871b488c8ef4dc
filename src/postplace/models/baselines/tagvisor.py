"""Tagvisor: a random forest on the hashtags of a post (Zhang et al., WWW 2018, arXiv 1802.04122, sec. 3).

A post is x in {0, 1}^V, which of V known hashtags it has; the forest gives the posterior P(place | x) of a place, the
mean over its trees of the share of each place in the leaf that x falls into. (The paper's sizes are recalled, not
confirmed: it names a forest of 100 trees.) The vocabulary is fitted on the training part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import safetensors.numpy

from postplace.errors import BadRun
from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.blocks.class_priors import class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import as_bytes, read_arrays, read_json_object, read_strings
from postplace.models.blocks.forest_io import forest_bytes, read_forest, skops_io
from postplace.models.entry import STRINGS
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS, VOCABULARY, FOREST = "safetensors", "json", "forest.skops"


@register_model(
    "tagvisor",
    title="Tagvisor",
    family="text",
    modalities=frozenset({"hashtags"}),
    inputs=STRINGS,
    citation="Zhang et al., Tagvisor: A Privacy Advisor for Sharing Hashtags, WWW 2018, arXiv 1802.04122",
    prefer_when="posts carry several hashtags each, and what they give away is to be known in seconds",
    deviations="A post without a known hashtag gets the class frequencies; trees have at most 1024 leaves, which "
    "bounds the file; the number of trees is recalled, not confirmed. A tag counts from its second "
    "occurrence; classes are weighted with `class_weight` alone.",
    ranges={"leaves": (2, 65536)},
    search={"trees": (100, 300), "leaves": (256, 1024, 4096), "min_count": (1, 2, 5)},
)
class Tagvisor:
    """See the module. `leaves` bounds each tree, and with it the file; `min_count`: rarer hashtags are unknown.

    The forest learns from training posts with a known hashtag; a post without gets the class frequencies of all. In a
    balanced lesson each tree weighs classes by the inverse of their number in its sample.
    """

    def __init__(
        self, sizes: InputSizes, *, classes: int, trees: int = 100, leaves: int = 1024, min_count: int = 2
    ) -> None:
        skops_io()  # to say before hours of fitting that nothing could be saved
        self._trees, self._leaves, self._min_count = trees, leaves, min_count
        self._frequencies = np.full(classes, 1.0 / classes)
        self._columns: dict[str, int] = {}
        self._forest: Any = None

    def fit(self, lesson: FitData) -> None:
        """Learn from the training part; nothing is chosen on the validation part."""
        from sklearn.ensemble import RandomForestClassifier

        rows, labels = training_labels(lesson)
        self._frequencies = class_frequencies(lesson)
        counts = Counter(tag for row in rows for tag in lesson.examples.hashtags[row])
        known = sorted(tag for tag, count in counts.items() if count >= self._min_count)
        self._columns = {tag: column for column, tag in enumerate(known)}
        bags = self._bags([lesson.examples.hashtags[row] for row in rows])
        tagged = np.diff(bags.indptr) > 0
        self._forest = None
        if tagged.any():
            self._forest = RandomForestClassifier(
                self._trees,
                max_leaf_nodes=max(2, self._leaves),
                class_weight="balanced_subsample" if lesson.balanced else None,
                random_state=lesson.seed,
            ).fit(bags[tagged], labels[tagged])

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        answers = np.zeros((len(examples), len(self._frequencies)))
        bags = self._bags(examples.hashtags)
        known = np.asarray(np.diff(bags.indptr) > 0)
        if self._forest is not None and known.any():
            answers[np.ix_(known, self._forest.classes_)] = self._forest.predict_proba(bags[known])
        return or_frequencies(answers, known, self._frequencies)

    def files(self) -> dict[str, bytes]:
        """The forest, if there is one, the hashtags and the class frequencies."""
        forest = {} if self._forest is None else {FOREST: forest_bytes(self._forest)}
        return {
            **forest,
            ARRAYS: safetensors.numpy.save({"frequencies": self._frequencies}),
            VOCABULARY: as_bytes({"hashtags": list(self._columns)}),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        arrays = read_arrays(files, ARRAYS, needed={"frequencies": self._frequencies.shape})
        hashtags = read_strings(read_json_object(files, VOCABULARY, needed=("hashtags",)), "hashtags", name=VOCABULARY)
        self._frequencies = arrays["frequencies"].astype(np.float64)
        self._columns = {tag: column for column, tag in enumerate(hashtags)}
        self._forest = None
        if hashtags:
            if FOREST not in files:
                raise BadRun(f"model.{FOREST}", "is missing", "copy the run folder again, or train again")
            classes = len(self._frequencies)
            self._forest = read_forest(files[FOREST], features=len(hashtags), classes=classes, name=FOREST)

    def size(self) -> int:
        """Nodes of all trees, each with a hashtag, a threshold, two children and a share for each class."""
        if self._forest is None:
            return len(self._frequencies)
        nodes = sum(tree.tree_.node_count for tree in self._forest.estimators_)
        return int(nodes * (4 + len(self._forest.classes_)))

    def _bags(self, hashtags: Sequence[Sequence[str]]) -> Any:
        """The hashtags of N posts -> a sparse matrix (N, V) of 0 and 1."""
        from scipy import sparse

        columns = [sorted({self._columns[tag] for tag in tags if tag in self._columns}) for tags in hashtags]
        ends = np.cumsum([0, *map(len, columns)])
        flat = np.array([column for own in columns for column in own], dtype=np.int32)
        ones = np.ones(len(flat), dtype=np.float32)
        return sparse.csr_matrix((ones, flat, ends.astype(np.int32)), shape=(len(hashtags), len(self._columns)))
