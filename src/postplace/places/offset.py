"""A systematic offset between posts and the places of a list, as between the maps of China and GPS.

Letters: N positions of posts, M places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.geo.crs import in_mainland_china, to_wgs84
from postplace.places.distance import EARTH_RADIUS_KM, great_circle_km, unit_vectors
from postplace.schema import Post

SAMPLE = 1_000  # different positions of posts that are looked at
LEAST = 30  # positions with a place nearby; of fewer nothing is said
NEAR_KM = 3.0
CLOSER = 0.8  # the median distance after a conversion, as a share of the one before
ONE_DIRECTION = 0.7  # length of the mean direction: 0 for all directions, 1 for one alone
LEAST_KM = 0.05  # what two maps of one place may differ by

Degrees = NDArray[np.float64]


class PositionSample:
    """The first different positions of posts that pass; memory does not grow with their number."""

    def __init__(self) -> None:
        self._positions: dict[tuple[float, float], None] = {}

    def add(self, posts: Sequence[Post]) -> None:
        """Take the positions of posts that have one."""
        for post in posts:
            if len(self._positions) >= SAMPLE:
                return
            if post.latitude is not None and post.longitude is not None:
                self._positions[post.latitude, post.longitude] = None

    def passing(self, posts: Iterable[Post]) -> Iterator[Post]:
        """The posts as they are, each looked at."""
        for post in posts:
            self.add([post])
            yield post

    def positions(self) -> Degrees:
        """Latitude and longitude (N, 2) in degrees."""
        return np.array(list(self._positions), dtype=np.float64).reshape(-1, 2)


def find_offset(posts: Degrees, places: Degrees) -> str | None:
    """What is wrong between the positions of posts (N, 2) and of places (M, 2), in words; None where nothing is seen.

    In mainland China each side is read as GCJ-02 and as BD-09 too: where the median distance to the nearest place then
    shrinks by a fifth or more, this is said. Elsewhere, or where no conversion helps, it is said when most of the
    nearest places lie in one direction (mean resultant length above 0.7; Mardia & Jupp, Directional Statistics, 2.3).
    """
    if len(posts) < LEAST or not len(places):
        return None
    before, rows = _nearest(posts, places)
    near = before <= NEAR_KM
    if near.sum() < LEAST or np.median(before[near]) < LEAST_KM / 10:
        return None
    posts, before, rows = posts[near], before[near], rows[near]
    if found := _best_conversion(posts, places, float(np.median(before))):
        return found
    return _one_direction(posts, places[rows], before)


def _best_conversion(posts: Degrees, places: Degrees, before: float) -> str | None:
    """The conversion of one side that brings posts and places together, with the option that does it."""
    inside = np.array([in_mainland_china(latitude, longitude) for latitude, longitude in posts], dtype=bool)
    if inside.sum() < LEAST:
        return None
    posts = posts[inside]
    close = places[_nearest(places, posts)[0] <= 2 * NEAR_KM]
    trials: dict[tuple[str, str], float] = {}
    for crs in ("gcj02", "bd09"):
        convert = _converter(crs)
        trials["the places", crs] = float(np.median(_nearest(posts, convert(close))[0]))
        trials["the posts", crs] = float(np.median(_nearest(convert(posts), close)[0]))
    (side, crs), after = min(trials.items(), key=lambda trial: trial[1])
    if after > CLOSER * before:
        return None
    option = "places_crs" if side == "the places" else "crs"
    name = {"gcj02": "GCJ-02", "bd09": "BD-09"}[crs]
    return (
        f"{side} look like {name}, the shifted coordinates of China's maps: read so, the nearest place of a post is "
        f"{_metres(after)} away (median), {_metres(before)} as given; `{option}='{crs}'` converts them"
    )


def _converter(crs: str) -> Callable[[Degrees], Degrees]:
    def convert(points: Degrees) -> Degrees:
        converted = [to_wgs84(latitude, longitude, crs) for latitude, longitude in points]
        return np.array(converted, dtype=np.float64).reshape(-1, 2)

    return convert


def _one_direction(posts: Degrees, places: Degrees, kilometres: NDArray[np.float64]) -> str | None:
    """Whether the nearest places (N, 2) of posts (N, 2) lie to one side of them."""
    north = np.radians(places[:, 0] - posts[:, 0])
    east = np.radians((places[:, 1] - posts[:, 1] + 180) % 360 - 180) * np.cos(np.radians(posts[:, 0]))
    length = np.hypot(north, east)
    away = length * EARTH_RADIUS_KM > LEAST_KM
    if away.sum() < max(LEAST, len(posts) / 2):
        return None
    mean_north, mean_east = (float((side[away] / length[away]).mean()) for side in (north, east))
    if np.hypot(mean_north, mean_east) < ONE_DIRECTION:
        return None
    names = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    bearing = float(np.degrees(np.arctan2(mean_east, mean_north)))
    return (
        f"most of the nearest places lie to the {names[round(bearing / 45) % 8]} of their posts, "
        f"{_metres(float(np.median(kilometres[away])))} away (median): the two may be in different reference systems"
    )


def _nearest(points: Degrees, places: Degrees) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How far (N,) the nearest place of each point is, in km, and its row."""
    from sklearn.neighbors import KDTree

    if not len(places):
        return np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
    tree: Any = KDTree(unit_vectors(*places.T))
    rows = tree.query(unit_vectors(*points.T), return_distance=False)[:, 0]
    return great_circle_km(*points.T, *places[rows].T), rows


def _metres(kilometres: float) -> str:
    return f"{kilometres * 1_000:.0f} m"
