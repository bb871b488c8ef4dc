"""LightGBM's text of a model, read before the compiled code reads it."""

from __future__ import annotations

import pytest

from postplace.errors import BadRun
from postplace.models.blocks.trees_io import check_trees

HEAD = "tree\nnum_class={classes}\nnum_tree_per_iteration={classes}\nmax_feature_idx=1\n"
TREE = {
    "num_leaves": "3",
    "num_cat": "0",
    "split_feature": "0 1",
    "threshold": "0.5 1.5",
    "decision_type": "2 2",
    "left_child": "1 -1",
    "right_child": "-2 -3",
    "leaf_value": "0.1 0.2 0.3",
}


def model(*trees: dict[str, str], classes: int = 1, end: str = "\nend of trees\n") -> str:
    parts = [HEAD.format(classes=classes)]
    parts += [
        f"\nTree={number}\n" + "\n".join(f"{key}={value}" for key, value in tree.items())
        for number, tree in enumerate(trees)
    ]
    return "".join(parts) + end


def check(text: str, *, features: int = 2, classes: int = 1) -> None:
    check_trees(text, features=features, classes=classes, name="trees")


def test_sound_trees_pass_and_so_does_one_of_a_single_leaf() -> None:
    check(model(TREE))
    check(model(TREE, {"num_leaves": "1", "num_cat": "0", "leaf_value": "0.5"}))
    check(model(TREE, TREE, TREE, TREE, classes=2), classes=2)


@pytest.mark.parametrize(
    "changed",
    [
        {"left_child": "0 -1"},  # round in a circle
        {"left_child": "2 -1"},  # behind the last inner node
        {"right_child": "-2 -4"},  # a fourth leaf
        {"split_feature": "0 2"},
        {"split_feature": "-1 1"},
        {"decision_type": "2 1"},  # compares categories
        {"threshold": "0.5"},
        {"leaf_value": "0.1 0.2"},
        {"num_leaves": "0"},
        {"num_cat": "1"},
        {"is_linear": "1"},
    ],
)
def test_a_tree_that_leads_outside_its_arrays_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadRun, match="branches lead nowhere"):
        check(model(TREE | changed))


@pytest.mark.parametrize("changed", [{"threshold": "0.5 x"}, {"num_leaves": "three"}])
def test_a_tree_of_what_are_no_numbers_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadRun, match="not whole"):
        check(model(TREE | changed))
    without = {key: value for key, value in TREE.items() if key != "left_child"}
    with pytest.raises(BadRun, match="not whole"):
        check(model(without))


def test_another_number_of_features_classes_or_trees_is_refused() -> None:
    with pytest.raises(BadRun, match="max_feature_idx is 1, not 2"):
        check(model(TREE), features=3)
    with pytest.raises(BadRun, match="num_class is 1, not 2"):
        check(model(TREE), classes=2)
    with pytest.raises(BadRun, match="3 trees are no whole number of rounds"):
        check(model(TREE, TREE, TREE, classes=2), classes=2)


def test_a_file_that_is_cut_short_is_refused() -> None:
    for text in ("", model(TREE, end=""), model()):
        with pytest.raises(BadRun, match="ends before its trees do"):
            check(text)
