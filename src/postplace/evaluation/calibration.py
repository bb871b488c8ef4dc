"""Do probabilities mean something? Temperature scaling, and how far confidence is from accuracy.

Temperature: Guo et al., On Calibration of Modern Neural Networks, ICML 2017. The floor: the uniform part of Zhang,
Kailkhura & Han's ensemble temperature scaling (Mix-n-Match, ICML 2020). ECE in equal-mass bins; its debiased square:
Kumar, Liang & Ma, Verified Uncertainty Calibration, NeurIPS 2019. Risk and coverage: El-Yaniv & Wiener, JMLR 11, 2010.
Labels are class indices; posts whose class is unknown (-1) are the caller's to leave out or to count wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]

LEAST = 1e-6  # of a probability whose logarithm is a loss: one post must not decide everything
COLDEST, HOTTEST = 0.05, 20.0
HIGHEST = 0.9  # of a floor
BINS = 10


def temper(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) -> softmax(log p / T) (N, C): of a network, softmax(logits / T). NaN rows stay NaN.

    >>> temper(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()  # 2 : 1 instead of 4 : 1
    [[0.667, 0.333]]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if temperature == 1.0:
        return p
    logarithms = np.log(np.maximum(p, np.finfo(np.float64).tiny)) / temperature  # of a forest's 0, too
    powers = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    tempered: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return tempered


def fit_temperature(probabilities: Probabilities, labels: Labels) -> float:
    """The temperature, between 0.05 and 20, with the least NLL on probabilities (N, C) and known labels (N,).

    1.0 without a post. One number cannot overfit much: some hundred posts will do.
    """
    from scipy.optimize import minimize_scalar

    if not len(labels):
        return 1.0

    def loss(logarithm: float) -> float:
        return negative_log_likelihood(temper(probabilities, float(np.exp(logarithm))), labels)

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def raised(probabilities: Probabilities, floor: float) -> NDArray[np.float64]:
    """Probabilities (N, C) -> (1 - floor) p + floor / C (N, C): a share `floor` of posts could be of any class.

    >>> raised(np.array([[0.8, 0.2]]), 0.5).tolist()
    [[0.65, 0.35]]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    return p if floor == 0.0 else (1.0 - floor) * p + floor / p.shape[1]


def fit_temperature_and_floor(probabilities: Probabilities, labels: Labels) -> tuple[float, float]:
    """The temperature and the floor (0 to 0.9) with the least NLL on probabilities (N, C) and known labels (N,).

    Where some posts were recorded at another place than they show, no temperature fits: to be right about these few, it
    would make all others seem unsure. The floor is 0 unless it lowers the NLL by more than log(N) / 2 in all, what a
    number more may cost (Schwarz, 1978). (1.0, 0.0) without a post.
    """
    from scipy.optimize import minimize

    alone = fit_temperature(probabilities, labels)
    if not len(labels):
        return alone, 0.0

    def loss(numbers: NDArray[np.float64]) -> float:
        temperature, floor = float(np.exp(numbers[0])), float(numbers[1])
        return negative_log_likelihood(raised(temper(probabilities, temperature), floor), labels)

    bounds = [(np.log(COLDEST), np.log(HOTTEST)), (0.0, HIGHEST)]
    starts = [(np.log(temperature), floor) for temperature in (alone, alone / 2.0) for floor in (0.02, 0.2)]
    starts = [(min(max(start[0], bounds[0][0]), bounds[0][1]), start[1]) for start in starts]
    tried = [minimize(loss, start, method="Nelder-Mead", bounds=bounds) for start in starts]
    best = min(tried, key=lambda found: float(found.fun))
    gained = len(labels) * (loss(np.array([np.log(alone), 0.0])) - float(best.fun))
    if gained <= np.log(len(labels)) / 2.0:
        return alone, 0.0
    return float(np.exp(best.x[0])), float(best.x[1])


def negative_log_likelihood(probabilities: Probabilities, labels: Labels) -> float:
    """Mean of -log p(truth) in nats over posts (N,); NaN without any. Probabilities below 1e-6 count as that.

    >>> round(negative_log_likelihood(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0])), 3)  # (ln 2 + ln 4) / 2
    1.04
    """
    return float(log_losses(probabilities, labels).mean()) if len(labels) else float("nan")


