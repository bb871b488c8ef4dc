"""TF-IDF + logistic regression as a system: what it reads, and that it is the baseline of the evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from postplace.evaluation.baselines import fit_tfidf
from postplace.features.batch import InputSizes
from postplace.features.pooled import PooledFeatures
from postplace.models.baselines.tfidf import Tfidf, joined_texts
from postplace.models.contract import ModelContract
from postplace.models.estimator import FitData

SIZES = InputSizes(2, 2, 2, text_width=2, image_width=3)


def examples(texts: Sequence[str], *, tags: Sequence[tuple[str, ...]] | None = None, seed: int = 0) -> PooledFeatures:
    random = np.random.default_rng(seed)
    number = len(texts)
    widths = {"text": 2, "hashtags": 2, "image": 3}
    return PooledFeatures(
        list(texts),
        list(tags or [()] * number),
        {name: random.normal(size=(number, width)).astype(np.float32) for name, width in widths.items()},
        {name: np.ones(number, dtype=np.bool_) for name in widths},
    )


@pytest.fixture
def lesson() -> FitData:
    texts = ["harbour ships", "the harbour", "tower view", "a tower", "harbour sea", "old tower"] * 4
    labels = np.array([0, 0, 1, 1, 0, 1] * 4)
    return FitData(examples(texts), labels, 2, np.arange(16), np.arange(16, 24), seed=0)


@pytest.mark.parametrize("beside", ["nothing", "image"])
def test_it_is_the_baseline_of_the_evaluation(beside: str, lesson: FitData) -> None:
    system = Tfidf(SIZES, classes=2, beside=beside)  # type: ignore[arg-type]
    system.fit(lesson)
    given = lesson.examples
    dense: dict[str, Any] = {}
    if beside == "image":
        dense = {"vectors": given.vectors["image"], "present": given.present["image"]}
    baseline, _ = fit_tfidf(
        given.texts, labels=lesson.labels, classes=2, train=lesson.train, validation=lesson.validation, **dense
    )
    np.testing.assert_array_equal(system.predict_proba(given), baseline.predict_proba(given.texts, **dense))


def test_a_hashtag_is_read_like_a_word_with_its_sign() -> None:
    given = examples(["dinner", ""], tags=[("bund", "pier"), ("bund",)])
    assert list(joined_texts(given)) == ["dinner #bund #pier", "#bund"]


def test_the_picture_counts_only_where_it_is_asked_for(lesson: FitData) -> None:
    asked, other = (examples(["harbour"], seed=seed) for seed in (1, 2))
    for beside, same in (("nothing", True), ("image", False)):
        system = Tfidf(SIZES, classes=2, beside=beside)  # type: ignore[arg-type]
        system.fit(lesson)
        assert np.array_equal(system.predict_proba(asked), system.predict_proba(other)) is same


def test_a_post_without_words_gets_the_class_frequencies(lesson: FitData) -> None:
    system = Tfidf(SIZES, classes=2)
    system.fit(lesson)
    assert system.predict_proba(examples([""])).tolist() == [[0.5, 0.5]]


class TestTfidfContract(ModelContract):
    """What every model must hold to."""

    model = "tfidf"
    equations = "test_it_is_the_baseline_of_the_evaluation"


class TestTfidfImageContract(ModelContract):
    """What every model must hold to."""

    model = "tfidf-image"
    equations = "test_it_is_the_baseline_of_the_evaluation"
