"""Intervals of shares and positive means: degrees of freedom by hand, coverage and false claims by simulation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.evaluation.bootstrap_statistics import expected_calibration_error
from postplace.evaluation.grouped import group_totals
from postplace.evaluation.robust import freedom
from postplace.evaluation.significance import (
    DIFFERENCE,
    Interval,
    above_chance,
    bootstrap_totals,
    paired_group_bootstrap,
    positive_interval,
    share_interval,
    verdict,
)

TRIALS = 600  # a rate of .95 is off by .009


def grouped(rng: np.random.Generator, users: int, *, pareto: bool) -> NDArray[np.int64]:
    """The user of each post: five posts each, or 1 to 200, few of them many."""
    posts = np.minimum(1 + rng.pareto(1.2, users) * 3, 200).astype(np.int64) if pareto else np.full(users, 5)
    return np.repeat(np.arange(users), posts)


@pytest.mark.parametrize("users", [6, 20])
def test_equal_groups_have_one_degree_of_freedom_less_than_they_are(users: int) -> None:
    values = np.random.default_rng(0).random(4 * users)
    assert freedom(group_totals([(values, np.arange(4 * users) % users)])) == pytest.approx(users - 1)


def test_unequal_groups_have_as_many_degrees_of_freedom_as_their_quadratic_form() -> None:
    """2 E^2 / Var of sum of x_g (m_g - m)^2 is (tr A S)^2 / tr (A S A S), written out with matrices."""
    rng = np.random.default_rng(0)
    sizes = np.array([1, 2, 3, 5, 8, 13])
    groups = np.repeat(np.arange(6), sizes)
    totals = group_totals([(rng.normal(size=32) + rng.normal(size=6)[groups], groups)])
    assert 0.0 < totals.likeness < 1.0
    weights = totals.weights
    off = np.eye(6) - weights
    form = off.T @ np.diag(weights**2 / (1 - weights)) @ off
    product = form @ np.diag(totals.likeness + (1 - totals.likeness) / totals.posts)
    expected = np.trace(product) ** 2 / np.trace(product @ product)
    assert freedom(totals) == pytest.approx(expected)


def covered(interval: Callable[[np.random.Generator], Interval], truth: float, *, trials: int = TRIALS) -> float:
    """How often the truth is inside, of the trials that have an interval."""
    found = [interval(np.random.default_rng(trial)) for trial in range(trials)]
    told = [own for own in found if np.isfinite(own.low)]
    return float(np.mean([own.low <= truth <= own.high for own in told]))


@pytest.mark.parametrize("pareto", [False, True])
@pytest.mark.parametrize(("mean", "sure"), [(0.5, 4.0), (0.8, 4.0), (0.95, 19.0)])
@pytest.mark.parametrize("users", [15, 60])
def test_the_interval_of_an_accuracy_covers_it(users: int, mean: float, sure: float, pareto: bool) -> None:
    """The percentile bootstrap covers .83 to .96 of these, the more the nearer to a half and to equal sizes."""

    def interval(rng: np.random.Generator) -> Interval:
        groups = grouped(rng, users, pareto=pareto)
        skill = rng.beta(sure * mean, sure * (1.0 - mean), users)
        return share_interval(rng.random(len(groups)) < skill[groups], groups)

    assert covered(interval, mean) >= 0.935


@pytest.mark.parametrize("pareto", [False, True])
def test_the_interval_of_a_mean_of_kilometres_covers_it(pareto: bool) -> None:
    def interval(rng: np.random.Generator) -> Interval:
        groups = grouped(rng, 15, pareto=pareto)
        return positive_interval(rng.gamma(1.0, 1.0, len(groups)) * rng.gamma(2.0, 0.5, 15)[groups], groups)

    assert covered(interval, 1.0) >= 0.935


@pytest.mark.parametrize("too_sure", [0.0, 0.1])
@pytest.mark.parametrize("pareto", [False, True])
def test_the_interval_of_a_calibration_error_covers_it(pareto: bool, too_sure: float) -> None:
    """Also that of a system that is too sure, of whose users some are easier and a few post most."""

    def drawn(rng: np.random.Generator, users: int) -> tuple[NDArray[np.int64], dict[str, Any]]:
        groups = grouped(rng, users, pareto=pareto)
        confidence = rng.beta(4.0, 1.5, len(groups))
        right = np.clip(confidence - too_sure, 0.02, 0.98) if too_sure else confidence
        if too_sure:  # 1.16: as many are right whatever the users' own skill
            own = 1.16 * np.log(right / (1.0 - right)) + rng.normal(0.0, 1.0, users)[groups]
            right = 1.0 / (1.0 + np.exp(-own))
        return groups, {"confidence": confidence, "hits": (rng.random(len(groups)) < right).astype(np.float64)}

    def interval(rng: np.random.Generator) -> Interval:
        groups, sure = drawn(rng, 80)
        statistic = {"ece": partial(expected_calibration_error, **sure)}
        return above_chance(bootstrap_totals(statistic, groups, content=sure.values(), seed=0, samples=200)["ece"])

    _, many = drawn(np.random.default_rng(0), 20_000)
    truth = float(expected_calibration_error(np.ones((1, len(many["hits"])), dtype=np.int64), **many)[0])
    assert covered(interval, truth if too_sure else 0.0, trials=300) >= 0.915  # .935, less what 300 trials may miss


@pytest.mark.parametrize("pareto", [False, True])
@pytest.mark.parametrize("users", [8, 15, 60])
def test_two_equal_systems_are_seldom_called_different(users: int, pareto: bool) -> None:
    """At most 5 %, with what 600 trials may add; before, 8 to 10 % with sizes as unequal as these."""
    told = []
    for trial in range(TRIALS):
        rng = np.random.default_rng(trial)
        groups = grouped(rng, users, pareto=pareto)
        one, other = (rng.random(len(groups)) < rng.beta(2, 2, users)[groups] for _ in range(2))
        told.append(verdict(paired_group_bootstrap(one, other, groups, seed=0, samples=499, bounds=DIFFERENCE)))
    decided = [word for word in told if word != "cannot tell"]
    assert np.mean([word != "tie" for word in decided]) <= 0.065 + (0.03 if len(decided) < 200 else 0.0)
