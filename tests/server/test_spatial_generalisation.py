"""Districts and homes, by hand."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import numpy as np

from postplace.places.distance import great_circle_km
from postplace.places.vocabulary import PlaceVocabulary
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace
from postplace.server.spatial_generalisation import (
    FEWEST,
    LEVELS,
    STEPS,
    SpatialGeneralisation,
    build_districts,
    stepped,
)

LINE = PlaceVocabulary("place", tuple(Place(f"p{n}", 30.0, 120.0 + 0.05 * n) for n in range(8)))  # 4.8 km apart


def whole(places: PlaceVocabulary, probabilities: list[float], promise: PredictionRegion | None = None) -> Prediction:
    pairs = sorted(zip(places.places, probabilities, strict=True), key=lambda pair: -pair[1])
    return Prediction("1", tuple(RankedPlace(place, p) for place, p in pairs), ("text",), region=promise)


def test_a_district_is_at_least_three_places_and_its_circle_holds_them() -> None:
    districts = build_districts(list(LINE.places))
    names = [districts[place.name].place.name for place in LINE.places]
    assert names == ["district 1"] * 4 + ["district 2"] * 4
    random = np.random.default_rng(0)
    scattered = [Place(str(n), 30 + y, 120 + x) for n, (y, x) in enumerate(random.normal(0, 0.1, (97, 2)))]
    districts = build_districts(scattered)
    counts = [district.place.name for district in districts.values()]
    assert min(counts.count(name) for name in counts) >= FEWEST
    points = np.array([(place.latitude, place.longitude) for place in scattered], dtype=np.float64)
    told = [districts[place.name] for place in scattered]
    centres = np.array([(d.place.latitude, d.place.longitude, d.radius_km) for d in told], dtype=np.float64)
    assert (great_circle_km(points[:, 0], points[:, 1], centres[:, 0], centres[:, 1]) <= centres[:, 2]).all()


def test_places_close_together_are_one_district() -> None:
    near = [Place(str(n), 30.0 + 0.0001 * n, 120.0) for n in range(50)]
    assert len({district.place.name for district in build_districts(near).values()}) == 1


def test_the_date_line_is_no_border() -> None:
    """Two towns on Taveuni, one either side of it: a centre between them, not in Africa."""
    near = [Place(f"w{n}", -16.8, 179.993 + 0.002 * n) for n in range(3)]
    near += [Place(f"e{n}", -16.8, -179.997 + 0.002 * n) for n in range(3)]
    told = build_districts(near)
    (district,) = {own.place.name: own for own in told.values()}.values()
    assert district.place.longitude is not None
    assert abs(district.place.longitude) > 179.9
    assert district.radius_km is not None
    assert district.radius_km <= 2
    west = [Place(f"west {n}", 0.0, 179.995 - 0.2 * n) for n in range(4)]
    east = [Place(f"east {n}", 0.0, -179.995 + 0.2 * n) for n in range(4)]
    told = build_districts([*west, *east])
    assert len({told[place.name].place.name for place in west}) == 1
    assert all(own.radius_km is not None and own.radius_km < 40 for own in told.values())
    across = PredictionRegion(0.9, ("w0", "e0"), (-16.8, 180.0), 1.0)
    places = PlaceVocabulary("place", tuple(near))
    answer = SpatialGeneralisation(places).generalise(whole(places, [1 / 6] * 6, across), top_k=1, min_confidence=0.0)
    assert answer["prediction_circle"]["radius_km"] <= 2


def test_probabilities_add_up_and_nothing_of_a_place_is_told() -> None:
    promise = PredictionRegion(0.9, ("p5", "p6"), (30.0, 120.2534), 0.4)
    told = SpatialGeneralisation(LINE).generalise(
        whole(LINE, [0.0, 0.1, 0.0, 0.0, 0.0, 0.6, 0.2, 0.1], promise), top_k=5, min_confidence=0.7
    )
    assert [(p["place"], round(p["probability"], 6)) for p in told["places"]] == [
        ("district 2", 0.9),
        ("district 1", 0.1),
    ]
    assert told["confident"]  # no place reaches 0.7, a district does
    assert told["prediction_set"] == ["district 2"]
    district = told["places"][0]
    assert told["prediction_circle"] == {
        "latitude": district["latitude"],
        "longitude": district["longitude"],
        "radius_km": district["radius_km"] + 1,  # 0.4 km about a place anywhere in it
    }
    assert not re.search(r'"p\d', json.dumps(told))  # places are called p0 to p7
    fine = SpatialGeneralisation(LINE, fine=True).generalise(
        whole(LINE, [0.3, 0.7, *[0.0] * 6]), top_k=1, min_confidence=0.8
    )
    assert (fine["places"][0]["place"], fine["confident"], fine["fine"]) == ("p1", False, True)


def test_what_the_places_circle_holds_the_districts_circle_holds() -> None:
    """Posts lie off the centres of their places: a circle around these alone would miss those that are far off."""
    random = np.random.default_rng(0)
    for _ in range(50):
        place = int(random.integers(8))
        latitude, longitude, radius = 30 + random.normal(0, 0.2), 120 + random.normal(0, 0.3), random.uniform(0.1, 40)
        promise = PredictionRegion(0.9, (f"p{place}",), (float(latitude), float(longitude)), float(radius))
        circle = SpatialGeneralisation(LINE).generalise(whole(LINE, [1 / 8] * 8, promise), top_k=1, min_confidence=0.0)[
            "prediction_circle"
        ]
        apart = great_circle_km(circle["latitude"], circle["longitude"], latitude, longitude)
        assert float(apart) + radius <= circle["radius_km"]
        assert circle["radius_km"] == round(circle["radius_km"])


def circle_of(place: str, radius_km: float, *, at: tuple[float, float] | None = None) -> Any:
    """What is told of the circle about one of the places on the line, or about a point."""
    own = next(p for p in LINE.places if p.name == place)
    assert own.latitude is not None
    assert own.longitude is not None
    promise = PredictionRegion(0.9, (place,), at or (own.latitude, own.longitude), radius_km)
    return SpatialGeneralisation(LINE).generalise(whole(LINE, [1 / 8] * 8, promise), top_k=1, min_confidence=0.0)[
        "prediction_circle"
    ]


def test_the_circle_of_a_district_does_not_say_about_which_of_its_places_it_is() -> None:
    """Nor what the radius was, but for its step: 1, 2, 5, 10, 20, 50 km."""
    for radii in ((0.05, 0.4, 1.0), (1.1, 1.7, 2.0), (2.3, 3.9, 5.0), (10.5, 13.3, 20.0)):
        circles = [circle_of(f"p{n}", radius) for n in range(4, 8) for radius in radii]
        assert all(circle == circles[0] for circle in circles)
    grown = [circle_of("p4", radius)["radius_km"] for radius in (1, 2, 5, 10, 20, 50)]
    assert [radius - grown[0] for radius in grown] == [0, 1, 4, 9, 19, 49]
    assert circle_of("p0", 1.0) != circle_of("p4", 1.0)
    beside = [circle_of("p5", 1.0, at=(30.0 + 0.001 * n, 120.25)) for n in range(10)]  # no place's own point
    assert all(circle == beside[0] for circle in beside)


def test_the_largest_circle_is_the_whole_earth() -> None:
    assert circle_of("p0", 30_000.0)["radius_km"] == 20_038


def test_steps_of_a_radius() -> None:
    assert [stepped(km) for km in (0.0, 1.0, 1.1, 2.0, 4.9, 5.1, 10.0, 11.0, 49.0, 51.0, 999.0)] == [
        1, 1, 2, 2, 5, 10, 10, 20, 50, 100, 1000
    ]  # fmt: skip
    assert STEPS[0] == 1


def test_districts_have_levels_of_a_few_and_keep_more_than_was_asked_for() -> None:
    coarse, fine = SpatialGeneralisation(LINE), SpatialGeneralisation(LINE, fine=True)
    asked = [0.5, 0.51, 0.8, 0.83, 0.9, 0.91, 0.97, 0.99]
    assert [coarse.level(own) for own in asked] == [0.5, 0.8, 0.8, 0.9, 0.9, 0.95, 0.99, 0.99]
    assert [fine.level(own) for own in asked] == asked
    assert [SpatialGeneralisation(KINDS).level(own) for own in asked] == asked
    assert LEVELS[0] == 0.5


def test_a_set_of_districts_has_their_own_order() -> None:
    """p0 is the most probable place, yet the second district is more probable: the order of places is not told."""
    promise = PredictionRegion(0.9, ("p0", "p5", "p6"), (30.0, 120.0), 0.4)
    told = SpatialGeneralisation(LINE).generalise(
        whole(LINE, [0.4, 0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.0], promise), top_k=1, min_confidence=0.0
    )
    assert told["prediction_set"] == ["district 2", "district 1"]


def test_places_without_coordinates_share_a_district() -> None:
    nowhere = PlaceVocabulary("place", (Place("a"), Place("b")))
    told = SpatialGeneralisation(nowhere).generalise(
        whole(nowhere, [0.5, 0.5], PredictionRegion(0.9, ("a",))), top_k=3, min_confidence=0.0
    )
    assert told["places"] == [{"place": "elsewhere", "probability": 1.0}]
    assert (told["prediction_set"], "prediction_circle" in told) == (["elsewhere"], False)


KINDS = PlaceVocabulary("category", (Place("home"), Place("food"), Place("住宅区"), Place("travel")))


def test_homes_are_withheld_and_leave_no_trace_of_how_probable_they_were() -> None:
    answers = [
        SpatialGeneralisation(KINDS).generalise(
            whole(KINDS, [h, 0.3 * (1 - h), 0.0, 0.7 * (1 - h)]), top_k=5, min_confidence=0.5
        )
        for h in (0.0, 0.5, 0.99)
    ]
    for one, other in pairwise(answers):
        assert one == other
    assert [place["place"] for place in answers[0]["places"]] == ["travel", "food"]
    assert "prediction_set" not in SpatialGeneralisation(KINDS).generalise(
        whole(KINDS, [0.25] * 4, PredictionRegion(0.9, ("home",))), top_k=5, min_confidence=0.0
    )
    told = SpatialGeneralisation(KINDS, home=True).generalise(
        whole(KINDS, [0.7, 0.1, 0.1, 0.1]), top_k=1, min_confidence=0.0
    )
    assert (told["places"][0]["place"], told["home"], told["granularity"]) == ("home", True, "category")
