"""Whose posts must not be parted: those of a user, else of a venue, unless the venue is what is to be inferred.

Letters: N posts, G groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadOption
from postplace.schema import Post
from postplace.splitting.union_find import UnionFind, by_first_appearance

OWNERS = ("user", "venue")  # a post belongs to the first of them that it has; without any it is alone
NEARLY_ALL = 0.9  # of a class's posts, in one venue: the class cannot be on two sides of a split by venue
MOST = 0.5  # of the posts, in such classes: a split by venue would ask for what nobody was shown

Indices = NDArray[np.int64]
Digests = NDArray[np.uint64]


def build_groups(posts: Sequence[Post], *, by: Sequence[str] = OWNERS, duplicates: Indices | None = None) -> Indices:
    """Group ids (N,), 0..G-1 by first appearance: posts of one group must not be parted.

    A post belongs to its user; without one to its venue; without both it is alone; `by` says which of these count (see
    `owners_that_count`). Groups that share a near-duplicate cluster become one. `duplicates` (N,) is the cluster of
    each post; a negative number stands for none.
    """
    known: dict[tuple[str, str | int], int] = {}
    labels = [known.setdefault(_owner(index, post, by), len(known)) for index, post in enumerate(posts)]
    if duplicates is None:
        return np.array(labels, dtype=np.int64)
    if len(duplicates) != len(posts):
        problem = f"{len(duplicates)} cluster labels for {len(posts)} posts"
        raise BadOption("duplicates", problem, "give one label for each post")
    sets = UnionFind(len(known))
    first_owner: dict[int, int] = {}
    for owner, cluster in zip(labels, duplicates.tolist(), strict=True):
        if cluster >= 0:
            sets.join(owner, first_owner.setdefault(cluster, owner))
    return by_first_appearance(sets.labels()[np.array(labels, dtype=np.int64)])


def owners_that_count(posts: Sequence[Post], labels: Indices) -> tuple[str, ...]:
    """Of `OWNERS` those that posts with these `labels` (N,; negative: none) can be split by."""
    numbers: dict[str, int] = {}
    venues = [
        -1 if post.venue is None or post.user is not None else numbers.setdefault(post.venue, len(numbers))
        for post in posts
    ]
    return ("user",) if venue_is_class(np.array(venues, dtype=np.int64), labels) else OWNERS


def venue_is_class(venues: Indices, labels: Indices) -> bool:
    """Whether the venue of posts is, or nearly is, the class: a split by venue then asks only for unknown classes.

    It is when most posts are of classes of which one venue holds nine posts in ten. `venues` (N,) are those of posts
    that would be grouped by them, negative for the others; `labels` (N,) are negative for posts without a class.
    """
    known = (venues >= 0) & (labels >= 0)
    if not known.any():
        return False
    width = int(venues.max()) + 1
    pairs, counts = np.unique(labels[known] * width + venues[known], return_counts=True)
    totals, busiest = (np.zeros(int(labels.max()) + 1, dtype=np.int64) for _ in range(2))
    np.add.at(totals, pairs // width, counts)
    np.maximum.at(busiest, pairs // width, counts)
    return bool(totals[busiest >= NEARLY_ALL * totals].sum() > MOST * totals.sum())


def draw_keys(posts: Sequence[Post], *, by: Sequence[str] = OWNERS) -> Digests:
    """A number for each post (N,) by its owner, else its id, so that a draw does not depend on the order of the posts.

    Neither on what they say: a copy with names masked is split alike. Posts with neither owner nor id of their own have
    the numbers of their rows for ids, and are split by these.
    """
    return np.array([_key(_owner(post.id, post, by)) for post in posts], dtype=np.uint64)


def _key(owner: tuple[str, str | int]) -> int:
    encoded = repr(owner).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest())


def _owner(alone: int | str, post: Post, by: Sequence[str]) -> tuple[str, str | int]:
    for kind in by:
        if (name := getattr(post, kind)) is not None:
            return kind, name
    return "post", alone
