"""Leak-free splits: what one user (else one venue) posted, and what repeats it, stays on one side.

Letters: N posts, G groups, C labels. Parts are always in the order train, validation, calibration, test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadPost, BadRun, NotEnoughData
from postplace.post import Post

PARTS = ("train", "validation", "calibration", "test")
ALL_POSTS_WEIGHT = 1 / 3  # of the balance of all posts, beside 1 for that of the labels: measured, more upsets labels

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Four disjoint parts, each the sorted indices of its posts."""

    train: Indices
    validation: Indices
    calibration: Indices
    test: Indices

    def parts(self) -> Iterator[tuple[str, Indices]]:
        """Each part's name and indices, train first."""
        return ((name, getattr(self, name)) for name in PARTS)

    def part_of(self, posts: int) -> list[str]:
        """The name of each post's part, "" for a post in none."""
        names = [""] * posts
        for name, indices in self.parts():
            for index in indices.tolist():
                names[index] = name
        return names

    def to_json(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """The parts as lists of post ids; a `BadPost` when two posts share an id."""
        _index_by_id(ids)
        return {name: [ids[index] for index in indices.tolist()] for name, indices in self.parts()}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], ids: Sequence[str]) -> Split:
        """The inverse of `to_json`, for posts in any order; posts that the split does not name are in no part.

        A `BadRun` when a part is missing, or names a post that is not there.
        """
        index_by_id = _index_by_id(ids)
        missing = [name for name in PARTS if not isinstance(saved.get(name), list)]
        if missing:
            raise BadRun("the saved split", f"it has no list {missing[0]!r}", "train the run again")
        named = [post for name in PARTS for post in saved[name]]
        lost = [post for post in named if post not in index_by_id]
        if lost:
            found = f"{len(lost)} of its {len(named)} posts are not there (the first: {lost[0]!r})"
            raise BadRun("the saved split", found, "give the posts that the run was trained on")
        return cls(**{name: np.sort(_indices([index_by_id[post] for post in saved[name]])) for name in PARTS})


class UnionFind:
    """Disjoint sets of 0..n-1."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, item: int) -> int:
        """The representative of the item's set."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        """Make one set of the sets of both."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first

    def labels(self) -> Indices:
        """The set of each item (n,): 0, 1, ... by first appearance."""
        return _by_first_appearance(_indices([self.find(item) for item in range(len(self._parent))]))


def groups_of(posts: Sequence[Post], *, duplicates: Indices | None = None) -> Indices:
    """Group ids (N,), 0..G-1 by first appearance: posts of one group must not be parted.

    A post belongs to its user; without one to its venue; without both it is alone. Groups that share a near-duplicate
    cluster become one. `duplicates` (N,) is the cluster of each post; a negative number stands for none.
    """
    owners: dict[tuple[str, str | int], int] = {}
    labels = [owners.setdefault(_owner(index, post), len(owners)) for index, post in enumerate(posts)]
    if duplicates is None:
        return _indices(labels)
    if len(duplicates) != len(posts):
        found = f"{len(duplicates)} cluster labels for {len(posts)} posts"
        raise BadOption("duplicates", found, "give one label for each post")
    sets = UnionFind(len(owners))
    first_owner: dict[int, int] = {}
    for owner, cluster in zip(labels, duplicates.tolist(), strict=True):
        if cluster >= 0:
            sets.join(owner, first_owner.setdefault(cluster, owner))
    return _by_first_appearance(sets.labels()[_indices(labels)])


def split_groups(
    groups: Indices,
    labels: Indices,
    *,
    seed: int,
    fractions: tuple[float, float, float, float] = (0.7, 0.1, 0.1, 0.1),
) -> Split:
    """Part the posts so that no group is on two sides, with every label spread by `fractions` as well as groups allow.

    Greedy stratification (after Sechidis et al. 2011, "On the stratification of multi-label data", here over groups):
    the largest groups first, equals in a random order set by `seed`, each to the part where it lowers most the sum of
    (posts - wanted)^2 / wanted over its labels and over all posts. A group larger than a small part's share therefore
    goes to train. `labels` (N,) are >= 0, or negative for a post without one.

    A `NotEnoughData` when there are fewer groups than parts; a `BadOption` for fractions that do not add up to 1.
    """
    shares = _shares(fractions)
    _check_lengths(groups, labels)
    _, group_of_post = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group_of_post)
    wanted = np.flatnonzero(shares)
    if len(sizes) < len(wanted):
        found = f"{len(sizes)} group(s) of posts (users, venues, near-duplicates) for {len(wanted)} parts"
        raise NotEnoughData("the split", found, "bring posts of more users, or ask for fewer parts")
    order = np.lexsort((np.random.default_rng(seed).random(len(sizes)), -sizes))
    part_of_group = _place_groups(order, sizes, _label_counts(group_of_post, labels), shares)
    part = part_of_group[group_of_post]
    return Split(*(np.flatnonzero(part == number) for number in range(len(PARTS))))