def log_losses(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """-log p(truth) in nats of each post (N,), of p no less than 1e-6."""
    own = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    losses: NDArray[np.float64] = -np.log(np.maximum(own, LEAST))
    return losses


def brier_score(probabilities: Probabilities, labels: Labels) -> float:
    """Mean over posts of sum_c (p_c - [c is the truth])^2, from 0 to 2; NaN without any.

    >>> brier_score(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1]))  # (0.25 + 0.25 + 0) / 2
    0.25
    """
    return float(squared_losses(probabilities, labels).mean()) if len(labels) else float("nan")


def squared_losses(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """sum_c (p_c - [c is the truth])^2 of each post (N,)."""
    p = np.asarray(probabilities, dtype=np.float64)
    losses: NDArray[np.float64] = np.square(p).sum(axis=1) - 2.0 * p[np.arange(len(labels)), labels] + 1.0
    return losses


def reliability(
    confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> list[dict[str, Any]]:
    """Posts (N,) in `bins` of (nearly) equal size by confidence: posts, mean confidence and accuracy of each.

    >>> reliability(np.array([0.9, 0.6, 0.7, 0.8]), np.array([1.0, 0.0, 1.0, 1.0]), bins=2)
    [{'posts': 2, 'confidence': 0.65, 'accuracy': 0.5}, {'posts': 2, 'confidence': 0.85, 'accuracy': 1.0}]
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [
        {"posts": len(p), "confidence": round(float(confidence[p].mean()), 6), "accuracy": float(hits[p].mean())}
        for p in parts
    ]


def expected_calibration_error(
    confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> float:
    """Mean over posts (N,) of |confidence - accuracy| of their equal-mass bin; NaN without any.

    It is above 0 also for perfect probabilities: a bin of n posts is off by about sqrt(p (1 - p) / n).

    >>> expected_calibration_error(np.array([0.9, 0.6, 0.7, 0.8]), np.array([1.0, 0.0, 1.0, 1.0]), bins=2)
    0.15
    """
    if not len(hits):
        return float("nan")
    rows = reliability(confidence, hits, bins=bins)
    total = sum(row["posts"] * abs(row["confidence"] - row["accuracy"]) for row in rows)
    return round(float(total / len(hits)), 6)


def debiased_calibration_error(
    confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> float:
    """Root mean squared calibration error with what chance adds to each bin taken off (Kumar et al., section 5).

    0 where less than chance is left; NaN with fewer than two posts a bin.
    """
    rows = reliability(confidence, hits, bins=bins)
    if not rows or min(row["posts"] for row in rows) < 2:
        return float("nan")
    squares = [
        row["posts"] * ((row["confidence"] - row["accuracy"]) ** 2 - _chance(row["accuracy"], row["posts"]))
        for row in rows
    ]
    return float(max(sum(squares) / len(hits), 0.0) ** 0.5)


def risk_coverage(confidence: NDArray[np.floating], hits: NDArray[np.floating]) -> Mapping[str, Any]:
    """What answering only the most confident posts costs and gains: points from few answers to all, and the area.

    `curve`: for shares of the posts answered (coverage), the confidence asked for and the error among the answered.
    `area`: the mean error over all numbers of answers (AURC), smaller is better; `best_area`: that of an order which
    puts every right answer first, the least that this accuracy allows.

    >>> risk_coverage(np.array([0.9, 0.5]), np.array([1.0, 0.0]))["area"]  # 0 with one answer, 1/2 with both
    0.25
    """
    count = len(hits)
    if not count:
        return {"curve": [], "area": float("nan"), "best_area": float("nan")}
    order = np.argsort(-confidence, kind="stable")
    risks = _risks(hits[order])
    answered = np.unique(np.ceil(np.linspace(0.05, 1.0, 20) * count).astype(np.int64))
    curve = [
        {
            "coverage": float(number / count),
            "confidence": float(confidence[order[number - 1]]),
            "error": float(risks[number - 1]),
        }
        for number in answered
    ]
    return {"curve": curve, "area": float(risks.mean()), "best_area": float(_risks(np.sort(hits)[::-1]).mean())}


def _risks(hits: NDArray[np.floating]) -> NDArray[np.float64]:
    errors: NDArray[np.float64] = np.cumsum(1.0 - hits) / np.arange(1, len(hits) + 1)
    return errors


def _chance(accuracy: float, posts: int) -> float:
    return accuracy * (1.0 - accuracy) / (posts - 1)
