"""Whether the positions of posts can be what they are said to be, and whether they fit a list of places."""

from __future__ import annotations

from postplace.geo.crs import at_sea
from postplace.schema import Post

SAMPLE = 2_000  # different positions that are looked at
LEAST = 5  # posts with a position that something is said of, at two positions or more
SWAPPED_SHARE = 0.9


class PositionCheck:
    """Looks at the first positions of posts as they pass; memory does not grow with their number."""

    def __init__(self) -> None:
        self.count = 0  # posts with a position
        self._positions: set[tuple[float, float]] = set()

    def add(self, post: Post) -> None:
        """Take a post's position (degrees), if it has one."""
        if post.latitude is None or post.longitude is None:
            return
        self.count += 1
        if len(self._positions) < SAMPLE:
            self._positions.add((round(post.latitude, 2), round(post.longitude, 2)))

    def problem(self) -> str | None:
        """What is wrong with nearly all of the positions, in words; None when nothing is, or when there are few.

        Posts are made on land: where nine in ten positions lie on the open sea, and on land with latitude and longitude
        swapped, they are swapped. (A latitude above 90 is refused before.)
        """
        if self.count < LEAST or len(self._positions) < 2:
            return None
        swapped = sum(
            abs(longitude) <= 90 and at_sea(latitude, longitude) and not at_sea(longitude, latitude)
            for latitude, longitude in self._positions
        )
        if swapped < SWAPPED_SHARE * len(self._positions):
            return None
        return "latitude and longitude look swapped: the positions lie at sea, and on land the other way round"
