from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from postplace.evaluation.calibration import (
    brier_score,
    debiased_calibration_error,
    expected_calibration_error,
    fit_temperature,
    fit_temperature_and_uniform_weight,
    mix_with_uniform,
    negative_log_likelihood,
    reliability,
    risk_coverage,
    temperature_scale,
)
from postplace.evaluation.calibration_report import ReliabilityBin, RiskPoint


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    made: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return made


def drawn(posts: int, *, seed: int = 0, classes: int = 5) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits, and labels drawn from their softmax: calibrated by construction."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (posts, classes))
    edges = softmax(logits).cumsum(axis=1)
    return logits, (random.random((posts, 1)) > edges).sum(axis=1).clip(max=classes - 1)


def test_temper_is_the_softmax_of_divided_logits() -> None:
    logits, _ = drawn(20)
    np.testing.assert_allclose(temperature_scale(softmax(logits), 3.0), softmax(logits / 3.0), atol=1e-12)


def test_temper_is_that_softmax_also_where_one_class_is_all_but_sure() -> None:
    """Of a thousand classes that are out of the question none may gain what a millionth, tempered, would have."""
    logits = np.zeros((1, 1000))
    logits[0, 0] = 60.0
    np.testing.assert_allclose(temperature_scale(softmax(logits), 2.0), softmax(logits / 2.0), rtol=1e-9)


def test_a_temperature_of_one_changes_nothing() -> None:
    p = np.array([[1.0, 0.0], [0.25, 0.75]])
    np.testing.assert_array_equal(temperature_scale(p, 1.0), p)


def test_a_probability_of_nothing_stays_finite_and_below_the_others() -> None:
    tempered = temperature_scale(np.array([[1.0, 0.0, 0.0]]), 5.0)
    assert np.isfinite(tempered).all()
    assert tempered[0, 0] > tempered[0, 1] > 0


@given(st.floats(0.05, 20.0), st.integers(0, 1000))
def test_no_temperature_changes_the_order(temperature: float, seed: int) -> None:
    p = softmax(drawn(5, seed=seed)[0])
    tempered = temperature_scale(p, temperature)
    np.testing.assert_allclose(tempered.sum(axis=1), 1.0)
    assert (tempered.argmax(axis=1) == p.argmax(axis=1)).all()


@pytest.mark.parametrize("wrong", [0.4, 1.0, 3.0])
def test_the_temperature_that_was_applied_is_found(wrong: float) -> None:
    logits, labels = drawn(20_000)
    assert fit_temperature(softmax(logits * wrong), labels) == pytest.approx(wrong, rel=0.05)


def test_the_temperature_lowers_nll_and_ece_of_an_overconfident_system() -> None:
    logits, labels = drawn(5000, seed=1)
    other, truth = drawn(5000, seed=2)
    overconfident = softmax(other * 3)
    told = temperature_scale(overconfident, fit_temperature(softmax(logits * 3), labels))
    hits = (told.argmax(axis=1) == truth).astype(float)
    assert negative_log_likelihood(told, truth) < negative_log_likelihood(overconfident, truth)
    assert expected_calibration_error(told.max(axis=1), hits) < 0.02
    assert expected_calibration_error(overconfident.max(axis=1), hits) > 0.1


