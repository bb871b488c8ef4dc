import json
from typing import Any

import numpy as np

from postplace.places.geojson import FeatureCollection, feature_collection
from postplace.places.rows import COLUMNS
from postplace.schema import Place, Prediction, PredictionRegion, RankedPlace

TOWER, CAFE = Place("塔", 31.24, 121.5), Place("café")
PREDICTIONS = [
    Prediction("p1", (RankedPlace(TOWER, 0.75), RankedPlace(CAFE, 0.25)), ("text", "image")),
    Prediction("p2", (), ()),
    Prediction("p3", (RankedPlace(Place("x", float(np.float32(0)), 180.0), 1.0),), ("hashtags",)),
]
GEOJSON_MEMBERS = {"coordinates", "geometries", "geometry", "features"}


def at(*points: tuple[float, float]) -> list[Prediction]:
    """A prediction at each latitude and longitude, with a circle of 5 km around it."""
    found = []
    for number, (latitude, longitude) in enumerate(points):
        region = PredictionRegion(0.9, ("x",), (latitude, longitude), 5.0)
        ranked = (RankedPlace(Place("x", latitude, longitude), 1.0),)
        found.append(Prediction(str(number), ranked, ("text",), region=region))
    return found


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
    nothing = {"level": None, "radius_km": None, "circle_latitude": None, "circle_longitude": None}
    assert features[1]["properties"] == {
        "post": "p1",
        "rank": 2,
        "probability": 0.25,
        "name": "café",
        "modalities": "text image",
        "confident": 1,
        "in_set": 0,
        "coverage_over": "",
        "not_read": "",
        **nothing,
    }


def test_a_post_without_a_prediction_is_not_lost() -> None:
    (feature,) = feature_collection([Prediction("p2", (), (), confident=False)])["features"]
    assert feature["geometry"] is None
    missing = dict.fromkeys(("probability", "level", "radius_km", "circle_latitude", "circle_longitude"))
    empty = {"name": "", "modalities": "", "coverage_over": "", "not_read": ""}
    assert feature["properties"] == {"post": "p2", "rank": 0, "confident": 0, "in_set": 0, **missing, **empty}


def test_the_prediction_region_stands_with_each_place() -> None:
    ranked = tuple(RankedPlace(Place(name, 31.0, 121.0), 0.5) for name in ("a", "b"))
    promise = PredictionRegion(0.9, ("a",), (31.123456789, 121.0), 0.98765)
    first, second = feature_collection([Prediction("p", ranked, ("text",), region=promise)])["features"]
    assert (first["properties"]["in_set"], second["properties"]["in_set"]) == (1, 0)
    names = ("circle_longitude", "circle_latitude", "radius_km", "level", "coverage_over")
    assert [second["properties"][name] for name in names] == [121.0, 31.123457, 0.988, 0.9, "users"]


def test_degrees_are_rounded_to_a_tenth_of_a_metre() -> None:
    place = Place("tower", float(np.float32(31.23456789)), 121.98765432109876)
    (feature,) = feature_collection([Prediction("p1", (RankedPlace(place, 1.0),), ("image",))])["features"]
    geometry = feature["geometry"]
    assert geometry is not None
    assert geometry["coordinates"] == [121.987654, 31.234568]


def test_no_predictions_are_an_empty_collection() -> None:
    assert feature_collection([]) == FeatureCollection(type="FeatureCollection", features=[])


def test_properties_are_texts_and_numbers_of_one_type_in_every_feature() -> None:
    features = feature_collection([*PREDICTIONS, *at((31.0, 121.0))])["features"]
    names = [list(feature["properties"]) for feature in features]
    assert all(own == names[0] for own in names)
    for name in names[0]:
        types = {type(feature["properties"][name]) for feature in features} - {type(None)}
        assert types in ({str}, {int}, {float}), name
    assert names[0] == [column.property for column in COLUMNS if column.property is not None]


def test_the_box_of_the_collection_goes_the_short_way_across_the_antimeridian() -> None:
    assert feature_collection(at((31.0, 121.0), (30.0, 122.5)))["bbox"] == [121.0, 30.0, 122.5, 31.0]
    assert feature_collection(at((-17.0, 178.0), (-18.0, -179.5)))["bbox"] == [178.0, -18.0, -179.5, -17.0]


def test_a_circle_is_one_feature_cut_at_the_antimeridian() -> None:
    collection = feature_collection([*at((-17.0, 179.99)), Prediction("none", (), ())], shape="circles")
    crossing, nothing = collection["features"]
    assert (crossing["id"], nothing["id"], nothing["geometry"]) == ("0/1", "none/0", None)
    geometry = crossing["geometry"]
    assert geometry is not None
    assert geometry["type"] == "MultiPolygon"
    west, east = ([point[0] for point in polygon[0]] for polygon in geometry["coordinates"])
    assert (max(west), min(east)) == (180.0, -180.0)
    assert min(west) > 179.9
    assert max(east) < -179.9
    south, north = collection["bbox"][1], collection["bbox"][3]
    assert (round(south, 3), round(north, 3)) == (-17.045, -16.955)  # 5 km are 0.045 degrees
    assert collection["bbox"][0] == min(west)
    assert collection["bbox"][2] == max(east)


def test_longitudes_beyond_180_are_brought_back() -> None:
    (feature,) = feature_collection(at((0.0, 181.0)))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-179.0, 0.0]}
