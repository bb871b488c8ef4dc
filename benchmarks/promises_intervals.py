"""Do 95 % intervals cover the truth, and do equal systems stay equal? Simulated, for 5 to 200 users.

    python benchmarks/promises_intervals.py [--quick]

Users have five posts each or Pareto(1.2) numbers of 1 to 200. Each cell is how often the truth lies in the interval, of
the trials where the product shows one, and in brackets how often it does, where not always. `*`: below 93.5 %, `+`:
above 96.5 % (wider than needed). Of false claims `*`: above 6.5 %. Of 1,000 trials a rate of 95 % is off by .7 points.
"ECE elsewhere" is of simulated posts that no choice in the package was made by; the number after it is the true error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation import bootstrap_statistics as resampled
from postplace.evaluation.calibration import expected_calibration_error, log_losses, squared_losses
from postplace.evaluation.significance import (
    DIFFERENCE,
    Interval,
    above_chance,
    bootstrap_totals,
    holm,
    least_p_value,
    paired_group_bootstrap,
    positive_interval,
    share_interval,
    verdict,
)

Floats = NDArray[np.float64]
USERS = (5, 8, 15, 30, 80, 200)
SIZES = ("equal", "Pareto")
LEVEL, BAR = 0.95, 0.015
CLASSES = 8
GIVEN = ((True, "skill falls with size, given sizes"), (False, "the same, population of sizes"))


@dataclass(frozen=True)
class Rate:
    """How often something was so, of the trials that were told, and the share of these."""

    value: float
    told: float


def numbers_of_posts(rng: np.random.Generator, users: int, sizes: str) -> NDArray[np.int64]:
    """Posts of each user (G,)."""
    if sizes == "equal":
        return np.full(users, 5)
    return np.minimum(1 + rng.pareto(1.2, users) * 3, 200).astype(np.int64)


def skills(rng: np.random.Generator, users: int, *, mean: float, likeness: float) -> Floats:
    """Accuracy of each user (G,), from a beta distribution: `likeness` is the intra-class correlation of the hits."""
    if not likeness:
        return np.full(users, mean)
    return rng.beta(mean * (1.0 / likeness - 1.0), (1.0 - mean) * (1.0 / likeness - 1.0), users)


def coverage_of_shares(trials: int, users: int, sizes: str, *, mean: float, likeness: float) -> Rate:
    """Of an accuracy."""
    held = []
    for trial in range(trials):
        rng = np.random.default_rng((trial, users))
        groups = np.repeat(np.arange(users), numbers_of_posts(rng, users, sizes))
        hits = rng.random(len(groups)) < skills(rng, users, mean=mean, likeness=likeness)[groups]
        held.append(_holds(share_interval(hits, groups, level=LEVEL), mean))
    return _rate(held)


def coverage_where_skill_goes_with_size(trials: int, users: int, *, given_sizes: bool) -> Rate:
    """Of an accuracy that falls from .86 of single posts to .5 of a user with 200.

    The truth is that of other users with as many posts each, or that of a population of users with other numbers.
    """
    population, held = _accuracy_over(_many_numbers()), []
    for trial in range(trials):
        rng = np.random.default_rng((trial, users))
        posts = numbers_of_posts(rng, users, "Pareto")
        groups = np.repeat(np.arange(users), posts)
        truth = _accuracy_over(posts) if given_sizes else population
        held.append(_holds(share_interval(_falling_hits(rng, posts), groups, level=LEVEL), truth))
    return _rate(held)


def false_claims_where_skill_goes_with_size(trials: int, users: int, *, given_sizes: bool) -> Rate:
    """How often one of two systems is called different whose accuracy over all posts is the same.

    That of one falls with the number of a user's posts, as above; that of the other is the same for all users. All
    posts are those of other users with as many posts each, or those of a population of users with other numbers.
    """
    population, told = _accuracy_over(_many_numbers()), []
    for trial in range(trials):
        rng = np.random.default_rng((trial, users))
        posts = numbers_of_posts(rng, users, "Pareto")
        groups = np.repeat(np.arange(users), posts)
        equal = _accuracy_over(posts) if given_sizes else population
        one, other = _falling_hits(rng, posts), _varied_hits(rng, np.full(users, equal), groups)
        told.append(_different(one, other, groups))
    return _rate(told)


def false_claims(trials: int, users: int, sizes: str, *, kind: str) -> Rate:
    """How often one of two systems that are equally good is called better or worse.

    "apart": each has a skill of its own for each user. "alike": they differ in one post of twenty. "lopsided": one is a
    little better for nine users of ten, and much worse for the tenth.
    """
    told = []
    for trial in range(trials):
        rng = np.random.default_rng((trial, users))
        groups = np.repeat(np.arange(users), numbers_of_posts(rng, users, sizes))
        draws = rng.random((2, len(groups)))
        if kind == "apart":
            one, other = (draws[n] < rng.beta(2, 2, users)[groups] for n in (0, 1))
        elif kind == "alike":
            one = draws[0] < 0.7
            other = np.where(rng.random(len(groups)) < 0.05, ~one, one)
            one, other = np.where(draws[1] < 0.5, one, other), np.where(draws[1] < 0.5, other, one)
        else:
            better = np.where(rng.random(users) < 0.9, 0.04, -0.36)[groups]
            one, other = draws[0] < 0.5 + better, draws[1] < 0.5
        told.append(_different(one, other, groups))
    return _rate(told)


def drawn(rng: np.random.Generator, users: int, sizes: str) -> dict[str, NDArray[Any]]:
    """Posts of users of different skill, what a system tells of them, and how far off it is."""
    groups = np.repeat(np.arange(users), numbers_of_posts(rng, users, sizes))
    labels = rng.integers(0, CLASSES, len(groups))
    logits = rng.normal(size=(len(groups), CLASSES))
    logits[np.arange(len(groups)), labels] += rng.normal(2.0, 1.0, users)[groups]
    powers = np.exp(1.5 * logits)
    told = powers / powers.sum(axis=1, keepdims=True)
    guesses = told.argmax(axis=1)
    hits = (guesses == labels).astype(np.float64)
    km = np.where(hits > 0.0, 0.1, 2.0) * rng.gamma(1.0, 1.0, len(groups)) * rng.gamma(4.0, 0.25, users)[groups]
    return {
        "groups": groups,
        "labels": labels,
        "guesses": guesses,
        "confidence": told.max(axis=1),
        "hits": hits,
        "km": km,
        "NLL": log_losses(told, labels),
        "Brier": squared_losses(told, labels),
    }


def numbers_of(own: dict[str, NDArray[Any]]) -> dict[str, Callable[[NDArray[Any]], Floats]]:
    """The metrics, each of samples (S, N)."""
    sure: dict[str, Any] = {"confidence": own["confidence"], "hits": own["hits"]}
    return {
        "macro-F1": partial(resampled.macro_f1, truth=own["labels"], predicted=own["guesses"]),
        "median km": partial(resampled.median, values=own["km"]),
        "ECE": partial(resampled.expected_calibration_error, **sure),
        "risk-coverage area": partial(resampled.risk_coverage_area, **sure),
        "mean km": partial(resampled.mean, values=own["km"]),
        "NLL": partial(resampled.mean, values=own["NLL"]),
        "Brier": partial(resampled.mean, values=own["Brier"]),
    }


def truths(sizes: str, *, users: int = 6000, parts: int = 8) -> dict[str, float]:
    """Of very many users."""
    found = []
    for part in range(parts):
        own = drawn(np.random.default_rng((part, 10**6)), users, sizes)
        once = np.ones((1, len(own["groups"])), dtype=np.int64)
        found.append({name: float(number(once)[0]) for name, number in numbers_of(own).items()})
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def coverage_of_others(trials: int, users: int, sizes: str, truth: dict[str, float]) -> dict[str, Rate]:
    """Of each metric that is no share."""
    held: dict[str, list[bool | None]] = {name: [] for name in truth}
    for trial in range(trials):
        own = drawn(np.random.default_rng((trial, users)), users, sizes)
        numbers = numbers_of(own)
        positive = {name: own[key] for name, key in (("mean km", "km"), ("NLL", "NLL"), ("Brier", "Brier"))}
        statistics = {name: number for name, number in numbers.items() if name not in positive}
        content = [own[key] for key in ("labels", "guesses", "confidence", "km")]
        found = bootstrap_totals(statistics, own["groups"], content=content, seed=0, samples=500, level=LEVEL)
        found["ECE"] = above_chance(found["ECE"])
        found |= {name: positive_interval(values, own["groups"], level=LEVEL) for name, values in positive.items()}
        for name, interval in found.items():
            held[name].append(_holds(interval, truth[name]))
    return {name: _rate(own) for name, own in held.items()}


def calibrated_otherwise(
    rng: np.random.Generator, users: int, sizes: str, *, too_sure: float
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Groups, confidences and hits (N,) of a system that no choice was made by: confidences from a beta distribution.

    It is right as often as it says, less `too_sure`; then users differ, too, by 1 in log-odds.
    """
    groups = np.repeat(np.arange(users), numbers_of_posts(rng, users, sizes))
    confidence = rng.beta(4.0, 1.5, len(groups))
    right = np.clip(confidence - too_sure, 0.02, 0.98) if too_sure else confidence
    if too_sure:
        own = 1.16 * np.log(right / (1.0 - right)) + rng.normal(0.0, 1.0, users)[groups]  # 1.16: the mean stays
        right = 1.0 / (1.0 + np.exp(-own))
    return groups, confidence, (rng.random(len(groups)) < right).astype(np.float64)


