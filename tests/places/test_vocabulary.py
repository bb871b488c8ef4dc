import json
from typing import Any

import numpy as np
import pytest

from postplace.errors import BadOption, BadRun, NotEnoughData
from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary, check_classes, fit_cells, fit_places
from postplace.schema import Place, Post


def at(name: str | None, *points: tuple[float, float] | None, category: str | None = None) -> list[Post]:
    return [
        Post(f"{name}{i}", place=name, category=category)
        if point is None
        else Post(f"{name}{i}", place=name, category=category, latitude=point[0], longitude=point[1])
        for i, point in enumerate(points)
    ]


@pytest.fixture
def posts() -> list[Post]:
    park = at("park", (31.0, 121.0), (31.0, 121.0), (31.0, 121.0), (33.0, 121.0))
    return park + at("bar", (31.2, 121.2), None) + at("attic", None, None)


def test_classes_are_sorted_and_centres_shrug_off_a_stray(posts: list[Post]) -> None:
    places = fit_places(posts, target="place")
    assert [place.name for place in places.places] == ["attic", "bar", "park"]
    assert len(places) == 3
    centres = places.coordinates()
    assert centres.shape == (3, 2)
    assert np.isnan(centres[0]).all()
    assert centres[1] == pytest.approx([31.2, 121.2])
    assert great_circle_km(centres[2, 0], centres[2, 1], 31.0, 121.0) < 0.01


def test_order_of_posts_does_not_matter(posts: list[Post]) -> None:
    assert fit_places(posts[::-1], target="place").places[1] == fit_places(posts, target="place").places[1]


def test_labels_follow_the_index_and_unknown_or_absent_is_minus_one(posts: list[Post]) -> None:
    places = fit_places(posts, target="place")
    labels = places.label([*at("park", None), *at("elsewhere", None), Post("x"), *at("attic", (0, 0))])
    assert labels.tolist() == [2, -1, -1, 0]
    assert labels.dtype == np.int64
    assert places.label([]).shape == (0,)


def test_categories_have_no_centre() -> None:
    posts = at(None, (1, 1), (1, 1), category="home") + at(None, (2, 2), (2, 2), category="work")
    places = fit_places(posts, target="category")
    assert places.places == (Place("home"), Place("work"))
    assert places.label([Post("a", place="home", category="work")]).tolist() == [1]


def test_a_single_post_is_named_with_its_remedy(posts: list[Post]) -> None:
    with pytest.raises(NotEnoughData, match=r"place 'zoo': has only 1 post; .*`min_posts=N`"):
        fit_places(posts + at("zoo", None), target="place")
    with pytest.raises(NotEnoughData, match=r"'yard': has only 1 post \(and 1 more have one\)"):
        check_classes(posts + at("zoo", None) + at("yard", None), target="place")


def test_min_posts_leaves_rarer_classes_out_and_counts_them(posts: list[Post]) -> None:
    check = check_classes(posts + at("zoo", None), target="place", min_posts=2)
    assert check.names == ("attic", "bar", "park")
    assert check.left_out == {"zoo": 1}
    assert fit_places(posts + at("zoo", None), target="place", min_posts=2).left_out == {"zoo": 1}


def test_too_high_or_too_low_a_minimum(posts: list[Post]) -> None:
    with pytest.raises(NotEnoughData, match=r"only 'park' is left of 3 classes \(the largest has 4 posts\); lower"):
        check_classes(posts, target="place", min_posts=3)
    with pytest.raises(NotEnoughData, match="none is left"):
        check_classes(posts, target="place", min_posts=99)
    with pytest.raises(BadOption, match=r"^min_posts: "):
        check_classes(posts, target="place", min_posts=1)


def test_one_class_only() -> None:
    with pytest.raises(NotEnoughData, match="only 'park' is left of 1 classes"):
        fit_places(at("park", None, None), target="place")


def test_support_is_counted_over_all_posts_but_centres_come_from_training(posts: list[Post]) -> None:
    names = check_classes(posts, target="place").names
    training = at("park", (31.0, 121.0)) + at("bar", (31.2, 121.2))  # one post each: enough here
    places = fit_places(training, target="place", names=names)
    assert [place.name for place in places.places] == ["bar", "park"]
    assert places.left_out == {"attic": 0}
    assert places.coordinates()[1] == pytest.approx([31.0, 121.0])


def test_names_without_training_posts_leave_too_few() -> None:
    with pytest.raises(NotEnoughData, match="posts of 1 of 2 classes"):
        fit_places(at("park", None), target="place", names=["bar", "park"])


