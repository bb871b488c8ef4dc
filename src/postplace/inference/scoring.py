"""A model and the baselines evaluated on the same posts, with intervals over groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics
from postplace.evaluation.baselines import Baselines
from postplace.evaluation.grouped import why_no_interval
from postplace.evaluation.metrics import ACCURACY_AT, evaluate_predictions, hits_at_k, modality_pattern
from postplace.evaluation.scores import ConfidenceInterval, Difference, Intervals, ModelScores, Scores, bounds, or_none
from postplace.evaluation.significance import (
    DIFFERENCE,
    bootstrap_totals,
    paired_group_bootstrap,
    positive_interval,
    share_interval,
    verdict,
)
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import has_image, pooled_features
from postplace.inference.evaluation_metrics import EvaluationMetrics
from postplace.places.decode import minimum_expected_distance, point_estimate
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Post

Probabilities = NDArray[np.floating]

MAJORITY, CITY_MEDIAN, CONCATENATION = "majority class", "city median", "concatenation + logistic regression"
SHOWN_KM = 1.0  # of the radii, the one with an interval


@dataclass(frozen=True)
class GroundTruth:
    """The truth of N posts: labels (N,) with -1 for a class unknown to the model, coordinates (N, 2) or NaN."""

    labels: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    coordinates: NDArray[np.float64]
    answered: NDArray[np.bool_]
    patterns: NDArray[np.str_]
    groups: NDArray[np.int64]


def ground_truth(
    posts: Sequence[Post], encoded: EncodedPosts, *, places: PlaceVocabulary, groups: NDArray[np.int64]
) -> GroundTruth:
    """The truth of posts, and which of them gave anything to go by."""
    image_mask = has_image(encoded)
    missing = (np.nan, np.nan)
    coordinates = np.array([(p.latitude, p.longitude) if p.located else missing for p in posts], dtype=np.float64)
    labels = places.label(posts)
    if places.target == "cell":
        labelled = np.array([post.located for post in posts], dtype=np.bool_)
    else:
        labelled = np.array([getattr(post, places.target) is not None for post in posts], dtype=np.bool_)
    return GroundTruth(
        labels=labels,
        labelled=labelled,
        coordinates=coordinates.reshape(-1, 2),
        answered=encoded.text_mask | encoded.hashtag_mask | image_mask,
        patterns=modality_pattern(encoded.text_mask, encoded.hashtag_mask, image_mask),
        groups=groups,
    )


def score(
    model: str,
    probabilities: Probabilities,
    *,
    truth: GroundTruth,
    baselines: Baselines,
    encoded: EncodedPosts,
    places: PlaceVocabulary,
) -> EvaluationMetrics:
    """Every metric of `model` and of the baselines on the same posts.

    `probabilities` (N, C). `differences` holds accuracy of the model minus that of each baseline, with a 95 %
    interval by paired bootstrap over groups; `baseline_notes` says which baselines are not there, or not quite fitted.
    `intervals` are 95 % intervals over groups; where the labelled posts' groups are too few for any, `no_interval`
    says why.
    """
    contenders = {model: probabilities} | baseline_probabilities(baselines, encoded)
    points = {name: point_estimate(p, places) for name, p in contenders.items()}
    models = {name: _evaluate(p, truth, points[name]) for name, p in contenders.items()}
    hits = {name: correct_predictions(p, truth) for name, p in contenders.items()}
    labelled = truth.labelled
    point_models = _point_models(model, probabilities, truth, baselines, places)
    for name, guesses in point_models.items():
        models[name] = ModelScores(_without_classes(_evaluate(probabilities, truth, guesses).overall))
    of_classes, of_km = class_intervals(contenders, truth), distance_intervals(points | point_models, truth)
    return EvaluationMetrics(
        posts=len(truth.labels),
        groups=len(np.unique(truth.groups)),
        labelled=int(labelled.sum()),
        broken_images=encoded.broken,
        cut_short_images=encoded.cut_short,
        no_interval=why_no_interval(truth.groups[labelled]) if labelled.any() else None,
        models={
            name: replace(scores, intervals=_joined(of_classes.get(name), of_km.get(name)))
            for name, scores in models.items()
        },
        differences={
            name: _difference(hits[model][labelled], hits[name][labelled], truth.groups[labelled])
            for name in contenders
            if name != model and labelled.any()
        },
        baseline_notes=tuple(baselines.notes()),
    )


def baseline_probabilities(baselines: Baselines, encoded: EncodedPosts) -> dict[str, Probabilities]:
    """Probabilities (N, C) of the baselines of every table: majority, best single modality, concatenation."""
    features, present = pooled_features(encoded)
    linear = baselines.predict_proba(features, present)
    probabilities: dict[str, Probabilities] = {MAJORITY: baselines.majority.predict_proba(len(encoded.text_mask))}
    single = baselines.best_single()
    if single is not None:
        probabilities[f"{single} + logistic regression"] = linear[single]
    if "concatenation" in linear:
        probabilities[CONCATENATION] = linear["concatenation"]
    return probabilities


def _evaluate(probabilities: Probabilities, truth: GroundTruth, points: NDArray[np.float64]) -> ModelScores:
    located = ~np.isnan(truth.coordinates[:, 0])
    measurable = located.any() and not np.isnan(points).all()
    return evaluate_predictions(
        probabilities,
        labels=truth.labels,
        answered=truth.answered,
        patterns=truth.patterns,
        labelled=truth.labelled,
        located=located if measurable else None,
        error_km=great_circle_km(*points.T, *truth.coordinates.T) if measurable else None,
    )


def _point_models(
    model: str, probabilities: Probabilities, truth: GroundTruth, baselines: Baselines, places: PlaceVocabulary
) -> dict[str, NDArray[np.float64]]:
    """Guesses (N, 2) that are points, not classes: the middle of the city, and the model's least expected km."""
    if baselines.city_median is None or not places.located:
        return {}
    median = np.broadcast_to(np.array(baselines.city_median, dtype=np.float64), truth.coordinates.shape)
    return {CITY_MEDIAN: median, f"{model}, least expected km": minimum_expected_distance(probabilities, places)}


