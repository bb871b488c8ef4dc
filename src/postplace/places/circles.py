"""Prediction circles as polygons of GeoJSON: split at the antimeridian, closed over a pole (RFC 7946, 3.1.9)."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from postplace.places.distance import EARTH_RADIUS_KM

CORNERS = 72  # of a circle; the polygon lies within it, its area is 0.13 % less
LEAST_KM = 0.001
LARGEST = 90.0 - 1e-7  # degrees of latitude: at a pole itself there is no east
DECIMALS = 6  # of degrees: a tenth of a metre

Ring = list[list[float]]  # longitude and latitude of each corner, the first again at the end
Degrees = NDArray[np.float64]  # (K, 2): longitude, latitude


class Polygons(TypedDict):
    """Rings anticlockwise, without holes; one polygon on each side of the antimeridian."""

    type: str
    coordinates: list[list[Ring]]


WORLD: Degrees = np.array([(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0)])


def circle_polygons(latitude: float, longitude: float, radius_km: float) -> Polygons:
    """All within `radius_km` of a centre in degrees, as a MultiPolygon of one polygon or two.

    A circle that holds both poles is drawn as the whole world, of which it leaves out less than half; one of less than
    a metre as one of a metre.

    >>> [len(polygon[0]) for polygon in circle_polygons(-17.0, 179.99, 5.0)["coordinates"]]
    [44, 34]
    """
    corners = circle_corners(latitude, longitude, radius_km)
    poles = [abs(np.radians(pole - latitude)) * EARTH_RADIUS_KM <= radius_km for pole in (90.0, -90.0)]
    if all(poles):
        parts = [WORLD]
    elif any(poles):
        parts = [_over_pole(corners, 90.0 if poles[0] else -90.0)]
    else:
        parts = _split(corners)
    return {"type": "MultiPolygon", "coordinates": [[_ring(part)] for part in parts]}


def circle_corners(latitude: float, longitude: float, radius_km: float) -> Degrees:
    """Points (72, 2) of longitude and latitude at that distance, anticlockwise; longitudes run on beyond 180."""
    angle = max(radius_km, LEAST_KM) / EARTH_RADIUS_KM
    latitude = float(np.clip(latitude, -LARGEST, LARGEST))
    bearing = -2.0 * np.pi * np.arange(CORNERS) / CORNERS
    start = np.radians(latitude)
    sine = np.sin(start) * np.cos(angle) + np.cos(start) * np.sin(angle) * np.cos(bearing)
    north = np.arcsin(np.clip(sine, -1.0, 1.0))
    east = np.arctan2(np.sin(bearing) * np.sin(angle) * np.cos(start), np.cos(angle) - np.sin(start) * sine)
    return np.stack([longitude + np.degrees(east), np.degrees(north)], axis=1)


def _over_pole(corners: Degrees, pole: float) -> Degrees:
    """The polygon between a pole and a ring around it, from the antimeridian to the antimeridian."""
    turned = np.stack([(corners[:, 0] + 180.0) % 360.0 - 180.0, corners[:, 1]], axis=1)
    ring = turned[np.argsort(turned[:, 0])]
    first, last = ring[0] + [360.0, 0.0], ring[-1]
    share = (180.0 - last[0]) / (first[0] - last[0])
    edge = float(last[1] + share * (first[1] - last[1]))  # where the ring meets the antimeridian
    return np.array([(-180.0, edge), *ring, (180.0, edge), (180.0, pole), (-180.0, pole)])


def _split(corners: Degrees) -> list[Degrees]:
    parts = []
    for turn in (-360.0, 0.0, 360.0):  # the world to the west, this one, and the one to the east
        part = _clipped(_clipped(corners - [turn, 0.0], west=-180.0), east=180.0)
        if len(part) > 2 and float(np.ptp(part[:, 0])) > 0.0:
            parts.append(part)
    return parts


def _clipped(corners: Degrees, *, west: float | None = None, east: float | None = None) -> Degrees:
    """What of a polygon lies east of `west`, or west of `east` (Sutherland and Hodgman, CACM 17, 1974)."""
    edge, sign = (west, 1.0) if west is not None else (east or 0.0, -1.0)
    kept = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside, next_inside = sign * (start[0] - edge) >= 0.0, sign * (end[0] - edge) >= 0.0
        if inside:
            kept.append(start)
        if inside != next_inside:
            share = (edge - start[0]) / (end[0] - start[0])
            kept.append(np.array([edge, start[1] + share * (end[1] - start[1])]))
    return np.array(kept).reshape(-1, 2)


def _ring(corners: Degrees) -> Ring:
    """Rounded, anticlockwise (3.1.6), closed, and no corner twice in a row."""
    x, y = corners[:, 0], corners[:, 1]
    if float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) < 0.0:
        corners = corners[::-1]
    ring: Ring = []
    for longitude, latitude in (np.round(corners, DECIMALS) + 0.0).tolist():
        if not ring or ring[-1] != [longitude, latitude]:
            ring.append([longitude, latitude])
    return ring + ring[:1]
