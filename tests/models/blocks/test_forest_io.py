"""A random forest as a skops file in which nothing but a random forest is let in."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from typing import Any

import numpy as np
import pytest

from postplace.errors import BadOption, BadRun
from postplace.models.blocks.forest_io import forest_bytes, read_forest, skops_io

pytest.importorskip("skops")


@pytest.fixture(scope="module")
def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 3)
    return RandomForestClassifier(n_estimators=3, random_state=0).fit(x, (x[:, 0] * 2).astype(np.int64))


def test_a_forest_comes_back_with_the_same_answers(forest: Any) -> None:
    x = np.array([[0.0, 1.0], [1.0, 0.0], [0.4, 0.6]])
    found = read_forest(forest_bytes(forest), features=2, classes=3, name="forest")
    assert (found.predict_proba(x) == forest.predict_proba(x)).all()


def test_a_forest_of_other_features_or_classes_is_refused(forest: Any) -> None:
    content = forest_bytes(forest)  # its labels are 0 and 2
    with pytest.raises(BadRun, match="does not read 3 hashtags"):
        read_forest(content, features=3, classes=3, name="forest")
    with pytest.raises(BadRun, match="not among 2 classes"):
        read_forest(content, features=2, classes=2, name="forest")


def test_another_object_is_refused_before_it_is_built() -> None:
    from sklearn.linear_model import LogisticRegression

    content = skops_io().dumps(LogisticRegression())
    with pytest.raises(BadRun, match="LogisticRegression has no place in a forest"):
        read_forest(content, features=2, classes=3, name="forest")


def test_a_part_that_is_slipped_into_the_schema_is_refused(forest: Any) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(forest_bytes(forest))) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "schema.json":
                schema = json.loads(content)
                schema["more"] = [{"__module__": "os", "__class__": "system", "__loader__": "FunctionNode"}]
                content = json.dumps(schema).encode()
            new.writestr(entry.filename, content)
    with pytest.raises(BadRun, match=r"os\.system has no place"):
        read_forest(changed.getvalue(), features=2, classes=3, name="forest")


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all"])
def test_bytes_that_are_no_forest_are_a_damaged_run(content: bytes) -> None:
    with pytest.raises(BadRun, match="is damaged"):
        read_forest(content, features=2, classes=3, name="forest")


def test_without_skops_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(BadOption, match="skops"):
        skops_io()
