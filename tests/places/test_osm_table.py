"""Tables of OpenStreetMap's places: headers, ids, tags and positions in the forms that programs write."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from postplace.errors import BadPlace
from postplace.places.open_data import Candidate
from postplace.places.osm_table import is_osm_table, read_header, table_candidates


def read(path: Path, text: str | bytes) -> list[Candidate]:
    file = path / "a.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(table_candidates([file]))


def test_the_header_whatever_parts_its_cells(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for text in (
        "\ufeffOSM_ID, Name ,lat\n",
        'osm_id;"name";LAT\n1;a,b,c,d;2\n',
        "osm_id\tname\tlat",
        "osm_id|name|lat",
    ):
        file.write_text(text, encoding="utf-8")
        assert read_header(file) == ["osm_id", "name", "lat"]
    file.write_bytes("osm_id,名".encode("gb18030"))
    assert read_header(file) == read_header(tmp_path / "none.csv") == read_header(tmp_path) == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["full_id", "x", "y"], True),
        (["@id", "@lat", "@lon"], True),
        (["name", "amenity"], True),
        (["amenity", "lat"], False),
        (["id", "name", "text"], False),
    ],
)
def test_what_is_a_table_of_openstreetmap(columns: list[str], expected: bool) -> None:
    assert is_osm_table(columns) is expected


def test_a_row_becomes_a_candidate(tmp_path: Path) -> None:
    tags = '""amenity""=>""bar"",""name:fr""=>""Le Bar; Chez Lev"",""alt_name""=>""Lev"",""phone""=>""1""'
    (place,) = read(tmp_path, f'osm_id,name,lat,lon,other_tags\n7, Lev ,51.05,13.5,"{tags}"\n,,,,\n')
    assert (place.place, place.name, place.latitude, place.longitude) == ("7", "Lev", 51.05, 13.5)
    assert (place.category, place.labels) == ("Restaurant", ("amenity=bar",))
    assert place.aliases == ("Le Bar", "Chez Lev")  # not the name itself
    # osm_id, lat, lon, other_tags; and of the tags name:fr, alt_name, phone
    assert place.completeness == (7, "")


def test_a_column_counts_for_more_than_the_other_tags(tmp_path: Path) -> None:
    (place,) = read(tmp_path, 'osm_id;name;amenity;other_tags;x;y\n7;a;cinema;"""amenity""=>""bar""";13.5;51\n')
    assert (place.category, place.longitude, place.latitude) == ("Cinema", 13.5, 51.0)


def test_a_node_and_a_way_of_one_number_are_two_places(tmp_path: Path) -> None:
    text = "@type\t@id\t@lat\t@lon\tname\nnode\t1\t51\t13\ta\nway\t1\t51\t13\tb\n\t2\t51\t13\tc\n\t\t51\t13\td\n"
    assert [place.place for place in read(tmp_path, text)] == ["node/1", "way/1", "2", "d"]


def test_a_position_from_a_geometry_where_the_numbers_are_none(tmp_path: Path) -> None:
    text = "osm_id,name,lat,lon,wkt\n1,a,,,POINT (13.5 51)\n2,b,north,13,\n3,c,51,13.25,POINT (0 0)\n4,d\n"
    found = [(place.latitude, place.longitude) for place in read(tmp_path, text)]
    assert found == [(51.0, 13.5), (None, None), (51.0, 13.25), (None, None)]


def test_a_long_polygon_is_read_and_the_limit_of_csv_restored(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    ring = ",".join(["13 51", "14 51", "14 52", "13 52", *["13 51"] * 30_000])
    (place,) = read(tmp_path, f'WKT,osm_id,name\n"POLYGON (({ring}))",1,park\n')
    assert (place.latitude, place.longitude) == (51.5, 13.5)
    assert csv.field_size_limit() == before


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match=r"a\.csv: is a table of OpenStreetMap without coordinates; export them too"):
        read(tmp_path, "osm_id,name,lat\n1,a,51\n")
    with pytest.raises(BadPlace, match="is not UTF-8; save the file as UTF-8"):
        read(tmp_path, "osm_id,name,lat,lon\n1,名,51,13\n".encode("gb18030"))
    with pytest.raises(BadPlace, match=r"none\.csv: cannot be read \("):
        list(table_candidates([tmp_path / "none.csv"]))
