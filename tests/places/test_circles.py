"""Circles as polygons: their corners at the radius, their area that of the cap, valid on both sides of every edge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from postplace.places.circles import CORNERS, circle_corners, circle_polygons
from postplace.places.distance import EARTH_RADIUS_KM, great_circle_km

CENTRES = [
    (51.0, 13.0, 5.0, 1),
    (-17.0, 179.99, 5.0, 2),
    (-17.0, -179.99, 5.0, 2),
    (0.0, 180.0, 1000.0, 2),
    (0.0, -180.0, 1000.0, 2),
    (85.0, 10.0, 300.0, 1),
    (85.0, 179.0, 600.0, 1),
    (-88.0, 100.0, 500.0, 1),
    (90.0, 0.0, 100.0, 1),
    (60.0, 170.0, 3000.0, 2),
    (70.0, 175.0, 2200.0, 2),
]


@pytest.mark.parametrize(("latitude", "longitude", "radius_km"), [centre[:3] for centre in CENTRES])
def test_corners_are_at_the_radius(latitude: float, longitude: float, radius_km: float) -> None:
    corners = circle_corners(latitude, longitude, radius_km)
    assert corners.shape == (CORNERS, 2)
    km = great_circle_km(latitude, longitude, corners[:, 1], corners[:, 0])
    np.testing.assert_allclose(km, radius_km, rtol=1e-6)


@pytest.mark.parametrize(("latitude", "longitude", "radius_km", "parts"), CENTRES)
def test_rings_are_those_of_rfc_7946(latitude: float, longitude: float, radius_km: float, parts: int) -> None:
    polygons = circle_polygons(latitude, longitude, radius_km)
    assert polygons["type"] == "MultiPolygon"
    assert len(polygons["coordinates"]) == parts
    for (ring,) in polygons["coordinates"]:
        assert ring[0] == ring[-1]
        assert len(ring) > 3
        points = np.array(ring)
        assert (np.abs(points) <= [180.0, 90.0]).all()
        x, y = points[:-1].T
        assert float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) > 0.0  # anticlockwise


@pytest.mark.parametrize(("latitude", "longitude", "radius_km"), [centre[:3] for centre in CENTRES])
def test_the_area_is_that_of_the_cap(latitude: float, longitude: float, radius_km: float) -> None:
    pyproj, geometry = pytest.importorskip("pyproj"), pytest.importorskip("shapely.geometry")
    polygons = geometry.shape(circle_polygons(latitude, longitude, radius_km))
    assert polygons.is_valid
    sphere = pyproj.Geod(a=EARTH_RADIUS_KM * 1000.0, b=EARTH_RADIUS_KM * 1000.0)
    area = sum(sphere.geometry_area_perimeter(part)[0] for part in polygons.geoms) / 1e6
    cap = 2.0 * math.pi * EARTH_RADIUS_KM**2 * (1.0 - math.cos(radius_km / EARTH_RADIUS_KM))
    assert area == pytest.approx(cap, rel=0.002)


def test_a_circle_with_both_poles_is_the_world_and_a_point_is_a_metre() -> None:
    ((ring,),) = circle_polygons(10.0, 20.0, 12_000.0)["coordinates"]
    assert sorted(map(tuple, ring[:-1])) == [(-180.0, -90.0), (-180.0, 90.0), (180.0, -90.0), (180.0, 90.0)]
    ((small,),) = circle_polygons(10.0, 20.0, 0.0)["coordinates"]
    assert len({tuple(point) for point in small}) > 3
