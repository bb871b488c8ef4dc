"""Posts -> a leak-free split with what is known of it: near-duplicates, groups, and what could not be met.

Training and preparation both split here, so that the same posts are split alike by both.
Letters: N posts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from postplace.errors import NotEnoughData
from postplace.schema import Post
from postplace.splitting.duplicates import Clusters, near_duplicate_clusters
from postplace.splitting.grouping import build_groups, draw_keys, owners_that_count
from postplace.splitting.split_notes import SplitDiagnostics
from postplace.splitting.splits import Indices, Split, split_folds, split_groups
from postplace.system.json_types import JsonObject


@dataclass(frozen=True)
class GroupedSplit:
    """A split, the near-duplicates that were kept together, and what is to be said of both."""

    duplicates: Clusters
    diagnostics: SplitDiagnostics

    @property
    def split(self) -> Split:
        """The rows of each subset."""
        return self.diagnostics.split

    @property
    def groups(self) -> Indices:
        """The group of each post (N,): posts of one group stand in one subset."""
        return self.diagnostics.groups

    def to_dict(self) -> JsonObject:
        """Counts of near-duplicates, posts and groups of each subset, and notes, ready for JSON."""
        return {**self.duplicates.counts(), **self.diagnostics.report()}


def split_posts(
    posts: Sequence[Post],
    labels: Indices,
    image_hashes: Sequence[Sequence[int]],
    *,
    seed: int,
    folds: int | None = None,
    subsets: Mapping[str, str] | None = None,
) -> GroupedSplit:
    """Split by user (else venue) and near-duplicates, with the labels in proportion.

    Args:
        posts: N posts.
        labels: What to keep in proportion between the subsets (N,); negative for a post without one.
        image_hashes: The perceptual hashes of each post's images.
        seed: Of the draw.
        folds: Makes a repeated grouped K-fold of it, see `split_folds`.
        subsets: The subset of each post by its id, for posts that were split before: then nothing is drawn.

    Raises:
        NotEnoughData: There are fewer groups than subsets, or a given subset has no post.
    """
    owners = owners_that_count(posts, labels)
    texts = [post.text for post in posts]
    duplicates = near_duplicate_clusters(texts, image_hashes, owners=build_groups(posts, by=owners))
    groups = build_groups(posts, by=owners, duplicates=duplicates.labels)
    if subsets is not None:
        split = _given_split(posts, subsets)
    else:
        keys = draw_keys(posts, by=owners)
        split = (
            split_groups(groups, labels, seed=seed, keys=keys)
            if folds is None
            else split_folds(groups, labels, seed=seed, folds=folds, keys=keys)
        )
    stock = duplicates.stock_texts
    return GroupedSplit(
        duplicates, SplitDiagnostics(split, groups, labels, stock, owners, drawn=subsets is None, folds=folds)
    )


def _given_split(posts: Sequence[Post], subsets: Mapping[str, str]) -> Split:
    """The split that was given, of the posts that are left; each subset must have some."""
    split = Split.from_subset_by_id(subsets, [post.id for post in posts])
    if empty := [name for name, rows in split.subsets() if not len(rows)]:
        problem = f"no labelled post of the prepared split is in the subset {empty[0]}"
        raise NotEnoughData("the posts", problem, "prepare more posts, with looser rules or with another seed")
    return split
