"""How good the answers are: class metrics and errors in km, overall and for each pattern of modalities present.

Classes are indices; -1 among the true ones is a class the model does not know, -1 among the predicted ones a post
without a prediction. Neither ever counts as right, nor do they match each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.evaluation.scores import ModelScores, Scores, or_none

Classes = NDArray[np.integer]
Mask = NDArray[np.bool_]

RADII_KM = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
ACCURACY_AT = (1, 5, 10, 20)
PATTERNS = ("T", "G", "I", "TG", "TI", "GI", "TGI", "")


def accuracy(truth: Classes, predicted: Classes) -> float:
    """Share of posts (N,) whose predicted class is the true one; NaN without posts.

    >>> accuracy(np.array([0, 1, 2, -1]), np.array([0, 2, -1, -1]))
    0.25
    """
    return _mean((truth == predicted) & (truth >= 0))


def accuracy_at_k(
    truth: Classes, probabilities: NDArray[np.floating], *, k: int, answered: Mask | None = None
) -> float:
    """Share of posts whose true class (N,) is among the `k` most probable of (N, C); ties go to the lower index.

    Posts that are not `answered` (N,) count as wrong.

    >>> accuracy_at_k(np.array([0, 1]), np.array([[0.5, 0.3, 0.2], [0.5, 0.2, 0.3]]), k=2)
    0.5
    """
    return _mean(hits_at_k(truth, probabilities, k=k, answered=answered))


def hits_at_k(truth: Classes, probabilities: NDArray[np.floating], *, k: int, answered: Mask | None = None) -> Mask:
    """Which posts (N,) `accuracy_at_k` counts as right."""
    known = truth >= 0
    own = np.take_along_axis(probabilities, np.where(known, truth, 0)[:, None], axis=1)
    lower = np.arange(probabilities.shape[1]) < truth[:, None]
    ahead = ((probabilities > own) | ((probabilities == own) & lower)).sum(axis=1)
    hits: Mask = known & (ahead < k) & ~np.isnan(own[:, 0])
    return hits if answered is None else hits & answered


def macro_f1(truth: Classes, predicted: Classes) -> float:
    """Mean over the classes present in the truth of F1 = 2 TP / (2 TP + FP + FN); NaN without any.

    A post of an unknown class (-1) makes no class of its own, but answering it is a false positive of the answer.

    >>> macro_f1(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1]))  # F1 of 2/3 and of 2/4
    0.5833333333333333
    """
    scores = []
    for c in np.unique(truth[truth >= 0]):
        hits = np.sum((truth == c) & (predicted == c))
        scores.append(2.0 * hits / (np.sum(truth == c) + np.sum(predicted == c)))
    return float(np.mean(scores)) if scores else float("nan")


def mean_km(error_km: NDArray[np.floating]) -> float:
    """Mean error in km over the answered posts, those with a finite error (N,); NaN without any.

    >>> mean_km(np.array([1.0, 3.0, np.inf]))
    2.0
    """
    return _mean(error_km[np.isfinite(error_km)])


def median_km(error_km: NDArray[np.floating]) -> float:
    """Median error in km over all posts (N,); unanswered ones are infinitely far. NaN without any.

    >>> median_km(np.array([1.0, 3.0, np.inf]))
    3.0
    """
    return float(np.median(error_km)) if len(error_km) else float("nan")


def share_within(error_km: NDArray[np.floating], *, radius_km: float) -> float:
    """Share of all posts (N,) with an error of at most `radius_km`; unanswered ones (infinite) are beyond any.

    >>> share_within(np.array([1.0, 3.0, np.inf, np.inf]), radius_km=1.0)
    0.25
    """
    return _mean(error_km <= radius_km)


def modality_pattern(text: Mask, hashtags: Mask, image: Mask) -> NDArray[np.str_]:
    """What each post (N,) has: T text, G hashtags, I image, in that order; "" for nothing.

    >>> modality_pattern(np.array([True, False]), np.array([False, False]), np.array([True, False])).tolist()
    ['TI', '']
    """
    letters = [np.where(mask, letter, "") for mask, letter in ((text, "T"), (hashtags, "G"), (image, "I"))]
    return np.strings.add(np.strings.add(letters[0], letters[1]), letters[2])


def evaluate_predictions(
    probabilities: NDArray[np.floating],
    *,
    labels: Classes,
    answered: Mask,
    patterns: NDArray[np.str_],
    labelled: Mask | None = None,
    located: Mask | None = None,
    error_km: NDArray[np.floating] | None = None,
) -> ModelScores:
    """All metrics of N posts (None where a number is undefined), overall and by modality pattern; no intervals.

    `probabilities` (N, C); `labels` (N,), -1 for a class the model does not know, counted as wrong; `answered` (N,):
    whether the post got a prediction; `patterns` (N,) from `modality_pattern`; `labelled` (N,): whether the post has a
    label at all (default: every one), those without are counted and excluded.
    `error_km` (N,): distance from the guess to the post's OWN coordinates (not to the centre of its true class), with
    `located` (N,) the posts that have coordinates. A located post without a prediction, or whose error is NaN because
    the guessed class has no centre, is infinitely far for the median and the shares; the mean leaves it out: see
    `located` and `located_answered`. A median that is infinite is None.
    """
    labelled = np.ones(len(labels), dtype=np.bool_) if labelled is None else labelled
    predicted = np.where(answered, probabilities.argmax(axis=1), -1)
    errors = None if error_km is None else _errors(error_km, answered, located)

    def subset(chosen: Mask) -> Scores:
        scores = _class_scores(probabilities[chosen], labels[chosen], predicted[chosen])
        return scores if errors is None else _with_distances(scores, errors[chosen])

    chosen = {pattern: labelled & (patterns == pattern) for pattern in PATTERNS}
    return ModelScores(
        classes=probabilities.shape[1],
        unlabelled=int(np.sum(~labelled)),
        overall=subset(labelled),
        by_pattern={pattern or "none": subset(mask) for pattern, mask in chosen.items() if mask.any()},
    )


def _errors(error_km: NDArray[np.floating], answered: Mask, located: Mask | None) -> NDArray[np.float64]:
    """Errors (N,): finite where answered, infinite where not, NaN for a post without coordinates of its own."""
    located = ~np.isnan(error_km) if located is None else located
    errors = np.where(answered & ~np.isnan(error_km), error_km, np.inf)
    return np.where(located, errors, np.nan)


def _class_scores(probabilities: NDArray[np.floating], labels: Classes, predicted: Classes) -> Scores:
    answered = predicted >= 0
    return Scores(
        posts=len(labels),
        answered=int(answered.sum()),
        unknown_class=int(np.sum(labels < 0)),
        accuracy=or_none(accuracy(labels, predicted)),
        accuracy_at={
            k: or_none(accuracy_at_k(labels, probabilities, k=k, answered=answered))
            for k in ACCURACY_AT
            if k < probabilities.shape[1]
        },
        macro_f1=or_none(macro_f1(labels, predicted)),
    )


def _with_distances(scores: Scores, errors: NDArray[np.float64]) -> Scores:
    errors = errors[~np.isnan(errors)]
    return replace(
        scores,
        located=len(errors),
        located_answered=int(np.isfinite(errors).sum()),
        mean_km=or_none(mean_km(errors)),
        median_km=or_none(median_km(errors)),
        within_km={f"{radius:g}": or_none(share_within(errors, radius_km=radius)) for radius in RADII_KM},
    )


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
