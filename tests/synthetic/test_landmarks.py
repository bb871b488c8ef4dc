"""The landmarks as shapes."""

from __future__ import annotations

import math

import pytest

from postplace.synthetic.images import GROUNDS
from postplace.synthetic.landmarks import RED, SCENES, WHITE, bar, grid, oval, poly, rect, stripes


def test_rect_has_its_four_corners_and_a_polygon_needs_pairs() -> None:
    assert rect(RED, 1, 2, 3, 4).points == ((1, 2), (3, 2), (3, 4), (1, 4))
    with pytest.raises(ValueError, match="zip"):
        poly(RED, 1, 2, 3)


def test_oval_points_lie_on_the_ellipse() -> None:
    points = oval(RED, 10, 20, 3, 4).points
    assert [((x - 10) / 3) ** 2 + ((y - 20) / 4) ** 2 for x, y in points] == pytest.approx([1.0] * 24)


def test_bar_is_as_wide_as_it_says_whichever_way_it_runs() -> None:
    assert bar(RED, 0, 0, 10, 0, 2).points == ((0, -1), (10, -1), (10, 1), (0, 1))
    (ax, ay), *_, (dx, dy) = bar(RED, 0, 0, 3, 4, 2).points
    assert math.hypot(ax - dx, ay - dy) == pytest.approx(2)


def test_grid_fills_that_share_of_each_cell() -> None:
    windows = list(grid(RED, (0, 0, 10, 20), 2, 4, 0.6))
    assert len(windows) == 8
    assert windows[0].points[0] == pytest.approx((1, 1))  # of a cell 5 x 5 the middle 3 x 3
    assert windows[0].points[2] == pytest.approx((4, 4))
    assert windows[-1].points[2] == pytest.approx((9, 19))


def test_stripes_alternate_their_colours_and_touch() -> None:
    found = list(stripes(RED, WHITE, 0, 0, 9, 5, 3))
    assert [shape.colour for shape in found] == [RED, WHITE, RED]
    assert found[0].points[1:3] == (found[1].points[0], found[1].points[3])


def test_every_scene_has_a_known_ground_and_something_that_is_lit_at_night() -> None:
    for name, scene in SCENES.items():
        assert scene.ground in GROUNDS, name
        assert any(shape.light > 0 for shape in scene.shapes), name
        assert all(0 <= part <= 255 for shape in scene.shapes for part in shape.colour), name
