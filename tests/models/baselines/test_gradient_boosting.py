"""LightGBM as a system: what it is given, and that it answers as the library does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.baselines.gradient_boosting import GradientBoosting, _columns
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData

POSTS = 120
SIZES = InputSizes(2, 2, 2, text_width=2, image_width=3)


@pytest.fixture(scope="module")
def lesson() -> FitData:
    """Classes 0 and 2, told by the pictures; a third of the hashtags is absent, and the last post has nothing."""
    random = np.random.default_rng(0)
    labels = 2 * random.integers(2, size=POSTS)
    vectors = {name: random.normal(size=(POSTS, width)) for name, width in (("text", 2), ("hashtags", 2), ("image", 3))}
    vectors["image"] += labels[:, None]
    present = {name: np.ones(POSTS, dtype=np.bool_) for name in vectors}
    present["hashtags"] = random.random(POSTS) < 2 / 3
    for mask in present.values():
        mask[-1] = False
    as_float = {name: (own * present[name][:, None]).astype(np.float32) for name, own in vectors.items()}
    examples = PooledFeatures([""] * POSTS, [()] * POSTS, as_float, present)
    return FitData(examples, labels, 3, np.arange(80), np.arange(80, 110), seed=3)


def test_what_is_absent_is_missing(lesson: FitData) -> None:
    columns = _columns(lesson.examples)
    assert columns.shape == (POSTS, 2 + 2 + 3)
    assert np.isnan(columns[-1]).all()
    missing = np.isnan(columns)
    assert (missing[:-1, 2:4] == ~lesson.examples.present["hashtags"][:-1, None]).all()
    assert not missing[:-1, [0, 1, 4, 5, 6]].any()
    np.testing.assert_array_equal(columns[:-1, 4:], lesson.examples.vectors["image"][:-1])


def test_it_answers_as_the_library_does(lesson: FitData) -> None:
    """The trees that it writes down, read by LightGBM itself: no more rounds and leaves than asked for."""
    lightgbm: Any = pytest.importorskip("lightgbm")
    system = GradientBoosting(SIZES, classes=3, rounds=6, leaves=4, learning_rate=0.3)
    system.fit(lesson)
    booster = lightgbm.Booster(model_str=system.files()["trees.txt"].decode())
    told = booster.dump_model()
    assert booster.num_feature() == 7
    assert told["num_class"] == 2
    assert 0 < len(told["tree_info"]) <= 6 * 2
    assert max(tree["num_leaves"] for tree in told["tree_info"]) <= 4
    answers = system.predict_proba(lesson.examples)
    expected = booster.predict(_columns(lesson.examples))
    np.testing.assert_allclose(answers[:-1][:, [0, 2]], expected[:-1])
    assert not answers[:, 1].any()
    held = np.arange(80, POSTS - 1)
    assert (answers[held].argmax(axis=1) == lesson.labels[held]).mean() > 0.7


def test_rounds_end_when_the_validation_part_gains_no_more(lesson: FitData) -> None:
    random = np.random.default_rng(1)
    void = FitData(lesson.examples, random.integers(3, size=POSTS), 3, lesson.train, lesson.validation, seed=0)
    system = GradientBoosting(SIZES, classes=3, rounds=100)
    system.fit(void)
    assert system.files()["trees.txt"].count(b"num_leaves=") < 3 * 60


class TestLightgbmContract(ModelContract):
    """What every model must hold to."""

    model = "lightgbm"
    equations = "test_it_answers_as_the_library_does"
    small = {"rounds": 40}
