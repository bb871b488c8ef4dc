"""Places of Overture Maps, OpenStreetMap and GeoJSON: every row is kept or counted, what is no kind is named."""

from __future__ import annotations

import csv
import json
import os
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from postplace.errors import BadOption, BadPlace
from postplace.places import fsq
from postplace.places.fsq import Box, FsqPlaces, PostCounts
from postplace.places.known import KnownPlace, read_places, write_places
from postplace.places.open_data import NO_DEGREES, OpenPlaces
from postplace.places.open_files import open_places
from postplace.schema import Post

BOX = Box(50.0, 13.0, 52.0, 14.0)
COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))


def found(source: Path, **options: Any) -> tuple[list[KnownPlace], FsqPlaces | OpenPlaces]:
    """The places; every row must be kept or counted."""
    places = open_places(source, box=options.pop("box", BOX), **options)
    kept = list(places)
    assert list(places) == kept, "and again"
    assert places.kept == len(kept)
    assert places.rows == places.kept + places.left_out.total()
    return kept, places


# --- Overture Maps


def overture(number: int = 0, **changes: object) -> dict[str, Any]:
    """One row of the theme places."""
    longitude, latitude = 13.7 + number / 1000, 51.05
    bbox = {"xmin": longitude, "xmax": longitude, "ymin": latitude, "ymax": latitude}
    return {
        "id": f"08f1f{number:03}",
        "geometry": struct.pack("<BIdd", 1, 1, longitude, latitude),
        "bbox": bbox,
        "names": {"primary": f"Place {number}", "common": [("fr", f"Lieu {number}")]},
        "categories": {"primary": "thai_restaurant", "alternate": ["bar"]},
        "confidence": 0.9,
        "operating_status": "open",
        "websites": ["https://x.example"],
    } | changes


SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("geometry", pa.binary()),
        ("bbox", pa.struct([(name, pa.float32()) for name in ("xmin", "xmax", "ymin", "ymax")])),
        ("names", pa.struct([("primary", pa.string()), ("common", pa.map_(pa.string(), pa.string()))])),
        ("categories", pa.struct([("primary", pa.string()), ("alternate", pa.list_(pa.string()))])),
        ("confidence", pa.float64()),
        ("operating_status", pa.string()),
        ("websites", pa.list_(pa.string())),
    ]
)


def save_overture(path: Path, *rows: dict[str, Any], schema: pa.Schema = SCHEMA) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema), path)
    return path


def test_overture_maps(tmp_path: Path) -> None:
    away = struct.pack("<BIdd", 1, 1, 20.0, 51.0)
    rows = [
        overture(0),
        overture(1, categories={"primary": "church", "alternate": None}),
        overture(2, operating_status="permanently_closed"),
        overture(3, geometry=away, bbox={"xmin": 20.0, "xmax": 20.0, "ymin": 51.0, "ymax": 51.0}),
        overture(4, names={"primary": None, "common": None}),
        overture(5, geometry=None),
        overture(0),
        overture(7, categories=None),
    ]
    kept, places = found(save_overture(tmp_path / "theme=places" / "part-0.parquet", *rows).parent)
    assert kept[0] == KnownPlace("08f1f000", "Place 0", 51.05, 13.7, "Restaurant", ("Lieu 0",))
    assert [place.place for place in kept] == ["08f1f000", "08f1f005"]
    assert kept[1].longitude == pytest.approx(13.705, abs=1e-5)  # of `bbox`
    assert places.left_out == {
        fsq.NO_CLASS: 1,
        fsq.CLOSED: 1,
        fsq.OUTSIDE: 1,
        fsq.NO_NAME: 1,
        fsq.AGAIN: 1,
        fsq.NO_CATEGORY: 1,
    }
    assert places.without_class == {"church": 1}


