"""One point of a geometry, with hand-computed values."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.places.geometry import inner_point, interior_point

SQUARE = [[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]
FAR = [[10, 0], [11, 0], [11, 1], [10, 1], [10, 0]]
HOLE = [[1, 0.5], [3.5, 0.5], [3.5, 1.5], [1, 1.5], [1, 0.5]]
HORSESHOE = [[0, 0], [5, 0], [5, 3], [4, 3], [4, 1], [2, 1], [2, 3], [0, 3], [0, 0]]


@pytest.mark.parametrize(
    ("geometry", "point"),
    [
        ({"type": "Point", "coordinates": [13.5, 51.0, 7.0]}, (13.5, 51.0)),
        ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, (1, 2)),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1], [5, 5]]}, (1, 1)),
        ({"type": "Polygon", "coordinates": [SQUARE]}, (2, 1)),
        ({"type": "Polygon", "coordinates": [SQUARE, HOLE]}, (0.5, 1)),  # west of the hole there is more room
        ({"type": "Polygon", "coordinates": [HORSESHOE]}, (1, 2)),  # the middle of its box, (2.5, 1.5), is outside
        ({"type": "MultiPolygon", "coordinates": [[FAR], [SQUARE]]}, (2, 1)),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]}, (1, 2)),
        ("POINT (13.5 51)", (13.5, 51.0)),
        ("SRID=4326;POINT Z (13.5 51 7)", (13.5, 51.0)),
        ("MULTIPOINT ((1 2),(3 4))", (1, 2)),
        ("POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))", (2, 1)),
        ("MULTIPOLYGON (((10 0,11 0,11 1,10 1,10 0)),((0 0,4 0,4 2,0 2,0 0)))", (2, 1)),
        (struct.pack("<BIdd", 1, 1, 13.5, 51.0), (13.5, 51.0)),
        (struct.pack(">BIdd", 0, 1001, 13.5, 51.0) + b"\0" * 8, (13.5, 51.0)),
        (struct.pack("<BIIdd", 1, 0x20000001, 4326, 13.5, 51.0), (13.5, 51.0)),
    ],
)
def test_a_point_of_every_kind(geometry: object, point: tuple[float, float]) -> None:
    assert inner_point(geometry) == point


@pytest.mark.parametrize(
    "geometry",
    [
        *(
            None,
            5,
            "",
            "CIRCLE (1 2)",
            "POINT EMPTY",
            "POINT (x y)",
            b"",
            b"\x01",
            struct.pack("<BIdd", 1, 3, 1.0, 2.0),
        ),
        *({}, {"type": "Point"}, {"type": "Point", "coordinates": []}, {"type": "Polygon", "coordinates": [[]]}),
        {"type": "Point", "coordinates": ["north", 1]},
        {"type": "Point", "coordinates": [float("nan"), 1]},
        struct.pack("<BIdd", 1, 1, float("nan"), 51.0),
    ],
)
def test_what_is_no_geometry_has_no_point(geometry: object) -> None:
    assert inner_point(geometry) is None


def test_a_polygon_without_height_is_its_first_vertex() -> None:
    assert interior_point([[(1, 2), (3, 2), (1, 2)]]) == (1, 2)


FIJI = [[179.9, -17], [-179.9, -17], [-179.9, -16.8], [179.9, -16.8], [179.9, -17]]


def test_a_polygon_that_is_not_cut_at_the_antimeridian() -> None:
    """It is 0.2 degrees wide, not 359.8: longitudes run on from 179.9 to 180.1."""
    assert inner_point({"type": "Polygon", "coordinates": [FIJI]}) == pytest.approx((180, -16.9))
    text = ", ".join(f"{x} {y}" for x, y in FIJI)
    assert inner_point(f"POLYGON (({text}))") == pytest.approx((180, -16.9))
    east = [[x if x > 0 else x + 0.6, y] for x, y in FIJI]  # 179.9 to 180.7
    assert inner_point({"type": "Polygon", "coordinates": [east]}) == pytest.approx((-179.7, -16.9))
    assert inner_point({"type": "MultiPolygon", "coordinates": [[SQUARE], [FIJI]]}) == (2, 1), "it is the larger one"
    hole = [[-180, -16.95], [-179.92, -16.95], [-179.92, -16.85], [-180, -16.85], [-180, -16.95]]
    assert inner_point({"type": "Polygon", "coordinates": [FIJI, hole]}) == pytest.approx((179.95, -16.9))


def test_a_band_around_the_globe_stays_one() -> None:
    band = [[-180, -10], [180, -10], [180, 10], [-180, 10], [-180, -10]]
    assert inner_point({"type": "Polygon", "coordinates": [band]}) == (0, 0)
    long = [[-100, 0], [0, 0], [100, 0], [100, 2], [0, 2], [-100, 2], [-100, 0]]  # no step of more than 180 degrees
    assert inner_point({"type": "Polygon", "coordinates": [long]}) == (0, 1)


JSON: Any = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates"]), inner),
    max_leaves=12,
)


@given(kind=st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "GeometryCollection"]), inside=JSON)
def test_anything_at_all_is_a_point_or_none(kind: str, inside: object) -> None:
    point = inner_point({"type": kind, "coordinates": inside, "geometries": inside})
    assert point is None or all(isinstance(degree, float | int) for degree in point)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=9))
def test_the_point_lies_within_the_box_of_its_polygon(ring: list[tuple[int, int]]) -> None:
    point = inner_point(json.loads(json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})))
    assert point is not None
    assert min(x for x, _ in ring) <= point[0] <= max(x for x, _ in ring)
    assert min(y for _, y in ring) <= point[1] <= max(y for _, y in ring)
