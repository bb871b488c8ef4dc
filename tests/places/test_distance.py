import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.places.distance import (
    EARTH_RADIUS_KM,
    great_circle_km,
    spherical_mean,
    spherical_median,
    to_degrees,
    unit_vectors,
)

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def test_one_degree_along_the_equator_and_a_meridian_is_pi_r_over_180() -> None:
    degree = np.pi * 6371.0088 / 180  # 111.195 km
    assert degree == pytest.approx(111.19508, abs=1e-5)
    assert great_circle_km(0, 10, 0, 11) == pytest.approx(degree)
    assert great_circle_km(50, 10, 51, 10) == pytest.approx(degree)


def test_the_published_example_nashville_to_los_angeles() -> None:
    # rosettacode.org, "Haversine formula": BNA (36.12, -86.67) to LAX (33.94, -118.40) is 2887.2599 km on a radius
    # of 6372.8 km, so 2886.4484 km on ours
    assert great_circle_km(36.12, -86.67, 33.94, -118.40) == pytest.approx(2887.2599 * 6371.0088 / 6372.8, abs=1e-3)


def test_a_degree_of_longitude_at_60_north_spans_half_the_chord() -> None:
    # sin(d / 2R) = cos(60) sin(0.5 degrees): the haversine along a parallel, by hand
    expected = 2 * 6371.0088 * np.arcsin(0.5 * np.sin(np.radians(0.5)))
    assert great_circle_km(60, 0, 60, 1) == pytest.approx(expected)


def test_a_tenth_of_a_millimetre_keeps_its_digits() -> None:
    step = 1e-9  # degrees: 0.11 mm
    assert great_circle_km(31.0, 121.0, 31.0 + step, 121.0) == pytest.approx(step * 111.19508, rel=1e-5)
    assert great_circle_km(31.0, 121.0, 31.0, 121.0) == 0.0


def test_antipodes_and_a_metre_short_of_them() -> None:
    half = np.pi * EARTH_RADIUS_KM
    assert great_circle_km(0, 0, 0, 180) == pytest.approx(half, abs=1e-9)
    assert great_circle_km(40, 10, -40, -170) == pytest.approx(half, abs=1e-6)
    metre = np.degrees(0.001 / EARTH_RADIUS_KM)
    assert half - great_circle_km(0, 0, metre, 180) == pytest.approx(0.001, abs=1e-8)


def test_the_date_line_is_no_barrier() -> None:
    assert great_circle_km(0, 179.5, 0, -179.5) == pytest.approx(111.19508, abs=1e-4)


def test_arguments_broadcast_and_nan_stays_nan() -> None:
    table = great_circle_km(np.zeros((2, 1)), np.zeros((2, 1)), [0.0, 1.0, np.nan], [0.0, 0.0, 0.0])
    assert table.shape == (2, 3)
    assert table.dtype == np.float64
    assert np.isnan(table[:, 2]).all()
    assert not np.isnan(table[:, :2]).any()


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_symmetric_and_at_most_half_a_circumference(a: float, b: float, c: float, d: float) -> None:
    there, back = float(great_circle_km(a, b, c, d)), float(great_circle_km(c, d, a, b))
    assert there == pytest.approx(back, abs=1e-6)
    assert 0.0 <= there <= np.pi * EARTH_RADIUS_KM + 1e-6


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))
def test_vectors_and_degrees_are_inverse(latitude: float, longitude: float) -> None:
    assert to_degrees(unit_vectors([latitude], [longitude]))[0] == pytest.approx([latitude, longitude], abs=1e-9)


def test_the_mean_crosses_the_date_line() -> None:
    latitude, longitude = spherical_mean([10.0, 10.0], [179.0, -179.0])
    assert latitude == pytest.approx(10.0, abs=0.01)
    assert abs(longitude) == pytest.approx(180.0)


def test_no_points_and_balanced_points_have_no_mean() -> None:
    assert np.isnan(spherical_mean([], [])).all()
    assert np.isnan(spherical_mean([0.0, 0.0], [0.0, 180.0])).all()
    assert np.isnan(spherical_median([], [])).all()


def test_one_stray_in_ten_moves_the_mean_by_a_tenth_and_the_median_hardly() -> None:
    latitudes, longitudes = [31.0] * 9 + [32.0], [121.0] * 10
    mean, median = spherical_mean(latitudes, longitudes), spherical_median(latitudes, longitudes)
    assert great_circle_km(*mean, 31.0, 121.0) == pytest.approx(11.1195, abs=0.001)
    assert great_circle_km(*median, 31.0, 121.0) < 0.001


def test_the_median_of_two_points_is_their_middle() -> None:
    assert spherical_median([31.0, 31.2], [121.0, 121.0]) == pytest.approx((31.1, 121.0))


def test_the_median_minimises_the_sum_of_distances() -> None:
    generator = np.random.default_rng(0)
    latitudes, longitudes = 51 + generator.normal(size=40) / 20, 13 + generator.normal(size=40) / 20
    centre = spherical_median(latitudes, longitudes)

    def total(latitude: float, longitude: float) -> float:
        return float(great_circle_km(latitude, longitude, latitudes, longitudes).sum())

    for north, east in ((0.001, 0.0), (-0.001, 0.0), (0.0, 0.001), (0.0, -0.001)):
        assert total(*centre) < total(centre[0] + north, centre[1] + east)
