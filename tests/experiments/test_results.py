"""Results on disk: the inverse of writing, damage, and what is taken for finished."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from postplace.errors import BadOption, BadRun
from postplace.experiments.results import Cost, Result, Results, folders_below

RESULT = Result(
    name="MRLF",
    seed=3,
    row={"model": "mrlf", "settings": {"fusion": "joint"}},
    provenance={"split": "ab", "sizes": {"test": 3}},
    overall={"accuracy": 2 / 3, "mean_km": 1.5},
    hits=np.array([True, False, True]),
    groups=np.array([0, 0, 4]),
    errors_km=np.array([0.25, np.nan, 2.0]),
    cost=Cost(1000, 1.5, 0.25, 4.0, 1.25),
)


def test_reading_is_the_inverse_of_writing(tmp_path: Path) -> None:
    results = Results(tmp_path)
    path = results.path("MRLF", 3, {"a": 1})
    results.write(path, RESULT)
    results.describe({"title": "x"}, [path])
    described, (read,) = results.read()
    assert described["title"] == "x"
    assert read.hits.tolist() == [True, False, True]
    assert read.groups.tolist() == [0, 0, 4]
    np.testing.assert_array_equal(read.errors_km, RESULT.errors_km)
    assert read.to_json() == RESULT.to_json()


def test_the_file_depends_on_all_that_decides_the_result(tmp_path: Path) -> None:
    results = Results(tmp_path)
    key = {"posts": "a", "row": {"settings": {"x": 1}}}
    paths = {
        results.path("a/b c", 1, key),
        results.path("a/b c", 2, key),
        results.path("a/b c", 1, {**key, "posts": "b"}),
    }
    assert len(paths) == 3
    assert all(path.parent == tmp_path for path in paths)  # a name cannot lead out of the folder


def test_an_error_is_no_finished_result_and_is_tried_again(tmp_path: Path) -> None:
    results = Results(tmp_path)
    path = tmp_path / "one.json"
    assert results.finished(path) is None
    results.write(path, replace(RESULT, error="no weights"))
    assert results.finished(path) is None
    results.write(path, RESULT)
    assert results.finished(path) is not None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _other_format(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))


def _key_lost(path: Path) -> None:
    content = json.loads(path.read_text())
    del content["hits"]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("damage", [_cut, _other_format, _key_lost])
def test_a_damaged_result_is_named(damage: object, tmp_path: Path) -> None:
    results = Results(tmp_path)
    path = tmp_path / "one.json"
    results.write(path, RESULT)
    results.describe({}, [path])
    damage(path)  # type: ignore[operator]
    with pytest.raises(BadRun, match=r"one\.json.*is damaged"):
        results.read()


def test_what_is_not_of_this_experiment_any_more_is_not_read(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.write(tmp_path / "old.json", RESULT)
    results.describe({}, [tmp_path / "new.json"])
    assert results.read()[1] == []


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="holds no results"):
        list(folders_below(tmp_path / "nothing"))


def test_a_result_of_version_0_1_0_is_read() -> None:
    saved = json.loads((Path(__file__).parents[1] / "data" / "results" / "result-0.1.0.json").read_text())
    result = Result.from_json(saved)
    assert result.is_baseline
    assert result.overall["mean_km"] == saved["overall"]["mean_km"]
    content = result.to_json()
    assert content["is_baseline"] is True
    assert "beside" not in content
    assert Result.from_json(content).to_json() == content


@pytest.mark.parametrize(
    ("errors", "problem"),
    [((None, "b"), ""), (("a", "b"), "row 0, seed 0: a"), ((), "no row was run")],
)
def test_why_nothing_was_measured(tmp_path: Path, errors: tuple[str | None, ...], problem: str) -> None:
    results = Results(tmp_path)
    paths = [tmp_path / f"{number}.json" for number in range(len(errors))]
    for number, (path, error) in enumerate(zip(paths, errors, strict=True)):
        results.write(path, Result(f"row {number}", 0, {}, {}, error=error))
    baseline = tmp_path / "baseline.json"
    results.write(baseline, Result("majority class", 0, {}, {}, is_baseline=True))
    results.describe({}, [*paths, baseline])
    assert results.why_nothing_was_measured(["row 0", "row 1"]) == problem
