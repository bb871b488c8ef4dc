"""Positions that cannot be right are told: 0, 0, and latitude and longitude swapped."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.geo.oracle import gcj02

from postplace.errors import BadPost
from postplace.geo.positions import LEAST, PositionCheck
from postplace.posts.record import NO_POSITION
from postplace.posts.table import PostStream, read_posts
from postplace.schema import Post


def posts(count: int, *, swapped: bool = False) -> list[Post]:
    points = [(51.0 + n * 0.01, 13.7 + n * 0.01) for n in range(count)]
    return [Post(str(n), latitude=p[swapped], longitude=p[not swapped]) for n, p in enumerate(points)]


@pytest.mark.parametrize(("swapped", "told"), [(True, True), (False, False)])
def test_swapped_columns_are_noticed(swapped: bool, told: bool) -> None:
    stream = PostStream(posts(40, swapped=swapped))
    assert len(list(stream)) == 40
    assert any("look swapped" in remark for remark in stream.remarks) is told


def test_of_few_positions_nothing_is_said() -> None:
    check = PositionCheck()
    for post in posts(LEAST - 1, swapped=True):
        check.add(post)
    assert check.problem() is None


@pytest.mark.parametrize(("different", "told"), [(1, False), (2, True)])
def test_few_posts_at_two_positions_are_enough(different: int, told: bool) -> None:
    check = PositionCheck()
    for number in range(LEAST):
        check.add(posts(different, swapped=True)[number % different])
    assert (check.problem() is not None) is told


def test_a_latitude_above_90_says_that_they_may_be_swapped() -> None:
    with pytest.raises(BadPost, match=r"121.47 is not a latitude.*look swapped"):
        read_posts([{"id": 1, "text": "x", "latitude": 121.47, "longitude": 31.23}])
    with pytest.raises(BadPost) as caught:
        read_posts([{"id": 1, "text": "x", "latitude": 121.47, "longitude": 131.23}])
    assert "swapped" not in str(caught.value)


@pytest.mark.parametrize("of", ["records", "frame", "posts"])
def test_null_island_is_no_position_and_is_counted(of: str) -> None:
    records = [{"id": n, "text": "x", "latitude": 0.0 if n < 2 else 51.0, "longitude": 0} for n in range(5)]
    source: object = {
        "records": records,
        "frame": pd.DataFrame(records),
        "posts": [Post(str(r["id"]), latitude=float(r["latitude"]), longitude=0.0) for r in records],  # type: ignore[arg-type]
    }[of]
    stream = PostStream(source)
    assert [post.located for post in stream] == [False, False, True, True, True]
    assert stream.remarks == {NO_POSITION: 2}


def test_posts_in_another_reference_system_become_wgs84() -> None:
    latitude, longitude = gcj02(31.2397, 121.4998)
    (post,) = read_posts([{"id": 1, "text": "x", "latitude": latitude, "longitude": longitude}], crs="gcj02")
    assert (round(post.latitude or 0, 5), round(post.longitude or 0, 5)) == (31.2397, 121.4998)
    (same,) = read_posts([Post("1", latitude=latitude, longitude=longitude)], crs="gcj02")
    assert same.latitude == post.latitude
