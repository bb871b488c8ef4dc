"""No number depends on the order of the posts: every metric, interval, curve, p-value and table of posts shuffled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics as resampled
from postplace.evaluation import calibration, conformal, metrics
from postplace.evaluation.grouped import why_no_interval
from postplace.evaluation.significance import (
    DIFFERENCE,
    above_chance,
    bootstrap_totals,
    group_bootstrap,
    least_p_value,
    paired_group_bootstrap,
    paired_over_seeds,
    paired_p_value,
    positive_interval,
    share_interval,
    unpaired_over_seeds,
)
from postplace.inference.scoring import GroundTruth, class_intervals, distance_intervals

POSTS, CLASSES = 90, 6
Posts = dict[str, NDArray[Any]]


def posts(seed: int) -> Posts:
    """Posts with ties wherever there can be any: probabilities of one decimal, equal groups, equal kilometres."""
    rng = np.random.default_rng(seed)
    raw = rng.integers(1, 4, size=(POSTS, CLASSES)).astype(np.float64)
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    groups = np.repeat(np.arange(POSTS), rng.integers(1, 7, size=POSTS))[:POSTS]
    answered = rng.random(POSTS) < 0.9
    return {
        "probabilities": probabilities,
        "other": np.roll(probabilities, 1, axis=1),
        "labels": rng.integers(-1, CLASSES, size=POSTS),
        "known": rng.integers(0, CLASSES, size=POSTS),
        "predicted": np.where(answered, probabilities.argmax(axis=1), -1),
        "answered": answered,
        "confidence": probabilities.max(axis=1),
        "hits": (rng.random(POSTS) < probabilities.max(axis=1) + 0.2).astype(np.float64),
        "others": (rng.random(POSTS) < 0.3).astype(np.float64),
        "km": np.where(answered, rng.integers(0, 9, size=POSTS) / 3.0, np.inf),
        "near": rng.integers(0, 9, size=POSTS) / 3.0,
        "points": rng.integers(-3, 3, size=(POSTS, 2)) / 50.0,
        "chance": rng.random(POSTS),
        "groups": groups,
        "patterns": rng.choice(["T", "TI", "I"], size=POSTS),
    }


def shuffled(own: Posts, seed: int) -> Posts:
    """The same posts in another order, their groups numbered by first appearance as a file's are."""
    order = np.random.default_rng(seed).permutation(POSTS)
    moved = {name: values[order] for name, values in own.items()}
    numbers: dict[int, int] = {}
    moved["groups"] = np.array([numbers.setdefault(group, len(numbers)) for group in moved["groups"].tolist()])
    return moved


def sets_of(p: Posts) -> list[float]:
    scores = conformal.set_scores(p["probabilities"], p["chance"], conformal.Penalty(0.05, 2))
    own = scores[np.arange(POSTS), p["known"]]
    threshold = conformal.group_quantile(own, p["groups"], alpha=0.2)
    inside = own <= threshold
    best = conformal.best_penalty(p["probabilities"], p["known"], p["groups"], p["chance"], alpha=0.2)
    return [threshold, conformal.coverage_by_group(inside, p["groups"]), best.weight, best.free]


def resampled_of(p: Posts) -> dict[str, Any]:
    sure: dict[str, Any] = {"confidence": p["confidence"], "hits": p["hits"]}
    statistics = {
        "f1": partial(resampled.macro_f1, truth=p["labels"], predicted=p["predicted"]),
        "median": partial(resampled.median, values=p["km"]),
        "ece": partial(resampled.expected_calibration_error, **sure),
        "area": partial(resampled.risk_coverage_area, **sure),
    }
    content = [p["labels"], p["predicted"], p["km"], p["confidence"], p["hits"]]
    found = bootstrap_totals(statistics, p["groups"], content=content, seed=0, samples=500)
    return {**found, "ece above chance": above_chance(found["ece"])}


def ground_truth(p: Posts) -> GroundTruth:
    every = np.ones(POSTS, dtype=np.bool_)
    return GroundTruth(p["labels"], every, p["points"], p["answered"], p["patterns"], p["groups"])


