"""Logistic regression on concatenated vectors as a system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from postplace.evaluation.baselines import fit_linear
from postplace.features.batch import InputSizes
from postplace.features.pooled import MODALITIES, PooledFeatures
from postplace.models.baselines.linear import LogisticRegression
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData

SIZES = InputSizes(2, 2, 2, text_width=3, image_width=4)
POSTS = 60


@pytest.fixture
def lesson() -> FitData:
    random = np.random.default_rng(0)
    labels = np.arange(POSTS) % 3
    widths = {"text": 3, "hashtags": 3, "image": 4}
    present = {name: random.random(POSTS) < 0.8 for name in widths}
    vectors = {
        name: (random.normal(size=(POSTS, width)) * present[name][:, None]).astype(np.float32)
        for name, width in widths.items()
    }
    vectors["image"][np.arange(POSTS), labels] += 8 * present["image"]
    examples = PooledFeatures([""] * POSTS, [()] * POSTS, vectors, present)
    return FitData(examples, labels, 3, np.arange(40), np.arange(40, 50), seed=0)


def test_it_is_the_baseline_of_the_evaluation(lesson: FitData) -> None:
    system = LogisticRegression(SIZES, classes=3)
    system.fit(lesson)
    given = lesson.examples
    baseline, _ = fit_linear(
        {name: given.vectors[name] for name in MODALITIES},
        present=given.present,
        labels=lesson.labels,
        classes=3,
        train=lesson.train,
        validation=lesson.validation,
    )
    something = np.stack(list(given.present.values())).any(axis=0)
    expected = baseline.predict_proba(given.vectors, given.present)
    np.testing.assert_array_equal(system.predict_proba(given)[something], expected[something])
    held_out = np.arange(50, POSTS)[given.present["image"][50:]]
    assert (system.predict_proba(given).argmax(axis=1) == lesson.labels)[held_out].mean() > 0.8


def test_a_post_with_nothing_gets_the_class_frequencies(lesson: FitData) -> None:
    system = LogisticRegression(SIZES, classes=3)
    system.fit(lesson)
    nothing = PooledFeatures(
        [""],
        [()],
        {name: np.zeros((1, width), dtype=np.float32) for name, width in (("text", 3), ("hashtags", 3), ("image", 4))},
        {name: np.zeros(1, dtype=np.bool_) for name in MODALITIES},
    )
    np.testing.assert_allclose(system.predict_proba(nothing), [[14 / 40, 13 / 40, 13 / 40]])


@pytest.mark.parametrize("name", MODALITIES)
def test_what_was_never_there_in_training_moves_nothing(lesson: FitData, name: str) -> None:
    given = lesson.examples
    there = given.present[name].copy()
    there[lesson.train] = False
    examples = replace(given, present={**given.present, name: there})
    system = LogisticRegression(SIZES, classes=3)
    system.fit(replace(lesson, examples=examples))
    others = {key: given.vectors[key] for key in MODALITIES if key != name}
    baseline, _ = fit_linear(
        others,
        present=given.present,
        labels=lesson.labels,
        classes=3,
        train=lesson.train,
        validation=lesson.validation,
    )
    seen = np.stack([given.present[key] for key in others]).any(axis=0)
    expected = baseline.predict_proba(others, given.present)
    np.testing.assert_allclose(system.predict_proba(examples)[seen], expected[seen], rtol=1e-4, atol=1e-6)
    again = LogisticRegression(SIZES, classes=3)
    again.restore(system.files())
    np.testing.assert_array_equal(again.predict_proba(examples), system.predict_proba(examples))


class TestLogisticContract(ModelContract):
    """What every model must hold to."""

    model = "logistic"
    equations = "test_it_is_the_baseline_of_the_evaluation"
