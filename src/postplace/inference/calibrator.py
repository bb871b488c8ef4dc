"""Probabilities, sets of places and circles that keep their word, from the parts of the split that were set aside.

The temperature of what is told is fitted on the calibration part. A promise of coverage is exact only if nothing but
its threshold comes from that part: the shape of the sets and circles (a temperature of their own, the penalty of RAPS,
the slack of the radius) is therefore chosen on the validation part. Where the calibration part has few groups, both
parts give the threshold, and nothing is chosen: the temperature is that of both, without penalty, with the same slack
always. (Choosing on the same posts would cost coverage; scores in the shapes that each part chose for the other have
different units, and a threshold from a mixture of them promises nothing.) `benchmarks/promises.py` measures both cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics as resampled
from postplace.evaluation.calibration import (
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_floor,
    log_losses,
    mix_with_uniform,
    negative_log_likelihood,
    reliability,
    risk_coverage,
    squared_losses,
    temperature_scale,
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
from postplace.evaluation.metrics import or_null
from postplace.evaluation.significance import above_chance, group_bootstrap_of, positive_interval, share_interval
from postplace.inference.labelled_predictions import LabelledPredictions, joined, numbered
from postplace.places.decode import least_expected
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import PredictionRegion

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ALPHA = 0.1  # sets and circles hold the truth with 90 % on average over users, unless asked otherwise
ENOUGH = 20  # groups of the calibration part; with fewer, those of the validation part are used too
_SLACKS = (1.0, 0.1, 10.0, 0.01, 1000.0)  # times the median expected km: the last is all but one radius for all
BOTH_PARTS: tuple[str, ...] = ("validation", "calibration")
ARRAYS = ("set_scores", "set_groups", "circle_scores", "circle_groups")


class Shape(NamedTuple):
    """How sets and circles are made before any threshold: see `Calibration`."""

    temperature: float
    penalty: Penalty
    offset_km: float


@dataclass(frozen=True)
class Calibration:
    """What turns a system's probabilities into honest ones; scores (M,) and groups (M,) of the calibration part.

    `temperature` and `floor` of the probabilities told; `shape`, `penalty` and `offset_km` make the sets and circles.
    `parts` are those that the scores are of: the validation part too, where the calibration part has few groups.
    """

    temperature: float
    shape: float
    penalty: Penalty
    offset_km: float
    set_scores: Floats
    set_groups: Rows
    circle_scores: Floats
    circle_groups: Rows
    floor: float = 0.0  # runs of earlier versions have none
    parts: tuple[str, ...] = ("calibration",)

    def tell(self, raw: Floats) -> Floats:
        """Probabilities (N, C) as the system gives them -> as they are told."""
        return mix_with_uniform(temperature_scale(raw, self.temperature), self.floor)

    def place_sets(
        self, raw: Floats, chance: Floats, *, alpha: float = ALPHA, over: Over = "users"
    ) -> NDArray[np.bool_]:
        """The classes (N, C) of each post's set: it holds the true one, if the run knows it, with 1 - alpha.

        Never empty. On average over users or over posts: see `evaluation/conformal.py`.
        """
        scores = set_scores(temperature_scale(raw, self.shape), chance, self.penalty)
        return prediction_sets(scores, group_quantile(self.set_scores, self.set_groups, alpha=alpha, over=over))

    def circles(
        self, raw: Floats, places: PlaceVocabulary, *, alpha: float = ALPHA, over: Over = "users"
    ) -> tuple[Floats, Floats]:
        """Centres (N, 2) in degrees and radii (N,) in km of circles that hold the true point with 1 - alpha.

        NaN where no class has coordinates; an infinite radius where too few groups were kept to promise anything.
        """
        centres, expected = least_expected(temperature_scale(raw, self.shape), places)
        threshold = group_quantile(self.circle_scores, self.circle_groups, alpha=alpha, over=over)
        return centres, threshold * (expected + self.offset_km)

    def caveat(self, *, alpha: float = ALPHA, over: Over = "users") -> str:
        """See `why_wide`."""
        return why_wide(self.set_groups, alpha=alpha, over=over)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is kept beside `to_json`."""
        return {name: getattr(self, name) for name in ARRAYS}

    def to_json(self) -> dict[str, Any]:
        """Plain data; the arrays are kept beside it."""
        penalty = {"weight": self.penalty.weight, "free": self.penalty.free}
        told = {"temperature": self.temperature, "floor": self.floor, "parts": list(self.parts)}
        return {**told, "shape": self.shape, "penalty": penalty, "slack_km": self.offset_km}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """The inverse; KeyError or TypeError on what they did not write."""
        temperature, shape, slack = (float(saved[name]) for name in ("temperature", "shape", "slack_km"))
        penalty = Penalty(float(saved["penalty"]["weight"]), int(saved["penalty"]["free"]))
        kept = {name: arrays[name] for name in ARRAYS}
        parts = tuple(str(part) for part in saved.get("parts", cls.parts))
        return cls(temperature, shape, penalty, slack, floor=float(saved.get("floor", 0.0)), parts=parts, **kept)


