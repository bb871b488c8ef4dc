import json
from typing import Any

import numpy as np

from postplace.places.geojson import FeatureCollection, feature_collection
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace

TOWER, CAFE = Place("塔", 31.24, 121.5), Place("café")
PREDICTIONS = [
    Prediction("p1", (RankedPlace(TOWER, 0.75), RankedPlace(CAFE, 0.25)), ("text", "image")),
    Prediction("p2", (), ()),
    Prediction("p3", (RankedPlace(Place("x", float(np.float32(0)), 180.0), 1.0),), ("hashtags",)),
]
GEOJSON_MEMBERS = {"coordinates", "geometries", "geometry", "features"}


def check_rfc_7946(collection: dict[str, Any]) -> None:
    """The rules of RFC 7946 that bear on a collection of points."""
    assert collection["type"] == "FeatureCollection"  # 3.3
    assert isinstance(collection["features"], list)
    assert not GEOJSON_MEMBERS - {"features"} & set(collection)  # 7.1
    assert "crs" not in collection  # 4: WGS84 alone
    assert len({feature["id"] for feature in collection["features"]}) == len(collection["features"])
    for feature in collection["features"]:
        assert feature["type"] == "Feature"  # 3.2
        assert not {"coordinates", "geometries", "features"} & set(feature)  # 7.1
        assert isinstance(feature["properties"], dict)
        assert isinstance(feature["id"], str | int | float)
        geometry = feature["geometry"]  # the member is there, if null
        if geometry is not None:
            assert geometry["type"] == "Point"
            longitude, latitude = geometry["coordinates"]  # 3.1.1: longitude first
            assert all(isinstance(degrees, float) for degrees in (longitude, latitude))
            assert -180 <= longitude <= 180
            assert -90 <= latitude <= 90


def test_the_collection_keeps_the_rules_of_geojson() -> None:
    collection = json.loads(json.dumps(feature_collection(PREDICTIONS), allow_nan=False))
    check_rfc_7946(collection)
    assert collection["features"][0]["geometry"]["coordinates"] == [121.5, 31.24]


def test_one_feature_a_ranked_place_with_its_properties() -> None:
    features = feature_collection(PREDICTIONS)["features"]
    assert [feature["id"] for feature in features] == ["p1/1", "p1/2", "p2/0", "p3/1"]
    assert features[1]["geometry"] is None
    assert features[1]["properties"] == {
        "post": "p1",
        "rank": 2,
        "probability": 0.25,
        "name": "café",
        "modalities": ["text", "image"],
        "confident": True,
    }


def test_a_post_without_a_prediction_is_not_lost() -> None:
    (feature,) = feature_collection([Prediction("p2", (), (), confident=False)])["features"]
    assert feature["geometry"] is None
    nothing = {"rank": None, "probability": None, "name": None}
    assert feature["properties"] == {"post": "p2", **nothing, "modalities": [], "confident": False}


def test_the_prediction_region_stands_with_each_place() -> None:
    ranked = tuple(RankedPlace(Place(name, 31.0, 121.0), 0.5) for name in ("a", "b"))
    promise = PredictionRegion(0.9, ("a",), (31.123456789, 121.0), 0.98765)
    first, second = feature_collection([Prediction("p", ranked, ("text",), region=promise)])["features"]
    assert first["properties"]["in_set"]
    assert not second["properties"]["in_set"]
    assert first["properties"]["prediction_circle"] == [121.0, 31.123457, 0.988]
    assert first["properties"]["level"] == 0.9


def test_degrees_are_rounded_to_a_tenth_of_a_metre() -> None:
    place = Place("tower", float(np.float32(31.23456789)), 121.98765432109876)
    (feature,) = feature_collection([Prediction("p1", (RankedPlace(place, 1.0),), ("image",))])["features"]
    geometry = feature["geometry"]
    assert geometry is not None
    assert geometry["coordinates"] == [121.987654, 31.234568]


def test_no_predictions_are_an_empty_collection() -> None:
    assert feature_collection([]) == FeatureCollection(type="FeatureCollection", features=[])