def coverage_of_another_error(trials: int, users: int, sizes: str, *, too_sure: float, truth: float) -> Rate:
    """Of the ECE of `calibrated_otherwise`."""
    held = []
    for trial in range(trials):
        rng = np.random.default_rng((trial, users, 7))
        groups, confidence, hits = calibrated_otherwise(rng, users, sizes, too_sure=too_sure)
        error = partial(resampled.expected_calibration_error, confidence=confidence, hits=hits)
        content = [confidence, hits]
        found = bootstrap_totals({"ECE": error}, groups, content=content, seed=0, samples=500, level=LEVEL)
        held.append(_holds(above_chance(found["ECE"]), truth))
    return _rate(held)


def another_true_error(sizes: str, *, too_sure: float, users: int = 6000, parts: int = 8) -> float:
    """The ECE of `calibrated_otherwise` of very many users; 0 where it is right as often as it says."""
    if not too_sure:
        return 0.0
    drawn_parts = (
        calibrated_otherwise(np.random.default_rng((part, 10**6)), users, sizes, too_sure=too_sure)
        for part in range(parts)
    )
    return float(np.mean([expected_calibration_error(confidence, hits) for _, confidence, hits in drawn_parts]))


def least_p_values() -> list[str]:
    """What a system that is right wherever the other is wrong can reach, alone and among 20 that are compared."""
    lines = []
    for users in (5, 6, 8, 10, 20, 50):
        runs = [(np.ones(5 * users), np.zeros(5 * users), np.repeat(np.arange(users), 5))]
        least = least_p_value(runs)
        after = holm([least] * 20)[0]
        told = "can be told" if after < 1.0 - LEVEL else "cannot tell"
        lines.append(f"  {users:3d} users: p >= {least:.4f}, after Holm over 20 >= {after:.3f}: {told}")
    return lines


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials")
    trials = 100 if parser.parse_args().quick else 1000
    print(f"{trials} trials; users:{'':24}" + "".join(f"{users:>14}" for users in USERS))
    print_shares(trials)
    print_claims(trials)
    print_others(trials // 3)
    print("the least p-value:", *least_p_values(), sep="\n")


def print_shares(trials: int) -> None:
    """Of accuracies."""
    print("an accuracy covers the truth:")
    for mean, likeness in ((0.5, 0.2), (0.8, 0.2), (0.8, 0.0), (0.95, 0.05)):
        for sizes in SIZES:
            name = f"accuracy {mean}, likeness {likeness}, {sizes}"
            every = [coverage_of_shares(trials, users, sizes, mean=mean, likeness=likeness) for users in USERS]
            _print_row(name, [_covered(rate) for rate in every])
    for given, name in GIVEN:
        every = [coverage_where_skill_goes_with_size(trials, users, given_sizes=given) for users in USERS]
        _print_row(name, [_covered(rate) for rate in every])


def print_claims(trials: int) -> None:
    """Of verdicts."""
    print("equal systems are called different:")
    for kind in ("apart", "alike", "lopsided"):
        for sizes in SIZES:
            every = [false_claims(trials, users, sizes, kind=kind) for users in USERS]
            _print_row(f"{kind}, {sizes}", [_claimed(rate) for rate in every])
    for given, name in GIVEN:
        every = [false_claims_where_skill_goes_with_size(trials, users, given_sizes=given) for users in USERS]
        _print_row(name, [_claimed(rate) for rate in every])


def print_others(trials: int) -> None:
    """Of metrics that are no shares."""
    print("other metrics cover the truth (a third of the trials):")
    for sizes in SIZES:
        truth = truths(sizes)
        columns = [coverage_of_others(trials, users, sizes, truth) for users in USERS[:-1]]
        for name in truth:
            _print_row(f"{name}, {sizes}", [_covered(column[name]) for column in columns])
    for too_sure in (0.0, 0.1):
        for sizes in SIZES:
            asked: dict[str, float] = {"too_sure": too_sure, "truth": another_true_error(sizes, too_sure=too_sure)}
            every = [coverage_of_another_error(trials, users, sizes, **asked) for users in USERS]
            _print_row(f"ECE elsewhere, {asked['truth']:.3f}, {sizes}", [_covered(rate) for rate in every])


def _skill(posts: NDArray[np.int64]) -> Floats:
    skill: Floats = 1.0 / (1.0 + np.exp(-(1.8 - 0.34 * np.log(posts))))
    return skill


def _many_numbers() -> NDArray[np.int64]:
    """Posts of each user of a population."""
    return numbers_of_posts(np.random.default_rng(0), 1_000_000, "Pareto")


def _accuracy_over(posts: NDArray[np.int64]) -> float:
    """Over all posts of users with so many each (G,), where skill falls with their number."""
    return float((posts * _skill(posts)).sum() / posts.sum())


def _falling_hits(rng: np.random.Generator, posts: NDArray[np.int64]) -> NDArray[np.bool_]:
    return _varied_hits(rng, _skill(posts), np.repeat(np.arange(len(posts)), posts))


def _varied_hits(rng: np.random.Generator, skill: Floats, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Right or wrong (N,), of users whose own skill is about that given (G,)."""
    draws = rng.random(len(groups))
    hits: NDArray[np.bool_] = draws < rng.beta(4.0 * skill, 4.0 * (1.0 - skill))[groups]
    return hits


def _different(one: NDArray[np.bool_], other: NDArray[np.bool_], groups: NDArray[np.int64]) -> bool | None:
    """Whether one of two systems is called better or worse; None where it cannot be told."""
    found = verdict(paired_group_bootstrap(one, other, groups, seed=0, level=LEVEL, bounds=DIFFERENCE))
    return None if found == "cannot tell" else found != "tie"


def _holds(interval: Interval, truth: float) -> bool | None:
    """None where there is no interval."""
    if np.isinf(interval.low) and np.isinf(interval.high):
        return None
    return bool(interval.low <= truth <= interval.high)


def _rate(found: list[bool | None]) -> Rate:
    told = [own for own in found if own is not None]
    return Rate(float(np.mean(told)) if told else float("nan"), len(told) / len(found))


def _covered(rate: Rate) -> str:
    return _cell(rate, "*" if rate.value < LEVEL - BAR else "+" if rate.value > LEVEL + BAR else "")


def _claimed(rate: Rate) -> str:
    return _cell(rate, "*" if rate.value > 1.0 - LEVEL + BAR else "")


def _cell(rate: Rate, mark: str) -> str:
    if np.isnan(rate.value):
        return "none"
    return f"{100 * rate.value:.1f}{mark}" + (f" ({rate.told:.0%})" if rate.told < 1.0 else "")


def _print_row(name: str, cells: list[str]) -> None:
    print(f"  {name:42}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
