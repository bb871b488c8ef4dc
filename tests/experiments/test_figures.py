"""Fused vectors: what the classifier was given, kept with the results, drawn without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from postplace import Post, PostLocator
from postplace.errors import BadRun
from postplace.experiments.definition import Experiment, Row
from postplace.experiments.figures import (
    ENDING,
    Fused,
    draw,
    fused_vectors,
    projected,
    save_fused,
    saved_fused,
    separation,
)
from postplace.experiments.jobs import DataSet, Options
from postplace.experiments.results import Results
from postplace.experiments.runner import run_experiment


def test_fused_vectors_are_what_the_classifier_is_given(place_locator: PostLocator, posts: list[Post]) -> None:
    encoded = place_locator.encoder_pair.encode(posts[:7])
    vectors = fused_vectors(place_locator, posts[:7], encoded)
    assert vectors is not None
    model = place_locator.fitted.model
    logits = model.classifier(torch.from_numpy(vectors)).double()  # type: ignore[union-attr, operator]
    expected = place_locator.predictor.uncalibrated_proba(posts[:7], encoded)
    np.testing.assert_allclose(torch.softmax(logits, dim=1).detach().numpy(), expected, atol=1e-6)


def test_classes_that_are_apart_have_a_silhouette_near_one() -> None:
    generator = np.random.default_rng(0)
    classes = np.array(["a"] * 10 + ["b"] * 10)
    near = generator.normal(size=(20, 4)).astype(np.float32)
    far = near + 50.0 * (classes == "b")[:, None].astype(np.float32)
    apart, mixed = separation(Fused("x", far, classes)), separation(Fused("x", near, classes))
    assert apart is not None
    assert mixed is not None
    assert apart > 0.9
    assert abs(mixed) < 0.3
    assert separation(Fused("x", near[:4], classes[:4])) is None  # too few to say


def test_the_drawing_is_the_same_every_time() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    np.testing.assert_array_equal(projected(vectors), projected(vectors))
    assert projected(vectors[:3]).shape == (3, 2)


@pytest.fixture(scope="module")
def drawn(city: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    small = {"filters": 8, "embedding": 8, "heads": 2, "image_features": 8}
    rows = (Row("one <b>", "mrlf", small), Row("trees", "majority"))
    experiment = Experiment("figure", "A figure", "nobody", "place", ("accuracy",), rows, figure="Fig. 1")
    data, options = DataSet("city", city, "place"), Options(cache=cache, max_epochs=1)
    return run_experiment(experiment, data, seeds=(0, 1), out=tmp_path_factory.mktemp("figures"), options=options)


def test_vectors_of_the_first_seed_are_kept_and_drawn(drawn: Results) -> None:
    (fused,) = saved_fused(drawn)  # what is no network has none
    assert fused.name == "one <b>"
    (result,) = [found for found in drawn.read()[1] if found.name == "one <b>" and found.seed == 0]
    assert len(fused.vectors) == len(fused.classes) == len(result.hits)
    path = draw(drawn, title="A figure")
    assert path is not None
    page = path.read_text(encoding="utf-8")
    assert "one <b> (silhouette" not in page  # as text, not as markup
    assert "<script src=" not in page
    assert "Plotly.newPlot" in page


def test_without_vectors_there_is_no_drawing(drawn: Results, tmp_path: Path) -> None:
    empty = Results(tmp_path)
    empty.describe({"rows": []}, [])
    assert draw(empty, title="x") is None


def test_damaged_vectors_are_named(drawn: Results, tmp_path: Path) -> None:
    fused = replace(saved_fused(drawn)[0])
    save_fused(tmp_path / "a.json", fused)
    (path,) = tmp_path.glob(f"*{ENDING}")
    path.write_bytes(path.read_bytes()[:-9])
    results = Results(tmp_path)
    results.describe({"rows": [{"name": fused.name}]}, [tmp_path / "a.json"])
    with pytest.raises(BadRun, match="is damaged"):
        saved_fused(results)