def randomization_u(digests: Sequence[str]) -> Floats:
    """A number between 0 and 1 for each post (N,), drawn by its digest: the same post always gets the same set.

    >>> randomization_u(["00ff", "80ff"]).round(3).tolist()
    [0.004, 0.504]
    """
    return np.array([int(digest[:8], 16) / 16 ** len(digest[:8]) for digest in digests], dtype=np.float64)


def calibrate(
    validation: LabelledPredictions, calibration: LabelledPredictions, places: PlaceVocabulary
) -> Calibration:
    """Fit on what a system answered to two parts that it did not learn from; no group is in both."""
    if len(np.unique(calibration.known().answers.groups)) < ENOUGH and len(validation.known().chance):
        kept, parts = joined(validation, calibration), BOTH_PARTS
        shape = _plain_shape(kept, places)
    else:
        kept, parts = calibration, Calibration.parts
        shape = _shape_of(validation, places)
    scored = _scored(kept, shape, places)
    known = kept.known()
    temperature, floor = fit_temperature_and_floor(known.probabilities, known.answers.labels)
    sets, set_groups, circles, circle_groups = (scored[name] for name in ARRAYS)
    return Calibration(temperature, *shape, sets, set_groups, circles, circle_groups, floor=floor, parts=parts)


def promises(
    calibration: Calibration,
    raw: Floats,
    chance: Floats,
    places: PlaceVocabulary,
    *,
    level: float,
    over: Over = "users",
) -> list[PredictionRegion]:
    """What is promised of N posts, from their raw probabilities (N, C) and draws (N,)."""
    alpha = 1.0 - level
    sets = calibration.place_sets(raw, chance, alpha=alpha, over=over)
    order = np.argsort(-raw, axis=1, kind="stable")
    centres, radii = calibration.circles(raw, places, alpha=alpha, over=over)
    caveat = calibration.caveat(alpha=alpha, over=over)
    made = []
    for row in range(len(raw)):
        names = tuple(places.places[c].name for c in order[row] if sets[row, c])
        promise = PredictionRegion(level, names, coverage_over=over, caveat=caveat)
        if np.isfinite(radii[row]) and not np.isnan(centres[row]).any():
            latitude, longitude = (float(degrees) for degrees in centres[row])
            promise = replace(promise, centre=(latitude, longitude), radius_km=float(radii[row]))
        made.append(promise)
    return made


