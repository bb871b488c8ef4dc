"""GCJ-02 and BD-09 become WGS84 in mainland China, and nothing moves anywhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.geo.oracle import bd09, gcj02

from postplace.errors import BadOption
from postplace.geo.crs import at_sea, in_mainland_china, to_wgs84
from postplace.places.distance import great_circle_km

TOWER = (31.2397, 121.4998)  # the Oriental Pearl Tower, WGS84

ABROAD = {
    "Seoul": (37.5665, 126.9780),
    "Hanoi": (21.0278, 105.8342),
    "Osaka": (34.6937, 135.5023),
    "Fukuoka": (33.5902, 130.4017),
    "Delhi": (28.6139, 77.2090),
    "Singapore": (1.3521, 103.8198),
    "Ulaanbaatar": (47.8864, 106.9057),
    "Hong Kong": (22.2783, 114.1747),
    "Macau": (22.1987, 113.5439),
    "Taipei": (25.0330, 121.5654),
    "Dresden": (51.05, 13.74),
}


@pytest.mark.parametrize(("shift", "metres"), [(gcj02, (470, 490)), (bd09, (1_100, 1_180))])
@pytest.mark.parametrize("city", [TOWER, (39.9042, 116.4074), (43.8, 87.6), (22.5431, 114.0579)])
def test_a_shifted_position_comes_back_to_a_metre(
    shift: Callable[[float, float], tuple[float, float]], metres: tuple[int, int], city: tuple[float, float]
) -> None:
    given = shift(*city)
    if city == TOWER:
        assert metres[0] < 1_000 * great_circle_km(*given, *city) < metres[1]
    assert great_circle_km(*to_wgs84(*given, shift.__name__), *city) < 0.001


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("city", ABROAD)
def test_outside_of_mainland_china_nothing_moves(city: str, crs: str) -> None:
    assert to_wgs84(*ABROAD[city], crs) == ABROAD[city]


def test_wgs84_stays_as_it_is() -> None:
    assert to_wgs84(*TOWER, "wgs84") == TOWER


@pytest.mark.parametrize("city", [(43.8, 87.6), (29.65, 91.1), (49.2, 119.7), (18.25, 109.5), (40.12, 124.39)])
def test_the_whole_mainland_is_in_it(city: tuple[float, float]) -> None:
    assert in_mainland_china(*city)  # Urumqi, Lhasa, Hulunbuir, Sanya, Dandong


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(BadOption, match=r"gcj-2.*gcj02"):
        to_wgs84(*TOWER, "gcj-2")


def test_sea_and_land() -> None:
    assert at_sea(0.0, 0.0)
    assert not at_sea(*TOWER)
