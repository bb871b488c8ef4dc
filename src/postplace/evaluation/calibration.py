"""Do probabilities mean something? Temperature scaling, and how far confidence is from accuracy.

Temperature: Guo et al., On Calibration of Modern Neural Networks, ICML 2017. The uniform weight: that of Zhang,
Kailkhura & Han's ensemble temperature scaling (Mix-n-Match, ICML 2020). ECE in equal-mass bins; its debiased square:
Kumar, Liang & Ma, Verified Uncertainty Calibration, NeurIPS 2019. Risk and coverage: El-Yaniv & Wiener, JMLR 11, 2010.
Labels are class indices; posts whose class is unknown (-1) are the caller's to leave out or to count wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.calibration_report import ReliabilityBin, RiskCoverage, RiskPoint

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]

LEAST = 1e-6  # of a probability whose logarithm is a loss: one post must not decide everything
COLDEST, HOTTEST = 0.05, 20.0
HIGHEST = 0.9  # of a uniform weight
BINS = 10


def temperature_scale(probabilities: Probabilities, temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) -> softmax(log p / T) (N, C): of a network, softmax(logits / T). NaN rows stay NaN.

    >>> temperature_scale(np.array([[0.8, 0.2]]), 2.0).round(3).tolist()  # 2 : 1 instead of 4 : 1
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
        return negative_log_likelihood(temperature_scale(probabilities, float(np.exp(logarithm))), labels)

    minimum = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(minimum.x))


def mix_with_uniform(probabilities: Probabilities, uniform_weight: float) -> NDArray[np.float64]:
    """Probabilities (N, C) -> (1 - w) p + w / C (N, C): a share w of posts, `uniform_weight`, could be of any class.

    >>> mix_with_uniform(np.array([[0.8, 0.2]]), 0.5).tolist()
    [[0.65, 0.35]]
    """
    p = np.asarray(probabilities, dtype=np.float64)
    return p if uniform_weight == 0.0 else (1.0 - uniform_weight) * p + uniform_weight / p.shape[1]


def fit_temperature_and_uniform_weight(probabilities: Probabilities, labels: Labels) -> tuple[float, float]:
    """The temperature and the uniform weight (0 to 0.9) with the least NLL on probabilities (N, C) and labels (N,).

    Where some posts were recorded at another place than they show, no temperature fits: to be right about these few, it
    would make all others seem unsure. The weight is 0 unless it lowers the NLL by more than log(N) / 2 in all, what a
    number more may cost (Schwarz, 1978). (1.0, 0.0) without a post.
    """
    from scipy.optimize import minimize

    alone = fit_temperature(probabilities, labels)
    if not len(labels):
        return alone, 0.0

    def loss(numbers: NDArray[np.float64]) -> float:
        temperature, weight = float(np.exp(numbers[0])), float(numbers[1])
        return negative_log_likelihood(mix_with_uniform(temperature_scale(probabilities, temperature), weight), labels)

    bounds = [(np.log(COLDEST), np.log(HOTTEST)), (0.0, HIGHEST)]
    starts = [(np.log(temperature), weight) for temperature in (alone, alone / 2.0) for weight in (0.02, 0.2)]
    starts = [(min(max(start[0], bounds[0][0]), bounds[0][1]), start[1]) for start in starts]
    minima = [minimize(loss, start, method="Nelder-Mead", bounds=bounds) for start in starts]
    best = min(minima, key=lambda minimum: float(minimum.fun))
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
) -> list[ReliabilityBin]:
    """Posts (N,) in `bins` of (nearly) equal size by confidence: posts, mean confidence and accuracy of each.

    Posts of one confidence share a bin, that of the one in their middle: bins may be fewer and unequal.

    >>> reliability(np.array([0.9, 0.6, 0.7, 0.8]), np.array([1.0, 0.0, 1.0, 1.0]), bins=2)[0]
    ReliabilityBin(posts=2, confidence=0.65, accuracy=0.5)
    """
    return [
        ReliabilityBin(posts, confidence=round(sure / posts, 6), accuracy=right / posts)
        for posts, sure, right in _binned(confidence, hits, bins)
    ]


def expected_calibration_error(
    confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> float:
    """Mean over posts (N,) of |confidence - accuracy| of their bin of `reliability`; NaN without any.

    It is above 0 also for perfect probabilities: a bin of n posts is off by about sqrt(p (1 - p) / n).

    >>> expected_calibration_error(np.array([0.875, 0.5, 0.75, 1.0]), np.array([1.0, 0.0, 1.0, 1.0]), bins=2)
    0.09375
    """
    if not len(hits):
        return float("nan")
    return sum(abs(sure - right) for _, sure, right in _binned(confidence, hits, bins)) / len(hits)


def debiased_calibration_error(
    confidence: NDArray[np.floating], hits: NDArray[np.floating], *, bins: int = BINS
) -> float:
    """Root mean squared calibration error with what chance adds to each bin taken off (Kumar et al., section 5).

    0 where less than chance is left; NaN with fewer than two posts a bin.
    """
    found = _binned(confidence, hits, bins)
    if not found or min(posts for posts, _, _ in found) < 2:
        return float("nan")
    squares = [(sure - right) ** 2 / posts - posts * _chance(right / posts, posts) for posts, sure, right in found]
    return float(max(sum(squares) / len(hits), 0.0) ** 0.5)


def risk_coverage(confidence: NDArray[np.floating], hits: NDArray[np.floating]) -> RiskCoverage:
    """What answering only the most confident posts costs and gains: points from few answers to all, and the area.

    `curve`: for shares of the posts answered (coverage), the confidence asked for and the error among the answered;
    posts of one confidence are answered together. `area`: the mean error over all numbers of answers (AURC), smaller is
    better; of posts of one confidence, the mean over all their orders. `best_area`: that of an order which puts every
    right answer first, the least that this accuracy allows.

    >>> risk_coverage(np.array([0.9, 0.5]), np.array([1.0, 0.0])).area  # 0 with one answer, 1/2 with both
    0.25
    >>> risk_coverage(np.array([0.5, 0.5]), np.array([1.0, 0.0])).area  # 1/2 with one answer, 1/2 with both
    0.5
    """
    count = len(hits)
    if not count:
        return RiskCoverage()
    levels, level, sizes = np.unique(-np.asarray(confidence), return_inverse=True, return_counts=True)
    wrong = np.bincount(level, weights=1.0 - hits)
    ends, errors = np.cumsum(sizes), np.cumsum(wrong)
    answered = np.unique(np.ceil(np.linspace(0.05, 1.0, 20) * count - 1e-9).astype(np.int64))
    curve = [
        RiskPoint(
            coverage=float(ends[each] / count),
            confidence=float(-levels[each]),
            error=float(errors[each] / ends[each]),
        )
        for each in np.unique(np.searchsorted(ends, answered))
    ]
    numbers, risks = np.arange(1, count + 1), np.repeat(wrong / sizes, sizes)
    best = np.cumsum(np.sort(1.0 - hits))
    return RiskCoverage(
        curve=tuple(curve),
        area=float((np.cumsum(risks) / numbers).mean()),
        best_area=float((best / numbers).mean()),
    )


def bin_edges(posts: NDArray[np.integer], bins: int) -> NDArray[np.int64]:
    """How many posts are in the first 1, 2, ... of bins of (nearly) equal size; the first ones are the larger.

    >>> bin_edges(np.array([5]), 2).tolist()
    [3, 5]
    """
    size, more = np.divmod(posts, bins)
    number = np.arange(1, bins + 1)
    return np.asarray(number * size + np.minimum(number, more), dtype=np.int64)


def _binned(confidence: NDArray[np.floating], hits: NDArray[np.floating], bins: int) -> list[tuple[int, float, float]]:
    """Of each bin with a post: posts, sum of confidences, sum of hits; the same in any order of the posts."""
    if not len(hits):
        return []
    levels, level, sizes = np.unique(np.asarray(confidence), return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    own = np.searchsorted(bin_edges(ends[-1:], bins), (2 * ends - sizes - 1) // 2, side="right")
    right = np.bincount(level, weights=np.asarray(hits, dtype=np.float64))
    columns = [np.bincount(own, weights=column) for column in (sizes, sizes * levels, right)]
    return [(int(posts), float(sure), float(hit)) for posts, sure, hit in zip(*columns, strict=True) if posts]


def _chance(accuracy: float, posts: int) -> float:
    return accuracy * (1.0 - accuracy) / (posts - 1)
