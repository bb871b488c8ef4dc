"""Does an explanation name what matters? Deleting what it names first must hurt more than deleting at random.

The deletion curve of Petsiuk, Das and Saenko (RISE, BMVC 2018), over words, hashtags and regions together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from postplace.explain.explaining import column_of
from postplace.explain.explanation import Explanation
from postplace.explain.parts import Part, separate
from postplace.explain.variants import ask, hide, open_post
from postplace.locator import PostLocator
from postplace.post import Post

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
    column = column_of(explanation.place, [own.name for own in locator.fitted.places.places])

    def probability(deleted: Sequence[Sequence[Part]]) -> NDArray[np.float64]:
        return ask(locator, [hide(opened, some).post for some in deleted])[:, column]

    return curve_of(parts, probability, steps=steps, orders=orders, seed=seed)


_DELETED = ("word", "hashtag", "picture", "region")


def curve_of(
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
    found = probability(deleted)
    after = found[1:].reshape(len(ways), steps)
    start = found[:1]
    return DeletionCurve(np.concatenate([start, after[0]]), np.concatenate([start, after[1:].mean(axis=0)]))
