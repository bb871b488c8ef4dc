"""Rows of Overture Maps as candidates: names, labels, positions; what the box lets pass."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from postplace.errors import BadPlace
from postplace.places.fsq import CLOSED, OUTSIDE, Box
from postplace.places.open_data import Candidate
from postplace.places.overture import is_overture, overture_candidates

BOX = Box(50.0, 13.0, 52.0, 14.0)


def bounds(west: float, east: float, south: float, north: float) -> dict[str, float]:
    return {"xmin": west, "xmax": east, "ymin": south, "ymax": north}


def read(path: Path, *rows: dict[str, Any], box: Box = BOX) -> tuple[list[Candidate], Counter[str]]:
    pq.write_table(pa.Table.from_pylist(list(rows)), path / "a.parquet")
    left_out: Counter[str] = Counter()
    return list(overture_candidates([path / "a.parquet"], box, left_out)), left_out


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["id", "names", "geometry", "categories"], True),
        (["id", "names", "bbox", "taxonomy"], True),
        (["id", "names", "geometry"], False),  # of another theme, as buildings
        (["names", "geometry", "categories"], False),
        (["id", "names", "categories"], False),
    ],
)
def test_what_is_a_file_of_places(columns: list[str], expected: bool) -> None:
    assert is_overture(columns) is expected


def test_a_row_becomes_a_candidate(tmp_path: Path) -> None:
    row = {
        "id": "08f",
        "geometry": struct.pack(">BIdd", 0, 1, 13.7, 51.05),
        "names": {"primary": " Old \n Inn", "common": {"fr": "Auberge; Vieille", "de": None}},
        "categories": {"primary": "hotel", "alternate": ["bar", "hotel"]},
        "basic_category": "lodging",
        "confidence": 0.75,
        "operating_status": "permanently_closed",
        "websites": ["https://inn.example"],
        "phones": [],
    }
    (place,), left_out = read(tmp_path, row)
    assert (place.place, place.name, place.aliases) == ("08f", "Old Inn", ("Auberge, Vieille",))
    assert (place.latitude, place.longitude, place.unfit) == (51.05, 13.7, CLOSED)
    assert (place.category, place.labels) == ("Travel", ("hotel", "bar", "lodging"))
    assert place.completeness == (1, "0.7500")  # one detail that is not empty
    assert left_out.total() == 0


def test_the_most_special_level_of_the_taxonomy_comes_first(tmp_path: Path) -> None:
    taxonomy = {"primary": "karaoke", "hierarchy": ["food_and_drink", "bar", "karaoke"]}
    row = {"id": "1", "geometry": "POINT (13.5 51)", "names": {"primary": "x"}, "taxonomy": taxonomy}
    (place,), _ = read(tmp_path, row)
    assert (place.labels, place.category) == (("karaoke", "bar", "food_and_drink"), "Restaurant")


def test_rows_outside_the_box_are_counted_and_a_missing_geometry_is_the_middle(tmp_path: Path) -> None:
    common = {"names": {"primary": "x"}, "categories": {"primary": "bar"}}
    rows = [
        common | {"id": "inside", "bbox": bounds(13.0, 14.0, 51.0, 51.5)},
        common | {"id": "east", "bbox": bounds(14.5, 14.5, 51.0, 51.0)},
        common | {"id": "north", "bbox": bounds(13.5, 13.5, 52.5, 52.5)},
    ]
    (place,), left_out = read(tmp_path, *rows)
    assert (place.place, place.latitude, place.longitude) == ("inside", 51.25, 13.5)
    assert left_out == {OUTSIDE: 2}
    across = Box(50.0, 170.0, 52.0, -170.0)  # across the date line: `bbox` says nothing beforehand
    candidates, left_out = read(tmp_path, *rows, box=across)
    assert ([each.place for each in candidates], left_out.total()) == (["inside", "east", "north"], 0)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match=r"a\.parquet: holds no places of Overture Maps.*; give the files of one theme"):
        read(tmp_path, {"id": "1", "height": 3.0})
    (tmp_path / "b.parquet").write_bytes(b"no Parquet")
    with pytest.raises(BadPlace, match=r"b\.parquet: cannot be read as Parquet .*; download the file again"):
        list(overture_candidates([tmp_path / "b.parquet"], BOX, Counter()))
