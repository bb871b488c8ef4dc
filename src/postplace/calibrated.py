"""Probabilities, sets of places and circles that keep their word, from the parts of the split that were set aside.

The temperature of what is told is fitted on the calibration part. A promise of coverage is exact only if nothing but
its threshold comes from that part: the shape of the sets and circles (a temperature of their own, the penalty of RAPS,
the slack of the radius) is therefore chosen on the validation part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import resampled
from postplace.evaluation.calibration import (
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_floor,
    log_losses,
    negative_log_likelihood,
    raised,
    reliability,
    risk_coverage,
    squared_losses,
    temper,
)
from postplace.evaluation.conformal import (
    Penalty,
    best_penalty,
    coverage_by_group,
    group_quantile,
    set_scores,
    sets_below,
)
from postplace.evaluation.metrics import or_null
from postplace.evaluation.significance import above_chance, group_bootstrap_of, positive_interval, share_interval
from postplace.places.decode import least_expected
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.post import Promise
from postplace.scoring import Answers

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

ALPHA = 0.1  # sets and circles hold the truth for 90 % of posts, unless asked otherwise
_SLACKS = (0.01, 0.1, 1.0, 10.0, 1000.0)  # times the median expected km: the last is all but one radius for all
ARRAYS = ("set_scores", "set_groups", "circle_scores", "circle_groups")


class Judged(NamedTuple):
    """A part of the split as a system answered it: probabilities (N, C) as they came, and the truth."""

    probabilities: Floats
    answers: Answers
    chance: Floats  # (N,) see `chance_of`

    def only(self, chosen: NDArray[np.bool_]) -> Judged:
        """The posts that are chosen (N,)."""
        kept = {field.name: getattr(self.answers, field.name)[chosen] for field in fields(self.answers)}
        return Judged(self.probabilities[chosen], Answers(**kept), self.chance[chosen])

    def known(self) -> Judged:
        """Posts with an answer, whose class the run knows."""
        return self.only(self.answers.answered & (self.answers.labels >= 0))


@dataclass(frozen=True)
class Calibration:
    """What turns a system's probabilities into honest ones; scores (M,) and groups (M,) of the calibration part.

    `temperature` and `floor` of the probabilities told; `shape`, `penalty` and `slack_km` make the sets and circles.
    """

    temperature: float
    shape: float
    penalty: Penalty
    slack_km: float
    set_scores: Floats
    set_groups: Rows
    circle_scores: Floats
    circle_groups: Rows
    floor: float = 0.0  # runs of earlier versions have none

    def tell(self, raw: Floats) -> Floats:
        """Probabilities (N, C) as the system gives them -> as they are told."""
        return raised(temper(raw, self.temperature), self.floor)

    def place_sets(self, raw: Floats, chance: Floats, *, alpha: float = ALPHA) -> NDArray[np.bool_]:
        """The classes (N, C) of each post's set: it holds the true one, if the run knows it, for 1 - alpha of posts.

        Never empty. Over groups: see `evaluation/conformal.py`.
        """
        scores = set_scores(temper(raw, self.shape), chance, self.penalty)
        return sets_below(scores, group_quantile(self.set_scores, self.set_groups, alpha=alpha))

    def circles(self, raw: Floats, places: PlaceVocabulary, *, alpha: float = ALPHA) -> tuple[Floats, Floats]:
        """Centres (N, 2) in degrees and radii (N,) in km of circles that hold the true point for 1 - alpha of posts.

        NaN where no class has coordinates; an infinite radius where too few groups were kept to promise anything.
        """
        centres, expected = least_expected(temper(raw, self.shape), places)
        threshold = group_quantile(self.circle_scores, self.circle_groups, alpha=alpha)
        return centres, threshold * (expected + self.slack_km)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is kept beside `to_json`."""
        return {name: getattr(self, name) for name in ARRAYS}

    def to_json(self) -> dict[str, Any]:
        """Plain data; the arrays are kept beside it."""
        penalty = {"weight": self.penalty.weight, "free": self.penalty.free}
        told = {"temperature": self.temperature, "floor": self.floor}
        return {**told, "shape": self.shape, "penalty": penalty, "slack_km": self.slack_km}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """The inverse; KeyError or TypeError on what they did not write."""
        temperature, shape, slack = (float(saved[name]) for name in ("temperature", "shape", "slack_km"))
        penalty = Penalty(float(saved["penalty"]["weight"]), int(saved["penalty"]["free"]))
        kept = {name: arrays[name] for name in ARRAYS}
        return cls(temperature, shape, penalty, slack, floor=float(saved.get("floor", 0.0)), **kept)


def chance_of(digests: Sequence[str]) -> Floats:
    """A number between 0 and 1 for each post (N,), drawn by its digest: the same post always gets the same set.

    >>> chance_of(["00ff", "80ff"]).round(3).tolist()
    [0.004, 0.504]
    """
    return np.array([int(digest[:8], 16) / 16 ** len(digest[:8]) for digest in digests], dtype=np.float64)


def calibrate(validation: Judged, calibration: Judged, places: PlaceVocabulary) -> Calibration:
    """Fit on what a system answered to two parts that it did not learn from."""
    shaping, kept = validation.known(), calibration.known()
    shape = fit_temperature(shaping.probabilities, shaping.answers.labels)
    shaped = temper(shaping.probabilities, shape)
    penalty = best_penalty(shaped, shaping.answers.labels, shaping.answers.groups, shaping.chance, alpha=ALPHA)
    scores = set_scores(temper(kept.probabilities, shape), kept.chance, penalty)
    located = _located(calibration, places)
    slack = _best_slack(_located(validation, places), shape, places)
    errors, expected = _errors(located, shape, places)
    temperature, floor = fit_temperature_and_floor(kept.probabilities, kept.answers.labels)
    return Calibration(
        temperature=temperature,
        floor=floor,
        shape=shape,
        penalty=penalty,
        slack_km=slack,
        set_scores=scores[np.arange(len(scores)), kept.answers.labels],
        set_groups=_numbered(kept.answers.groups),
        circle_scores=errors / (expected + slack),
        circle_groups=_numbered(located.answers.groups),
    )


