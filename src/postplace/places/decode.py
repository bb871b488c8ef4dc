"""Class probabilities -> ranked places, and -> one point on the map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadRun
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Prediction, PredictionRegion, RankedPlace
from postplace.system.option_checks import check_share, check_whole


def check_asked(
    top_k: int, level: float | Sequence[float], min_confidence: float, coverage_over: str = "users"
) -> None:
    """Raise BadOption for what no answer can be given by; `level` is one for all posts, or one for each."""
    check_whole("top_k", top_k, least=1)
    try:
        levels = np.unique(np.asarray(level, dtype=np.float64)).tolist()
    except (TypeError, ValueError):
        raise BadOption("level", f"{level!r} is not a number", "give a share between 0 and 1, such as 0.9") from None
    for share in levels:
        if not 0.0 < share < 1.0:
            raise BadOption("level", f"{share} is out of range", "give a share between 0 and 1, such as 0.9")
    if coverage_over not in ("users", "posts"):
        raise BadOption("coverage_over", f"{coverage_over!r} is unknown", "give users or posts")
    check_share("min_confidence", min_confidence, what="a probability from 0 to 1")


def rank(
    probabilities: NDArray[np.floating],
    vocabulary: PlaceVocabulary,
    *,
    post_ids: Sequence[str],
    modalities: Sequence[tuple[str, ...]],
    top_k: int,
    regions: Sequence[PredictionRegion] | None = None,
    min_confidence: float = 0.0,
) -> list[Prediction]:
    """Probabilities (N, C) -> N predictions, the best `top_k` places first (all C where `top_k` is larger).

    `regions` are those of each post, if there are any; a prediction is confident where its best place has at least
    `min_confidence`.

    Equal probabilities are ordered by class index. A post without `modalities` gave nothing to go by: its ranking is
    empty, whatever its row says. Raises BadOption for `top_k` below 1, BadRun for a row that holds NaN.
    """
    top_k = check_whole("top_k", top_k, least=1)
    _check_width(probabilities, vocabulary)
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top_k]
    predictions = []
    for row, (post_id, present) in enumerate(zip(post_ids, modalities, strict=True)):
        if present and np.isnan(probabilities[row]).any():
            raise BadRun(f"post {post_id!r}", "the model answers with NaN", "its training diverged: train it again")
        ranked = (RankedPlace(vocabulary.places[c], float(probabilities[row, c])) for c in order[row])
        if not present:
            predictions.append(Prediction(post_id, (), (), confident=False))
            continue
        confident = float(probabilities[row, order[row, 0]]) >= min_confidence
        region = None if regions is None else regions[row]
        predictions.append(Prediction(post_id, tuple(ranked), tuple(present), confident, region))
    return predictions


def point_estimate(probabilities: NDArray[np.floating], vocabulary: PlaceVocabulary) -> NDArray[np.float64]:
    """Probabilities (N, C) -> degrees (N, 2): the centre of the most probable class (MRLF, section IV-C).

    NaN where that class has no coordinates, or the row holds NaN.
    """
    _check_width(probabilities, vocabulary)
    points: NDArray[np.float64] = vocabulary.coordinates()[probabilities.argmax(axis=1)]
    points[np.isnan(probabilities).any(axis=1)] = np.nan
    return points


def minimum_expected_distance(probabilities: NDArray[np.floating], vocabulary: PlaceVocabulary) -> NDArray[np.float64]:
    """Probabilities (N, C) -> degrees (N, 2): the class centre with the least expected km under the posterior.

    argmin_c sum_j p_j d(c, j): the minimum Bayes risk estimate for a loss in km, the medoid of the posterior.
    Prefer it to `point_estimate` where kilometres count and the classes do not: many half-probable neighbours outweigh
    one distant favourite. Classes without coordinates take no part; NaN where nothing is left. The distances are
    computed once a vocabulary, in bounded memory: `places/medoid.py` says what that costs in exactness.
    """
    return least_expected(probabilities, vocabulary)[0]


def least_expected(
    probabilities: NDArray[np.floating], vocabulary: PlaceVocabulary
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The points (N, 2) of `minimum_expected_distance`, and the km (N,) they are expected to be off; NaN as there."""
    _check_width(probabilities, vocabulary)
    centres = vocabulary.coordinates()
    located = np.flatnonzero(~np.isnan(centres).any(axis=1))
    if not len(located):
        return np.full((len(probabilities), 2), np.nan), np.full(len(probabilities), np.nan)
    mass = probabilities[:, located].astype(np.float64)
    weight = mass.sum(axis=1)
    chosen, risks = vocabulary.distances.least_expected(mass)
    points: NDArray[np.float64] = centres[located[chosen]]
    with np.errstate(invalid="ignore", divide="ignore"):
        least: NDArray[np.float64] = risks / weight
    nothing = ~(weight > 0.0)  # no mass, or NaN
    points[nothing], least[nothing] = np.nan, np.nan
    return points, least


def _check_width(probabilities: NDArray[np.floating], vocabulary: PlaceVocabulary) -> None:
    if probabilities.ndim != 2 or probabilities.shape[1] != len(vocabulary.places):
        problem = f"probabilities of shape {probabilities.shape} for {len(vocabulary.places)} classes"
        raise BadRun("model output", problem, "load the places that belong to this model")
