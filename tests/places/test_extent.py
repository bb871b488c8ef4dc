"""The box around points: the short way round, wherever the widest gap is."""

from __future__ import annotations

import random

import pytest

from postplace.places.extent import Extent


def box_of(*longitudes: float) -> tuple[float, float]:
    extent = Extent()
    for longitude in longitudes:
        extent.add(10.0, longitude)
    assert extent.box is not None
    return extent.box[1], extent.box[3]


@pytest.mark.parametrize(
    ("longitudes", "box"),
    [
        ((5.0,), (5.0, 5.0)),
        ((13.7, 13.2, 13.9), (13.2, 13.9)),
        ((-10.0, 10.0), (-10.0, 10.0)),
        ((178.0, -180.0), (178.0, -180.0)),
        ((179.2, 179.9, -179.9), (179.2, -179.9)),
        ((170.0, -60.0, -170.0), (170.0, -60.0)),
        ((100.0, 179.0, -179.0, 20.0), (20.0, -179.0)),
        ((180.0, -180.0), (180.0, -180.0)),
    ],
)
def test_the_widest_gap_is_left_out(longitudes: tuple[float, ...], box: tuple[float, float]) -> None:
    assert box_of(*longitudes) == box


def test_the_box_is_that_of_all_pairs_of_neighbours() -> None:
    chosen = random.Random(0)
    for _ in range(200):
        longitudes = sorted(chosen.uniform(-180.0, 180.0) for _ in range(chosen.randint(1, 6)))
        gaps = [
            after - before for before, after in zip(longitudes, [*longitudes[1:], longitudes[0] + 360.0], strict=True)
        ]
        before = gaps.index(max(gaps))
        assert box_of(*longitudes) == (longitudes[(before + 1) % len(longitudes)], longitudes[before])


def test_boxes_of_both_sides_join() -> None:
    extent = Extent()
    assert extent.box is None
    extent.add_box(-18.0, 178.5, -17.0, 180.0)
    extent.add_box(-19.0, -180.0, -17.5, -177.25)
    assert extent.box == (-19.0, 178.5, -17.0, -177.25)
    extent.add_box(-90.0, -180.0, -80.0, 180.0)
    assert extent.box == (-90.0, -180.0, -17.0, 180.0)
