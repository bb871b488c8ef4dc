"""A system's answers beside the baselines' on the same posts, with intervals over groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics as resampled
from postplace.evaluation.baselines import Baselines
from postplace.evaluation.grouped import why_no_interval
from postplace.evaluation.metrics import ACCURACY_AT, evaluate_predictions, hits_at_k, modality_pattern, or_null
from postplace.evaluation.significance import (
    DIFFERENCE,
    Interval,
    group_bootstrap_of,
    paired_group_bootstrap,
    positive_interval,
    share_interval,
    verdict,
)
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import has_image, pooled_features
from postplace.places.decode import minimum_expected_distance, point_estimate
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Post

Probabilities = NDArray[np.floating]

MAJORITY, CITY_MEDIAN, CONCATENATION = "majority class", "city median", "concatenation + logistic regression"
SHOWN_KM = 1.0  # of the radii, the one with an interval


@dataclass(frozen=True)
class GroundTruth:
    """What N posts are judged on: labels (N,) with -1 for a class unknown to the model, coordinates (N, 2) or NaN."""

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
    system: str,
    probabilities: Probabilities,
    *,
    answers: GroundTruth,
    baselines: Baselines,
    encoded: EncodedPosts,
    places: PlaceVocabulary,
) -> dict[str, Any]:
    """Every metric of `system` and of the baselines on the same posts, ready for JSON.

    `probabilities` (N, C). `differences` holds accuracy of the system minus that of each baseline, with a 95 %
    interval by paired bootstrap over groups; `baseline_notes` says which baselines are not there, or not quite fitted.
    A system's `accuracy_interval` and `intervals` are 95 % intervals over groups; where the labelled posts' groups are
    too few for any, `no_interval` says why.
    """
    contenders = {system: probabilities} | baseline_probabilities(baselines, encoded)
    points = {name: point_estimate(p, places) for name, p in contenders.items()}
    systems = {name: _evaluate(p, answers, points[name]) for name, p in contenders.items()}
    hits = {name: correct_predictions(p, answers) for name, p in contenders.items()}
    chosen = answers.labelled
    alone = _points_alone(system, probabilities, answers, baselines, places)
    systems |= {name: _distance_only(_evaluate(probabilities, answers, guesses)) for name, guesses in alone.items()}
    of_classes, of_km = class_intervals(contenders, answers), distance_intervals(points | alone, answers)
    for name, scored in systems.items():
        intervals = of_classes.get(name, {}) | of_km.get(name, {})
        scored |= {"accuracy_interval": intervals.pop("accuracy")} if name in of_classes else {}
        scored["intervals"] = intervals
    return {
        "posts": len(answers.labels),
        "groups": len(np.unique(answers.groups)),
        "no_interval": why_no_interval(answers.groups[chosen]) if chosen.any() else None,
        "systems": systems,
        "differences": {
            name: _difference(hits[system][chosen], hits[name][chosen], answers.groups[chosen])
            for name in contenders
            if name != system and chosen.any()
        },
        "baseline_notes": baselines.notes(),
    }


def baseline_probabilities(baselines: Baselines, encoded: EncodedPosts) -> dict[str, Probabilities]:
    """Probabilities (N, C) of what every accuracy stands beside: majority, best single modality, concatenation."""
    features, present = pooled_features(encoded)
    linear = baselines.predict_proba(features, present)
    found: dict[str, Probabilities] = {MAJORITY: baselines.majority.predict_proba(len(encoded.text_mask))}
    single = baselines.best_single()
    if single is not None:
        found[f"{single} + logistic regression"] = linear[single]
    if "concatenation" in linear:
        found[CONCATENATION] = linear["concatenation"]
    return found


def _evaluate(probabilities: Probabilities, answers: GroundTruth, points: NDArray[np.float64]) -> dict[str, Any]:
    located = ~np.isnan(answers.coordinates[:, 0])
    measurable = located.any() and not np.isnan(points).all()
    return evaluate_predictions(
        probabilities,
        labels=answers.labels,
        answered=answers.answered,
        patterns=answers.patterns,
        labelled=answers.labelled,
        located=located if measurable else None,
        error_km=great_circle_km(*points.T, *answers.coordinates.T) if measurable else None,
    )


def _points_alone(
    system: str, probabilities: Probabilities, answers: GroundTruth, baselines: Baselines, places: PlaceVocabulary
) -> dict[str, NDArray[np.float64]]:
    """Guesses (N, 2) that are points, not classes: the middle of the city, and the system's least expected km."""
    if baselines.city_median is None or not places.located:
        return {}
    median = np.broadcast_to(np.array(baselines.city_median, dtype=np.float64), answers.coordinates.shape)
    return {CITY_MEDIAN: median, f"{system}, least expected km": minimum_expected_distance(probabilities, places)}


