"""Sentences and images of which each is shared by few, but which together tie a whole city to one group.

"I'm at the central station" of thirty users and "I'm at the old market" of thirty, with one user in common, and so on:
what such a group leaves to validate and test on are the users who never post what others do.
Letters: N posts, O owners, K clusters, E pairs of a cluster and an owner in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postplace.splitting.near_texts import FEW_OWNERS, most_owners

CHAINED_SHARE = (
    0.1  # of all owners, or posts: what a small part of a split holds; larger groups could only be trained on
)

Indices = NDArray[np.int64]


def most_chained(owners: int) -> float:
    """How many of so many owners a group may tie together: a tenth, and not fewer than one text may.

    >>> [most_chained(owners) for owners in (12, 90, 1000, 100_000)]
    [10, 30.0, 100.0, 10000.0]
    """
    return max(most_owners(owners), CHAINED_SHARE * owners)


def chained(clusterings: Sequence[Indices], owners: Indices) -> list[NDArray[np.bool_]]:
    """Of each clustering (N,), which posts (N,) are in a cluster that is to be taken apart.

    `owners` (N,) numbers who each post is of. Where several clusters together tie more owners to one group than
    `most_chained`, or more than 10 owners with a tenth of all posts beside those of the busiest, the clusters that most
    owners share are taken apart, until none do. The order of the posts does not matter.
    """
    owners = np.unique(owners, return_inverse=True)[1].astype(np.int64)
    starts = np.cumsum([0, *(int(labels.max(initial=-1)) + 1 for labels in clusterings)])
    shifted = [labels + start for labels, start in zip(clusterings, starts[:-1], strict=True)]
    posts = np.bincount(owners)
    pairs = np.unique(np.concatenate([labels * max(1, len(posts)) + owners for labels in shifted]))
    clusters, members = pairs // max(1, len(posts)), pairs % max(1, len(posts))
    sizes = np.bincount(clusters, minlength=int(starts[-1]))
    kept = sizes > 1
    while len(widest := _widest((clusters, members), sizes * kept, posts)):
        kept[widest] = False
    apart = (sizes > 1) & ~kept
    return [apart[labels] for labels in shifted]


def _widest(pairs: tuple[Indices, Indices], sizes: Indices, posts: Indices) -> Indices:
    """Of each group that ties too much together the clusters with most owners.

    `pairs` (E,), (E,) of clusters and owners; `sizes` (K,), the owners of each cluster, 0 for one taken apart; `posts`
    (O,) of each owner.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    joined, owners = sizes[pairs[0]] > 0, len(posts)
    nodes = owners + len(sizes)
    edges = (np.ones(int(joined.sum()), dtype=np.int8), (pairs[1][joined], owners + pairs[0][joined]))
    groups = connected_components(coo_matrix(edges, shape=(nodes, nodes)), directed=False)[1]
    of_owner, of_cluster = groups[:owners], groups[owners:]
    tied, held = np.bincount(of_owner, minlength=nodes), np.bincount(of_owner, weights=posts, minlength=nodes)
    busiest, most = np.zeros(nodes, dtype=np.int64), np.zeros(nodes, dtype=np.int64)
    np.maximum.at(busiest, of_owner, posts)
    np.maximum.at(most, of_cluster, sizes)
    much = (tied > FEW_OWNERS) & (held - busiest > CHAINED_SHARE * posts.sum())
    several = np.bincount(of_cluster[sizes > 0], minlength=nodes) > 1  # one alone has a limit of its own
    too_large = ((tied > most_chained(owners)) | much) & several
    widest: Indices = np.flatnonzero((sizes > 0) & too_large[of_cluster] & (sizes == most[of_cluster]))
    return widest
