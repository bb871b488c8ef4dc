"""TF-IDF of character 1-3-grams and logistic regression, alone or with the image's vector beside it.

The text is that of the post without links, mentions and hashtags, then its hashtags, each after a `#`; the
regularisation is chosen by the accuracy on the validation part. See `postplace.evaluation.baselines.fit_tfidf`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from postplace.evaluation.baselines import TfidfBaseline, fit_tfidf
from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.blocks.class_priors import balanced_bias, class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import as_bytes, damaged, read_arrays, read_json_object, read_strings
from postplace.models.entry import READS_ALL, READS_TEXT, STRINGS
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS, VOCABULARY = "safetensors", "json"
NOTHING = "\ue000"  # a term that no text has (private use), for training posts of which no two share a character


class _Dense(TypedDict, total=False):
    """The image vectors (N, D) beside the terms, and which posts have one (N,); nothing where they are not read."""

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]


@register_model(
    "tfidf",
    title="TF-IDF + logistic regression",
    family="baseline",
    modalities=READS_TEXT,
    inputs=STRINGS,
    citation="Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, Inf. Process. Manag. "
    "24(5), 1988",
    prefer_when="there is text: few systems beat it, least of all where words have no spaces between them",
    fixed={"beside": "nothing"},
)
@register_model(
    "tfidf-image",
    title="TF-IDF and image vector + logistic regression",
    family="baseline",
    modalities=READS_ALL,
    inputs=STRINGS,
    citation="Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, Inf. Process. Manag. "
    "24(5), 1988",
    prefer_when="there are text and images, and the simplest system that reads both is wanted",
    fixed={"beside": "image"},
)
class Tfidf:
    """See the module. In a balanced lesson each class's probability is divided by its share of the training posts."""

    def __init__(self, sizes: InputSizes, *, classes: int, beside: Literal["nothing", "image"] = "nothing") -> None:
        self._beside = beside
        self._image_width = sizes.image_width
        self._frequencies = np.full(classes, 1.0 / classes)
        self._baseline: TfidfBaseline | None = None

    def fit(self, lesson: FitData) -> None:
        """Learn from the training part, choose the regularisation on the validation part."""
        self._frequencies = class_frequencies(lesson)
        rows, labels = training_labels(lesson)
        texts = joined_texts(lesson.examples)
        if not _shared_characters([texts[row] for row in rows]):
            texts = [NOTHING] * len(texts)
        baseline, _ = fit_tfidf(
            texts,
            labels=lesson.labels,
            classes=lesson.classes,
            train=lesson.train,
            validation=lesson.validation,
            **self._dense(lesson.examples),
        )
        if lesson.balanced:
            baseline = replace(baseline, bias=balanced_bias(baseline.bias, labels))
        self._baseline = baseline

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        if self._baseline is None or not len(examples):
            return np.tile(self._frequencies, (len(examples), 1))
        texts = joined_texts(examples)
        known = np.array([bool(text) for text in texts], dtype=np.bool_)
        if self._beside == "image":
            known = known | examples.present["image"]
        answers = self._baseline.predict_proba(texts, **self._dense(examples))
        return or_frequencies(answers, known, self._frequencies)

    def files(self) -> dict[str, bytes]:
        """Plain arrays, and the terms as JSON."""
        if self._baseline is None:
            return {}
        found = self._baseline
        terms: list[str] = found.vectorizer.get_feature_names_out().tolist()
        arrays = {"weights": found.weights, "bias": found.bias, "idf": found.vectorizer.idf_}
        if found.mean is not None and found.scale is not None:
            arrays |= {"mean": found.mean, "scale": found.scale}
        n_grams = list(found.vectorizer.ngram_range)
        return {
            ARRAYS: safetensors.numpy.save({**arrays, "frequencies": self._frequencies}),
            VOCABULARY: as_bytes({"terms": terms, "n_grams": n_grams}),
        }

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        content = read_json_object(files, VOCABULARY, needed=("terms", "n_grams"))
        terms, n_grams = read_strings(content, "terms", name=VOCABULARY), content["n_grams"]
        whole = isinstance(n_grams, list) and len(n_grams) == 2 and all(n in range(1, 9) for n in n_grams)
        if not whole or n_grams[0] > n_grams[1] or not terms:
            raise damaged(VOCABULARY, f"n_grams {n_grams}, {len(terms)} terms")
        classes, dense = len(self._frequencies), self._image_width if self._beside == "image" else 0
        columns = len(terms) + (dense + 1 if dense else 0)
        shapes: dict[str, tuple[int | None, ...]] = {"weights": (classes, columns), "bias": (classes,)}
        shapes |= {"idf": (len(terms),), "frequencies": (classes,)}
        shapes |= {"mean": (dense,), "scale": (dense,)} if dense else {}
        arrays = read_arrays(files, ARRAYS, needed=shapes)
        self._frequencies = arrays["frequencies"].astype(np.float64)
        self._baseline = TfidfBaseline(
            _vectorizer(terms, arrays["idf"], n_grams),
            *(arrays[name].astype(np.float32) for name in ("weights", "bias")),
            *(arrays[name].astype(np.float32) if dense else None for name in ("mean", "scale")),
        )

    def size(self) -> int:
        """Weights and biases."""
        return 0 if self._baseline is None else int(self._baseline.weights.size + self._baseline.bias.size)

    def _dense(self, examples: PooledFeatures) -> _Dense:
        if self._beside == "nothing":
            return {}
        return {"vectors": examples.vectors["image"], "present": examples.present["image"]}


def joined_texts(examples: PooledFeatures) -> list[str]:
    """The text and the hashtags of each post as one string.

    >>> joined_texts(PooledFeatures(["at the river", ""], [("bund",), ()], {}, {}))
    ['at the river #bund', '']
    """
    pairs = zip(examples.texts, examples.hashtags, strict=True)
    return [" ".join(filter(None, [text, *(f"#{tag}" for tag in tags)])) for text, tags in pairs]


def _shared_characters(texts: Sequence[str]) -> bool:
    """Whether two texts have a character in common: terms of a single post are not learned from."""
    counts = Counter(character for text in texts for character in set(text.lower()))
    return any(count > 1 for count in counts.values())


def _vectorizer(terms: Sequence[str], idf: NDArray[np.floating], n_grams: Sequence[int]) -> Any:
    """The vectorizer that `fit_tfidf` fitted."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    numbered = {term: number for number, term in enumerate(terms)}
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=tuple(n_grams), sublinear_tf=True, dtype=np.float32, vocabulary=numbered
    )
    vectorizer.idf_ = idf
    return vectorizer