def calibration_report(
    calibration: Calibration, judged: LabelledPredictions, places: PlaceVocabulary, *, alpha: float = ALPHA
) -> dict[str, Any]:
    """How well the words are kept on posts of a part that nothing was fitted on, ready for JSON.

    Posts with an answer whose class the run knows; `by_pattern` is by the modalities present (T, G, I). `intervals`
    are of what is told, 95 % over groups: `area` is that of `risk_coverage`. `sets` and `circles` are of
    the promise over users, those in `over_posts` of the one over posts; of each, `coverage` is the mean over groups and
    `coverage_of_posts` that over posts. `kept` says what the thresholds are from.
    """
    known, located = judged.known(), _located(judged, places)
    told = calibration.tell(known.probabilities)
    labels, groups = known.answers.labels, known.answers.groups
    hits = (told.argmax(axis=1) == labels).astype(np.float64)
    confidences = known.probabilities.max(axis=1), told.max(axis=1)
    kept_word = partial(_kept_word, calibration, places=places, alpha=alpha)
    patterns, there = known.answers.patterns, located.answers.patterns
    return {
        "level": 1.0 - alpha,
        "temperature": calibration.temperature,
        "floor": calibration.floor,
        "unknown_class": int((judged.answers.labelled & (judged.answers.labels < 0)).sum()),
        "classes": len(places),
        "accuracy": _mean(hits),
        "kept": _kept(calibration),
        **kept_word(known, located, over="users"),
        "over_posts": kept_word(known, located, over="posts"),
        "ece": _both(expected_calibration_error(each, hits) for each in confidences),
        "debiased_ce": _both(debiased_calibration_error(each, hits) for each in confidences),
        "nll": _both(negative_log_likelihood(each, labels) for each in (known.probabilities, told)),
        "brier": _both(brier_score(each, labels) for each in (known.probabilities, told)),
        "reliability": reliability(confidences[1], hits),
        "risk_coverage": _plain(risk_coverage(confidences[1], hits)),
        "intervals": _intervals(told, labels, groups),
        "by_pattern": {
            str(pattern): kept_word(known.only(patterns == pattern), located.only(there == pattern), over="users")
            for pattern in np.unique(patterns)
        },
    }


def _kept_word(
    calibration: Calibration,
    known: LabelledPredictions,
    located: LabelledPredictions,
    *,
    places: PlaceVocabulary,
    alpha: float,
    over: Over,
) -> dict[str, Any]:
    """How often the sets of posts whose class is known and the circles of those with coordinates hold the truth."""
    sets = calibration.place_sets(known.probabilities, known.chance, alpha=alpha, over=over)
    held = sets[np.arange(len(sets)), known.answers.labels]
    centres, radii = calibration.circles(located.probabilities, places, alpha=alpha, over=over)
    inside = great_circle_km(*centres.T, *located.answers.coordinates.T) <= radii
    return {
        "posts": len(held),
        "sets": _coverage(held, known.answers.groups) | {"mean_size": _mean(sets.sum(axis=1))},
        "circles": _coverage(inside, located.answers.groups) | _radii(radii),
        "caveat": calibration.caveat(alpha=alpha, over=over),
    }


def _kept(calibration: Calibration) -> dict[str, Any]:
    """What the thresholds are from: the parts, posts and groups, and as how many of equal size these count."""
    groups = calibration.set_groups
    sizes = np.unique(groups, return_counts=True)[1]
    return {
        "parts": list(calibration.parts),
        "posts": len(groups),
        "groups": len(sizes),
        "largest_group": int(sizes.max(initial=0)),
        "effective_groups": effective_groups(groups, over="posts"),
    }


def _shape_of(judged: LabelledPredictions, places: PlaceVocabulary) -> Shape:
    """The shape that a part asks for."""
    known = judged.known()
    temperature = fit_temperature(known.probabilities, known.answers.labels)
    shaped = temperature_scale(known.probabilities, temperature)
    penalty = best_penalty(shaped, known.answers.labels, known.answers.groups, known.chance, alpha=ALPHA)
    return Shape(temperature, penalty, _best_slack(_located(judged, places), temperature, places))


def _plain_shape(judged: LabelledPredictions, places: PlaceVocabulary) -> Shape:
    """The shape where there are too few groups to choose one: the temperature is fitted, the slack as much as expected.

    One number, without a choice of sizes in it, hardly fits the few posts that the threshold is then taken from.
    """
    known, located = judged.known(), _located(judged, places)
    temperature = fit_temperature(known.probabilities, known.answers.labels)
    expected = _errors(located, temperature, places)[1]
    return Shape(temperature, Penalty(), _middle(expected) if len(expected) else 1.0)


