"""Calibrated probabilities and prediction regions, from the parts of the split that were held out.

The temperature of the calibrated probabilities is fitted on the calibration part. Conformal coverage is exact only if
nothing but its threshold comes from that part: how regions are made (a temperature of their own, the penalty of RAPS,
the offset of the radius) is therefore chosen on the validation part. Where the calibration part has few groups, both
parts give the threshold, and nothing is chosen: the temperature is that of both, without penalty, with the same offset
always. (Choosing on the same posts would cost coverage; scores made with the parameters that each part chose for the
other have different units, and a threshold from a mixture of them covers nothing for sure.) `benchmarks/promises.py`
measures both cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics
from postplace.evaluation.calibration import (
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_uniform_weight,
    log_losses,
    mix_with_uniform,
    negative_log_likelihood,
    reliability,
    risk_coverage,
    squared_losses,
    temperature_scale,
)
from postplace.evaluation.calibration_report import (
    BeforeAfter,
    CalibrationIntervals,
    CalibrationReport,
    CircleCoverage,
    RegionCoverage,
    SetCoverage,
    ThresholdSource,
)
from postplace.evaluation.conformal import (
    Over,
    Penalty,
    best_penalty,
    coverage_by_group,
    effective_groups,
    group_quantile,
    prediction_sets,
    set_scores,
    why_wide,
)
from postplace.evaluation.scores import ConfidenceInterval, bounds, or_none
from postplace.evaluation.significance import above_chance, bootstrap_totals, positive_interval, share_interval
from postplace.inference.labelled_predictions import LabelledPredictions, joined, numbered
from postplace.places.decode import least_expected
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import PredictionRegion
from postplace.system.json_types import JsonObject

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ALPHA = 0.1  # regions cover the truth with 90 % on average over users, unless requested otherwise
ENOUGH = 20  # groups of the calibration part; with fewer, those of the validation part are used too
_OFFSETS = (1.0, 0.1, 10.0, 0.01, 1000.0)  # times the median expected km: the last is all but one radius for all
BOTH_PARTS: tuple[str, ...] = ("validation", "calibration")
ARRAYS = ("set_scores", "set_groups", "circle_scores", "circle_groups")
_OLD_KEYS = {"floor": "uniform_weight", "shape": "set_temperature", "slack_km": "offset_km"}  # of version 0.1.0


class RegionParameters(NamedTuple):
    """How sets and circles are made before any threshold: see `Calibration`."""

    set_temperature: float
    penalty: Penalty
    offset_km: float


@dataclass(frozen=True)
class Calibration:
    """What calibrates a model and makes its prediction regions; scores (M,) and groups (M,) of the calibration part.

    `temperature` and `uniform_weight` calibrate, `set_temperature`, `penalty` and `offset_km` make sets and circles.
    `parts` are those that the scores are of: the validation part too, where the calibration part has few groups.
    """

    temperature: float
    set_temperature: float
    penalty: Penalty
    offset_km: float
    set_scores: Floats
    set_groups: Rows
    circle_scores: Floats
    circle_groups: Rows
    uniform_weight: float = 0.0  # runs of earlier versions have none
    parts: tuple[str, ...] = ("calibration",)

    def calibrated_proba(self, uncalibrated: Floats) -> Floats:
        """Probabilities (N, C) as the model gives them -> calibrated ones (N, C)."""
        return mix_with_uniform(temperature_scale(uncalibrated, self.temperature), self.uniform_weight)

    def place_sets(
        self, uncalibrated: Floats, u: Floats, *, alpha: float = ALPHA, over: Over = "users"
    ) -> NDArray[np.bool_]:
        """The classes (N, C) of each post's set: it covers the true one, if the run knows it, with 1 - alpha.

        Never empty. `u` (N,) is from `randomization_u`. On average over users or over posts: see
        `evaluation/conformal.py`.
        """
        scores = set_scores(temperature_scale(uncalibrated, self.set_temperature), u, self.penalty)
        return prediction_sets(scores, group_quantile(self.set_scores, self.set_groups, alpha=alpha, over=over))

    def circles(
        self, uncalibrated: Floats, places: PlaceVocabulary, *, alpha: float = ALPHA, over: Over = "users"
    ) -> tuple[Floats, Floats]:
        """Centres (N, 2) in degrees and radii (N,) in km of circles that cover the true point with 1 - alpha.

        NaN where no class has coordinates; an infinite radius where too few groups were held out for any coverage.
        """
        centres, expected = least_expected(temperature_scale(uncalibrated, self.set_temperature), places)
        threshold = group_quantile(self.circle_scores, self.circle_groups, alpha=alpha, over=over)
        return centres, threshold * (expected + self.offset_km)

    def caveat(self, *, alpha: float = ALPHA, over: Over = "users") -> str:
        """See `why_wide`."""
        return why_wide(self.set_groups, alpha=alpha, over=over)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is saved with `to_json`."""
        return {name: getattr(self, name) for name in ARRAYS}

    def to_json(self) -> JsonObject:
        """Plain data, without the arrays."""
        return {
            "temperature": self.temperature,
            "uniform_weight": self.uniform_weight,
            "parts": list(self.parts),
            "set_temperature": self.set_temperature,
            "penalty": {"weight": self.penalty.weight, "free": self.penalty.free},
            "offset_km": self.offset_km,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """The inverse, also of what version 0.1.0 wrote; KeyError or TypeError on what neither wrote."""
        content = {_OLD_KEYS.get(name, name): value for name, value in saved.items()}
        return cls(
            temperature=float(content["temperature"]),
            set_temperature=float(content["set_temperature"]),
            penalty=Penalty(float(content["penalty"]["weight"]), int(content["penalty"]["free"])),
            offset_km=float(content["offset_km"]),
            uniform_weight=float(content.get("uniform_weight", 0.0)),
            parts=tuple(str(part) for part in content.get("parts", cls.parts)),
            **{name: arrays[name] for name in ARRAYS},
        )


def randomization_u(digests: Sequence[str]) -> Floats:
    """A number between 0 and 1 for each post (N,), drawn by its digest: the same post always gets the same set.

    >>> randomization_u(["00ff", "80ff"]).round(3).tolist()
    [0.004, 0.504]
    """
    return np.array([int(digest[:8], 16) / 16 ** len(digest[:8]) for digest in digests], dtype=np.float64)


def calibrate(
    validation: LabelledPredictions, calibration: LabelledPredictions, places: PlaceVocabulary
) -> Calibration:
    """Fit on a model's predictions of two parts that it did not learn from; no group is in both."""
    if len(np.unique(calibration.known().truth.groups)) < ENOUGH and len(validation.known().randomization_u):
        calibrated_on, parts = joined(validation, calibration), BOTH_PARTS
        parameters = _plain_parameters(calibrated_on, places)
    else:
        calibrated_on, parts = calibration, Calibration.parts
        parameters = _best_parameters(validation, places)
    known = calibrated_on.known()
    temperature, uniform_weight = fit_temperature_and_uniform_weight(known.probabilities, known.truth.labels)
    scores = _conformity_scores(calibrated_on, parameters, places)
    sets, set_groups, circles, circle_groups = (scores[name] for name in ARRAYS)
    return Calibration(
        temperature,
        *parameters,
        sets,
        set_groups,
        circles,
        circle_groups,
        uniform_weight=uniform_weight,
        parts=parts,
    )


def prediction_regions(
    calibration: Calibration,
    uncalibrated: Floats,
    u: Floats,
    places: PlaceVocabulary,
    *,
    level: float,
    over: Over = "users",
) -> list[PredictionRegion]:
    """The prediction regions of N posts, from their uncalibrated probabilities (N, C) and `randomization_u` (N,)."""
    alpha = 1.0 - level
    sets = calibration.place_sets(uncalibrated, u, alpha=alpha, over=over)
    order = np.argsort(-uncalibrated, axis=1, kind="stable")
    centres, radii = calibration.circles(uncalibrated, places, alpha=alpha, over=over)
    caveat = calibration.caveat(alpha=alpha, over=over)
    regions = []
    for row in range(len(uncalibrated)):
        names = tuple(places.places[c].name for c in order[row] if sets[row, c])
        region = PredictionRegion(level, names, coverage_over=over, caveat=caveat)
        if np.isfinite(radii[row]) and not np.isnan(centres[row]).any():
            latitude, longitude = (float(degrees) for degrees in centres[row])
            region = replace(region, centre=(latitude, longitude), radius_km=float(radii[row]))
        regions.append(region)
    return regions


def calibration_report(
    calibration: Calibration, evaluated: LabelledPredictions, places: PlaceVocabulary, *, alpha: float = ALPHA
) -> CalibrationReport:
    """How well calibrated probabilities and regions are, on posts of a part that nothing was fitted on.

    Posts with an answer whose class the run knows. `intervals` are of the calibrated probabilities, 95 % over groups.
    Of the regions' coverage, `coverage` is the mean over groups and `coverage_of_posts` that over posts.
    """
    known, located = evaluated.known(), _located(evaluated, places)
    calibrated = calibration.calibrated_proba(known.probabilities)
    labels, groups = known.truth.labels, known.truth.groups
    hits = (calibrated.argmax(axis=1) == labels).astype(np.float64)
    confidences = known.probabilities.max(axis=1), calibrated.max(axis=1)
    both = known.probabilities, calibrated
    coverage = partial(_region_coverage, calibration, places=places, alpha=alpha)
    patterns, patterns_located = known.truth.patterns, located.truth.patterns
    return CalibrationReport(
        level=1.0 - alpha,
        temperature=calibration.temperature,
        uniform_weight=calibration.uniform_weight,
        unknown_class=int((evaluated.truth.labelled & (evaluated.truth.labels < 0)).sum()),
        classes=len(places),
        accuracy=_mean(hits),
        thresholds_from=_threshold_source(calibration),
        regions=coverage(known, located, over="users"),
        regions_over_posts=coverage(known, located, over="posts"),
        ece=_before_after(expected_calibration_error(each, hits) for each in confidences),
        debiased_ce=_before_after(debiased_calibration_error(each, hits) for each in confidences),
        nll=_before_after(negative_log_likelihood(each, labels) for each in both),
        brier=_before_after(brier_score(each, labels) for each in both),
        reliability=tuple(reliability(confidences[1], hits)),
        risk_coverage=risk_coverage(confidences[1], hits),
        intervals=_intervals(calibrated, labels, groups),
        by_pattern={
            str(pattern): coverage(
                known.only(patterns == pattern), located.only(patterns_located == pattern), over="users"
            )
            for pattern in np.unique(patterns)
        },
    )


def _region_coverage(
    calibration: Calibration,
    known: LabelledPredictions,
    located: LabelledPredictions,
    *,
    places: PlaceVocabulary,
    alpha: float,
    over: Over,
) -> RegionCoverage:
    """How often the sets of posts whose class is known and the circles of those with coordinates cover the truth."""
    sets = calibration.place_sets(known.probabilities, known.randomization_u, alpha=alpha, over=over)
    covered = sets[np.arange(len(sets)), known.truth.labels]
    centres, radii = calibration.circles(located.probabilities, places, alpha=alpha, over=over)
    inside = great_circle_km(*centres.T, *located.truth.coordinates.T) <= radii
    groups, groups_located = known.truth.groups, located.truth.groups
    return RegionCoverage(
        posts=len(covered),
        prediction_sets=SetCoverage(
            coverage=or_none(coverage_by_group(covered, groups)),
            coverage_of_posts=_mean(covered),
            interval=_coverage_interval(covered, groups),
            mean_size=_mean(sets.sum(axis=1)),
        ),
        prediction_circles=CircleCoverage(
            coverage=or_none(coverage_by_group(inside, groups_located)),
            coverage_of_posts=_mean(inside),
            interval=_coverage_interval(inside, groups_located),
            mean_km=_mean(radii),
            median_km=or_none(float(np.median(radii))) if len(radii) else None,
        ),
        caveat=calibration.caveat(alpha=alpha, over=over),
    )


def _threshold_source(calibration: Calibration) -> ThresholdSource:
    groups = calibration.set_groups
    sizes = np.unique(groups, return_counts=True)[1]
    return ThresholdSource(
        parts=calibration.parts,
        posts=len(groups),
        groups=len(sizes),
        largest_group=int(sizes.max(initial=0)),
        effective_groups=effective_groups(groups, over="posts"),
    )


def _best_parameters(validation: LabelledPredictions, places: PlaceVocabulary) -> RegionParameters:
    """The parameters with the smallest regions on the validation part."""
    known = validation.known()
    temperature = fit_temperature(known.probabilities, known.truth.labels)
    scaled = temperature_scale(known.probabilities, temperature)
    penalty = best_penalty(scaled, known.truth.labels, known.truth.groups, known.randomization_u, alpha=ALPHA)
    return RegionParameters(temperature, penalty, _best_offset(_located(validation, places), temperature, places))


def _plain_parameters(predictions: LabelledPredictions, places: PlaceVocabulary) -> RegionParameters:
    """Those where there are too few groups to choose any: the temperature is fitted, the offset as much as expected.

    One number, without a choice of sizes in it, hardly fits the few posts that the threshold is then taken from.
    """
    known, located = predictions.known(), _located(predictions, places)
    temperature = fit_temperature(known.probabilities, known.truth.labels)
    expected = _errors(located, temperature, places)[1]
    return RegionParameters(temperature, Penalty(), _median_km(expected) if len(expected) else 1.0)


def _conformity_scores(
    predictions: LabelledPredictions, parameters: RegionParameters, places: PlaceVocabulary
) -> dict[str, NDArray[Any]]:
    """The scores of the truth of a part's posts, by the names of `ARRAYS`."""
    known, located = predictions.known(), _located(predictions, places)
    scaled = temperature_scale(known.probabilities, parameters.set_temperature)
    scores = set_scores(scaled, known.randomization_u, parameters.penalty)
    errors, expected = _errors(located, parameters.set_temperature, places)
    return {
        "set_scores": scores[np.arange(len(scores)), known.truth.labels],
        "set_groups": numbered(known.truth.groups),
        "circle_scores": errors / (expected + parameters.offset_km),
        "circle_groups": numbered(located.truth.groups),
    }


def _best_offset(located: LabelledPredictions, set_temperature: float, places: PlaceVocabulary) -> float:
    """The offset in km whose circles are smallest on average."""
    if not len(located.randomization_u):
        return 1.0
    errors, expected = _errors(located, set_temperature, places)
    middle = _median_km(expected)

    def radius(offset: float) -> float:
        scores = errors / (expected + offset)
        return group_quantile(scores, located.truth.groups, alpha=ALPHA) * float((expected + offset).mean())

    return min((factor * middle for factor in _OFFSETS), key=radius)


def _median_km(expected: Floats) -> float:
    """The median of what is expected, in km, but not nothing."""
    return max(float(np.median(expected)), 1e-3)


def _located(predictions: LabelledPredictions, places: PlaceVocabulary) -> LabelledPredictions:
    """Posts with an answer and coordinates of their own, if the classes have any."""
    located = predictions.truth.answered & ~np.isnan(predictions.truth.coordinates[:, 0])
    return predictions.only(located & places.located)


def _errors(located: LabelledPredictions, set_temperature: float, places: PlaceVocabulary) -> tuple[Floats, Floats]:
    """Km from the centre of each post's circle to its own coordinates (N,), and what they were expected to be (N,)."""
    centres, expected = least_expected(temperature_scale(located.probabilities, set_temperature), places)
    return great_circle_km(*centres.T, *located.truth.coordinates.T), expected


def _coverage_interval(covered: NDArray[np.bool_], groups: Rows) -> ConfidenceInterval:
    """The 95 % interval of the coverage over groups; open where nothing is known."""
    if not len(covered):
        return ConfidenceInterval()
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shares = np.bincount(index, weights=covered.astype(np.float64)) / sizes
    return bounds(share_interval(shares, np.arange(len(shares))))


def _intervals(calibrated: Floats, labels: Rows, groups: Rows) -> CalibrationIntervals:
    """95 % intervals of the scores of calibrated probabilities (N, C); nothing without a post."""
    if not len(labels):
        return CalibrationIntervals()
    hits = (calibrated.argmax(axis=1) == labels).astype(np.float64)
    confidence = {"confidence": calibrated.max(axis=1), "hits": hits}
    statistics = {
        "ece": partial(bootstrap_statistics.expected_calibration_error, **confidence),
        "area": partial(bootstrap_statistics.risk_coverage_area, **confidence),
    }
    resampled = bootstrap_totals(statistics, groups, content=confidence.values(), seed=0)
    return CalibrationIntervals(
        ece=bounds(above_chance(resampled["ece"])),
        area=bounds(resampled["area"]),
        nll=bounds(positive_interval(log_losses(calibrated, labels), groups)),
        brier=bounds(positive_interval(np.maximum(squared_losses(calibrated, labels), 0.0), groups)),
    )


def _before_after(values: Iterable[float]) -> BeforeAfter:
    before, after = values
    return BeforeAfter(or_none(before), or_none(after))


def _mean(values: NDArray[Any]) -> float | None:
    return or_none(float(np.mean(values))) if len(values) else None
