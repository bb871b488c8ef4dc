"""Does an explanation name what matters? Deleting what it names first must hurt more than deleting at random.

The deletion curve of Petsiuk, Das and Saenko (RISE, BMVC 2018), over words, hashtags and regions together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postplace.explain.explaining import class_index
from postplace.explain.explanation import Explanation
from postplace.explain.parts import Part, separate
from postplace.explain.variants import ask, hide, open_post
from postplace.locator import PostLocator
from postplace.schema import Post

STEPS = 10
ORDERS = 8


@dataclass(frozen=True)
class DeletionCurve:
    """The place's probability after 0 to K parts were deleted: those named first (K + 1,), the mean of random orders.

    `area` is what lies between both, as a mean over the way from no to K deletions: positive where naming beats chance.
    """

    named: NDArray[np.float64]
    at_random: NDArray[np.float64]

    @property
    def area(self) -> float:
        """See the class; by trapezoids.

        >>> DeletionCurve(np.array([0.9, 0.1, 0.1]), np.array([0.9, 0.5, 0.1])).area
        0.2
        """
        steps = len(self.named) - 1
        return float(np.trapezoid(self.at_random - self.named) / steps) if steps else 0.0


def deletion_curve(
    locator: PostLocator,
    post: Post,
    explanation: Explanation,
    *,
    steps: int = STEPS,
    orders: int = ORDERS,
    seed: int = 0,
) -> DeletionCurve:
    """Delete up to `steps` parts, in the explanation's order and in `orders` random ones; all asked in one batch."""
    opened = open_post(locator, post)
    parts = separate(effect.part for effect in explanation.parts if effect.part.kind in _DELETED)
    column = class_index(explanation.place, [known.name for known in locator.predictor.places.places])

    def probability(deleted: Sequence[Sequence[Part]]) -> NDArray[np.float64]:
        return ask(locator, [hide(opened, some).post for some in deleted])[:, column]

    return compute_curve(parts, probability, steps=steps, orders=orders, seed=seed)


_DELETED = ("word", "hashtag", "image", "region")


def compute_curve(
    parts: Sequence[Part],
    probability: Callable[[Sequence[Sequence[Part]]], NDArray[np.float64]],
    *,
    steps: int,
    orders: int,
    seed: int = 0,
) -> DeletionCurve:
    """The curve of parts in the order they are named; `probability` of a post without each of some lists of parts."""
    steps, order = min(steps, len(parts)), random.Random(seed)
    ways = [list(parts), *(order.sample(list(parts), len(parts)) for _ in range(orders))]
    deleted = [[], *(way[: count + 1] for way in ways for count in range(steps))]
    probabilities = probability(deleted)
    after = probabilities[1:].reshape(len(ways), steps)
    start = probabilities[:1]
    return DeletionCurve(np.concatenate([start, after[0]]), np.concatenate([start, after[1:].mean(axis=0)]))


@dataclass(frozen=True)
class Agreement:
    """How shares, added up over each modality's parts, agree with the modalities' Shapley values, over all of posts.

    `linear` is Pearson's correlation, `ranks` Spearman's; `totals` are the means over posts of both sums, in nats;
    `same_first` is the share of posts in which both name the same modality first.
    """

    linear: float
    ranks: float
    totals: tuple[float, float]
    same_first: float


def compute_agreement(explanations: Sequence[Explanation]) -> Agreement:
    """See the class; NaN correlations where nothing varies."""
    pairs, sums, first = [], [], []
    for explanation in explanations:
        values = {effect.part.modality: effect.log_odds for effect in explanation.modalities}
        shares = dict.fromkeys(values, 0.0)
        for effect in explanation.parts:
            shares[effect.part.modality] = shares.get(effect.part.modality, 0.0) + effect.log_odds
        shares_and_values = [(shares[name], values[name]) for name in values]
        pairs += shares_and_values
        sums.append((sum(shares.values()), sum(values.values())))
        first.append(max(shares, key=shares.__getitem__) == max(values, key=values.__getitem__))
    both = np.array(pairs, dtype=np.float64).T
    ranks = np.argsort(np.argsort(both, axis=1, kind="stable"), axis=1)
    totals = np.mean(sums, axis=0)
    linear, ranked = (float(np.corrcoef(each)[0, 1]) for each in (both, ranks))
    return Agreement(linear, ranked, (float(totals[0]), float(totals[1])), float(np.mean(first)))
