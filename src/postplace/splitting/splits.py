"""Leak-free splits: what one user (else one venue) posted, and what repeats it, stays on one side.

Letters: N posts, G groups, C labels. Subsets are always in the order train, validation, calibration, test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption, BadPost, BadRun, NotEnoughData
from postplace.splitting.assignment import LEAST_GROUPS, Limits, place_groups, split_limits
from postplace.system.option_checks import check_seed, check_whole

SUBSETS = ("train", "validation", "calibration", "test")
Fractions = tuple[float, float, float, float]
FRACTIONS: Fractions = (0.7, 0.1, 0.1, 0.1)

Indices = NDArray[np.int64]
Digests = NDArray[np.uint64]


@dataclass(frozen=True)
class Split:
    """Four disjoint subsets, each the sorted indices of its posts."""

    train: Indices
    validation: Indices
    calibration: Indices
    test: Indices

    def subsets(self) -> Iterator[tuple[str, Indices]]:
        """Each subset's name and indices, train first."""
        return ((name, getattr(self, name)) for name in SUBSETS)

    def subset_names(self, posts: int) -> list[str]:
        """The name of each post's subset, "" for a post in none."""
        names = [""] * posts
        for name, indices in self.subsets():
            for index in indices.tolist():
                names[index] = name
        return names

    def to_json(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """The subsets as lists of post ids; a `BadPost` when two posts share an id."""
        _index_by_id(ids)
        return {name: [ids[index] for index in indices.tolist()] for name, indices in self.subsets()}

    def subset_by_id(self, ids: Sequence[str]) -> dict[str, str]:
        """The name of each post's subset by its id; a `BadPost` when two posts share an id."""
        return {post: name for name, posts in self.to_json(ids).items() for post in posts}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], ids: Sequence[str]) -> Split:
        """The inverse of `to_json`, for posts in any order; posts that the split does not name are in no subset.

        A `BadRun` when a subset is missing, or names a post that is not there.
        """
        index_by_id = _index_by_id(ids)
        missing = [name for name in SUBSETS if not isinstance(saved.get(name), list)]
        if missing:
            raise BadRun("the saved split", f"it has no list {missing[0]!r}", "train the run again")
        named = [post for name in SUBSETS for post in saved[name]]
        lost = [post for post in named if post not in index_by_id]
        if lost:
            problem = f"{len(lost)} of its {len(named)} posts are not there (the first: {lost[0]!r})"
            raise BadRun("the saved split", problem, "give the posts that the run was trained on")
        return cls(**{name: np.sort(_indices([index_by_id[post] for post in saved[name]])) for name in SUBSETS})

    @classmethod
    def from_subset_by_id(cls, subset_by_id: Mapping[str, str], ids: Sequence[str]) -> Split:
        """The split of posts with these ids, given the name of each one's subset; others may be named, too."""
        saved: dict[str, list[str]] = {name: [] for name in SUBSETS}
        for post in ids:
            saved[subset_by_id[post]].append(post)
        return cls.from_json(saved, ids)


def split_groups(
    groups: Indices,
    labels: Indices,
    *,
    seed: int,
    fractions: Fractions = FRACTIONS,
    keys: Digests | None = None,
) -> Split:
    """Divide the posts so that no group is on two sides, each label spread by `fractions` as well as groups allow.

    Groups are drawn anew by every `seed`, the large ones too: see `assignment.place_groups`. A group of more than a
    quarter of a small subset's posts goes to train, and each small subset gets 20 groups or more, as far as there are
    enough: see `assignment.split_limits`; `split_notes.SplitDiagnostics` says what could not be met. `labels` (N,) are
    >= 0, or negative for a post without one. With `keys` (N,), a number for each post's owner (see
    `owners.draw_keys`), the split does not depend on the order of posts.

    A `NotEnoughData` when there are fewer groups than subsets; a `BadOption` for fractions that do not add up to 1, and
    for a seed that is not from 0 to 2**32 - 1.
    """
    seed, shares = check_seed(seed), _shares(fractions)
    group_of_post = _canonical(groups, labels, keys)
    sizes = np.bincount(group_of_post)
    _check_enough(sizes, int((shares > 0).sum()), subsets="subsets")
    rng = np.random.default_rng(seed)
    counts = _label_counts(group_of_post, labels)
    subset = place_groups(sizes, counts, split_limits(sizes, shares), rng=rng)[group_of_post]
    return Split(*(np.flatnonzero(subset == number) for number in range(len(SUBSETS))))


