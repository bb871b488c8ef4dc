"""A system beside the baselines: by hand on four posts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from postplace.evaluation.baselines import fit_baselines
from postplace.evaluation.scores import ConfidenceInterval
from postplace.evaluation.significance import share_interval
from postplace.features.extraction import EncodedPosts
from postplace.features.pooled import has_image, pooled_features
from postplace.inference.scoring import (
    CITY_MEDIAN,
    CONCATENATION,
    MAJORITY,
    GroundTruth,
    class_intervals,
    distance_intervals,
    ground_truth,
    score,
)
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place, Post

PLACES = PlaceVocabulary("place", (Place("a", 0.0, 0.0), Place("b", 0.0, 1.0)))


def encoded(count: int) -> EncodedPosts:
    rng = np.random.default_rng(0)
    return EncodedPosts(
        text_vectors=rng.normal(size=(count, 3)).astype(np.float32),
        text_mask=np.array([True] * (count - 1) + [False]),
        hashtag_vectors=np.zeros((count, 3), dtype=np.float32),
        hashtag_mask=np.zeros(count, dtype=np.bool_),
        image_vectors=np.array([[1.0, 1.0], [3.0, 5.0]], dtype=np.float32),
        image_index=np.array([[0, 1]] + [[-1, -1]] * (count - 1)),
        broken=(),
        image_hashes=None,
    )


def posts() -> list[Post]:
    return [
        Post("1", place="a", latitude=0.0, longitude=0.0),
        Post("2", place="b", latitude=0.0, longitude=1.0),
        Post("3", place="elsewhere", latitude=0.0, longitude=1.0),
        Post("4", place="a", latitude=0.0, longitude=0.0),
    ]


def test_pictures_of_a_post_are_averaged() -> None:
    features, present = pooled_features(encoded(4))
    assert features["image"].tolist() == [[2.0, 3.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    assert present["image"].tolist() == has_image(encoded(4)).tolist() == [True, False, False, False]


def test_every_number_of_a_small_set() -> None:
    fitted = encoded(60)
    labels = np.arange(60) % 2
    features, present = pooled_features(fitted)
    baselines = fit_baselines(
        features,
        present=present,
        labels=labels,
        classes=2,
        train=np.arange(50),
        validation=np.arange(50, 60),
        coordinates=np.tile([0.0, 0.25], (60, 1)),
    )
    asked = encoded(4)
    truth = ground_truth(posts(), asked, places=PLACES, groups=np.array([0, 1, 2, 3]))
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    found = score("ours", probabilities, truth=truth, baselines=baselines, encoded=asked, places=PLACES)
    json.dumps(found.to_dict(), allow_nan=False)
    assert {"ours", MAJORITY, CITY_MEDIAN, CONCATENATION, "ours, least expected km"} <= set(found.models)
    ours = found.models["ours"].overall
    # right, right, a class it does not know (wrong), nothing to go by (wrong)
    assert (ours.posts, ours.answered, ours.unknown_class, ours.accuracy) == (4, 3, 1, 0.5)
    assert ours.mean_km == pytest.approx(0.0, abs=1e-9)  # the three it answered are where it says
    median = found.models[CITY_MEDIAN].overall.mean_km
    assert median == pytest.approx(111.195 * (0.25 + 0.75 + 0.75) / 3, rel=1e-4)
    assert found.models["ours"].intervals.accuracy == (None, None)  # four posts of four users
    assert found.no_interval == "too few users or venues for an interval: 4, the largest with 1 of 4 posts"
    assert found.differences[MAJORITY].verdict == "cannot tell"
    assert found.groups == 4
    assert found.differences[MAJORITY].mean == pytest.approx(0.5 - (found.models[MAJORITY].overall.accuracy or 0.0))


def test_intervals_of_the_first_few_are_those_of_their_means() -> None:
    """Of six classes and 40 posts; the one that gets no answer and the one of an unknown class are among the wrong."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(6), size=40)
    labels = np.r_[-1, rng.integers(0, 6, size=39)]
    every, groups = np.ones(40, dtype=np.bool_), np.arange(40) % 9
    answered = every.copy()
    answered[3] = False
    truth = GroundTruth(labels, every, np.full((40, 2), np.nan), answered, np.full(40, "T"), groups)
    found = class_intervals({"ours": probabilities}, truth)["ours"]
    right = [float(labels[row] == probabilities[row].argmax() and row != 3) for row in range(40)]
    first = share_interval(right, groups)
    assert found.accuracy == (first.low, first.high)
    hits = [
        float(labels[row] >= 0 and row != 3 and labels[row] in np.argsort(-probabilities[row])[:5]) for row in range(40)
    ]
    expected = share_interval(hits, groups)
    assert found.accuracy_at[5] == pytest.approx((expected.low, expected.high))
    assert set(found.to_dict()) == {"accuracy", "accuracy@5", "macro_f1"}


def ends(interval: ConfidenceInterval | None) -> tuple[float, float]:
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_the_intervals_of_kilometres() -> None:
    """Of 40 posts by ten users, off by 1 to 40 km of a degree; more than half of the last have no answer."""
    km, groups = np.arange(1.0, 41.0), np.arange(40) % 10
    every, coordinates = np.ones(40, dtype=np.bool_), np.column_stack([np.zeros(40), np.zeros(40)])
    truth = GroundTruth(np.zeros(40, dtype=np.int64), every, coordinates, km < 30, np.full(40, "T"), groups)
    found = distance_intervals({"ours": np.column_stack([np.zeros(40), km / 111.2])}, truth)["ours"]
    low, high = ends(found.mean_km)
    assert low < 15.0 < high  # of the 29 with an answer
    low, high = ends(found.median_km)
    assert low < 20.5 <= high
    low, high = ends(found.within_km["1"])
    assert 0.0 < low < 1 / 40 < high < 0.2
    few = GroundTruth(np.zeros(40, dtype=np.int64), every, coordinates, km < 21, np.full(40, "T"), groups)
    median = distance_intervals({"ours": np.column_stack([np.zeros(40), km / 111.2])}, few)["ours"].median_km
    assert median is not None
    assert median.high is None


def test_a_single_group_has_no_interval() -> None:
    fitted = encoded(60)
    features, present = pooled_features(fitted)
    labels = np.arange(60) % 2
    baselines = fit_baselines(
        features, present=present, labels=labels, classes=2, train=np.arange(50), validation=np.arange(50, 60)
    )
    truth = ground_truth(posts(), encoded(4), places=PLACES, groups=np.zeros(4, dtype=np.int64))
    probabilities = np.full((4, 2), 0.5)
    found = score("ours", probabilities, truth=truth, baselines=baselines, encoded=encoded(4), places=PLACES)
    assert found.models["ours"].intervals.accuracy == (None, None)
    assert found.models["ours"].intervals.mean_km == (None, None)
    assert found.models["ours"].intervals.macro_f1 == (None, None)
    json.dumps(found.to_dict(), allow_nan=False)
