"""The smallest box around points of the sphere, which may lie on both sides of the antimeridian."""

from __future__ import annotations

import math
from itertools import pairwise


class Extent:
    """Grows with every point or box that it is given; holds at most two numbers a degree of longitude.

    >>> extent = Extent()
    >>> extent.add(-17.0, 178.0), extent.add(-18.0, -179.5), extent.box
    (None, None, (-18.0, 178.0, -17.0, -179.5))
    """

    def __init__(self) -> None:
        self._latitudes: tuple[float, float] | None = None
        self._spans: dict[int, tuple[float, float]] = {}  # west and east within each degree

    def add(self, latitude: float, longitude: float) -> None:
        """A point in degrees, longitude from -180 to 180."""
        self.add_box(latitude, longitude, latitude, longitude)

    def add_box(self, south: float, west: float, north: float, east: float) -> None:
        """All from `west` to `east` and from `south` to `north`, in degrees; it does not cross the antimeridian."""
        low, high = self._latitudes or (south, north)
        self._latitudes = min(low, south), max(high, north)
        for degree in range(math.floor(west), math.floor(east) + 1):
            start, end = max(west, float(degree)), min(east, degree + 1.0)
            earlier = self._spans.get(degree, (start, end))
            self._spans[degree] = min(earlier[0], start), max(earlier[1], end)

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """South, west, north and east in degrees (RFC 7946, 5: west is larger across the antimeridian), or None.

        What is left out is the widest gap between the longitudes.
        """
        if self._latitudes is None:
            return None
        spans = [self._spans[degree] for degree in sorted(self._spans)]
        west, east = spans[0][0], spans[-1][1]
        widest = west + 360.0 - east
        for (_, before), (after, _) in pairwise(spans):
            if after - before > widest:
                widest, west, east = after - before, after, before
        return self._latitudes[0], west, self._latitudes[1], east
