"""Images of the synthetic city."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from PIL import Image

from postplace.synthetic.images import LIGHTS, SIZES, View, draw_place, light_at, mixed, photographed
from postplace.synthetic.landmarks import GROUND


def test_mixed_colours() -> None:
    assert mixed((0, 100, 200), (100, 0, 200), 0.25) == (25, 75, 200)
    assert [mixed((1, 2, 3), (9, 9, 9), share) for share in (0.0, 1.0)] == [(1, 2, 3), (9, 9, 9)]


@pytest.mark.parametrize(
    ("hour", "lights"),
    [(0, {"night"}), (5, {"night"}), (6, {"dawn"}), (7, {"dawn"}), (17, {"dusk", "overcast"}), (19, {"night"})],
)
def test_light_at_an_hour(hour: int, lights: set[str]) -> None:
    assert {light_at(hour, Random(seed)) for seed in range(40)} == lights


def test_light_at_every_hour_is_a_known_one() -> None:
    assert {light_at(hour, Random(seed)) for hour in range(24) for seed in range(40)} == set(LIGHTS)


def test_a_view_from_straight_ahead_projects_the_ground_line_to_where_the_camera_has_it() -> None:
    view = View(200, 100, scale=2.0, x0=90.0, y0=80.0, turn=0.0, taper=0.0, mirror=1)
    points = np.array([[50.0, GROUND], [60.0, GROUND], [50.0, GROUND - 10]])
    assert view.project(points).tolist() == [[90.0, 80.0], [110.0, 80.0], [90.0, 60.0]]
    assert view._replace(mirror=-1).project(points)[1].tolist() == [70.0, 80.0]


def test_a_photograph_is_half_as_large_and_keeps_about_its_colour() -> None:
    found = photographed(Image.new("RGB", (200, 100), (100, 150, 50)), Random(0))
    assert (found.size, found.mode) == ((100, 50), "RGB")
    assert np.asarray(found).reshape(-1, 3).mean(axis=0) == pytest.approx([100, 150, 50], rel=0.3)


def test_the_same_stream_draws_the_same_place_and_another_variant_other_colours() -> None:
    first, again, other = (draw_place("tower", variant=variant, light="day", random=Random(1)) for variant in (0, 0, 1))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert first.size in SIZES