def random_split(
    posts: int,
    labels: Indices,
    *,
    seed: int,
    fractions: tuple[float, float, float, float] = (0.7, 0.1, 0.1, 0.1),
) -> Split:
    """A stratified split post by post, only to compare with papers that split so: users and duplicates leak across."""
    return split_groups(np.arange(posts, dtype=np.int64), labels, seed=seed, fractions=fractions)


def _place_groups(
    order: Indices, sizes: Indices, counts: tuple[Indices, Indices, Indices], shares: NDArray[np.float64]
) -> Indices:
    """The part of each group (G,). Plain lists: most groups are small, where numpy's overhead would cost ten times."""
    starts, labels, numbers = (array.tolist() for array in counts)
    totals = np.bincount(counts[1], weights=counts[2])
    rows = [*totals, totals.sum()]  # one row a label, the last one for all posts
    whole = len(totals)
    importance = [1.0] * whole + [ALL_POSTS_WEIGHT * whole]
    candidates = np.flatnonzero(shares).tolist()
    need = {part: [shares[part] * total for total in rows] for part in candidates}
    weight = {part: [i / wish for i, wish in zip(importance, need[part], strict=True)] for part in candidates}
    empty = set(candidates)
    parts = np.zeros(len(sizes), dtype=np.int64)
    for placed, group in enumerate(order.tolist()):
        row_of = slice(starts[group], starts[group + 1])
        pairs = [*zip(labels[row_of], numbers[row_of], strict=True), (whole, int(sizes[group]))]
        open_parts = sorted(empty) if len(sizes) - placed <= len(empty) else candidates
        best, lowest = open_parts[0], float("inf")
        for part in open_parts:
            wants, weighs, cost = need[part], weight[part], 0.0
            for row, number in pairs:
                cost += number * (number - 2.0 * wants[row]) * weighs[row]
            if cost < lowest:
                best, lowest = part, cost
        for row, number in pairs:
            need[best][row] -= number
        parts[group] = best
        empty.discard(best)
    return parts


def _label_counts(groups: Indices, labels: Indices) -> tuple[Indices, Indices, Indices]:
    """How many posts of each label each group has, as sparse rows: starts (G+1,), label indices, numbers."""
    names, label_index = np.unique(labels, return_inverse=True)  # posts without a label count as one more label
    keys, numbers = np.unique(groups * len(names) + label_index, return_counts=True)
    starts = np.searchsorted(keys, np.arange(groups.max() + 2) * len(names))
    return starts.astype(np.int64), (keys % len(names)).astype(np.int64), numbers.astype(np.int64)


def _shares(fractions: Sequence[float]) -> NDArray[np.float64]:
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.shape != (len(PARTS),) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6 or shares[0] == 0:
        remedy = f"give four numbers that add up to 1, for {', '.join(PARTS)}, the first above 0"
        raise BadOption("fractions", f"{tuple(fractions)} is no division of the posts", remedy)
    return shares


def _check_lengths(groups: Indices, labels: Indices) -> None:
    if len(groups) != len(labels):
        raise BadOption("labels", f"{len(labels)} labels for {len(groups)} posts", "give one label for each post")


def _owner(index: int, post: Post) -> tuple[str, str | int]:
    if post.user is not None:
        return "user", post.user
    return ("venue", post.venue) if post.venue is not None else ("post", index)


def _index_by_id(ids: Sequence[str]) -> dict[str, int]:
    index_by_id: dict[str, int] = {}
    for index, post in enumerate(ids):
        if index_by_id.setdefault(post, index) != index:
            found = f"posts {index_by_id[post] + 1} and {index + 1} share the id {post!r}"
            raise BadPost("the posts", found, "give every post an id of its own")
    return index_by_id


def _indices(values: Sequence[int]) -> Indices:
    return np.asarray(values, dtype=np.int64)


def _by_first_appearance(labels: Indices) -> Indices:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
