"""k nearest neighbours by the cosine of the stored vectors of all modalities side by side.

Each modality's vectors are standardised on the training part and brought to length 1 (zero where it is absent), then
weighed by the root of w_m, so that the cosine of two posts is

    sum_m w_m cos_m / sqrt(sum of w_m of the first's modalities * sum of w_m of the second's)

and a shared absence counts for nothing. The k most similar training posts vote, and so does the whole training part,
with one vote: p_c = (votes of c + share of c) / (k + 1). k and the weights are those of the grid below with the best
accuracy on the validation part; equal ones go to the earlier weights, then to the larger k.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from postplace.features.batch import InputSizes
from postplace.features.pooled import MODALITIES, PooledFeatures
from postplace.models.blocks.class_priors import class_frequencies, or_frequencies, training_labels
from postplace.models.blocks.estimator_io import damaged, read_arrays
from postplace.models.entry import EXAMPLES, READS_ALL
from postplace.models.estimator import FitData, Probabilities
from postplace.models.registry import register_model

ARRAYS = "safetensors"
NEIGHBOURS = (50, 20, 10, 5, 1)
WEIGHTS = tuple(sorted((w for w in product((0.0, 0.5, 1.0), repeat=3) if max(w) == 1.0), reverse=True))
_ROWS = 512  # posts asked at once
_FINE = 1e5  # similarities are compared to five digits: rounding must not decide between equal neighbours
Block = NDArray[np.float16]


@register_model(
    "nearest-neighbours",
    title="k nearest neighbours",
    family="baseline",
    modalities=READS_ALL,
    inputs=EXAMPLES,
    citation="Cover and Hart, Nearest Neighbor Pattern Classification, IEEE Trans. Inf. Theory 13(1), 1967",
    prefer_when="posts repeat each other, and the answer should be shown by the posts it comes from",
)
class NearestNeighbours:
    """See the module. In a balanced lesson the vote of a post is divided by the share of its class."""

    def __init__(self, sizes: InputSizes, *, classes: int) -> None:
        self._widths = {"text": sizes.text_width, "hashtags": sizes.text_width, "image": sizes.image_width}
        self._frequencies = np.full(classes, 1.0 / classes)
        self._moments = {
            name: (np.zeros(wide, np.float32), np.ones(wide, np.float32)) for name, wide in self._widths.items()
        }
        self._blocks: dict[str, Block] = {name: np.zeros((0, wide), np.float16) for name, wide in self._widths.items()}
        self._labels = np.zeros(0, dtype=np.int64)
        self._votes = np.ones(classes)
        self.neighbours, self.weights = NEIGHBOURS[0], WEIGHTS[0]

    def fit(self, lesson: FitData) -> None:
        """Keep the training part; choose k and the weights on the validation part."""
        rows, self._labels = training_labels(lesson)
        training = lesson.examples.rows(rows)
        self._frequencies = class_frequencies(lesson)
        shares = np.bincount(self._labels, minlength=lesson.classes) / max(1, len(rows))
        self._votes = (
            np.where(shares > 0, 1 / np.maximum(shares, 1e-12), 0.0) if lesson.balanced else np.ones(lesson.classes)
        )
        self._moments = {name: _moments(training, name) for name in MODALITIES}
        self._blocks = {name: self._unit(training, name) for name in MODALITIES}
        self.neighbours, self.weights = NEIGHBOURS[0], WEIGHTS[0]
        held = lesson.validation[lesson.labels[lesson.validation] >= 0]
        if len(held) and len(rows):
            self.neighbours, self.weights = self._chosen(lesson.examples.rows(held), lesson.labels[held])
        for name, weight in zip(MODALITIES, self.weights, strict=True):
            if not weight:  # never looked at again
                self._blocks[name] = np.zeros((len(rows), 0), np.float16)

    def predict_proba(self, examples: PooledFeatures) -> Probabilities:
        """Probabilities (N, C)."""
        answers = [self._answers(examples.rows(rows)) for rows in _chunks(len(examples))]
        return np.concatenate(answers) if answers else np.zeros((0, len(self._frequencies)))

    def files(self) -> dict[str, bytes]:
        """Plain arrays: the training vectors in half precision, as they are compared."""
        arrays = {f"{name}.{part}": array for name in MODALITIES for part, array in self._of(name).items()}
        chosen = {"neighbours": np.array([self.neighbours]), "weights": np.array(self.weights)}
        own = {"labels": self._labels, "votes": self._votes, "frequencies": self._frequencies}
        return {ARRAYS: safetensors.numpy.save({**arrays, **chosen, **own})}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The inverse of `files`."""
        classes = len(self._frequencies)
        shapes: dict[str, tuple[int | None, ...]] = {"neighbours": (1,), "weights": (3,), "labels": (None,)}
        shapes |= {"votes": (classes,), "frequencies": (classes,)}
        for name, wide in self._widths.items():
            shapes |= {f"{name}.mean": (wide,), f"{name}.scale": (wide,), f"{name}.block": (None, None)}
        arrays = read_arrays(files, ARRAYS, needed=shapes)
        self._check(arrays)
        self._frequencies, self._votes = (arrays[name].astype(np.float64) for name in ("frequencies", "votes"))
        self._labels = arrays["labels"].astype(np.int64)
        self.neighbours = int(arrays["neighbours"][0])
        self.weights = tuple(float(weight) for weight in arrays["weights"])
        self._moments = {name: (arrays[f"{name}.mean"], arrays[f"{name}.scale"]) for name in MODALITIES}
        self._blocks = {name: arrays[f"{name}.block"].astype(np.float16) for name in MODALITIES}

    def size(self) -> int:
        """The numbers of the vectors kept."""
        return sum(block.size for block in self._blocks.values())

    def _check(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        labels, classes = arrays["labels"], len(self._frequencies)
        if labels.dtype.kind != "i" or (len(labels) and not (labels.min() >= 0 and labels.max() < classes)):
            raise damaged(ARRAYS, f"labels are not all among {classes} classes")
        if int(arrays["neighbours"][0]) not in NEIGHBOURS or tuple(arrays["weights"].tolist()) not in WEIGHTS:
            raise damaged(ARRAYS, "neighbours or weights are not of the grid")
        for name, weight in zip(MODALITIES, arrays["weights"].tolist(), strict=True):
            expected = (len(labels), self._widths[name] if weight else 0)
            if arrays[f"{name}.block"].shape != expected:
                raise damaged(ARRAYS, f"{name}.block has the shape {arrays[f'{name}.block'].shape}, not {expected}")

    def _of(self, name: str) -> dict[str, NDArray[np.generic]]:
        mean, scale = self._moments[name]
        return {"mean": mean, "scale": scale, "block": self._blocks[name]}

    def _unit(self, examples: PooledFeatures, name: str) -> Block:
        """Standardised vectors (N, D_m) of length 1, zero where the modality is absent."""
        mean, scale = self._moments[name]
        vectors = np.where(examples.present[name][:, None], (examples.vectors[name] - mean) / scale, 0.0)
        return unit_length(vectors.astype(np.float32)).astype(np.float16)

    def _cosines(self, examples: PooledFeatures, name: str) -> NDArray[np.float32]:
        return np.asarray(self._unit(examples, name).astype(np.float32) @ self._blocks[name].astype(np.float32).T)

    def _answers(self, examples: PooledFeatures) -> Probabilities:
        used = [(name, weight) for name, weight in zip(MODALITIES, self.weights, strict=True) if weight]
        cosines = {name: self._cosines(examples, name) for name, _ in used}
        similar = self._similarities(examples, cosines, self.weights)
        known = np.stack([examples.present[name] for name, _ in used]).max(axis=0)
        return or_frequencies(self._voted(similar, (self.neighbours,))[0], known, self._frequencies)

    def _chosen(self, held: PooledFeatures, labels: NDArray[np.int64]) -> tuple[int, tuple[float, ...]]:
        hits = np.zeros((len(WEIGHTS), len(NEIGHBOURS)), dtype=np.int64)
        for rows in _chunks(len(held)):
            part = held.rows(rows)
            cosines = {name: self._cosines(part, name) for name in MODALITIES}
            for number, weights in enumerate(WEIGHTS):
                shown = [part.present[name] for name, weight in zip(MODALITIES, weights, strict=True) if weight]
                known = np.stack(shown).max(axis=0)
                votes = self._voted(self._similarities(part, cosines, weights), NEIGHBOURS)
                for column, answers in enumerate(votes):
                    answers = or_frequencies(answers, known, self._frequencies)
                    hits[number, column] += int((answers.argmax(axis=1) == labels[rows]).sum())
        first = int(hits.argmax())  # of equal ones
        number, column = divmod(first, len(NEIGHBOURS))
        return NEIGHBOURS[column], WEIGHTS[number]

    def _similarities(
        self, examples: PooledFeatures, cosines: Mapping[str, NDArray[np.float32]], weights: tuple[float, ...]
    ) -> NDArray[np.float32]:
        """The cosine (N, M) of N posts and the M training posts."""
        asked, kept = np.zeros(len(examples)), np.zeros(len(self._labels))
        total = np.zeros((len(asked), len(kept)), dtype=np.float32)
        for name, weight in zip(MODALITIES, weights, strict=True):
            if weight:
                total += np.float32(weight) * cosines[name]
                asked += weight * examples.present[name]
                kept += weight * self._blocks[name].any(axis=1)
        lengths = np.sqrt(np.maximum(asked, 0.5))[:, None] * np.sqrt(np.maximum(kept, 0.5))
        return np.asarray(total / lengths, dtype=np.float32)

    def _voted(self, similar: NDArray[np.float32], neighbours: tuple[int, ...]) -> list[Probabilities]:
        """Similarities (N, M) -> probabilities (N, C) for each k; of equal ones the earlier training post votes."""
        order = nearest(similar, max(neighbours))
        classes, found = len(self._frequencies), []
        for k in neighbours:
            labels = self._labels[order[:, :k]]
            votes = np.zeros((len(similar), classes))
            np.add.at(votes, (np.arange(len(similar))[:, None], labels), self._votes[labels])
            votes *= labels.shape[1] / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
            found.append((votes + self._frequencies) / (labels.shape[1] + 1))
        return found


def nearest(similar: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The columns of the k largest of each row, best first; of equal ones (to five digits) the earlier column.

    >>> nearest(np.array([[0.5, 0.9, 0.5, 0.50000001]], dtype=np.float32), 3).tolist()
    [[1, 0, 2]]
    """
    columns = similar.shape[1]
    keys = np.arange(columns) - np.rint(similar * _FINE).astype(np.int64) * max(1, columns)
    k = min(k, columns)
    first = np.argpartition(keys, k - 1, axis=1)[:, :k] if 0 < k < columns else np.argsort(keys, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(keys, first, axis=1), axis=1)
    return np.asarray(np.take_along_axis(first, order, axis=1), dtype=np.int64)


def unit_length(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows divided by their length; rows of zeros stay.

    >>> unit_length(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _moments(examples: PooledFeatures, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (D,), (D,) over the posts that have the modality; 1 for a constant."""
    own = examples.vectors[name][examples.present[name]].astype(np.float64)
    if not len(own):
        wide = examples.vectors[name].shape[1]
        return np.zeros(wide, np.float32), np.ones(wide, np.float32)
    spread = own.std(axis=0)
    return own.mean(axis=0).astype(np.float32), np.where(spread > 1e-6, spread, 1.0).astype(np.float32)


def _chunks(posts: int) -> list[NDArray[np.int64]]:
    return [np.arange(start, min(start + _ROWS, posts)) for start in range(0, posts, _ROWS)]
