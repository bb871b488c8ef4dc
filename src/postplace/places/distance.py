"""Distances and centres on the sphere: degrees WGS84 in, kilometres or degrees out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the WGS84 ellipsoid (Moritz, Geodetic Reference System 1980, J. Geodesy 74, 2000)."""

_MEDIAN_SMOOTHING = 0.001 / EARTH_RADIUS_KM  # 1 m, below what a post's coordinates are good for
_MEDIAN_STEPS = 200


def great_circle_km(
    latitude_a: ArrayLike, longitude_a: ArrayLike, latitude_b: ArrayLike, longitude_b: ArrayLike
) -> NDArray[np.float64]:
    """Great-circle distance in km between points in degrees; the four arguments broadcast. NaN stays NaN.

    The arctangent form of Vincenty (Survey Review 23, 1975) on the sphere: unlike the arccosine it keeps its digits
    for points a few metres apart, unlike the haversine for nearly antipodal ones.

    >>> float(great_circle_km(0.0, 0.0, 0.0, 90.0).round(3))  # a quarter of the circumference
    10007.557
    """
    a, b = np.radians(np.asarray(latitude_a, dtype=np.float64)), np.radians(np.asarray(latitude_b, dtype=np.float64))
    turn = np.radians(np.asarray(longitude_b, dtype=np.float64) - np.asarray(longitude_a, dtype=np.float64))
    # cos a sin b - sin a cos b cos(turn), regrouped: the difference of two near-equal products would lose digits
    north = np.sin(b - a) + 2.0 * np.sin(a) * np.cos(b) * np.sin(turn / 2.0) ** 2
    east = np.cos(b) * np.sin(turn)
    along = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(turn)
    return np.asarray(EARTH_RADIUS_KM * np.arctan2(np.hypot(north, east), along), dtype=np.float64)


def unit_vectors(latitudes: ArrayLike, longitudes: ArrayLike) -> NDArray[np.float64]:
    """Degrees (N,), (N,) -> points on the unit sphere (N, 3).

    >>> unit_vectors([0.0], [90.0]).round(6).tolist()
    [[0.0, 1.0, 0.0]]
    """
    latitude, longitude = np.radians(latitudes), np.radians(longitudes)
    east = np.cos(latitude) * np.sin(longitude)
    vectors = np.stack([np.cos(latitude) * np.cos(longitude), east, np.sin(latitude)], axis=-1)
    return np.asarray(vectors, dtype=np.float64)


def to_degrees(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (N, 3) of any length but 0 -> latitude and longitude in degrees (N, 2); longitude in [-180, 180]."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    radians = np.stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)], axis=-1)
    return np.asarray(np.degrees(radians), dtype=np.float64)


def spherical_mean(latitudes: ArrayLike, longitudes: ArrayLike) -> tuple[float, float]:
    """Centre of points in degrees: the direction of the mean unit vector (Mardia & Jupp, Directional Statistics, 9.2).

    Crosses the date line. NaN, NaN without points, or where the points balance out and no direction is left.

    >>> tuple(round(degrees, 6) for degrees in spherical_mean([0.0, 0.0], [170.0, -170.0]))
    (0.0, 180.0)
    """
    vectors = unit_vectors(latitudes, longitudes)
    if not len(vectors):
        return float("nan"), float("nan")
    return _direction(vectors.mean(axis=0))


def spherical_median(latitudes: ArrayLike, longitudes: ArrayLike) -> tuple[float, float]:
    """Centre of points in degrees that minimises the sum of distances to them: a single far point hardly moves it.

    Weiszfeld's iteration (Tohoku Math. J. 43, 1937) on chords, started at the mean and smoothed over 1 m so that it
    does not stick at a data point. A chord differs from its arc by less than 1 in 10,000 up to 300 km.
    With one or two points it is their mean. NaN, NaN without points.

    >>> [round(degrees, 4) for degrees in spherical_median([51.0, 51.0, 51.0, 51.5], [13.7, 13.7, 13.7, 13.7])]
    [51.0, 13.7]
    """
    vectors = unit_vectors(latitudes, longitudes)
    if not len(vectors):
        return float("nan"), float("nan")
    centre = vectors.mean(axis=0)
    for _ in range(_MEDIAN_STEPS):
        weights = 1.0 / np.sqrt(((vectors - centre) ** 2).sum(axis=1) + _MEDIAN_SMOOTHING**2)
        moved = weights @ vectors / weights.sum()
        step = float(np.abs(moved - centre).max())
        centre = moved
        if step < _MEDIAN_SMOOTHING / 100.0:
            break
    return _direction(centre)


def _direction(vector: NDArray[np.float64]) -> tuple[float, float]:
    if float(np.linalg.norm(vector)) < 1e-9:
        return float("nan"), float("nan")
    latitude, longitude = to_degrees(vector)
    return float(latitude), float(longitude)