def split_folds(
    groups: Indices,
    labels: Indices,
    *,
    seed: int,
    folds: int,
    keys: Digests | None = None,
) -> Split:
    """Repeated grouped K-fold: the seeds 0 to K-1 are the folds of one partition, the next K those of another.

    Over the seeds of a partition every post is in test once, those of large groups, too; the others of a fold are split
    7 : 1 : 1 as `split_groups` does. The other arguments are those of `split_groups`. A `BadOption` for fewer than 2
    folds; `NotEnoughData` for fewer groups than folds.
    """
    seed, folds = check_seed(seed), check_whole("folds", folds, least=2, remedy=", usually 5 or 10")
    group_of_post = _canonical(groups, labels, keys)
    sizes = np.bincount(group_of_post)
    _check_enough(sizes, folds, subsets="folds")
    repeat, fold = divmod(seed, folds)
    least = max(1, min(LEAST_GROUPS, len(sizes) // (2 * folds)))
    whole = Limits(int(sizes.max()), least, np.full(folds, 1 / folds), first=least)
    rng = np.random.default_rng([folds, repeat])
    in_test = (place_groups(sizes, _label_counts(group_of_post, labels), whole, rng=rng) == fold)[group_of_post]
    rest = np.flatnonzero(~in_test)
    inner = split_groups(group_of_post[rest], labels[rest], seed=seed, fractions=(7 / 9, 1 / 9, 1 / 9, 0.0))
    return Split(rest[inner.train], rest[inner.validation], rest[inner.calibration], np.flatnonzero(in_test))


def split_fractions(folds: int | None) -> Fractions:
    """The share of the posts that each subset is to hold: in tenths 7, 1, 1 and 1, or of a K-fold what a fold leaves.

    >>> [round(share, 3) for share in split_fractions(5)]
    [0.622, 0.089, 0.089, 0.2]
    """
    if folds is None:
        return FRACTIONS
    ninth = (1 - 1 / folds) / 9
    return 7 * ninth, ninth, ninth, 1 / folds


def random_split(
    posts: int,
    labels: Indices,
    *,
    seed: int,
    fractions: Fractions = FRACTIONS,
    folds: int | None = None,
) -> Split:
    """A stratified split post by post, only to compare with papers that split so: users and duplicates leak across."""
    alone = np.arange(posts, dtype=np.int64)
    if folds is not None:
        return split_folds(alone, labels, seed=seed, folds=folds)
    return split_groups(alone, labels, seed=seed, fractions=fractions)


def _canonical(groups: Indices, labels: Indices, keys: Digests | None) -> Indices:
    """The groups (N,) numbered 0..G-1 by the least key of their posts; without keys in the order of their numbers."""
    _check_lengths(groups, labels)
    _, group_of_post = np.unique(groups, return_inverse=True)
    if keys is None or not len(groups):
        return group_of_post.astype(np.int64)
    least = np.full(int(group_of_post.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(least, group_of_post, keys)
    rank = np.empty(len(least), dtype=np.int64)
    rank[np.argsort(least, kind="stable")] = np.arange(len(least))
    return rank[group_of_post]


def _label_counts(groups: Indices, labels: Indices) -> tuple[Indices, Indices, Indices]:
    """How many posts of each label each group has, as sparse rows: starts (G+1,), label indices, numbers."""
    names, label_index = np.unique(labels, return_inverse=True)  # posts without a label count as one more label
    keys, numbers = np.unique(groups * len(names) + label_index, return_counts=True)
    starts = np.searchsorted(keys, np.arange(groups.max() + 2) * len(names))
    return starts.astype(np.int64), (keys % len(names)).astype(np.int64), numbers.astype(np.int64)


def _check_enough(sizes: Indices, needed: int, *, subsets: str) -> None:
    if len(sizes) >= needed:
        return
    problem = f"{len(sizes)} group(s) of posts (users, venues, near-duplicates) for {needed} {subsets}"
    remedy = "bring posts of more users" + (", or ask for fewer folds" if subsets == "folds" else "")
    if (largest := int(sizes.max(initial=0))) > 1:
        whose = "one user's, or of users who post the same texts or images"
        remedy += f" (the largest group holds {largest} of {sizes.sum()} posts: {whose})"
    raise NotEnoughData("the split", problem, remedy)


def _shares(fractions: Sequence[float]) -> NDArray[np.float64]:
    try:
        shares = np.asarray(fractions, dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.zeros(0)
    if shares.shape != (len(SUBSETS),) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6 or shares[0] == 0:
        remedy = f"give four numbers that add up to 1, for {', '.join(SUBSETS)}, the first above 0"
        raise BadOption("fractions", f"{fractions} is no division of the posts", remedy)
    return shares


def _check_lengths(groups: Indices, labels: Indices) -> None:
    if len(groups) != len(labels):
        raise BadOption("labels", f"{len(labels)} labels for {len(groups)} posts", "give one label for each post")


def _index_by_id(ids: Sequence[str]) -> dict[str, int]:
    index_by_id: dict[str, int] = {}
    for index, post in enumerate(ids):
        if index_by_id.setdefault(post, index) != index:
            problem = f"posts {index_by_id[post] + 1} and {index + 1} share the id {post!r}"
            raise BadPost("the posts", problem, "give every post an id of its own")
    return index_by_id


def _indices(values: Sequence[int]) -> Indices:
    return np.asarray(values, dtype=np.int64)
