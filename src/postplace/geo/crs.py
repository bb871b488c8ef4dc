"""Coordinate reference systems of China -> WGS84.

Maps of mainland China must shift positions by 100 to 700 m (GCJ-02: AMap, Tencent, Apple and Google there, most
POI tables); Baidu shifts them once more (BD-09). The shift ends at the border, not at a box around the country:
Seoul, Hanoi and Osaka lie in the box that the common packages use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from postplace.errors import unknown_name
from postplace.schema import Post

Crs = Literal["wgs84", "gcj02", "bd09"]
CRS: tuple[Crs, ...] = ("wgs84", "gcj02", "bd09")

_MAINLAND = frozenset({"Asia/Shanghai", "Asia/Urumqi"})  # time zones; Hong Kong, Macau and Taiwan have their own


def check_crs(crs: str, *, name: str = "crs") -> None:
    """Raise BadOption, for the option of that name, unless `crs` is one of `CRS`."""
    if crs not in CRS:
        raise unknown_name(name, str(crs), CRS)


def to_wgs84(latitude: float, longitude: float, crs: str) -> tuple[float, float]:
    """Degrees in a reference system -> WGS84 degrees; outside of mainland China all three are the same.

    Exact to about 0.1 m: the inverse of the shift is found by bisection (eviltransform). Raises BadOption for an
    unknown system.

    >>> [round(degrees, 3) for degrees in to_wgs84(31.2304, 121.4737, "gcj02")]
    [31.232, 121.469]
    >>> to_wgs84(37.5665, 126.978, "gcj02")  # Seoul
    (37.5665, 126.978)
    """
    check_crs(crs)
    if crs == "wgs84" or not in_mainland_china(latitude, longitude):
        return latitude, longitude
    import eviltransform

    if crs == "bd09":
        latitude, longitude = eviltransform.bd2gcj(latitude, longitude)
    wgs84: tuple[float, float] = eviltransform.gcj2wgs_exact(latitude, longitude)
    return wgs84


def located_in_wgs84(post: Post, crs: str) -> Post:
    """A post with its coordinates, given in a reference system, in WGS84."""
    if crs == "wgs84" or post.latitude is None or post.longitude is None:
        return post
    latitude, longitude = to_wgs84(post.latitude, post.longitude, crs)
    return replace(post, latitude=latitude, longitude=longitude)


def in_mainland_china(latitude: float, longitude: float) -> bool:
    """Whether a point lies in mainland China, by the time zones' borders (simplified to some hundred metres).

    >>> in_mainland_china(31.2304, 121.4737), in_mainland_china(22.2783, 114.1747)  # Shanghai, Hong Kong
    (True, False)
    """
    from tzfpy import get_tzs

    return not _MAINLAND.isdisjoint(get_tzs(longitude, latitude))


def at_sea(latitude: float, longitude: float) -> bool:
    """Whether a point lies on the open sea, where only nautical time zones are.

    >>> at_sea(13.74, 51.05), at_sea(51.05, 13.74)  # Dresden, latitude and longitude swapped and not
    (True, False)
    """
    from tzfpy import get_tz

    return get_tz(longitude, latitude).startswith("Etc/")