def _distance_only(result: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("posts", "located", "located_answered", "mean_km", "median_km", "within_km")
    return {"overall": {key: value for key, value in result["overall"].items() if key in kept}}


def class_intervals(contenders: Mapping[str, Probabilities], answers: GroundTruth) -> dict[str, dict[str, Any]]:
    """95 % intervals of the accuracy, also among the first 5, 10 and 20, and macro-F1 of systems' probabilities (N, C).

    Over groups, on the labelled posts; nothing without any.
    """
    chosen = answers.labelled
    if not chosen.any():
        return {}
    labels, answered, groups = answers.labels[chosen], answers.answered[chosen], answers.groups[chosen]
    found: dict[str, dict[str, Any]] = {}
    guesses = {}
    for name, probabilities in contenders.items():
        own = probabilities[chosen]
        guesses[name] = np.where(answered, own.argmax(axis=1), -1)
        found[name] = {"accuracy": _pair(share_interval(correct_predictions(probabilities, answers)[chosen], groups))}
        for k in ACCURACY_AT:
            if 1 < k < own.shape[1]:
                hits = hits_at_k(labels, own, k=k, answered=answered)
                found[name][f"accuracy@{k}"] = _pair(share_interval(hits, groups))
    statistics = {name: partial(resampled.macro_f1, truth=labels, predicted=guess) for name, guess in guesses.items()}
    spreads = group_bootstrap_of(statistics, groups, content=[labels, *guesses.values()], seed=0)
    return {name: {**found[name], "macro_f1": _pair(spreads[name])} for name in contenders}


def distance_intervals(guesses: Mapping[str, NDArray[np.float64]], answers: GroundTruth) -> dict[str, dict[str, Any]]:
    """95 % intervals of each system's mean and median error and of its share within 1 km; `guesses` are (N, 2).

    Over groups, on the posts that `evaluate_predictions` takes these numbers of; nothing without any.
    """
    located = answers.labelled & ~np.isnan(answers.coordinates[:, 0])
    groups, errors = answers.groups[located], {}
    for name, points in guesses.items():
        km = np.asarray(great_circle_km(*points.T, *answers.coordinates.T), dtype=np.float64)
        own = np.where(answers.answered & ~np.isnan(km), km, np.inf)[located]
        if np.isfinite(own).any():
            errors[name] = own
    statistics = {name: partial(resampled.median, values=own) for name, own in errors.items()}
    medians = group_bootstrap_of(statistics, groups, content=errors.values(), seed=0) if statistics else {}
    return {
        name: {
            "mean_km": _pair(positive_interval(own[np.isfinite(own)], groups[np.isfinite(own)])),
            "median_km": _pair(medians[name]),
            "within_km": {f"{SHOWN_KM:g}": _pair(share_interval(own <= SHOWN_KM, groups))},
        }
        for name, own in errors.items()
    }


def distance_errors_km(
    probabilities: Probabilities, answers: GroundTruth, places: PlaceVocabulary
) -> NDArray[np.float64]:
    """Km from the best place to the post's own coordinates (N,); NaN without either or without an answer."""
    points = point_estimate(probabilities, places)
    errors = np.asarray(great_circle_km(*points.T, *answers.coordinates.T), dtype=np.float64)
    return np.where(answers.answered, errors, np.nan)


def overall_metrics(probabilities: Probabilities, answers: GroundTruth, places: PlaceVocabulary) -> dict[str, Any]:
    """Every metric of a system over all posts, ready for JSON."""
    overall: dict[str, Any] = _evaluate(probabilities, answers, point_estimate(probabilities, places))["overall"]
    return overall


def correct_predictions(probabilities: Probabilities, answers: GroundTruth) -> NDArray[np.float64]:
    """1 where the answer is right, else 0 (N,); no answer is a wrong one."""
    right: NDArray[np.bool_] = (probabilities.argmax(axis=1) == answers.labels) & answers.answered
    return right.astype(np.float64)


def _pair(interval: Interval) -> list[float | None]:
    return [or_null(interval.low), or_null(interval.high)]


def _difference(a: NDArray[np.float64], b: NDArray[np.float64], groups: NDArray[np.int64]) -> Mapping[str, Any]:
    interval = paired_group_bootstrap(a, b, groups, seed=0, bounds=DIFFERENCE)
    return {**{key: or_null(value) for key, value in asdict(interval).items()}, "verdict": verdict(interval)}