def test_an_absent_target_names_those_there_are() -> None:
    posts = at(None, (1, 1), None, category="home")
    with pytest.raises(
        NotEnoughData, match=r"none of 2 posts has a place.*category'` \(2 posts\) or `cells=K` \(1 posts\)"
    ):
        fit_places(posts, target="place")
    with pytest.raises(NotEnoughData, match="none of 1 posts has coordinates; add"):
        fit_cells([Post("a")], cells=2, seed=0)


def test_cells_are_compact_in_km_not_in_degrees() -> None:
    # At 60 north a degree of longitude is half one of latitude. A lattice 1.5 degrees wide and 1 degree tall is taller
    # (111 km) than wide (83 km): two cells split it north from south. Raw degrees would split it east from west.
    lattice = [(60 + y / 20, 10 + x * 1.5 / 20) for y in range(21) for x in range(21)]
    cells = fit_cells(at(None, *lattice), cells=2, seed=0)
    north, south = cells.coordinates()
    assert north[0] - south[0] == pytest.approx(0.5, abs=0.1)
    assert north[1] - south[1] == pytest.approx(0.0, abs=0.1)


def test_cells_are_named_labelled_and_repeatable() -> None:
    posts = at(None, (31.0, 121.0), (31.0, 121.002), (31.1, 121.0), (31.2, 121.0), None)
    cells = fit_cells(posts, cells=3, seed=1)
    assert [place.name for place in cells.places] == ["cell-000", "cell-001", "cell-002"]
    assert cells.label(posts).tolist() == [2, 2, 1, 0, -1]
    assert cells.coordinates()[2] == pytest.approx([31.0, 121.001])
    assert cells == fit_cells(posts, cells=3, seed=1)


def test_the_nearest_cell_across_the_date_line() -> None:
    cells = PlaceVocabulary("cell", (Place("cell-000", 0.0, 179.9), Place("cell-001", 0.0, -170.0)))
    assert cells.label(at(None, (0.0, -179.9))).tolist() == [0]


def test_cells_a_metre_apart_are_told_apart() -> None:
    cells = PlaceVocabulary("cell", (Place("cell-000", 31.0, 121.0), Place("cell-001", 31.00001, 121.0)))
    assert cells.label(at(None, (31.000004, 121.0), (31.000006, 121.0))).tolist() == [0, 1]


def test_fewer_coordinates_than_cells() -> None:
    posts = at(None, (1, 1), (1, 1), (2, 2))
    with pytest.raises(NotEnoughData, match=r"3 cells .* 2 distinct coordinates; give `cells=2` or fewer"):
        fit_cells(posts, cells=3, seed=0)
    assert len(fit_cells(posts, cells=2, seed=0)) == 2
    with pytest.raises(BadOption, match=r"^cells: "):
        fit_cells(posts, cells=1, seed=0)


def test_json_and_back(posts: list[Post]) -> None:
    places = fit_places([*posts, *at("动物园", None)], target="place", min_posts=2)
    assert PlaceVocabulary.from_json(places.to_json()) == places


def damaged(**changes: Any) -> str:
    places = [{"name": "a", "latitude": 1.0, "longitude": 2.0}, {"name": "b", "latitude": None, "longitude": None}]
    return json.dumps({"target": "place", "places": places, "left_out": {}} | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        damaged()[:-9],
        "[]",
        "3",
        damaged(target="town"),
        damaged(places=[]),
        damaged(places=None),
        damaged(left_out=[]),
        damaged(target="cell"),
        damaged(places=[{"name": "a", "latitude": 95, "longitude": 2}, {"name": "b", "latitude": 1, "longitude": 2}]),
        damaged(places=[{"name": "a", "latitude": 1, "longitude": 2}, {"name": "b", "latitude": 1, "longitude": None}]),
        damaged(places=[{"name": "a", "latitude": 1, "longitude": 2}] * 2),
        damaged(places=[{"latitude": 1, "longitude": 2}, {"name": "b", "latitude": 1, "longitude": 2}]),
    ],
)
def test_damage_is_a_bad_run_that_names_the_file(text: str) -> None:
    assert PlaceVocabulary.from_json(damaged()).places[0] == Place("a", 1.0, 2.0)
    with pytest.raises(BadRun, match=r"run/places\.json: is damaged"):
        PlaceVocabulary.from_json(text, where="run/places.json")