def runs_of(p: Posts) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Two seeds: all posts, and those of whom one thing is true."""
    chosen = p["near"] > 0.5
    return [(p["hits"], p["others"], p["groups"]), (p["others"][chosen], p["hits"][chosen], p["groups"][chosen])]


NUMBERS: dict[str, Callable[[Posts], Any]] = {
    "accuracy": lambda p: metrics.accuracy(p["labels"], p["predicted"]),
    "accuracy@k": lambda p: [metrics.accuracy_at_k(p["labels"], p["probabilities"], k=k) for k in (1, 2, 5)],
    "macro-F1": lambda p: metrics.macro_f1(p["labels"], p["predicted"]),
    "km": lambda p: [metrics.mean_km(p["km"]), metrics.median_km(p["km"]), metrics.share_within(p["km"], radius_km=1)],
    "all metrics": lambda p: metrics.evaluate_predictions(
        p["probabilities"], labels=p["labels"], answered=p["answered"], patterns=p["patterns"], error_km=p["near"]
    ),
    "reliability": lambda p: calibration.reliability(p["confidence"], p["hits"]),
    "ECE": lambda p: calibration.expected_calibration_error(p["confidence"], p["hits"]),
    "debiased ECE": lambda p: calibration.debiased_calibration_error(p["confidence"], p["hits"], bins=4),
    "risk and coverage": lambda p: calibration.risk_coverage(p["confidence"], p["hits"]),
    "Brier": lambda p: calibration.brier_score(p["probabilities"], p["known"]),
    "NLL": lambda p: calibration.negative_log_likelihood(p["probabilities"], p["known"]),
    "conformal": sets_of,
    "share": lambda p: share_interval(p["hits"], p["groups"]),
    "positive": lambda p: positive_interval(p["near"], p["groups"]),
    "mean": lambda p: group_bootstrap(p["near"], p["groups"], seed=0),
    "difference": lambda p: paired_group_bootstrap(p["hits"], p["others"], p["groups"], seed=0, bounds=DIFFERENCE),
    "over seeds": lambda p: paired_over_seeds(runs_of(p), seed=0),
    "p-value": lambda p: [paired_p_value(runs_of(p)[:n], seed=0) for n in (1, 2)],
    "least p": lambda p: least_p_value(runs_of(p)),
    "unpaired": lambda p: unpaired_over_seeds([(p["hits"], p["groups"])], [(p["near"], p["groups"])], seed=0),
    "resampled": resampled_of,
    "why none": lambda p: [why_no_interval(p["groups"]), why_no_interval(p["groups"] // 30)],
    "of classes": lambda p: class_intervals({"a": p["probabilities"], "b": p["other"]}, ground_truth(p)),
    "of km": lambda p: distance_intervals({"a": p["points"] + 0.01, "b": p["points"][:, ::-1]}, ground_truth(p)),
}


def plain(found: Any) -> Any:
    """Numbers of any kind in lists and dictionaries."""
    if hasattr(found, "__dataclass_fields__"):
        return [plain(getattr(found, own.name)) for own in fields(found)]
    if isinstance(found, dict):
        return {name: plain(value) for name, value in found.items()}
    return [plain(value) for value in found] if isinstance(found, list | tuple) else found


def _numeric(found: Any) -> bool:
    return isinstance(found, (float, int)) and not isinstance(found, bool)


def leaves(found: Any) -> list[Any]:
    """All of it in order, numbers with ten digits: a sum in another order differs in the last of 16."""
    if isinstance(found, dict):
        return [leaf for name in sorted(found) for leaf in (name, *leaves(found[name]))]
    if isinstance(found, list):
        return [leaf for value in found for leaf in leaves(value)]
    return [f"{found:.10g}" if _numeric(found) else found]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_the_same_in_any_order_of_the_posts(name: str) -> None:
    for seed in range(4):
        own = posts(seed)
        expected = leaves(plain(NUMBERS[name](own)))
        for order in range(3):
            assert leaves(plain(NUMBERS[name](shuffled(own, 10 * seed + order)))) == expected


@pytest.mark.parametrize("name", ["macro-F1", "median", "ECE", "area"])
def test_what_is_resampled_is_the_metric_itself_also_with_ties(name: str) -> None:
    for seed in range(5):
        p, once = posts(seed), np.ones((1, POSTS), dtype=np.int64)
        pairs = {
            "macro-F1": (resampled.macro_f1(once, p["labels"], p["predicted"]), NUMBERS["macro-F1"](p)),
            "median": (resampled.median(once, p["km"]), metrics.median_km(p["km"])),
            "ECE": (resampled.expected_calibration_error(once, p["confidence"], p["hits"]), NUMBERS["ECE"](p)),
            "area": (
                resampled.risk_coverage_area(once, p["confidence"], p["hits"]),
                NUMBERS["risk and coverage"](p).area,
            ),
        }
        found, expected = pairs[name]
        assert found[0] == pytest.approx(expected, abs=1e-12)