def mislabelled(posts: int, *, seed: int, share: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """As `drawn`, sure of itself, but a share of the labels is any class, whatever was shown."""
    logits, labels = drawn(posts, seed=seed)
    random = np.random.default_rng(seed + 1)
    return softmax(3 * logits), np.where(random.random(posts) < share, random.integers(0, 5, posts), labels)


def test_the_floor_that_was_put_in_is_found_with_the_temperature() -> None:
    temperature, floor = fit_temperature_and_uniform_weight(*mislabelled(20_000, seed=1, share=0.2))
    assert temperature == pytest.approx(3.0, rel=0.1)
    assert floor == pytest.approx(0.2, abs=0.02)


def test_with_wrong_labels_the_floor_is_honest_where_a_temperature_is_not() -> None:
    p, labels = mislabelled(2000, seed=3, share=0.2)
    other, truth = mislabelled(20_000, seed=7, share=0.2)
    temperature, floor = fit_temperature_and_uniform_weight(p, labels)
    tempered, both = (
        temperature_scale(other, fit_temperature(p, labels)),
        mix_with_uniform(temperature_scale(other, temperature), floor),
    )
    errors = [
        expected_calibration_error(told.max(axis=1), (told.argmax(axis=1) == truth).astype(float))
        for told in (tempered, both)
    ]
    assert errors[1] < 0.02 < 2 * 0.02 < errors[0]
    assert negative_log_likelihood(both, truth) < negative_log_likelihood(tempered, truth)


def test_there_is_no_floor_where_none_is_needed() -> None:
    found = [
        fit_temperature_and_uniform_weight(softmax(2 * logits), labels)
        for logits, labels in (drawn(600, seed=n) for n in range(10))
    ]
    assert sum(floor == 0.0 for _, floor in found) >= 9
    assert all(temperature == pytest.approx(2.0, rel=0.25) for temperature, _ in found)


@given(st.floats(0.0, 0.9), st.integers(0, 1000))
def test_no_floor_changes_the_order(floor: float, seed: int) -> None:
    p = softmax(drawn(5, seed=seed)[0])
    told = mix_with_uniform(p, floor)
    np.testing.assert_allclose(told.sum(axis=1), 1.0)
    assert (told.argmax(axis=1) == p.argmax(axis=1)).all()


def test_without_posts_nothing_is_fitted() -> None:
    nothing = np.zeros((0, 3)), np.zeros(0, dtype=np.int64)
    assert fit_temperature_and_uniform_weight(*nothing) == (1.0, 0.0)
    assert fit_temperature(*nothing) == 1.0
    assert np.isnan(negative_log_likelihood(*nothing))
    assert np.isnan(brier_score(*nothing))
    assert np.isnan(expected_calibration_error(np.zeros(0), np.zeros(0)))
    assert risk_coverage(np.zeros(0), np.zeros(0)).area is None


def test_reliability_has_bins_of_equal_mass() -> None:
    confidence = np.linspace(0.1, 0.9, 23)
    rows = reliability(confidence, np.ones(23), bins=5)
    assert [row.posts for row in rows] == [5, 5, 5, 4, 4]
    assert all(a.confidence < b.confidence for a, b in pairwise(rows))


def test_more_bins_than_posts() -> None:
    assert len(reliability(np.array([0.5, 0.7]), np.array([1.0, 0.0]), bins=10)) == 2


def test_the_debiased_error_of_perfect_probabilities_is_smaller_than_the_plain_one() -> None:
    logits, labels = drawn(400, seed=3)
    p = softmax(logits)
    hits = (p.argmax(axis=1) == labels).astype(float)
    assert debiased_calibration_error(p.max(axis=1), hits) < expected_calibration_error(p.max(axis=1), hits)


def test_the_debiased_error_by_hand() -> None:
    # Two bins of two posts: confidence .5 and accuracy 1, of variance 0; confidence .9 and accuracy .5, of .25 / 1.
    error = debiased_calibration_error(np.array([0.5, 0.5, 0.9, 0.9]), np.array([1.0, 1.0, 1.0, 0.0]), bins=2)
    assert error == pytest.approx(((2 * 0.25 + 2 * (0.16 - 0.25)) / 4) ** 0.5)


def test_risk_and_coverage_by_hand() -> None:
    found = risk_coverage(np.array([0.6, 0.9, 0.7]), np.array([1.0, 1.0, 0.0]))
    assert found.curve[-1].to_dict() == {"coverage": 1.0, "confidence": 0.6, "error": pytest.approx(1 / 3)}
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert found.best_area == pytest.approx((0 + 0 + 1 / 3) / 3)


def test_posts_of_one_confidence_share_a_bin() -> None:
    """Told .5 and right in half: honest, whatever the order; a bin for each half of them would be off by .5."""
    for hits in ([1.0] * 20 + [0.0] * 20, [0.0] * 20 + [1.0] * 20):
        assert expected_calibration_error(np.full(40, 0.5), np.array(hits)) == 0.0
        assert reliability(np.full(40, 0.5), np.array(hits)) == [ReliabilityBin(40, 0.5, 0.5)]
    # ten bins of four places; places 10 to 29 have their middle, 19, in the fifth bin, and leave the others their own
    confidence = np.concatenate([np.linspace(0.1, 0.2, 10), np.full(20, 0.5), np.linspace(0.8, 0.9, 10)])
    assert [row.posts for row in reliability(confidence, np.ones(40))] == [4, 4, 2, 20, 2, 4, 4]


def test_posts_of_one_confidence_are_answered_together() -> None:
    """Two right and two wrong at .5: the mean error over their orders is 1/2 after any number of answers."""
    for hits in ([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]):
        found = risk_coverage(np.full(4, 0.5), np.array(hits))
        assert found.curve == (RiskPoint(1.0, 0.5, 0.5),)
        assert found.area == 0.5
        assert found.best_area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_the_area_of_ties_is_the_mean_over_their_orders() -> None:
    """Counted out: one right answer first, then three of one confidence, one of them wrong, in its three places."""
    found = risk_coverage(np.array([0.9, 0.4, 0.4, 0.4]), np.array([1.0, 1.0, 0.0, 1.0])).area
    orders = [(0, 1 / 2, 1 / 3, 1 / 4), (0, 0, 1 / 3, 1 / 4), (0, 0, 0, 1 / 4)]
    assert found == pytest.approx(np.mean(orders))
