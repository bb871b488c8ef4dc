"""Posts and places in different reference systems are told apart from posts that are just not at a place."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.geo.oracle import bd09, gcj02
from typer.testing import CliRunner

from postplace.cli import app
from postplace.places.known import KnownPlace, KnownPlaces, read_places
from postplace.places.offset import LEAST, PositionSample, find_offset
from postplace.schema import Post

Shift = Callable[[float, float], tuple[float, float]]
Degrees = NDArray[np.float64]


def city(south: float, west: float, count: int, *, seed: int = 1) -> Degrees:
    """Places in 6.6 x 6.6 km."""
    generator = np.random.default_rng(seed)
    points: Degrees = np.array([south, west]) + generator.random((count, 2)) * np.array([0.06, 0.07])
    return points


def posts_near(places: Degrees, metres: float, *, seed: int = 2) -> Degrees:
    """A post at each place, but for a Gaussian error of as many metres each way."""
    return places + np.random.default_rng(seed).normal(0.0, metres / 111_000, places.shape)


def shifted(points: Degrees, shift: Shift) -> Degrees:
    return np.array([shift(latitude, longitude) for latitude, longitude in points])


SHANGHAI = city(31.20, 121.44, 400)


@pytest.mark.parametrize("metres", [0, 30, 80])
@pytest.mark.parametrize("shift", [gcj02, bd09])
def test_places_of_chinese_maps_are_told(shift: Shift, metres: float) -> None:
    found = find_offset(posts_near(SHANGHAI, metres), shifted(SHANGHAI, shift))
    assert found is not None
    assert found.startswith("the places look like")
    assert f"places_crs='{shift.__name__}'" in found


@pytest.mark.parametrize("shift", [gcj02, bd09])
def test_so_are_posts(shift: Shift) -> None:
    found = find_offset(shifted(posts_near(SHANGHAI, 30), shift), SHANGHAI)
    assert found is not None
    assert found.startswith("the posts look like")
    assert f"`crs='{shift.__name__}'`" in found


@pytest.mark.parametrize("metres", [0, 30, 80, 300, 2_000])
def test_what_fits_is_let_alone(metres: float) -> None:
    assert find_offset(posts_near(SHANGHAI, metres), SHANGHAI) is None
    dresden = city(51.02, 13.70, 60)
    assert find_offset(posts_near(dresden, metres), dresden) is None


def test_elsewhere_one_direction_is_told() -> None:
    dresden = city(51.02, 13.70, 40)
    found = find_offset(posts_near(dresden, 20) + np.array([0.0, -0.003]), dresden)  # 210 m to the west
    assert found is not None
    assert "to the east of their posts" in found


def test_of_few_positions_nothing_is_said() -> None:
    few = shifted(SHANGHAI, gcj02)
    assert find_offset(SHANGHAI[: LEAST - 1], few) is None
    assert find_offset(SHANGHAI, few[:0]) is None
    assert find_offset(np.empty((0, 2)), few) is None


def test_the_sample_is_bounded_and_holds_each_position_once() -> None:
    sample = PositionSample()
    sample.add([Post("a", latitude=1.0, longitude=2.0), Post("b", latitude=1.0, longitude=2.0), Post("c")])
    assert sample.positions().tolist() == [[1.0, 2.0]]
    sample.add([Post(str(n), latitude=n / 100, longitude=0.0) for n in range(3_000)])
    assert len(sample.positions()) == 1_000


def test_a_place_at_null_island_is_found_by_name_alone(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("place,name,latitude,longitude\n1,Mill,0,0\n2,Bridge,51.05,13.74\n")
    known = read_places(path)
    assert known.unlocated == 1
    assert known.assign(Post("a", place="mill"), radius_km=0.2).place == "Mill"
    assert known.assign(Post("b", latitude=0.001, longitude=0.0), radius_km=0.2).place is None


def test_places_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    latitude, longitude = gcj02(31.23, 121.47)
    path.write_text(f"place,name,latitude,longitude\n1,Mill,{latitude},{longitude}\n")
    place = read_places(path, crs="gcj02").places[0]
    assert (round(place.latitude or 0, 5), round(place.longitude or 0, 5)) == (31.23, 121.47)


def test_assigning_collects_what_is_needed() -> None:
    places = [KnownPlace(str(n), f"p{n}", *point) for n, point in enumerate(shifted(SHANGHAI, gcj02).tolist())]
    known = KnownPlaces(places)
    posts = [Post(str(n), latitude=a, longitude=b) for n, (a, b) in enumerate(SHANGHAI.tolist())]
    list(known.assign_many(posts, radius_km=0.25))
    assert "GCJ-02" in str(known.offset)


def test_the_import_says_which_option_helps_and_the_option_helps(tmp_path: Path) -> None:
    dump = tmp_path / "dump" / "%1"
    dump.mkdir(parents=True)
    for n, (latitude, longitude) in enumerate(SHANGHAI[:120].tolist()):
        node = {
            "__typename": "GraphImage",
            "shortcode": f"C{n}",
            "edge_media_to_caption": {"edges": [{"node": {"text": f"x {n}"}}]},
            "owner": {"id": "1"},
            "taken_at_timestamp": 1_664_191_650 + n,
            "location": {"id": str(900_000 + n), "name": f"spot {n}", "lat": latitude, "lng": longitude},
        }
        content = {"node": node, "instaloader": {"version": "4.14", "node_type": "Post"}}
        (dump / f"2022-09-26_00-{n // 60:02d}-{n % 60:02d}_UTC.json").write_text(json.dumps(content))
    places = tmp_path / "places.csv"
    with places.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["place", "name", "latitude", "longitude"])
        rows.writerows([f"P{n}", f"name {n}", *point] for n, point in enumerate(shifted(SHANGHAI, gcj02).tolist()))
    command = ["import", "instaloader", str(dump.parent), "--places", str(places), "--out"]
    wrong = CliRunner().invoke(app, [*command, str(tmp_path / "wrong.jsonl")])
    assert wrong.exit_code == 0, wrong.output
    assert "the places look like GCJ-02" in wrong.output
    right = CliRunner().invoke(app, [*command, str(tmp_path / "right.jsonl"), "--places-crs", "gcj02"])
    assert "look like" not in right.output
    posts = [json.loads(line) for line in (tmp_path / "right.jsonl").read_text().splitlines()]
    assert [post["place"] for post in posts] == [f"name {post['text'].removeprefix('x ')}" for post in posts]
    again = CliRunner().invoke(app, ["inspect", str(tmp_path / "wrong.jsonl"), "--places", str(places)])
    assert "GCJ-02" in again.output


def test_an_option_without_places_is_refused(tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"id": 1, "text": "x"}\n')
    result = CliRunner().invoke(app, ["inspect", str(tmp_path / "posts.jsonl"), "--places-crs", "gcj02"])
    assert result.exit_code != 0
