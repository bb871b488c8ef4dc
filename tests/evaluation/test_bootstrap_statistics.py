"""Metrics of samples are the metrics of the posts repeated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from postplace.evaluation import bootstrap_statistics as resampled
from postplace.evaluation import calibration, metrics
from postplace.evaluation.significance import Interval, above_chance, bootstrap_totals, group_bootstrap

POSTS, SAMPLES = 57, 12
RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 5, size=(SAMPLES, POSTS))
TRUTH, PREDICTED = RNG.integers(-1, 6, size=(2, POSTS))
CONFIDENCE = RNG.random(POSTS).round(1)  # with ties
HITS = (RNG.random(POSTS) < CONFIDENCE).astype(np.float64)
KM = np.where(RNG.random(POSTS) < 0.2, np.inf, RNG.random(POSTS))


def repeated(metric: Callable[..., float], *values: np.ndarray) -> list[float]:
    """What a metric gives of the posts of each sample, one by one."""
    return [metric(*(np.repeat(own, counts) for own in values)) for counts in COUNTS]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (resampled.mean(COUNTS, HITS), repeated(lambda hits: float(hits.mean()), HITS)),
        (resampled.median(COUNTS, KM), repeated(metrics.median_km, KM)),
        (resampled.macro_f1(COUNTS, TRUTH, PREDICTED), repeated(metrics.macro_f1, TRUTH, PREDICTED)),
        (
            resampled.expected_calibration_error(COUNTS, CONFIDENCE, HITS),
            repeated(calibration.expected_calibration_error, CONFIDENCE, HITS),
        ),
        (
            resampled.risk_coverage_area(COUNTS, CONFIDENCE, HITS),
            repeated(lambda *own: calibration.risk_coverage(*own).area or 0.0, CONFIDENCE, HITS),
        ),
    ],
    ids=["mean", "median", "macro-F1", "ECE", "area"],
)
def test_a_sample_is_its_posts_repeated(found: np.ndarray, expected: list[float]) -> None:
    assert found == pytest.approx(expected, abs=1e-12)


def test_fewer_posts_than_bins_leave_bins_empty() -> None:
    few = resampled.expected_calibration_error(
        np.array([[1, 2, 0]]), np.array([0.3, 0.6, 0.9]), np.array([1.0, 0.0, 1.0])
    )
    own = np.array([0.3, 0.6, 0.6]), np.array([1.0, 0.0, 0.0])
    assert few == pytest.approx([calibration.expected_calibration_error(*own)], abs=1e-12)


def test_a_sample_of_unknown_classes_alone_has_no_f1() -> None:
    found = resampled.macro_f1(np.array([[0, 3], [1, 0]]), np.array([0, -1]), np.array([0, 0]))
    assert found.tolist() == pytest.approx([np.nan, 1.0], nan_ok=True)


@pytest.mark.parametrize("at_once", [600_000, 8 * POSTS])
def test_the_samples_are_those_of_the_bootstrap_of_a_mean(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Also where they are drawn in parts; one post a group, so that both have the groups in the same order."""
    values = np.arange(POSTS) / POSTS
    expected = group_bootstrap(values, np.arange(POSTS), seed=3)
    monkeypatch.setattr("postplace.evaluation.significance._COUNTS_AT_ONCE", at_once)
    statistic = {"mean": lambda counts: resampled.mean(counts, values)}
    found = bootstrap_totals(statistic, np.arange(POSTS), content=[values], seed=3)["mean"]
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))


@pytest.mark.parametrize("groups", [1, 3, 5])
def test_few_groups_tell_nothing(groups: int) -> None:
    statistic = {"median": lambda counts: resampled.median(counts, KM)}
    found = bootstrap_totals(statistic, np.arange(POSTS) % groups, content=[KM], seed=0)
    assert found["median"] == Interval(metrics.median_km(KM), float("-inf"), float("inf"))
    assert above_chance(found["median"]).low == float("-inf")


def test_a_number_that_is_the_same_in_every_sample_has_no_interval() -> None:
    """All right: a macro-F1 of 1.0 is not sure because nothing else was seen."""
    statistic = {"f1": lambda counts: resampled.macro_f1(counts, TRUTH % 3, TRUTH % 3)}
    found = bootstrap_totals(statistic, np.arange(POSTS), content=[TRUTH], seed=0)["f1"]
    assert found == Interval(1.0, float("-inf"), float("inf"))


def test_an_honest_model_may_be_honest() -> None:
    """Its calibration error is chance alone, and half of the posts add more: 0 lies below the plain interval."""
    confidence = np.random.default_rng(1).uniform(0.3, 1.0, size=600)
    hits = (np.random.default_rng(2).random(600) < confidence).astype(np.float64)

    def interval(told: np.ndarray) -> Interval:
        statistic = {"ece": lambda counts: resampled.expected_calibration_error(counts, told, hits)}
        return bootstrap_totals(statistic, np.arange(600), content=[told, hits], seed=0)["ece"]

    plain = interval(confidence)
    assert plain.low > 0.01
    assert above_chance(plain).low == 0.0
    assert above_chance(plain).low <= plain.mean <= above_chance(plain).high
    assert above_chance(interval(np.minimum(confidence + 0.2, 1.0))).low > 0.05
