"""How splits differ between seeds: groups of each part, the largest of them, labels, and what two test parts share.

Groups are by user (else venue) and near-equal texts; pictures are not looked at. Printed for each set of posts: for
every seed the three largest groups of each small part; then over the seeds the posts and groups of a small part, the
largest share of one group, how far its classes are from those of all posts (total variation), and the share of a test
part that is in another seed's, of all posts and of the hundred largest groups that are not too large: near a tenth
where draws are independent, and more where groups too large for a small part leave fewer to be drawn.

usage: python benchmarks/splits.py FOLDER ... [--seeds 10] [--min-posts 20]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np

from postplace.posts.table import read_posts
from postplace.schema import Post
from postplace.splitting.assignment import split_limits
from postplace.splitting.duplicates import near_duplicate_clusters
from postplace.splitting.grouping import build_groups, draw_keys, owners_that_count
from postplace.splitting.splits import FRACTIONS, SUBSETS, Indices, split_groups
from postplace.training.dataset import TargetSpec

SMALL = SUBSETS[1:]


def main() -> None:
    """Print the splits of every folder's posts.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--min-posts", type=int, default=20)
    options = parser.parse_args()
    for folder in options.folders:
        posts, labels = labelled(read_posts(folder / "posts.jsonl"), options.min_posts)
        show(folder.name, posts, labels, seeds=options.seeds)


def labelled(posts: Sequence[Post], min_posts: int) -> tuple[Sequence[Post], Indices]:
    """The posts of places (else categories, else all that have coordinates) with posts enough, and their labels."""
    kinds: tuple[Literal["place", "category"], ...] = ("place", "category")
    for kind in kinds:
        if any(getattr(post, kind) is not None for post in posts):
            classes = TargetSpec(kind, None, min_posts)
            kept, _ = classes.labelled(posts)
            return kept, classes.stratum(kept)
    return posts, np.full(len(posts), -1, dtype=np.int64)


def show(name: str, posts: Sequence[Post], labels: Indices, *, seeds: int) -> None:
    """Print the splits of one set."""
    by = owners_that_count(posts, labels)
    clusters = near_duplicate_clusters([p.text for p in posts], [[]] * len(posts), owners=build_groups(posts, by=by))
    groups = build_groups(posts, by=by, duplicates=clusters.labels)
    sizes = np.bincount(groups)
    keys = draw_keys(posts, by=by)
    splits = [split_groups(groups, labels, seed=seed, keys=keys) for seed in range(seeds)]
    small = [getattr(split, part) for split in splits for part in SMALL]
    for seed, split in enumerate(splits):
        largest = {part: np.sort(np.bincount(groups[rows]))[:-4:-1].tolist() for part, rows in split.subsets()}
        print(f"{name}, seed {seed}: " + "; ".join(f"{part} {largest[part]}" for part in SMALL))
    counts = [len(np.unique(groups[rows])) for rows in small]
    heaviest = max(np.bincount(groups[rows]).max() / len(rows) for rows in small)
    whole = np.bincount(labels + 1) / len(labels)
    far = [np.abs(np.bincount(labels[rows] + 1, minlength=len(whole)) / len(rows) - whole).sum() / 2 for rows in small]
    able = np.flatnonzero(sizes <= split_limits(sizes, np.array(FRACTIONS)).largest)
    large = set(able[np.argsort(-sizes[able])][:100].tolist())
    tests = [set(split.test.tolist()) for split in splits]
    drawn = [large & set(groups[split.test].tolist()) for split in splits]
    held = [len(rows) / len(posts) for rows in small]
    print(
        f"{name}: {len(posts):,} posts in {len(sizes):,} groups; a small part has {min(held):.1%} to {max(held):.1%} "
        f"of the posts in {min(counts)} to {max(counts)} groups, one with {heaviest:.0%} at most; its classes are "
        f"{np.mean(far):.3f} off (at most {max(far):.3f}); two test parts share {shared(tests):.1%} of their posts, "
        f"{shared(drawn):.1%} of their large groups",
        flush=True,
    )


def shared(sets: Sequence[set[int]]) -> float:
    """The share of one that is in another, over all pairs."""
    return float(np.mean([len(one & other) / max(1, len(one)) for one, other in combinations(sets, 2)]))


if __name__ == "__main__":
    main()