def promises(
    calibration: Calibration, raw: Floats, chance: Floats, places: PlaceVocabulary, *, level: float
) -> list[Promise]:
    """What is promised of N posts, from their raw probabilities (N, C) and draws (N,)."""
    sets = calibration.place_sets(raw, chance, alpha=1.0 - level)
    order = np.argsort(-raw, axis=1, kind="stable")
    centres, radii = calibration.circles(raw, places, alpha=1.0 - level)
    made = []
    for row in range(len(raw)):
        names = tuple(places.places[c].name for c in order[row] if sets[row, c])
        if np.isfinite(radii[row]) and not np.isnan(centres[row]).any():
            latitude, longitude = (float(degrees) for degrees in centres[row])
            made.append(Promise(level, names, (latitude, longitude), float(radii[row])))
        else:
            made.append(Promise(level, names))
    return made


def judge_calibration(
    calibration: Calibration, judged: Judged, places: PlaceVocabulary, *, alpha: float = ALPHA
) -> dict[str, Any]:
    """How well the words are kept on posts of a part that nothing was fitted on, ready for JSON.

    Posts with an answer whose class the run knows; `by_pattern` is by the modalities present (T, G, I). `intervals`
    are of what is told, 95 % over groups: `area` is that of `risk_coverage`.
    """
    known, located = judged.known(), _located(judged, places)
    told = calibration.tell(known.probabilities)
    labels, groups = known.answers.labels, known.answers.groups
    hits = (told.argmax(axis=1) == labels).astype(np.float64)
    confidences = known.probabilities.max(axis=1), told.max(axis=1)
    sets = calibration.place_sets(known.probabilities, known.chance, alpha=alpha)
    held = sets[np.arange(len(sets)), labels]
    centres, radii = calibration.circles(located.probabilities, places, alpha=alpha)
    inside = great_circle_km(*centres.T, *located.answers.coordinates.T) <= radii
    patterns = known.answers.patterns

    def kept_word(chosen: NDArray[np.bool_], within: NDArray[np.bool_]) -> dict[str, Any]:
        return {
            "posts": int(chosen.sum()),
            "sets": _coverage(held[chosen], groups[chosen]) | {"mean_size": _mean(sets[chosen].sum(axis=1))},
            "circles": _coverage(inside[within], located.answers.groups[within]) | _radii(radii[within]),
        }

    every = kept_word(np.ones(len(labels), dtype=np.bool_), np.ones(len(radii), dtype=np.bool_))
    every["sets"]["interval"] = _interval(held, groups)
    every["circles"]["interval"] = _interval(inside, located.answers.groups)
    return {
        "level": 1.0 - alpha,
        "temperature": calibration.temperature,
        "floor": calibration.floor,
        "unknown_class": int((judged.answers.labelled & (judged.answers.labels < 0)).sum()),
        **every,
        "ece": _both(expected_calibration_error(each, hits) for each in confidences),
        "debiased_ce": _both(debiased_calibration_error(each, hits) for each in confidences),
        "nll": _both(negative_log_likelihood(each, labels) for each in (known.probabilities, told)),
        "brier": _both(brier_score(each, labels) for each in (known.probabilities, told)),
        "reliability": reliability(confidences[1], hits),
        "risk_coverage": _plain(risk_coverage(confidences[1], hits)),
        "intervals": _intervals(told, labels, groups),
        "by_pattern": {
            str(pattern): kept_word(patterns == pattern, located.answers.patterns == pattern)
            for pattern in np.unique(patterns)
        },
    }


def _best_slack(validation: Judged, shape: float, places: PlaceVocabulary) -> float:
    """The slack in km whose circles are smallest on average."""
    if not len(validation.chance):
        return 1.0
    errors, expected = _errors(validation, shape, places)
    middle = max(float(np.median(expected)), 1e-3)

    def radius(slack: float) -> float:
        scores = errors / (expected + slack)
        return group_quantile(scores, validation.answers.groups, alpha=ALPHA) * float((expected + slack).mean())

    return min((factor * middle for factor in _SLACKS), key=radius)


def _located(judged: Judged, places: PlaceVocabulary) -> Judged:
    """Posts with an answer and coordinates of their own, if the classes have any."""
    here = judged.answers.answered & ~np.isnan(judged.answers.coordinates[:, 0])
    return judged.only(here & places.located)


def _errors(located: Judged, shape: float, places: PlaceVocabulary) -> tuple[Floats, Floats]:
    """Km from the centre of each post's circle to its own coordinates (N,), and what they were expected to be (N,)."""
    centres, expected = least_expected(temper(located.probabilities, shape), places)
    return great_circle_km(*centres.T, *located.answers.coordinates.T), expected


def _numbered(groups: Rows) -> Rows:
    """Groups (N,) by running numbers: nothing of the posts is kept."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _coverage(covered: NDArray[np.bool_], groups: Rows) -> dict[str, float | None]:
    return {"coverage": or_null(coverage_by_group(covered, groups)), "coverage_of_posts": _mean(covered)}


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
