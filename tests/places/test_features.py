"""GeoJSON as candidates: forms of files, properties of several programs, what is cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from postplace.errors import BadPlace
from postplace.places import features
from postplace.places.features import feature_candidates, is_geojson
from postplace.places.open_data import Candidate

POINT = {"type": "Point", "coordinates": [13.5, 51.0]}


def feature(properties: object, **members: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": POINT, "properties": properties} | members


def read(path: Path, text: str) -> list[Candidate]:
    file = path / "a.geojson"
    file.write_text(text, encoding="utf-8")
    return list(feature_candidates([file]))


def one(path: Path, properties: object, **members: object) -> Candidate:
    (place,) = read(path, json.dumps(feature(properties, **members)))
    return place


def test_properties_as_tags_of_openstreetmap(tmp_path: Path) -> None:
    tags = {"@id": "way/7", "name": " Old\tMill ", "name:fr": "Moulin; Old Mill", "amenity": "bar", "note": ""}
    place = one(tmp_path, tags)
    assert (place.place, place.name, place.aliases) == ("way/7", "Old Mill", ("Moulin",))
    assert (place.latitude, place.longitude) == (51.0, 13.5)
    assert (place.category, place.labels, place.completeness) == ("Restaurant", ("amenity=bar",), (4, ""))


def test_properties_of_overture_maps_as_gdal_writes_them(tmp_path: Path) -> None:
    nested = {"names": '{"primary": "Inn"}', "categories": '{"primary": "hotel", "alternate": ["bar"]}'}
    place = one(tmp_path, nested, id="08f")
    assert (place.place, place.name, place.category, place.labels) == ("08f", "Inn", "Travel", ("hotel", "bar"))
    damaged = one(tmp_path, {"name": "Inn", "categories": '{"primary": '})
    assert (damaged.name, damaged.category, damaged.labels) == ("Inn", "", ())


def test_a_category_that_is_a_class_is_taken_and_another_is_a_label(tmp_path: Path) -> None:
    assert one(tmp_path, {"name": "a", "category": "Gym", "amenity": "bar"}).category == "Gym"
    yard = one(tmp_path, {"name": "a", "category": "yard"})
    assert (yard.category, yard.labels) == ("", ("yard",))


@pytest.mark.parametrize(
    ("properties", "members", "expected"),
    [
        ({"@id": "n/1", "id": "2"}, {"id": 0}, "0"),  # the feature's own comes first, a nought too
        ({"osm_id": 5, "place": "p"}, {"id": None}, "5"),
        ({"name:en": "Tower"}, {}, "Tower"),  # its name stands for the id that it has not
        (None, {}, ""),
        (["no", "object"], {}, ""),
    ],
)
def test_the_id_of_a_place(properties: object, members: dict[str, object], expected: str, tmp_path: Path) -> None:
    assert one(tmp_path, properties, **members).place == expected


def test_a_feature_without_a_geometry_has_no_position(tmp_path: Path) -> None:
    place = one(tmp_path, {"name": "a"}, geometry=None)
    assert (place.latitude, place.longitude) == (None, None)


@pytest.mark.parametrize("chunk", [1, 7, 2**16])
def test_pieces_of_any_length_give_the_same(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [feature({"name": name}) for name in ("a, ]", "b}", "\u5854")]
    forms = [
        json.dumps({"type": "FeatureCollection", "name": "x" * 50, "features": several, "bbox": [13, 51, 14, 52]}),
        "\n".join(map(json.dumps, several)),
        "".join(f"\x1e{json.dumps(each)}\n" for each in several),
    ]
    whole = chunk > 7  # a file of features alone is recognised by its first piece
    monkeypatch.setattr(features, "_CHUNK", chunk)
    for form in forms if whole else forms[:1]:
        assert [place.name for place in read(tmp_path, form)] == ["a, ]", "b}", "\u5854"]
    assert read(tmp_path, '{"type": "FeatureCollection", "features": []}') == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps({"type": "FeatureCollection", "features": [feature(None), 5]}), "feature 2: is no feature"),
        ('{"type": "FeatureCollection", "features": [' + json.dumps(feature(None)), r"is no complete GeoJSON \(Value"),
        (json.dumps(feature(None))[:-1], r"is no complete GeoJSON \(JSONDecodeError\); export it again"),
        ('{"type": "FeatureCollection"}', "is no complete GeoJSON"),
    ],
)
def test_what_is_damaged_is_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'\xef\xbb\xbf {"type" : "FeatureCollection"', True),
        (b'\x1e{"id": 1, "type": "Feature"}', True),
        (b'{"type": "Point"}', False),
        (b'[{"type": "Feature"}]', False),
        (b'{"type": "Feature", "name": "\xff"}', False),
    ],
)
def test_what_begins_as_geojson(content: bytes, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert is_geojson(tmp_path / "a") is expected
    assert is_geojson(tmp_path) is False