def test_overture_of_2026_and_as_others_save_it(tmp_path: Path) -> None:
    taxonomy = {"primary": "motel", "hierarchy": ["lodging", "motel"]}
    row = {"id": "1", "names": {"primary": "Inn"}, "taxonomy": taxonomy, "geometry": "POINT (13.7 51.05)"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    kept, _ = found(tmp_path / "a.parquet", box=Box(51.0, 13.6, 51.1, -170.0))  # across the date line
    assert kept == [KnownPlace("1", "Inn", 51.05, 13.7, "Travel")]


def test_the_box_of_a_place_across_the_antimeridian(tmp_path: Path) -> None:
    bbox = {"xmin": 179.5, "xmax": -179.25, "ymin": -17.0, "ymax": -16.0}  # 1.25 degrees wide
    save_overture(tmp_path / "a.parquet", overture(1, geometry=None, bbox=bbox))
    (place,), _ = found(tmp_path / "a.parquet", box=Box(-18.0, 179.0, -16.0, -179.0))
    assert (place.latitude, place.longitude) == (-16.5, -179.875)


def test_the_most_complete_and_those_near_posts(tmp_path: Path) -> None:
    rows = [overture(0, websites=None), overture(1, confidence=0.5), overture(2), overture(3, confidence=0.95)]
    path = save_overture(tmp_path / "a.parquet", *rows)
    kept, places = found(path, max_places=2)
    assert [place.place for place in kept] == ["08f1f003", "08f1f002"]
    assert places.left_out == {fsq.LESS_COMPLETE: 2}
    counts = PostCounts([Post("1", latitude=51.05, longitude=13.701)], radius_km=0.01)
    kept, places = found(path, visits=counts)
    assert [place.place for place in kept] == ["08f1f001"]
    assert places.left_out == {fsq.FEW_POSTS: 3}
    with pytest.raises(BadOption, match="0 posts are no cut"):
        open_places(path, box=BOX, min_posts=0)
    with pytest.raises(BadOption, match="0 places requested"):
        open_places(path, box=BOX, max_places=0)


# --- OpenStreetMap


def save_table(path: Path, *rows: Sequence[object], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def test_a_layer_of_geofabrik(tmp_path: Path) -> None:
    header = ["osm_id", "code", "fclass", "name", "lat", "lon"]
    rows = [
        [1, 2301, "restaurant", "Old  Mill", 51.05, 13.73],
        [2, 2301, "bench", "Bank", 51.05, 13.73],
        [3, 2501, "supermarket", "", 51.05, 13.73],
        [4, 2301, "cafe", "Far", 60, 13.73],
        [5, 2301, "cafe", "Metres", 6623000, 1528000],
        [6, 2301, "cafe", "Nowhere", "", ""],
        [1, 2301, "restaurant", "Old Mill", 51.05, 13.73],
    ]
    kept, places = found(save_table(tmp_path / "pois.csv", header, *rows))
    assert kept == [KnownPlace("1", "Old Mill", 51.05, 13.73, "Restaurant")]
    assert places.left_out == {fsq.NO_CLASS: 1, fsq.NO_NAME: 1, fsq.OUTSIDE: 2, NO_DEGREES: 1, fsq.AGAIN: 1}
    assert places.without_class == {"bench": 1}


def test_what_ogr2ogr_overpass_and_quickosm_write(tmp_path: Path) -> None:
    tags = '"amenity"=>"bar","name:fr"=>"Le Bar; Chez Lev"'
    ogr = save_table(tmp_path / "xy.csv", ["X", "Y", "osm_id", "name", "place", "other_tags"])
    save_table(ogr, ["X", "Y", "osm_id", "name", "place", "other_tags"], [13.73, 51.05, 1, "Lev's", "", tags])
    assert found(ogr)[0] == [KnownPlace("1", "Lev's", 51.05, 13.73, "Restaurant", ("Le Bar", "Chez Lev"))]
    wkt = "MULTIPOLYGON (((13.72 51.04,13.74 51.04,13.74 51.06,13.72 51.06,13.72 51.04)))"
    polygons = save_table(
        tmp_path / "p.csv", ["WKT", "osm_id", "osm_way_id", "name", "tourism"], [wkt, "", 7, "A", "zoo"]
    )
    ((zoo,), _) = found(polygons)
    assert (zoo.place, zoo.category) == ("7", "Travel")
    assert (zoo.latitude, zoo.longitude) == pytest.approx((51.05, 13.73))
    header = ["@type", "@id", "@lat", "@lon", "name", "shop"]
    rows = [["node", 1, 51.05, 13.73, "Node", "books"], ["way", 1, 51.05, 13.73, "Way", "hairdresser"]]
    overpass = save_table(tmp_path / "o.csv", header, *rows, delimiter="\t")
    kept, places = found(overpass)
    assert [(place.place, place.category) for place in kept] == [("node/1", "Shopping")]
    assert places.without_class == {"shop=hairdresser": 1}
    assert [place.place for place in found(overpass, any_category=True)[0]] == ["node/1", "way/1"]


def test_degrees_with_a_decimal_comma(tmp_path: Path) -> None:
    header = ["osm_id", "fclass", "name", "lat", "lon"]
    table = save_table(tmp_path / "a.csv", header, [1, "bar", "A", "51,05", "13,73"], delimiter=";")
    ((place,), _) = found(table)
    assert (place.latitude, place.longitude) == (51.05, 13.73)


# --- GeoJSON


def feature(number: int = 0, **properties: object) -> dict[str, Any]:
    values = {"@id": f"node/{number}", "name": f"Place {number}", "amenity": "bar"} | properties
    point = {"type": "Point", "coordinates": [13.73, 51.05]}
    return {"type": "Feature", "id": f"node/{number}", "properties": values, "geometry": point}


@pytest.mark.parametrize("form", ["collection", "indented", "lines", "separated", "one"])
def test_geojson_in_every_form(tmp_path: Path, form: str) -> None:
    ring = [[13.70, 51.0], [13.74, 51.0], [13.74, 51.02], [13.70, 51.02], [13.70, 51.0]]
    polygon = feature(1, leisure="park", amenity=None) | {"geometry": {"type": "Polygon", "coordinates": [ring]}}
    features = [feature()] if form == "one" else [feature(), polygon]
    whole = {"type": "FeatureCollection", "name": "x", "features": features}
    texts = {
        "collection": json.dumps(whole),
        "indented": json.dumps(whole, indent=2),
        "lines": "\n".join(map(json.dumps, features)),
        "separated": "".join(f"\x1e{json.dumps(each)}\n" for each in features),
        "one": json.dumps(features[0], indent=1),
    }
    (tmp_path / "a.geojson").write_text(texts[form])
    kept, _ = found(tmp_path)
    assert kept[0] == KnownPlace("node/0", "Place 0", 51.05, 13.73, "Restaurant")
    if form != "one":
        assert kept[1].category == "Travel"
        assert kept[1].latitude == pytest.approx(51.01)


def test_properties_of_overture_of_ones_own_and_none(tmp_path: Path) -> None:
    own = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [13.7, 51.0]}}
    features = [
        own | {"properties": {"id": "a", "names": '{"primary": "Inn"}', "categories": '{"primary": "hotel"}'}},
        own | {"properties": {"name": "Our gym", "category": "Gym"}},
        own | {"properties": {"name": "Yard", "category": "yard"}},
        own | {"properties": None},
        {"type": "Feature", "properties": {"name": "x"}, "geometry": None},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    kept, places = found(tmp_path / "a.json")
    assert [(place.place, place.name, place.category) for place in kept] == [
        ("a", "Inn", "Travel"),
        ("Our gym", "Our gym", "Gym"),  # its name stands for the id that it has not
    ]
    assert places.left_out == {fsq.NO_CLASS: 1, fsq.NO_ID: 1, fsq.OUTSIDE: 1}
    assert places.without_class == {"yard": 1}


def test_a_place_at_zero_is_nowhere_and_counted(tmp_path: Path) -> None:
    nowhere = feature(1) | {"geometry": {"type": "Point", "coordinates": [0, 0]}}
    (tmp_path / "a.geojson").write_text("\n".join(map(json.dumps, [nowhere, feature(2)])))
    kept, places = found(tmp_path / "a.geojson", box=Box(-60.0, -30.0, 60.0, 30.0))
    assert len(kept) == 1
    assert places.left_out == {fsq.NO_POSITION: 1}


def test_a_polygon_across_the_antimeridian_lies_in_its_box(tmp_path: Path) -> None:
    ring = [[179.9, -17], [-179.9, -17], [-179.9, -16.9], [179.9, -16.9], [179.9, -17]]
    (tmp_path / "a.geojson").write_text(
        json.dumps(feature(1) | {"geometry": {"type": "Polygon", "coordinates": [ring]}})
    )
    (place,), _ = found(tmp_path / "a.geojson", box=Box(-18.0, 179.0, -16.0, -179.0))
    assert (place.latitude, abs(place.longitude or 0)) == pytest.approx((-16.95, 180.0))


def test_a_large_collection_is_read_in_pieces(tmp_path: Path) -> None:
    features = [feature(number, note="x" * 500) for number in range(3000)]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert len(found(tmp_path / "a.geojson")[0]) == 3000


# --- what is none of them


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "fsq_place_id,name,latitude\n", "is FSQ OS Places saved as a table of text"),
        ("a.csv", "place,name,latitude,longitude\n", "is a list of places already; give it to the option"),
        ("a.csv", "place;name\n", "is a list of places already"),
        ("a.csv", "id,text\n1,a\n", "is a table with the columns 'id', 'text', of no kind that is known; give FSQ"),
        ("a.csv", "osm_id,name\n1,a\n", "is a table of OpenStreetMap without coordinates; export them too"),
        ("a.csv", b"place,\xcd\xe2\n", "has no header that can be read as UTF-8; save the table as UTF-8"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [{"a": 1}]}', "feature 1: is no feature"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [', r"is no complete GeoJSON \(ValueError\)"),
        ("a.geojson", '{"type": "FeatureCollection"}', "is no complete GeoJSON"),
        ("a.geojson", '{"type": "Feature", "geometry": [' + "[" * 10**5, "is no complete GeoJSON"),
    ],
)
def test_what_is_none_of_them_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadPlace, match=message):
        list(open_places(tmp_path / name, box=BOX))


