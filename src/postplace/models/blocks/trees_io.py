"""LightGBM's own text of a model, read beforehand: the compiled code that reads and walks the trees trusts it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from postplace.models.blocks.estimator_io import damaged

END = "end of trees"
CATEGORY = 1  # the bit of a decision that compares categories; there are none here


def check_trees(text: str, *, features: int, classes: int, name: str) -> None:
    """BadRun unless each tree's indices lie inside its arrays, and there are `classes` trees a round."""
    head, *trees = text.partition(f"\n{END}")[0].split("\nTree=")
    if f"\n{END}" not in text or not trees:
        raise damaged(name, "it ends before its trees do")
    header = _fields(head)
    expected = {"num_class": classes, "num_tree_per_iteration": classes, "max_feature_idx": features - 1}
    for key, value in expected.items():
        if header.get(key) != str(value):
            raise damaged(name, f"{key} is {header.get(key)}, not {value}")
    if len(trees) % classes:
        raise damaged(name, f"{len(trees)} trees are no whole number of rounds")
    for tree in trees:
        try:
            sound = _is_sound(_fields(tree), features=features)
        except (KeyError, ValueError) as error:
            raise damaged(name, f"a tree is not whole: {error}") from None
        if not sound:
            raise damaged(name, "a tree's branches lead nowhere")


def _is_sound(tree: dict[str, str], *, features: int) -> bool:
    leaves = int(tree["num_leaves"])
    if leaves < 1 or int(tree["num_cat"]) or int(tree.get("is_linear", "0")):
        return False
    if len(_numbers(tree, "leaf_value")) != leaves:
        return False
    if leaves == 1:
        return True
    left, right, feature, kinds = (
        _numbers(tree, key).astype(np.int64) for key in ("left_child", "right_child", "split_feature", "decision_type")
    )
    own = np.arange(leaves - 1)
    if any(len(array) != len(own) for array in (left, right, feature, kinds, _numbers(tree, "threshold"))):
        return False
    for child in (left, right):  # ~c is a leaf; an inner node comes after its parent, so no way leads round in a circle
        if (child < -leaves).any() or (child >= leaves - 1).any() or ((child >= 0) & (child <= own)).any():
            return False
    return bool(((feature >= 0) & (feature < features)).all() and not (kinds & CATEGORY).any())


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _numbers(tree: dict[str, str], key: str) -> NDArray[np.float64]:
    return np.array([float(number) for number in tree[key].split()])
