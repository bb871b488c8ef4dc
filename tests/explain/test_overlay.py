"""An image with its regions drawn over it."""

from __future__ import annotations

from PIL import Image

from postplace.explain.explanation import Effect
from postplace.explain.overlay import AGAINST, FOR, LONGEST_SIDE, overlay
from postplace.explain.parts import Part

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
GREY = Image.new("RGB", (100, 50), (128, 128, 128))


def effect(box: tuple[float, float, float, float] | None, nats: float) -> Effect:
    return Effect(Part("region", "region", image=0, box=box), nats, 0.0)


def corner(image: Image.Image, *, right: bool) -> tuple[int, ...]:
    """A pixel inside the frame, away from the number."""
    pixel = image.getpixel((image.width - 10 if right else 10, 10))
    assert isinstance(pixel, tuple)
    return pixel


def test_the_longest_side_is_640_pixels_for_small_and_for_large_images() -> None:
    assert LONGEST_SIDE == 640
    for size, expected in (((100, 50), (640, 320)), ((1000, 2000), (320, 640)), ((1, 4000), (1, 640))):
        assert overlay(Image.new("RGB", size), [], strongest=1.0).size == expected


def test_what_speaks_for_the_place_is_blue_and_what_speaks_against_it_orange() -> None:
    drawn = overlay(GREY, [effect(LEFT, 1.0), effect(RIGHT, -1.0)], strongest=1.0)
    share = 150 / 255
    for right, colour in ((False, FOR), (True, AGAINST)):
        expected = [128 + (part - 128) * share for part in colour]
        assert all(abs(a - b) <= 2 for a, b in zip(corner(drawn, right=right), expected, strict=True))


def test_a_weaker_region_is_tinted_less_and_none_where_nothing_moved_the_answer() -> None:
    drawn = overlay(GREY, [effect(LEFT, 1.0), effect(RIGHT, 0.1)], strongest=1.0)
    distance = [abs(corner(drawn, right=right)[0] - 128) for right in (False, True)]
    assert distance[0] > 5 * distance[1] > 0
    still = overlay(GREY, [effect(LEFT, 0.0)], strongest=0.0)
    assert still.getcolors() == [(640 * 320, (128, 128, 128))]


def test_parts_without_a_box_and_boxes_of_no_pixel_are_not_drawn() -> None:
    drawn = overlay(GREY, [effect(None, 1.0), effect((0.5, 0.5, 0.5, 0.5), 1.0)], strongest=1.0)
    assert drawn.getcolors() == [(640 * 320, (128, 128, 128))]


def test_the_image_itself_is_left_as_it_was() -> None:
    image = GREY.copy()
    overlay(image, [effect(LEFT, 1.0)], strongest=1.0)
    assert image.tobytes() == GREY.tobytes()
