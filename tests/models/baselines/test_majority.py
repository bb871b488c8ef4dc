"""The majority class as a system: the same answer to all, however they look."""

from __future__ import annotations

import dataclasses

import numpy as np

from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.baselines.majority import MajorityClass
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData


def test_every_post_gets_the_class_frequencies() -> None:
    labels = np.array([2, 0, 2, 2, 1, 1, -1])  # of the last it is not known
    vectors = {name: np.eye(7, 4, dtype=np.float32) for name in ("text", "hashtags", "image")}
    examples = PooledFeatures(
        [f"text {n}" for n in range(7)], [("a",)] * 7, vectors, dict.fromkeys(vectors, np.ones(7, bool))
    )
    lesson = FitData(examples, labels, 4, np.arange(4), np.arange(4, 7), seed=0)
    system = MajorityClass(InputSizes(2, 2, 2, 4, 4), classes=4)
    system.fit(lesson)  # from 2, 0, 2, 2
    assert system.predict_proba(examples).tolist() == [[0.25, 0, 0.75, 0]] * 7
    system.fit(dataclasses.replace(lesson, train=np.array([4, 5, 6])))  # from 1, 1 and nothing
    assert system.predict_proba(examples).tolist() == [[0, 1, 0, 0]] * 7


class TestMajorityContract(ModelContract):
    """What every model must hold to."""

    model = "majority"
    equations = "test_every_post_gets_the_class_frequencies"
