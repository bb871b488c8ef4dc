"""A geometry, as GeoJSON, WKT or WKB -> one point in it."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain, pairwise
from typing import Any

Point = tuple[float, float]  # longitude, latitude
Ring = Sequence[Point]

_WKT = re.compile(r"\s*(?:SRID=4326;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(?:Z|M|ZM)?\s*(\(.*\))\s*", re.I | re.S)
_PAIR = re.compile(r"(-?[\d.]+(?:e[-+]?\d+)?)\s+(-?[\d.]+(?:e[-+]?\d+)?)(?:\s+-?[\d.e+-]+)*", re.I)
_EWKB_SRID, _EWKB_FLAGS = 0x20000000, 0xE0000000


def inner_point(geometry: object) -> Point | None:
    """A point of a GeoJSON object, a WKT text or WKB bytes: the point itself, the vertex in the middle of a line, a
    point inside a polygon (of several the one with the largest area). None for what is none of these, and for WKB of
    anything but a point.

    >>> inner_point({"type": "Point", "coordinates": [13.5, 51.0]}), inner_point("POINT (13.5 51)")
    ((13.5, 51.0), (13.5, 51.0))
    """
    with suppress(ValueError, TypeError, IndexError, KeyError, RecursionError, struct.error, OverflowError):
        if isinstance(geometry, bytes):
            return _wkb_point(geometry)
        if isinstance(geometry, str):
            geometry = _read_wkt(geometry)
        if isinstance(geometry, dict):
            point = _geojson_point(geometry)
            return point if point is not None and all(map(math.isfinite, point)) else None
    return None


def _geojson_point(geometry: dict[str, Any]) -> Point | None:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection":
        points = (inner_point(inner) for inner in geometry["geometries"])
        return next((point for point in points if point is not None), None)
    if not isinstance(coordinates, list) or not coordinates:
        return None
    if kind == "Point":
        return _pair(coordinates)
    if kind == "MultiPoint":
        return _pair(coordinates[0])
    if kind in ("LineString", "MultiLineString"):
        line = coordinates if kind == "LineString" else max(coordinates, key=len)
        return _pair(line[len(line) // 2])
    if kind in ("Polygon", "MultiPolygon"):
        polygons = [coordinates] if kind == "Polygon" else coordinates
        rings = [_continuous([[_pair(vertex) for vertex in ring] for ring in polygon]) for polygon in polygons]
        longitude, latitude = interior_point(max(rings, key=lambda polygon: abs(_area(polygon[0]))))
        return wrapped_longitude(longitude), latitude
    return None


def wrapped_longitude(longitude: float) -> float:
    """A longitude that was counted on beyond the antimeridian, from -180 to 180; what are no degrees is left as it is.

    >>> wrapped_longitude(181.0), wrapped_longitude(180.0), wrapped_longitude(-190.0), wrapped_longitude(1e6)
    (-179.0, 180.0, 170.0, 1000000.0)
    """
    return (longitude + 180) % 360 - 180 if 180 < abs(longitude) <= 360 else longitude


def _continuous(polygon: Sequence[Ring]) -> Sequence[Ring]:
    """A polygon whose longitudes run on beyond 180 where it crosses the antimeridian without being cut there (RFC 7946,
    3.1.9, asks for the cut, many programs leave it out); any other as it is.
    """
    outer = _unwrapped(polygon[0], near=polygon[0][0][0])
    span = _span(outer)
    # what goes around a pole does not close, and a whole band of latitude shrinks to a line
    if not 0 < span < _span(polygon[0]) or abs(outer[0][0] - outer[-1][0]) > 180:
        return polygon
    middle = min(longitude for longitude, _ in outer) + span / 2
    return [outer, *(_unwrapped(hole, near=middle) for hole in polygon[1:])]


def _unwrapped(ring: Ring, *, near: float) -> Ring:
    """The ring with each longitude within 180 degrees of the one before, the first of them of `near`."""
    points: list[Point] = []
    for longitude, latitude in ring:
        near = longitude - 360 * round((longitude - near) / 360)
        points.append((near, latitude))
    return points


def _span(ring: Ring) -> float:
    longitudes = [longitude for longitude, _ in ring]
    return max(longitudes) - min(longitudes)


def interior_point(polygon: Sequence[Ring]) -> Point:
    """A point inside a polygon (its outer ring, then its holes), in the plane of degrees: the middle of the widest
    stretch that lies inside, on the line of latitude half-way between south and north.

    >>> interior_point([[(0, 0), (4, 0), (4, 2), (0, 2), (0, 0)]])
    (2.0, 1.0)
    """
    latitudes = [latitude for _, latitude in polygon[0]]
    south, north = min(latitudes), max(latitudes)
    if south == north:
        return polygon[0][0]
    # between the two vertices nearest to the middle, so that the line passes through none
    middle = (south + north) / 2
    all_latitudes = list(chain.from_iterable([latitude for _, latitude in ring] for ring in polygon))
    below = max((latitude for latitude in all_latitudes if latitude <= middle), default=south)
    above = min((latitude for latitude in all_latitudes if latitude > middle), default=north)
    level = (below + above) / 2
    crossings = sorted(
        first[0] + (level - first[1]) * (second[0] - first[0]) / (second[1] - first[1])
        for ring in polygon
        for first, second in pairwise([*ring, ring[0]])
        if (first[1] > level) != (second[1] > level)
    )
    west, east = max(zip(crossings[::2], crossings[1::2], strict=False), key=lambda pair: pair[1] - pair[0])
    return (west + east) / 2, level


def _area(ring: Ring) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*ring, ring[0]])) / 2


def _pair(vertex: Sequence[Any]) -> Point:
    return float(vertex[0]), float(vertex[1])


def _read_wkt(text: str) -> dict[str, Any] | None:
    match = _WKT.fullmatch(text)
    if match is None:
        return None
    several, kind, inside = match.groups()
    listed = json.loads(_PAIR.sub(r"[\1,\2]", inside).replace("(", "[").replace(")", "]"))
    name = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}[kind.upper()]
    if several:
        flat = [item[0] if name == "Point" and isinstance(item[0], list) else item for item in listed]
        return {"type": f"Multi{name}", "coordinates": flat}
    return {"type": name, "coordinates": listed[0] if name == "Point" else listed}


def _wkb_point(content: bytes) -> Point | None:
    order = "<" if content[0] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}I", content, 1)
    if (kind & ~_EWKB_FLAGS) % 1000 != 1:
        return None
    longitude, latitude = struct.unpack_from(f"{order}dd", content, 9 if kind & _EWKB_SRID else 5)
    return (longitude, latitude) if math.isfinite(longitude) and math.isfinite(latitude) else None
