"""Disjoint sets."""

from __future__ import annotations

from postplace.splitting.union_find import UnionFind, by_first_appearance


def test_union_find_labels_by_first_appearance() -> None:
    sets = UnionFind(5)
    sets.join(4, 1)
    sets.join(3, 4)
    assert sets.labels().tolist() == [0, 1, 2, 1, 1]


def test_labels_are_numbered_by_first_appearance() -> None:
    assert by_first_appearance([7, 3, 7, 0]).tolist() == [0, 1, 0, 2]