def _without_classes(scores: Scores) -> Scores:
    return replace(scores, answered=None, unknown_class=None, accuracy=None, accuracy_at={}, macro_f1=None)


def _joined(of_classes: Intervals | None, of_km: Intervals | None) -> Intervals:
    """The intervals of both kinds of scores."""
    if of_classes is None or of_km is None:
        return of_classes or of_km or Intervals()
    return replace(of_classes, mean_km=of_km.mean_km, median_km=of_km.median_km, within_km=of_km.within_km)


def class_intervals(contenders: Mapping[str, Probabilities], truth: GroundTruth) -> dict[str, Intervals]:
    """95 % intervals of the accuracy, also among the first 5, 10 and 20, and macro-F1 of probabilities (N, C) by model.

    Over groups, on the labelled posts; nothing without any.
    """
    chosen = truth.labelled
    if not chosen.any():
        return {}
    labels, answered, groups = truth.labels[chosen], truth.answered[chosen], truth.groups[chosen]
    accuracies: dict[str, ConfidenceInterval] = {}
    at_k: dict[str, dict[int, ConfidenceInterval]] = {}
    guesses = {}
    for name, probabilities in contenders.items():
        labelled = probabilities[chosen]
        guesses[name] = np.where(answered, labelled.argmax(axis=1), -1)
        accuracies[name] = bounds(share_interval(correct_predictions(probabilities, truth)[chosen], groups))
        at_k[name] = {
            k: bounds(share_interval(hits_at_k(labels, labelled, k=k, answered=answered), groups))
            for k in ACCURACY_AT
            if 1 < k < labelled.shape[1]
        }
    statistics = {
        name: partial(bootstrap_statistics.macro_f1, truth=labels, predicted=guess) for name, guess in guesses.items()
    }
    of_f1 = bootstrap_totals(statistics, groups, content=[labels, *guesses.values()], seed=0)
    return {
        name: Intervals(accuracy=accuracies[name], accuracy_at=at_k[name], macro_f1=bounds(of_f1[name]))
        for name in contenders
    }


def distance_intervals(guesses: Mapping[str, NDArray[np.float64]], truth: GroundTruth) -> dict[str, Intervals]:
    """95 % intervals of each model's mean and median error and of its share within 1 km; `guesses` are (N, 2).

    Over groups, on the posts that `evaluate_predictions` takes these numbers of; nothing without any.
    """
    located = truth.labelled & ~np.isnan(truth.coordinates[:, 0])
    groups, errors = truth.groups[located], {}
    for name, points in guesses.items():
        km = np.asarray(great_circle_km(*points.T, *truth.coordinates.T), dtype=np.float64)
        error_km = np.where(truth.answered & ~np.isnan(km), km, np.inf)[located]
        if np.isfinite(error_km).any():
            errors[name] = error_km
    statistics = {name: partial(bootstrap_statistics.median, values=km) for name, km in errors.items()}
    medians = bootstrap_totals(statistics, groups, content=errors.values(), seed=0) if statistics else {}
    return {
        name: Intervals(
            mean_km=bounds(positive_interval(km[np.isfinite(km)], groups[np.isfinite(km)])),
            median_km=bounds(medians[name]),
            within_km={f"{SHOWN_KM:g}": bounds(share_interval(km <= SHOWN_KM, groups))},
        )
        for name, km in errors.items()
    }


def distance_errors_km(
    probabilities: Probabilities, truth: GroundTruth, places: PlaceVocabulary
) -> NDArray[np.float64]:
    """Km from the best place to the post's own coordinates (N,); NaN without either or without an answer."""
    points = point_estimate(probabilities, places)
    errors = np.asarray(great_circle_km(*points.T, *truth.coordinates.T), dtype=np.float64)
    return np.where(truth.answered, errors, np.nan)


def overall_metrics(probabilities: Probabilities, truth: GroundTruth, places: PlaceVocabulary) -> Scores:
    """Every metric of a model over all labelled posts."""
    return _evaluate(probabilities, truth, point_estimate(probabilities, places)).overall


def correct_predictions(probabilities: Probabilities, truth: GroundTruth) -> NDArray[np.float64]:
    """1 where the answer is right, else 0 (N,); no answer is a wrong one."""
    right: NDArray[np.bool_] = (probabilities.argmax(axis=1) == truth.labels) & truth.answered
    return right.astype(np.float64)


def _difference(a: NDArray[np.float64], b: NDArray[np.float64], groups: NDArray[np.int64]) -> Difference:
    interval = paired_group_bootstrap(a, b, groups, seed=0, bounds=DIFFERENCE)
    return Difference(or_none(interval.mean), or_none(interval.low), or_none(interval.high), verdict(interval))
