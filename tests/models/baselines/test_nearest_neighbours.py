"""Nearest neighbours by hand: the cosine of two modalities, the votes, and what is chosen on the validation part."""

from __future__ import annotations

import numpy as np
import pytest

from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.baselines.nearest_neighbours import WEIGHTS, NearestNeighbours
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData


def _examples(text: list[list[float]], image: list[list[float]]) -> PooledFeatures:
    """Rows of zeros are absent."""
    vectors = {"text": np.array(text, np.float32), "image": np.array(image, np.float32)}
    vectors["hashtags"] = np.zeros_like(vectors["text"])
    present = {name: np.abs(array).max(axis=1) > 0 for name, array in vectors.items()}
    return PooledFeatures([""] * len(text), [()] * len(text), vectors, present)


def test_the_cosine_is_that_of_the_formula() -> None:
    # Texts are (+-1, +-1) about a mean of 0 and a deviation of 1, so standardisation changes nothing; pictures too
    texts = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]
    images = [[2.0, 2.0], [2.0, -2.0], [-2.0, 2.0], [-2.0, -2.0], [2.0, 2.0]]
    examples = _examples(texts, images)
    labels = np.array([0, 0, 1, 1, 1])
    model = NearestNeighbours(InputSizes(2, 2, 2, 2, 2), classes=2)
    model.fit(FitData(examples, labels, 2, np.arange(4), np.arange(0), seed=0))
    asked = _examples([[1, 1], [0, 0]], [[2, -2], [2, 2]])
    cosines = {name: model._cosines(asked, name) for name in ("text", "hashtags", "image")}
    np.testing.assert_allclose(cosines["text"], [[1, 0, 0, -1], [0, 0, 0, 0]], atol=1e-3)
    similar = model._similarities(asked, cosines, (1.0, 0.0, 0.5))
    # post 0 has both: (1 * cos_t + 0.5 * cos_i) / 1.5; post 1 a picture alone: 0.5 * cos_i / sqrt(0.5 * 1.5)
    np.testing.assert_allclose(similar[0], [1 / 1.5, 0.5 / 1.5, -0.5 / 1.5, -1 / 1.5], atol=1e-3)
    root = 0.5 / (0.5 * 1.5) ** 0.5
    np.testing.assert_allclose(similar[1], [root, 0, 0, -root], atol=1e-3)


def test_votes_and_the_one_of_the_whole_training_part() -> None:
    model = NearestNeighbours(InputSizes(2, 2, 2, 2, 2), classes=3)
    model._labels = np.array([0, 1, 1, 2])
    model._frequencies = np.array([0.25, 0.5, 0.25])
    similar = np.array([[0.9, 0.8, 0.1, 0.7]], dtype=np.float32)
    one, three = model._voted(similar, (1, 3))
    np.testing.assert_allclose(one, [[1.25 / 2, 0.5 / 2, 0.25 / 2]])
    np.testing.assert_allclose(three, [[1.25 / 4, 1.5 / 4, 1.25 / 4]])


@pytest.mark.parametrize("told_by", ["text", "image"])
def test_the_weights_follow_the_modality_that_tells(told_by: str) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    signal = np.eye(3)[labels] + 0.45 * random.normal(size=(90, 3))
    noise = np.eye(3)[random.integers(0, 3, 90)] + 0.01 * random.normal(size=(90, 3))  # clear, but of nothing
    pair = (signal, noise) if told_by == "text" else (noise, signal)
    examples = _examples(pair[0].tolist(), pair[1].tolist())
    model = NearestNeighbours(InputSizes(2, 2, 2, 3, 3), classes=3)
    model.fit(FitData(examples, labels, 3, np.arange(60), np.arange(60, 90), seed=0))
    weights = dict(zip(("text", "hashtags", "image"), model.weights, strict=True))
    assert weights[told_by] == 1.0
    assert weights["image" if told_by == "text" else "text"] < 1.0
    assert (model.predict_proba(examples).argmax(axis=1) == labels).mean() > 0.8


def test_the_grid_is_small_and_equal_weights_come_first() -> None:
    assert len(WEIGHTS) == 19
    assert WEIGHTS[0] == (1.0, 1.0, 1.0)
    assert all(max(weights) == 1.0 for weights in WEIGHTS)


class TestNearestNeighboursContract(ModelContract):
    """What every model must hold to."""

    model = "nearest-neighbours"
    equations = "test_votes_and_the_one_of_the_whole_training_part"
