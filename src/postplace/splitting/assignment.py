"""Which part each group of posts goes to: drawn by a seed, in proportion, and none too large for its part.

Letters: G groups, P parts (train first), C labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_GROUPS = 20  # in each small part, where there are groups enough
LARGEST_SHARE = 0.25  # of a small part, for one group
LEFT_TO_TRAIN = 0.1  # at least, of the posts of groups that are not too large
DRAWN = 0.5  # of those posts, the largest groups first, are drawn; the others mend what the draw upset
LACKING = 0.75  # of the posts of a group that is drawn, a part must lack; measured: less upsets labels, more the draw
ALL_POSTS_WEIGHT = 1 / 3  # of the balance of all posts, beside 1 for that of the labels: measured, more upsets labels

Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """What a small part may and must hold: groups of at most `largest` posts, and at least `least` groups.

    `shares` (P,) are those that can be met with such groups: what is too large, and is therefore in train, may leave
    less than was requested. The first part, train, must hold `first` groups.
    """

    largest: int
    least: int
    shares: Numbers
    first: int = 1


def split_limits(sizes: Indices, shares: Numbers) -> Limits:
    """The limits for groups of these `sizes` (G,) and these shares (P,).

    A group holds at most a quarter of a small part, and a small part 20 groups or more. Where there are few, a small
    part has its share of the groups (of 60 in tenths six, of ten one), each of at most its share of the part. Where
    even that leaves fewer than twice the groups needed, the smallest ones are taken as they are.
    """
    small, total = shares[1:][shares[1:] > 0], int(sizes.sum())
    if not len(small):
        return Limits(total, 1, shares)
    least = max(1, min(LEAST_GROUPS, int(len(sizes) * small.min() + 1e-9)))
    ordered = np.sort(sizes)
    needed = int(ordered[max(0, min(len(sizes) - 1, 2 * least * len(small)) - 1)])
    share = max(LARGEST_SHARE, 1 / least) * small.min() / small.sum()
    wished = before = float(small.sum() * total)
    while True:  # fewer posts make smaller parts, in which fewer groups are small enough
        largest = max(needed, int(share * wished + 1e-9))
        wished = min(before, (1 - LEFT_TO_TRAIN) * float(ordered[ordered <= largest].sum()))
        if wished >= before:
            break
        before = wished
    met = shares * wished / (small.sum() * total)
    met[0] = 1 - met[1:].sum()
    return Limits(largest, least, met)


def place_groups(
    sizes: Indices, counts: tuple[Indices, Indices, Indices], limits: Limits, *, rng: np.random.Generator
) -> Indices:
    """The part (G,) of each group.

    Groups that are too large go to train. Of the others the largest, which hold half of the posts, are drawn: to each
    part that lacks most of them with a probability in proportion to the posts of the group's labels that it still
    lacks. The rest go, the largest first and equals in random order, each to the part where it lowers most the sum of
    (posts - wanted)^2 / wanted over its labels and over all posts: greedy stratification after Sechidis et al. 2011,
    "On the stratification of multi-label data", here over groups. The last ones go where groups are lacking.
    `counts` are the posts of each label in each group, as sparse rows: starts (G+1,), labels, numbers.
    """
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    sorted_sizes = sizes[order]
    small_enough = sorted_sizes <= limits.largest
    eligible = np.cumsum(np.where(small_enough, sorted_sizes, 0))
    drawn = small_enough & (eligible <= DRAWN * eligible[-1])
    chances = rng.random(len(sizes)).tolist()
    state = _Parts(counts, limits)
    parts = np.zeros(len(sizes), dtype=np.int64)
    for placed, (group, size) in enumerate(zip(order.tolist(), sorted_sizes.tolist(), strict=True)):
        content = state.content(group, size)
        if not small_enough[placed]:
            best = 0
        elif drawn[placed]:
            best = state.drawn(content, chances[placed], left=len(sizes) - placed)
        else:
            best = state.cheapest(content, left=len(sizes) - placed)
        state.put(content, best)
        parts[group] = best
    return parts


class _Parts:
    """What each part still lacks. Plain lists: most groups are small, where numpy's overhead would cost ten times."""

    def __init__(self, counts: tuple[Indices, Indices, Indices], limits: Limits) -> None:
        self._starts, self._labels, self._numbers = (array.tolist() for array in counts)
        totals = np.bincount(counts[1], weights=counts[2])
        rows = [*totals.tolist(), float(totals.sum())]  # one row a label, the last one for all posts
        self._all = len(totals)
        importance = [1.0] * self._all + [ALL_POSTS_WEIGHT * self._all]
        self._open = [part for part, share in enumerate(limits.shares.tolist()) if share]
        self._need = {part: [limits.shares[part] * total for total in rows] for part in self._open}
        self._weight = {
            part: [i / wish for i, wish in zip(importance, self._need[part], strict=True)] for part in self._open
        }
        self._missing = {part: limits.least if part else limits.first for part in self._open}

    def content(self, group: int, size: int) -> list[tuple[int, int]]:
        """The posts of each label in a group, and of all."""
        row_of = slice(self._starts[group], self._starts[group + 1])
        return [*zip(self._labels[row_of], self._numbers[row_of], strict=True), (self._all, size)]

    def put(self, content: list[tuple[int, int]], part: int) -> None:
        for row, number in content:
            self._need[part][row] -= number
        self._missing[part] = max(0, self._missing[part] - 1)

    def drawn(self, content: list[tuple[int, int]], chance: float, *, left: int) -> int:
        """One of the parts that lack most of the group's posts, by a `chance` in [0, 1); else the cheapest.

        Of the `left` last groups as `cheapest`.
        """
        able = [part for part in self._able(left) if self._lacks_most(content, part)]
        weights = [0.0] * len(able)
        for row, number in content[:-1]:
            lacks = [max(0.0, self._need[part][row]) for part in able]
            if (total := sum(lacks)) > 0:
                weights = [weight + number * lack / total for weight, lack in zip(weights, lacks, strict=True)]
        threshold, reached = chance * sum(weights), 0.0
        for part, weight in zip(able, weights, strict=True):
            reached += weight
            if reached > threshold:
                return part
        return self.cheapest(content, left=left)

    def _lacks_most(self, content: list[tuple[int, int]], part: int) -> bool:
        """Whether three quarters of the group's posts are lacking, of all posts and label by label."""
        need, size = self._need[part], content[-1][1]
        lacking = sum(min(number, max(0.0, need[row])) for row, number in content[:-1])
        return bool(min(need[self._all], lacking) >= LACKING * size)

    def cheapest(self, content: list[tuple[int, int]], *, left: int) -> int:
        """The part to which the group costs least; of the `left` last groups one of those that lack groups."""
        parts = self._able(left)
        best, lowest = parts[0], float("inf")
        for part in parts:
            wants, weighs, cost = self._need[part], self._weight[part], 0.0
            for row, number in content:
                cost += number * (number - 2.0 * wants[row]) * weighs[row]
            if cost < lowest:
                best, lowest = part, cost
        return best

    def _able(self, left: int) -> list[int]:
        """The parts that one of the `left` last groups may go to: where no more are left than are lacking, those."""
        if left > sum(self._missing.values()):
            return self._open
        return [part for part in self._open if self._missing[part]]
