import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, top_k_accuracy_score

from postplace.evaluation.metrics import (
    accuracy,
    accuracy_at_k,
    evaluate_predictions,
    macro_f1,
    mean_km,
    median_km,
    modality_pattern,
    share_within,
)

INF = float("inf")


def test_an_unknown_class_does_not_match_a_missing_prediction() -> None:
    assert accuracy(np.array([-1, -1, 2]), np.array([-1, 0, 2])) == pytest.approx(1 / 3)
    assert np.isnan(accuracy(np.array([], dtype=int), np.array([], dtype=int)))


def test_accuracy_at_k_by_hand_with_ties_to_the_lower_class() -> None:
    probabilities = np.array([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]])
    truth = np.array([0, 1, 0, -1])
    assert accuracy_at_k(truth, probabilities, k=1) == 0.25  # the first alone
    assert accuracy_at_k(truth, probabilities, k=2) == 0.5
    assert accuracy_at_k(truth, probabilities, k=3) == 0.75  # the unknown class is never found
    assert accuracy_at_k(truth, probabilities, k=3, answered=np.array([False, True, True, True])) == 0.5


def test_nan_probabilities_are_never_right() -> None:
    assert accuracy_at_k(np.array([0]), np.array([[np.nan, np.nan]]), k=1) == 0.0


def test_accuracy_at_k_against_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    truth, probabilities = generator.integers(0, 7, 200), generator.random((200, 7))
    for k in (1, 3, 5):
        assert accuracy_at_k(truth, probabilities, k=k) == pytest.approx(
            top_k_accuracy_score(truth, probabilities, k=k, labels=range(7))
        )


def test_macro_f1_over_the_classes_present_against_scikit_learn() -> None:
    generator = np.random.default_rng(1)
    truth, predicted = generator.choice([-1, 0, 2, 5], 300), generator.choice([-1, 0, 1, 2, 5], 300)
    expected = f1_score(truth, predicted, labels=[0, 2, 5], average="macro")  # neither -1 nor the class 1
    assert macro_f1(truth, predicted) == pytest.approx(expected)
    assert np.isnan(macro_f1(np.array([-1]), np.array([0])))


def test_errors_in_km_with_unanswered_posts() -> None:
    errors = np.array([0.1, 2.0, INF, INF])
    assert mean_km(errors) == pytest.approx(1.05)
    assert median_km(errors) == INF  # half unanswered: the middle lies between 2 km and nowhere
    assert median_km(errors[:3]) == 2.0
    assert share_within(errors, radius_km=0.1) == 0.25  # the radius itself counts
    assert share_within(errors, radius_km=1e9) == 0.5
    assert np.isnan([mean_km(errors[2:]), median_km(errors[:0]), share_within(errors[:0], radius_km=1)]).all()


def test_all_eight_patterns() -> None:
    bits = np.array([[t, g, i] for t in (0, 1) for g in (0, 1) for i in (0, 1)], dtype=bool)
    assert modality_pattern(*bits.T).tolist() == ["", "I", "G", "GI", "T", "TI", "TG", "TGI"]
    assert modality_pattern(*bits[:0].T).shape == (0,)


@pytest.fixture
def report() -> dict[str, Any]:
    # right; wrong; right but unanswered; class unknown to the model; no label at all; right but has no coordinates
    truth = np.array([0, 1, 0, -1, -1, 1])
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.2, 0.8]])
    return evaluate_predictions(
        probabilities,
        labels=truth,
        answered=np.array([True, True, False, True, True, True]),
        patterns=np.array(["T", "TG", "", "T", "T", "TG"]),
        labelled=np.array([True, True, True, True, False, True]),
        located=np.array([True, True, True, True, True, False]),
        error_km=np.array([0.2, 3.0, 0.0, np.nan, 7.0, 1.0]),
    ).to_dict()


def test_overall_by_hand(report: dict[str, Any]) -> None:
    assert (report["classes"], report["unlabelled"]) == (2, 1)
    assert report["overall"] == {
        "posts": 5,
        "answered": 4,
        "unknown_class": 1,
        "accuracy": pytest.approx(2 / 5),
        "accuracy@1": pytest.approx(2 / 5),
        # class 0: one hit, 2 true, 3 answered; class 1: one hit, 2 true, 1 answered
        "macro_f1": pytest.approx((2 / 5 + 2 / 3) / 2),
        "located": 4,
        "located_answered": 2,  # unanswered, and a guess without a centre, are infinitely far
        "mean_km": pytest.approx(1.6),
        "median_km": None,
        "within_km": {"0.1": 0.0, "0.25": 0.25, "0.5": 0.25, "1": 0.25, "2": 0.25, "5": 0.5},
    }


def test_patterns_that_occur_with_their_counts(report: dict[str, Any]) -> None:
    parts = report["by_pattern"]
    assert {name: part["posts"] for name, part in parts.items()} == {"T": 2, "TG": 2, "none": 1}
    assert parts["T"]["accuracy"] == 0.5
    assert parts["TG"]["located"] == 1
    assert parts["TG"]["median_km"] == 3.0
    assert parts["none"]["accuracy"] == parts["none"]["accuracy@1"] == 0.0
    assert parts["none"]["mean_km"] is None


def test_the_report_is_json(report: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_defaults_every_post_labelled_and_no_distance() -> None:
    report: Any = evaluate_predictions(
        np.eye(12), labels=np.arange(12), answered=np.ones(12, bool), patterns=np.full(12, "T")
    ).to_dict()
    assert report["unlabelled"] == 0
    assert [key for key in report["overall"] if key.startswith("accuracy")] == [
        "accuracy",
        "accuracy@1",
        "accuracy@5",
        "accuracy@10",
    ]
    assert "mean_km" not in report["overall"]


def test_no_posts_are_nulls() -> None:
    none = np.array([], dtype=bool)
    report: Any = evaluate_predictions(
        np.empty((0, 3)), labels=none.astype(int), answered=none, patterns=none.astype(str), error_km=none.astype(float)
    ).to_dict()
    assert report["overall"]["accuracy"] is None
    assert report["overall"]["median_km"] is None
    assert report["by_pattern"] == {}
