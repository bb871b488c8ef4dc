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
        rings = [[[_pair(vertex) for vertex in ring] for ring in polygon] for polygon in polygons]
        return interior_point(max(rings, key=lambda polygon: abs(_area(polygon[0]))))
    return None


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