def _scored(judged: LabelledPredictions, shape: Shape, places: PlaceVocabulary) -> dict[str, NDArray[Any]]:
    """How far down the truth of a part's posts stands in a shape, by the names of `ARRAYS`."""
    known, located = judged.known(), _located(judged, places)
    scores = set_scores(temperature_scale(known.probabilities, shape.temperature), known.chance, shape.penalty)
    errors, expected = _errors(located, shape.temperature, places)
    return {
        "set_scores": scores[np.arange(len(scores)), known.answers.labels],
        "set_groups": numbered(known.answers.groups),
        "circle_scores": errors / (expected + shape.offset_km),
        "circle_groups": numbered(located.answers.groups),
    }


def _best_slack(validation: LabelledPredictions, shape: float, places: PlaceVocabulary) -> float:
    """The slack in km whose circles are smallest on average."""
    if not len(validation.chance):
        return 1.0
    errors, expected = _errors(validation, shape, places)
    middle = _middle(expected)

    def radius(slack: float) -> float:
        scores = errors / (expected + slack)
        return group_quantile(scores, validation.answers.groups, alpha=ALPHA) * float((expected + slack).mean())

    return min((factor * middle for factor in _SLACKS), key=radius)


def _middle(expected: Floats) -> float:
    """The median of what is expected, in km, but not nothing."""
    return max(float(np.median(expected)), 1e-3)


def _located(judged: LabelledPredictions, places: PlaceVocabulary) -> LabelledPredictions:
    """Posts with an answer and coordinates of their own, if the classes have any."""
    here = judged.answers.answered & ~np.isnan(judged.answers.coordinates[:, 0])
    return judged.only(here & places.located)


def _errors(located: LabelledPredictions, shape: float, places: PlaceVocabulary) -> tuple[Floats, Floats]:
    """Km from the centre of each post's circle to its own coordinates (N,), and what they were expected to be (N,)."""
    centres, expected = least_expected(temperature_scale(located.probabilities, shape), places)
    return great_circle_km(*centres.T, *located.answers.coordinates.T), expected


def _coverage(covered: NDArray[np.bool_], groups: Rows) -> dict[str, Any]:
    found = {"coverage": or_null(coverage_by_group(covered, groups)), "coverage_of_posts": _mean(covered)}
    return {**found, "interval": _interval(covered, groups)}


def _interval(covered: NDArray[np.bool_], groups: Rows) -> list[float | None]:
    """The 95 % interval of the coverage over groups; nulls where nothing is known."""
    if not len(covered):
        return [None, None]
    _, own, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shares = np.bincount(own, weights=covered.astype(np.float64)) / sizes
    interval = share_interval(shares, np.arange(len(shares)))
    return [or_null(interval.low), or_null(interval.high)]


def _intervals(told: Floats, labels: Rows, groups: Rows) -> dict[str, list[float | None]]:
    """95 % intervals of the scores of probabilities (N, C) as they are told; nothing without a post."""
    if not len(labels):
        return {}
    sure = {"confidence": told.max(axis=1), "hits": (told.argmax(axis=1) == labels).astype(np.float64)}
    statistics = {
        "ece": partial(resampled.expected_calibration_error, **sure),
        "area": partial(resampled.risk_coverage_area, **sure),
    }
    found = group_bootstrap_of(statistics, groups, content=sure.values(), seed=0)
    found["ece"] = above_chance(found["ece"])
    found["nll"] = positive_interval(log_losses(told, labels), groups)
    found["brier"] = positive_interval(np.maximum(squared_losses(told, labels), 0.0), groups)
    return {name: [or_null(interval.low), or_null(interval.high)] for name, interval in found.items()}


def _radii(radii: Floats) -> dict[str, float | None]:
    return {"mean_km": _mean(radii), "median_km": or_null(float(np.median(radii))) if len(radii) else None}


def _both(values: Iterable[float]) -> dict[str, float | None]:
    """A number before and after the temperature."""
    before, after = values
    return {"before": or_null(before), "after": or_null(after)}


def _mean(values: NDArray[Any]) -> float | None:
    return or_null(float(np.mean(values))) if len(values) else None


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, **{name: or_null(found[name]) for name in ("area", "best_area")}}
