"""What a split does not keep of what it promises, in plain words with numbers and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from postplace.errors import NotEnoughData
from postplace.splitting.assignment import LARGEST_SHARE, LEAST_GROUPS, split_limits
from postplace.splitting.grouping import OWNERS
from postplace.splitting.splits import SUBSETS, Indices, Split, split_fractions
from postplace.system.json_types import JsonObject

SLACK = 1.2  # times over or under what was requested before it is reported
MORE_USERS = "bring posts of more users"


@dataclass(frozen=True)
class SplitDiagnostics:
    """A split with what it was made of: `groups` and `labels` (N,; negative for no class), and the posts' `stock` (N,).

    `stock` are the stock sentences of `near_duplicate_clusters`; `by` the owners that posts were grouped by. `drawn` is
    False for a split that was given, which may part groups; `folds` those of a K-fold.
    """

    split: Split
    groups: Indices
    labels: Indices
    stock: Indices
    by: Sequence[str] = OWNERS
    drawn: bool = True
    folds: int | None = None

    def report(self) -> JsonObject:
        """Posts and groups of each part, and the notes, ready for JSON."""
        sizes = np.bincount(self.groups)
        inside = {name: np.bincount(self.groups[rows]) for name, rows in self.split.subsets()}
        return {
            "groups": len(sizes),
            "largest_group": int(sizes.max(initial=0)),
            "grouped_by": list(self.by),
            "split": {name: len(rows) for name, rows in self.split.subsets()},
            "groups_by_part": {name: int((sizes_within > 0).sum()) for name, sizes_within in inside.items()},
            "largest_group_by_part": {name: int(sizes_within.max(initial=0)) for name, sizes_within in inside.items()},
            "split_notes": self.notes(),
        }

    def check_learnable(self) -> None:
        """Raise NotEnoughData when the training part has no class of the test part: every answer is wrong."""
        test_labels, unknown = self._unknown()
        if len(test_labels) and len(unknown) == len(test_labels):
            problem = f"none of its {len(test_labels)} test posts is of a class that a training post has"
            classes = len(np.unique(self.labels[self.labels >= 0]))
            remedy = f"{MORE_USERS}, so that each class is in several of them (here {classes} classes in "
            raise NotEnoughData(
                "the split", problem, f"{remedy}{len(np.unique(self.groups))} groups that stay together)"
            )

    def notes(self) -> list[str]:
        """What could not be met, and what stands on both sides."""
        return [
            *self._of_owners(),
            *self._of_stock(),
            *(self._of_groups() if self.drawn else self._of_given()),
            *self._of_classes(),
        ]

    def _of_owners(self) -> Iterator[str]:
        if "venue" not in self.by:
            yield (
                "the venue is the class, or each class lies in one venue: posts are not kept together by their venue, "
                "which would leave test posts whose class no training post has, but by user and near-duplicates alone"
            )

    def _of_stock(self) -> Iterator[str]:
        posts = int((self.stock >= 0).sum())
        if posts:
            test, train = self.stock[self.split.test], self.stock[self.split.train]
            crossing = int((np.isin(test, train) & (test >= 0)).sum())
            sentences = int(self.stock.max()) + 1
            yield (
                f"{posts} posts are of {sentences} stock sentence(s) that too many users share, alone or in a chain, "
                f"to keep them together: {crossing} of {len(test)} test posts share one with a training post"
            )

    def _of_groups(self) -> Iterator[str]:
        small = [(name, rows) for name, rows in self.split.subsets() if name != "train" and len(rows)]
        groups = {name: len(np.unique(self.groups[rows])) for name, rows in small}
        if few := {name: number for name, number in groups.items() if number < LEAST_GROUPS}:
            described = _listed([f"{name} {number}" for name, number in few.items()])
            yield (
                f"few groups of posts (users, venues, near-duplicates): {described}, of {len(np.unique(self.groups))} "
                f"in all; what fewer than {LEAST_GROUPS} say of others may be chance: {MORE_USERS}"
            )
        total = len(self.groups)
        requested = {name: share * total for name, share in zip(SUBSETS, split_fractions(self.folds), strict=True)}
        if smaller := {name: len(rows) for name, rows in small if len(rows) * SLACK < requested[name]}:
            described = _listed([f"{name} {number / total:.1%}" for name, number in smaller.items()])
            sizes, shares = np.bincount(self.groups), np.array(split_fractions(self.folds))
            within = np.bincount(self.groups[self.split.train], minlength=len(sizes))
            large = within[within > split_limits(sizes, shares).largest]
            why = f"groups of up to {sizes.max()} posts each do not divide more evenly"
            if len(large):
                holders = "one group, too large for so small a part, holds"
                holders = (
                    holders if len(large) == 1 else f"{len(large)} groups, each too large for so small a part, hold"
                )
                why = f"{holders} {large.sum() / total:.0%} and stay{'s' if len(large) == 1 else ''} in train"
            yield f"smaller than was requested: {described} of the posts; {why}: {MORE_USERS}"
        largest = {name: int(np.bincount(self.groups[rows]).max()) / len(rows) for name, rows in small}
        if heavy := {name: share for name, share in largest.items() if share > SLACK * LARGEST_SHARE}:
            described = _listed([f"{share:.0%} of {name}" for name, share in heavy.items()])
            why = "what is reported of that subset is reported of this group"
            yield f"one group of posts holds {described}: {why}; {MORE_USERS}"

    def _of_given(self) -> Iterator[str]:
        part = np.full(len(self.groups), -1)
        for number, (_, rows) in enumerate(self.split.subsets()):
            part[rows] = number
        shares_group = np.isin(self.groups[self.split.test], self.groups[self.split.train])
        sides = np.unique(np.stack([self.groups, part]), axis=1)[0]
        crossing = int((np.bincount(sides) > 1).sum())
        if crossing:
            yield (
                f"the given parts cut {crossing} groups of posts (users, venues, near-duplicates): "
                f"{int(shares_group.sum())} of {len(shares_group)} test posts have some of their own group "
                "in the training part"
            )

    def _of_classes(self) -> Iterator[str]:
        test_labels, unknown = self._unknown()
        if len(unknown):
            different = len(np.unique(unknown))
            classes = "a class" if different == 1 else f"{different} classes"
            yield (
                f"{len(unknown)} of {len(test_labels)} test posts are of {classes} that no training post has, and are "
                f"counted as wrong: {MORE_USERS}, or leave rare classes out (`min_posts`)"
            )

    def _unknown(self) -> tuple[Indices, Indices]:
        """The classes of test posts, and those of them that the training part lacks."""
        test_labels = self.labels[self.split.test]
        test_labels = test_labels[test_labels >= 0]
        return test_labels, test_labels[~np.isin(test_labels, self.labels[self.split.train])]


def _listed(parts: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
