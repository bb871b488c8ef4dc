"""A random forest <-> a skops file in which nothing but a random forest is let in.

skops builds no type that is not on a list, but its own list is long. Here the file is read beforehand: each part must
be one of the few a forest consists of, and once it is built each tree's indices must lie inside its arrays, for the
compiled code that walks them does not look.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from postplace.errors import BadOption, BadRun
from postplace.models.blocks.estimator_io import damaged

TREE = "sklearn.tree._tree.Tree"
PARTS = frozenset(
    {
        ("sklearn.ensemble._forest", "RandomForestClassifier", "ObjectNode"),
        ("sklearn.tree._classes", "DecisionTreeClassifier", "ObjectNode"),
        ("sklearn.tree._tree", "Tree", "TreeNode"),
        ("numpy", "ndarray", "NdArrayNode"),
        ("numpy", "int64", "NdArrayNode"),
        ("numpy", "float64", "NdArrayNode"),
        ("builtins", "dict", "DictNode"),
        ("builtins", "list", "ListNode"),
        ("builtins", "tuple", "TupleNode"),
        ("builtins", "str", "JsonNode"),
        ("builtins", "str", "TypeNode"),
    }
)
LARGEST = 2**31  # bytes of a forest, unpacked


def skops_io() -> Any:
    """`skops.io`; BadOption where it is not installed."""
    try:
        import skops.io
    except ModuleNotFoundError:
        raise BadOption("model", "tagvisor needs skops", "install it: pip install skops") from None
    return skops.io


def forest_bytes(forest: Any) -> bytes:
    """A fitted RandomForestClassifier as a compressed skops file."""
    content: bytes = skops_io().dumps(forest, compression=zipfile.ZIP_DEFLATED, compresslevel=6)
    return content


def read_forest(content: bytes, *, features: int, classes: int, name: str) -> Any:
    """The inverse of `forest_bytes`; BadRun for anything but a sound forest of that many features and classes."""
    reader = skops_io()
    try:
        _check_parts(content, name=name)
        forest = reader.loads(content, trusted=[TREE])
        _check_forest(forest, features=features, classes=classes, name=name)
    except BadRun:
        raise
    except Exception as error:  # what a file may raise that was changed on purpose is nowhere listed
        raise damaged(name, f"{type(error).__name__}: {error}") from None
    return forest


def _check_parts(content: bytes, *, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise damaged(name, "it unpacks to more than 2 GiB")
        schema = json.loads(archive.read("schema.json"))
    for part in _parts(schema):
        if part not in PARTS:
            raise damaged(name, f"a {'.'.join(map(str, part[:2]))} has no place in a forest")


def _parts(node: Any) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(node, dict):
        if "__class__" in node or "__loader__" in node:
            yield node.get("__module__"), node.get("__class__"), node.get("__loader__")
        for child in node.values():
            yield from _parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _parts(child)


def _check_forest(forest: Any, *, features: int, classes: int, name: str) -> None:
    from sklearn.ensemble import RandomForestClassifier

    if not isinstance(forest, RandomForestClassifier) or forest.n_jobs is not None:
        raise damaged(name, "it is no forest of one thread")
    labels = np.asarray(forest.classes_)
    whole = labels.ndim == 1 and labels.dtype.kind == "i" and len(labels) == forest.n_classes_
    if not whole or (np.diff(labels) <= 0).any() or labels[0] < 0 or labels[-1] >= classes:
        raise damaged(name, f"its labels are not among {classes} classes")
    if forest.n_features_in_ != features or forest.n_outputs_ != 1 or not forest.estimators_:
        raise damaged(name, f"it does not read {features} hashtags")
    for tree in forest.estimators_:
        if tree.n_features_in_ != features or tree.n_outputs_ != 1 or tree.n_classes_ != len(labels):
            raise damaged(name, "a tree is of another forest")
        _check_tree(tree.tree_, features=features, outputs=len(labels), name=name)


def _check_tree(tree: Any, *, features: int, outputs: int, name: str) -> None:
    nodes = tree.node_count
    if nodes < 1 or tree.value.shape != (nodes, 1, outputs) or not np.isfinite(tree.value).all():
        raise damaged(name, "a tree's values do not fit it")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != -1
    own = np.arange(nodes)
    children = np.stack([left, right])[:, inner]
    if (right[~inner] != -1).any() or (children <= own[inner]).any() or (children >= nodes).any():
        raise damaged(
            name, "a tree's branches lead nowhere"
        )  # a child after its parent: no way leads round in a circle
    if ((feature[inner] < 0) | (feature[inner] >= features)).any():
        raise damaged(name, "a tree asks for hashtags that are not there")
