import numpy as np
import pytest

from postplace.errors import BadOption, BadRun
from postplace.places.decode import minimum_expected_distance, point_estimate, rank
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place, Prediction

PLACES = PlaceVocabulary("place", (Place("a", 0.0, 0.0), Place("b", 0.0, 1.0), Place("c", 0.0, 1.1), Place("nowhere")))


def names(prediction: Prediction) -> list[str]:
    return [ranked.place.name for ranked in prediction.ranked]


def test_best_first_ties_by_class_and_probabilities_kept() -> None:
    probabilities = np.array([[0.1, 0.4, 0.4, 0.1], [0.0, 0.0, 0.25, 0.75]], dtype=np.float32)
    first, second = rank(probabilities, PLACES, post_ids=["x", "y"], modalities=[("text",), ("image", "text")], top_k=3)
    assert names(first) == ["b", "c", "a"]
    assert names(second) == ["nowhere", "c", "a"]
    assert [ranked.probability for ranked in second.ranked] == [0.75, 0.25, 0.0]
    assert isinstance(second.ranked[0].probability, float)
    assert (first.post_id, first.modalities, second.modalities) == ("x", ("text",), ("image", "text"))


def test_nothing_to_go_by_is_an_empty_ranking_even_of_nan() -> None:
    predictions = rank(np.full((1, 4), np.nan), PLACES, post_ids=["x"], modalities=[()], top_k=2)
    assert predictions == [Prediction("x", (), (), confident=False)]
    assert predictions[0].best is None


def test_top_k_beyond_the_classes_gives_all_and_below_one_nothing() -> None:
    row = np.full((1, 4), 0.25)
    assert names(rank(row, PLACES, post_ids=["x"], modalities=[("text",)], top_k=99)[0]) == ["a", "b", "c", "nowhere"]
    with pytest.raises(BadOption, match=r"^top_k: "):
        rank(row, PLACES, post_ids=["x"], modalities=[("text",)], top_k=0)


def test_nan_and_wrong_widths_are_a_bad_run() -> None:
    with pytest.raises(BadRun, match="post 'x'"):
        rank(np.full((1, 4), np.nan), PLACES, post_ids=["x"], modalities=[("text",)], top_k=1)
    with pytest.raises(BadRun, match=r"shape \(1, 3\) for 4 classes"):
        point_estimate(np.ones((1, 3)), PLACES)


def test_no_posts_have_no_predictions() -> None:
    assert rank(np.empty((0, 4)), PLACES, post_ids=[], modalities=[], top_k=1) == []
    assert minimum_expected_distance(np.empty((0, 4)), PLACES).shape == (0, 2)


def test_the_point_is_the_centre_of_the_most_probable_class() -> None:
    points = point_estimate(np.array([[0.4, 0.3, 0.3, 0.0], [0.1, 0.1, 0.1, 0.7], [np.nan] * 4]), PLACES)
    assert points[0].tolist() == [0.0, 0.0]
    assert np.isnan(points[1:]).all()


def test_two_neighbours_outweigh_a_distant_favourite_in_km() -> None:
    # expected distance in degrees of longitude: at a .3*1 + .3*1.1 = .63; at b .4*1 + .3*.1 = .43; at c .44 + .03 = .47
    points = minimum_expected_distance(np.array([[0.4, 0.3, 0.3, 0.0], [0.7, 0.15, 0.15, 0.0]]), PLACES)
    assert points.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_classes_without_coordinates_take_no_part_in_the_expectation() -> None:
    points = minimum_expected_distance(np.array([[0.0, 0.0, 0.2, 0.8], [0, 0, 0, 1.0], [np.nan] * 4]), PLACES)
    assert points[0].tolist() == [0.0, 1.1]
    assert np.isnan(points[1:]).all()
    categories = PlaceVocabulary("category", (Place("home"), Place("work")))
    assert np.isnan(minimum_expected_distance(np.full((2, 2), 0.5), categories)).all()


def test_below_min_confidence_a_prediction_is_not_confident() -> None:
    rows = np.array([[0.6, 0.2, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1]])
    sure, unsure = rank(rows, PLACES, post_ids=["x", "y"], modalities=[("text",)] * 2, top_k=1, min_confidence=0.5)
    assert sure.confident
    assert not unsure.confident
    assert unsure.best is not None
