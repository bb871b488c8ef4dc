"""Tagvisor by hand: leaves of a single tree, hashtags that are unknown, the size of the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.baselines.tagvisor import FOREST, Tagvisor
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData

SIZES = InputSizes(2, 2, 2, 2, 2)


def _examples(hashtags: Sequence[tuple[str, ...]]) -> PooledFeatures:
    vectors = {name: np.zeros((len(hashtags), 2), np.float32) for name in ("text", "hashtags", "image")}
    present = {name: np.zeros(len(hashtags), dtype=np.bool_) for name in vectors}
    return PooledFeatures([""] * len(hashtags), hashtags, vectors, present)


def _lesson(hashtags: Sequence[tuple[str, ...]], labels: list[int]) -> FitData:
    return FitData(_examples(hashtags), np.array(labels), 3, np.arange(len(labels)), np.arange(0), seed=0)


def test_the_posterior_is_the_mean_of_the_leaves_shares() -> None:
    tags = [("bund",)] * 8 + [("tower",)] * 8
    model = Tagvisor(SIZES, classes=3, trees=200)
    model.fit(_lesson(tags, [0] * 8 + [0] * 4 + [1] * 4))
    answers = model.predict_proba(_examples([("bund",), ("tower",), ("bund", "tower", "bund")]))
    np.testing.assert_allclose(answers[0], [1, 0, 0], atol=0.02)
    np.testing.assert_allclose(answers[1], [0.5, 0.5, 0], atol=0.05)  # over samples drawn with repetition
    assert answers[2, 0] > answers[1, 0]


def test_a_hashtag_is_there_or_not_however_often() -> None:
    model = Tagvisor(SIZES, classes=3, trees=5)
    model.fit(_lesson([("bund", "bund"), ("bund",), ("tower",), ("tower",)], [0, 0, 1, 1]))
    assert model._bags([("tower", "bund", "tower")]).toarray().tolist() == [[1.0, 1.0]]


def test_rare_hashtags_are_unknown_and_say_nothing() -> None:
    model = Tagvisor(SIZES, classes=3, trees=5, min_count=2)
    model.fit(_lesson([("bund", "once"), ("bund",), ("tower",), ("tower",), ()], [0, 0, 1, 1, 2]))
    answers = model.predict_proba(_examples([("once",), ("never",), ()]))
    np.testing.assert_allclose(answers, [[0.4, 0.4, 0.2]] * 3)
    assert sorted(model._columns) == ["bund", "tower"]


@pytest.mark.parametrize("leaves", [2, 16])
def test_leaves_bound_the_trees(leaves: int) -> None:
    random = np.random.default_rng(0)
    tags = [tuple(f"t{tag}" for tag in random.integers(0, 60, 5)) for _ in range(300)]
    model = Tagvisor(SIZES, classes=3, trees=4, leaves=leaves)
    model.fit(_lesson(tags, random.integers(0, 3, 300).tolist()))
    assert max(tree.get_n_leaves() for tree in model._forest.estimators_) == leaves
    assert len(model.files()[FOREST]) < 40_000


class TestTagvisorContract(ModelContract):
    """What every model must hold to."""

    model = "tagvisor"
    equations = "test_the_posterior_is_the_mean_of_the_leaves_shares"
    small = {"trees": 7}
