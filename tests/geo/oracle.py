"""The forward shifts as published, written down once more: what `to_wgs84` must undo."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, radians, sin, sqrt

AXIS, ECCENTRICITY = 6_378_245.0, 0.006_693_421_622_965_943  # Krasovsky 1940


def _waves(x: float, *terms: tuple[float, float]) -> float:
    return sum(height * sin(x * pi / length) for height, length in terms) * 2 / 3


def gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    x, y = longitude - 105, latitude - 35
    short = _waves(x, (20, 1 / 6), (20, 1 / 2))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += short + _waves(y, (20, 1), (40, 3), (160, 12), (320, 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += short + _waves(x, (20, 1), (40, 3), (150, 12), (300, 30))
    flat = 1 - ECCENTRICITY * sin(radians(latitude)) ** 2
    meridian, parallel = AXIS * (1 - ECCENTRICITY) / flat**1.5, AXIS / sqrt(flat) * cos(radians(latitude))
    return latitude + north * 180 / (meridian * pi), longitude + east * 180 / (parallel * pi)


def bd09(latitude: float, longitude: float) -> tuple[float, float]:
    y, x = gcj02(latitude, longitude)
    length = hypot(x, y) + 0.00002 * sin(y * pi * 3000 / 180)
    turn = atan2(y, x) + 0.000003 * cos(x * pi * 3000 / 180)
    return length * sin(turn) + 0.006, length * cos(turn) + 0.0065
