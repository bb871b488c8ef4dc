"""Typed metrics: attributes, JSON and back, the names of version 0.1.0, and a table for notebooks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postplace.evaluation.scores import ConfidenceInterval, Difference, Intervals, ModelScores, Scores
from postplace.features.image_keys import BrokenImage
from postplace.inference.evaluation_metrics import EvaluationMetrics, upgrade_metrics

OLD = Path(__file__).parents[1] / "data" / "results" / "metrics-0.1.0.json"


@pytest.fixture
def old() -> dict[str, Any]:
    """The metrics of a small run as version 0.1.0 wrote them; the curves are cut short."""
    content: dict[str, Any] = json.loads(OLD.read_text())
    return content


def test_metrics_of_version_0_1_0_are_read_with_attributes(old: dict[str, Any]) -> None:
    metrics, saved = EvaluationMetrics.from_dict(old), old["systems"]["mrlf"]
    overall, intervals = metrics.models["mrlf"].overall, metrics.models["mrlf"].intervals
    assert overall.accuracy == saved["overall"]["accuracy"]
    assert overall.accuracy_at[5] == saved["overall"]["accuracy@5"]
    assert overall.within_km == saved["overall"]["within_km"]
    assert list(intervals.accuracy or ()) == saved["accuracy_interval"]
    assert list(intervals.within_km["1"]) == saved["intervals"]["within_km"]["1"]
    assert metrics.left_out_as_seen == old["left_out_as_seen"] > 0
    assert metrics.subset == old["part"] == "given posts"
    calibration = metrics.calibration
    assert calibration is not None
    assert calibration.ece.after == old["calibration"]["ece"]["after"]
    assert calibration.posts == old["calibration"]["posts"]
    assert calibration.uniform_weight == old["calibration"]["floor"]
    assert calibration.regions.prediction_sets.coverage == old["calibration"]["sets"]["coverage"]
    assert calibration.regions_over_posts is not None
    circles = calibration.regions_over_posts.prediction_circles
    assert circles.median_km == old["calibration"]["over_posts"]["circles"]["median_km"]
    assert calibration.thresholds_from is not None
    assert calibration.thresholds_from.groups == old["calibration"]["kept"]["groups"]


def test_no_number_of_version_0_1_0_is_lost(old: dict[str, Any]) -> None:
    def numbers(content: Any) -> list[Any]:
        if isinstance(content, dict):
            return [number for value in content.values() for number in numbers(value)]
        if isinstance(content, list):
            return [number for value in content for number in numbers(value)]
        return [content]

    written = numbers(EvaluationMetrics.from_dict(old).to_dict())
    assert sorted(map(repr, written)) == sorted(map(repr, numbers(old)))


def test_they_are_the_same_after_json(old: dict[str, Any]) -> None:
    metrics = EvaluationMetrics.from_dict(old)
    content = json.loads(json.dumps(metrics.to_dict(), allow_nan=False))
    assert EvaluationMetrics.from_dict(content) == metrics
    assert upgrade_metrics(content) is content
    assert EvaluationMetrics.from_dict({}) == EvaluationMetrics()


def test_old_keys_still_work_with_a_warning(old: dict[str, Any]) -> None:
    metrics: Any = EvaluationMetrics.from_dict(old)
    with pytest.warns(DeprecationWarning, match=r"take \.models for \['systems'\]"):
        model = metrics["systems"]["mrlf"]
    with pytest.warns(DeprecationWarning, match="read with attributes"):
        assert model["overall"]["accuracy@5"] == old["systems"]["mrlf"]["overall"]["accuracy@5"]
    with pytest.warns(DeprecationWarning, match="read with attributes"):
        assert list(model["accuracy_interval"]) == old["systems"]["mrlf"]["accuracy_interval"]
    with pytest.warns(DeprecationWarning, match="read with attributes"):
        assert metrics["calibration"]["sets"]["coverage"] == old["calibration"]["sets"]["coverage"]
    with pytest.warns(DeprecationWarning, match="read with attributes"):
        assert metrics.get("part") == "given posts"
    with pytest.warns(DeprecationWarning, match="read with attributes"):
        assert "systems" in metrics
    assert metrics.get("nothing", 3) == 3
    assert "nothing" not in metrics
    with pytest.raises(KeyError):
        metrics["nothing"]
    with pytest.raises(TypeError, match="to_dict"):
        dict(metrics)


def small() -> EvaluationMetrics:
    overall = Scores(posts=4, answered=4, unknown_class=0, accuracy=0.5, macro_f1=0.25)
    model = ModelScores(overall, intervals=Intervals(accuracy=ConfidenceInterval(0.25, 0.75)), classes=2, unlabelled=1)
    point = ModelScores(Scores(posts=4, located=4, located_answered=3, mean_km=1.5, within_km={"1": 0.5}))
    differences = {"<b>": Difference(0.1, None, None, "cannot tell")}
    broken = (BrokenImage("1", "a.jpg", "is missing"),)
    return EvaluationMetrics({"<b>": model, "point": point}, differences, posts=5, labelled=4, broken_images=broken)


def test_scores_that_do_not_apply_are_not_written() -> None:
    content: Any = small().to_dict()
    assert set(content["models"]["<b>"]["overall"]) == {"posts", "answered", "unknown_class", "accuracy", "macro_f1"}
    assert content["models"]["point"] == {
        "overall": {
            "posts": 4,
            "located": 4,
            "located_answered": 3,
            "mean_km": 1.5,
            "median_km": None,
            "within_km": {"1": 0.5},
        },
        "intervals": {},
    }
    assert "cut_short_images" not in content
    broken = small().broken_images
    short = replace(small(), cut_short_images=broken)
    assert EvaluationMetrics.from_dict(short.to_dict()).cut_short_images == broken
    assert content["broken_images"] == [{"post_id": "1", "image": "a.jpg", "reason": "is missing"}]
    assert EvaluationMetrics.from_dict(content) == small()


def test_a_notebook_shows_a_table_and_names_are_escaped() -> None:
    table = small()._repr_html_()
    assert "4 of 5 posts evaluated" in table
    assert '<th scope="row">&lt;b&gt;</th><td>0.500</td><td>0.250 to 0.750</td><td>0.250</td>' in table
    assert "median km" not in table  # nobody has one
    assert "<b>" not in table