def test_several_kinds_in_a_folder_and_no_folder(tmp_path: Path) -> None:
    save_overture(tmp_path / "a.parquet", overture())
    (tmp_path / "b.geojson").write_text(json.dumps(feature()))
    with pytest.raises(BadPlace, match=r"several kinds of places: places of Overture Maps \(a.parquet\), GeoJSON"):
        open_places(tmp_path, box=BOX)
    with pytest.raises(BadPlace, match="does not exist"):
        open_places(tmp_path / "none", box=BOX)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    kept, _ = found(save_overture(tmp_path / "a.parquet", overture(0), overture(1)))
    write_places(kept, tmp_path / "places.csv")
    assert list(read_places(tmp_path / "places.csv").places) == kept


def test_every_mutated_row_is_kept_or_counted(tmp_path: Path) -> None:
    rng = random.Random(7)
    odd = ["", "x", "91", "-181", "nan", "inf", "1e400", "a;b", '"', " ", "0", "\x00", "restaurant", "9" * 50]
    header = ["osm_id", "code", "fclass", "name", "lat", "lon"]
    rows: list[list[object]] = []
    for number in range(COUNT):
        cells: list[object] = [rng.randrange(COUNT), 2301, "restaurant", f"Place {number}", 51.05, 13.73]
        if rng.random() < 0.5:
            cells[rng.randrange(6)] = rng.choice(odd)
        rows.append(cells[: rng.randrange(1, 7)] if rng.random() < 0.05 else cells)
    kept, places = found(save_table(tmp_path / "a.csv", header, *rows))
    assert places.rows == len([row for row in rows if any(map(str, row))])
    assert COUNT // 4 < len(kept) < COUNT
    values: list[Any] = [None, [], {}, "x", 5, {"type": "Point"}, {"type": "Point", "coordinates": [999, 1]}]
    features = [feature(number) for number in range(500)]
    for each in features:
        if rng.random() < 0.5:
            each[rng.choice(["id", "properties", "geometry"])] = rng.choice(values)
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    kept, places = found(tmp_path / "a.geojson")
    assert places.rows == 500
    assert len(kept) > 200
