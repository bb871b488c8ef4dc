"""What every accuracy stands beside: the majority class, the city median, and linear models on the same vectors.

Arrays in, fitted on the training part alone; the regularisation, and nothing else, is chosen on the validation part.
`train` and `validation` are indices or masks into the N posts; labels (N,) are class indices, -1 (no label, or a class
the vocabulary does not know) is left out of both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadRun
from postplace.evaluation.logistic import Fit, Probabilities, fit_path, softmax

Rows = NDArray[np.integer] | NDArray[np.bool_]
Vectors = Mapping[str, NDArray[np.floating]]
Present = Mapping[str, NDArray[np.bool_]]

MODALITIES = ("text", "hashtags", "image")
CONCATENATION = "concatenation"
MAJORITY = "majority"
FEWEST_PRESENT = 20  # a modality in fewer training posts than this teaches nothing that could be compared

# C of scikit-learn, from strong to weak
_GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_TFIDF_GRID = (1.0, 10.0, 100.0)  # rows of norm 1 need less


@dataclass(frozen=True)
class Majority:
    """Always the most frequent training class; `frequencies` (C,) sum to 1."""

    frequencies: NDArray[np.float64]

    def predict_proba(self, posts: int) -> Probabilities:
        """The class frequencies for each of N posts (N, C); equal ones go to the lower index."""
        return np.tile(self.frequencies, (posts, 1))


def fit_majority(labels: NDArray[np.integer], *, classes: int) -> Majority:
    """Training labels (N,), -1 left out -> the class frequencies; uniform without labels.

    >>> fit_majority(np.array([1, 1, 0, -1, 1]), classes=3).predict_proba(1).tolist()
    [[0.25, 0.75, 0.0]]
    """
    counts = np.bincount(labels[labels >= 0], minlength=classes).astype(np.float64)
    return Majority(counts / counts.sum() if counts.sum() else np.full(classes, 1.0 / classes))


def city_median(coordinates: NDArray[np.floating]) -> NDArray[np.float64]:
    """Training coordinates (N, 2) in degrees, NaN rows left out -> their coordinate-wise median (2,); NaN without any.

    Longitudes are counted from their circular mean, so that a city on the date line has a median too.

    >>> city_median(np.array([[10.0, 179.0], [12.0, -179.0], [30.0, 180.0]])).tolist()
    [12.0, 180.0]
    """
    known = np.asarray(coordinates, dtype=np.float64)
    known = known[~np.isnan(known).any(axis=1)]
    if not len(known):
        return np.full(2, np.nan)
    turns = np.exp(1j * np.radians(known[:, 1]))
    middle = float(np.degrees(np.angle(turns.sum())))
    offsets = (known[:, 1] - middle + 180.0) % 360.0 - 180.0
    longitude = (middle + float(np.median(offsets)) + 180.0) % 360.0 - 180.0
    return np.array([np.median(known[:, 0]), 180.0 if np.isclose(longitude, -180.0) else longitude])


@dataclass(frozen=True)
class LinearBaseline:
    """Multinomial logistic regression on the standardised vectors of `modalities`, side by side, D wide in all.

    An absent modality is a zero vector after standardisation; the last M columns say which of the M are present.
    weights (C, D + M), bias (C,), -inf for a class without a training post, mean (D,), scale (D,): float32.
    """

    modalities: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def predict_proba(self, features: Vectors, present: Present) -> Probabilities:
        """Vectors (N, D_m) and masks (N,) by modality -> probabilities (N, C)."""
        rows = _design(features, present, self.modalities, self.mean, self.scale)
        return softmax(rows @ self.weights.T + self.bias)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The plain arrays to save; `from_arrays` is the inverse."""
        return {"W": self.weights, "b": self.bias, "mean": self.mean, "scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, modalities: Sequence[str]) -> LinearBaseline:
        """Raises BadRun when an array is missing or does not fit the others."""
        try:
            weights, bias, mean, scale = (arrays[key].astype(np.float32) for key in ("W", "b", "mean", "scale"))
        except KeyError as error:
            raise BadRun("baselines", f"array {error} is missing", "evaluate the run again") from error
        if weights.shape != (len(bias), len(mean) + len(modalities)) or mean.shape != scale.shape:
            shapes = f"W {weights.shape}, b {bias.shape}, mean {mean.shape}, scale {scale.shape}"
            raise BadRun("baselines", f"arrays do not fit each other: {shapes}", "evaluate the run again")
        return cls(tuple(modalities), weights, bias, mean, scale)


def fit_linear(
    features: Vectors, *, present: Present, labels: NDArray[np.integer], classes: int, train: Rows, validation: Rows
) -> tuple[LinearBaseline, Fit]:
    """Vectors (N, D_m) by modality, all of them used -> the baseline, with C chosen by validation accuracy.

    Equal accuracies go to the stronger regularisation.
    """
    modalities = tuple(features)
    train, validation = _labelled(train, labels), _labelled(validation, labels)
    mean, scale = _moments(features, present, train)
    rows = _design(features, present, modalities, mean, scale)
    weights, bias, fit = fit_path(
        rows[train], labels[train], held_out=(rows[validation], labels[validation]), classes=classes, grid=_GRID
    )
    return LinearBaseline(modalities, weights, bias, mean, scale), fit


@dataclass(frozen=True)
class Baselines:
    """All baselines that can be saved with a run.

    `linear` holds one for each modality with enough data, and "concatenation"; `fits` how each was chosen; `skipped`
    why a modality has none; `city_median` is (latitude, longitude), or None where no training post has coordinates.
    """

    majority: Majority
    linear: Mapping[str, LinearBaseline]
    fits: Mapping[str, Fit]
    skipped: Mapping[str, str]
    city_median: tuple[float, float] | None

    def predict_proba(self, features: Vectors, present: Present) -> dict[str, Probabilities]:
        """Probabilities (N, C) of "majority" and of each linear baseline, by name."""
        posts = len(next(iter(present.values())))
        linear = {name: baseline.predict_proba(features, present) for name, baseline in self.linear.items()}
        return {MAJORITY: self.majority.predict_proba(posts)} | linear

    def best_single(self) -> str | None:
        """The name of the modality whose baseline is best on the validation part."""
        return best_single({name: fit.validation_accuracy for name, fit in self.fits.items()})

    def notes(self) -> list[str]:
        """What to know beside their numbers: modalities without one, and fits that ended too early."""
        without = [f"no baseline of {name} alone: {reason}" for name, reason in self.skipped.items()]
        stopped = [(name, fit.unconverged) for name, fit in self.fits.items() if fit.unconverged]
        return without + [
            f"logistic regression on {name}: {count} of the regularisations tried ended before they had converged"
            for name, count in stopped
        ]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array, named "majority" or "<baseline>.<array>"."""
        named = {f"{name}.{key}": array for name, own in self.linear.items() for key, array in own.arrays().items()}
        return {MAJORITY: self.majority.frequencies} | named

    def to_json(self) -> str:
        """Everything but the arrays, as JSON text."""
        linear = {
            name: {"modalities": list(own.modalities), "fit": asdict(self.fits[name])}
            for name, own in self.linear.items()
        }
        content = {"linear": linear, "skipped": dict(self.skipped), "city_median": self.city_median}
        return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)

    @classmethod
    def from_parts(cls, arrays: Mapping[str, NDArray[Any]], text: str) -> Baselines:
        """The inverse of `arrays` and `to_json`. Raises BadRun on damage."""
        try:
            content = json.loads(text)
            linear = {name: _loaded(arrays, name, entry["modalities"]) for name, entry in content["linear"].items()}
            fits = {name: Fit(**entry["fit"]) for name, entry in content["linear"].items()}
            point = content["city_median"]
            median = None if point is None else (float(point[0]), float(point[1]))
            majority = Majority(np.asarray(arrays[MAJORITY], dtype=np.float64))
            if any(len(own.bias) != len(majority.frequencies) for own in linear.values()):
                raise ValueError("the arrays differ in their number of classes")
            return cls(majority, linear, fits, dict(content["skipped"]), median)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"are damaged ({type(error).__name__}: {error})"
            raise BadRun("baselines", problem, "evaluate the run again") from error


def _loaded(arrays: Mapping[str, NDArray[Any]], name: str, modalities: Sequence[str]) -> LinearBaseline:
    prefix = f"{name}."
    own = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
    return LinearBaseline.from_arrays(own, modalities=modalities)


def fit_baselines(
    features: Vectors,
    *,
    present: Present,
    labels: NDArray[np.integer],
    classes: int,
    train: Rows,
    validation: Rows,
    coordinates: NDArray[np.floating] | None = None,
) -> Baselines:
    """Vectors (N, D_m) and masks (N,) by modality -> the majority class, the city median and the linear baselines.

    `coordinates` (N, 2) in degrees, NaN where unknown. A modality present in fewer than 20 labelled training posts is
    skipped, with the reason in `skipped`. With a single modality the concatenation is that modality.
    """
    rows = _labelled(train, labels)
    counts = {name: int(present[name][rows].sum()) for name in features}
    skipped = {
        name: f"present in {count} of {len(rows)} training posts, fewer than {FEWEST_PRESENT}"
        for name, count in counts.items()
        if count < FEWEST_PRESENT
    }
    kept = {name: vectors for name, vectors in features.items() if name not in skipped}
    groups = {name: {name: vectors} for name, vectors in kept.items()}
    if len(kept) > 1:
        groups[CONCATENATION] = kept
    fitted = {
        name: fit_linear(group, present=present, labels=labels, classes=classes, train=train, validation=validation)
        for name, group in groups.items()
    }
    if len(kept) == 1:
        fitted[CONCATENATION] = fitted[next(iter(kept))]
    median = None if coordinates is None else city_median(coordinates[train])
    return Baselines(
        fit_majority(labels[rows], classes=classes),
        {name: baseline for name, (baseline, _) in fitted.items()},
        {name: fit for name, (_, fit) in fitted.items()},
        skipped,
        None if median is None or np.isnan(median).any() else (float(median[0]), float(median[1])),
    )


def no_baselines(classes: int) -> Baselines:
    """Nothing beside a system that is judged beside baselines fitted elsewhere; every class as frequent as another."""
    return Baselines(Majority(np.full(classes, 1.0 / classes)), {}, {}, {}, None)


def best_single(scores: Mapping[str, float | None]) -> str | None:
    """The modality with the highest VALIDATION score; choosing on the test part would flatter the baseline.

    Other names are not looked at; equal scores go to the first of text, hashtags, image; None without any modality.

    >>> best_single({"text": 0.7, "image": 0.5, "concatenation": 0.8})
    'text'
    """
    known = {name: scores[name] for name in MODALITIES if name in scores}
    return max(known, key=lambda name: -np.inf if known[name] is None else float(known[name] or 0.0), default=None)


@dataclass(frozen=True)
class TfidfBaseline:
    """TF-IDF of character 1-3-grams, with or without dense vectors beside it -> logistic regression; not saved.

    The strongest simple text model where words have no spaces between them. weights (C, V + D), bias (C,).
    """

    vectorizer: Any
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    mean: NDArray[np.float32] | None
    scale: NDArray[np.float32] | None

    def predict_proba(
        self,
        texts: Sequence[str],
        *,
        vectors: NDArray[np.floating] | None = None,
        present: NDArray[np.bool_] | None = None,
    ) -> Probabilities:
        """N texts, with vectors (N, D) and their mask (N,) if it was fitted with them -> probabilities (N, C)."""
        rows = _beside(self.vectorizer.transform(texts), vectors, present, self.mean, self.scale)
        return softmax(rows @ self.weights.T + self.bias)


def fit_tfidf(
    texts: Sequence[str],
    *,
    labels: NDArray[np.integer],
    classes: int,
    train: Rows,
    validation: Rows,
    vectors: NDArray[np.floating] | None = None,
    present: NDArray[np.bool_] | None = None,
) -> tuple[TfidfBaseline, Fit]:
    """N texts, and optionally vectors (N, D) with their mask (N,) -> the baseline, C chosen by validation accuracy."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    train, validation = _labelled(train, labels), _labelled(validation, labels)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True, dtype=np.float32)
    vectorizer.fit([texts[row] for row in train])
    mean = scale = None
    if vectors is not None:
        present = np.ones(len(texts), dtype=np.bool_) if present is None else present
        mean, scale = _moments({"": vectors}, {"": present}, train)
    rows = _beside(vectorizer.transform(texts), vectors, present, mean, scale)
    weights, bias, fit = fit_path(
        rows[train], labels[train], held_out=(rows[validation], labels[validation]), classes=classes, grid=_TFIDF_GRID
    )
    return TfidfBaseline(vectorizer, weights, bias, mean, scale), fit


def _labelled(rows: Rows, labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Indices or a mask -> the indices whose label is known."""
    chosen = np.arange(len(labels))[rows]
    return chosen[labels[chosen] >= 0]


def _moments(
    features: Vectors, present: Present, train: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation (D,), (D,) over the training posts that have the modality; 1 for a constant."""
    means, scales = [], []
    for name, vectors in features.items():
        own = vectors[train][present[name][train]].astype(np.float64)
        spread = own.std(axis=0) if len(own) else np.zeros(vectors.shape[1])
        means.append(own.mean(axis=0) if len(own) else np.zeros(vectors.shape[1]))
        scales.append(np.where(spread > 1e-6, spread, 1.0))
    return np.concatenate(means).astype(np.float32), np.concatenate(scales).astype(np.float32)


def _design(
    features: Vectors,
    present: Present,
    modalities: Sequence[str],
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Standardised vectors, zero where absent, then the presence indicators: (N, D + M)."""
    masks = [present[name] for name in modalities]
    # np.where, not a product: an absent vector may hold anything, NaN too
    blocks = [np.where(mask[:, None], features[name], np.nan) for name, mask in zip(modalities, masks, strict=True)]
    shown = np.repeat(np.stack(masks, axis=1), [block.shape[1] for block in blocks], axis=1)
    standard = np.where(shown, (np.concatenate(blocks, axis=1) - mean) / scale, 0.0)
    return np.concatenate([standard, np.stack(masks, axis=1)], axis=1, dtype=np.float32)


def _beside(
    counts: Any,
    vectors: NDArray[np.floating] | None,
    present: NDArray[np.bool_] | None,
    mean: NDArray[np.float32] | None,
    scale: NDArray[np.float32] | None,
) -> Any:
    """Sparse TF-IDF (N, V), and the standardised vectors scaled to rows of norm about 1 like it: (N, V + D + 1)."""
    from scipy import sparse

    if mean is None or scale is None:
        return counts
    if vectors is None:
        raise ValueError("this baseline was fitted with vectors beside the texts: give them")
    present = np.ones(len(vectors), dtype=np.bool_) if present is None else present
    dense = _design({"": vectors}, {"": present}, [""], mean, scale)
    dense[:, :-1] /= np.sqrt(len(mean))
    return sparse.hstack([counts, sparse.csr_matrix(dense)], format="csr", dtype=np.float32)
